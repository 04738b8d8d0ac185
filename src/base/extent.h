/*
 * Random access to bytes that lie somewhere: a file, an object in a bucket, memory.
 *
 * An extent is written once, then read by any number of threads. A spool is one being written: by
 * one thread, which may read back what it wrote; once a window has reached its end, any number of
 * threads may read it until more is appended. Both have one owner, who closes them.
 */
#ifndef BASE_EXTENT_H
#define BASE_EXTENT_H

#include "base/ctx.h"

/* A place in a file of the host's: what its system calls need to send from there. */
struct extent_file {
	int fd; /* -1: none */
	uint64_t at;
};

struct extent {
	uint64_t size;
	/*
	 * Points *out at the `len` bytes from `at` on. They stay readable until the extent is
	 * closed. What they cost in resident memory is the implementation's to bound. ERR_CORRUPT
	 * past the end.
	 */
	enum err (*window)(
		struct ctx *c, struct extent *self, uint64_t at, size_t len, const uint8_t **out);
	void (*close)(struct extent *self);
	/*
	 * Optional: the file in which these bytes lie in one piece, for who sends them elsewhere
	 * without reading them, with window's errors. The descriptor is the extent's, and lives as
	 * long. OK with out->fd -1: they lie in none, and a window has them.
	 */
	enum err (*file)(struct ctx *c, struct extent *self, uint64_t at, size_t len,
		struct extent_file *out);
	/* The bytes come from afar as they are asked for: who needs few asks for few. */
	bool far;
};

/* How many bytes had better be all that a page brings from afar: it is to bring less than 8 MiB. */
enum { EXTENT_PAGE_MAX = 7 << 20 };

/* Who could go on for long, and has said something already, stops when so much has come. */
static inline bool extent_spent(const struct ctx *c)
{
	return c->afar.bytes_max && c->afar.bytes >= c->afar.bytes_max;
}

/* Nothing has been said yet, and it could go on for long. ERR_TIMEOUT when so much has come. */
static inline MUST enum err extent_check(struct ctx *c)
{
	if (extent_spent(c))
		return fail(c, ERR_TIMEOUT, "what it takes lies too far away for one page");
	return OK;
}

/* Would so many bytes, of who can do without them, be within it? */
static inline bool extent_leaves(const struct ctx *c, uint64_t bytes)
{
	/* Where nothing comes from afar, nothing is too much. */
	return !c->afar.bytes_max || !c->afar.bytes || c->afar.bytes + bytes <= c->afar.bytes_max;
}

/* May so many bytes come that are wanted only later, or perhaps? Something is left for the others. */
static inline bool extent_affords(const struct ctx *c, uint64_t bytes)
{
	return !c->afar.bytes_max || c->afar.bytes + bytes <= c->afar.bytes_max / 4 * 3;
}

struct spool {
	struct extent extent; /* extent.size: bytes so far */
	enum err (*append)(struct ctx *c, struct spool *self, const void *bytes, size_t len);
};

/* Where spools for scratch come from. */
struct spool_maker {
	enum err (*make)(struct ctx *c, struct spool_maker *self, struct spool **out);
};

static inline MUST enum err extent_window(
	struct ctx *c, struct extent *e, uint64_t at, size_t len, const uint8_t **out)
{
	return e->window(c, e, at, len, out);
}

static inline MUST enum err extent_file(
	struct ctx *c, struct extent *e, uint64_t at, size_t len, struct extent_file *out)
{
	*out = (struct extent_file){.fd = -1};
	return e->file ? e->file(c, e, at, len, out) : OK;
}

static inline void extent_close(struct extent *e)
{
	if (e)
		e->close(e);
}

static inline MUST enum err spool_append(
	struct ctx *c, struct spool *s, const void *bytes, size_t len)
{
	return s->append(c, s, bytes, len);
}

static inline MUST enum err spool_make(struct ctx *c, struct spool_maker *m, struct spool **out)
{
	return m->make(c, m, out);
}

/* An extent over bytes that somebody else keeps; close does nothing. */
struct extent_bytes {
	struct extent extent;
	const uint8_t *at;
};
void extent_bytes_init(struct extent_bytes *e, const void *bytes, size_t len);

#endif
