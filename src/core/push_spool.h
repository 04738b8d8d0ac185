/* Spools of a push: in memory while they are small, in the blob store from then on. */
#ifndef CORE_PUSH_SPOOL_H
#define CORE_PUSH_SPOOL_H

#include "git/pack_receive.h"
#include "port/blob.h"

struct push_spools {
	struct spool_maker maker;
	struct blob *blob;
	uint64_t memory_max; /* bytes of one spool */
};

void push_spools_init(struct push_spools *s, struct blob *blob, uint64_t memory_max);

/* All bytes of such a spool, while it is open; false when they are not in memory. */
bool push_spool_bytes(const struct spool *spool, struct str *out);

/* Makes it durable under `key`. */
enum err push_spool_publish(struct ctx *c, struct spool *spool, const char *key) MUST;

#endif
