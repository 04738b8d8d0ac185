#include "git/hashing.h"

#include <string.h>

enum err hashing_flush(struct ctx *c, struct hashing *h)
{
	size_t fill = h->fill;
	h->fill = 0;
	hash_update(&h->hash, h->buffer, fill);
	return sink_write(c, h->to, h->buffer, fill);
}

static enum err hashing_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	struct hashing *h = (struct hashing *)self;
	const uint8_t *at = bytes;
	h->bytes += len;
	while (len) {
		size_t room = HASHING_BUFFER - h->fill, part = len < room ? len : room;
		memcpy(h->buffer + h->fill, at, part);
		h->fill += part;
		at += part;
		len -= part;
		if (h->fill == HASHING_BUFFER)
			TRY(hashing_flush(c, h));
	}
	return OK;
}

void hashing_init(struct ctx *c, struct hashing *h, enum hash_algo algo, struct sink *to)
{
	*h = (struct hashing){.sink.write = hashing_write,
		.to = to,
		.buffer = arena_raw(c->arena, HASHING_BUFFER)};
	hash_init(&h->hash, algo);
}

enum err hashing_end(struct ctx *c, struct hashing *h, uint8_t digest[HASH_MAX])
{
	size_t size = hash_size(h->hash.algo);
	uint8_t final[HASH_MAX];
	TRY(hashing_flush(c, h));
	hash_final(&h->hash, final);
	if (digest)
		memcpy(digest, final, size);
	return sink_write(c, h->to, final, size);
}
