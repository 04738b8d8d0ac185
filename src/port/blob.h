/*
 * Port: a store of immutable blobs under keys, such as "i1/r42/pack/<hash>.pack".
 *
 * Keys are slash-separated and chosen by us: [a-z0-9._-] segments, none empty, "." or "..". A blob
 * is created once and never changes; nothing of it is visible before publish returns OK. Safe for
 * any number of threads. A request path never calls list.
 */
#ifndef PORT_BLOB_H
#define PORT_BLOB_H

#include "base/extent.h"
#include "base/str.h"

struct blob {
	const struct blob_ops *ops;
};

struct blob_entry {
	struct str key;
	uint64_t size;
	int64_t age; /* seconds since it was published, by the clock of the store */
};

/* A part of a blob that somebody wants in memory of his own. */
struct blob_part {
	uint64_t at; /* wanted: from here on; at most the blob's size */
	uint8_t *to; /* room for `cap` bytes */
	size_t cap;
	size_t len;    /* answered: how many bytes there were; fewer than `cap` only at the end */
	uint64_t size; /* answered: of the whole blob */
};

/* What an address allows whoever has it. */
struct blob_grant {
	const char *key;
	int64_t seconds; /* from now; 1 to 604800 */
	/* Of bytes to PUT under the key, in hexadecimal digits: no others are taken, and none at all
	 * by a store that cannot tell. NULL: to GET the blob. */
	const char *sha256;
};

/* What a store that keeps near what lies far away has near. */
struct blob_kept {
	uint64_t bytes, blobs;
	uint64_t hits, misses; /* since it was opened */
	bool fails;            /* the disk does, so it is served from memory */
};

struct blob_address {
	struct str url;
	struct str header, value; /* that the request must carry; empty: none */
};

typedef enum err blob_visit(struct ctx *c, void *arg, const struct blob_entry *entry);

struct blob_ops {
	/* Opens for reading; ERR_NOT_FOUND. The caller closes the extent. */
	enum err (*open)(struct ctx *c, struct blob *self, const char *key, struct extent **out);
	/* Starts a new blob, nameless so far. The caller closes the spool, published or not. */
	enum err (*create)(struct ctx *c, struct blob *self, struct spool **out);
	/* Makes what `spool` holds durable under `key`. A blob that is there already stays, and
	 * that is OK: keys are content hashes. */
	enum err (*publish)(struct ctx *c, struct blob *self, struct spool *spool, const char *key);
	/* Removes; one that is not there is OK. Extents that are open stay readable. */
	enum err (*remove)(struct ctx *c, struct blob *self, const char *key);
	/* Visits all keys that start with `prefix`, in any order. For upkeep only. */
	enum err (*list)(
		struct ctx *c, struct blob *self, const char *prefix, blob_visit *visit, void *arg);
	/* Optional, where open cannot just map what lies near: one journey to fetch a part.
	 * ERR_NOT_FOUND. */
	enum err (*fetch)(
		struct ctx *c, struct blob *self, const char *key, struct blob_part *part);
	/* Optional: an address, in c->arena, that needs no other credentials; whether there is such
	 * a blob is not looked at. Whoever has it may use it as often as they like. */
	enum err (*presign)(struct ctx *c, struct blob *self, const struct blob_grant *grant,
		struct blob_address *out);
	/* Optional, of a store that keeps near what lies far away. */
	void (*kept)(struct blob *self, struct blob_kept *out);
	void (*close)(struct blob *self);
};

static inline MUST enum err blob_open(
	struct ctx *c, struct blob *b, const char *key, struct extent **out)
{
	return b->ops->open(c, b, key, out);
}

static inline MUST enum err blob_create(struct ctx *c, struct blob *b, struct spool **out)
{
	return b->ops->create(c, b, out);
}

static inline MUST enum err blob_publish(
	struct ctx *c, struct blob *b, struct spool *spool, const char *key)
{
	return b->ops->publish(c, b, spool, key);
}

static inline MUST enum err blob_remove(struct ctx *c, struct blob *b, const char *key)
{
	return b->ops->remove(c, b, key);
}

static inline MUST enum err blob_list(
	struct ctx *c, struct blob *b, const char *prefix, blob_visit *visit, void *arg)
{
	return b->ops->list(c, b, prefix, visit, arg);
}

static inline MUST enum err blob_fetch(
	struct ctx *c, struct blob *b, const char *key, struct blob_part *part)
{
	return b->ops->fetch(c, b, key, part);
}

static inline MUST enum err blob_presign(
	struct ctx *c, struct blob *b, const struct blob_grant *grant, struct blob_address *out)
{
	return b->ops->presign(c, b, grant, out);
}

/* False: it keeps nothing near. */
static inline bool blob_kept(struct blob *b, struct blob_kept *out)
{
	if (b->ops->kept)
		b->ops->kept(b, out);
	return b->ops->kept != NULL;
}

static inline void blob_close(struct blob *b)
{
	if (b)
		b->ops->close(b);
}

#endif
