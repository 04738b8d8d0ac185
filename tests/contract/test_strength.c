#include "contract/contract.h"

#include "driver/driver.h"
#include "model/user.h"

struct driver {
	const char *name;
	struct strength *(*open)(void);
};

static const struct driver drivers[] = {{"zxcvbn", strength_zxcvbn_open}};

static const char *name_of(const void *driver)
{
	return ((const struct driver *)driver)->name;
}

struct judge {
	struct unit unit; /* first, so that *state is its context */
	struct strength *strength;
};

static int setup(void **state)
{
	const struct driver *driver = *state;
	struct judge *j = calloc(1, sizeof *j);
	arena_init(&j->unit.arena);
	ctx_init(&j->unit.ctx, &j->unit.arena, os_world());
	j->strength = driver->open();
	*state = j;
	return 0;
}

static int teardown(void **state)
{
	struct judge *j = *state;
	strength_close(j->strength);
	arena_done(&j->unit.arena);
	free(j);
	return 0;
}

static const struct str known[] = {STR("ada.lovelace"), STR("git.Analytical.example")};

static enum err check(struct ctx *c, struct str password)
{
	return strength_check(c, ((struct judge *)c)->strength, password, known, 2);
}

/* Six times the same letter, of two bytes. */
#define CYRILLIC_A "\xd0\xb0\xd0\xb0\xd0\xb0\xd0\xb0\xd0\xb0\xd0\xb0"

static void what_many_choose_is_refused(void **state)
{
	struct ctx *c = *state;
	static const char *const bad[] = {"", "a", "password", "Password1!", "P@ssw0rd123!",
		"passwordpassword", "password1234", "iloveyou2", "qwertyuiop", "asdfghjkl;",
		"12345678", "123456789012", "aaaaaaaaaaaaaaaaaaaaaaaa", "abcabcabcabcabc",
		"abcdefghijkl", "summer2024", "Summer2026!", "31.12.1999", "letmein!!", "trustno1",
		"Tigger99", CYRILLIC_A CYRILLIC_A};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (check(c, str_of(bad[i])) != ERR_INVALID)
			fail_msg("\"%s\" was taken", bad[i]);
}

/* Four short words, and eight characters. */
#define RUSSIAN                                                              \
	"\xd0\xba\xd0\xbe\xd1\x82 \xd0\xbb\xd0\xb0\xd0\xbc\xd0\xbf\xd0\xb0 " \
	"\xd1\x80\xd0\xb5\xd0\xba\xd0\xb0 \xd0\xb7\xd1\x83\xd0\xb1"
#define CHINESE                                                                                \
	"\xe6\xb0\xb4\xe7\x81\xab\xe6\x9c\xa8\xe9\x87\x91\xe5\x9c\x9f\xe5\xb1\xb1\xe6\xb5\xb7" \
	"\xe9\xa3\x8e"

static void what_is_hard_to_guess_is_taken(void **state)
{
	struct ctx *c = *state;
	static const char *const good[] = {"hK8#vQ2p", "eYk3Zqv8LmTa",
		"correct horse battery staple", "tigger plum canvas orbit", "5f4dcc3b5aa765d6",
		RUSSIAN, CHINESE};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_ok(c, check(c, str_of(good[i])));
}

static void ones_own_names_are_guessed_first(void **state)
{
	struct ctx *c = *state;
	static const char *const names[] = {
		"adalovelace", "Lovelace2026", "ada-lovelace1", "analyticalgit", "L0vel@ce1"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		assert_err(c, check(c, str_of(names[i])), ERR_INVALID);
		if (!strstr(c->error.text, "your name"))
			fail_msg("%s: %s", names[i], c->error.text);
	}
	struct strength *s = ((struct judge *)c)->strength;
	struct str password = STR("xerophyte analytical");
	assert_true(strength_judge(c, s, password, NULL, 0).score >=
		    strength_judge(c, s, password, known, 2).score);
}

static void the_reason_is_what_it_is_made_of(void **state)
{
	struct ctx *c = *state;
	static const struct {
		const char *password, *reason;
	} all[] = {{"sunshine", "common word"}, {"aaaaaaaaaaaaa", "repeats"},
		{"zxcdsaqwe", "row of keys"}, {"3456789", "sequence"}, {"13.07.1983", "date"},
		{"x", "short"}, {"", "short"}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		assert_err(c, check(c, str_of(all[i].password)), ERR_INVALID);
		if (!strstr(c->error.text, all[i].reason))
			fail_msg("%s: %s", all[i].password, c->error.text);
	}
}

/* What is worst for such judges. The whole of it would take a second and more. */
static void a_long_password_costs_no_more_than_its_hash(void **state)
{
	struct ctx *c = *state;
	static const char *const worst[] = {"12", "2024", "a", "4@3", "\xff", "p4ssw0rd5$1!|"};
	char bytes[PASSWORD_MAX];
	for (size_t i = 0; i < sizeof worst / sizeof *worst; i++) {
		size_t len = strlen(worst[i]);
		for (size_t k = 0; k < sizeof bytes; k++)
			bytes[k] = worst[i][k % len];
		int64_t before = contract_cpu();
		if (check(c, str_from(bytes, sizeof bytes)))
			ctx_clear(c);
		int64_t took = contract_cpu() - before;
		if (took > 400000)
			fail_msg("%s: %d ms", worst[i], (int)(took / 1000));
	}
}

int main(void)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(what_many_choose_is_refused),
		CONTRACT_TEST(what_is_hard_to_guess_is_taken),
		CONTRACT_TEST(ones_own_names_are_guessed_first),
		CONTRACT_TEST(the_reason_is_what_it_is_made_of),
		CONTRACT_TEST(a_long_password_costs_no_more_than_its_hash),
	};
	static const struct contract contract = CONTRACT(drivers, setup, teardown);
	return contract_run(&contract, tests, sizeof tests / sizeof *tests);
}
