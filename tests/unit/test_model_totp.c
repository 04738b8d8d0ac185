#include "model/totp.h"

#include "unit.h"

/* RFC 6238, appendix B: its eight digits' last six. */
static const struct {
	int64_t time;
	const char *code;
} vectors[] = {{59, "287082"}, {1111111109, "081804"}, {1111111111, "050471"},
	{1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};

static const struct str secret = {"12345678901234567890", 20};

static void codes_are_those_of_the_specification(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		char code[TOTP_DIGITS + 1];
		int64_t used = 0;
		totp_code(secret, vectors[i].time / TOTP_SECONDS, code);
		assert_string_equal(code, vectors[i].code);
		assert_true(totp_check(secret, str_of(code), vectors[i].time, &used));
		assert_true(used == vectors[i].time / TOTP_SECONDS);
	}
}

static void a_clock_may_be_a_step_off(void **state)
{
	(void)state;
	static const int64_t now = 1111111109;
	for (int64_t off = -3; off <= 3; off++) {
		char code[TOTP_DIGITS + 1];
		int64_t used = 0, step = now / TOTP_SECONDS + off;
		bool near = off >= -1 && off <= 1;
		totp_code(secret, step, code);
		assert_int_equal(totp_check(secret, str_of(code), now, &used), near);
		assert_true(used == (near ? step : 0));
	}
}

static void a_code_works_once(void **state)
{
	(void)state;
	char code[TOTP_DIGITS + 1], next[TOTP_DIGITS + 1];
	int64_t now = 1111111109, used = 0, step = now / TOTP_SECONDS;
	totp_code(secret, step, code);
	totp_code(secret, step + 1, next);
	assert_true(totp_check(secret, str_of(code), now, &used));
	assert_false(totp_check(secret, str_of(code), now, &used));
	assert_true(used == step);
	/* nor one of a step before that has been used */
	assert_true(totp_check(secret, str_of(next), now, &used));
	assert_false(totp_check(secret, str_of(code), now, &used));
	assert_true(used == step + 1);
}

static void people_may_type_spaces(void **state)
{
	(void)state;
	static const char *const good[] = {"081 804", " 081804 ", "0 8 1 8 0 4"};
	static const char *const bad[] = {"", "81804", "0818040", "08180a", "081-804", "081804\n",
		"\xd9\xa0\xd9\xa8", "+81804", "081805"};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		int64_t used = 0;
		assert_true(totp_check(secret, str_of(good[i]), 1111111109, &used));
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		int64_t used = 0;
		assert_false(totp_check(secret, str_of(bad[i]), 1111111109, &used));
		assert_true(used == 0);
	}
}

static void another_secret_has_other_codes(void **state)
{
	struct ctx *c = *state;
	struct str one = totp_secret(c), other = totp_secret(c);
	assert_int_equal(one.len, TOTP_SECRET);
	assert_false(str_eq(one, other));
}

static void apps_are_told_all_in_one_address(void **state)
{
	struct ctx *c = *state;
	assert_str(totp_uri(c->arena, secret, STR("Nimbus"), STR("ada")),
		"otpauth://totp/Nimbus:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Nimbus"
		"&algorithm=SHA1&digits=6&period=30");
	assert_str(totp_uri(c->arena, STR("f"), STR("A & B: \xc3\xa4/?"), STR("a+b@c:d")),
		"otpauth://totp/A%20%26%20B%20%20%C3%A4%2F%3F:a%2Bb%40c%3Ad?secret=MY"
		"&issuer=A%20%26%20B%20%20%C3%A4%2F%3F&algorithm=SHA1&digits=6&period=30");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(codes_are_those_of_the_specification),
		UNIT_TEST(a_clock_may_be_a_step_off),
		UNIT_TEST(a_code_works_once),
		UNIT_TEST(people_may_type_spaces),
		UNIT_TEST(another_secret_has_other_codes),
		UNIT_TEST(apps_are_told_all_in_one_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
