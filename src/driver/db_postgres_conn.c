#include "driver/db_postgres_parts.h"

#include "base/buf.h"
#include "base/host.h"
#include "driver/login_url.h"
#include "driver/wait.h"
#include "os/library.h"

#include <poll.h>
#include <string.h>

enum {
	STATEMENT_NAME = 24,
	ARGS_MAX = 32,
	SLICE_MS = 100, /* how long a wait goes without asking whether it still makes sense */
};

/* Set once per connection. A server that lost its client stops what it did for it. */
static const char session[] = "SET client_encoding = 'UTF8'; SET statement_timeout = '60s'; "
			      "SET idle_in_transaction_session_timeout = '60s'; "
			      "SET client_connection_check_interval = '1s'; "
			      "SET standard_conforming_strings = on; SET bytea_output = 'hex'; "
			      "SET client_min_messages = warning";

struct libpq pq;
const char pg_rollback[] = "ROLLBACK";
static const char running[] = "to run a statement";

enum err pg_load(struct ctx *c)
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

static enum err kind_of(const char *state)
{
	static const struct {
		const char *begins;
		enum err kind;
	} kinds[] = {{"23505", ERR_EXISTS}, {"23", ERR_CONFLICT}, {"40", ERR_UNAVAILABLE},
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

bool pg_is_lost(const struct connection *conn)
{
	return pq.status(conn->handle) == CONNECTION_BAD;
}

enum err pg_lost(struct ctx *c, const struct connection *conn, const char *doing)
{
	return fail(c, ERR_UNAVAILABLE, "the database went away %s: %.*s", doing,
		STR_FMT(first_line(pq.errorMessage(conn->handle))));
}

/* A failure to serialize, a dead-lock: neither has to do with what the transaction is about. */
static bool is_for_another(const char *state)
{
	return strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0;
}

enum err pg_refused(
	struct ctx *c, struct connection *conn, const PGresult *result, const char *doing)
{
	conn->failed = true;
	const char *state = result ? pq.resultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	if (!state)
		return pg_is_lost(conn)
			       ? pg_lost(c, conn, doing)
			       : fail(c, ERR_IO, "the database failed %s: %.*s", doing,
					 STR_FMT(first_line(pq.errorMessage(conn->handle))));
	conn->outdone = conn->outdone || is_for_another(state);
	return fail(c, kind_of(state), "the database failed %s: %.*s (%s)", doing,
		STR_FMT(first_line(pq.resultErrorField(result, PG_DIAG_MESSAGE_PRIMARY))), state);
}

/* One slice of waiting for the server. ERR_UNAVAILABLE, ERR_CANCELED. */
static enum err wait_socket(
	struct ctx *c, const struct connection *conn, short events, int64_t until)
{
	TRY(wait_check(c, until, "the database does not answer in time"));
	int64_t left = (until - c->world->monotonic()) / 1000;
	if (left < 0) /* by now; to poll() that is for ever */
		left = 0;
	struct pollfd fd = {.fd = pq.socket(conn->handle), .events = events};
	poll(&fd, 1, left < SLICE_MS ? (int)left : SLICE_MS);
	return OK;
}

enum err pg_take(struct ctx *c, struct connection *conn, int64_t until, PGresult **out)
{
	*out = NULL;
	conn->broken = true; /* until it is here */
	/* What is here already is taken first: libpq moves all of it to make room for more. */
	while (pq.isBusy(conn->handle)) {
		int left = pq.flush(conn->handle);
		if (left < 0)
			return pg_lost(c, conn, "while it was asked");
		TRY(wait_socket(c, conn, left ? POLLIN | POLLOUT : POLLIN, until));
		if (!pq.consumeInput(conn->handle))
			return pg_lost(c, conn, "while it worked");
	}
	*out = pq.getResult(conn->handle);
	conn->broken = pg_is_lost(conn);
	return OK;
}

int64_t pg_changed_by(PGresult *result)
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
		if (!*pq.cmdTuples(result) || pg_changed_by(result) == 1)
			return OK;
		conn->failed = true;
		return db_changed_one(c, pg_changed_by(result));
	case PGRES_TUPLES_OK: take_time(conn, result); return OK;
	case PGRES_PIPELINE_SYNC:
	case PGRES_PIPELINE_ABORTED: return OK; /* what failed before it counts */
	default: return pg_refused(c, conn, result, doing);
	}
}

enum err pg_settle(struct ctx *c, struct connection *conn, size_t left, const char *doing)
{
	int64_t until = wait_end(c, PATIENCE_US);
	enum err kind = OK;
	while (conn->owed > left) {
		PGresult *result = NULL;
		enum err err = pg_take(c, conn, until, &result);
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

enum err pg_send_sync(struct ctx *c, struct connection *conn, const char *doing)
{
	if (!pq.pipelineSync(conn->handle))
		return pg_lost(c, conn, doing);
	conn->owed++;
	return OK;
}

enum err pg_answers(struct ctx *c, struct connection *conn, const char *doing)
{
	TRY(pg_send_sync(c, conn, doing));
	return pg_settle(c, conn, 0, doing);
}

/* Several statements at once, before there is a pipeline. */
static enum err session_begin(struct ctx *c, struct connection *conn, int64_t until)
{
	static const char doing[] = "to begin a session";
	if (!pq.sendQuery(conn->handle, session))
		return pg_lost(c, conn, doing);
	for (PGresult *result = NULL;;) {
		TRY(pg_take(c, conn, until, &result));
		if (!result)
			break;
		enum err kind = result_judge(c, conn, result, doing);
		pq.clear(result);
		TRY(kind);
	}
	return pq.enterPipelineMode(conn->handle) ? OK : pg_lost(c, conn, doing);
}

/* Where `sql` is or would be in the table; a full one has no room for others. */
static const char **statement_slot(struct connection *conn, const char *sql)
{
	size_t at = (((uintptr_t)sql >> 3) * 0x9e3779b1u) % PG_STATEMENTS;
	while (conn->prepared[at] && conn->prepared[at] != sql)
		at = (at + 1) % PG_STATEMENTS;
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
	ASSERT(conn->prepared_count < PG_STATEMENTS - 1);
	/* Apart from what was sent before: of this it must be known whether it was done. */
	if (conn->owed)
		TRY(pg_answers(c, conn, running));
	if (!pq.sendPrepare(conn->handle, name, sql, 0, NULL))
		return pg_lost(c, conn, "to prepare a statement");
	conn->owed++;
	TRY(pg_answers(c, conn, "to prepare a statement"));
	*slot = sql;
	conn->prepared_count++;
	return OK;
}

void pg_disconnect(struct connection *conn)
{
	pq.clear(conn->first);
	pg_kept_end(&conn->kept);
	pq.finish(conn->handle);
	host_free(conn, sizeof *conn);
}

static enum err handshake(struct ctx *c, struct connection *conn)
{
	int64_t until = c->world->monotonic() + PG_CONNECT_US;
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
		return pg_lost(c, conn, "at the beginning");
	return session_begin(c, conn, until);
}

/* What the server says besides answers, such as goodbye: an error follows that says the same. */
static void notice_drop(void *arg, const PGresult *notice)
{
	(void)arg, (void)notice;
}

enum err pg_connect(struct ctx *c, struct postgres *db, const struct secret_values *login,
	bool *refused, struct connection **out)
{
	static const char *const keywords[] = {
		"application_name", "tcp_user_timeout", "keepalives_idle", "dbname", NULL};
	const char *const values[] = {"nimbus", "10000", "10", login_url(c->arena, login), NULL};
	struct connection *conn = host_alloc(sizeof *conn);
	*conn = (struct connection){.tx.db = &db->db, .owner = db, .generation = login->generation};
	conn->handle = pq.connectStartParams(keywords, values, 1);
	if (!conn->handle)
		host_panic("out of memory");
	pq.setNoticeReceiver(conn->handle, notice_drop, NULL);
	enum err kind = handshake(c, conn);
	*refused = kind && pg_is_lost(conn) && pq.connectionUsedPassword(conn->handle);
	if (!kind) /* so that it can be sent whatever went wrong before */
		kind = statement_prepare(c, conn, pg_rollback, (char[STATEMENT_NAME]){0});
	if (kind) {
		const char *host = pq.host(conn->handle), *port = pq.port(conn->handle);
		kind = fail_while(c, kind, "connecting to the database at %s:%s",
			host && *host ? host : "?", port && *port ? port : "?");
		pg_disconnect(conn);
		return kind;
	}
	*out = conn;
	return OK;
}

/* It may still owe the answer to a reader's ROLLBACK; one that speaks without having been asked says
 * goodbye. */
bool pg_is_alive(struct connection *conn)
{
	for (;;) {
		while (conn->owed && !pq.isBusy(conn->handle)) {
			PGresult *result = pq.getResult(conn->handle);
			if (!result || pq.resultStatus(result) == PGRES_PIPELINE_SYNC)
				conn->owed--;
			pq.clear(result);
		}
		struct pollfd fd = {.fd = pq.socket(conn->handle), .events = POLLIN};
		if (pg_is_lost(conn))
			return false;
		if (poll(&fd, 1, 0) == 0)
			return true;
		if (!conn->owed || !pq.consumeInput(conn->handle))
			return false;
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

enum err pg_send(struct ctx *c, struct connection *conn, const char *sql,
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
		return pg_lost(c, conn, running);
	conn->owed++;
	arena_rewind(c->arena, mark);
	return OK;
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

enum err pg_check_url(struct ctx *c, const char *url)
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
