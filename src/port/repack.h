/*
 * Port: packs made as small as can be, by a search for deltas that no request would wait for.
 *
 * One piece of work at a time and thread: begin, add what there is, write packs from it, end. What it
 * writes is not believed but checked, so a driver may be a program of somebody else.
 */
#ifndef PORT_REPACK_H
#define PORT_REPACK_H

#include "base/extent.h"
#include "base/oid.h"
#include "base/stream.h"

struct repack {
	const struct repack_ops *ops;
};

/* One piece of work; drivers embed it. */
struct repack_work {
	struct repack *repack;
	enum hash_algo algo;
};

/* A pack and its index as bytes. */
struct repack_pack {
	const char *name; /* its hash in hex */
	struct extent *bytes, *idx;
};

/* Is told now and then what is being done, and how much of it; an error of its own stops the work. */
struct repack_progress {
	enum err (*step)(struct ctx *c, struct repack_progress *self, const char *stage,
		uint64_t done, uint64_t all);
};

/* What to write: a pack of all that the tips lead to, but for what lies in packs that were set
 * aside. */
struct repack_wish {
	const struct oid *tips;
	size_t tip_count;
	struct sink *to;
	struct repack_progress *progress;
};

struct repack_ops {
	enum err (*begin)(
		struct ctx *c, struct repack *self, enum hash_algo algo, struct repack_work **out);
	/* A pack to take objects from; `aside`: to leave out what is in it. */
	enum err (*add)(struct ctx *c, struct repack_work *work, const struct repack_pack *pack,
		bool aside, struct repack_progress *progress);
	/* ERR_CORRUPT, ERR_UNAVAILABLE, ERR_TIMEOUT; what came before is worthless then. */
	enum err (*write)(struct ctx *c, struct repack_work *work, const struct repack_wish *wish);
	/* Ends what is still going on, and leaves nothing behind. */
	void (*end)(struct repack_work *work);
	void (*close)(struct repack *self);
};

static inline MUST enum err repack_begin(
	struct ctx *c, struct repack *r, enum hash_algo algo, struct repack_work **out)
{
	return r->ops->begin(c, r, algo, out);
}

static inline MUST enum err repack_add(struct ctx *c, struct repack_work *w,
	const struct repack_pack *pack, bool aside, struct repack_progress *progress)
{
	return w->repack->ops->add(c, w, pack, aside, progress);
}

static inline MUST enum err repack_write(
	struct ctx *c, struct repack_work *w, const struct repack_wish *wish)
{
	return w->repack->ops->write(c, w, wish);
}

static inline void repack_end(struct repack_work **w)
{
	if (*w)
		(*w)->repack->ops->end(*w);
	*w = NULL;
}

#define REPACK_WORK __attribute__((cleanup(repack_end))) struct repack_work

static inline void repack_close(struct repack *r)
{
	if (r)
		r->ops->close(r);
}

#endif
