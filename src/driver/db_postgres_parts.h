/*
 * PostgreSQL's driver in parts: connections, each a pipeline (db_postgres_conn.c), the pool of them and
 * the login that they are made with (db_postgres_pool.c), transactions (db_postgres.c), and those that
 * have to be held again (db_postgres_again.c).
 *
 * A connection belongs to one thread at a time. The pool is for any.
 */
#ifndef DRIVER_DB_POSTGRES_PARTS_H
#define DRIVER_DB_POSTGRES_PARTS_H

#include "driver/libpq.h"
#include "port/db.h"
#include "port/secret.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
	PG_STATEMENTS = 512, /* prepared, per connection: a power of two */
	PG_CONNECT_US = 5000000,
};

/* What a column may be, by its number in pg_type. */
enum { PG_BOOL = 16, PG_BYTEA = 17, PG_INT8 = 20, PG_INT2 = 21, PG_INT4 = 23 };

/* What was said and heard in a writer's transaction so far, for pg_again. */
struct pg_kept {
	struct arena arena;
	struct pg_said *first, *newest;
	size_t bytes;
	int tries;
	bool on;    /* all of it is here */
	bool again; /* it is being said again, and not kept anew */
};

struct connection {
	struct db_tx tx;
	struct db_rows rows; /* the statement under way; rows.tx NULL: none */
	struct postgres *owner;
	PGconn *handle;
	uint64_t generation; /* of the login that it was opened with */
	PGresult *first;     /* of the statement under way: came before the first db_next */
	int64_t changed;
	size_t owed; /* answers that are not taken yet: of statements, and of syncs */
	bool writes;
	int64_t scope;           /* of who writes: as of db_begin_on */
	bool failed;             /* the transaction is good for nothing but being rolled back */
	bool outdone;            /* the server ended it for another's sake */
	bool broken;             /* nobody knows any more which answer comes next */
	struct connection *next; /* among the idle */
	struct pg_kept kept;
	const char *prepared[PG_STATEMENTS];
	size_t prepared_count;
};

struct postgres {
	struct db db;
	char *url; /* NULL where the login is another's */
	struct secret_set login;
	atomic_int_least64_t look_at, renew_at; /* world->monotonic(), not before which */
	atomic_uint_least64_t generation;       /* of the login when it was looked at */
	const struct world *world;
	pthread_mutex_t lock;
	pthread_cond_t back;
	struct connection *idle;
	size_t count, most;
	bool proven;     /* somebody has signed in */
	uint64_t newest; /* login that succeeded: what has an older one is not kept */
};

/* Set by pg_load. */
extern struct libpq pq;
enum err pg_load(struct ctx *c) MUST;

/* Each connection has it prepared, so that it can be sent whatever went wrong before. */
extern const char pg_rollback[];

/* Errors: ERR_UNAVAILABLE where the server went away, ERR_CANCELED, and what the server answers. `doing`
 * says what it was asked for, "to run a statement". */

/* ERR_INVALID where libpq cannot make sense of it. */
enum err pg_check_url(struct ctx *c, const char *url) MUST;
/* A new connection, in no transaction, that the pool has a place for. *refused: the server was there, and did
 * not take the password. */
enum err pg_connect(struct ctx *c, struct postgres *db, const struct secret_values *login,
	bool *refused, struct connection **out) MUST;
void pg_disconnect(struct connection *conn);
bool pg_is_lost(const struct connection *conn);
/* Has the server closed it since it was used last? */
bool pg_is_alive(struct connection *conn);

enum err pg_lost(struct ctx *c, const struct connection *conn, const char *doing) MUST;
/* What an unwanted result says; `result` may be NULL. The transaction has failed then. */
enum err pg_refused(
	struct ctx *c, struct connection *conn, const PGresult *result, const char *doing) MUST;

/* Its answer is owed then. `sql` is a constant. */
enum err pg_send(struct ctx *c, struct connection *conn, const char *sql,
	const struct db_value *args, size_t count) MUST;
/* Has the server answer all that was sent, and forget that something failed. */
enum err pg_send_sync(struct ctx *c, struct connection *conn, const char *doing) MUST;
/* The next result of what was sent; NULL: that is all of a statement's. The caller clears it. */
enum err pg_take(struct ctx *c, struct connection *conn, int64_t until, PGresult **out) MUST;
/* Takes answers until `left` are owed. The first failure counts. */
enum err pg_settle(struct ctx *c, struct connection *conn, size_t left, const char *doing) MUST;
/* One journey: sees what was sent through to its end. */
enum err pg_answers(struct ctx *c, struct connection *conn, const char *doing) MUST;
/* Rows: "INSERT 0 1", "UPDATE 1", but "SELECT 1" changes nothing. */
int64_t pg_changed_by(PGresult *result);

/* Begins what conn->writes and conn->scope say. A writer's is begun when it returns. */
enum err pg_begin(struct ctx *c, struct connection *conn) MUST;
/* A writer's is rolled back when it returns. */
enum err pg_roll_back(struct ctx *c, struct connection *conn) MUST;

/* The record of a writer's transaction, begun empty, and ended where it is of no use any more. One that
 * became too large is ended. */
void pg_kept_begin(struct pg_kept *kept);
void pg_kept_end(struct pg_kept *kept);
/* The same, but where it is being said again, which can begin once more. */
void pg_kept_spoil(struct pg_kept *kept);
void pg_keep_said(struct pg_kept *kept, const char *sql, const struct db_value *args, size_t count,
	bool asked);
void pg_keep_heard(struct pg_kept *kept, const struct db_value *row, size_t columns, bool more);
void pg_keep_changed(struct pg_kept *kept, int64_t changed);
/*
 * After a failure, *kind: where it was that the server ended the transaction for another's sake, holds it
 * again up to what failed, a few times if need be. True: all went as the first time, and what failed is
 * to be tried again. False: *kind says why not; it did not go as the first time (ERR_UNAVAILABLE), or is
 * as it was.
 */
bool pg_again(struct ctx *c, struct connection *conn, enum err *kind) MUST;

/* A place in the pool: with *out set to an idle connection whose login is of now, if that can be, or NULL
 * to make one. */
enum err pg_pool_enter(struct ctx *c, struct postgres *db, struct connection **out) MUST;
/* Makes one for a place that is taken. While a password that may change is refused it waits for a few
 * seconds. */
enum err pg_pool_connect(struct ctx *c, struct postgres *db, struct connection **out) MUST;
/* Gives a place back, with its connection for others to use, with one that is closed, without any. */
void pg_pool_return(struct connection *conn);
void pg_pool_drop(struct connection *conn);
void pg_pool_leave(struct postgres *db);
/* Closes all that are idle: after a restart of the server none of them is alive. */
void pg_pool_empty(struct postgres *db);

#endif
