/*
 * What every unit test starts from: cmocka, and a fresh `struct ctx *c = *state` for each test.
 *
 *	static void it_holds(void **state) { struct ctx *c = *state; ... }
 *	int main(void) { const struct CMUnitTest tests[] = {UNIT_TEST(it_holds)}; return
 *cmocka_run_group_tests(...); }
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include "base/ctx.h"
#include "base/str.h"
#include "os/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* fail() is base/err.h's, in tests too: cmocka's macro of that name gives way, and leaves
 * fail_msg(). */
#undef fail
#undef fail_msg
#define fail_msg(...)                      \
	do {                               \
		print_error(__VA_ARGS__);  \
		print_error("\n");         \
		_fail(__FILE__, __LINE__); \
	} while (0)

struct unit {
	struct ctx ctx; /* first, so that *state is it */
	struct arena arena;
};

static inline int unit_setup(void **state)
{
	struct unit *u = malloc(sizeof *u);
	arena_init(&u->arena);
	ctx_init(&u->ctx, &u->arena, os_world());
	*state = &u->ctx;
	return 0;
}

static inline int unit_teardown(void **state)
{
	struct unit *u = *state;
	arena_done(&u->arena);
	free(u);
	return 0;
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, unit_setup, unit_teardown)

/* The call worked; else the test fails with the error's text. */
#define assert_ok(c, call)                                                              \
	do {                                                                            \
		enum err got_ = (call);                                                 \
		if (got_)                                                               \
			fail_msg("%s: %s: %s", #call, err_name(got_), (c)->error.text); \
	} while (0)

/* The call failed with exactly this kind, and said so in the context. */
#define assert_err(c, call, expected)                                                \
	do {                                                                         \
		enum err got_ = (call), want_ = (expected);                          \
		if (got_ != want_)                                                   \
			fail_msg("%s: %s instead of %s (%s)", #call, err_name(got_), \
				err_name(want_), (c)->error.text);                   \
		assert_int_equal((c)->error.kind, want_);                            \
		assert_true((c)->error.text[0] != 0);                                \
	} while (0)

/* A view has exactly this text. */
#define assert_str(view, expected)                                                          \
	do {                                                                                \
		struct str view_ = (view), want_ = str_of(expected);                        \
		if (!str_eq(view_, want_))                                                  \
			fail_msg("%s is \"%.*s\" instead of \"%s\"", #view, STR_FMT(view_), \
				want_.at);                                                  \
	} while (0)

#endif
