#include "model/language_rules.h"

#include "base/buf.h"

static void read_attribute(struct str word, struct language_rule *r)
{
	static const char *const skipping[] = {
		"linguist-vendored", "linguist-generated", "linguist-documentation"};
	if (str_skip(&word, STR("linguist-language="))) {
		r->named = word;
		return;
	}
	bool off = str_skip(&word, STR("-"));
	off = str_skip_end(&word, STR("=false")) || off;
	(void)str_skip_end(&word, STR("=true"));
	for (size_t i = 0; i < sizeof skipping / sizeof *skipping; i++)
		if (str_is(word, skipping[i]))
			r->skips = off ? -1 : 1;
	if (str_is(word, "linguist-detectable") && off)
		r->skips = 1;
}

void language_rules_read(struct arena *a, struct str text, struct language_rules *out)
{
	struct str line;
	*out = (struct language_rules){.list.arena = a};
	while (str_line(&text, &line) && out->list.len < LANGUAGE_RULES_MAX) {
		line = str_trim(line);
		if (!line.len || *line.at == '#' ||
			str_find_str(line, STR("linguist-")) == line.len)
			continue;
		struct language_rule r = {0};
		struct str pattern = str_cut(&line, ' ');
		while (line.len)
			read_attribute(str_trim(str_cut(&line, ' ')), &r);
		r.by_name = str_find(pattern, '/') == pattern.len;
		(void)str_skip(&pattern, STR("/"));
		if (pattern.len > LANGUAGE_PATTERN_MAX)
			continue;
		r.match = wildmatch_make(a, pattern, 0);
		*vec_push(&out->list) = r;
	}
}

static bool fits(struct arena *a, const struct language_rule *r, struct str text)
{
	struct wild_run run = {.at = bits_make(a, wildmatch_bits(&r->match)),
		.next = bits_make(a, wildmatch_bits(&r->match))};
	wildmatch_begin(&r->match, &run.at);
	return wildmatch_take(&r->match, &run, text) && wildmatch_ends(&r->match, &run);
}

/* As git does it, the last rule that fits decides. */
enum language_id language_rules_judge(
	struct arena *a, const struct language_rules *rules, struct str folder, struct str name)
{
	enum language_id id = language_of_name(name);
	int skips = language_skips_file(name);
	struct arena_mark mark = arena_mark(a);
	struct buf path = {.arena = a};
	if (rules->list.len)
		buf_fmt(&path, "%.*s%s%.*s", STR_FMT(folder), folder.len ? "/" : "", STR_FMT(name));
	for (size_t i = 0; i < rules->list.len; i++) {
		const struct language_rule *r = &rules->list.at[i];
		if (!fits(a, r, r->by_name ? name : buf_view(&path)))
			continue;
		skips = r->skips ? r->skips > 0 : skips;
		if (r->named.len && language_called(r->named) != LANGUAGES)
			id = language_called(r->named);
	}
	arena_rewind(a, mark);
	return skips || id == LANGUAGES || !languages[id].counts ? LANGUAGES : id;
}
