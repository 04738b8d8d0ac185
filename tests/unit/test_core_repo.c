#include "core_house.h"

#include "meta/event.h"
#include "meta/pack.h"
#include "meta/ref.h"
#include "meta/repo.h"

static struct event *events_of(struct ctx *c, int64_t repo_id, size_t *count)
{
	DB_TX *tx = NULL;
	struct event *events;
	*count = 100;
	assert_ok(c, db_begin(c, house_of(c)->db, DB_READ, &tx));
	assert_ok(c, meta_event_since(c, tx, repo_id, 0, &events, count));
	return events;
}

static struct audit newest_audit(struct ctx *c)
{
	DB_TX *tx = NULL;
	struct audit *list;
	size_t count = 1;
	assert_ok(c, db_begin(c, house_of(c)->db, DB_READ, &tx));
	assert_ok(c, meta_audit_list(c, tx, &list, &count));
	assert_int_equal(count, 1);
	return list[0];
}

static void creating_writes_an_event_and_an_audit_row(void **state)
{
	struct ctx *c = *state;
	struct repo repo;
	struct repo_new what = {
		.name = STR("hello"),
		.description = STR("a \"first\" one"),
		.visibility = VISIBILITY_PUBLIC,
		.default_branch = STR("trunk"),
		.object_format = HASH_SHA256,
	};
	assert_ok(c, repo_create(c, core_of(c), &house_of(c)->owner, &what, &repo));
	assert_str(repo.head, "refs/heads/trunk");
	assert_int_equal(repo.version, 1);
	size_t count;
	struct event *events = events_of(c, repo.id, &count);
	assert_int_equal(count, 1);
	assert_int_equal(events[0].type, EVENT_REPOSITORY_CREATED);
	assert_int_equal(events[0].sequence, 1);
	assert_str(events[0].data,
		"{\"id\":1,\"name\":\"hello\",\"description\":\"a \\\"first\\\" one\","
		"\"visibility\":\"public\",\"default_branch\":\"trunk\","
		"\"object_format\":\"sha256\"}");
	struct audit audit = newest_audit(c);
	assert_str(audit.action, "repository.created");
	assert_str(audit.subject, "hello");
	assert_str(audit.username, "owner");
}

static void what_makes_no_sense_is_not_created(void **state)
{
	struct ctx *c = *state;
	struct repo repo;
	char long_text[REPO_DESCRIPTION_MAX + 1];
	memset(long_text, 'a', sizeof long_text);
	const struct repo_new bad[] = {
		{.name = STR("")},
		{.name = STR("a/b")},
		{.name = STR("api")},
		{.name = STR("x"), .default_branch = STR("a..b")},
		{.name = STR("x"), .default_branch = STR("-x")},
		{.name = STR("x"), .default_branch = STR("a b")},
		{.name = STR("x"), .description = STR("two\nlines")},
		{.name = STR("x"), .description = STR("\xff")},
		{.name = STR("x"), .description = str_from(long_text, sizeof long_text)},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_err(c, repo_create(c, core_of(c), &house_of(c)->owner, &bad[i], &repo),
			ERR_INVALID);
	struct repo_list list;
	struct repo_query all = {0};
	assert_ok(c, repo_list(c, core_of(c), &house_of(c)->owner, &all, &list));
	assert_int_equal(list.count, 0);
}

static void only_the_owner_creates_and_deletes(void **state)
{
	struct ctx *c = *state;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	struct actor admin = house_person(c, "admin"), stranger = house_person(c, "stranger");
	struct actor anonymous = ACTOR_ANONYMOUS;
	struct permission_on on = {STR("r"), STR("admin")};
	assert_ok(c, permission_put(c, core_of(c), &house_of(c)->owner, &on, PERMISSION_ADMIN));
	struct repo_new what = {.name = STR("mine")};
	assert_err(c, repo_create(c, core_of(c), &admin, &what, &repo), ERR_DENIED);
	assert_err(c, repo_create(c, core_of(c), &anonymous, &what, &repo), ERR_UNAUTH);
	assert_err(c, repo_delete(c, core_of(c), &admin, STR("r")), ERR_DENIED);
	assert_err(c, repo_delete(c, core_of(c), &stranger, STR("r")), ERR_NOT_FOUND);
	assert_err(c, repo_delete(c, core_of(c), &anonymous, STR("r")), ERR_UNAUTH);
	assert_ok(c, repo_delete(c, core_of(c), &house_of(c)->owner, STR("r")));
	assert_err(c, repo_delete(c, core_of(c), &house_of(c)->owner, STR("r")), ERR_NOT_FOUND);
}

static void a_list_shows_what_one_may_read_page_by_page(void **state)
{
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna"), anonymous = ACTOR_ANONYMOUS;
	for (int i = 0; i < 6; i++)
		house_repo(c, arena_fmt(c->arena, "r%d", i),
			i % 2 ? VISIBILITY_PUBLIC : VISIBILITY_PRIVATE);
	struct permission_on on = {STR("r2"), STR("anna")};
	assert_ok(c, permission_put(c, core_of(c), &house_of(c)->owner, &on, PERMISSION_READ));
	struct repo_list list;
	struct repo_query query = {.limit = 2};
	static const char *const hers[] = {"r1", "r2", "r3", "r5"};
	for (int i = 0; i < 4; i += 2) {
		assert_ok(c, repo_list(c, core_of(c), &anna, &query, &list));
		assert_int_equal(list.count, 2);
		assert_str(list.at[0].name, hers[i]);
		assert_str(list.at[1].name, hers[i + 1]);
		assert_int_equal(list.more, i == 0);
		query.after = list.at[1].name;
	}
	query = (struct repo_query){0};
	assert_ok(c, repo_list(c, core_of(c), &anonymous, &query, &list));
	assert_int_equal(list.count, 3);
	assert_ok(c, repo_list(c, core_of(c), &house_of(c)->owner, &query, &list));
	assert_int_equal(list.count, 6);
	query.words = STR("R3");
	assert_ok(c, repo_list(c, core_of(c), &house_of(c)->owner, &query, &list));
	assert_int_equal(list.count, 1);
	query.words = STR("%");
	assert_ok(c, repo_list(c, core_of(c), &house_of(c)->owner, &query, &list));
	assert_int_equal(list.count, 0);
}

static void an_update_changes_what_it_names_and_nothing_else(void **state)
{
	struct ctx *c = *state;
	struct actor *owner = &house_of(c)->owner;
	house_repo(c, "taken", VISIBILITY_PRIVATE);
	struct repo before = house_repo(c, "old", VISIBILITY_PRIVATE), after;
	struct str name = STR("Newer"), text = STR("described"), branch = STR("dev");
	enum visibility public = VISIBILITY_PUBLIC;
	struct repo_change none = {0}, rename = {.name = &name},
			   all = {.description = &text,
				   .visibility = &public,
				   .default_branch = &branch};
	assert_ok(c, repo_update(c, core_of(c), owner, STR("old"), &none, &after));
	assert_int_equal(after.version, before.version);
	assert_ok(c, repo_update(c, core_of(c), owner, STR("old"), &rename, &after));
	assert_str(after.name, "Newer");
	assert_err(c, repo_get(c, core_of(c), owner, STR("old"), &after, NULL), ERR_NOT_FOUND);
	assert_ok(c, repo_update(c, core_of(c), owner, STR("newer"), &all, &after));
	enum permission level;
	assert_ok(c, repo_get(c, core_of(c), owner, STR("Newer"), &after, &level));
	assert_int_equal(level, PERMISSION_ADMIN);
	assert_str(after.name, "Newer");
	assert_str(after.description, "described");
	assert_int_equal(after.visibility, VISIBILITY_PUBLIC);
	assert_str(after.head, "refs/heads/dev");
	assert_int_equal(after.version, before.version + 1);
	assert_int_equal(after.id, before.id);
	name = STR("TAKEN");
	assert_err(c, repo_update(c, core_of(c), owner, STR("newer"), &rename, &after), ERR_EXISTS);
	name = STR("a/b");
	assert_err(
		c, repo_update(c, core_of(c), owner, STR("newer"), &rename, &after), ERR_INVALID);
}

static void a_deleted_repository_takes_its_packs_along(void **state)
{
	struct ctx *c = *state;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE), again;
	struct pack_row row = {.id = oid_zero(HASH_SHA1), .kind = PACK_PUSHED, .state = PACK_LIVE};
	struct core *core = core_of(c);
	row.id.hash[0] = 7;
	const char *key = meta_pack_key(c, core->instance, repo.id, &row.id, "pack");
	struct spool *spool;
	struct extent *e;
	assert_ok(c, blob_create(c, core->blob, &spool));
	assert_ok(c, blob_publish(c, core->blob, spool, key));
	extent_close(&spool->extent);
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, core->db, DB_WRITE, &tx));
	assert_ok(c, meta_pack_add(c, tx, repo.id, &row, NULL));
	assert_ok(c, meta_pack_add(c, tx, repo.id, &row, NULL));
	assert_ok(c, db_commit(c, &tx));
	assert_ok(c, repo_delete(c, core, &house_of(c)->owner, STR("r")));
	assert_err(c, blob_open(c, core->blob, key, &e), ERR_NOT_FOUND);
	again = house_repo(c, "r", VISIBILITY_PRIVATE);
	assert_int_not_equal(again.id, repo.id);
	size_t count;
	struct event *events = events_of(c, repo.id, &count);
	assert_int_equal(count, 2);
	assert_int_equal(events[1].type, EVENT_REPOSITORY_DELETED);
}

/* A fault at every database operation in turn: each time, nothing of the verb has happened. */
static void a_verb_that_fails_has_done_nothing(void **state)
{
	struct ctx *c = *state;
	struct actor *owner = &house_of(c)->owner;
	struct repo_query all = {0};
	struct repo_list list;
	struct repo repo;
	size_t count;
	for (int64_t n = 1;; n++) {
		struct repo_new what = {.name = STR("r")};
		db_faulty_set(core_of(c)->db, n, ERR_UNAVAILABLE);
		enum err kind = repo_create(c, core_of(c), owner, &what, &repo);
		db_faulty_set(core_of(c)->db, 0, OK);
		if (!kind) {
			assert_true(n > 5);
			break;
		}
		assert_int_equal(kind, ERR_UNAVAILABLE);
		assert_ok(c, repo_list(c, core_of(c), owner, &all, &list));
		assert_int_equal(list.count, 0);
		events_of(c, 1, &count);
		assert_int_equal(count, 0);
		assert_str(newest_audit(c).action, "collaborator.added");
	}
	events_of(c, repo.id, &count);
	assert_int_equal(count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(creating_writes_an_event_and_an_audit_row),
		HOUSE_TEST(what_makes_no_sense_is_not_created),
		HOUSE_TEST(only_the_owner_creates_and_deletes),
		HOUSE_TEST(a_list_shows_what_one_may_read_page_by_page),
		HOUSE_TEST(an_update_changes_what_it_names_and_nothing_else),
		HOUSE_TEST(a_deleted_repository_takes_its_packs_along),
		HOUSE_TEST(a_verb_that_fails_has_done_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
