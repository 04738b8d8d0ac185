#include "base/oid.h"

#include "base/hex.h"

struct oid oid_from_bytes(enum hash_algo algo, const void *hash)
{
	struct oid id = {.algo = (uint8_t)algo};
	memcpy(id.hash, hash, hash_size(algo));
	return id;
}

struct oid oid_zero(enum hash_algo algo)
{
	return (struct oid){.algo = (uint8_t)algo};
}

bool oid_is_zero(const struct oid *id)
{
	static const uint8_t zero[HASH_MAX];
	return memcmp(id->hash, zero, HASH_MAX) == 0;
}

bool oid_parse(enum hash_algo algo, struct str hex, struct oid *out)
{
	*out = oid_zero(algo);
	size_t size = hash_size(algo);
	return hex.len == 2 * size && hex_decode(hex.at, size, out->hash);
}

char *oid_hex(const struct oid *id, char out[OID_HEX_MAX])
{
	size_t size = hash_size((enum hash_algo)id->algo);
	hex_encode(id->hash, size, out);
	out[2 * size] = 0;
	return out;
}
