#include "contract/contract.h"

#include "contract/ear.h"
#include "driver/driver.h"
#include "os/log.h"
#include "os/thread.h"

struct world_of_keys {
	struct unit unit;
	struct kv *kv;
	const struct driver *driver;
};

struct driver {
	const char *name;
	void (*open)(struct ctx *c, struct kv **out);
	void (*pass)(struct ctx *c, int64_t seconds); /* lets its time pass, at once */
	const char *needs; /* the variable with its address; NULL: it needs none */
};

static int64_t moved; /* how far the clock of the tests is ahead */

/* Slow, so that whoever talks to a server is patient, however much the machine has to do. */
static int64_t moved_monotonic(void)
{
	return ear_slow_clock() + moved;
}

static void pass_by_the_clock(struct ctx *c, int64_t seconds)
{
	(void)c;
	moved += seconds * 1000000;
}

/* Each key there is has that much less to live. */
static void pass_in(struct ctx *c, const char *url, int64_t seconds)
{
	static const char script[] =
		"for _, key in ipairs(redis.call('KEYS', '*')) do "
		"redis.call('PEXPIRE', key, redis.call('PTTL', key) - tonumber(ARGV[1])) end";
	struct str words[] = {STR("EVAL"), STR(script), STR("0"),
		str_of(arena_fmt(c->arena, "%lld000", (long long)seconds))};
	ear_redis(url, 4, words);
}

static void pass_in_redis(struct ctx *c, int64_t seconds)
{
	pass_in(c, getenv("NIMBUS_TEST_REDIS"), seconds);
}

static void pass_in_redis_tls(struct ctx *c, int64_t seconds)
{
	pass_in(c, getenv("NIMBUS_TEST_REDIS_TLS"), seconds);
}

static void open_memory(struct ctx *c, struct kv **out)
{
	*out = kv_memory_open(64 << 10, c->world);
}

/* An empty one. */
static void open_redis_at(struct ctx *c, const char *url, struct kv **out)
{
	struct str words[] = {STR("FLUSHDB")};
	ear_redis(url, 1, words);
	const char *ca = ear_cut_ca(c->arena, &url);
	assert_ok(c, kv_redis_open_as(c, &(struct secret_set){{{NULL, url}}},
			     &(struct redis_files){.ca = ca}, out));
}

static void open_redis(struct ctx *c, struct kv **out)
{
	open_redis_at(c, getenv("NIMBUS_TEST_REDIS"), out);
}

static void open_redis_tls(struct ctx *c, struct kv **out)
{
	open_redis_at(c, getenv("NIMBUS_TEST_REDIS_TLS"), out);
}

static const struct driver drivers[] = {
	{"memory", open_memory, pass_by_the_clock, NULL},
	{"redis", open_redis, pass_in_redis, "NIMBUS_TEST_REDIS"},
	{"redis_tls", open_redis_tls, pass_in_redis_tls, "NIMBUS_TEST_REDIS_TLS"},
};

static const char *name_of(const void *driver)
{
	return ((const struct driver *)driver)->name;
}

static const char *needs(const void *driver)
{
	return ((const struct driver *)driver)->needs;
}

static struct world world;

static int setup(void **state)
{
	struct world_of_keys *w = calloc(1, sizeof *w);
	w->driver = *state;
	moved = 0;
	world = *os_world();
	world.monotonic = moved_monotonic;
	arena_init(&w->unit.arena);
	ctx_init(&w->unit.ctx, &w->unit.arena, &world);
	w->driver->open(&w->unit.ctx, &w->kv);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world_of_keys *w = *state;
	kv_close(w->kv);
	arena_done(&w->unit.arena);
	free(w);
	return 0;
}

static void let_pass(struct ctx *c, int64_t seconds)
{
	((struct world_of_keys *)c)->driver->pass(c, seconds);
}

static struct kv *kv_of(struct ctx *c)
{
	return ((struct world_of_keys *)c)->kv;
}

static void what_was_put_is_got(void **state)
{
	struct ctx *c = *state;
	struct str value;
	assert_err(c, kv_get(c, kv_of(c), STR("a"), &value), ERR_NOT_FOUND);
	assert_ok(c, kv_put(c, kv_of(c), STR("a"), STR("one"), 60));
	assert_ok(c, kv_put(c, kv_of(c), STR("b"), STR(""), 60));
	assert_ok(c, kv_put(c, kv_of(c), STR("a"), STR("two"), 60));
	assert_ok(c, kv_get(c, kv_of(c), STR("a"), &value));
	assert_str(value, "two");
	assert_ok(c, kv_get(c, kv_of(c), STR("b"), &value));
	assert_int_equal(value.len, 0);
	assert_ok(c, kv_remove(c, kv_of(c), STR("a")));
	assert_ok(c, kv_remove(c, kv_of(c), STR("a")));
	assert_err(c, kv_get(c, kv_of(c), STR("a"), &value), ERR_NOT_FOUND);
}

static void values_and_keys_are_any_bytes(void **state)
{
	struct ctx *c = *state;
	struct str value, bytes = STR("\0\r\n$5\r\n\xff\0"), key = STR("a\0 \r\n*1");
	assert_ok(c, kv_put(c, kv_of(c), key, bytes, 60));
	assert_ok(c, kv_get(c, kv_of(c), key, &value));
	assert_true(str_eq(value, bytes));
	assert_err(c, kv_get(c, kv_of(c), STR("a"), &value), ERR_NOT_FOUND);
	assert_ok(c, kv_take(c, kv_of(c), key, &value));
	assert_true(str_eq(value, bytes));
}

static void nothing_lives_longer_than_it_was_given(void **state)
{
	struct ctx *c = *state;
	struct str value;
	assert_ok(c, kv_put(c, kv_of(c), STR("a"), STR("one"), 300));
	assert_ok(c, kv_put(c, kv_of(c), STR("b"), STR("one"), 300));
	let_pass(c, 200);
	assert_ok(c, kv_get(c, kv_of(c), STR("a"), &value));
	assert_ok(c, kv_put(c, kv_of(c), STR("b"), STR("two"), 600));
	let_pass(c, 100);
	assert_err(c, kv_get(c, kv_of(c), STR("a"), &value), ERR_NOT_FOUND);
	assert_ok(c, kv_get(c, kv_of(c), STR("b"), &value));
	assert_str(value, "two");
	assert_ok(c, kv_put(c, kv_of(c), STR("b"), STR("over"), 0));
	assert_err(c, kv_get(c, kv_of(c), STR("b"), &value), ERR_NOT_FOUND);
}

static void what_is_taken_is_gone(void **state)
{
	struct ctx *c = *state;
	struct str value;
	assert_ok(c, kv_put(c, kv_of(c), STR("a"), STR("one"), 60));
	assert_ok(c, kv_take(c, kv_of(c), STR("a"), &value));
	assert_str(value, "one");
	assert_err(c, kv_take(c, kv_of(c), STR("a"), &value), ERR_NOT_FOUND);
}

static void a_counter_counts_from_its_first_count(void **state)
{
	struct ctx *c = *state;
	int64_t count;
	for (int i = 1; i <= 3; i++) {
		assert_ok(c, kv_count(c, kv_of(c), STR("n"), 300, &count));
		assert_int_equal(count, i);
		let_pass(c, 100);
	}
	assert_ok(c, kv_count(c, kv_of(c), STR("n"), 300, &count));
	assert_int_equal(count, 1);
	assert_ok(c, kv_add(c, kv_of(c), STR("n"), 41, 300, &count));
	assert_int_equal(count, 42);
	assert_ok(c, kv_add(c, kv_of(c), STR("new"), 7, 300, &count));
	assert_int_equal(count, 7);
}

static void over_its_bound_it_forgets_what_was_used_least_recently(void **state)
{
	struct ctx *c = *state;
	struct str value, big = str_from(arena_alloc(c->arena, 4000), 4000);
	assert_ok(c, kv_put(c, kv_of(c), STR("kept"), STR("x"), 600));
	for (int i = 0; i < 100; i++) {
		assert_ok(
			c, kv_put(c, kv_of(c), str_of(arena_fmt(c->arena, "big-%d", i)), big, 600));
		assert_ok(c, kv_get(c, kv_of(c), STR("kept"), &value));
	}
	assert_err(c, kv_get(c, kv_of(c), STR("big-0"), &value), ERR_NOT_FOUND);
	assert_ok(c, kv_get(c, kv_of(c), STR("big-99"), &value));
	big = str_from(arena_alloc(c->arena, 100 << 10), 100 << 10);
	assert_err(c, kv_put(c, kv_of(c), STR("huge"), big, 600), ERR_TOO_BIG);
}

struct taker {
	struct kv *kv;
	int taken, counted;
};

static void take_many(void *arg)
{
	struct taker *t = arg;
	struct arena arena;
	struct ctx c;
	struct str value;
	int64_t count;
	arena_init(&arena);
	ctx_init(&c, &arena, os_world());
	for (int i = 0; i < 100; i++) {
		struct str key = str_of(arena_fmt(&arena, "k%d", i));
		t->taken += kv_take(&c, t->kv, key, &value) == OK;
		t->counted += kv_count(&c, t->kv, STR("all"), 600, &count) == OK;
	}
	arena_done(&arena);
}

static void of_two_takers_one_gets_it(void **state)
{
	struct ctx *c = *state;
	struct taker takers[4];
	struct thread threads[4];
	for (int i = 0; i < 100; i++)
		assert_ok(c,
			kv_put(c, kv_of(c), str_of(arena_fmt(c->arena, "k%d", i)), STR("x"), 600));
	int taken = 0, counted = 0;
	for (int i = 0; i < 4; i++) {
		takers[i] = (struct taker){kv_of(c), 0, 0};
		assert_ok(c, thread_start(c, "taker", take_many, &takers[i], &threads[i]));
	}
	for (int i = 0; i < 4; i++) {
		thread_join(&threads[i]);
		taken += takers[i].taken;
		counted += takers[i].counted;
	}
	assert_int_equal(taken, 100);
	assert_int_equal(counted, 400);
	int64_t count;
	assert_ok(c, kv_count(c, kv_of(c), STR("all"), 600, &count));
	assert_int_equal(count, 401);
}

static void who_listens_hears_what_is_published(void **state)
{
	struct ctx *c = *state;
	struct ear one = {0}, two = {0}, other = {0};
	struct kv_sub *sub_one, *sub_two, *sub_other;
	assert_ok(c, kv_publish(c, kv_of(c), STR("room"), STR("nobody hears")));
	assert_ok(c, kv_subscribe(c, kv_of(c), STR("room"), ear_hear, &one, &sub_one));
	assert_ok(c, kv_subscribe(c, kv_of(c), STR("room"), ear_hear, &two, &sub_two));
	assert_ok(c, kv_subscribe(c, kv_of(c), STR("room2"), ear_hear, &other, &sub_other));
	assert_ok(c, kv_publish(c, kv_of(c), STR("room"), STR("a")));
	assert_ok(c, kv_publish(c, kv_of(c), STR("room"), STR("")));
	assert_ok(c, kv_publish(c, kv_of(c), STR("room2"), STR("x")));
	assert_ok(c, kv_publish(c, kv_of(c), STR("room"), STR("\0\r\n")));
	struct str heard = STR("a;;\0\r\n;");
	assert_true(ear_waits(&one, heard));
	assert_true(ear_waits(&two, heard));
	assert_true(ear_waits(&other, STR("x;")));
	kv_unsubscribe(sub_one);
	assert_ok(c, kv_publish(c, kv_of(c), STR("room"), STR("b")));
	assert_true(ear_waits(&two, STR("a;;\0\r\n;b;")));
	assert_true(ear_waits(&one, heard));
	kv_unsubscribe(sub_two);
	kv_unsubscribe(sub_other);
	assert_int_equal(one.missed + two.missed + other.missed, 0);
}

static void who_comes_back_to_a_channel_hears_again(void **state)
{
	struct ctx *c = *state;
	struct kv_sub *sub;
	for (int i = 0; i < 50; i++) {
		struct ear ear = {0};
		assert_ok(c, kv_subscribe(c, kv_of(c), STR("room"), ear_hear, &ear, &sub));
		assert_ok(c, kv_publish(c, kv_of(c), STR("room"), STR("again")));
		assert_true(ear_waits(&ear, STR("again;")));
		kv_unsubscribe(sub);
	}
}

static void a_message_has_a_bound(void **state)
{
	struct ctx *c = *state;
	struct ear ear = {0};
	struct kv_sub *sub;
	struct str big = str_from(arena_alloc(c->arena, KV_MESSAGE_MAX + 1), KV_MESSAGE_MAX + 1);
	assert_ok(c, kv_subscribe(c, kv_of(c), STR("room"), ear_hear, &ear, &sub));
	assert_err(c, kv_publish(c, kv_of(c), STR("room"), big), ERR_TOO_BIG);
	big.len--;
	assert_ok(c, kv_publish(c, kv_of(c), STR("room"), big));
	assert_true(ear_waits_for_bytes(&ear, KV_MESSAGE_MAX + 1));
	kv_unsubscribe(sub);
}

struct speaker {
	struct kv *kv;
	char word;
	int said;
};

static void speak(void *arg)
{
	struct speaker *s = arg;
	struct arena arena;
	struct ctx c;
	arena_init(&arena);
	ctx_init(&c, &arena, os_world());
	for (int i = 0; i < 200; i++)
		s->said += kv_publish(&c, s->kv, STR("room"), str_from(&s->word, 1)) == OK;
	arena_done(&arena);
}

static void many_speak_at_once_and_nothing_is_lost(void **state)
{
	struct ctx *c = *state;
	struct ear ear = {0}, passing = {0};
	struct speaker speakers[3];
	struct thread threads[3];
	struct kv_sub *sub, *brief;
	assert_ok(c, kv_subscribe(c, kv_of(c), STR("room"), ear_hear, &ear, &sub));
	for (int i = 0; i < 3; i++) {
		speakers[i] = (struct speaker){kv_of(c), (char)('a' + i), 0};
		assert_ok(c, thread_start(c, "speaker", speak, &speakers[i], &threads[i]));
	}
	for (int i = 0; i < 50; i++) {
		assert_ok(c, kv_subscribe(c, kv_of(c), STR("room"), ear_hear, &passing, &brief));
		kv_unsubscribe(brief);
	}
	for (int i = 0; i < 3; i++) {
		thread_join(&threads[i]);
		assert_int_equal(speakers[i].said, 200);
	}
	assert_true(ear_waits_for_bytes(&ear, 3 * 200 * 2));
	kv_unsubscribe(sub);
}

int main(void)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(what_was_put_is_got),
		CONTRACT_TEST(values_and_keys_are_any_bytes),
		CONTRACT_TEST(nothing_lives_longer_than_it_was_given),
		CONTRACT_TEST(what_is_taken_is_gone),
		CONTRACT_TEST(a_counter_counts_from_its_first_count),
		CONTRACT_TEST(of_two_takers_one_gets_it),
		CONTRACT_TEST(who_listens_hears_what_is_published),
		CONTRACT_TEST(who_comes_back_to_a_channel_hears_again),
		CONTRACT_TEST(a_message_has_a_bound),
		CONTRACT_TEST(many_speak_at_once_and_nothing_is_lost),
	};
	/* The bound of a server's memory is its own. */
	static const struct contract_test bounded[] = {
		CONTRACT_TEST(over_its_bound_it_forgets_what_was_used_least_recently),
	};
	struct contract contract = CONTRACT(drivers, setup, teardown);
	contract.needs = needs;
	log_init(LOG_LEVEL_OFF, 1);
	int failed = contract_run(&contract, tests, sizeof tests / sizeof *tests);
	contract.count = 1;
	return failed + contract_run(&contract, bounded, 1);
}
