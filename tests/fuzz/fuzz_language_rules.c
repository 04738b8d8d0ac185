/* A .gitattributes that speaks of languages, and the paths that it is asked about. */
#include "model/language_rules.h"

#include "fuzz/fuzz.h"

#include "base/buf.h"

static enum language_id judged(
	struct ctx *c, struct str text, const char *more, struct str folder, struct str name)
{
	struct buf all = {.arena = c->arena};
	struct language_rules rules;
	buf_str(&all, text);
	buf_cstr(&all, more);
	language_rules_read(c->arena, buf_view(&all), &rules);
	ASSERT(rules.list.len <= LANGUAGE_RULES_MAX);
	enum language_id id = language_rules_judge(c->arena, &rules, folder, name);
	ASSERT(id == language_rules_judge(c->arena, &rules, folder, name));
	ASSERT(id == LANGUAGES || languages[id].counts);
	return id;
}

/* The first line is a folder, the second a name in it, what comes after them the file. */
static void fuzz_one(struct ctx *c, struct str input)
{
	struct str folder = str_cut(&input, '\n'), name = str_cut(&input, '\n'), lines = input;
	struct language_rules rules;
	enum language_id alone = judged(c, input, "", folder, name);
	language_rules_read(c->arena, lines, &rules);
	if (rules.list.len == LANGUAGE_RULES_MAX || !name.len || str_find(name, '/') < name.len)
		return;
	/* The last line that fits decides. */
	ASSERT(judged(c, input, "\n* linguist-vendored\n", folder, name) == LANGUAGES);
	ASSERT(judged(c, input, "\n* linguist-language=C -linguist-generated\n", folder, name) ==
		language_called(STR("C")));
	ASSERT(judged(c, input, "\n# linguist-vendored\nnothing/else linguist-vendored\n", STR(""),
		       name) == judged(c, input, "", STR(""), name));
	(void)alone;
}
