/* What the parts of the pack receiver share; for pack_*.c alone. */
#ifndef GIT_RECEIVER_H
#define GIT_RECEIVER_H

#include "git/fsck.h"
#include "git/pack_receive.h"

enum { NO_RECORD = UINT32_MAX, RECEIVE_CHUNK = 64 << 10 };

/* An object's bytes: in memory of its own, or in a scratch spool when they are many. */
struct content {
	uint8_t *bytes;      /* NULL: in the spool */
	struct spool *spool; /* NULL: in memory */
	uint64_t size;
};

struct ref_delta {
	struct oid base;
	uint32_t record;
};

struct receiver {
	const struct pack_receive *in;
	struct pack_received *out;
	struct ref_delta *ref_deltas; /* host memory */
	uint32_t ref_delta_count, ref_delta_cap;
	uint32_t deltas, resolved;
	uint32_t outside;  /* how many of the last records complete a thin pack */
	uint64_t body_end; /* where the trailer begins */
	uint64_t expanded; /* bytes that deltas made so far */
	struct fsck fsck;
	struct inflate *inflate;
	uint8_t *chunk;       /* RECEIVE_CHUNK bytes */
	struct arena scratch; /* for the span of one object */
};

/* pack_scan.c: reads the stream to its end. */
enum err receiver_scan(struct ctx *c, struct receiver *r) MUST;
/* pack_resolve.c: gives every delta its id. */
enum err receiver_resolve(struct ctx *c, struct receiver *r) MUST;
/* pack_complete.c: a new spool with the missing bases, where there are any. */
enum err receiver_complete(struct ctx *c, struct receiver *r) MUST;

/* A new, empty record at the end. */
struct received *receiver_record(struct receiver *r);
/* The object of record `at` has this content: gives it its id and checks it. */
enum err receiver_object(
	struct ctx *c, struct receiver *r, uint32_t at, const struct content *content) MUST;
enum err receiver_step(struct ctx *c, struct receiver *r, enum receive_stage stage, uint32_t done,
	uint32_t all) MUST;
static inline uint64_t receiver_entry_end(const struct receiver *r, uint32_t at)
{
	uint32_t inside = r->out->count - r->outside;
	return at + 1 < inside ? r->out->records[at + 1].offset : r->body_end;
}

/* pack_content.c */
enum err content_make(struct ctx *c, struct receiver *r, uint64_t size, struct content *out) MUST;
void content_done(struct content *content);
/* Bytes `at`.. of it, at most RECEIVE_CHUNK. */
enum err content_window(struct ctx *c, const struct content *content, uint64_t at, size_t len,
	const uint8_t **out) MUST;
/* The inflated bytes of an entry: of a delta, the delta itself. */
enum err content_inflate(struct ctx *c, struct receiver *r, uint32_t at, struct content *out) MUST;
/* An object that the repository has, of that size. ERR_DAMAGED. */
enum err content_known(struct ctx *c, struct receiver *r, const struct oid *id, uint64_t size,
	struct content *out) MUST;
/* What `delta` makes of `base`. */
enum err content_apply(struct ctx *c, struct receiver *r, const struct content *base,
	const struct content *delta, struct content *out) MUST;

#endif
