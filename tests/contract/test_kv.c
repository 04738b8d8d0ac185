#include "contract/contract.h"

#include "driver/driver.h"
#include "os/thread.h"

struct world_of_keys {
	struct unit unit;
	struct kv *kv;
};

struct driver {
	const char *name;
	struct kv *(*open)(const struct world *world);
};

static int64_t moved; /* how far the clock of the tests is ahead */

static int64_t moved_monotonic(void)
{
	return os_world()->monotonic() + moved;
}

static struct kv *open_memory(const struct world *world)
{
	return kv_memory_open(64 << 10, world);
}

static const struct driver drivers[] = {{"memory", open_memory}};

static const char *name_of(const void *driver)
{
	return ((const struct driver *)driver)->name;
}

static struct world world;

static int setup(void **state)
{
	const struct driver *driver = *state;
	struct world_of_keys *w = calloc(1, sizeof *w);
	moved = 0;
	world = *os_world();
	world.monotonic = moved_monotonic;
	arena_init(&w->unit.arena);
	ctx_init(&w->unit.ctx, &w->unit.arena, &world);
	w->kv = driver->open(&world);
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

static void nothing_lives_longer_than_it_was_given(void **state)
{
	struct ctx *c = *state;
	struct str value;
	assert_ok(c, kv_put(c, kv_of(c), STR("a"), STR("one"), 60));
	moved += 59000000;
	assert_ok(c, kv_get(c, kv_of(c), STR("a"), &value));
	moved += 2000000;
	assert_err(c, kv_get(c, kv_of(c), STR("a"), &value), ERR_NOT_FOUND);
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
		assert_ok(c, kv_count(c, kv_of(c), STR("n"), 10, &count));
		assert_int_equal(count, i);
		moved += 4000000;
	}
	assert_ok(c, kv_count(c, kv_of(c), STR("n"), 10, &count));
	assert_int_equal(count, 1);
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

int main(void)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(what_was_put_is_got),
		CONTRACT_TEST(nothing_lives_longer_than_it_was_given),
		CONTRACT_TEST(what_is_taken_is_gone),
		CONTRACT_TEST(a_counter_counts_from_its_first_count),
		CONTRACT_TEST(over_its_bound_it_forgets_what_was_used_least_recently),
		CONTRACT_TEST(of_two_takers_one_gets_it),
	};
	static const struct contract contract = CONTRACT(drivers, setup, teardown);
	return contract_run(&contract, tests, sizeof tests / sizeof *tests);
}
