#include "model/pattern.h"

#include "base/buf.h"
#include "base/wildmatch.h"
#include "model/repo.h"

enum err pattern_check(struct ctx *c, const char *what, struct str pattern)
{
	if (pattern.len == 0 || pattern.len > PATTERN_BYTES_MAX || !str_is_utf8(pattern))
		return fail(c, ERR_INVALID, "a pattern in %s has 1 to %d bytes of UTF-8 text", what,
			PATTERN_BYTES_MAX);
	for (size_t i = 0; i < pattern.len; i++) {
		if ((unsigned char)pattern.at[i] < ' ' || pattern.at[i] == 0x7f)
			return fail(c, ERR_INVALID, "a pattern in %s is one line of text", what);
	}
	return OK;
}

/* `folders`: what matches a folder matches all that is in it. */
static bool fits(struct arena *a, struct str pattern, struct str text, bool folders)
{
	struct wildmatch m = wildmatch_make(a, pattern, 0);
	struct wild_run run = {
		.at = bits_make(a, wildmatch_bits(&m)), .next = bits_make(a, wildmatch_bits(&m))};
	wildmatch_begin(&m, &run.at);
	while (folders && str_find(text, '/') < text.len) {
		if (!wildmatch_take(&m, &run, str_cut(&text, '/')))
			return false;
		if (wildmatch_ends(&m, &run))
			return true;
		if (!wildmatch_take(&m, &run, STR("/")))
			return false;
	}
	return wildmatch_take(&m, &run, text) && wildmatch_ends(&m, &run);
}

static struct str lower(struct arena *a, struct str text)
{
	char *copy = str_dup(a, text);
	for (size_t i = 0; i < text.len; i++) {
		if (copy[i] >= 'A' && copy[i] <= 'Z')
			copy[i] = (char)(copy[i] - 'A' + 'a');
	}
	return str_from(copy, text.len);
}

bool pattern_fits_repo(struct arena *a, struct str pattern, struct str name)
{
	return fits(a, lower(a, pattern), lower(a, name), false);
}

static bool is_of_a_name(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '.' ||
	       byte == '_' || byte == '-';
}

enum err pattern_repo_like(struct ctx *c, struct str pattern, struct str *out)
{
	struct str text = lower(c->arena, pattern);
	struct buf like = {.arena = c->arena};
	if (text.len == 0 || text.len > REPO_NAME_MAX)
		return fail(c, ERR_INVALID, "a pattern for repositories has 1 to %d bytes",
			REPO_NAME_MAX);
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.at[i];
		if (byte != '*' && byte != '?' && !is_of_a_name(byte))
			return fail(c, ERR_INVALID,
				"a pattern for repositories has letters, digits, dots, dashes, "
				"underscores, * and ?");
		if (byte == '_')
			buf_byte(&like, '\\');
		buf_byte(&like, byte == '*' ? '%' : byte == '?' ? '_' : byte);
	}
	*out = buf_view(&like);
	return OK;
}

bool pattern_fits_ref(struct arena *a, struct str pattern, struct str name)
{
	if (!str_starts(pattern, STR("refs/")) && !str_skip(&name, STR("refs/heads/")))
		return false;
	return fits(a, pattern, name, false);
}

bool pattern_fits_path(struct arena *a, struct str pattern, struct str path)
{
	str_skip(&pattern, STR("/"));
	str_skip_end(&pattern, STR("/"));
	return fits(a, pattern, path, true);
}

bool patterns_fit(
	struct arena *a, const struct patterns *patterns, pattern_fits *fits_one, struct str text)
{
	struct arena_mark mark = arena_mark(a);
	bool any = false;
	for (size_t i = 0; !any && i < patterns->count; i++)
		any = fits_one(a, patterns->at[i], text);
	arena_rewind(a, mark);
	return any;
}

enum err patterns_from_json(
	struct ctx *c, const char *what, const struct json *array, struct patterns *out)
{
	*out = (struct patterns){0};
	if (!array || array->kind == JSON_NULL)
		return OK;
	if (array->kind != JSON_ARRAY || array->count > PATTERNS_MAX)
		return fail(
			c, ERR_INVALID, "%s is a list of up to %d patterns", what, PATTERNS_MAX);
	/* Does it mean all, or nothing? Nobody shall have to guess. */
	if (!array->count)
		return fail(c, ERR_INVALID, "%s is an empty list: leave it out to mean all", what);
	struct str *at = NEW_ARRAY(c->arena, struct str, array->count);
	for (const struct json *item = array->first; item; item = item->next) {
		if (item->kind != JSON_STRING)
			return fail(c, ERR_INVALID, "a pattern in %s is a text", what);
		TRY(pattern_check(c, what, item->text));
		at[out->count++] = item->text;
	}
	out->at = at;
	return OK;
}

void patterns_to_json(struct json_writer *w, const char *key, const struct patterns *patterns)
{
	if (!patterns->count)
		return;
	json_key(w, key);
	json_begin_array(w);
	for (size_t i = 0; i < patterns->count; i++)
		json_string(w, patterns->at[i]);
	json_end_array(w);
}
