/* driver/highlight_guard.c: who takes too much is left where it is, and leaves nothing behind (LeakSanitizer looks). */
#include "unit.h"

#ifdef NIMBUS_HIGHLIGHT
#include "driver/highlight_guard.h"

#include <tree_sitter/api.h>

static void need_little(void *arg)
{
	int *done = arg;
	TSParser *parser = ts_parser_new();
	ts_parser_reset(parser);
	++*done;
}

/* The library's pool of small things grows without end. */
static void need_ever_more(void *arg)
{
	int *done = arg;
	for (;;) {
		assert_non_null(ts_parser_new());
		++*done;
	}
}

static void never_end(void *arg)
{
	(void)arg;
	for (;;)
		guard_check();
}

static void who_takes_too_much_is_stopped(void **state)
{
	struct ctx *c = *state;
	int done = 0;
	int64_t now = c->world->monotonic();
	guard_install();
	guard_check();
	assert_true(guard_run(c, 1 << 20, now + 60000000, need_little, &done));
	assert_int_equal(done, 1);
	assert_false(guard_run(c, 1 << 20, now + 60000000, need_ever_more, &done));
	assert_true(done > 1);
	assert_false(guard_run(c, SIZE_MAX / 2, now + 20000, need_ever_more, &done));
	assert_false(guard_run(c, 1 << 20, now + 40000, never_end, &done));
	assert_false(guard_run(c, 0, now + 60000000, need_little, &done));
	assert_true(c->world->monotonic() - now < 20000000);
}

/* What is made outside is counted nowhere, and lives until it is given back. */
static void what_is_made_outside_stays(void **state)
{
	struct ctx *c = *state;
	int done = 0;
	guard_install();
	TSParser *parser = ts_parser_new();
	assert_false(guard_run(c, 1 << 20, INT64_MAX, need_ever_more, &done));
	ts_parser_delete(parser);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(who_takes_too_much_is_stopped),
		UNIT_TEST(what_is_made_outside_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void)
{
	print_message("skip: the grammars are not here: ./dev grammars fetches them\n");
	return 0;
}
#endif
