#include "core_house.h"

#include "core/compact.h"
#include "core/fsck.h"
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
	struct audit audit = house_audit(c);
	assert_str(audit.action, "repository.created");
	assert_str(audit.subject, "hello");
	assert_str(audit.username, "owner");
	assert_str(audit.via, "password");
	assert_str(audit.peer, "127.0.0.1");
	assert_int_equal(audit.chain, repo.id);
	assert_int_equal(audit.sequence, 1);
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
	assert_ok(c, permission_put(c, core_of(c), &house_of(c)->owner, &on, PERMISSION_ADMIN, 0));
	struct repo_new what = {.name = STR("mine")};
	assert_err(c, repo_create(c, core_of(c), &admin, &what, &repo), ERR_DENIED);
	assert_err(c, repo_create(c, core_of(c), &anonymous, &what, &repo), ERR_UNAUTH);
	assert_err(c, repo_delete(c, core_of(c), &admin, STR("r"), NULL), ERR_DENIED);
	assert_err(c, repo_delete(c, core_of(c), &stranger, STR("r"), NULL), ERR_NOT_FOUND);
	assert_err(c, repo_delete(c, core_of(c), &anonymous, STR("r"), NULL), ERR_UNAUTH);
	assert_ok(c, repo_delete(c, core_of(c), &house_of(c)->owner, STR("r"), NULL));
	assert_err(
		c, repo_delete(c, core_of(c), &house_of(c)->owner, STR("r"), NULL), ERR_NOT_FOUND);
}

static void a_list_shows_what_one_may_read_page_by_page(void **state)
{
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna"), anonymous = ACTOR_ANONYMOUS;
	for (int i = 0; i < 6; i++)
		house_repo(c, arena_fmt(c->arena, "r%d", i),
			i % 2 ? VISIBILITY_PUBLIC : VISIBILITY_PRIVATE);
	struct permission_on on = {STR("r2"), STR("anna")};
	assert_ok(c, permission_put(c, core_of(c), &house_of(c)->owner, &on, PERMISSION_READ, 0));
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

/* Those never pushed to come last; of one second, by name. Whatever the page, none is left out. */
static void the_last_pushed_to_come_first(void **state)
{
	struct ctx *c = *state;
	struct actor anonymous = ACTOR_ANONYMOUS;
	static const int64_t pushed[] = {0, 100, 300, 100, 0, 200};
	DB_TX *tx = NULL;
	for (int i = 0; i < 6; i++) {
		struct repo repo = house_repo(c, arena_fmt(c->arena, "r%d", i), VISIBILITY_PUBLIC);
		assert_ok(c, db_begin(c, house_of(c)->db, DB_WRITE, &tx));
		assert_ok(c, meta_repo_set_pushed(c, tx, repo.id, pushed[i]));
		assert_ok(c, db_commit(c, &tx));
	}
	for (size_t limit = 1; limit < 8; limit++) {
		struct repo_query query = {.limit = limit, .by_push = true};
		struct repo_list list = {.more = true};
		struct buf names = {.arena = c->arena};
		while (list.more) {
			assert_ok(c, repo_list(c, core_of(c), &anonymous, &query, &list));
			for (size_t i = 0; i < list.count; i++) {
				buf_str(&names, list.at[i].name);
				query.after = list.at[i].name;
				query.pushed = list.at[i].pushed;
			}
		}
		assert_string_equal(buf_text(&names), "r2r5r1r3r0r4");
	}
}

static struct actor limited(struct ctx *c, const char *text)
{
	struct scope *scope = NEW(c->arena, struct scope);
	struct actor who = house_of(c)->owner;
	assert_ok(c, scope_parse(c, str_of(text), scope));
	who.scope = scope;
	return who;
}

static void what_a_key_is_not_for_is_in_no_list(void **state)
{
	struct ctx *c = *state;
	struct actor key = limited(c, "{\"repositories\": [\"*7\", \"R11\"]}");
	for (int i = 0; i < 30; i++)
		house_repo(c, arena_fmt(c->arena, "r%02d", i), VISIBILITY_PUBLIC);
	static const char *const seen[] = {"r07", "r11", "r17", "r27"};
	struct repo_list list;
	struct repo_query query = {.limit = 1};
	for (size_t i = 0; i < 4; i++) {
		assert_ok(c, repo_list(c, core_of(c), &key, &query, &list));
		assert_int_equal(list.count, 1);
		assert_str(list.at[0].name, seen[i]);
		assert_int_equal(list.more, i < 3);
		query.after = list.at[0].name;
	}
	query = (struct repo_query){.limit = 4};
	assert_ok(c, repo_list(c, core_of(c), &key, &query, &list));
	assert_int_equal(list.count, 4);
	assert_false(list.more);
	query.words = STR("r0");
	assert_ok(c, repo_list(c, core_of(c), &key, &query, &list));
	assert_int_equal(list.count, 1);
	key = limited(c, "{\"operations\": [\"repository.fetch\"]}");
	assert_err(c, repo_list(c, core_of(c), &key, &query, &list), ERR_DENIED);
}

static void a_key_for_some_repositories_makes_and_names_no_others(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor key = limited(c, "{\"repositories\": [\"t-*\"], \"operations\": "
				      "[\"instance.admin\", \"repository.change\"]}");
	struct repo repo, other = house_repo(c, "other", VISIBILITY_PUBLIC);
	struct repo_new good = {.name = STR("t-1")}, bad = {.name = STR("x")};
	const struct repo_change change = {.name = &bad.name};
	struct repo_deleted_query query = {.limit = 1};
	struct repo_list list;
	assert_ok(c, repo_create(c, core, &key, &good, &repo));
	assert_err(c, repo_create(c, core, &key, &bad, &repo), ERR_DENIED);
	assert_err(c, repo_update(c, core, &key, good.name, &change, &repo), ERR_DENIED);

	assert_ok(c, repo_delete(c, core, &house_of(c)->owner, STR("t-1"), &repo));
	house_moved += 1000000;
	assert_ok(c, repo_delete(c, core, &house_of(c)->owner, STR("other"), NULL));
	assert_ok(c, repo_deleted_list(c, core, &key, &query, &list));
	assert_int_equal(list.count, 1);
	assert_str(list.at[0].name, "t-1");
	assert_false(list.more);
	assert_err(c, repo_restore(c, core, &key, other.id, NULL, &other), ERR_NOT_FOUND);
	assert_err(c, repo_purge(c, core, &key, other.id), ERR_NOT_FOUND);
	assert_err(c, repo_restore(c, core, &key, repo.id, &bad.name, &repo), ERR_DENIED);
	assert_ok(c, repo_restore(c, core, &key, repo.id, NULL, &repo));
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

static void a_purged_repository_takes_its_packs_along(void **state)
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
	assert_ok(c, repo_delete(c, core, &house_of(c)->owner, STR("r"), NULL));
	struct fsck_run run = {.core = core, .prune = true};
	assert_ok(c, fsck_orphans(c, &run));
	assert_int_equal(run.orphans, 0);
	assert_ok(c, blob_open(c, core->blob, key, &e));
	extent_close(e);
	assert_ok(c, repo_purge(c, core, &house_of(c)->owner, repo.id));
	assert_err(c, blob_open(c, core->blob, key, &e), ERR_NOT_FOUND);
	again = house_repo(c, "r", VISIBILITY_PRIVATE);
	assert_int_not_equal(again.id, repo.id);
	size_t count;
	struct event *events = events_of(c, repo.id, &count);
	assert_int_equal(count, 3);
	assert_int_equal(events[1].type, EVENT_REPOSITORY_DELETED);
	assert_int_equal(events[2].type, EVENT_REPOSITORY_PURGED);
}

/* The names of what is deleted, the last first. */
static const char *deleted_of(struct ctx *c)
{
	struct repo_deleted_query query = {.limit = 1};
	struct repo_list list = {.more = true};
	struct buf names = {.arena = c->arena};
	while (list.more) {
		assert_ok(c, repo_deleted_list(c, core_of(c), &house_of(c)->owner, &query, &list));
		for (size_t i = 0; i < list.count; i++) {
			buf_fmt(&names, "%.*s ", STR_FMT(list.at[i].name));
			query.before = list.at[i].deleted;
			query.id = list.at[i].id;
		}
	}
	return buf_text(&names);
}

static void one_that_was_deleted_anew_since_it_was_seen_is_not_purged(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor *owner = &house_of(c)->owner;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE), seen, got;
	assert_ok(c, repo_delete(c, core, owner, STR("r"), NULL));
	assert_ok(c, repo_deleted_get(c, core, owner, repo.id, &seen));
	struct expected expected = {.repo = &seen};
	assert_ok(c, repo_restore(c, core, owner, repo.id, NULL, &got));
	house_moved += 10 * 1000000LL;
	assert_ok(c, repo_delete(c, core, owner, STR("r"), NULL));
	assert_err(c, repo_purge_seen(c, core, owner, repo.id, &expected), ERR_CONFLICT);
	assert_true(expected.changed);
	assert_ok(c, repo_deleted_get(c, core, owner, repo.id, &seen));
	expected.changed = false;
	assert_ok(c, repo_purge_seen(c, core, owner, repo.id, &expected));
	assert_err(c, repo_purge_seen(c, core, owner, repo.id, &expected), ERR_NOT_FOUND);
	assert_false(expected.changed);
}

static void a_deleted_repository_comes_back_as_it_was(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor *owner = &house_of(c)->owner;
	struct actor reader = house_person(c, "reader");
	struct permission_on on = {STR("r"), STR("reader")};
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE), got;
	struct str name = STR("q"), bad = STR("a/b");
	struct repo_list list;
	struct repo_query all = {0};
	assert_ok(c, permission_put(c, core, owner, &on, PERMISSION_READ, 0));
	assert_ok(c, repo_delete(c, core, owner, STR("r"), &got));
	assert_int_equal(got.id, repo.id);
	assert_int_equal(repo_deleted_until(core, &got), got.deleted + 14 * 24 * 3600);
	assert_ok(c, repo_list(c, core, owner, &all, &list));
	assert_int_equal(list.count, 0);
	assert_err(c, repo_get(c, core, &reader, STR("r"), &got, NULL), ERR_NOT_FOUND);
	assert_err(c, repo_delete(c, core, owner, STR("r"), NULL), ERR_NOT_FOUND);
	assert_string_equal(deleted_of(c), "r ");

	struct repo second = house_repo(c, "R", VISIBILITY_PRIVATE);
	assert_err(c, repo_restore(c, core, owner, repo.id, NULL, &got), ERR_EXISTS);
	assert_err(c, repo_restore(c, core, owner, repo.id, &bad, &got), ERR_INVALID);
	assert_string_equal(deleted_of(c), "r ");
	assert_ok(c, repo_restore(c, core, owner, repo.id, &name, &got));
	assert_str(got.name, "q");
	assert_int_equal(got.id, repo.id);
	assert_ok(c, repo_get(c, core, &reader, STR("q"), &got, NULL));
	assert_int_equal(got.deleted, 0);
	assert_err(c, repo_restore(c, core, owner, repo.id, NULL, &got), ERR_NOT_FOUND);
	assert_err(c, repo_purge(c, core, owner, repo.id), ERR_NOT_FOUND);
	assert_str(house_audit(c).action, "repository.restored");

	assert_ok(c, repo_delete(c, core, owner, STR("q"), NULL));
	assert_ok(c, repo_delete(c, core, owner, STR("R"), NULL));
	assert_string_equal(deleted_of(c), "R q ");
	assert_ok(c, repo_restore(c, core, owner, second.id, NULL, &got));
	assert_str(got.name, "R");
	assert_string_equal(deleted_of(c), "q ");
}

static void only_the_owner_looks_among_what_is_deleted(void **state)
{
	struct ctx *c = *state;
	struct actor admin = house_person(c, "admin"), anonymous = ACTOR_ANONYMOUS;
	struct actor token = house_of(c)->owner;
	struct repo repo = house_repo(c, "r", VISIBILITY_PUBLIC);
	struct permission_on on = {STR("r"), STR("admin")};
	token.limit = PERMISSION_WRITE;
	assert_ok(c, permission_put(c, core_of(c), &house_of(c)->owner, &on, PERMISSION_ADMIN, 0));
	assert_ok(c, repo_delete(c, core_of(c), &house_of(c)->owner, STR("r"), NULL));
	const struct {
		const struct actor *who;
		enum err kind;
	} people[] = {{&admin, ERR_DENIED}, {&anonymous, ERR_UNAUTH}, {&token, ERR_DENIED}};
	for (size_t i = 0; i < sizeof people / sizeof *people; i++) {
		struct repo_deleted_query query = {0};
		struct repo_list list;
		assert_err(c, repo_deleted_list(c, core_of(c), people[i].who, &query, &list),
			people[i].kind);
		assert_err(c, repo_restore(c, core_of(c), people[i].who, repo.id, NULL, &repo),
			people[i].kind);
		assert_err(c, repo_restore(c, core_of(c), people[i].who, 999, NULL, &repo),
			people[i].kind);
		assert_err(c, repo_purge(c, core_of(c), people[i].who, repo.id), people[i].kind);
	}
	assert_string_equal(deleted_of(c), "r ");
}

static void what_is_deleted_goes_when_its_time_has_come(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct compact_swept n;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE), got;
	house_repo(c, "stays", VISIBILITY_PRIVATE);
	core->limits.retention_seconds = 3600;
	assert_ok(c, repo_delete(c, core, &house_of(c)->owner, STR("r"), NULL));
	house_moved += 3500LL * 1000000;
	assert_ok(c, compact_sweep(c, core, &n));
	assert_int_equal(n.repos, 0);
	assert_string_equal(deleted_of(c), "r ");
	house_moved += 200LL * 1000000;
	assert_ok(c, compact_sweep(c, core, &n));
	assert_int_equal(n.repos, 1);
	assert_string_equal(deleted_of(c), "");
	assert_err(
		c, repo_restore(c, core, &house_of(c)->owner, repo.id, NULL, &got), ERR_NOT_FOUND);
	assert_non_null(strstr(c->error.text, "kept for 1 hour"));
	ctx_clear(c);
	assert_ok(c, repo_get(c, core, &house_of(c)->owner, STR("stays"), &got, NULL));
	assert_str(house_audit(c).action, "repository.purged");
	assert_str(house_audit(c).username, "");
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
		assert_str(house_audit(c).action, "collaborator.added");
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
		HOUSE_TEST(the_last_pushed_to_come_first),
		HOUSE_TEST(what_a_key_is_not_for_is_in_no_list),
		HOUSE_TEST(a_key_for_some_repositories_makes_and_names_no_others),
		HOUSE_TEST(an_update_changes_what_it_names_and_nothing_else),
		HOUSE_TEST(a_purged_repository_takes_its_packs_along),
		HOUSE_TEST(one_that_was_deleted_anew_since_it_was_seen_is_not_purged),
		HOUSE_TEST(a_deleted_repository_comes_back_as_it_was),
		HOUSE_TEST(only_the_owner_looks_among_what_is_deleted),
		HOUSE_TEST(what_is_deleted_goes_when_its_time_has_come),
		HOUSE_TEST(a_verb_that_fails_has_done_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
