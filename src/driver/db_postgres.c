/*
 * PostgreSQL, by libpq: a pool of connections, made when needed, watched, and thrown away when the
 * server went away.
 *
 * Who writes takes a lock that the server keeps for the transaction (pg_advisory_xact_lock): those
 * on one repository take turns with each other, those on everything with all. So transactions are
 * serializable, whichever process they come from, and none of them is in another's way; what others do
 * in the database may be (db_postgres_again.c). Readers take no lock, and see one moment.
 *
 * A connection is a pipeline: statements are sent, and answers come in their order. Nobody waits for
 * an answer before somebody wants one, so the beginning of a reader's transaction and its end are no
 * journeys of their own, and any number of changes are one. After a statement that failed the server
 * skips all up to the next sync, which goes behind each statement whose answer is wanted.
 */
#include "driver/driver.h"

#include "base/buf.h"
#include "base/host.h"
#include "driver/db_postgres_parts.h"
#include "driver/login_url.h"
#include "driver/wait.h"

#include <stdlib.h>
#include <string.h>

enum { OWED_MAX = 256 /* answers that are let wait: what both sides keep meanwhile has a bound */ };

static const char running[] = "to run a statement";

static struct connection *connection_of(struct db_tx *tx)
{
	return (struct connection *)tx;
}

static struct postgres *postgres_of(struct db *db)
{
	return (struct postgres *)db;
}

/* The first is the lock of everything, the second of the instance's log; each repository's follows. */
static const int64_t lock_space = (int64_t)0x4e696d62 << 32; /* "Nimb" */

static enum err lock(struct ctx *c, struct connection *conn, int64_t scope)
{
	static const char all[] = "SELECT pg_advisory_xact_lock($1)";
	static const char one[] =
		"SELECT pg_advisory_xact_lock_shared($1), pg_advisory_xact_lock($2)";
	if (scope == DB_ALL)
		return pg_send(c, conn, all, DB_ARGS(DB_I(lock_space)));
	int64_t number = scope == DB_LOG ? 0 : scope;
	return pg_send(c, conn, one, DB_ARGS(DB_I(lock_space), DB_I(lock_space + 1 + number)));
}

/* Who reads finds out with his first statement whether it could begin. */
enum err pg_begin(struct ctx *c, struct connection *conn)
{
	static const char read[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
	/* Each statement sees what was committed last: the lock may have been waited for. */
	static const char write[] = "BEGIN ISOLATION LEVEL READ COMMITTED";
	static const char now[] =
		"SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
	conn->failed = conn->outdone = false;
	TRY(pg_send(c, conn, conn->writes ? write : read, DB_NO_ARGS));
	if (!conn->writes)
		return pg_send(c, conn, now, DB_NO_ARGS);
	TRY(lock(c, conn, conn->scope));
	TRY(pg_send(c, conn, now, DB_NO_ARGS));
	return pg_answers(c, conn, "to begin a transaction");
}

static enum err begin_on(struct ctx *c, struct connection *conn, enum db_mode mode, int64_t scope)
{
	conn->writes = mode == DB_WRITE;
	conn->scope = scope;
	conn->tx.began = 0;
	if (conn->writes)
		pg_kept_begin(&conn->kept);
	enum err kind = pg_begin(c, conn);
	return kind && pg_again(c, conn, &kind) ? OK : kind;
}

/* A connection of the pool, or else a new one, in a transaction. */
static enum err postgres_begin(
	struct ctx *c, struct db *self, enum db_mode mode, int64_t scope, struct db_tx **out)
{
	struct postgres *db = postgres_of(self);
	struct connection *conn = NULL;
	*out = NULL;
	TRY(pg_pool_enter(c, db, &conn));
	if (conn) {
		bool gone = !pg_is_alive(conn);
		enum err kind = gone ? OK : begin_on(c, conn, mode, scope);
		if (!gone && !kind) {
			*out = &conn->tx;
			return OK;
		}
		gone = gone || pg_is_lost(conn);
		pg_pool_drop(conn);
		if (!gone)
			return kind;
		ctx_clear(c);
		pg_pool_empty(db);
		conn = NULL;
		TRY(pg_pool_enter(c, db, &conn));
	}
	enum err kind = conn ? OK : pg_pool_connect(c, db, &conn);
	if (kind) {
		pg_pool_leave(db);
		return kind;
	}
	kind = begin_on(c, conn, mode, scope);
	if (kind)
		pg_pool_drop(conn);
	else
		*out = &conn->tx;
	return kind;
}

static enum err commit(struct ctx *c, struct connection *conn)
{
	static const char sql[] = "COMMIT";
	if (conn->failed)
		return fail(c, ERR_IO, "the database refuses to commit what has failed before");
	/* What was changed is known before: the server does not know how many rows it should be. */
	if (conn->owed)
		TRY(pg_answers(c, conn, running));
	TRY(pg_send(c, conn, sql, DB_NO_ARGS));
	return pg_answers(c, conn, "to commit");
}

/*
 * A server that goes away now may have committed or not, and so does one whose answer nobody waited
 * for. The caller gets an error either way: what it then finds is one of the two, whole.
 */
static enum err postgres_commit(struct ctx *c, struct db_tx *tx)
{
	struct connection *conn = connection_of(tx);
	enum err kind;
	ASSERT(!conn->rows.tx);
	do
		kind = commit(c, conn);
	while (kind && pg_again(c, conn, &kind));
	pg_kept_end(&conn->kept);
	if (kind)
		pg_pool_drop(conn);
	else
		pg_pool_return(conn);
	return kind;
}

/* A reader's is not waited for. A writer's is, since others wait for its lock; what else is owed may
 * fail, and must not take ROLLBACK with it. */
enum err pg_roll_back(struct ctx *c, struct connection *conn)
{
	static const char doing[] = "to roll back";
	if (conn->writes)
		TRY(pg_send_sync(c, conn, doing));
	TRY(pg_send(c, conn, pg_rollback, DB_NO_ARGS));
	TRY(pg_send_sync(c, conn, doing));
	return conn->writes ? pg_settle(c, conn, 0, doing) : OK;
}

/* There is no context here, and nobody to wait: a connection that is not idle soon is closed, which
 * rolls back too. */
static void postgres_rollback(struct db_tx *tx)
{
	struct connection *conn = connection_of(tx);
	struct arena arena;
	struct ctx c;
	ASSERT(!conn->rows.tx);
	arena_init(&arena);
	ctx_init(&c, &arena, conn->owner->world);
	c.deadline = c.world->monotonic() + PG_CONNECT_US;
	pg_kept_end(&conn->kept);
	bool keep = !conn->broken && pg_roll_back(&c, conn) == OK;
	/* What a writer was owed may have failed, which is no matter now. */
	if (conn->writes)
		keep = !conn->broken && pq.transactionStatus(conn->handle) == PQTRANS_IDLE;
	if (keep)
		pg_pool_return(conn);
	else
		pg_pool_drop(conn);
	arena_done(&arena);
}

static enum err refuse_first(struct ctx *c, struct connection *conn)
{
	PGresult *result = conn->first;
	conn->first = NULL;
	enum err kind = pg_refused(c, conn, result, running);
	pq.clear(result);
	return kind;
}

/* All that was sent before is answered first. */
static enum err ask(struct ctx *c, struct connection *conn, const char *sql,
	const struct db_value *args, size_t count)
{
	enum { ITSELF = 2 }; /* and its sync */
	TRY(pg_send(c, conn, sql, args, count));
	TRY(pg_send_sync(c, conn, running));
	TRY(pg_settle(c, conn, ITSELF, running));
	/* Rows as they come: a repository may have a million refs. */
	if (!pq.setSingleRowMode(conn->handle))
		return pg_lost(c, conn, running);
	TRY(pg_take(c, conn, wait_end(c, PATIENCE_US), &conn->first));
	return pq.resultStatus(conn->first) == PGRES_FATAL_ERROR ? refuse_first(c, conn) : OK;
}

static enum err postgres_query(struct ctx *c, struct db_tx *tx, const char *sql,
	const struct db_value *args, size_t count, struct db_rows **out)
{
	struct connection *conn = connection_of(tx);
	ASSERT(!conn->rows.tx && !conn->first);
	enum err kind;
	*out = NULL;
	do
		kind = ask(c, conn, sql, args, count);
	while (kind && pg_again(c, conn, &kind));
	TRY(kind);
	pg_keep_said(&conn->kept, sql, args, count, true);
	conn->changed = 0;
	conn->rows = (struct db_rows){tx, conn->first ? (size_t)pq.nfields(conn->first) : 0};
	*out = &conn->rows;
	return OK;
}

/* What both sides have to keep until it is answered must not grow for ever. */
static enum err change(struct ctx *c, struct connection *conn, const char *sql,
	const struct db_value *args, size_t count)
{
	TRY(pg_send(c, conn, sql, args, count));
	return conn->owed < OWED_MAX ? OK : pg_answers(c, conn, running);
}

static enum err postgres_change(
	struct ctx *c, struct db_tx *tx, const char *sql, const struct db_value *args, size_t count)
{
	struct connection *conn = connection_of(tx);
	enum err kind;
	ASSERT(!conn->rows.tx && !conn->first);
	do
		kind = change(c, conn, sql, args, count);
	while (kind && pg_again(c, conn, &kind));
	TRY(kind);
	pg_keep_said(&conn->kept, sql, args, count, false);
	return OK;
}

static int64_t integer_of(const char *bytes, Oid type)
{
	switch (type) {
	case PG_BOOL: return *bytes != 0;
	case PG_INT2: return (int16_t)(get_be32(bytes) >> 16);
	case PG_INT4: return (int32_t)get_be32(bytes);
	default: return (int64_t)get_be64(bytes);
	}
}

static struct db_value column(struct ctx *c, const PGresult *result, int at)
{
	if (pq.getisnull(result, 0, at))
		return DB_N();
	const char *bytes = pq.getvalue(result, 0, at);
	Oid type = pq.ftype(result, at);
	switch (type) {
	case PG_BOOL:
	case PG_INT2:
	case PG_INT4:
	case PG_INT8: return DB_I(integer_of(bytes, type));
	default: break;
	}
	size_t len = (size_t)pq.getlength(result, 0, at);
	struct str copy = str_from(arena_strndup(c->arena, bytes, len), len);
	return type == PG_BYTEA ? DB_B(copy) : DB_T(copy);
}

static enum err postgres_next(struct ctx *c, struct db_rows *rows, struct db_value *row, bool *more)
{
	struct connection *conn = connection_of(rows->tx);
	PGresult *result = conn->first;
	enum err kind = OK;
	conn->first = NULL;
	*more = false;
	if (!result)
		TRY(pg_take(c, conn, wait_end(c, PATIENCE_US), &result));
	if (!result)
		return OK;
	switch (pq.resultStatus(result)) {
	case PGRES_SINGLE_TUPLE:
		for (size_t i = 0; i < rows->columns; i++)
			row[i] = column(c, result, (int)i);
		*more = true;
		break;
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK: conn->changed = pg_changed_by(result); break;
	default:
		kind = pg_refused(c, conn, result, running);
		pg_kept_spoil(&conn->kept); /* rows that were given are not taken back */
		break;
	}
	pq.clear(result);
	pg_keep_heard(&conn->kept, row, rows->columns, *more);
	return kind;
}

/* The rest of the rows, which nobody wants any more, is read; or else the connection is broken. */
static int64_t postgres_finish(struct db_rows *rows)
{
	struct connection *conn = connection_of(rows->tx);
	struct arena arena;
	struct ctx c;
	arena_init(&arena);
	ctx_init(&c, &arena, conn->owner->world);
	c.deadline = c.world->monotonic() + PG_CONNECT_US;
	PGresult *result = conn->first;
	conn->first = NULL;
	enum err kind = result ? OK : pg_take(&c, conn, c.deadline, &result);
	while (!kind && result) {
		if (pq.resultStatus(result) == PGRES_COMMAND_OK)
			conn->changed = pg_changed_by(result);
		conn->failed = conn->failed || pq.resultErrorField(result, PG_DIAG_SQLSTATE);
		pq.clear(result);
		kind = pg_take(&c, conn, c.deadline, &result);
	}
	conn->owed--;
	if (!kind)
		kind = pg_settle(&c, conn, 0, running);
	conn->broken = conn->broken || kind;
	arena_done(&arena);
	conn->rows = (struct db_rows){0};
	pg_keep_changed(&conn->kept, conn->changed);
	return conn->changed;
}

/* All that call themselves as we do, but for those of this pool. */
enum err db_postgres_others(struct ctx *c, struct db *self, int64_t *count)
{
	static const char sql[] = "SELECT count(*) FROM pg_stat_activity WHERE datname = "
				  "current_database() AND application_name = 'nimbus'";
	struct postgres *db = postgres_of(self);
	struct db_value row[1];
	DB_TX *tx = NULL;
	TRY(db_begin(c, self, DB_READ, &tx));
	TRY(db_row(c, tx, sql, DB_NO_ARGS, row));
	HOLD(db->lock);
	*count = row[0].integer - (int64_t)db->count;
	return OK;
}

static void postgres_close(struct db *self)
{
	struct postgres *db = postgres_of(self);
	pg_pool_empty(db);
	ASSERT(db->count == 0);
	pthread_cond_destroy(&db->back);
	pthread_mutex_destroy(&db->lock);
	free(db->url);
	free(db);
}

static const struct db_ops postgres_ops = {
	.dialect = DB_POSTGRES,
	.begin = postgres_begin,
	.commit = postgres_commit,
	.rollback = postgres_rollback,
	.query = postgres_query,
	.next = postgres_next,
	.finish = postgres_finish,
	.change = postgres_change,
	.close = postgres_close,
};

static enum err open_as(struct ctx *c, const struct secret_set *login, char *url,
	size_t connections, struct db **out)
{
	struct postgres *db = calloc(1, sizeof *db);
	if (!db)
		host_panic("out of memory");
	db->db.ops = &postgres_ops;
	db->world = c->world;
	db->most = connections;
	db->login = *login;
	db->url = url;
	pthread_mutex_init(&db->lock, NULL);
	pthread_cond_init(&db->back, NULL);
	struct db_tx *tx;
	enum err kind = postgres_begin(c, &db->db, DB_READ, DB_ALL, &tx);
	if (kind) {
		postgres_close(&db->db);
		return kind;
	}
	postgres_rollback(tx);
	*out = &db->db;
	return OK;
}

enum err db_postgres_open(struct ctx *c, const char *url, size_t connections, struct db **out)
{
	TRY(pg_load(c));
	TRY(pg_check_url(c, url));
	char *own = strdup(url);
	return open_as(c, &(struct secret_set){{{NULL, own}}}, own, connections, out);
}

enum err db_postgres_open_as(
	struct ctx *c, const struct secret_set *login, size_t connections, struct db **out)
{
	struct secret_values values;
	TRY(pg_load(c));
	TRY(secret_set_read(c, login, &values));
	TRY(pg_check_url(c, login_url(c->arena, &values)));
	return open_as(c, login, NULL, connections, out);
}
