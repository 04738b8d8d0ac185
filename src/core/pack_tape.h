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

/* One reference for the caller. */
struct pack_tape *pack_tape_open(struct blob *blob, struct snapshot *snapshot);
struct pack_tape *pack_tape_hold(struct pack_tape *t);
void pack_tape_release(struct pack_tape **t);
#define PACK_TAPE __attribute__((cleanup(pack_tape_release))) struct pack_tape

/* The writer's: bytes, and where bytes lie. Errors are those of the spool. */
enum err pack_tape_write(struct ctx *c, struct pack_tape *t, const void *bytes, size_t len) MUST;
enum err pack_tape_copy(
	struct ctx *c, struct pack_tape *t, struct extent *from, uint64_t at, uint64_t len) MUST;
/* At last: it is whole, or it failed as `why` says (NULL: whole). */
void pack_tape_end(struct pack_tape *t, const struct error *why, const struct pack_counts *counts);

/* Is somebody reading, or waiting to, beside the writer? */
bool pack_tape_is_read(struct pack_tape *t);

/* Memory that it keeps; and all that it keeps, with its spool. */
void pack_tape_sizes(struct pack_tape *t, uint64_t *memory, uint64_t *bytes);

/*
 * Writes all of it to `to`, waiting for what is not there yet. The error is what the writing ended
 * with, or that of `to`; *begun: something was written. *counts is only set by OK.
 */
enum err pack_tape_play(struct ctx *c, struct pack_tape *t, struct sink *to, bool *begun,
	struct pack_counts *counts) MUST;
/* The same without waiting, for the writer: what is there. */
enum err pack_tape_play_now(struct ctx *c, struct pack_tape *t, struct sink *to) MUST;

#endif
