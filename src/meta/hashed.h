/* Rows as bytes that are hashed: numbers in 8 bytes, big-endian; text after its length as such a number.
 */
#ifndef META_HASHED_H
#define META_HASHED_H

#include "base/buf.h"
#include "base/hash.h"

static inline void hash_number(struct hash *h, int64_t value)
{
	uint8_t bytes[8];
	put_be64(bytes, (uint64_t)value);
	hash_update(h, bytes, sizeof bytes);
}

static inline void hash_text(struct hash *h, struct str text)
{
	hash_number(h, (int64_t)text.len);
	if (text.len)
		hash_update(h, text.at, text.len);
}

#endif
