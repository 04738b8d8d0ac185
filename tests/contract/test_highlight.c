#include "contract/contract.h"

#include "driver/driver.h"
#ifdef NIMBUS_HIGHLIGHT
#include "driver/highlight_grammar.h"
#endif

struct driver {
	const char *name;
	struct highlight *(*open)(void);
};

static struct highlight *none(void)
{
	return NULL;
}

static const struct driver drivers[] = {
	{"plain", none},
#ifdef NIMBUS_HIGHLIGHT
	{"tree-sitter", highlight_tree_sitter_open},
#endif
};

static const char *name_of(const void *driver)
{
	return ((const struct driver *)driver)->name;
}

struct lamp {
	struct unit unit; /* first, so that *state is its context */
	struct highlight *highlight;
};

static int setup(void **state)
{
	const struct driver *driver = *state;
	struct lamp *l = calloc(1, sizeof *l);
	arena_init(&l->unit.arena);
	ctx_init(&l->unit.ctx, &l->unit.arena, os_world());
	l->highlight = driver->open();
	*state = l;
	return 0;
}

static int teardown(void **state)
{
	struct lamp *l = *state;
	highlight_close(l->highlight);
	arena_done(&l->unit.arena);
	free(l);
	return 0;
}

static struct highlight *highlight_of(struct ctx *c)
{
	return ((struct lamp *)c)->highlight;
}

/* The spans are in order, within the text, and none is empty or of no class. */
static struct spans spans_of(struct ctx *c, const char *language, struct str text)
{
	struct spans out;
	size_t end = 0;
	assert_ok(c, highlight_spans(c, highlight_of(c), language, text, &out));
	for (size_t i = 0; i < out.count; i++) {
		assert_true(out.at[i].at >= end);
		assert_true(out.at[i].len > 0);
		assert_true(out.at[i].class != HIGHLIGHT_NONE);
		end = (size_t)out.at[i].at + out.at[i].len;
	}
	assert_true(end <= text.len);
	return out;
}

static bool knows(struct ctx *c, const char *language)
{
	bool known = false;
#ifdef NIMBUS_HIGHLIGHT
	for (size_t i = 0; highlight_of(c) && grammars[i].name; i++)
		known = known || strcmp(grammars[i].name, language) == 0;
	if (highlight_of(c) && !known)
		print_message("skip: the grammar for %s is not here: ./dev grammars fetches it\n",
			language);
#else
	(void)c, (void)language;
#endif
	return known;
}

static void assert_class(struct ctx *c, const char *language, const char *text, const char *word,
	enum highlight_class class)
{
	if (!knows(c, language))
		return;
	struct spans all = spans_of(c, language, str_of(text));
	size_t at = str_find_str(str_of(text), str_of(word));
	for (size_t i = 0; i < all.count; i++)
		if (all.at[i].at <= at && at < all.at[i].at + all.at[i].len) {
			if (all.at[i].class != (unsigned)class)
				fail_msg("%s in %s: class %u", word, language,
					(unsigned)all.at[i].class);
			return;
		}
	if (class != HIGHLIGHT_NONE)
		fail_msg("%s in %s is plain", word, language);
}

static void words_have_the_class_that_people_expect(void **state)
{
	struct ctx *c = *state;
	assert_class(c, "c", "int f(void) { return 17; } /* x */\n", "return", HIGHLIGHT_KEYWORD);
	assert_class(c, "c", "int f(void) { return 17; } /* x */\n", "int", HIGHLIGHT_TYPE);
	assert_class(c, "c", "int f(void) { return 17; } /* x */\n", "17", HIGHLIGHT_NUMBER);
	assert_class(c, "c", "int f(void) { return 17; } /* x */\n", "x *", HIGHLIGHT_COMMENT);
	assert_class(c, "c", "int f(void) { return A_1; }\n", "A_1", HIGHLIGHT_CONSTANT);
	assert_class(c, "cpp", "class A { virtual int f(); };\n", "virtual", HIGHLIGHT_KEYWORD);
	assert_class(c, "cpp", "int a = 1; // c\n", "int", HIGHLIGHT_TYPE);
	assert_class(c, "python", "def f():\n    return f\"a{b}c\"\n", "f()", HIGHLIGHT_FUNCTION);
	assert_class(c, "python", "def f():\n    return f\"a{b}c\"\n", "b}", HIGHLIGHT_NONE);
	assert_class(c, "javascript", "const a = `x${y}z`;\n", "const", HIGHLIGHT_KEYWORD);
	assert_class(c, "typescript", "let a: string = 'b';\n", "'b'", HIGHLIGHT_STRING);
	assert_class(c, "go", "package a\nfunc f() {}\n", "func", HIGHLIGHT_KEYWORD);
	assert_class(c, "rust", "fn f() -> u8 { 1 }\n", "fn", HIGHLIGHT_KEYWORD);
	assert_class(c, "java", "class A { String s = \"b\"; }\n", "\"b\"", HIGHLIGHT_STRING);
	assert_class(c, "bash", "if true; then echo \"a\"; fi # c\n", "# c", HIGHLIGHT_COMMENT);
	assert_class(c, "ruby", "def f\n  nil\nend\n", "def", HIGHLIGHT_KEYWORD);
	assert_class(c, "json", "{\"a\": \"b\"}\n", "\"a\"", HIGHLIGHT_PROPERTY);
	assert_class(c, "json", "{\"a\": \"b\"}\n", "\"b\"", HIGHLIGHT_STRING);
	assert_class(c, "html", "<p class=\"a\">b</p>\n", "p class", HIGHLIGHT_TAG);
	assert_class(c, "css", "p { color: red }\n", "color", HIGHLIGHT_PROPERTY);
	assert_class(c, "yaml", "a: \"b\" # c\n", "a:", HIGHLIGHT_PROPERTY);
	assert_class(c, "toml", "a = 1\n", "a =", HIGHLIGHT_PROPERTY);
	assert_class(c, "make", "ifdef A\nendif\n", "ifdef", HIGHLIGHT_KEYWORD);
}

static void what_is_not_known_or_too_long_is_plain(void **state)
{
	struct ctx *c = *state;
	assert_int_equal(spans_of(c, "klingon", STR("int a;")).count, 0);
	assert_int_equal(spans_of(c, NULL, STR("int a;")).count, 0);
	assert_int_equal(spans_of(c, "c", STR("")).count, 0);
	size_t len = HIGHLIGHT_TEXT_MAX + 1;
	char *text = arena_alloc(c->arena, len);
	memset(text, '7', len);
	assert_int_equal(spans_of(c, "c", str_from(text, len)).count, 0);
}

#ifdef NIMBUS_HIGHLIGHT
enum { MICROS_MAX = 1500000 }; /* of the processor, for one text */

static void fill(char *text, size_t len, const char *piece)
{
	for (size_t i = 0; i < len; i++)
		text[i] = piece[i % strlen(piece)];
}

/* Texts that nest without end, or never close: given up in time, and nothing is written past any buffer. */
static void hostile_texts_end(void **state)
{
	struct ctx *c = *state;
	static const char *const pieces[] = {"(", "{", "[", "<a>", "a: ", "- ", "\"", "/*", "<<A\n",
		"`${", "\\", "\xff", "#{", "if a\n", "%w(", "\t\n ", "a\r\n", "R\"(", "=begin\n",
		"'''", "$(", "(((", "%q<", "[: class \\", "`template<^\\"};
	char *text = arena_alloc(c->arena, 60000);
	for (size_t g = 0; highlight_of(c) && grammars[g].name; g++)
		for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
			struct arena_mark mark = arena_mark(c->arena);
			fill(text, 20000, pieces[i]);
			int64_t begin = contract_cpu();
			spans_of(c, grammars[g].name, str_from(text, 20000));
			int64_t took = contract_cpu() - begin;
			if (took > MICROS_MAX)
				fail_msg("%s: %s: %d ms", grammars[g].name, pieces[i],
					(int)(took / 1000));
			arena_rewind(c->arena, mark);
		}
}

/* What opens, closes and separates in one language or another. */
static const char *const snippets[] = {"(", ")", "[", "]", "{", "}", "<", ">", "\"", "'", "`", "\\",
	"\n", " ", "\t", ":", ";", ",", ".", "*", "&", "|", "-", "+", "=", "!", "?", "#", "$", "%",
	"@", "~", "^", "/", "a", "A", "0", "if ", "else ", "def ", "fn ", "class ", "case ",
	"<<A\n", "<<~A\n", "%w(", "%q<", "#{", "${", "$((", "/*", "*/", "//", "<!--", "<a ", "</a>",
	"R\"a(", "r#\"", "'''", "\"\"\"", "=begin\n", "=end\n", "--- ", "- ", "? ", ": ", "|\n",
	">\n", "&a ", "*a ", "!!a ", "define A\n", "ifeq (", "template<", "operator ", "async ",
	"lambda ", "=> ", "-> ", "::", "...", "\xc3\xbc", "\xff"};

/*
 * Some of them, over and over, by chance but the same each time. NIMBUS_HIGHLIGHT_ROUNDS has it look for longer, and
 * say which took longest: that is a row for hostile_texts_end.
 */
static void whatever_is_repeated_ends(void **state)
{
	struct ctx *c = *state;
	enum { LEN = 60000, ROUNDS = 2, SNIPPETS = sizeof snippets / sizeof *snippets };
	const char *wanted = getenv("NIMBUS_HIGHLIGHT_ROUNDS");
	int rounds = wanted ? atoi(wanted) : ROUNDS;
	char *text = arena_alloc(c->arena, LEN);
	uint64_t random = 88172645463325252u;
	for (size_t g = 0; highlight_of(c) && grammars[g].name; g++) {
		int64_t most = 0;
		char worst[64] = "";
		for (int round = 0; round < rounds; round++) {
			struct arena_mark mark = arena_mark(c->arena);
			char piece[64] = "";
			for (int i = 0; i <= round % 5; i++) {
				random ^= random << 13, random ^= random >> 7;
				random ^= random << 17;
				strcat(piece, snippets[random % SNIPPETS]);
			}
			fill(text, LEN, piece);
			int64_t begin = contract_cpu();
			spans_of(c, grammars[g].name, str_from(text, LEN));
			int64_t took = contract_cpu() - begin;
			if (took > most) {
				most = took;
				strcpy(worst, piece);
			}
			arena_rewind(c->arena, mark);
		}
		if (wanted)
			print_message(
				"%s: %d ms: %s\n", grammars[g].name, (int)(most / 1000), worst);
		if (most > MICROS_MAX)
			fail_msg("%s: %s: %d ms", grammars[g].name, worst, (int)(most / 1000));
	}
}

/* More indentation than a scanner's state has room for. */
static void deep_indentation_is_no_harm(void **state)
{
	struct ctx *c = *state;
	struct buf yaml = {.arena = c->arena}, python = {.arena = c->arena};
	for (int depth = 0; depth < 600; depth++) {
		for (int i = 0; i < depth; i++)
			buf_byte(&yaml, ' '), buf_byte(&python, ' ');
		buf_cstr(&yaml, "a:\n");
		buf_cstr(&python, "if a:\n");
	}
	spans_of(c, "yaml", buf_view(&yaml));
	spans_of(c, "python", buf_view(&python));
}

static void every_query_is_of_its_grammar(void **state)
{
	(void)state;
	for (size_t g = 0; grammars[g].name; g++) {
		const char *why = "";
		struct highlight_query *q = highlight_query_make(&grammars[g], &why);
		if (!q)
			fail_msg("%s: %.60s", grammars[g].name, why);
		highlight_query_free(q);
	}
}
#endif

int main(void)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(words_have_the_class_that_people_expect),
		CONTRACT_TEST(what_is_not_known_or_too_long_is_plain),
#ifdef NIMBUS_HIGHLIGHT
		CONTRACT_TEST(hostile_texts_end),
		CONTRACT_TEST(whatever_is_repeated_ends),
		CONTRACT_TEST(deep_indentation_is_no_harm),
		CONTRACT_TEST(every_query_is_of_its_grammar),
#endif
	};
	static const struct contract contract = CONTRACT(drivers, setup, teardown);
	return contract_run(&contract, tests, sizeof tests / sizeof *tests);
}
