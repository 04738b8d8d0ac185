/*
 * The table of chunks that commit-graphs and multi-pack indexes begin with (gitformat-chunk(5)): for
 * each a name of four letters and where it starts; it ends where the next one starts.
 */
#ifndef GIT_CHUNKS_H
#define GIT_CHUNKS_H

#include "base/stream.h"
#include "git/lookup.h"

enum { CHUNK_ROW = 12 };

/* Where a chunk lies in its file; `at` is 0 where the file has none. */
struct chunk_place {
	uint64_t at, size;
};

/* A chunk that somebody reads. */
struct chunk_slot {
	const char *name; /* of four letters */
	struct chunk_place *out;
};

/* A file whose table of `count` rows begins at `head`, and whose last `tail` bytes are no chunk's. */
struct chunk_file {
	const char *what; /* for errors */
	struct extent *bytes;
	size_t head, count, tail;
};

/* Finds the chunks of a file, and leaves out those that have no slot. Reads the table alone.
 * ERR_CORRUPT, and the extent's errors. */
enum err chunks_parse(struct ctx *c, const struct chunk_file *file, const struct chunk_slot *slots,
	size_t slot_count) MUST;

/* The `len` bytes from `from` on of a chunk, which has so many. */
static inline MUST enum err chunk_window(struct ctx *c, const struct lookup *l,
	const struct chunk_place *chunk, uint64_t from, size_t len, const uint8_t **out)
{
	return lookup_window(c, l, chunk->at + from, len, out);
}

/* A chunk that is being written. */
struct chunk {
	const char *name; /* NULL: it is left out */
	uint64_t size;
	enum err (*write)(struct ctx *c, void *arg);
};

size_t chunks_count(const struct chunk *chunks, size_t count);
/* Writes the table, behind a head of so many bytes, and all chunks. */
enum err chunks_write(struct ctx *c, const struct chunk *chunks, size_t count, uint64_t head,
	void *arg, struct sink *to) MUST;

#endif
