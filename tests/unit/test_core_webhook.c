/* core/webhook.c: who may set up webhooks, and what is told of them. */
#include "core/webhook.h"

#include "core/permission.h"
#include "core_house.h"
#include "meta/event.h"
#include "meta/webhook.h"

#define REPO STR("r")

static const struct str url = STR("https://example.org/hook?token=hush");

static enum err add_as(struct ctx *c, const struct actor *who, struct webhook_made *out)
{
	return webhook_add(c, core_of(c), who, REPO, &(struct webhook_wish){.url = &url}, out);
}

static struct webhook_made add(struct ctx *c)
{
	struct webhook_made made;
	assert_ok(c, add_as(c, &house_of(c)->owner, &made));
	return made;
}

static struct webhook get(struct ctx *c, int64_t id)
{
	struct webhook hook;
	assert_ok(c, webhook_get(c, core_of(c), &house_of(c)->owner, REPO, id, &hook));
	return hook;
}

static bool holds(struct str text, const char *part)
{
	return str_find_str(text, str_of(part)) < text.len;
}

static struct event last_event(struct ctx *c, const struct repo *repo)
{
	DB_TX *tx = NULL;
	int64_t last;
	struct event *events;
	size_t count = 1;
	assert_ok(c, db_begin(c, core_of(c)->db, DB_READ, &tx));
	assert_ok(c, meta_event_last(c, tx, repo->id, &last));
	assert_ok(c, meta_event_since(c, tx, repo->id, last - 1, &events, &count));
	assert_int_equal(count, 1);
	return events[0];
}

static void put_delivery(struct ctx *c, int64_t id, int64_t sequence, enum webhook_state state)
{
	DB_TX *tx = NULL;
	const struct webhook_delivery delivery = {.webhook_id = id,
		.sequence = sequence,
		.type = STR("push"),
		.state = state,
		.attempts = 3,
		.said = STR("no")};
	assert_ok(c, db_begin(c, core_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, meta_webhook_delivery_put(c, tx, &delivery));
	assert_ok(c, db_commit(c, &tx));
}

/* Every verb, by one who may not: all fail alike. */
static void assert_none_may(struct ctx *c, const struct actor *who, int64_t id, enum err kind)
{
	struct core *core = core_of(c);
	struct webhooks list;
	struct webhook hook;
	struct webhook_made made;
	struct webhook_deliveries deliveries;
	const struct webhook_change change = {.id = id};
	assert_err(c, webhook_list(c, core, who, REPO, &list), kind);
	assert_err(c, webhook_get(c, core, who, REPO, id, &hook), kind);
	assert_err(c, add_as(c, who, &made), kind);
	assert_err(c, webhook_change(c, core, who, REPO, &change, &made), kind);
	assert_err(c,
		webhook_deliveries(
			c, core, who, REPO, &(struct webhook_query){.id = id}, &deliveries),
		kind);
	assert_err(c, webhook_redeliver(c, core, who, REPO, id, 1), kind);
	assert_err(c, webhook_ping(c, core, who, REPO, id), kind);
	assert_err(c, webhook_delete(c, core, who, REPO, id, NULL), kind);
}

static void they_are_for_who_administers(void **state)
{
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna"), nobody = ACTOR_ANONYMOUS;
	const struct permission_on on = {REPO, anna.username};
	struct webhook_made made;
	struct webhooks list;
	house_repo(c, "r", VISIBILITY_PRIVATE);
	int64_t id = add(c).webhook.id;
	assert_none_may(c, &nobody, id, ERR_UNAUTH);
	assert_none_may(c, &anna, id, ERR_NOT_FOUND);
	assert_ok(c, permission_put(c, core_of(c), &house_of(c)->owner, &on, PERMISSION_WRITE, 0));
	assert_none_may(c, &anna, id, ERR_DENIED);
	assert_ok(c, permission_put(c, core_of(c), &house_of(c)->owner, &on, PERMISSION_ADMIN, 0));
	assert_ok(c, add_as(c, &anna, &made));
	assert_ok(c, webhook_list(c, core_of(c), &anna, REPO, &list));
	assert_int_equal(list.count, 2);
}

static void a_new_one_begins_behind_what_there_is(void **state)
{
	struct ctx *c = *state;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	struct webhook_made made = add(c);
	struct event event = last_event(c, &repo);
	struct webhook hook = get(c, made.webhook.id);
	assert_int_equal(event.type, EVENT_WEBHOOK_CHANGED);
	assert_int_equal(hook.cursor, event.sequence);
	assert_true(hook.active);
	assert_str(hook.url, url.at);
	assert_int_equal(hook.events.len, 0);
	assert_false(holds(event.data, "hush"));
	assert_true(holds(event.data, "https://example.org/hook"));
	struct audit entry = house_audit(c);
	assert_str(entry.action, "webhook.changed");
	assert_false(holds(entry.detail, "hush"));
	assert_false(holds(entry.detail, "whsec"));
}

static void the_secret_is_told_once_and_lies_sealed(void **state)
{
	struct ctx *c = *state;
	struct webhook_key key;
	house_repo(c, "r", VISIBILITY_PRIVATE);
	struct webhook_made made = add(c), other = add(c);
	struct webhook hook = get(c, made.webhook.id);
	assert_true(str_starts(made.secret, STR("whsec_")));
	assert_ok(c, webhook_key(c, core_of(c), &hook, &key));
	assert_int_equal(key.secret.len, WEBHOOK_SECRET);
	assert_int_equal(key.sealed.len, 0);
	assert_true(str_eq(webhook_secret_text(c->arena, key.secret), made.secret));
	/* Sealed for one is no secret of another. */
	hook.id = other.webhook.id;
	assert_err(c, webhook_key(c, core_of(c), &hook, &key), ERR_DAMAGED);
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct ctx *c = *state;
	const struct actor *owner = &house_of(c)->owner;
	struct webhook_made made;
	struct str bad = STR("https://me:you@example.org");
	house_repo(c, "r", VISIBILITY_PRIVATE);
	assert_err(c,
		webhook_add(c, core_of(c), owner, REPO, &(struct webhook_wish){.url = &bad}, &made),
		ERR_INVALID);
	assert_err(c, webhook_add(c, core_of(c), owner, REPO, &(struct webhook_wish){0}, &made),
		ERR_INVALID);
	for (int i = 0; i < WEBHOOKS_MAX; i++)
		add(c);
	assert_err(c, add_as(c, owner, &made), ERR_INVALID);
	assert_err(c, webhook_delete(c, core_of(c), owner, REPO, 999, NULL), ERR_NOT_FOUND);
}

static void a_change_changes_what_it_says(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	const struct actor *owner = &house_of(c)->owner;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	struct webhook_made made = add(c), now;
	struct str push = STR("push"), other = STR("https://example.com/");
	struct webhook_change change = {.id = made.webhook.id, .wish.events = &push};
	assert_ok(c, webhook_change(c, core, owner, REPO, &change, &now));
	assert_int_equal(now.secret.len, 0);
	assert_str(now.webhook.url, url.at);
	assert_str(get(c, change.id).events, "push");
	assert_true(str_eq(get(c, change.id).sealed, made.webhook.sealed));
	change.wish = (struct webhook_wish){.url = &other, .new_secret = true};
	assert_ok(c, webhook_change(c, core, owner, REPO, &change, &now));
	assert_true(now.secret.len && !str_eq(now.secret, made.secret));
	assert_str(get(c, change.id).url, other.at);
	assert_str(get(c, change.id).events, "push");
	/* What happens while it is switched off is not for it. */
	bool off = false, on = true;
	int64_t before = get(c, change.id).cursor;
	change.wish = (struct webhook_wish){.active = &off};
	assert_ok(c, webhook_change(c, core, owner, REPO, &change, &now));
	assert_false(get(c, change.id).active);
	change.wish = (struct webhook_wish){.active = &on};
	assert_ok(c, webhook_change(c, core, owner, REPO, &change, &now));
	struct webhook hook = get(c, change.id);
	assert_true(hook.active);
	assert_true(hook.cursor > before);
	assert_int_equal(hook.cursor, last_event(c, &repo).sequence);
}

static void a_change_is_of_what_was_seen(void **state)
{
	struct ctx *c = *state;
	const struct actor *owner = &house_of(c)->owner;
	struct webhook_made made, now;
	struct str push = STR("push");
	house_repo(c, "r", VISIBILITY_PRIVATE);
	made = add(c);
	struct webhook seen = get(c, made.webhook.id);
	struct expected expected = {.webhook = &seen};
	const struct webhook_change change = {
		.id = seen.id, .wish.events = &push, .expected = &expected};
	assert_ok(c, webhook_change(c, core_of(c), owner, REPO, &change, &now));
	assert_err(c, webhook_change(c, core_of(c), owner, REPO, &change, &now), ERR_CONFLICT);
	assert_true(expected.changed);
	assert_err(c, webhook_delete(c, core_of(c), owner, REPO, seen.id, &expected), ERR_CONFLICT);
	seen = get(c, seen.id);
	assert_ok(c, webhook_delete(c, core_of(c), owner, REPO, seen.id, &expected));
	assert_err(c, webhook_get(c, core_of(c), owner, REPO, seen.id, &seen), ERR_NOT_FOUND);
}

static void deliveries_are_listed_and_asked_for_again(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	const struct actor *owner = &house_of(c)->owner;
	struct webhook_deliveries page;
	house_repo(c, "r", VISIBILITY_PRIVATE);
	int64_t id = add(c).webhook.id;
	struct webhook_query query = {.id = id, .limit = 2};
	for (int64_t i = 1; i <= 3; i++)
		put_delivery(c, id, i, WEBHOOK_DEAD);
	assert_ok(c, webhook_deliveries(c, core, owner, REPO, &query, &page));
	assert_int_equal(page.count, 2);
	assert_true(page.more);
	assert_int_equal(page.at[0].sequence, 3);
	query.before = page.at[1].sequence;
	assert_ok(c, webhook_deliveries(c, core, owner, REPO, &query, &page));
	assert_int_equal(page.count, 1);
	assert_false(page.more);
	assert_err(c, webhook_redeliver(c, core, owner, REPO, id, 4), ERR_NOT_FOUND);
	assert_err(c, webhook_redeliver(c, core, owner, REPO, id + 1, 1), ERR_NOT_FOUND);
	assert_ok(c, webhook_redeliver(c, core, owner, REPO, id, 1));
	assert_ok(c, webhook_deliveries(c, core, owner, REPO, &query, &page));
	assert_int_equal(page.at[0].state, WEBHOOK_WAITING);
	assert_int_equal(page.at[0].attempts, 0);
	assert_true(get(c, id).next > 0);
	assert_str(house_audit(c).action, AUDIT_WEBHOOK_REDELIVERED);
}

static void a_ping_is_an_event(void **state)
{
	struct ctx *c = *state;
	const struct actor *owner = &house_of(c)->owner;
	struct webhook_made made;
	bool off = false;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	int64_t id = add(c).webhook.id;
	assert_ok(c, webhook_ping(c, core_of(c), owner, REPO, id));
	struct event event = last_event(c, &repo);
	assert_int_equal(event.type, EVENT_WEBHOOK_PING);
	assert_str(event.data, arena_fmt(c->arena, "{\"id\":%lld}", (long long)id));
	assert_err(c, webhook_ping(c, core_of(c), owner, REPO, id + 1), ERR_NOT_FOUND);
	const struct webhook_change change = {.id = id, .wish.active = &off};
	assert_ok(c, webhook_change(c, core_of(c), owner, REPO, &change, &made));
	put_delivery(c, id, 1, WEBHOOK_DEAD);
	assert_err(c, webhook_ping(c, core_of(c), owner, REPO, id), ERR_INVALID);
	assert_err(c, webhook_redeliver(c, core_of(c), owner, REPO, id, 1), ERR_INVALID);
}

static void another_repositorys_is_not_there(void **state)
{
	struct ctx *c = *state;
	struct webhook hook;
	house_repo(c, "r", VISIBILITY_PRIVATE);
	house_repo(c, "other", VISIBILITY_PRIVATE);
	int64_t id = add(c).webhook.id;
	assert_err(c, webhook_get(c, core_of(c), &house_of(c)->owner, STR("other"), id, &hook),
		ERR_NOT_FOUND);
	assert_err(c, webhook_delete(c, core_of(c), &house_of(c)->owner, STR("other"), id, NULL),
		ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(they_are_for_who_administers),
		HOUSE_TEST(a_new_one_begins_behind_what_there_is),
		HOUSE_TEST(the_secret_is_told_once_and_lies_sealed),
		HOUSE_TEST(what_makes_no_sense_is_refused),
		HOUSE_TEST(a_change_changes_what_it_says),
		HOUSE_TEST(a_change_is_of_what_was_seen),
		HOUSE_TEST(deliveries_are_listed_and_asked_for_again),
		HOUSE_TEST(a_ping_is_an_event),
		HOUSE_TEST(another_repositorys_is_not_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
