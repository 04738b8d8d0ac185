/*
 * A file in which few bytes are looked up at a time: a pack index, a multi-pack index, a commit-graph.
 * Either all of it is here, or what is looked at is read from its extent.
 *
 * Read by any number of threads.
 */
#ifndef GIT_LOOKUP_H
#define GIT_LOOKUP_H

#include "base/extent.h"
#include "git/fanout.h"

struct lookup {
	const char *what; /* for errors: "a pack index" */
	uint64_t size;
	struct extent *bytes; /* the owner's; NULL: it was parsed in memory */
	const uint8_t *all;   /* NULL: not all of it is here (lookup_whole). Atomic. */
};

/*
 * One in an extent that the caller keeps open as long. Where that is far away, all of it is brought
 * here at once if it has at most so many bytes and the page affords them. The extent's errors, here
 * and below.
 */
enum err lookup_open(struct ctx *c, const char *what, struct extent *bytes, uint64_t at_once,
	struct lookup *out) MUST;
/* Makes all of it be here. ERR_TOO_BIG for what no memory holds. */
enum err lookup_whole(struct ctx *c, struct lookup *l) MUST;
/* All bytes; NULL: they are not here. */
const uint8_t *lookup_all(const struct lookup *l);
/* The `len` bytes from `at` on, which are within its size. */
enum err lookup_window(
	struct ctx *c, const struct lookup *l, uint64_t at, size_t len, const uint8_t **out) MUST;
/* `list`, of ids that begin at list.at of the file, with where they are now. */
struct fanout lookup_ids(const struct lookup *l, struct fanout list);

#endif
