/*
 * The database as a whole: copying every row into another one, and telling whether two hold the same,
 * whichever providers they are of. Memory is bounded by the largest row.
 */
#ifndef META_TABLES_H
#define META_TABLES_H

#include "port/db.h"

enum {
#define TABLE(name, columns, names, keys, key) META_TABLE_##name,
#include "meta/tables.def"
#undef TABLE
	META_TABLES
};

/* What a table holds, in whatever order: how many rows, and the sum of their hashes. */
struct meta_table_sum {
	int64_t rows;
	uint64_t hash[4];
};

struct meta_tables {
	/* Called now and then; may be NULL. `rows`: of this table, so far. */
	void (*progress)(void *arg, const char *table, int64_t rows);
	void *arg;
	struct meta_table_sum sums[META_TABLES]; /* what was read */
};

/* Reads all that the transaction sees. */
enum err meta_tables_read(struct ctx *c, struct db_tx *tx, struct meta_tables *t) MUST;

/* Copies all of it into the tables of `to`, which are empty and of the same schema. `t->sums` are of
 * the source. */
enum err meta_tables_copy(
	struct ctx *c, struct db_tx *from, struct db_tx *to, struct meta_tables *t) MUST;

/* Reads the copy back: ERR_DAMAGED when it is not what `t->sums` say. Commit after that. */
enum err meta_tables_check(struct ctx *c, struct db_tx *copy, const struct meta_tables *t) MUST;

/* NULL when no table has a row; else the name of one that has. */
enum err meta_tables_used(struct ctx *c, struct db_tx *tx, const char **table) MUST;

#endif
