/*
 * Views of bytes that somebody else owns: `struct str`. May hold NULs; is not NUL-terminated.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct arena;

struct str {
	const char *at;
	size_t len;
};

/* For "%.*s". */
#define STR_FMT(s) (int)(s).len, (s).at

/* A view of a literal. */
#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})

static inline struct str str_of(const char *text)
{
	return (struct str){text, text ? strlen(text) : 0};
}

static inline struct str str_from(const void *at, size_t len)
{
	return (struct str){at, len};
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool str_is(struct str a, const char *text)
{
	return str_eq(a, str_of(text));
}

/* Order of bytes, then of length: <0, 0, >0. */
int str_cmp(struct str a, struct str b);

bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
bool str_eq_nocase(struct str a, struct str b); /* ASCII only */

/* Index of the first `byte` (or of `needle`), or s.len where there is none. */
size_t str_find(struct str s, char byte);
size_t str_find_last(struct str s, char byte);
size_t str_find_str(struct str s, struct str needle);

/* The part from `from` (clamped), and the part before `to` (clamped). */
struct str str_from_index(struct str s, size_t from);
struct str str_until(struct str s, size_t to);

/* Drops `prefix` (`suffix`) from *s if it is there, and says whether it was. */
bool str_skip(struct str *s, struct str prefix);
bool str_skip_end(struct str *s, struct str suffix);

/* Cuts *rest at the first `byte`: returns what is before it, leaves what is after. Without one:
 * all. */
struct str str_cut(struct str *rest, char byte);

/* The next line without its '\n'; false when *rest is empty. */
bool str_line(struct str *rest, struct str *line);

/* Without ASCII white space at both ends. */
struct str str_trim(struct str s);

/* All of s is one decimal number (hexadecimal for _hex) that fits: no sign, no space, not empty. */
bool str_to_u64(struct str s, uint64_t *out);
bool str_hex_to_u64(struct str s, uint64_t *out);

bool str_is_utf8(struct str s);
/* The length in bytes of the well-formed UTF-8 character that s starts with, or 0. */
size_t str_utf8_len(struct str s);

/* A NUL-terminated copy. */
char *str_dup(struct arena *a, struct str s);
/* A copy that lives in the arena. */
struct str str_copy(struct arena *a, struct str s);

#endif
