/*
 * SQLite: one connection that writes, several that read, all on one file in WAL mode.
 *
 * Who wants to write queues up in this process, first come first served; another process on the
 * same file (nimbus admin) is waited for by SQLite's own lock.
 */
#include "driver/driver.h"

#include "base/buf.h"
#include "base/host.h"
#include "driver/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	STATEMENTS = 256,  /* prepared, per connection: a power of two */
	READERS_IDLE = 3,  /* connections kept for the next reader */
	READERS_MAX = 100, /* at once */
};

struct statement {
	const char *sql;
	sqlite3_stmt *stmt;
};

struct connection {
	struct db_tx tx;
	struct db_rows rows; /* the statement under way; rows.tx NULL: none */
	struct sqlite *owner;
	sqlite3 *handle;
	sqlite3_stmt *stmt; /* of rows */
	bool writer;
	struct connection *next; /* among the idle */
	struct statement cache[STATEMENTS];
};

struct waiter {
	pthread_cond_t woken;
	bool granted;
	struct waiter *next;
};

struct sqlite {
	struct db db;
	char *path;
	char *folder; /* of a database that is gone at close; else NULL */
	pthread_mutex_t lock;
	struct connection *writer;
	bool writing;
	struct waiter *first, *last; /* who waits to write */
	struct connection *idle;
	size_t idle_count, reader_count;
	pthread_cond_t reader_back;
};

static enum err kind_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_CONSTRAINT:
		return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY
			       ? ERR_EXISTS
			       : ERR_CONFLICT;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return ERR_CONFLICT;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: return ERR_DAMAGED;
	case SQLITE_TOOBIG: return ERR_TOO_BIG;
	default: return ERR_IO;
	}
}

static enum err sqlite_fail(struct ctx *c, sqlite3 *handle, const char *doing)
{
	int code = sqlite3_extended_errcode(handle);
	return fail(c, kind_of(code), "the database failed %s: %s (%d)", doing,
		sqlite3_errmsg(handle), code);
}

static struct connection *connection_of(struct db_tx *tx)
{
	return (struct connection *)tx;
}

static struct sqlite *sqlite_of(struct db *db)
{
	return (struct sqlite *)db;
}

static void connection_close(struct connection *conn)
{
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(conn->cache[i].stmt);
	sqlite3_close(conn->handle);
	host_free(conn, sizeof *conn);
}

static enum err connection_setup(struct ctx *c, struct connection *conn)
{
	static const char common[] = "PRAGMA busy_timeout = 100; PRAGMA journal_mode = WAL; "
				     "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; "
				     "PRAGMA trusted_schema = OFF; PRAGMA mmap_size = 0; ";
	static const char writing[] = "PRAGMA synchronous = FULL; PRAGMA cache_size = -1024; "
				      "PRAGMA journal_size_limit = 16777216";
	static const char throwaway[] = "PRAGMA synchronous = OFF";
	static const char reading[] = "PRAGMA cache_size = -256; PRAGMA query_only = ON";
	const char *more = !conn->writer ? reading : conn->owner->folder ? throwaway : writing;
	/* Another process may be opening or closing the file just now. */
	for (int tries = 0;; tries++) {
		int code = sqlite3_exec(conn->handle, common, NULL, NULL, NULL);
		if (code == SQLITE_OK)
			break;
		if ((code & 0xff) != SQLITE_BUSY || tries == 50)
			return sqlite_fail(c, conn->handle, "to open");
	}
	if (sqlite3_exec(conn->handle, more, NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_fail(c, conn->handle, "to open");
	return OK;
}

static enum err connection_open(
	struct ctx *c, struct sqlite *db, bool writer, struct connection **out)
{
	struct connection *conn = host_alloc(sizeof *conn);
	*conn = (struct connection){.tx.db = &db->db, .owner = db, .writer = writer};
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
		    SQLITE_OPEN_EXRESCODE;
	enum err kind = OK;
	if (sqlite3_open_v2(db->path, &conn->handle, flags, NULL) != SQLITE_OK)
		kind = conn->handle ? sqlite_fail(c, conn->handle, "to open")
				    : fail(c, ERR_IO, "the database cannot be opened");
	if (!kind)
		kind = connection_setup(c, conn);
	if (kind) {
		connection_close(conn);
		return fail_while(c, kind, "opening the database \"%s\"", db->path);
	}
	*out = conn;
	return OK;
}

static const char busy[] = "the database is busy";

static void waiter_remove(struct sqlite *db, struct waiter *gone)
{
	struct waiter *before = NULL;
	for (struct waiter *w = db->first; w != gone; w = w->next)
		before = w;
	*(before ? &before->next : &db->first) = gone->next;
	if (db->last == gone)
		db->last = before;
}

/* Waits for the turn to write. */
static enum err turn_take(struct ctx *c, struct sqlite *db)
{
	HOLD(db->lock);
	if (!db->writing) {
		db->writing = true;
		return OK;
	}
	struct waiter self = {.woken = PTHREAD_COND_INITIALIZER};
	*(db->last ? &db->last->next : &db->first) = &self;
	db->last = &self;
	int64_t until = wait_end(c, PATIENCE_US);
	enum err kind = OK;
	while (!self.granted && !kind)
		kind = wait_slice(c, &db->lock, &self.woken, until, busy);
	if (!self.granted)
		waiter_remove(db, &self);
	else if (kind)
		kind = OK, ctx_clear(c);
	pthread_cond_destroy(&self.woken);
	return kind;
}

static void turn_pass(struct sqlite *db)
{
	HOLD(db->lock);
	struct waiter *next = db->first;
	if (!next) {
		db->writing = false;
		return;
	}
	db->first = next->next;
	if (!db->first)
		db->last = NULL;
	next->granted = true;
	pthread_cond_signal(&next->woken);
}

/* Counts one more reader: with *out set to an idle connection, or NULL to open one. */
static enum err reader_admit(struct ctx *c, struct sqlite *db, struct connection **out)
{
	HOLD(db->lock);
	int64_t until = wait_end(c, PATIENCE_US);
	while (db->reader_count >= READERS_MAX)
		TRY(wait_slice(c, &db->lock, &db->reader_back, until, busy));
	db->reader_count++;
	*out = db->idle;
	if (*out) {
		db->idle = (*out)->next;
		db->idle_count--;
	}
	return OK;
}

/* Gives a connection back (NULL: it never opened). */
static void reader_return(struct sqlite *db, struct connection *conn)
{
	pthread_mutex_lock(&db->lock);
	db->reader_count--;
	if (conn && db->idle_count < READERS_IDLE) {
		conn->next = db->idle;
		db->idle = conn;
		db->idle_count++;
		conn = NULL;
	}
	pthread_cond_signal(&db->reader_back);
	pthread_mutex_unlock(&db->lock);
	if (conn)
		connection_close(conn);
}

/* The prepared statement for `sql`, from the cache where it can; NULL when SQLite refuses it. */
static sqlite3_stmt *statement_get(struct connection *conn, const char *sql)
{
	struct statement *slot = NULL;
	size_t start = ((uintptr_t)sql >> 3) * 0x9e3779b1u;
	for (size_t i = 0; i < 4; i++) {
		struct statement *s = &conn->cache[(start + i) % STATEMENTS];
		if (s->sql == sql)
			return s->stmt;
		if (!slot && !s->sql)
			slot = s;
	}
	sqlite3_stmt *stmt;
	if (sqlite3_prepare_v3(conn->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL))
		return NULL;
	if (!slot) {
		slot = &conn->cache[start % STATEMENTS];
		sqlite3_finalize(slot->stmt);
	}
	*slot = (struct statement){sql, stmt};
	return stmt;
}

/* A statement without arguments and rows. SQLite's own code. */
static int step_alone(struct connection *conn, const char *sql)
{
	sqlite3_stmt *stmt = statement_get(conn, sql);
	if (!stmt)
		return sqlite3_extended_errcode(conn->handle);
	int code = sqlite3_step(stmt);
	sqlite3_reset(stmt);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static const char begin_read[] = "BEGIN";
static const char begin_write[] = "BEGIN IMMEDIATE";
static const char commit_sql[] = "COMMIT";
static const char rollback_sql[] = "ROLLBACK";

/* Takes SQLite's own lock, which another process may hold. */
static enum err begin_immediate(struct ctx *c, struct connection *conn)
{
	int64_t until = wait_end(c, PATIENCE_US);
	for (;;) {
		int code = step_alone(conn, begin_write);
		if (code == SQLITE_OK)
			return OK;
		if ((code & 0xff) != SQLITE_BUSY)
			return sqlite_fail(c, conn->handle, "to begin");
		if (c->world->monotonic() >= until)
			return fail(c, ERR_UNAVAILABLE,
				"another process keeps the database busy: try again");
	}
}

static enum err begin_writing(struct ctx *c, struct sqlite *db, struct db_tx **out)
{
	TRY(turn_take(c, db));
	enum err kind = begin_immediate(c, db->writer);
	if (kind)
		turn_pass(db);
	else
		*out = &db->writer->tx;
	return kind;
}

static enum err begin_reading(struct ctx *c, struct sqlite *db, struct db_tx **out)
{
	struct connection *conn;
	TRY(reader_admit(c, db, &conn));
	enum err kind = conn ? OK : connection_open(c, db, false, &conn);
	if (kind) {
		reader_return(db, NULL);
		return kind;
	}
	if (step_alone(conn, begin_read) != SQLITE_OK) {
		kind = sqlite_fail(c, conn->handle, "to begin");
		reader_return(db, conn);
		return kind;
	}
	*out = &conn->tx;
	return OK;
}

/* One writer at a time, whatever its scope: SQLite has one lock. */
static enum err sqlite_begin(
	struct ctx *c, struct db *self, enum db_mode mode, int64_t scope, struct db_tx **out)
{
	(void)scope;
	*out = NULL;
	struct sqlite *db = sqlite_of(self);
	TRY(mode == DB_WRITE ? begin_writing(c, db, out) : begin_reading(c, db, out));
	(*out)->began = c->world->clock();
	return OK;
}

static void connection_give_back(struct connection *conn)
{
	if (conn->writer)
		turn_pass(conn->owner);
	else
		reader_return(conn->owner, conn);
}

static void sqlite_rollback(struct db_tx *tx)
{
	struct connection *conn = connection_of(tx);
	ASSERT(!conn->rows.tx);
	/* SQLite has rolled back by itself after some errors: then there is nothing to do. */
	if (!sqlite3_get_autocommit(conn->handle))
		step_alone(conn, rollback_sql);
	connection_give_back(conn);
}

static enum err sqlite_commit(struct ctx *c, struct db_tx *tx)
{
	struct connection *conn = connection_of(tx);
	ASSERT(!conn->rows.tx);
	if (step_alone(conn, commit_sql) == SQLITE_OK) {
		connection_give_back(conn);
		return OK;
	}
	enum err kind = sqlite_fail(c, conn->handle, "to commit");
	sqlite_rollback(tx);
	return kind;
}

static int bind(sqlite3_stmt *stmt, int at, const struct db_value *value)
{
	const char *bytes = value->text.len ? value->text.at : "";
	switch (value->kind) {
	case DB_NULL: return sqlite3_bind_null(stmt, at);
	case DB_INT: return sqlite3_bind_int64(stmt, at, value->integer);
	case DB_TEXT:
		return sqlite3_bind_text64(
			stmt, at, bytes, value->text.len, SQLITE_STATIC, SQLITE_UTF8);
	case DB_BYTES: return sqlite3_bind_blob64(stmt, at, bytes, value->text.len, SQLITE_STATIC);
	}
	return SQLITE_MISUSE;
}

static enum err sqlite_query(struct ctx *c, struct db_tx *tx, const char *sql,
	const struct db_value *args, size_t count, struct db_rows **out)
{
	struct connection *conn = connection_of(tx);
	*out = NULL;
	ASSERT(!conn->rows.tx);
	conn->stmt = statement_get(conn, sql);
	if (!conn->stmt)
		return sqlite_fail(c, conn->handle, "to prepare a statement");
	ASSERT((size_t)sqlite3_bind_parameter_count(conn->stmt) == count);
	for (size_t i = 0; i < count; i++) {
		if (bind(conn->stmt, (int)i + 1, &args[i]) != SQLITE_OK)
			return sqlite_fail(c, conn->handle, "to take a value");
	}
	conn->rows = (struct db_rows){tx, (size_t)sqlite3_column_count(conn->stmt)};
	*out = &conn->rows;
	return OK;
}

static struct str column_bytes(struct ctx *c, sqlite3_stmt *stmt, int at, const void *bytes)
{
	size_t len = (size_t)sqlite3_column_bytes(stmt, at);
	char *copy = arena_raw(c->arena, len + 1);
	if (len)
		memcpy(copy, bytes, len);
	copy[len] = 0;
	return str_from(copy, len);
}

static struct db_value column(struct ctx *c, sqlite3_stmt *stmt, int at)
{
	switch (sqlite3_column_type(stmt, at)) {
	case SQLITE_INTEGER: return DB_I(sqlite3_column_int64(stmt, at));
	case SQLITE_TEXT: return DB_T(column_bytes(c, stmt, at, sqlite3_column_text(stmt, at)));
	case SQLITE_BLOB: return DB_B(column_bytes(c, stmt, at, sqlite3_column_blob(stmt, at)));
	default: return DB_N();
	}
}

static enum err sqlite_next(struct ctx *c, struct db_rows *rows, struct db_value *row, bool *more)
{
	struct connection *conn = connection_of(rows->tx);
	int code = sqlite3_step(conn->stmt);
	*more = code == SQLITE_ROW;
	if (code == SQLITE_DONE)
		return OK;
	if (code != SQLITE_ROW)
		return sqlite_fail(c, conn->handle, "to run a statement");
	for (size_t i = 0; i < rows->columns; i++)
		row[i] = column(c, conn->stmt, (int)i);
	return OK;
}

static int64_t sqlite_finish(struct db_rows *rows)
{
	struct connection *conn = connection_of(rows->tx);
	bool wrote = !sqlite3_stmt_readonly(conn->stmt);
	sqlite3_reset(conn->stmt);
	sqlite3_clear_bindings(conn->stmt);
	conn->rows = (struct db_rows){0};
	conn->stmt = NULL;
	return wrote ? sqlite3_changes64(conn->handle) : 0;
}

/* Removes a database that was only for now. */
static void remove_folder(struct sqlite *db)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		char name[300];
		fmt_into(name, sizeof name, "%s%s", db->path, suffixes[i]);
		unlink(name);
	}
	rmdir(db->folder);
}

static void sqlite_close(struct db *self)
{
	struct sqlite *db = sqlite_of(self);
	ASSERT(!db->writing && db->reader_count == 0);
	while (db->idle) {
		struct connection *conn = db->idle;
		db->idle = conn->next;
		connection_close(conn);
	}
	if (db->writer)
		connection_close(db->writer);
	if (db->folder)
		remove_folder(db);
	pthread_cond_destroy(&db->reader_back);
	pthread_mutex_destroy(&db->lock);
	free(db->folder);
	free(db->path);
	free(db);
}

static const struct db_ops sqlite_ops = {
	.dialect = DB_SQLITE,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.query = sqlite_query,
	.next = sqlite_next,
	.finish = sqlite_finish,
	.close = sqlite_close,
};

/* A file for now: SQLite's own in-memory databases cannot be read while being written. */
static enum err make_folder(struct ctx *c, struct sqlite *db)
{
	const char *base = getenv("TMPDIR");
	char path[200];
	fmt_into(path, sizeof path, "%s/nimbus-db-XXXXXX", base && *base ? base : "/tmp");
	if (!mkdtemp(path))
		return fail(c, ERR_IO, "no folder \"%s\" can be made: %s", path, strerror(errno));
	db->folder = strdup(path);
	char file[240];
	fmt_into(file, sizeof file, "%s/db", path);
	db->path = strdup(file);
	return OK;
}

/* The file is made here so that only its owner may read it; SQLite gives its companions the same
 * mode. */
static enum err make_file(struct ctx *c, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(c, ERR_IO, "the database \"%s\" cannot be opened: %s", path,
			strerror(errno));
	close(fd);
	return OK;
}

enum err db_sqlite_open(struct ctx *c, const char *path, struct db **out)
{
	struct sqlite *db = calloc(1, sizeof *db);
	if (!db)
		host_panic("out of memory");
	db->db.ops = &sqlite_ops;
	pthread_mutex_init(&db->lock, NULL);
	pthread_cond_init(&db->reader_back, NULL);
	enum err kind = OK;
	if (strcmp(path, ":memory:") == 0)
		kind = make_folder(c, db);
	else
		db->path = strdup(path);
	if (!kind)
		kind = make_file(c, db->path);
	if (!kind)
		kind = connection_open(c, db, true, &db->writer);
	if (kind) {
		sqlite_close(&db->db);
		return kind;
	}
	*out = &db->db;
	return OK;
}
