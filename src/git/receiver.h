/* What the parts of the pack receiver share; for pack_*.c alone. */
#ifndef GIT_RECEIVER_H
#define GIT_RECEIVER_H

#include "git/fsck.h"
#include "git/pack_receive.h"

enum {
	NO_RECORD = UINT32_MAX,
	RECEIVE_CHUNK = 64 << 10,
	CONTENT_SHARED_MAX = 1 << 20, /* while threads work together: over this one at a time */
};

/* An object's bytes: in memory of its own, or in a scratch spool when they are many. */
struct content {
	uint8_t *bytes;      /* NULL: in the spool */
	struct spool *spool; /* NULL: in memory */
	uint64_t size;
};

struct ref_delta {
	struct oid base;
	uint32_t record;
	bool adopted; /* the first of those on one base: whether all of them have it */
};

struct receiver;
struct crew;

/* What one thread works with. */
struct tools {
	struct receiver *r;
	struct odb_reader *known;
	struct inflate *inflate;
	uint8_t *chunk;       /* RECEIVE_CHUNK bytes */
	struct arena scratch; /* for the span of one object */
	struct crew *crew;    /* whom it works with; NULL: alone */
	uint32_t family;      /* the record whose deltas it resolves, and theirs in turn */
	bool leads;           /* it is the one that received, and it looks after the client */
	bool big;             /* it may have contents over CONTENT_SHARED_MAX */
};

/* What threads that resolve together share: one of them leads, the others help. */
struct crew {
	struct receiver *r;
	struct ctx *lead;      /* the leader's context, for it alone */
	struct ctx like;       /* what a helper's begins as */
	int64_t looked;        /* when it last looked after the client */
	unsigned most;         /* of them there may be so many */
	uint32_t next, end;    /* the next family to be handed out: atomic */
	struct host_lock lock; /* of what follows */
	uint32_t failed;       /* families from this one on are of no use any more: atomic too */
	struct error error;    /* why */
	uint32_t helping;      /* helpers that are at it */
	bool big;              /* somebody has contents over CONTENT_SHARED_MAX */
};

struct receiver {
	const struct pack_receive *in;
	struct pack_received *out;
	struct ref_delta *ref_deltas; /* host memory */
	uint32_t ref_delta_count, ref_delta_cap;
	uint32_t deltas, resolved; /* resolved: atomic */
	uint32_t outside;          /* how many of the last records complete a thin pack */
	uint64_t body_end;         /* where the trailer begins */
	uint64_t expanded; /* bytes that the deltas make, and those made more than once; atomic */
	struct host_lock links_lock;
	struct fsck fsck;
	struct arena noted; /* the memory of fsck */
	struct tools own;   /* of the thread that receives */
};

/* pack_scan.c: reads the stream to its end. */
enum err receiver_scan(struct ctx *c, struct receiver *r) MUST;
/* pack_resolve.c: gives every delta its id. */
enum err receiver_resolve(struct ctx *c, struct receiver *r) MUST;
/* pack_complete.c: a new spool with the missing bases, where there are any. */
enum err receiver_complete(struct ctx *c, struct receiver *r) MUST;

/* pack_crew.c: a family is a record, the deltas on it, and theirs in turn. */
void crew_init(struct ctx *c, struct crew *crew, struct receiver *r);
/* The next one for t->family, in the order of the pack; false when none is left or of use. */
bool crew_next(struct tools *t);
/* Ends it, with the error that came of it. */
void crew_done(struct ctx *c, struct tools *t, enum err err);
/* An error that is the answer if there is no other. */
void crew_fail_last(struct ctx *c, struct crew *crew);
/* After each delta: whether to go on. */
enum err crew_step(struct ctx *c, struct tools *t) MUST;
/* Waits until it may have contents over CONTENT_SHARED_MAX, as it then may until crew_done. */
enum err crew_take_big(struct ctx *c, struct tools *t) MUST;
/* A helper's context and tools; to be left even after an error. */
enum err crew_enter(struct ctx *c, struct crew *crew, struct tools *out) MUST;
void crew_leave(struct tools *t);
/* The leader's, when there is nothing left for it: waits until all helpers have left. */
void crew_wait(struct ctx *c, struct tools *t);
/* What came of it all. */
enum err crew_end(struct ctx *c, struct crew *crew) MUST;

/* A new, empty record at the end. */
struct received *receiver_record(struct receiver *r);
/* The object of record `at` has this content: gives it its id and checks it. `base`: what it is a
 * delta on, an object that is checked or known; or NULL. */
enum err receiver_object(struct ctx *c, struct tools *t, uint32_t at, const struct content *content,
	const struct content *base) MUST;
enum err receiver_step(struct ctx *c, struct receiver *r, enum receive_stage stage, uint32_t done,
	uint32_t all) MUST;
static inline uint64_t receiver_entry_end(const struct receiver *r, uint32_t at)
{
	uint32_t inside = r->out->count - r->outside;
	return at + 1 < inside ? r->out->records[at + 1].offset : r->body_end;
}

/* pack_content.c */
enum err content_make(struct ctx *c, struct tools *t, uint64_t size, struct content *out) MUST;
void content_done(struct content *content);
/* Bytes `at`.. of it, at most RECEIVE_CHUNK. */
enum err content_window(struct ctx *c, const struct content *content, uint64_t at, size_t len,
	const uint8_t **out) MUST;
/* The inflated bytes of an entry: of a delta, the delta itself. */
enum err content_inflate(struct ctx *c, struct tools *t, uint32_t at, struct content *out) MUST;
/* An object that the repository has, of that size. ERR_DAMAGED. */
enum err content_known(struct ctx *c, struct tools *t, const struct oid *id, uint64_t size,
	struct content *out) MUST;
/* What `delta` makes of `base`. */
enum err content_apply(struct ctx *c, struct tools *t, const struct content *base,
	const struct content *delta, struct content *out) MUST;

#endif
