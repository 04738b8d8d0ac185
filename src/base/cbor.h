/*
 * CBOR (RFC 8949) as CTAP2's canonical form has it: integers, byte strings, UTF-8 text, arrays, maps,
 * true, false and null, each with the shortest head. Indefinite lengths, tags, floating point and
 * duplicate keys are refused; the order of keys is not looked at.
 *
 * What is read are views into the input. Nothing here recurses or allocates.
 */
#ifndef BASE_CBOR_H
#define BASE_CBOR_H

#include "base/err.h"
#include "base/str.h"

enum cbor_kind { CBOR_INT, CBOR_BYTES, CBOR_TEXT, CBOR_ARRAY, CBOR_MAP, CBOR_BOOL, CBOR_NULL };

struct cbor {
	enum cbor_kind kind;
	int64_t integer; /* CBOR_INT; of CBOR_BOOL 0 or 1 */
	struct str text; /* CBOR_BYTES, CBOR_TEXT; of CBOR_ARRAY and CBOR_MAP the items, encoded */
	uint64_t count;  /* items of CBOR_ARRAY, pairs of CBOR_MAP */
};

/* The value that *rest begins with, however deep it goes; *rest is what comes after. ERR_INVALID. */
enum err cbor_take(struct ctx *c, struct str *rest, struct cbor *out) MUST;

enum { CBOR_PAIRS_MAX = 16 };

struct cbor_map {
	struct cbor keys[CBOR_PAIRS_MAX], values[CBOR_PAIRS_MAX];
	size_t count;
};

/* The pairs of a map, whose keys are integers or texts, none twice. ERR_INVALID where `value` is no
 * such map; ERR_TOO_BIG with more than CBOR_PAIRS_MAX. */
enum err cbor_map_read(struct ctx *c, const struct cbor *value, struct cbor_map *out) MUST;

/* The value of that key if it is of that kind, else NULL. */
const struct cbor *cbor_by_name(const struct cbor_map *map, const char *key, enum cbor_kind kind);
const struct cbor *cbor_by_number(const struct cbor_map *map, int64_t key, enum cbor_kind kind);

#endif
