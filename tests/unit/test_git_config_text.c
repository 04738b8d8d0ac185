#include "git/config_text.h"

#include "unit.h"

/* "section.subsection.key=value;" of every entry; "!" at the end when it broke off. */
static const char *all_of(struct ctx *c, const char *text)
{
	struct config_text t = {.rest = str_of(text), .arena = c->arena};
	struct config_entry e;
	struct buf out = {.arena = c->arena};
	while (config_text_next(&t, &e))
		buf_fmt(&out, "%.*s.%.*s.%.*s=%.*s;", STR_FMT(e.section), STR_FMT(e.subsection),
			STR_FMT(e.key), STR_FMT(e.value));
	if (t.broken)
		buf_byte(&out, '!');
	return buf_text(&out);
}

static void what_git_reads_is_read_the_same(void **state)
{
	struct ctx *c = *state;
	static const char *const samples[][2] = {
		{"", ""},
		{"# only\n; comments\n", ""},
		{"[a]\nb = c\n", "a..b=c;"},
		{"[A]B=c", "a..b=c;"},
		{"[a \"S.b\"]\n\tk = v w \t\n", "a.S.b.k=v w;"},
		{"[a.Sub]\nk=v", "a.sub.k=v;"},
		{"[a \"x\\\"y\\\\z\"]\nk=v", "a.x\"y\\z.k=v;"},
		{"[a]\nk = \" v \" # note\nl\n", "a..k= v ;a..l=;"},
		{"[a]\nk = one\\\n two\n", "a..k=one two;"},
		{"[a]\nk = \\t\\n\\\\\\\"\n", "a..k=\t\n\\\";"},
		{"[a]\nk ; note\nl=1", "a..k=;a..l=1;"},
		{"\xef\xbb\xbf[a]\nk=v\r\n", "a..k=v;"},
		{"k = v\n", "!"},
		{"[a\nk = v\n", "!"},
		{"[a \"b]\nk = v\n", "!"},
		{"[a]\nk = \\x\n", "!"},
		{"[a]\nk = \"open\n", "!"},
		{"[a]\nk=1\n= 2\n", "a..k=1;!"},
		{"[]\nk=1\n", "!"},
	};
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
		assert_string_equal(all_of(c, samples[i][0]), samples[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {UNIT_TEST(what_git_reads_is_read_the_same)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
