/*
 * Receiving a pack from outside: the stream goes into a spool while every entry is inflated,
 * hashed, checked by the rules of git/fsck.h and asked what it names; then deltas are resolved and
 * a thin pack gets its missing bases from what the repository has (gitformat-pack(5)).
 *
 * Memory: some 110 bytes for each object and 44 for each id that is named, and at most
 * RECEIVE_RESIDENT_MAX of content beside what is being made; what is bigger than CONTENT_MAX lies in
 * scratch spools. One thread, which others help to resolve what many deltas make: with the same
 * answer, which is the first error in the order of the pack.
 */
#ifndef GIT_PACK_RECEIVE_H
#define GIT_PACK_RECEIVE_H

#include "base/extent.h"
#include "git/links.h"
#include "git/odb.h"

enum {
	CONTENT_MAX = 16 << 20,          /* an object over this is never in memory as a whole */
	RECEIVE_RESIDENT_MAX = 32 << 20, /* delta bases that wait for their deltas */
	RECEIVE_DEPTH_MAX = 4096,        /* of a chain of deltas */
	RECEIVE_OBJECTS_MAX = 16 << 20,  /* in one pack */
	RECEIVE_PARALLEL_MIN = 8 << 20,  /* bytes that deltas make, from which on threads help */
	RECEIVE_THREADS_MAX = 4,         /* with them */
};

enum receive_stage { RECEIVE_OBJECTS, RECEIVE_DELTAS, RECEIVE_LINKS };

/* Is told often how far things are; an error of its own stops the receiving. */
struct receive_progress {
	enum err (*step)(struct ctx *c, struct receive_progress *self, enum receive_stage stage,
		uint32_t done, uint32_t all);
};

struct pack_receive {
	enum hash_algo algo;
	struct source *from;
	bool to_end; /* nothing may follow the pack in `from` */
	struct spool_maker
		*spools;          /* one for the pack, one for a completed one, some for scratch */
	struct odb_reader *known; /* what the repository has */
	uint64_t object_max;      /* one object, inflated */
	uint64_t pack_max;        /* the stream; what completes a thin pack does not count */
	uint32_t objects_max;     /* in the stream; 0, or over that: RECEIVE_OBJECTS_MAX */
	uint64_t parallel_min;    /* 0: RECEIVE_PARALLEL_MIN */
	struct receive_progress *progress; /* may be NULL */
};

/* One object of the pack. */
struct received {
	uint64_t offset;
	uint64_t size; /* inflated: of a delta, the delta's own */
	struct oid id;
	uint32_t crc;
	uint32_t base;        /* the record that a delta is based on, once that is known */
	uint32_t child, next; /* deltas on this one; the next delta on the same base */
	uint8_t type;         /* as it lies there */
	uint8_t object_type;  /* OBJECT_NONE until it is resolved */
	uint8_t header;       /* bytes before the zlib stream */
	bool outside;         /* a base that completes a thin pack */
	bool compare;         /* the repository has that id: is it the same object? */
};

struct pack_received {
	enum hash_algo algo;
	struct spool *pack;
	struct oid id; /* of the pack: its trailer */
	uint32_t count;
	struct received *records; /* by offset */
	uint32_t cap;
	struct idx_entry *entries; /* by id, as idx_write wants them */
	struct links links;
};

/*
 * Reads one pack. ERR_INVALID: no pack, ends too early, is followed by bytes, or an object that
 * breaks the rules; ERR_CORRUPT: damaged, or deltas that lead nowhere; ERR_TOO_BIG; ERR_DAMAGED: `known` is. *out is the
 * caller's to give to pack_received_done in any case.
 */
enum err pack_receive(struct ctx *c, const struct pack_receive *in, struct pack_received *out) MUST;
void pack_received_done(struct pack_received *p);

/* The object of that id, or NULL. */
const struct received *pack_received_find(const struct pack_received *p, const struct oid *id);

/* Everything that the pack's objects name is in it or in `known`, and of the type that is named.
 * ERR_INVALID says what is missing. */
enum err pack_received_connected(struct ctx *c, const struct pack_received *p,
	struct odb_reader *known, struct receive_progress *progress) MUST;

#endif
