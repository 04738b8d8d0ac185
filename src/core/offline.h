/*
 * A copy of a repository for reading without a network: one pack of its default branch as it is now, as a fetch would
 * give it to whoever asks. Nothing is in it that the branch does not lead to, and every delta has its base.
 *
 * Its history is whole where that fits into core_limits.offline_max; else it is as deep as fits, of the depths that are
 * tried. One thread; the spool is in the blob store's scratch from some size on.
 */
#ifndef CORE_OFFLINE_H
#define CORE_OFFLINE_H

#include "core/core.h"

struct offline_copy {
	struct spool *pack;
	uint32_t depth; /* commits from the newest on, as `git clone --depth` counts; 0: all */
};

/* May they have it? fetch_open's errors; ERR_NOT_FOUND unless the default branch is at `tip`. */
enum err offline_permit(struct ctx *c, struct core *core, const struct actor *who, struct str name,
	const struct oid *tip) MUST;
/* The same, and makes it. ERR_TOO_BIG: not even the newest commit alone fits. */
enum err offline_make(struct ctx *c, struct core *core, const struct actor *who, struct str name,
	const struct oid *tip, struct offline_copy *out) MUST;
void offline_done(struct offline_copy *copy);
#define OFFLINE_COPY __attribute__((cleanup(offline_done))) struct offline_copy

#endif
