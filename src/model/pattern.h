/*
 * Lists of patterns for names, as rules and keys hold them: "*" and "?" stop at a slash, "**" between
 * slashes does not (base/wildmatch.h). Values; their text belongs to whoever made them.
 */
#ifndef MODEL_PATTERN_H
#define MODEL_PATTERN_H

#include "base/ctx.h"
#include "base/json.h"

enum { PATTERNS_MAX = 100, PATTERN_BYTES_MAX = 255 };

struct patterns {
	const struct str *at;
	size_t count;
};

/* 1 to PATTERN_BYTES_MAX bytes of UTF-8 without control characters. ERR_INVALID names `what`. */
enum err pattern_check(struct ctx *c, const char *what, struct str pattern) MUST;

/* One of a repository's name, in whatever case: "team-*". */
bool pattern_fits_repo(struct arena *a, struct str pattern, struct str name);
/* The same as LIKE takes it, with '\\' for escape and for names in lower case; in c->arena. ERR_INVALID on
 * what is in no name and no "*" or "?". */
enum err pattern_repo_like(struct ctx *c, struct str pattern, struct str *out) MUST;
/* One of a full ref's name. What does not begin with "refs/" is of branches: "main", "agent-*". */
bool pattern_fits_ref(struct arena *a, struct str pattern, struct str name);
/* One of a path, or of a folder above it: "docs", "src/?.c". */
bool pattern_fits_path(struct arena *a, struct str pattern, struct str path);

typedef bool pattern_fits(struct arena *a, struct str pattern, struct str text);

/* Does one of them fit? */
bool patterns_fit(
	struct arena *a, const struct patterns *patterns, pattern_fits *fits, struct str text);

/* An array of strings, at least one; or nothing at all: no patterns. ERR_INVALID names `what`. */
enum err patterns_from_json(
	struct ctx *c, const char *what, const struct json *array, struct patterns *out) MUST;
/* The member `key`, where there are any. */
void patterns_to_json(struct json_writer *w, const char *key, const struct patterns *patterns);

#endif
