#include "core_house.h"

#include "meta/ref.h"
#include "meta/repo.h"
#include "os/thread.h"

static struct oid id_of(enum hash_algo algo, uint8_t byte)
{
	uint8_t hash[HASH_MAX];
	memset(hash, byte, sizeof hash);
	return oid_from_bytes(algo, hash);
}

static struct ref_change change_of(const char *name, uint8_t old, uint8_t new)
{
	return (struct ref_change){
		.name = str_of(name),
		.old = old ? id_of(HASH_SHA1, old) : oid_zero(HASH_SHA1),
		.new = new ? id_of(HASH_SHA1, new) : oid_zero(HASH_SHA1),
	};
}

/* One swap in a transaction of its own. */
static enum err swap(
	struct ctx *c, const struct repo *repo, const char *name, uint8_t old, uint8_t new)
{
	DB_TX *tx = NULL;
	struct ref_change change = change_of(name, old, new);
	TRY(db_begin(c, core_of(c)->db, DB_WRITE, &tx));
	TRY(meta_ref_swap(c, tx, repo, &change));
	return db_commit(c, &tx);
}

static uint8_t current(struct ctx *c, const struct repo *repo, const char *name)
{
	DB_TX *tx = NULL;
	struct ref ref;
	assert_ok(c, db_begin(c, core_of(c)->db, DB_READ, &tx));
	enum err kind = meta_ref_get(c, tx, repo, str_of(name), &ref);
	if (kind == ERR_NOT_FOUND)
		return 0;
	assert_int_equal(kind, OK);
	return ref.id.hash[0];
}

static void a_swap_needs_the_value_that_is_there(void **state)
{
	struct ctx *c = *state;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	assert_err(c, swap(c, &repo, "refs/heads/a", 1, 2), ERR_CONFLICT);
	assert_err(c, swap(c, &repo, "refs/heads/a", 1, 0), ERR_CONFLICT);
	assert_ok(c, swap(c, &repo, "refs/heads/a", 0, 1));
	assert_err(c, swap(c, &repo, "refs/heads/a", 0, 2), ERR_CONFLICT);
	assert_err(c, swap(c, &repo, "refs/heads/a", 3, 2), ERR_CONFLICT);
	assert_int_equal(current(c, &repo, "refs/heads/a"), 1);
	assert_ok(c, swap(c, &repo, "refs/heads/a", 1, 2));
	assert_int_equal(current(c, &repo, "refs/heads/a"), 2);
	assert_err(c, swap(c, &repo, "refs/heads/a", 1, 0), ERR_CONFLICT);
	assert_ok(c, swap(c, &repo, "refs/heads/a", 2, 0));
	assert_int_equal(current(c, &repo, "refs/heads/a"), 0);
}

struct seen {
	const char *names[8];
	size_t count;
};

static enum err see(struct ctx *c, void *arg, const struct ref *ref)
{
	struct seen *seen = arg;
	assert_true(seen->count < 8);
	seen->names[seen->count++] = str_dup(c->arena, ref->name);
	return OK;
}

static void refs_are_listed_in_the_order_of_bytes(void **state)
{
	struct ctx *c = *state;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	struct repo other = house_repo(c, "other", VISIBILITY_PRIVATE);
	static const char *const names[] = {"refs/heads/b", "refs/heads/\xff", "refs/heads/a.b",
		"refs/heads/a-b", "refs/heads/B", "refs/heads/a/b"};
	static const char *const sorted[] = {"refs/heads/B", "refs/heads/a-b", "refs/heads/a.b",
		"refs/heads/a/b", "refs/heads/b", "refs/heads/\xff"};
	for (int i = 0; i < 6; i++)
		assert_ok(c, swap(c, &repo, names[i], 0, 1));
	assert_ok(c, swap(c, &other, "refs/heads/other", 0, 1));
	DB_TX *tx = NULL;
	struct seen seen = {0};
	size_t count;
	assert_ok(c, db_begin(c, core_of(c)->db, DB_READ, &tx));
	assert_ok(c, meta_ref_list(c, tx, &repo, see, &seen));
	assert_ok(c, meta_ref_count(c, tx, repo.id, &count));
	assert_int_equal(seen.count, 6);
	assert_int_equal(count, 6);
	for (int i = 0; i < 6; i++)
		assert_string_equal(seen.names[i], sorted[i]);
}

static void a_tag_keeps_what_it_points_at(void **state)
{
	struct ctx *c = *state;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	struct ref_change change = change_of("refs/tags/v1", 0, 1);
	struct ref ref;
	DB_TX *tx = NULL;
	change.peeled = id_of(HASH_SHA1, 9);
	assert_ok(c, db_begin(c, core_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, meta_ref_swap(c, tx, &repo, &change));
	assert_ok(c, meta_ref_get(c, tx, &repo, change.name, &ref));
	assert_true(oid_eq(&ref.peeled, &change.peeled));
	assert_true(oid_eq(&ref.id, &change.new));
}

static enum err see_entry(struct ctx *c, void *arg, const struct ref_log *entry)
{
	struct seen *seen = arg;
	seen->names[seen->count++] = arena_fmt(c->arena, "%lld %.*s %d>%d %.*s%s",
		(long long)entry->version, STR_FMT(entry->change.name), entry->change.old.hash[0],
		entry->change.new.hash[0], STR_FMT(entry->username),
		entry->forced ? " forced" : "");
	return OK;
}

static void the_log_is_read_from_a_version_on(void **state)
{
	struct ctx *c = *state;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, core_of(c)->db, DB_WRITE, &tx));
	for (uint8_t i = 2; i < 6; i++) {
		struct ref_log entry = {
			.version = i,
			.change = change_of("refs/heads/a", (uint8_t)(i - 1), i),
			.forced = i == 4,
			.user_id = 1,
			.username = STR("anna"),
		};
		assert_ok(c, meta_ref_log_add(c, tx, repo.id, &entry));
	}
	struct seen seen = {0};
	struct meta_ref_log_page page = {.version = 2, .limit = 2};
	assert_ok(c, meta_ref_log_since(c, tx, &repo, &page, see_entry, &seen));
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.names[0], "3 refs/heads/a 2>3 anna");
	assert_string_equal(seen.names[1], "4 refs/heads/a 3>4 anna forced");
}

static void versions_count_up_by_one(void **state)
{
	struct ctx *c = *state;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	DB_TX *tx = NULL;
	int64_t version;
	assert_int_equal(repo.version, 1);
	assert_ok(c, db_begin(c, core_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, meta_repo_bump_version(c, tx, repo.id, &version));
	assert_int_equal(version, 2);
	assert_ok(c, meta_repo_get(c, tx, repo.id, &repo));
	assert_int_equal(repo.version, 2);
	assert_err(c, meta_repo_bump_version(c, tx, 999, &version), ERR_NOT_FOUND);
}

struct rival {
	struct core *core;
	const struct repo *repo;
	struct ref_change change;
	enum err kind;
};

static void try_swap(void *arg)
{
	struct rival *r = arg;
	struct arena arena;
	struct ctx c;
	arena_init(&arena);
	ctx_init(&c, &arena, os_world());
	DB_TX *tx = NULL;
	r->kind = db_begin(&c, r->core->db, DB_WRITE, &tx);
	if (!r->kind)
		r->kind = meta_ref_swap(&c, tx, r->repo, &r->change);
	if (!r->kind)
		r->kind = db_commit(&c, &tx);
	db_rollback(&tx);
	arena_done(&arena);
}

static void of_many_swaps_at_once_one_wins(void **state)
{
	struct ctx *c = *state;
	enum { RIVALS = 8 };
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	struct rival rivals[RIVALS];
	struct thread threads[RIVALS];
	assert_ok(c, swap(c, &repo, "refs/heads/a", 0, 1));
	for (uint8_t i = 0; i < RIVALS; i++) {
		rivals[i] = (struct rival){
			core_of(c), &repo, change_of("refs/heads/a", 1, (uint8_t)(10 + i)), OK};
		assert_ok(c, thread_start(c, "rival", try_swap, &rivals[i], &threads[i]));
	}
	int won = 0, winner = -1;
	for (int i = 0; i < RIVALS; i++) {
		thread_join(&threads[i]);
		if (rivals[i].kind == OK) {
			won++;
			winner = i;
		} else {
			assert_int_equal(rivals[i].kind, ERR_CONFLICT);
		}
	}
	assert_int_equal(won, 1);
	assert_int_equal(current(c, &repo, "refs/heads/a"), 10 + winner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(a_swap_needs_the_value_that_is_there),
		HOUSE_TEST(refs_are_listed_in_the_order_of_bytes),
		HOUSE_TEST(a_tag_keeps_what_it_points_at),
		HOUSE_TEST(the_log_is_read_from_a_version_on),
		HOUSE_TEST(versions_count_up_by_one),
		HOUSE_TEST(of_many_swaps_at_once_one_wins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
