/* What base/hash.h asks of its host, in a browser. */
#include "base/sha.h"

_Static_assert(sizeof(struct sha) <= sizeof((struct hash){0}.state), "struct hash has room");

static struct sha *sha_of(struct hash *h)
{
	return (struct sha *)(void *)h->state;
}

void hash_init(struct hash *h, enum hash_algo algo)
{
	h->algo = algo;
	sha_init(sha_of(h), algo);
}

void hash_update(struct hash *h, const void *bytes, size_t len)
{
	sha_update(sha_of(h), bytes, len);
}

void hash_final(struct hash *h, uint8_t digest[HASH_MAX])
{
	sha_final(sha_of(h), digest);
}

void hash_once(enum hash_algo algo, const void *bytes, size_t len, uint8_t digest[HASH_MAX])
{
	struct sha h;
	sha_init(&h, algo);
	sha_update(&h, bytes, len);
	sha_final(&h, digest);
}

void hash_sha1_blocks(uint32_t state[5], const void *blocks, size_t count)
{
	sha_sha1_blocks(state, blocks, count);
}
