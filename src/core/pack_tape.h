/*
 * A pack that is written by one thread and read by any number meanwhile and later.
 *
 * It keeps where bytes lie, for those that lie in packs anyway, and holds the snapshot that has
 * these open; the rest it keeps itself: a little in memory, more in a nameless spool. A writer never
 * waits for a reader, nor a reader for another.
 */
#ifndef CORE_PACK_TAPE_H
#define CORE_PACK_TAPE_H

#include "core/snapshot.h"
#include "git/pack_write.h"

struct pack_tape;

/* Bytes of a pack that follow one another, where they lie. */
struct pack_part {
	struct extent *from;  /* NULL: in memory */
	const uint8_t *bytes; /* in memory */
	uint64_t at, len;
	bool spooled; /* `from` is a tape's own spool, which may be written to yet */
};

static inline void pack_part_skip(struct pack_part *p, uint64_t len)
{
	if (p->from)
		p->at += len;
	else
		p->bytes += len;
	p->len -= len;
}

/* One reference for the caller. */
struct pack_tape *pack_tape_open(struct blob *blob, struct snapshot *snapshot);
struct pack_tape *pack_tape_hold(struct pack_tape *t);
void pack_tape_release(struct pack_tape **t);
#define PACK_TAPE __attribute__((cleanup(pack_tape_release))) struct pack_tape

/* The writer's: bytes, and bytes that lie at `at` of an extent which its snapshot has open. Errors are
 * those of the spool, and of reading the extent. */
enum err pack_tape_write(struct ctx *c, struct pack_tape *t, const void *bytes, size_t len) MUST;
enum err pack_tape_copy(
	struct ctx *c, struct pack_tape *t, struct extent *from, uint64_t at, uint64_t len) MUST;
/* How far it is, for a person who waits. */
void pack_tape_note(struct pack_tape *t, const void *text, size_t len);
/* At last: it is whole, or it failed as `why` says (NULL: whole). */
void pack_tape_end(struct pack_tape *t, const struct error *why, const struct pack_counts *counts);
/*
 * It will never be whole, though whoever comes later may make it once more; so may those who read
 * already and were given nothing yet, and the others get `why`. With NULL this happens only when
 * nobody reads. Returns whether it is given up now.
 */
bool pack_tape_give_up(struct pack_tape *t, const struct error *why);

/* Is somebody reading, or waiting to, beside the writer? */
bool pack_tape_is_read(struct pack_tape *t);

/* What it keeps in memory, and in its spool. */
void pack_tape_sizes(struct pack_tape *t, uint64_t *memory, uint64_t *spooled);

/* A reader: where it is, and what it gathers so that small parts do not go out one by one. Caller's
 * memory. */
struct pack_player {
	struct pack_tape *t;
	struct sink *to;
	struct sink *notes; /* NULL: nobody cares how far it is */
	size_t part;        /* the next bytes to take: in this part … */
	uint64_t at;        /* … from here on */
	uint64_t taken;     /* bytes of the pack before these */
	uint8_t *held;      /* taken, and not written yet */
	size_t fill;
	uint32_t noted; /* notes that it knows */
	bool begun;     /* something was written */
};
void pack_player_init(struct ctx *c, struct pack_player *p, struct pack_tape *t, struct sink *to);

/*
 * Follows the tape to its end. The error is what the writing ended with, or that of `to`; *again: it
 * was given up before anything was written. *counts is only set by OK without *again.
 */
enum err pack_player_follow(
	struct ctx *c, struct pack_player *p, bool *again, struct pack_counts *counts) MUST;

/*
 * For the writer, who must not wait for what it has yet to write: the next bytes that are there
 * (len 0: none); the taking of some of those, or of what comes next, which writes a packet at most
 * and what is held before it, and sets *len to how many were taken; and the writing of all that is
 * there and held.
 */
struct pack_part pack_player_next(struct pack_player *p);
enum err pack_player_take(
	struct ctx *c, struct pack_player *p, const struct pack_part *part, size_t *len) MUST;
enum err pack_player_rest(struct ctx *c, struct pack_player *p) MUST;
/* Has it taken all that is there? Then it may take the bytes that come next as they are written. */
bool pack_player_is_level(struct pack_player *p);
/* Would the taking of so many write a packet? */
bool pack_player_fills(const struct pack_player *p, uint64_t len);

#endif
