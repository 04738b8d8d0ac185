#include "contract/contract.h"

#include "driver/driver.h"

struct driver {
	const char *name;
	struct regex_engine *(*open)(void);
};

static const struct driver drivers[] = {{"pcre2", regex_pcre2_open}};

static const char *name_of(const void *driver)
{
	return ((const struct driver *)driver)->name;
}

struct bench {
	struct unit unit; /* first, so that *state is its context */
	struct regex_engine *engine;
};

static int setup(void **state)
{
	const struct driver *driver = *state;
	struct bench *b = calloc(1, sizeof *b);
	arena_init(&b->unit.arena);
	ctx_init(&b->unit.ctx, &b->unit.arena, os_world());
	b->engine = driver->open();
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	arena_done(&b->unit.arena);
	free(b);
	return 0;
}

static struct regex *compile(struct ctx *c, const char *pattern, bool exact_case)
{
	struct regex *r;
	assert_ok(
		c, regex_compile(c, ((struct bench *)c)->engine, str_of(pattern), exact_case, &r));
	return r;
}

enum { SECOND = 1000000 };

/* "AT+LEN", or "no". */
static const char *find(struct ctx *c, const char *pattern, struct str text, size_t from)
{
	struct regex_match got;
	struct regex *r = compile(c, pattern, false);
	assert_ok(c, regex_find(c, r, text, from, c->world->monotonic() + 60 * SECOND, &got));
	regex_close(&r);
	return got.found ? arena_fmt(c->arena, "%zu+%zu", got.at, got.len) : "no";
}

static void a_match_is_where_it_is(void **state)
{
	struct ctx *c = *state;
	assert_string_equal(find(c, "b+", STR("abba bb"), 0), "1+2");
	assert_string_equal(find(c, "b+", STR("abba bb"), 3), "5+2");
	assert_string_equal(find(c, "B{2}", STR("abba"), 0), "1+2");
	assert_string_equal(find(c, "^b", STR("abba"), 1), "no");
	assert_string_equal(find(c, "\\bb", STR("abba bb"), 1), "5+1");
	assert_string_equal(find(c, "(a)(b)|c", STR("xab"), 0), "1+2");
	assert_string_equal(find(c, "x*", STR("abba"), 2), "2+0");
	assert_string_equal(find(c, "^$", STR(""), 0), "0+0");
	assert_string_equal(find(c, "a\\Kb", STR("ab"), 0), "1+1");
	/* A letter is one, and what is no text keeps from finding none of it. */
	assert_string_equal(find(c, "a.b",
				    STR("a\xc3\xbc"
					"b"),
				    0),
		"0+4");
	assert_string_equal(find(c, "\xc3\x9c", STR("\xff\xfe \xc3\xbc"), 0), "3+2");
	assert_string_equal(find(c, "b",
				    STR("a\xff\x00"
					"b"),
				    0),
		"3+1");
	struct regex *r = compile(c, "b", true);
	struct regex_match got;
	assert_ok(c, regex_find(c, r, STR("B"), 0, c->world->monotonic() + 60 * SECOND, &got));
	assert_false(got.found);
	regex_close(&r);
}

static void what_is_wrong_is_said_and_where(void **state)
{
	struct ctx *c = *state;
	static const struct {
		const char *pattern, *why;
	} bad[] = {
		{"a(b", "missing closing parenthesis at 3"},
		{"a)", "unmatched closing parenthesis at 1"},
		{"[a", "missing terminating ] for character class at 2"},
		{"*", "quantifier does not follow a repeatable item at 0"},
		{"a\\", "\\ at end of pattern at 2"},
		{"\\C", "\\C is disabled"},
		{"\xff", "UTF-8 error"},
		{"((((((((((((((((((((((((((((((((((((((((((((((((((((a", "too deeply nested"},
		{"((a{900}){900}){900}", "too large"},
		{"", "1 to 200 bytes"},
	};
	struct regex *r;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_err(c,
			regex_compile(
				c, ((struct bench *)c)->engine, str_of(bad[i].pattern), false, &r),
			ERR_INVALID);
		if (!strstr(c->error.text, bad[i].why))
			fail_msg("%s: %s", bad[i].pattern, c->error.text);
		assert_null(r);
	}
	char *longer = arena_alloc(c->arena, REGEX_PATTERN_MAX + 1);
	memset(longer, 'a', REGEX_PATTERN_MAX + 1);
	assert_err(c,
		regex_compile(c, ((struct bench *)c)->engine,
			str_from(longer, REGEX_PATTERN_MAX + 1), false, &r),
		ERR_INVALID);
	assert_err(c, regex_compile(c, NULL, STR("a"), false, &r), ERR_UNSUPPORTED);
}

/* Expressions that take a text of this length in its square, its cube, or two to the power of it. */
static void it_gives_up_when_it_is_told_to(void **state)
{
	struct ctx *c = *state;
	static const char *const dear[] = {"(a+)+$", "(a|aa)+$", "(a+a+)+[yz]", "[ab]*[cd]",
		"(.*)\\1\\1[yz]", "(?=(a+)+$)b", "(?:a?){60}a{60}[yz]", ".*.*.*.*[yz]",
		"(a*)*(a*)*[yz]", "(?<!a)(a|b|ab)*[yz]", "^(([a-z])+.)+[A-Z]([a-z])+$",
		"(?>a|aa)*?[yz]", "\\b(\\w+\\s?)*$"};
	char *text = arena_alloc(c->arena, REGEX_TEXT_MAX);
	memset(text, 'a', REGEX_TEXT_MAX);
	text[REGEX_TEXT_MAX - 1] = '!';
	for (size_t i = 0; i < sizeof dear / sizeof *dear; i++) {
		struct regex_match got;
		struct regex *r;
		if (regex_compile(c, ((struct bench *)c)->engine, str_of(dear[i]), false, &r)) {
			fail_msg("%s: %s", dear[i], c->error.text);
			return;
		}
		int64_t begin = c->world->monotonic(), took = contract_cpu();
		enum err kind = regex_find(
			c, r, str_from(text, REGEX_TEXT_MAX), 0, begin + SECOND / 20, &got);
		took = contract_cpu() - took;
		if (took > SECOND)
			fail_msg("%s: %d ms", dear[i], (int)(took / 1000));
		assert_true(kind == OK || kind == ERR_TIMEOUT);
		/* It is as good as before. */
		assert_ok(c, regex_find(c, r, STR("az"), 0, begin + 60 * SECOND, &got));
		regex_close(&r);
	}
	struct regex_match got;
	/* What calls itself for ever is told at once. */
	struct regex *r = compile(c, "((?:a|b|(?1))*)[cd]", false);
	assert_err(c, regex_find(c, r, STR("az"), 0, c->world->monotonic() + 60 * SECOND, &got),
		ERR_TIMEOUT);
	regex_close(&r);
	r = compile(c, "(a+)+$", false);
	assert_err(c, regex_find(c, r, str_from(text, REGEX_TEXT_MAX), 0, 0, &got), ERR_TIMEOUT);
	regex_close(&r);
}

int main(void)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(a_match_is_where_it_is),
		CONTRACT_TEST(what_is_wrong_is_said_and_where),
		CONTRACT_TEST(it_gives_up_when_it_is_told_to),
	};
	static const struct contract contract = CONTRACT(drivers, setup, teardown);
	return contract_run(&contract, tests, sizeof tests / sizeof *tests);
}
