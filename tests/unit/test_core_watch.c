/* core/watch.c: who is told what happened, from where on, and until when. */
#include "core/watch.h"

#include "core_house.h"

#define NAME STR("r")

static const struct str none = {0};

static struct repo make(struct ctx *c)
{
	return house_repo(c, "r", VISIBILITY_PRIVATE);
}

static struct watched watch_ok(struct ctx *c, const struct actor *who, struct watch *w)
{
	struct watched got;
	assert_ok(c, watch_read(c, core_of(c), who, none, w, &got));
	return got;
}

static void add(struct ctx *c, int64_t repo_id, enum event_type type, struct str data)
{
	DB_TX *tx = NULL;
	const struct event event = {.repo_id = repo_id, .type = type, .data = data};
	assert_ok(c, db_begin(c, core_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, meta_event_add(c, tx, &event));
	assert_ok(c, db_commit(c, &tx));
}

static void each_is_told_once_from_the_cursor_on(void **state)
{
	struct ctx *c = *state;
	const struct actor *owner = &house_of(c)->owner;
	struct repo repo = make(c);
	struct watch all = {.name = NAME}, later = {.name = NAME, .cursor = -1};
	struct watched got = watch_ok(c, owner, &all);
	assert_int_equal(got.count, 1);
	assert_int_equal(got.at[0].type, EVENT_REPOSITORY_CREATED);
	assert_int_equal(got.from, 0);
	got = watch_ok(c, owner, &later);
	assert_int_equal(got.count, 0);
	assert_int_equal(got.from, 1);
	for (int i = 0; i < WATCH_PAGE + 5; i++)
		add(c, repo.id, EVENT_REPOSITORY_UPDATED, STR("{}"));
	got = watch_ok(c, owner, &later);
	assert_int_equal(got.count, WATCH_PAGE);
	assert_true(got.more);
	got = watch_ok(c, owner, &later);
	assert_int_equal(got.count, 5);
	assert_false(got.more);
	assert_int_equal(later.cursor, WATCH_PAGE + 6);
	struct watch ahead = {.name = NAME, .cursor = WATCH_PAGE + 7};
	assert_err(c, watch_read(c, core_of(c), owner, none, &ahead, &got), ERR_INVALID);
}

static void what_is_too_long_or_not_for_them_is_left_out(void **state)
{
	struct ctx *c = *state;
	struct repo repo = make(c);
	struct actor anna = house_person(c, "anna");
	const struct permission_on on = {NAME, anna.username};
	char *data = arena_alloc(c->arena, WATCH_DATA_MAX + 1);
	memset(data, ' ', WATCH_DATA_MAX + 1);
	assert_ok(c, permission_put(c, core_of(c), &house_of(c)->owner, &on, PERMISSION_READ, 0));
	add(c, repo.id, EVENT_PUSH, str_from(data, WATCH_DATA_MAX + 1));
	add(c, repo.id, EVENT_RULE_CHANGED, STR("{}"));
	struct watch hers = {.name = NAME};
	struct watched got = watch_ok(c, &anna, &hers);
	assert_int_equal(got.count, 2); /* created, and the push */
	assert_int_equal(got.at[1].type, EVENT_PUSH);
	assert_int_equal(got.at[1].data.len, 0);
	assert_int_equal(hers.cursor, 4);
	struct watch owners = {.name = NAME};
	assert_int_equal(watch_ok(c, &house_of(c)->owner, &owners).count, 4);
}

static void who_may_not_read_is_told_that_it_is_not_there(void **state)
{
	struct ctx *c = *state;
	struct watched got;
	struct actor anna = house_person(c, "anna");
	struct actor nobody = ACTOR_ANONYMOUS;
	struct watch w = {.name = NAME};
	make(c);
	assert_err(c, watch_read(c, core_of(c), &anna, none, &w, &got), ERR_NOT_FOUND);
	assert_err(c, watch_read(c, core_of(c), &nobody, none, &w, &got), ERR_UNAUTH);
	const struct permission_on on = {NAME, anna.username};
	assert_ok(c, permission_put(c, core_of(c), &house_of(c)->owner, &on, PERMISSION_READ, 0));
	watch_ok(c, &anna, &w);
	assert_ok(c, permission_delete(c, core_of(c), &house_of(c)->owner, &on));
	assert_err(c, watch_read(c, core_of(c), &anna, none, &w, &got), ERR_NOT_FOUND);
	anna.generation++;
	assert_err(c, watch_read(c, core_of(c), &anna, none, &w, &got), ERR_UNAUTH);
	assert_err(c, watch_stands(c, core_of(c), &anna, none), ERR_UNAUTH);
	assert_err(c, watch_stands(c, core_of(c), &house_of(c)->owner, STR("no-such-session")),
		ERR_UNAUTH);
}

static void a_session_stands_until_it_is_idle_for_too_long_or_ended(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	const struct actor *owner = &house_of(c)->owner;
	struct watched got;
	struct watch w = {.name = NAME};
	make(c);
	struct session one = house_session(c, owner), two = house_session(c, owner);
	assert_ok(c, watch_read(c, core, owner, one.id, &w, &got));
	assert_ok(c, watch_stands(c, core, owner, one.id));
	assert_ok(c, session_end(c, core, one.cookie));
	assert_err(c, watch_read(c, core, owner, one.id, &w, &got), ERR_UNAUTH);
	assert_err(c, watch_stands(c, core, owner, one.id), ERR_UNAUTH);
	/* Listening is no use: what nobody else uses is over. */
	house_moved += core->limits.session_idle_seconds * 1000000 + 1000000;
	assert_err(c, watch_stands(c, core, owner, two.id), ERR_UNAUTH);
}

static void a_name_that_went_to_another_is_not_followed(void **state)
{
	struct ctx *c = *state;
	struct watched got;
	struct watch w = {.name = NAME};
	make(c);
	watch_ok(c, &house_of(c)->owner, &w);
	w.repo_id += 1000;
	assert_err(
		c, watch_read(c, core_of(c), &house_of(c)->owner, none, &w, &got), ERR_NOT_FOUND);
}

static void hear(void *arg, struct str message)
{
	struct buf *heard = arg;
	buf_str(heard, message);
	buf_byte(heard, ' ');
}

static void what_was_recorded_is_told_once_and_found_again(void **state)
{
	struct ctx *c = *state;
	struct buf heard = {.arena = c->arena};
	struct kv_sub *sub;
	struct meta_event_head *heads;
	size_t count;
	int64_t since = 0;
	assert_ok(c, watch_listen(c, core_of(c), hear, &heard, &sub));
	c->recorded.count = 0;
	struct repo repo = make(c);
	watch_tell(c, core_of(c));
	watch_tell(c, core_of(c));
	kv_unsubscribe(sub);
	const char *id = arena_fmt(c->arena, "%lld ", (long long)repo.id);
	assert_string_equal(buf_text(&heard), id);
	assert_ok(c, watch_recent(c, core_of(c), &since, &heads, &count));
	assert_true(since > 0);
	bool found = false;
	for (size_t i = 0; i < count; i++)
		found |= heads[i].repo_id == repo.id && heads[i].sequence == 1;
	assert_true(found);
	house_moved += 120 * 1000000LL;
	assert_ok(c, watch_recent(c, core_of(c), &since, &heads, &count));
	house_moved += 120 * 1000000LL;
	assert_ok(c, watch_recent(c, core_of(c), &since, &heads, &count));
	assert_int_equal(count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(each_is_told_once_from_the_cursor_on),
		HOUSE_TEST(what_is_too_long_or_not_for_them_is_left_out),
		HOUSE_TEST(who_may_not_read_is_told_that_it_is_not_there),
		HOUSE_TEST(a_session_stands_until_it_is_idle_for_too_long_or_ended),
		HOUSE_TEST(a_name_that_went_to_another_is_not_followed),
		HOUSE_TEST(what_was_recorded_is_told_once_and_found_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
