/*
 * The refs of one version, sorted by name, kept as the very lines that clients are sent.
 *
 * A table is a list of chunks of up to 64 KiB of lines. A chunk never changes, is counted, and is
 * shared by all versions that have the same refs in it: the next version after a push costs one
 * chunk, however many refs there are. A table that is finished is read by any number of threads;
 * one that is being made is its maker's.
 */
#ifndef CORE_REF_TABLE_H
#define CORE_REF_TABLE_H

#include "base/stream.h"
#include "base/vec.h"
#include "model/repo.h"

struct ref_chunk;

struct ref_part {
	struct ref_chunk *chunk; /* one reference */
	size_t before;           /* refs in the chunks before */
};

struct ref_table {
	enum hash_algo algo;
	size_t count;
	VEC_OF(struct ref_part) parts;
};

/* An empty one, whose list lies in `arena`; the chunks lie elsewhere. */
void ref_table_init(struct ref_table *t, struct arena *arena, enum hash_algo algo);
void ref_table_done(struct ref_table *t);

/* The ref at `i` < count. Its name lives as long as the table. */
struct ref ref_table_at(const struct ref_table *t, size_t i);
bool ref_table_find(const struct ref_table *t, struct str name, struct ref *out);
/* The first ref whose name is >= `prefix`; the first after it that does not start with it. */
size_t ref_table_lower_bound(const struct ref_table *t, struct str prefix);
size_t ref_table_prefix_end(const struct ref_table *t, struct str prefix);
/* What the chunks take, shared or not. */
size_t ref_table_bytes(const struct ref_table *t);

enum ref_lines {
	REF_LINES_PLAIN, /* "ID NAME\n" in a packet each */
	REF_LINES_V2,    /* the same; an annotated tag's is "ID NAME peeled:ID\n" */
	REF_LINES_V0,    /* "ID NAME\n"; after an annotated tag's comes "PEELED NAME^{}\n" */
};

/* Writes the lines of the refs `from` .. `to` - 1. */
enum err ref_table_write(struct ctx *c, const struct ref_table *t, size_t from, size_t to,
	enum ref_lines how, struct sink *out) MUST;

/*
 * Fills an empty table: with what `base` has (may be NULL: nothing), but for the refs that are put
 * or dropped, in the order of their names, each once.
 */
struct ref_maker {
	struct ref_table *into;
	const struct ref_table *base;
	size_t part;  /* of base: where we are */
	uint32_t ref; /* in that chunk */
	struct ref_pending *pending;
	struct arena arena;
};

void ref_maker_init(struct ref_maker *m, struct ref_table *into, const struct ref_table *base);
void ref_maker_put(struct ref_maker *m, const struct ref *ref);
void ref_maker_drop(struct ref_maker *m, struct str name);
/* All that is left of `base`. */
void ref_maker_end(struct ref_maker *m);
/* At last, after ref_maker_end or when something failed. */
void ref_maker_done(struct ref_maker *m);

#endif
