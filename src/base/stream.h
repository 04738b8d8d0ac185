/*
 * Two ends of a byte stream. Whoever implements one embeds it as the first member.
 *
 * A sink blocks until it has taken all bytes; that is the back-pressure. A source gives at least
 * one byte, or sets *got to 0 at the end. Both fail with ERR_CANCELED when the peer has gone,
 * ERR_TIMEOUT when it is too slow.
 */
#ifndef BASE_STREAM_H
#define BASE_STREAM_H

#include "base/ctx.h"

struct extent;
struct spool;

struct sink {
	enum err (*write)(struct ctx *c, struct sink *self, const void *bytes, size_t len);
	/* Passes on what write still holds back. May be NULL: it holds nothing back. */
	enum err (*flush)(struct ctx *c, struct sink *self);
	/*
	 * The same, but waits for the peer no longer than `micros`; *all: nothing is held back any
	 * more. From then on, until flush, write does not wait either: what the peer does not take
	 * is held back, so that whoever writes must see to it that this is little. May be NULL: it
	 * is as good as flush.
	 */
	enum err (*push)(struct ctx *c, struct sink *self, int64_t micros, bool *all);
	/* Writes the bytes that lie at `at` of an extent, which stays open and as it is. May be NULL:
	 * they are read there and written. */
	enum err (*copy)(
		struct ctx *c, struct sink *self, struct extent *from, uint64_t at, uint64_t len);
};

struct source {
	enum err (*read)(struct ctx *c, struct source *self, void *into, size_t cap, size_t *got);
};

static inline MUST enum err sink_write(
	struct ctx *c, struct sink *to, const void *bytes, size_t len)
{
	return len ? to->write(c, to, bytes, len) : OK;
}

static inline MUST enum err sink_flush(struct ctx *c, struct sink *to)
{
	return to->flush ? to->flush(c, to) : OK;
}

static inline MUST enum err sink_push(struct ctx *c, struct sink *to, int64_t micros, bool *all)
{
	*all = true;
	return to->push ? to->push(c, to, micros, all) : sink_flush(c, to);
}

/* Also ERR_CORRUPT and whatever else reading the extent gives. */
enum err sink_copy(struct ctx *c, struct sink *to, struct extent *from, uint64_t at, uint64_t len)
	MUST;

static inline MUST enum err source_read(
	struct ctx *c, struct source *from, void *into, size_t cap, size_t *got)
{
	return from->read(c, from, into, cap, got);
}

/* Reads exactly `len` bytes; ERR_INVALID when the stream ends before. */
enum err source_read_all(struct ctx *c, struct source *from, void *into, size_t len) MUST;

/* Into a spool, and out of any extent that nobody appends to meanwhile; both stay the caller's. */
struct spool_sink {
	struct sink sink;
	struct spool *spool;
};
void spool_sink_init(struct spool_sink *s, struct spool *spool);

struct extent_source {
	struct source source;
	struct extent *from;
	uint64_t at;
};
void extent_source_init(struct extent_source *s, struct extent *from);

/* A source over bytes in memory. */
struct source_bytes {
	struct source source;
	const char *at;
	size_t left;
};
void source_bytes_init(struct source_bytes *s, const void *bytes, size_t len);

#endif
