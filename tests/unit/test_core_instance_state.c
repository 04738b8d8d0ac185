/* core/instance_state.h: what its owner sees of an instance, and nobody else. */
#include "core_house.h"

#include "core/instance_state.h"
#include "core/webhook.h"
#include "meta/pack.h"
#include "meta/webhook.h"

static struct instance_events events_of(struct ctx *c, struct instance_events_query query)
{
	struct instance_events list;
	assert_ok(c, instance_events(c, core_of(c), &house_of(c)->owner, &query, &list));
	return list;
}

static void only_the_owner_sees_any_of_it(void **state)
{
	struct ctx *c = *state;
	struct house *h = house_of(c);
	struct actor anna = house_person(c, "anna"), weak = h->owner;
	const struct actor limited = house_limited(c, "{\"repositories\": [\"r\"]}");
	struct instance_state all;
	struct instance_storage_list storage;
	struct instance_events events;
	struct compact_run run;
	struct instance_webhooks webhooks;
	struct instance_events_query query = {0};
	house_repo(c, "r", VISIBILITY_PUBLIC);
	weak.limit = PERMISSION_READ;
	const struct {
		const struct actor *who;
		enum err kind;
	} rows[] = {{&ACTOR_ANONYMOUS, ERR_UNAUTH}, {&anna, ERR_DENIED}, {&weak, ERR_DENIED},
		{&limited, ERR_DENIED}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct actor *who = rows[i].who;
		assert_err(c, instance_state(c, &h->core, who, &all), rows[i].kind);
		assert_err(
			c, instance_storage(c, &h->core, who, STR(""), 10, &storage), rows[i].kind);
		assert_err(c, instance_events(c, &h->core, who, &query, &events), rows[i].kind);
		assert_err(c, instance_webhooks(c, &h->core, who, STR("x"), 10, &webhooks),
			rows[i].kind);
		assert_err(c, instance_compact(c, &h->core, who, STR("r"), &run), rows[i].kind);
	}
	assert_ok(c, instance_state(c, &h->core, &h->owner, &all));
}

static void what_there_is_is_counted(void **state)
{
	struct ctx *c = *state;
	struct house *h = house_of(c);
	struct instance_state all;
	struct token token;
	struct actor anna = house_person(c, "anna");
	house_token(c, &anna, PERMISSION_READ, &token);
	house_repo(c, "one", VISIBILITY_PRIVATE);
	house_repo(c, "two", VISIBILITY_PRIVATE);
	assert_ok(c, repo_delete(c, &h->core, &h->owner, STR("two"), NULL));
	house_session(c, &anna);
	assert_ok(c, instance_state(c, &h->core, &h->owner, &all));
	assert_int_equal(all.counts.repos, 1);
	assert_int_equal(all.counts.deleted, 1);
	assert_int_equal(all.counts.people, 2);
	assert_int_equal(all.counts.tokens, 1);
	assert_int_equal(all.counts.packs, 0);
	assert_false(all.cached);
	for (size_t i = 0; i < INSTANCE_PORTS; i++)
		assert_int_equal(all.ports[i].why.len, 0);
}

static void a_port_that_does_not_answer_is_told(void **state)
{
	struct ctx *c = *state;
	struct house *h = house_of(c);
	struct instance_state all;
	struct kv *kept = house_lose_kv(c);
	c->deadline = 0;
	assert_ok(c, instance_state(c, &h->core, &h->owner, &all));
	assert_int_equal(all.ports[0].why.len, 0);
	assert_int_equal(all.ports[1].why.len, 0);
	assert_string_equal(all.ports[2].name, "kv");
	assert_true(all.ports[2].why.len > 0);
	assert_int_equal(c->error.kind, OK);
	assert_int_equal(c->deadline, 0);
	house_find_kv(c, kept);
}

static void add_pack(
	struct ctx *c, const struct repo *repo, char mark, enum pack_state kind, uint64_t bytes)
{
	char hash[20];
	DB_TX *tx = NULL;
	memset(hash, mark, sizeof hash);
	const struct pack_row row = {.id = oid_from_bytes(HASH_SHA1, hash),
		.bytes = bytes,
		.objects = 1,
		.kind = PACK_PUSHED,
		.state = kind,
		.created = 1};
	assert_ok(c, db_begin(c, house_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, meta_pack_add(c, tx, repo->id, &row, NULL));
	assert_ok(c, db_commit(c, &tx));
}

static void storage_is_told_by_repository(void **state)
{
	struct ctx *c = *state;
	struct house *h = house_of(c);
	struct instance_state all;
	struct instance_storage_list list;
	struct repo one = house_repo(c, "one", VISIBILITY_PRIVATE);
	struct repo two = house_repo(c, "two", VISIBILITY_PRIVATE);
	add_pack(c, &one, 'a', PACK_LIVE, 100);
	add_pack(c, &one, 'b', PACK_LIVE, 23);
	add_pack(c, &one, 'c', PACK_RETIRED, 7);
	add_pack(c, &two, 'd', PACK_RETIRED, 5);
	assert_ok(c, instance_storage(c, &h->core, &h->owner, STR(""), 1, &list));
	assert_int_equal(list.count, 1);
	assert_true(list.more);
	assert_str(list.at[0].name, "one");
	assert_int_equal(list.at[0].packs, 2);
	assert_int_equal(list.at[0].bytes, 123);
	assert_int_equal(list.at[0].retired_packs, 1);
	assert_int_equal(list.at[0].retired_bytes, 7);
	assert_ok(c, instance_storage(c, &h->core, &h->owner, list.next, 1, &list));
	assert_int_equal(list.count, 1);
	assert_false(list.more);
	assert_str(list.at[0].name, "two");
	assert_int_equal(list.at[0].bytes, 0);
	assert_int_equal(list.at[0].retired_bytes, 5);
	assert_ok(c, instance_state(c, &h->core, &h->owner, &all));
	assert_int_equal(all.counts.packs, 2);
	assert_int_equal(all.counts.bytes, 123);
	assert_int_equal(all.counts.retired_packs, 2);
	assert_int_equal(all.counts.retired_bytes, 12);
}

static void events_come_newest_first_page_by_page(void **state)
{
	struct ctx *c = *state;
	struct instance_events_query query = {.limit = 1};
	house_repo(c, "one", VISIBILITY_PRIVATE);
	house_person(c, "anna");
	house_repo(c, "two", VISIBILITY_PRIVATE);
	/* The owner's own, and these three. */
	static const char *const types[] = {"repository.created", "collaborator.added",
		"repository.created", "collaborator.added"};
	static const char *const repos[] = {"two", "", "one", ""};
	for (size_t i = 0; i < 4; i++) {
		struct instance_events page = events_of(c, query);
		assert_int_equal(page.count, 1);
		assert_int_equal(page.more, i < 3);
		assert_str(page.at[0].type, types[i]);
		assert_str(page.at[0].repo, repos[i]);
		query.after = instance_event_cursor(c, &page.at[0]);
	}
	assert_int_equal(events_of(c, query).count, 0);
}

static void events_are_found_by_repository_and_type(void **state)
{
	struct ctx *c = *state;
	struct house *h = house_of(c);
	struct repo one = house_repo(c, "one", VISIBILITY_PRIVATE);
	house_repo(c, "two", VISIBILITY_PRIVATE);
	struct instance_events list =
		events_of(c, (struct instance_events_query){.repo = STR("one")});
	assert_int_equal(list.count, 1);
	assert_int_equal(list.at[0].repo_id, one.id);
	list = events_of(c, (struct instance_events_query){.repo = STR("instance")});
	assert_int_equal(list.count, 1);
	assert_str(list.at[0].type, "collaborator.added");
	list = events_of(c, (struct instance_events_query){.type = STR("repository.created")});
	assert_int_equal(list.count, 2);
	list = events_of(
		c, (struct instance_events_query){.repo = STR("one"), .type = STR("push")});
	assert_int_equal(list.count, 0);
	/* One that is deleted has its id only. */
	assert_ok(c, repo_delete(c, &h->core, &h->owner, STR("one"), NULL));
	list = events_of(c, (struct instance_events_query){.repo = STR("1")});
	assert_int_equal(list.count, 2);
	assert_str(list.at[0].type, "repository.deleted");
	assert_true(list.at[0].deleted);
}

/* Returns the id. */
static int64_t add_webhook(struct ctx *c, struct str repo, bool active, int64_t failures)
{
	struct house *h = house_of(c);
	const struct str url = STR("https://example.org/");
	const struct webhook_wish wish = {.url = &url, .active = &active};
	struct webhook_made made;
	DB_TX *tx = NULL;
	assert_ok(c, webhook_add(c, &h->core, &h->owner, repo, &wish, &made));
	made.webhook.failures = failures;
	assert_ok(c, db_begin(c, h->db, DB_WRITE, &tx));
	assert_ok(c, meta_webhook_set(c, tx, &made.webhook));
	assert_ok(c, db_commit(c, &tx));
	return made.webhook.id;
}

static void webhooks_that_fail_come_first_page_by_page(void **state)
{
	struct ctx *c = *state;
	struct house *h = house_of(c);
	struct instance_webhooks page;
	struct str after = STR("");
	house_repo(c, "one", VISIBILITY_PRIVATE);
	house_repo(c, "two", VISIBILITY_PRIVATE);
	house_repo(c, "gone", VISIBILITY_PRIVATE);
	const int64_t off = add_webhook(c, STR("one"), false, 2);
	const int64_t works = add_webhook(c, STR("two"), true, 0);
	add_webhook(c, STR("gone"), true, 5);
	const int64_t fails = add_webhook(c, STR("one"), true, 1);
	const int64_t fails_too = add_webhook(c, STR("two"), true, 3);
	const int64_t wanted[] = {fails, fails_too, works, off};
	static const char *const repos[] = {"one", "two", "two", "one"};
	assert_ok(c, repo_delete(c, &h->core, &h->owner, STR("gone"), NULL));
	for (size_t i = 0; i < 4; i++) {
		assert_ok(c, instance_webhooks(c, &h->core, &h->owner, after, 1, &page));
		assert_int_equal(page.count, 1);
		assert_int_equal(page.more, i < 3);
		assert_int_equal(page.at[0].webhook.id, wanted[i]);
		assert_str(page.at[0].repo, repos[i]);
		after = instance_webhook_cursor(c, &page.at[0]);
	}
	assert_ok(c, instance_webhooks(c, &h->core, &h->owner, after, 1, &page));
	assert_int_equal(page.count, 0);
	static const char *const wrong[] = {
		"1", "1.", ".1", "x.1", "1.99999999999999999999", "1.2.3"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_err(c, instance_webhooks(c, &h->core, &h->owner, str_of(wrong[i]), 1, &page),
			ERR_INVALID);
}

static void what_is_asked_for_wrongly_is_refused(void **state)
{
	struct ctx *c = *state;
	struct house *h = house_of(c);
	struct instance_events list;
	struct compact_run run;
	static const struct instance_events_query wrong[] = {
		{.repo = {"none", 4}},
		{.repo = {"0", 1}},
		{.type = {"no.such", 7}},
		{.after = {"1.2", 3}},
		{.after = {"1.2.x", 5}},
		{.after = {"99999999999999999999.1.1", 24}},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_err(
			c, instance_events(c, &h->core, &h->owner, &wrong[i], &list), ERR_INVALID);
	assert_err(c, instance_compact(c, &h->core, &h->owner, STR("none"), &run), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(only_the_owner_sees_any_of_it),
		HOUSE_TEST(what_there_is_is_counted),
		HOUSE_TEST(a_port_that_does_not_answer_is_told),
		HOUSE_TEST(storage_is_told_by_repository),
		HOUSE_TEST(events_come_newest_first_page_by_page),
		HOUSE_TEST(events_are_found_by_repository_and_type),
		HOUSE_TEST(webhooks_that_fail_come_first_page_by_page),
		HOUSE_TEST(what_is_asked_for_wrongly_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
