#include "core_house.h"

#include "meta/pack.h"
#include "meta/ref.h"
#include "meta/repo.h"
#include "os/thread.h"

/* A pack of no objects whose name depends on `number`: its index carries that as the trailer. */
struct empty_pack {
	struct str pack, idx;
	struct oid id;
};

struct sink_buf {
	struct sink sink;
	struct buf buf;
};

static enum err sink_buf_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	(void)c;
	buf_bytes(&((struct sink_buf *)self)->buf, bytes, len);
	return OK;
}

static struct empty_pack make_pack(struct ctx *c, uint8_t number)
{
	struct buf pack = {.arena = c->arena};
	struct sink_buf idx = {{.write = sink_buf_write}, {.arena = c->arena}};
	uint8_t trailer[HASH_MAX] = {number};
	buf_bytes(&pack, "PACK\0\0\0\2\0\0\0\0", 12);
	buf_bytes(&pack, trailer, 20);
	assert_ok(c, idx_write(c, HASH_SHA1, NULL, 0, trailer, &idx.sink));
	return (struct empty_pack){
		buf_view(&pack), buf_view(&idx.buf), oid_from_bytes(HASH_SHA1, trailer)};
}

/* In the database or in the blob store; and one more version. */
static void add_pack(struct ctx *c, const struct repo *repo, uint8_t number, bool in_row)
{
	struct empty_pack p = make_pack(c, number);
	struct core *core = core_of(c);
	struct pack_bytes bytes = {p.pack, p.idx};
	struct pack_row row = {.id = p.id,
		.bytes = p.pack.len,
		.kind = PACK_PUSHED,
		.state = PACK_LIVE,
		.created = number};
	for (int i = 0; i < 2 && !in_row; i++) {
		const char *key =
			meta_pack_key(c, core->instance, repo->id, &p.id, i ? "idx" : "pack");
		struct spool *spool;
		struct str part = i ? p.idx : p.pack;
		assert_ok(c, blob_create(c, core->blob, &spool));
		assert_ok(c, spool_append(c, spool, part.at, part.len));
		assert_ok(c, blob_publish(c, core->blob, spool, key));
		extent_close(&spool->extent);
	}
	DB_TX *tx = NULL;
	int64_t version;
	assert_ok(c, db_begin(c, core->db, DB_WRITE, &tx));
	assert_ok(c, meta_pack_add(c, tx, repo->id, &row, in_row ? &bytes : NULL));
	assert_ok(c, meta_repo_bump_version(c, tx, repo->id, &version));
	assert_ok(c, db_commit(c, &tx));
}

static void add_ref(struct ctx *c, const struct repo *repo, const char *name)
{
	struct ref_change change = {.name = str_of(name),
		.old = oid_zero(repo->object_format),
		.new = oid_zero(repo->object_format)};
	DB_TX *tx = NULL;
	int64_t version;
	change.new.hash[0] = 1;
	struct ref_log log = {.change = change, .username = STR(""), .request = STR("")};
	assert_ok(c, db_begin(c, core_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, meta_ref_swap(c, tx, repo, &change));
	assert_ok(c, meta_repo_bump_version(c, tx, repo->id, &version));
	log.version = version;
	assert_ok(c, meta_ref_log_add(c, tx, repo->id, &log));
	assert_ok(c, db_commit(c, &tx));
}

static enum err take(struct ctx *c, struct core *core, int64_t repo_id, struct snapshot **out)
{
	DB_TX *tx = NULL;
	struct repo repo;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	TRY(meta_repo_get(c, tx, repo_id, &repo));
	return snapshot_get(c, core, tx, &repo, out);
}

static void a_version_is_loaded_once_and_shared(void **state)
{
	struct ctx *c = *state;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	SNAPSHOT *first = NULL, *second = NULL, *third = NULL;
	assert_ok(c, take(c, core_of(c), repo.id, &first));
	assert_ok(c, take(c, core_of(c), repo.id, &second));
	assert_ptr_equal(first, second);
	assert_int_equal(first->refs.count, 0);
	assert_int_equal(first->odb.count, 0);
	assert_true(str_is(first->head, "refs/heads/main"));
	add_ref(c, &repo, "refs/heads/main");
	assert_ok(c, take(c, core_of(c), repo.id, &third));
	assert_ptr_not_equal(first, third);
	assert_int_equal(third->version, first->version + 1);
	assert_int_equal(third->refs.count, 1);
	assert_int_equal(first->refs.count, 0);
}

static void refs_are_found_by_name_and_by_prefix(void **state)
{
	struct ctx *c = *state;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	static const char *const names[] = {
		"refs/heads/b", "refs/tags/v1", "refs/heads/a", "refs/heads/a-b", "refs/tags/v2"};
	for (int i = 0; i < 5; i++)
		add_ref(c, &repo, names[i]);
	SNAPSHOT *s = NULL;
	assert_ok(c, take(c, core_of(c), repo.id, &s));
	struct ref ref;
	assert_int_equal(s->refs.count, 5);
	for (int i = 0; i < 5; i++)
		assert_true(snapshot_ref(s, str_of(names[i]), &ref));
	assert_false(snapshot_ref(s, STR("refs/heads"), &ref));
	assert_false(snapshot_ref(s, STR("refs/zzz"), &ref));
	assert_int_equal(ref_table_lower_bound(&s->refs, STR("refs/tags/")), 3);
	assert_int_equal(ref_table_lower_bound(&s->refs, STR("")), 0);
	assert_int_equal(ref_table_lower_bound(&s->refs, STR("s")), 5);
}

static void the_next_version_shares_the_open_packs(void **state)
{
	struct ctx *c = *state;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	SNAPSHOT *first = NULL, *second = NULL;
	add_pack(c, &repo, 1, true);
	add_pack(c, &repo, 2, false);
	assert_ok(c, take(c, core_of(c), repo.id, &first));
	assert_int_equal(first->odb.count, 2);
	add_pack(c, &repo, 3, true);
	assert_ok(c, take(c, core_of(c), repo.id, &second));
	assert_int_equal(second->odb.count, 3);
	assert_ptr_equal(second->odb.packs[1], first->odb.packs[0]);
	assert_ptr_equal(second->odb.packs[2], first->odb.packs[1]);
	/* Newest first. */
	assert_true(strncmp(second->odb.packs[0]->name, "03", 2) == 0);
	struct pack *pack = second->odb.packs[2];
	snapshot_release(&first);
	assert_int_equal(pack->idx.count, 0);
}

static void a_pack_that_is_lost_is_damage_not_absence(void **state)
{
	struct ctx *c = *state;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	struct snapshot *s = NULL;
	add_pack(c, &repo, 1, false);
	struct empty_pack p = make_pack(c, 1);
	const char *key = meta_pack_key(c, core_of(c)->instance, repo.id, &p.id, "idx");
	assert_ok(c, blob_remove(c, core_of(c)->blob, key));
	assert_err(c, take(c, core_of(c), repo.id, &s), ERR_DAMAGED);
	assert_null(s);
}

struct asker {
	struct core *core;
	int64_t repo_id;
	struct snapshot *got;
	enum err kind;
};

static void ask(void *arg)
{
	struct asker *a = arg;
	struct arena arena;
	struct ctx c;
	arena_init(&arena);
	ctx_init(&c, &arena, os_world());
	a->kind = take(&c, a->core, a->repo_id, &a->got);
	arena_done(&arena);
}

static void who_asks_at_once_gets_the_same(void **state)
{
	struct ctx *c = *state;
	enum { ASKERS = 8 };
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	for (uint8_t i = 1; i < 20; i++)
		add_pack(c, &repo, i, i % 2);
	for (int round = 0; round < 5; round++) {
		struct asker askers[ASKERS];
		struct thread threads[ASKERS];
		blob_faulty_set(core_of(c)->blob, 0, OK);
		add_pack(c, &repo, (uint8_t)(100 + round), false);
		blob_faulty_set(core_of(c)->blob, 0, OK);
		for (int i = 0; i < ASKERS; i++) {
			askers[i] = (struct asker){core_of(c), repo.id, NULL, OK};
			assert_ok(c, thread_start(c, "asker", ask, &askers[i], &threads[i]));
		}
		for (int i = 0; i < ASKERS; i++)
			thread_join(&threads[i]);
		for (int i = 0; i < ASKERS; i++) {
			assert_int_equal(askers[i].kind, OK);
			assert_ptr_equal(askers[i].got, askers[0].got);
			assert_int_equal(askers[i].got->odb.count, 20 + round);
		}
		/* One of them opened what is new: 2 files (all 20 packs the first time). */
		int64_t opened = round ? 2 : 2 * 10;
		assert_true(blob_faulty_count(core_of(c)->blob) >= opened);
		assert_true(blob_faulty_count(core_of(c)->blob) < 8 * opened);
		for (int i = 0; i < ASKERS; i++)
			snapshot_release(&askers[i].got);
	}
}

/* A blob store that, while a snapshot is being loaded from it, asks for the same one. */
struct asking_blob {
	struct blob blob;
	struct core core;
	struct db_tx *tx;
	struct repo repo;
	enum err late, gone;
};

static bool has_gone(void *arg)
{
	(void)arg;
	return true;
}

static enum err asking_open(struct ctx *c, struct blob *self, const char *key, struct extent **out)
{
	struct asking_blob *b = (struct asking_blob *)self;
	struct ctx late = *c, gone = *c;
	struct snapshot *s = NULL;
	(void)key;
	(void)out;
	late.deadline = c->world->monotonic() + 20000;
	b->late = snapshot_get(&late, &b->core, b->tx, &b->repo, &s);
	gone.canceled = has_gone;
	b->gone = snapshot_get(&gone, &b->core, b->tx, &b->repo, &s);
	return fail(c, ERR_IO, "nothing is here");
}

static void who_waits_for_a_load_gives_up_in_time(void **state)
{
	struct ctx *c = *state;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	struct blob_ops ops = {.open = asking_open};
	struct asking_blob blob = {.blob.ops = &ops, .core = *core_of(c)};
	struct snapshot *s = NULL;
	add_pack(c, &repo, 1, false);
	blob.core.blob = &blob.blob;
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, core_of(c)->db, DB_READ, &tx));
	assert_ok(c, meta_repo_get(c, tx, repo.id, &blob.repo));
	blob.tx = tx;
	assert_err(c, snapshot_get(c, &blob.core, tx, &blob.repo, &s), ERR_IO);
	assert_int_equal(blob.late, ERR_TIMEOUT);
	assert_int_equal(blob.gone, ERR_CANCELED);
}

static void at_most_so_many_repositories_are_kept(void **state)
{
	struct ctx *c = *state;
	struct snapshot *held[6];
	for (int i = 0; i < 6; i++) {
		struct repo repo = house_repo(c, arena_fmt(c->arena, "r%d", i), VISIBILITY_PRIVATE);
		assert_ok(c, take(c, core_of(c), repo.id, &held[i]));
	}
	/* keep = 4: the first two are held by the test alone, the last by the cache too. */
	assert_int_equal(held[0]->references, 1);
	assert_int_equal(held[1]->references, 1);
	for (int i = 2; i < 6; i++)
		assert_int_equal(held[i]->references, 2);
	snapshot_drop(core_of(c), held[5]->repo_id);
	assert_int_equal(held[5]->references, 1);
	for (int i = 0; i < 6; i++)
		snapshot_release(&held[i]);
	assert_null(held[0]);
}

static void an_old_transaction_gets_its_own_version(void **state)
{
	struct ctx *c = *state;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE), then;
	SNAPSHOT *new = NULL, *old = NULL, *again = NULL;
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, core_of(c)->db, DB_READ, &tx));
	assert_ok(c, meta_repo_get(c, tx, repo.id, &then));
	add_ref(c, &repo, "refs/heads/main");
	assert_ok(c, take(c, core_of(c), repo.id, &new));
	assert_ok(c, snapshot_get(c, core_of(c), tx, &then, &old));
	assert_int_equal(old->version, then.version);
	assert_int_equal(old->refs.count, 0);
	assert_ok(c, take(c, core_of(c), repo.id, &again));
	assert_ptr_equal(again, new);
}

static void the_next_version_has_what_the_log_says(void **state)
{
	struct ctx *c = *state;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	struct ref_change gone = {.name = STR("refs/heads/b"), .new = oid_zero(HASH_SHA1)};
	struct ref_log log = {.username = STR(""), .request = STR("")};
	SNAPSHOT *first = NULL, *second = NULL;
	struct ref ref;
	add_ref(c, &repo, "refs/heads/a");
	add_ref(c, &repo, "refs/heads/b");
	assert_ok(c, take(c, core_of(c), repo.id, &first));
	add_ref(c, &repo, "refs/heads/a1");
	DB_TX *tx = NULL;
	gone.old = ref_table_at(&first->refs, 1).id;
	log.change = gone;
	assert_ok(c, db_begin(c, core_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, meta_ref_swap(c, tx, &repo, &gone));
	assert_ok(c, meta_repo_bump_version(c, tx, repo.id, &log.version));
	assert_ok(c, meta_ref_log_add(c, tx, repo.id, &log));
	assert_ok(c, db_commit(c, &tx));
	assert_ok(c, take(c, core_of(c), repo.id, &second));
	assert_int_equal(second->version, first->version + 2);
	assert_int_equal(second->refs.count, 2);
	assert_true(snapshot_ref(second, STR("refs/heads/a1"), &ref));
	assert_false(snapshot_ref(second, STR("refs/heads/b"), &ref));
	assert_true(snapshot_ref(first, STR("refs/heads/b"), &ref));
}

/* A fault at every operation of a load in turn: an error, nothing leaks, and the next load works. */
static void a_load_that_fails_leaves_nothing_behind(void **state)
{
	struct ctx *c = *state;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	struct core *core = core_of(c);
	add_ref(c, &repo, "refs/heads/main");
	add_pack(c, &repo, 1, true);
	add_pack(c, &repo, 2, false);
	for (int where = 0; where < 2; where++) {
		for (int64_t n = 1;; n++) {
			struct snapshot *s = NULL;
			snapshot_drop(core, repo.id);
			blob_faulty_set(core->blob, where ? n : 0, ERR_IO);
			db_faulty_set(core->db, where ? 0 : n, ERR_IO);
			enum err kind = take(c, core, repo.id, &s);
			if (!kind) {
				assert_true(n > 2);
				snapshot_release(&s);
				break;
			}
			assert_int_equal(kind, ERR_IO);
			assert_null(s);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(a_version_is_loaded_once_and_shared),
		HOUSE_TEST(refs_are_found_by_name_and_by_prefix),
		HOUSE_TEST(the_next_version_shares_the_open_packs),
		HOUSE_TEST(a_pack_that_is_lost_is_damage_not_absence),
		HOUSE_TEST(who_asks_at_once_gets_the_same),
		HOUSE_TEST(who_waits_for_a_load_gives_up_in_time),
		HOUSE_TEST(at_most_so_many_repositories_are_kept),
		HOUSE_TEST(an_old_transaction_gets_its_own_version),
		HOUSE_TEST(the_next_version_has_what_the_log_says),
		HOUSE_TEST(a_load_that_fails_leaves_nothing_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
