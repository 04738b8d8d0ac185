#include "git/hasher.h"

#include "base/buf.h"

void hasher_init(struct hasher *h, enum hash_algo algo, enum object_type type, uint64_t size)
{
	char header[32];
	size_t len = fmt_into(
		header, sizeof header, "%s %llu", object_type_name(type), (unsigned long long)size);
	h->algo = algo;
	if (algo == HASH_SHA1)
		sha1dc_init(&h->sha1);
	else
		hash_init(&h->sha256, algo);
	hasher_update(h, header, len + 1);
}

void hasher_update(struct hasher *h, const void *bytes, size_t len)
{
	if (h->algo == HASH_SHA1)
		sha1dc_update(&h->sha1, bytes, len);
	else
		hash_update(&h->sha256, bytes, len);
}

enum err hasher_final(struct ctx *c, struct hasher *h, struct oid *out)
{
	uint8_t digest[HASH_MAX];
	if (h->algo != HASH_SHA1) {
		hash_final(&h->sha256, digest);
	} else if (!sha1dc_final(&h->sha1, digest)) {
		char hex[OID_HEX_MAX];
		struct oid id = oid_from_bytes(HASH_SHA1, digest);
		return fail(c, ERR_INVALID, "object %s is part of a SHA-1 collision attack",
			oid_hex(&id, hex));
	}
	*out = oid_from_bytes(h->algo, digest);
	return OK;
}
