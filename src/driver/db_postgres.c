/*
 * PostgreSQL, by libpq: a pool of connections, made when needed, watched, and thrown away when the
 * server went away.
 *
 * Who writes takes a lock that the server keeps for the transaction (pg_advisory_xact_lock): those
 * on one repository take turns with each other, those on everything with all. So transactions are
 * serializable without ever having to be tried again, whichever process they come from. Readers take
 * no lock, and see one moment.
 *
 * A connection is a pipeline: statements are sent, and answers come in their order. Nobody waits for
 * an answer before somebody wants one, so the beginning of a reader's transaction and its end are no
 * journeys of their own, and any number of changes are one. After a statement that failed the server
 * skips all up to the next sync, which goes behind each statement whose answer is wanted.
 */
#include "driver/driver.h"

#include "base/buf.h"
#include "base/host.h"
#include "driver/libpq.h"
#include "driver/wait.h"
#include "os/library.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum {
	STATEMENTS = 512, /* prepared, per connection: a power of two */
	STATEMENT_NAME = 24,
	ARGS_MAX = 32,
	OWED_MAX = 256, /* answers that are let wait: what both sides keep meanwhile has a bound */
	SLICE_MS = 100, /* how long a wait goes without asking whether it still makes sense */
	CONNECT_US = 5000000,
};

/* What a column may be, by its number in pg_type. */
enum { PG_BOOL = 16, PG_BYTEA = 17, PG_INT8 = 20, PG_INT2 = 21, PG_INT4 = 23 };

/* Set once per connection. A server that lost its client stops what it did for it. */
static const char session[] = "SET client_encoding = 'UTF8'; SET statement_timeout = '60s'; "
			      "SET idle_in_transaction_session_timeout = '60s'; "
			      "SET client_connection_check_interval = '1s'; "
			      "SET standard_conforming_strings = on; SET bytea_output = 'hex'; "
			      "SET client_min_messages = warning";

struct connection {
	struct db_tx tx;
	struct db_rows rows; /* the statement under way; rows.tx NULL: none */
	struct postgres *owner;
	PGconn *handle;
	PGresult *first; /* of the statement under way: came before the first db_next */
	int64_t changed;
	size_t owed; /* answers that are not taken yet: of statements, and of syncs */
	bool writes;
	bool failed;             /* the transaction is good for nothing but being rolled back */
	bool broken;             /* nobody knows any more which answer comes next */
	struct connection *next; /* among the idle */
	const char *prepared[STATEMENTS];
	size_t prepared_count;
};

struct postgres {
	struct db db;
	char *url;
	const struct world *world;
	pthread_mutex_t lock;
	pthread_cond_t back;
	struct connection *idle;
	size_t count, most;
};

static struct libpq pq;
static const char running[] = "to run a statement";
static const char rollback_sql[] = "ROLLBACK";

static struct connection *connection_of(struct db_tx *tx)
{
	return (struct connection *)tx;
}

static struct postgres *postgres_of(struct db *db)
{
	return (struct postgres *)db;
}

static enum err kind_of(const char *state)
{
	static const struct {
		const char *begins;
		enum err kind;
	} kinds[] = {{"23505", ERR_EXISTS}, {"23", ERR_CONFLICT}, {"40", ERR_CONFLICT},
		{"57", ERR_UNAVAILABLE}, {"55P03", ERR_UNAVAILABLE}, {"08", ERR_UNAVAILABLE},
		{"53", ERR_UNAVAILABLE}, {"25P03", ERR_UNAVAILABLE}, {"22021", ERR_INVALID},
		{"22P05", ERR_INVALID}, {"54", ERR_TOO_BIG}, {"XX00", ERR_DAMAGED}};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strncmp(state, kinds[i].begins, strlen(kinds[i].begins)) == 0)
			return kinds[i].kind;
	return ERR_IO;
}

/* libpq's text, without the line's end and without what follows in further lines. */
static struct str first_line(const char *text)
{
	struct str rest = str_of(text ? text : "");
	return str_trim(str_cut(&rest, '\n'));
}

static bool is_lost(const struct connection *conn)
{
	return pq.status(conn->handle) == CONNECTION_BAD;
}

static enum err lost(struct ctx *c, const struct connection *conn, const char *doing)
{
	return fail(c, ERR_UNAVAILABLE, "the database went away %s: %.*s", doing,
		STR_FMT(first_line(pq.errorMessage(conn->handle))));
}

/* What an unwanted result says; `result` may be NULL. */
static enum err refused(
	struct ctx *c, const struct connection *conn, const PGresult *result, const char *doing)
{
	const char *state = result ? pq.resultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	if (!state)
		return is_lost(conn) ? lost(c, conn, doing)
				     : fail(c, ERR_IO, "the database failed %s: %.*s", doing,
					       STR_FMT(first_line(pq.errorMessage(conn->handle))));
	return fail(c, kind_of(state), "the database failed %s: %.*s (%s)", doing,
		STR_FMT(first_line(pq.resultErrorField(result, PG_DIAG_MESSAGE_PRIMARY))), state);
}

/* One slice of waiting for the server. ERR_UNAVAILABLE, ERR_CANCELED. */
static enum err wait_socket(
	struct ctx *c, const struct connection *conn, short events, int64_t until)
{
	TRY(wait_check(c, until, "the database does not answer in time"));
	int64_t left = (until - c->world->monotonic()) / 1000;
	struct pollfd fd = {.fd = pq.socket(conn->handle), .events = events};
	poll(&fd, 1, left < SLICE_MS ? (int)left : SLICE_MS);
	return OK;
}

/* The next result of what was sent; NULL: that is all of a statement's. The caller clears it. */
static enum err result_take(struct ctx *c, struct connection *conn, int64_t until, PGresult **out)
{
	*out = NULL;
	conn->broken = true; /* until it is here */
	/* What is here already is taken first: libpq moves all of it to make room for more. */
	while (pq.isBusy(conn->handle)) {
		int left = pq.flush(conn->handle);
		if (left < 0)
			return lost(c, conn, "while it was asked");
		TRY(wait_socket(c, conn, left ? POLLIN | POLLOUT : POLLIN, until));
		if (!pq.consumeInput(conn->handle))
			return lost(c, conn, "while it worked");
	}
	*out = pq.getResult(conn->handle);
	conn->broken = is_lost(conn);
	return OK;
}

/* "INSERT 0 1", "UPDATE 1", but "SELECT 1" changes nothing. */
static int64_t changed_by(PGresult *result)
{
	int64_t changed = 0;
	if (strncmp(pq.cmdStatus(result), "SELECT", 6) == 0)
		return 0;
	for (const char *digit = pq.cmdTuples(result); *digit; digit++)
		changed = changed * 10 + (*digit - '0');
	return changed;
}

/* A transaction begins with statements that give nothing, and one that gives the time. */
static void take_time(struct connection *conn, const PGresult *result)
{
	if (!conn->tx.began && pq.ftype(result, 0) == PG_INT8)
		conn->tx.began = (int64_t)get_be64(pq.getvalue(result, 0, 0));
}

/* Of a statement that nobody waited for. BEGIN and its like count no rows. */
static enum err result_judge(
	struct ctx *c, struct connection *conn, PGresult *result, const char *doing)
{
	switch (pq.resultStatus(result)) {
	case PGRES_COMMAND_OK:
		if (!*pq.cmdTuples(result) || changed_by(result) == 1)
			return OK;
		conn->failed = true;
		return db_changed_one(c, changed_by(result));
	case PGRES_TUPLES_OK: take_time(conn, result); return OK;
	case PGRES_PIPELINE_SYNC:
	case PGRES_PIPELINE_ABORTED: return OK; /* what failed before it counts */
	default: conn->failed = true; return refused(c, conn, result, doing);
	}
}

/* Takes answers until `left` are owed. The first failure counts. */
static enum err settle(struct ctx *c, struct connection *conn, size_t left, const char *doing)
{
	int64_t until = wait_end(c, PATIENCE_US);
	enum err kind = OK;
	while (conn->owed > left) {
		PGresult *result = NULL;
		enum err err = result_take(c, conn, until, &result);
		if (err)
			return err;
		if (!result || pq.resultStatus(result) == PGRES_PIPELINE_SYNC)
			conn->owed--;
		if (result && !kind)
			kind = result_judge(c, conn, result, doing);
		pq.clear(result);
	}
	return kind;
}

/* Has the server answer all that was sent, and forget that something failed. */
static enum err sync_send(struct ctx *c, struct connection *conn, const char *doing)
{
	if (!pq.pipelineSync(conn->handle))
		return lost(c, conn, doing);
	conn->owed++;
	return OK;
}

/* One journey: sees what was sent through to its end. */
static enum err answers(struct ctx *c, struct connection *conn, const char *doing)
{
	TRY(sync_send(c, conn, doing));
	return settle(c, conn, 0, doing);
}

/* Several statements at once, before there is a pipeline. */
static enum err session_begin(struct ctx *c, struct connection *conn, int64_t until)
{
	static const char doing[] = "to begin a session";
	if (!pq.sendQuery(conn->handle, session))
		return lost(c, conn, doing);
	for (PGresult *result = NULL;;) {
		TRY(result_take(c, conn, until, &result));
		if (!result)
			break;
		enum err kind = result_judge(c, conn, result, doing);
		pq.clear(result);
		TRY(kind);
	}
	return pq.enterPipelineMode(conn->handle) ? OK : lost(c, conn, doing);
}

/* Where `sql` is or would be in the table; a full one has no room for others. */
static const char **statement_slot(struct connection *conn, const char *sql)
{
	size_t at = (((uintptr_t)sql >> 3) * 0x9e3779b1u) % STATEMENTS;
	while (conn->prepared[at] && conn->prepared[at] != sql)
		at = (at + 1) % STATEMENTS;
	return &conn->prepared[at];
}

/* Has the server know `sql` by a name. */
static enum err statement_prepare(
	struct ctx *c, struct connection *conn, const char *sql, char name[STATEMENT_NAME])
{
	const char **slot = statement_slot(conn, sql);
	fmt_into(name, STATEMENT_NAME, "n%llx", (unsigned long long)(uintptr_t)sql);
	if (*slot)
		return OK;
	ASSERT(conn->prepared_count < STATEMENTS - 1);
	/* Apart from what was sent before: of this it must be known whether it was done. */
	if (conn->owed)
		TRY(answers(c, conn, running));
	if (!pq.sendPrepare(conn->handle, name, sql, 0, NULL))
		return lost(c, conn, "to prepare a statement");
	conn->owed++;
	TRY(answers(c, conn, "to prepare a statement"));
	*slot = sql;
	conn->prepared_count++;
	return OK;
}

static void connection_close(struct connection *conn)
{
	pq.clear(conn->first);
	pq.finish(conn->handle);
	host_free(conn, sizeof *conn);
}

static enum err handshake(struct ctx *c, struct connection *conn)
{
	int64_t until = c->world->monotonic() + CONNECT_US;
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;
	while (pq.status(conn->handle) != CONNECTION_BAD && status != PGRES_POLLING_OK) {
		if (status == PGRES_POLLING_FAILED)
			break;
		TRY(wait_socket(
			c, conn, status == PGRES_POLLING_READING ? POLLIN : POLLOUT, until));
		status = pq.connectPoll(conn->handle);
	}
	if (status != PGRES_POLLING_OK)
		return fail(c, ERR_UNAVAILABLE, "%.*s",
			STR_FMT(first_line(pq.errorMessage(conn->handle))));
	if (pq.serverVersion(conn->handle) < 140000)
		return fail(c, ERR_UNSUPPORTED, "PostgreSQL is older than version 14");
	if (pq.setnonblocking(conn->handle, 1))
		return lost(c, conn, "at the beginning");
	return session_begin(c, conn, until);
}

static enum err connection_open(struct ctx *c, struct postgres *db, struct connection **out)
{
	static const char *const keywords[] = {
		"application_name", "tcp_user_timeout", "keepalives_idle", "dbname", NULL};
	const char *const values[] = {"nimbus", "10000", "10", db->url, NULL};
	struct connection *conn = host_alloc(sizeof *conn);
	*conn = (struct connection){.tx.db = &db->db, .owner = db};
	conn->handle = pq.connectStartParams(keywords, values, 1);
	if (!conn->handle)
		host_panic("out of memory");
	enum err kind = handshake(c, conn);
	if (!kind) /* so that it can be sent whatever went wrong before */
		kind = statement_prepare(c, conn, rollback_sql, (char[STATEMENT_NAME]){0});
	if (kind) {
		const char *host = pq.host(conn->handle), *port = pq.port(conn->handle);
		kind = fail_while(c, kind, "connecting to the database at %s:%s",
			host && *host ? host : "?", port && *port ? port : "?");
		connection_close(conn);
		return kind;
	}
	*out = conn;
	return OK;
}

/*
 * Has the server closed it since it was used last? It may still owe the answer to a reader's ROLLBACK;
 * one that speaks without having been asked says goodbye.
 */
static bool is_alive(struct connection *conn)
{
	for (;;) {
		while (conn->owed && !pq.isBusy(conn->handle)) {
			PGresult *result = pq.getResult(conn->handle);
			if (!result || pq.resultStatus(result) == PGRES_PIPELINE_SYNC)
				conn->owed--;
			pq.clear(result);
		}
		struct pollfd fd = {.fd = pq.socket(conn->handle), .events = POLLIN};
		if (is_lost(conn))
			return false;
		if (poll(&fd, 1, 0) == 0)
			return true;
		if (!conn->owed || !pq.consumeInput(conn->handle))
			return false;
	}
}

/* A place in the pool: with *out set to an idle connection, or NULL to open one. */
static enum err pool_enter(struct ctx *c, struct postgres *db, struct connection **out)
{
	HOLD(db->lock);
	int64_t until = wait_end(c, PATIENCE_US);
	while (!db->idle && db->count >= db->most)
		TRY(wait_slice(c, &db->lock, &db->back, until,
			"all connections to the database are in use"));
	*out = db->idle;
	if (*out)
		db->idle = (*out)->next;
	else
		db->count++;
	return OK;
}

/* Gives a place back, with its connection or (NULL) without. */
static void pool_leave(struct postgres *db, struct connection *conn)
{
	HOLD(db->lock);
	if (conn) {
		conn->next = db->idle;
		db->idle = conn;
	} else {
		db->count--;
	}
	pthread_cond_signal(&db->back);
}

static void connection_drop(struct connection *conn)
{
	struct postgres *db = conn->owner;
	connection_close(conn);
	pool_leave(db, NULL);
}

/* After a restart of the server none of them is alive. */
static void pool_empty(struct postgres *db)
{
	pthread_mutex_lock(&db->lock);
	struct connection *gone = db->idle;
	db->idle = NULL;
	pthread_mutex_unlock(&db->lock);
	while (gone) {
		struct connection *next = gone->next;
		connection_drop(gone);
		gone = next;
	}
}

/* Arguments as libpq takes them: integers as text, since the type may be any of the server's. */
struct arguments {
	const char *values[ARGS_MAX];
	int lengths[ARGS_MAX], formats[ARGS_MAX];
};

static enum err take_argument(
	struct ctx *c, const struct db_value *value, struct arguments *to, size_t at)
{
	switch (value->kind) {
	case DB_NULL: to->values[at] = NULL; return OK;
	case DB_INT:
		to->values[at] = arena_fmt(c->arena, "%lld", (long long)value->integer);
		return OK;
	case DB_TEXT:
		if (value->text.len && memchr(value->text.at, 0, value->text.len))
			return fail(c, ERR_INVALID, "text with a NUL cannot be stored");
		to->values[at] = arena_strndup(
			c->arena, value->text.len ? value->text.at : "", value->text.len);
		return OK;
	case DB_BYTES:
		if (value->text.len > INT32_MAX / 2)
			return fail(c, ERR_TOO_BIG, "%zu bytes are too many for one row",
				value->text.len);
		to->values[at] = value->text.len ? value->text.at : "";
		to->lengths[at] = (int)value->text.len;
		to->formats[at] = 1;
		return OK;
	}
	return OK;
}

/* Its answer is owed then. */
static enum err statement_send(struct ctx *c, struct connection *conn, const char *sql,
	const struct db_value *args, size_t count)
{
	char name[STATEMENT_NAME];
	struct arguments to = {0};
	struct arena_mark mark = arena_mark(c->arena);
	ASSERT(count <= ARGS_MAX);
	TRY(statement_prepare(c, conn, sql, name));
	for (size_t i = 0; i < count; i++)
		TRY(take_argument(c, &args[i], &to, i));
	if (!pq.sendQueryPrepared(
		    conn->handle, name, (int)count, to.values, to.lengths, to.formats, 1))
		return lost(c, conn, running);
	conn->owed++;
	arena_rewind(c->arena, mark);
	return OK;
}

/* The first is the lock of everything; each repository's follows. */
static const int64_t lock_space = (int64_t)0x4e696d62 << 32; /* "Nimb" */

static enum err lock(struct ctx *c, struct connection *conn, int64_t scope)
{
	static const char all[] = "SELECT pg_advisory_xact_lock($1)";
	static const char one[] =
		"SELECT pg_advisory_xact_lock_shared($1), pg_advisory_xact_lock($2)";
	if (scope == DB_ALL)
		return statement_send(c, conn, all, DB_ARGS(DB_I(lock_space)));
	return statement_send(
		c, conn, one, DB_ARGS(DB_I(lock_space), DB_I(lock_space + 1 + scope)));
}

/* Who reads finds out with his first statement whether it could begin. */
static enum err begin_on(struct ctx *c, struct connection *conn, enum db_mode mode, int64_t scope)
{
	static const char read[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
	/* Each statement sees what was committed last: the lock may have been waited for. */
	static const char write[] = "BEGIN ISOLATION LEVEL READ COMMITTED";
	static const char now[] =
		"SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
	conn->writes = mode == DB_WRITE;
	conn->failed = false;
	conn->tx.began = 0;
	TRY(statement_send(c, conn, conn->writes ? write : read, DB_NO_ARGS));
	if (!conn->writes)
		return statement_send(c, conn, now, DB_NO_ARGS);
	TRY(lock(c, conn, scope));
	TRY(statement_send(c, conn, now, DB_NO_ARGS));
	return answers(c, conn, "to begin a transaction");
}

/* A connection of the pool, or else a new one, in a transaction. */
static enum err postgres_begin(
	struct ctx *c, struct db *self, enum db_mode mode, int64_t scope, struct db_tx **out)
{
	struct postgres *db = postgres_of(self);
	struct connection *conn = NULL;
	*out = NULL;
	TRY(pool_enter(c, db, &conn));
	if (conn) {
		bool gone = !is_alive(conn);
		enum err kind = gone ? OK : begin_on(c, conn, mode, scope);
		if (!gone && !kind) {
			*out = &conn->tx;
			return OK;
		}
		gone = gone || is_lost(conn);
		connection_drop(conn);
		if (!gone)
			return kind;
		ctx_clear(c);
		pool_empty(db);
		conn = NULL;
		TRY(pool_enter(c, db, &conn));
	}
	enum err kind = conn ? OK : connection_open(c, db, &conn);
	if (kind) {
		pool_leave(db, NULL);
		return kind;
	}
	kind = begin_on(c, conn, mode, scope);
	if (kind)
		connection_drop(conn);
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
		TRY(answers(c, conn, running));
	TRY(statement_send(c, conn, sql, DB_NO_ARGS));
	return answers(c, conn, "to commit");
}

/*
 * A server that goes away now may have committed or not, and so does one whose answer nobody waited
 * for. The caller gets an error either way: what it then finds is one of the two, whole.
 */
static enum err postgres_commit(struct ctx *c, struct db_tx *tx)
{
	struct connection *conn = connection_of(tx);
	ASSERT(!conn->rows.tx);
	enum err kind = commit(c, conn);
	if (kind)
		connection_drop(conn);
	else
		pool_leave(conn->owner, conn);
	return kind;
}

/* A reader's is not waited for. A writer's is, since others wait for its lock; what else is owed may
 * fail, and must not take ROLLBACK with it. */
static enum err roll_back(struct ctx *c, struct connection *conn)
{
	static const char doing[] = "to roll back";
	if (conn->writes)
		TRY(sync_send(c, conn, doing));
	TRY(statement_send(c, conn, rollback_sql, DB_NO_ARGS));
	TRY(sync_send(c, conn, doing));
	return conn->writes ? settle(c, conn, 0, doing) : OK;
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
	c.deadline = c.world->monotonic() + CONNECT_US;
	bool keep = !conn->broken && roll_back(&c, conn) == OK;
	/* What a writer was owed may have failed, which is no matter now. */
	if (conn->writes)
		keep = !conn->broken && pq.transactionStatus(conn->handle) == PQTRANS_IDLE;
	if (keep)
		pool_leave(conn->owner, conn);
	else
		connection_drop(conn);
	arena_done(&arena);
}

/* All that was sent before is answered first. */
static enum err ask(struct ctx *c, struct connection *conn, const char *sql,
	const struct db_value *args, size_t count)
{
	enum { ITSELF = 2 }; /* and its sync */
	TRY(statement_send(c, conn, sql, args, count));
	TRY(sync_send(c, conn, running));
	TRY(settle(c, conn, ITSELF, running));
	/* Rows as they come: a repository may have a million refs. */
	if (!pq.setSingleRowMode(conn->handle))
		return lost(c, conn, running);
	return result_take(c, conn, wait_end(c, PATIENCE_US), &conn->first);
}

static enum err postgres_query(struct ctx *c, struct db_tx *tx, const char *sql,
	const struct db_value *args, size_t count, struct db_rows **out)
{
	struct connection *conn = connection_of(tx);
	ASSERT(!conn->rows.tx && !conn->first);
	*out = NULL;
	TRY(ask(c, conn, sql, args, count));
	conn->changed = 0;
	conn->rows = (struct db_rows){tx, conn->first ? (size_t)pq.nfields(conn->first) : 0};
	*out = &conn->rows;
	return OK;
}

/* What both sides have to keep until it is answered must not grow for ever. */
static enum err postgres_change(
	struct ctx *c, struct db_tx *tx, const char *sql, const struct db_value *args, size_t count)
{
	struct connection *conn = connection_of(tx);
	ASSERT(!conn->rows.tx && !conn->first);
	TRY(statement_send(c, conn, sql, args, count));
	return conn->owed < OWED_MAX ? OK : answers(c, conn, running);
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
		TRY(result_take(c, conn, wait_end(c, PATIENCE_US), &result));
	if (!result)
		return OK;
	switch (pq.resultStatus(result)) {
	case PGRES_SINGLE_TUPLE:
		for (size_t i = 0; i < rows->columns; i++)
			row[i] = column(c, result, (int)i);
		*more = true;
		break;
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK: conn->changed = changed_by(result); break;
	default:
		conn->failed = true;
		kind = refused(c, conn, result, running);
		break;
	}
	pq.clear(result);
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
	c.deadline = c.world->monotonic() + CONNECT_US;
	PGresult *result = conn->first;
	conn->first = NULL;
	enum err kind = result ? OK : result_take(&c, conn, c.deadline, &result);
	while (!kind && result) {
		if (pq.resultStatus(result) == PGRES_COMMAND_OK)
			conn->changed = changed_by(result);
		conn->failed = conn->failed || pq.resultErrorField(result, PG_DIAG_SQLSTATE);
		pq.clear(result);
		kind = result_take(&c, conn, c.deadline, &result);
	}
	conn->owed--;
	if (!kind)
		kind = settle(&c, conn, 0, running);
	conn->broken = conn->broken || kind;
	arena_done(&arena);
	conn->rows = (struct db_rows){0};
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
	pool_empty(db);
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

static enum err load(struct ctx *c)
{
	static const char *const names[] = {
#define NAME(function) "PQ" #function,
		LIBPQ(NAME)
#undef NAME
	};
	_Static_assert(sizeof names / sizeof *names == sizeof pq / sizeof(void *), "the same");
	return library_load(
		c, "libpq.so.5", "libpq5", (void **)&pq, names, sizeof names / sizeof *names);
}

/* libpq looks at numbers only when it connects. */
static enum err check_port(struct ctx *c, const PQconninfoOption *options)
{
	for (const PQconninfoOption *o = options; o && o->keyword; o++) {
		struct str port = str_of(o->val ? o->val : "");
		if (strcmp(o->keyword, "port") != 0)
			continue;
		for (size_t i = 0; i < port.len; i++)
			if (port.at[i] != ',' && (port.at[i] < '0' || port.at[i] > '9'))
				return fail(c, ERR_INVALID,
					"the database's URL is wrong: \"%.*s\" is no port",
					STR_FMT(port));
	}
	return OK;
}

static enum err check_url(struct ctx *c, const char *url)
{
	char *why = NULL;
	PQconninfoOption *options = pq.conninfoParse(url, &why);
	enum err kind = options ? check_port(c, options)
				: fail(c, ERR_INVALID, "the database's URL is wrong: %.*s",
					  STR_FMT(first_line(why)));
	pq.conninfoFree(options);
	pq.freemem(why);
	return kind;
}

enum err db_postgres_open(struct ctx *c, const char *url, size_t connections, struct db **out)
{
	TRY(load(c));
	TRY(check_url(c, url));
	struct postgres *db = calloc(1, sizeof *db);
	if (!db)
		host_panic("out of memory");
	db->db.ops = &postgres_ops;
	db->world = c->world;
	db->most = connections;
	db->url = strdup(url);
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
