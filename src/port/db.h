/*
 * Port: a transactional SQL database. SQL is written for PostgreSQL and SQLite alike, with $1, $2 …
 * numbered in the order of first appearance; statements are constants (drivers cache them by
 * address).
 *
 * Everything happens in a transaction. A transaction belongs to one thread; the database to all.
 * Hold one for as little as can be: an embedded database has one writer at a time. Isolation:
 * serializable. After an error other than ERR_NOT_FOUND a transaction is good for nothing but being
 * rolled back.
 */
#ifndef PORT_DB_H
#define PORT_DB_H

#include "base/ctx.h"
#include "base/str.h"

enum db_kind { DB_NULL, DB_INT, DB_TEXT, DB_BYTES };

struct db_value {
	enum db_kind kind;
	int64_t integer;
	struct str text; /* DB_TEXT, DB_BYTES. Of a result: lives in c->arena */
};

#define DB_I(value) ((struct db_value){.kind = DB_INT, .integer = (value)})
#define DB_T(value) ((struct db_value){.kind = DB_TEXT, .text = (value)})
#define DB_B(value) ((struct db_value){.kind = DB_BYTES, .text = (value)})
#define DB_N() ((struct db_value){.kind = DB_NULL})

struct db {
	const struct db_ops *ops;
};

enum db_mode { DB_READ, DB_WRITE };

/* The scope of a transaction that may concern everything; and of one that does no more than add to the
 * instance's own audit chain, which no other but those on everything do. */
enum { DB_ALL = 0, DB_LOG = -1 };

/* An open transaction. Drivers embed it. */
struct db_tx {
	struct db *db;
	/* When it had its turn: microseconds since 1970, by the database's clock. 0: not known yet. */
	int64_t began;
};

/*
 * The time, in seconds since 1970, for whatever is kept in the database and compared there. Machines'
 * clocks differ; the database's is one for all. Who writes knows it; who reads, from his first
 * statement on, or from db_ask_time.
 */
static inline int64_t db_now(const struct db_tx *tx)
{
	ASSERT(tx->began);
	return tx->began / 1000000;
}

/* The rows of one query; drivers embed it. Close it before the next statement of the transaction.
 */
struct db_rows {
	struct db_tx *tx;
	size_t columns;
};

/* Where SQL cannot be the same for all: only in the schema. */
enum db_dialect { DB_SQLITE, DB_POSTGRES };

struct db_ops {
	enum db_dialect dialect;
	/* A write transaction waits for its turn until the deadline (ERR_UNAVAILABLE). `scope`: see
	 * db_begin_on. */
	enum err (*begin)(struct ctx *c, struct db *self, enum db_mode mode, int64_t scope,
		struct db_tx **out);
	/* Durable when it returns OK. After an error nothing has happened. Ends the transaction
	 * either way. */
	enum err (*commit)(struct ctx *c, struct db_tx *tx);
	void (*rollback)(struct db_tx *tx);
	/* Starts a statement. ERR_EXISTS on a broken unique constraint, ERR_CONFLICT on another one. */
	enum err (*query)(struct ctx *c, struct db_tx *tx, const char *sql,
		const struct db_value *args, size_t count, struct db_rows **out);
	/* The next row into row[0..columns), *more false at the end. */
	enum err (*next)(struct ctx *c, struct db_rows *rows, struct db_value *row, bool *more);
	/* Ends the statement (finishing it). Returns the number of rows that it changed. */
	int64_t (*finish)(struct db_rows *rows);
	/* Optional, where an answer is a journey: db_change. */
	enum err (*change)(struct ctx *c, struct db_tx *tx, const char *sql,
		const struct db_value *args, size_t count);
	void (*close)(struct db *self);
};

static inline MUST enum err db_begin(
	struct ctx *c, struct db *db, enum db_mode mode, struct db_tx **out)
{
	return db->ops->begin(c, db, mode, DB_ALL, out);
}

/*
 * A write transaction that concerns one repository: what it reads to decide, and what it changes,
 * are rows of that repository alone, but for reading accounts, tokens and permissions, which change
 * only in transactions on everything; it may add rows elsewhere. A database that can lets it run
 * beside those of others. The instance's audit chain is as a repository of its own (DB_LOG).
 */
static inline MUST enum err db_begin_on(
	struct ctx *c, struct db *db, int64_t repo_id, struct db_tx **out)
{
	return db->ops->begin(c, db, DB_WRITE, repo_id, out);
}

/* Commits and sets *tx to NULL, so that a WITH_TX cleanup does nothing more. */
static inline MUST enum err db_commit(struct ctx *c, struct db_tx **tx)
{
	struct db_tx *ending = *tx;
	*tx = NULL;
	return ending->db->ops->commit(c, ending);
}

static inline void db_rollback(struct db_tx **tx)
{
	if (*tx)
		(*tx)->db->ops->rollback(*tx);
	*tx = NULL;
}

static inline MUST enum err db_query(struct ctx *c, struct db_tx *tx, const char *sql,
	const struct db_value *args, size_t count, struct db_rows **out)
{
	return tx->db->ops->query(c, tx, sql, args, count, out);
}

static inline MUST enum err db_next(
	struct ctx *c, struct db_rows *rows, struct db_value *row, bool *more)
{
	return rows->tx->db->ops->next(c, rows, row, more);
}

/* The same with the row's bytes in `to`: for long results, of which each row is soon forgotten. */
static inline MUST enum err db_next_in(
	struct ctx *c, struct db_rows *rows, struct arena *to, struct db_value *row, bool *more)
{
	struct arena *own = c->arena;
	c->arena = to;
	enum err kind = db_next(c, rows, row, more);
	c->arena = own;
	return kind;
}

static inline void db_finish(struct db_rows **rows)
{
	if (*rows)
		(*rows)->tx->db->ops->finish(*rows);
	*rows = NULL;
}

static inline void db_close(struct db *db)
{
	if (db)
		db->ops->close(db);
}

/* Runs a statement that gives no rows; *changed (may be NULL): how many it touched. port/db.c */
enum err db_run(struct ctx *c, struct db_tx *tx, const char *sql, const struct db_value *args,
	size_t count, int64_t *changed) MUST;

/*
 * Runs a statement that changes one row, whose answer nobody waits for. What goes wrong, ERR_CONFLICT
 * where it is none or several rows that it changes, may be told by a later statement of the
 * transaction, and is by the commit.
 */
enum err db_change(struct ctx *c, struct db_tx *tx, const char *sql, const struct db_value *args,
	size_t count) MUST;
/* OK if it is one; for drivers. */
enum err db_changed_one(struct ctx *c, int64_t changed) MUST;

/* For who reads and needs db_now before he has asked for anything else: a journey. */
enum err db_ask_time(struct ctx *c, struct db_tx *tx) MUST;

/* Runs a query for its first row; ERR_NOT_FOUND without one. */
enum err db_row(struct ctx *c, struct db_tx *tx, const char *sql, const struct db_value *args,
	size_t count, struct db_value *row) MUST;

#define DB_ARGS(...)                            \
	(const struct db_value[]){__VA_ARGS__}, \
		sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)
#define DB_NO_ARGS NULL, 0

/* Rolls back at the end of the block unless db_commit came first. */
#define DB_TX __attribute__((cleanup(db_rollback))) struct db_tx
#define DB_ROWS __attribute__((cleanup(db_finish))) struct db_rows

#endif
