/* An object id: a hash that knows its algorithm. A value; copy it freely. */
#ifndef BASE_OID_H
#define BASE_OID_H

#include "base/hash.h"
#include "base/str.h"

struct oid {
	uint8_t hash[HASH_MAX]; /* bytes past the algorithm's size are zero */
	uint8_t algo;           /* enum hash_algo; 0: no id at all */
};

enum { OID_HEX_MAX = 2 * HASH_MAX + 1 };

/* Compares by hash, then by algorithm: <0, 0, >0. */
static inline int oid_cmp(const struct oid *a, const struct oid *b)
{
	int order = memcmp(a->hash, b->hash, HASH_MAX);
	return order ? order : (int)a->algo - (int)b->algo;
}

static inline bool oid_eq(const struct oid *a, const struct oid *b)
{
	return oid_cmp(a, b) == 0;
}

struct oid oid_from_bytes(enum hash_algo algo, const void *hash);

/* The all-zero id, by which the protocol says "no object". */
struct oid oid_zero(enum hash_algo algo);
bool oid_is_zero(const struct oid *id);

/* Exactly the algorithm's number of lower- or upper-case digits. */
bool oid_parse(enum hash_algo algo, struct str hex, struct oid *out);

/* NUL-terminated lower-case hex; returns `out`. */
char *oid_hex(const struct oid *id, char out[OID_HEX_MAX]);

#endif
