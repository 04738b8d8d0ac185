#include "model/token.h"

#include "unit.h"

#define RANDOM "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"

/* Scanners elsewhere compute it too. */
static void its_text_stays_what_it_is(void **state)
{
	struct ctx *c = *state;
	struct str text = token_text(c->arena, STR(RANDOM));
	assert_str(text, TOKEN_PREFIX RANDOM "2X9eDW");
	assert_true(token_text_ok(text));
	assert_true(token_text_ok(STR(TOKEN_PREFIX RANDOM)));
}

static void what_is_mistyped_is_none(void **state)
{
	struct ctx *c = *state;
	struct str text = token_text(c->arena, STR(RANDOM));
	for (size_t i = 0; i < text.len; i++) {
		char *other = str_dup(c->arena, text);
		other[i] = other[i] == 'x' ? 'y' : 'x';
		assert_false(token_text_ok(str_of(other)));
		assert_int_equal(token_text_ok(str_until(text, i)),
			i == strlen(TOKEN_PREFIX) + TOKEN_RANDOM);
	}
	static const char *const others[] = {"", "nbs_", "nbs_wrong", "NBS_" RANDOM,
		TOKEN_PREFIX RANDOM "0", TOKEN_PREFIX RANDOM "000000",
		TOKEN_PREFIX "-123456789abcdefghijklmnopqrstuvwxyzABCDEFG", RANDOM};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_false(token_text_ok(str_of(others[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(its_text_stays_what_it_is),
		UNIT_TEST(what_is_mistyped_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
