/*
 * Lists of sparse patterns and the paths that they are asked about: the pattern matcher against one
 * that goes back, in small; and what must hold of any list.
 */
#include "git/sparse.h"

#include "fuzz/fuzz.h"

#include "base/buf.h"

enum { SMALL = 12 };

static bool matches(struct ctx *c, struct str pattern, struct str text, size_t piece)
{
	struct wildmatch m = wildmatch_make(c->arena, pattern, 0);
	struct wild_run run = {.at = bits_make(c->arena, wildmatch_bits(&m)),
		.next = bits_make(c->arena, wildmatch_bits(&m))};
	bool alive = true;
	ASSERT(m.count <= pattern.len);
	wildmatch_begin(&m, &run.at);
	for (struct str rest = text; rest.len && alive; rest = str_from_index(rest, piece))
		alive = wildmatch_take(&m, &run, str_until(rest, piece));
	/* For each byte: all words of the set, and all steps that are in it. */
	uint32_t bits = wildmatch_bits(&m);
	ASSERT(run.work <= (uint64_t)text.len * (bits + bits_words(bits)));
	return alive && wildmatch_ends(&m, &run);
}

/* Stars and bytes alone, where a match is simple to tell. */
static bool slow(struct str pattern, struct str text)
{
	if (!pattern.len)
		return !text.len;
	if (pattern.at[0] != '*')
		return text.len &&
		       (pattern.at[0] == '?' ? text.at[0] != '/' : pattern.at[0] == text.at[0]) &&
		       slow(str_from_index(pattern, 1), str_from_index(text, 1));
	return slow(str_from_index(pattern, 1), text) ||
	       (text.len && text.at[0] != '/' && slow(pattern, str_from_index(text, 1)));
}

static void check_match(struct ctx *c, struct str pattern, struct str text)
{
	struct buf escaped = {.arena = c->arena};
	bool is = matches(c, pattern, text, text.len);
	ASSERT(matches(c, pattern, text, 1) == is && matches(c, pattern, text, 3) == is);
	for (size_t i = 0; i < text.len; i++) {
		buf_byte(&escaped, '\\');
		buf_byte(&escaped, text.at[i]);
	}
	ASSERT(matches(c, buf_view(&escaped), text, 2));
	bool simple = pattern.len <= SMALL && text.len <= SMALL &&
		      str_find_str(pattern, STR("**")) == pattern.len &&
		      str_find(pattern, '[') == pattern.len &&
		      str_find(pattern, '\\') == pattern.len;
	ASSERT(!simple || slow(pattern, text) == is);
}

/* The folder that a path's last name is in; *name that. */
static const struct sparse_folder *folder_of(
	struct ctx *c, struct sparse *s, struct str path, struct str *name)
{
	const struct sparse_folder *in = NULL, *again = NULL, *outside = sparse_outside(s);
	ASSERT(!sparse_enter(c, s, outside, STR(""), &in));
	*name = path;
	for (size_t slash; (slash = str_find(*name, '/')) < name->len;) {
		struct str part = str_until(*name, slash);
		const struct sparse_folder *from = in;
		ASSERT(!sparse_enter(c, s, from, part, &in));
		ASSERT(!sparse_enter(c, s, from, part, &again) && in == again);
		*name = str_from_index(*name, slash + 1);
	}
	return in;
}

static bool included(struct ctx *c, struct str list, const char *more, struct str path)
{
	struct sparse s;
	struct buf text = {.arena = c->arena};
	struct str name;
	bool out = false;
	buf_str(&text, list);
	buf_cstr(&text, more);
	sparse_init(c, &s, c->arena);
	ASSERT(!sparse_add(c, &s, buf_view(&text)));
	const struct sparse_folder *in = folder_of(c, &s, path, &name);
	ASSERT(!sparse_includes(c, &s, in, name, &out));
	return out;
}

/* The first line is a path, what comes after it the list. No shorter list is over a limit. */
static void fuzz_one(struct ctx *c, struct str input)
{
	struct str path = str_cut(&input, '\n'), lines = input;
	if (input.len > WILDMATCH_MAX)
		return;
	while (lines.len)
		check_match(c, str_cut(&lines, '\n'), path);
	bool alone = included(c, input, "\n", path);
	ASSERT(included(c, input, "\n*\n", path));
	ASSERT(!included(c, input, "\n!*\n", path));
	ASSERT(included(c, input, "\n# nothing\n", path) == alone);
}
