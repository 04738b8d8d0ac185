#include "core/throttle.h"

#include "driver/driver.h"

#include "unit.h"

static const int64_t SECOND = 1000000;

static bool passes(struct throttle *t, const char *name, uint32_t limit, int64_t now)
{
	return !throttle_take(t, str_of(name), limit, now).refused;
}

static int takes(struct throttle *t, const char *name, uint32_t limit, int64_t now)
{
	int count = 0;
	while (passes(t, name, limit, now))
		count++;
	return count;
}

static void a_minute_has_so_many_and_no_more(void **state)
{
	(void)state;
	struct throttle *t = throttle_open(os_world());
	int64_t now = 5 * SECOND;
	assert_int_equal(takes(t, "a", 60, now), 60);
	struct throttle_answer refused = throttle_take(t, STR("a"), 60, now);
	assert_true(refused.refused);
	assert_int_equal(refused.left, 0);
	assert_int_equal(refused.wait, 1);
	assert_int_equal(refused.full, 60);
	/* One comes in each second, and being refused costs nothing. */
	assert_int_equal(takes(t, "a", 60, now + SECOND - 1), 0);
	assert_int_equal(takes(t, "a", 60, now + SECOND), 1);
	assert_int_equal(takes(t, "a", 60, now + 11 * SECOND), 10);
	assert_int_equal(takes(t, "a", 60, now + 1000 * SECOND), 60);
	assert_int_equal(takes(t, "b", 60, now), 60);
	throttle_close(t);
}

static void what_has_no_limit_or_no_name_has_no_bucket(void **state)
{
	(void)state;
	struct throttle *t = throttle_open(os_world());
	for (int i = 0; i < 1000; i++) {
		assert_true(passes(t, "a", 0, SECOND));
		assert_true(passes(t, "", 1, SECOND));
	}
	assert_int_equal(takes(t, "a", 1000000, SECOND), 1000000);
	throttle_close(t);
}

static void the_crowd_does_not_wash_away_whoever_is_empty(void **state)
{
	(void)state;
	struct throttle *t = throttle_open(os_world());
	assert_int_equal(takes(t, "hog", 10, SECOND), 10);
	for (int i = 0; i < 20000; i++) {
		char name[32];
		fmt_into(name, sizeof name, "one of many %d", i);
		assert_true(passes(t, name, 10, SECOND));
	}
	assert_false(passes(t, "hog", 10, SECOND));
	throttle_close(t);
}

static void processes_share_what_they_took(void **state)
{
	struct ctx *c = *state;
	struct kv *kv = kv_memory_open(1 << 20, os_world());
	struct throttle *one = throttle_open(os_world()), *two = throttle_open(os_world());
	int64_t now = SECOND;
	for (int i = 0; i < 60; i++) {
		assert_true(passes(one, "a", 160, now));
		assert_true(passes(two, "a", 160, now));
	}
	throttle_share(c, one, kv);
	throttle_share(c, two, kv);
	/* Two knows of both now, one learns when it has more to tell. */
	assert_int_equal(throttle_take(two, STR("a"), 160, now).left, 39);
	for (int i = 0; i < 10; i++)
		assert_true(passes(one, "a", 160, now));
	throttle_share(c, one, kv);
	assert_int_equal(throttle_take(one, STR("a"), 160, now).left, 29);
	throttle_close(one);
	throttle_close(two);
	kv_close(kv);
}

static void who_is_far_from_the_limit_asks_nobody(void **state)
{
	struct ctx *c = *state;
	struct str value;
	struct kv *kv = kv_memory_open(1 << 20, os_world());
	struct throttle *t = throttle_open(os_world());
	for (int i = 0; i < 9; i++)
		assert_true(passes(t, "a", 160, SECOND));
	throttle_share(c, t, kv);
	assert_err(c, kv_get(c, kv, STR("rate/a"), &value), ERR_NOT_FOUND);
	assert_true(passes(t, "a", 160, SECOND));
	throttle_share(c, t, kv);
	assert_ok(c, kv_get(c, kv, STR("rate/a"), &value));
	throttle_close(t);
	kv_close(kv);
}

static void without_the_store_each_counts_alone(void **state)
{
	struct ctx *c = *state;
	struct kv *lost;
	struct throttle *t = throttle_open(os_world());
	assert_ok(c, kv_redis_open(c, "redis://127.0.0.1:1", &lost));
	for (int i = 0; i < 50; i++)
		assert_true(passes(t, "a", 100, SECOND));
	throttle_share(c, t, lost);
	assert_int_equal(c->error.kind, OK);
	assert_int_equal(takes(t, "a", 100, SECOND), 50);
	throttle_close(t);
	kv_close(lost);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_minute_has_so_many_and_no_more),
		UNIT_TEST(what_has_no_limit_or_no_name_has_no_bucket),
		UNIT_TEST(the_crowd_does_not_wash_away_whoever_is_empty),
		UNIT_TEST(processes_share_what_they_took),
		UNIT_TEST(who_is_far_from_the_limit_asks_nobody),
		UNIT_TEST(without_the_store_each_counts_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
