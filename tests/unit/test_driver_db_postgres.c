#include "unit.h"

#include "base/buf.h"
#include "driver/driver.h"
#include "os/file.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* What only PostgreSQL can do, or suffer; what all databases must is in contract/test_db.c. */

static const char make[] = "CREATE TABLE row (repo BIGINT NOT NULL, text TEXT NOT NULL)";
static const char add[] = "INSERT INTO row (repo, text) VALUES ($1, $2)";
static const char count[] = "SELECT count(*) FROM row";
static const char own_backend[] = "SELECT pg_backend_pid()";
static const char end_backend[] = "SELECT pg_terminate_backend($1::int, 60000)";

struct served {
	struct unit unit;
	struct db *db, *other;
};

static struct served *served_of(struct ctx *c)
{
	return (struct served *)c;
}

static int setup(void **state)
{
	static int schemas;
	struct served *w = calloc(1, sizeof *w);
	struct ctx *c = &w->unit.ctx;
	const char *url = getenv("NIMBUS_TEST_POSTGRES");
	DB_TX *tx = NULL;
	arena_init(&w->unit.arena);
	ctx_init(c, &w->unit.arena, os_world());
	*state = w;
	if (!url)
		return 0;
	const char *name = arena_fmt(c->arena, "u%d_%d", (int)getpid(), ++schemas);
	assert_ok(c, db_postgres_open(c, url, 2, &w->other));
	assert_ok(c, db_begin(c, w->other, DB_WRITE, &tx));
	assert_ok(
		c, db_run(c, tx, arena_fmt(c->arena, "CREATE SCHEMA %s", name), DB_NO_ARGS, NULL));
	assert_ok(c, db_commit(c, &tx));
	url = arena_fmt(c->arena, "%s?options=-csearch_path%%3D%s", url, name);
	assert_ok(c, db_postgres_open(c, url, 2, &w->db));
	assert_ok(c, db_begin(c, w->db, DB_WRITE, &tx));
	assert_ok(c, db_run(c, tx, make, DB_NO_ARGS, NULL));
	assert_ok(c, db_commit(c, &tx));
	return 0;
}

static int teardown(void **state)
{
	struct served *w = *state;
	db_close(w->db);
	db_close(w->other);
	arena_done(&w->unit.arena);
	free(w);
	return 0;
}

static void need_server(struct ctx *c)
{
	if (served_of(c)->db)
		return;
	print_message("skip: NIMBUS_TEST_POSTGRES is not set: tests/run sets it\n");
	skip();
}

static enum err insert(struct ctx *c, struct db_tx *tx, int64_t repo, struct str text)
{
	return db_run(c, tx, add, DB_ARGS(DB_I(repo), DB_T(text)), NULL);
}

static int64_t rows_now(struct ctx *c)
{
	DB_TX *tx = NULL;
	struct db_value row[1];
	assert_ok(c, db_begin(c, served_of(c)->db, DB_READ, &tx));
	assert_ok(c, db_row(c, tx, count, DB_NO_ARGS, row));
	return row[0].integer;
}

static int64_t backend_of(struct ctx *c, struct db_tx *tx)
{
	struct db_value row[1];
	assert_ok(c, db_row(c, tx, own_backend, DB_NO_ARGS, row));
	return row[0].integer;
}

/* As a restart of the server does to each of its connections; it has ended when this returns. */
static void kill_backend(struct ctx *c, int64_t backend)
{
	DB_TX *tx = NULL;
	struct db_value row[1];
	assert_ok(c, db_begin(c, served_of(c)->other, DB_READ, &tx));
	assert_ok(c, db_row(c, tx, end_backend, DB_ARGS(DB_I(backend)), row));
	assert_true(row[0].integer);
	db_rollback(&tx);
}

static void repositories_are_written_to_side_by_side(void **state)
{
	struct ctx *c = *state;
	need_server(c);
	DB_TX *first = NULL, *second = NULL;
	assert_ok(c, db_begin_on(c, served_of(c)->db, 1, &first));
	assert_ok(c, insert(c, first, 1, STR("one")));
	assert_ok(c, db_begin_on(c, served_of(c)->db, 2, &second));
	assert_ok(c, insert(c, second, 2, STR("two")));
	assert_ok(c, db_commit(c, &second));
	assert_ok(c, db_commit(c, &first));
	assert_int_equal(rows_now(c), 2);
}

static void an_idle_connection_that_was_closed_is_replaced(void **state)
{
	struct ctx *c = *state;
	need_server(c);
	for (int i = 0; i < 2; i++) {
		DB_TX *tx = NULL;
		assert_ok(c, db_begin(c, served_of(c)->db, DB_READ, &tx));
		int64_t backend = backend_of(c, tx);
		db_rollback(&tx);
		kill_backend(c, backend);
		/* The second time it looks before, because the connection has not been used for long. */
		if (i)
			sleep(2);
		assert_int_equal(rows_now(c), 0);
	}
}

static void a_connection_that_is_lost_in_a_transaction_has_changed_nothing(void **state)
{
	struct ctx *c = *state;
	need_server(c);
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, served_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, insert(c, tx, 1, STR("one")));
	kill_backend(c, backend_of(c, tx));
	assert_err(c, insert(c, tx, 1, STR("two")), ERR_UNAVAILABLE);
	db_rollback(&tx);
	assert_int_equal(rows_now(c), 0);
	assert_ok(c, db_begin(c, served_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, insert(c, tx, 1, STR("one")));
	kill_backend(c, backend_of(c, tx));
	assert_err(c, db_commit(c, &tx), ERR_UNAVAILABLE);
	assert_int_equal(rows_now(c), 0);
}

static void what_failed_cannot_be_committed(void **state)
{
	struct ctx *c = *state;
	static const char nonsense[] = "SELECT nothing FROM nowhere";
	need_server(c);
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, served_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, insert(c, tx, 1, STR("one")));
	assert_err(c, db_run(c, tx, nonsense, DB_NO_ARGS, NULL), ERR_IO);
	assert_err(c, db_commit(c, &tx), ERR_IO);
	assert_int_equal(rows_now(c), 0);
}

static int64_t number(struct ctx *c, struct db_tx *tx, const char *sql)
{
	struct db_value row[1];
	assert_ok(c, db_row(c, tx, sql, DB_NO_ARGS, row));
	return row[0].integer;
}

static void a_statement_that_takes_too_long_is_ended_and_does_no_harm(void **state)
{
	struct ctx *c = *state;
	static const char limit[] = "SELECT extract(epoch FROM current_setting("
				    "'statement_timeout')::interval)::bigint";
	static const char soon[] = "SET LOCAL statement_timeout = '100ms'";
	need_server(c);
	for (int mode = DB_READ; mode <= DB_WRITE; mode++) {
		DB_TX *tx = NULL;
		struct db_value row[1];
		assert_ok(c, db_begin(c, served_of(c)->db, (enum db_mode)mode, &tx));
		int64_t backend = backend_of(c, tx);
		assert_int_equal(number(c, tx, limit), 60);
		if (mode == DB_WRITE)
			assert_ok(c, insert(c, tx, 1, STR("one")));
		assert_ok(c, db_run(c, tx, soon, DB_NO_ARGS, NULL));
		int64_t began = c->world->monotonic();
		assert_err(c, db_row(c, tx, "SELECT 1 FROM pg_sleep(20)", DB_NO_ARGS, row),
			ERR_UNAVAILABLE);
		assert_true(c->world->monotonic() - began < 10000000);
		assert_non_null(strstr(c->error.text, "statement timeout"));
		db_rollback(&tx);
		assert_int_equal(rows_now(c), 0);
		assert_ok(c, db_begin(c, served_of(c)->db, DB_WRITE, &tx));
		assert_int_equal(backend_of(c, tx), backend);
		assert_int_equal(number(c, tx, limit), 60);
	}
}

static void a_statement_is_prepared_once_on_each_connection(void **state)
{
	struct ctx *c = *state;
	static const char plans[] = "SELECT count(*), sum(generic_plans + custom_plans)::bigint "
				    "FROM pg_prepared_statements WHERE statement = $1";
	struct db_value row[2];
	need_server(c);
	for (int i = 1; i <= 3; i++) {
		DB_TX *tx = NULL;
		assert_ok(c, db_begin(c, served_of(c)->db, DB_WRITE, &tx));
		assert_ok(c, insert(c, tx, i, STR("text")));
		assert_ok(c, db_row(c, tx, plans, DB_ARGS(DB_T(STR(add))), row));
		assert_int_equal(row[0].integer, 1);
		assert_int_equal(row[1].integer, i);
		assert_ok(c, db_commit(c, &tx));
	}
}

/* Others' locks, which Nimbus' writers do not have among themselves. */
struct rival {
	struct ctx *main;
	pthread_barrier_t ready;
};

static void run(struct ctx *c, struct db_tx *tx, const char *sql)
{
	assert_ok(c, db_run(c, tx, sql, DB_NO_ARGS, NULL));
}

/* Takes the two in the other order, and is never the one that is ended. */
static void *be_rival(void *arg)
{
	struct rival *r = arg;
	struct arena arena;
	struct ctx c;
	arena_init(&arena);
	ctx_init(&c, &arena, os_world());
	{
		DB_TX *tx = NULL;
		assert_ok(&c, db_begin_on(&c, served_of(r->main)->db, 2, &tx));
		run(&c, tx, "SET LOCAL deadlock_timeout = '20s'");
		run(&c, tx, "UPDATE row SET text = text || 'r' WHERE repo = 2");
		pthread_barrier_wait(&r->ready);
		run(&c, tx, "UPDATE row SET text = text || 'r' WHERE repo = 1");
		assert_ok(&c, db_commit(&c, &tx));
	}
	arena_done(&arena);
	return NULL;
}

static enum err add_to_both(struct ctx *c, bool look, bool waits, pthread_barrier_t *ready)
{
	static const char first[] = "UPDATE row SET text = text || 'm' WHERE repo = 1";
	static const char second[] = "UPDATE row SET text = text || 'm' WHERE repo = 2";
	struct db_value row[1];
	DB_TX *tx = NULL;
	TRY(db_begin_on(c, served_of(c)->db, 1, &tx));
	if (look)
		TRY(db_row(c, tx, "SELECT text FROM row WHERE repo = 1", DB_NO_ARGS, row));
	TRY(db_run(c, tx, first, DB_NO_ARGS, NULL));
	pthread_barrier_wait(ready);
	if (waits)
		TRY(db_run(c, tx, second, DB_NO_ARGS, NULL));
	else
		TRY(db_change(c, tx, second, DB_NO_ARGS));
	return db_commit(c, &tx);
}

static enum err add_against_a_rival(struct ctx *c, bool look, bool waits)
{
	struct rival r = {.main = c};
	DB_TX *tx = NULL;
	pthread_t thread;
	assert_ok(c, db_begin(c, served_of(c)->db, DB_WRITE, &tx));
	run(c, tx, "DELETE FROM row");
	assert_ok(c, insert(c, tx, 1, STR("")));
	assert_ok(c, insert(c, tx, 2, STR("")));
	assert_ok(c, db_commit(c, &tx));
	pthread_barrier_init(&r.ready, NULL, 2);
	pthread_create(&thread, NULL, be_rival, &r);
	enum err kind = add_to_both(c, look, waits, &r.ready);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&r.ready);
	return kind;
}

static void each_row_is(struct ctx *c, const char *text)
{
	static const char sql[] = "SELECT count(*) FROM row WHERE text = $1";
	struct db_value row[1];
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, served_of(c)->db, DB_READ, &tx));
	assert_ok(c, db_row(c, tx, sql, DB_ARGS(DB_T(str_of(text))), row));
	assert_int_equal(row[0].integer, 2);
}

static void who_is_ended_by_a_dead_lock_is_heard_again(void **state)
{
	struct ctx *c = *state;
	need_server(c);
	for (int waits = 0; waits < 2; waits++) {
		assert_ok(c, add_against_a_rival(c, false, waits));
		each_row_is(c, "rm");
	}
}

/* It may have been told what is no more so. */
static void who_would_hear_something_else_by_then_is_told(void **state)
{
	struct ctx *c = *state;
	need_server(c);
	assert_err(c, add_against_a_rival(c, true, true), ERR_UNAVAILABLE);
	assert_non_null(strstr(c->error.text, "somebody else changed meanwhile"));
	each_row_is(c, "r");
}

static const char lose_function[] =
	"CREATE FUNCTION lose(wins bigint) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN "
	"IF nextval('tries') < wins THEN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; "
	"END IF; RETURN 7; END $$";
static const char lose_trigger[] =
	"CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
	"PERFORM lose(TG_ARGV[0]::bigint); RETURN NULL; END $$";
static const char lose_at_commit[] =
	"CREATE CONSTRAINT TRIGGER lose AFTER INSERT ON row DEFERRABLE INITIALLY DEFERRED "
	"FOR EACH ROW EXECUTE FUNCTION lose(4)";

/* What fails to serialize until it has been tried often enough: a sequence is no part of a transaction. */
static void may_lose(struct ctx *c, bool at_commit)
{
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, served_of(c)->db, DB_WRITE, &tx));
	run(c, tx, "CREATE SEQUENCE tries");
	run(c, tx, lose_function);
	run(c, tx, lose_trigger);
	if (at_commit)
		run(c, tx, lose_at_commit);
	assert_ok(c, db_commit(c, &tx));
}

static int64_t tries_so_far(struct ctx *c)
{
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, served_of(c)->db, DB_READ, &tx));
	return number(c, tx, "SELECT last_value FROM tries");
}

static void who_fails_to_serialize_tries_again_with_all_he_said(void **state)
{
	struct ctx *c = *state;
	struct db_value row[1];
	int64_t changed = 0;
	need_server(c);
	may_lose(c, false);
	DB_TX *tx = NULL;
	assert_ok(c, db_begin_on(c, served_of(c)->db, 1, &tx));
	int64_t began = tx->began;
	assert_int_equal(number(c, tx, count), 0);
	assert_ok(c, insert(c, tx, 1, STR("one")));
	assert_ok(c, db_change(c, tx, add, DB_ARGS(DB_I(1), DB_T(STR("two")))));
	assert_int_equal(number(c, tx, count), 2);
	assert_ok(c, db_row(c, tx, "SELECT lose($1)", DB_ARGS(DB_I(4)), row));
	assert_int_equal(row[0].integer, 7);
	assert_int_equal(number(c, tx, count), 2);
	assert_ok(c, db_run(c, tx, "UPDATE row SET repo = 3", DB_NO_ARGS, &changed));
	assert_int_equal(changed, 2);
	assert_int_equal(tx->began, began);
	assert_ok(c, db_commit(c, &tx));
	assert_int_equal(rows_now(c), 2);
	assert_int_equal(tries_so_far(c), 4);
}

static void who_fails_to_serialize_at_his_commit_tries_again(void **state)
{
	struct ctx *c = *state;
	need_server(c);
	may_lose(c, true);
	DB_TX *tx = NULL;
	assert_ok(c, db_begin_on(c, served_of(c)->db, 1, &tx));
	assert_ok(c, insert(c, tx, 1, STR("one")));
	assert_ok(c, db_commit(c, &tx));
	assert_int_equal(rows_now(c), 1);
	assert_int_equal(tries_so_far(c), 4);
}

static void who_loses_every_time_is_told_and_has_changed_nothing(void **state)
{
	struct ctx *c = *state;
	struct db_value row[1];
	need_server(c);
	may_lose(c, false);
	DB_TX *tx = NULL;
	assert_ok(c, db_begin_on(c, served_of(c)->db, 1, &tx));
	assert_ok(c, insert(c, tx, 1, STR("one")));
	assert_err(c, db_row(c, tx, "SELECT lose($1)", DB_ARGS(DB_I(1000)), row), ERR_UNAVAILABLE);
	assert_non_null(strstr(c->error.text, "40001"));
	int64_t tries = tries_so_far(c);
	assert_true(tries > 1 && tries < 20);
	assert_err(c, db_commit(c, &tx), ERR_IO);
	assert_int_equal(rows_now(c), 0);
	assert_int_equal(tries_so_far(c), tries);
}

static const char strike[] =
	"CREATE FUNCTION strike(at bigint) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN "
	"IF nextval('tries') = at THEN RAISE EXCEPTION 'struck' USING ERRCODE = '40P01'; "
	"END IF; RETURN 7; END $$";
static const char strike_in_rows[] = "SELECT strike($1) FROM generate_series(1, 3)";

static enum err three_rows(struct ctx *c, struct db_tx *tx, int64_t at)
{
	struct db_value row[1];
	DB_ROWS *rows = NULL;
	bool more;
	TRY(db_query(c, tx, strike_in_rows, DB_ARGS(DB_I(at)), &rows));
	for (int i = 0; i < 3; i++) {
		TRY(db_next(c, rows, row, &more));
		assert_true(more);
	}
	TRY(db_next(c, rows, row, &more));
	assert_false(more);
	return OK;
}

static struct db_tx *may_be_struck(struct ctx *c)
{
	DB_TX *tx = NULL;
	struct db_tx *out;
	assert_ok(c, db_begin(c, served_of(c)->db, DB_WRITE, &tx));
	run(c, tx, "CREATE SEQUENCE tries");
	run(c, tx, strike);
	assert_ok(c, db_commit(c, &tx));
	assert_ok(c, db_begin_on(c, served_of(c)->db, 1, &out));
	return out;
}

/* The fourth call fails, and then the sixth, which is in the middle of the rows of before. */
static void who_is_ended_while_he_says_it_again_begins_once_more(void **state)
{
	struct ctx *c = *state;
	struct db_value row[1];
	need_server(c);
	DB_TX *tx = may_be_struck(c);
	assert_ok(c, insert(c, tx, 1, STR("one")));
	assert_ok(c, three_rows(c, tx, 6));
	assert_ok(c, db_row(c, tx, "SELECT strike($1)", DB_ARGS(DB_I(4)), row));
	assert_int_equal(row[0].integer, 7);
	assert_ok(c, db_commit(c, &tx));
	assert_int_equal(rows_now(c), 1);
	assert_int_equal(tries_so_far(c), 10);
}

static void rows_that_were_given_are_not_taken_back(void **state)
{
	struct ctx *c = *state;
	need_server(c);
	DB_TX *tx = may_be_struck(c);
	assert_ok(c, insert(c, tx, 1, STR("one")));
	assert_err(c, three_rows(c, tx, 2), ERR_UNAVAILABLE);
	assert_err(c, db_commit(c, &tx), ERR_IO);
	assert_int_equal(rows_now(c), 0);
	assert_int_equal(tries_so_far(c), 2);
}

/* More than is kept of it. */
static void a_large_transaction_is_tried_once(void **state)
{
	enum { LARGE = 5 << 20 };
	struct ctx *c = *state;
	struct db_value row[1];
	need_server(c);
	may_lose(c, false);
	char *text = arena_alloc(c->arena, LARGE);
	memset(text, 'x', LARGE);
	DB_TX *tx = NULL;
	assert_ok(c, db_begin_on(c, served_of(c)->db, 1, &tx));
	assert_ok(c, insert(c, tx, 1, str_from(text, LARGE)));
	assert_err(c, db_row(c, tx, "SELECT lose($1)", DB_ARGS(DB_I(4)), row), ERR_UNAVAILABLE);
	assert_int_equal(tries_so_far(c), 1);
}

static void text_must_be_text(void **state)
{
	struct ctx *c = *state;
	need_server(c);
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, served_of(c)->db, DB_WRITE, &tx));
	assert_err(c, insert(c, tx, 1, STR("a\xff")), ERR_INVALID);
	db_rollback(&tx);
	assert_ok(c, db_begin(c, served_of(c)->db, DB_WRITE, &tx));
	assert_err(c, insert(c, tx, 1, str_from("a\0b", 3)), ERR_INVALID);
}

static void who_finds_all_connections_in_use_waits_until_the_deadline(void **state)
{
	struct ctx *c = *state;
	need_server(c);
	DB_TX *one = NULL, *two = NULL, *three = NULL;
	assert_ok(c, db_begin(c, served_of(c)->db, DB_READ, &one));
	assert_ok(c, db_begin(c, served_of(c)->db, DB_READ, &two));
	c->deadline = c->world->monotonic() + 150000;
	assert_err(c, db_begin(c, served_of(c)->db, DB_READ, &three), ERR_UNAVAILABLE);
	c->deadline = 0;
	db_rollback(&one);
	assert_ok(c, db_begin(c, served_of(c)->db, DB_READ, &three));
}

static void rows_that_nobody_reads_to_the_end_do_no_harm(void **state)
{
	struct ctx *c = *state;
	static const char many[] = "SELECT n FROM generate_series(1, 100000) AS s (n)";
	need_server(c);
	DB_TX *tx = NULL;
	struct db_value row[1];
	assert_ok(c, db_begin(c, served_of(c)->db, DB_READ, &tx));
	assert_ok(c, db_row(c, tx, many, DB_NO_ARGS, row));
	assert_int_equal(row[0].integer, 1);
	assert_ok(c, db_row(c, tx, count, DB_NO_ARGS, row));
}

static int64_t days_ahead(void)
{
	return os_world()->clock() + 40LL * 24 * 3600 * 1000000;
}

/* Whatever this machine believes. */
static void the_time_is_the_servers(void **state)
{
	struct ctx *c = *state;
	struct db_value row[1];
	DB_TX *first = NULL, *second = NULL;
	need_server(c);
	struct world wrong = *os_world();
	wrong.clock = days_ahead;
	c->world = &wrong;
	assert_ok(c, db_begin(c, served_of(c)->db, DB_READ, &first));
	assert_ok(c, db_ask_time(c, first));
	assert_ok(c, db_begin_on(c, served_of(c)->db, 1, &second));
	int64_t now = os_world()->clock();
	assert_true(first->began > now - 60000000 && first->began < now + 60000000);
	assert_true(second->began >= first->began);
	assert_ok(
		c, db_row(c, second, "SELECT extract(epoch FROM now())::bigint", DB_NO_ARGS, row));
	assert_true(db_now(second) >= row[0].integer - 1 && db_now(second) < row[0].integer + 60);
}

static void wait_for_end_of(struct ctx *c, int64_t backend)
{
	static const char sql[] = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1";
	struct db_value row[1];
	for (int i = 0; i < 1000; i++) {
		DB_TX *tx = NULL;
		assert_ok(c, db_begin(c, served_of(c)->other, DB_READ, &tx));
		assert_ok(c, db_row(c, tx, sql, DB_ARGS(DB_I(backend)), row));
		if (!row[0].integer)
			return;
		usleep(50000);
	}
	fail_msg("a connection of before goes on");
}

/* This server takes any password: what counts is which connections go on. */
static void a_login_that_succeeds_ends_the_connections_of_before(void **state)
{
	enum { IDLE = 2 };
	struct ctx *c = *state;
	need_server(c);
	char path[] = "/tmp/nimbus-db-XXXXXX";
	close(mkstemp(path));
	assert_ok(c, file_write(c, path, STR("first"), 0600));
	struct secret *files = secret_file_open();
	const struct secret_set login = {
		{{NULL, getenv("NIMBUS_TEST_POSTGRES")}, {NULL, ""}, {files, path}}};
	struct db *db;
	int64_t before[IDLE + 1];
	struct db_tx *tx[IDLE + 1], *after;
	assert_ok(c, db_postgres_open_as(c, &login, IDLE + 1, &db));
	for (int i = 0; i <= IDLE; i++) {
		assert_ok(c, db_begin(c, db, DB_READ, &tx[i]));
		before[i] = backend_of(c, tx[i]);
	}
	for (int i = 0; i < IDLE; i++)
		db_rollback(&tx[i]);
	assert_ok(c, file_write(c, path, STR("second"), 0600));
	usleep(1100000);
	assert_ok(c, db_begin(c, db, DB_READ, &after));
	for (int i = 0; i < IDLE; i++)
		wait_for_end_of(c, before[i]);
	assert_int_equal(backend_of(c, tx[IDLE]), before[IDLE]);
	db_rollback(&tx[IDLE]);
	wait_for_end_of(c, before[IDLE]);
	db_rollback(&after);
	db_close(db);
	secret_close(files);
	unlink(path);
}

static void a_server_that_is_not_there_is_named(void **state)
{
	struct ctx *c = *state;
	struct db *db = NULL;
	assert_err(c, db_postgres_open(c, "postgres://secret:word@127.0.0.1:1/x", 2, &db),
		ERR_UNAVAILABLE);
	assert_non_null(strstr(c->error.text, "127.0.0.1:1"));
	assert_null(strstr(c->error.text, "word"));
	assert_err(c, db_postgres_open(c, "postgres://127.0.0.1/x?no=such", 2, &db), ERR_INVALID);
	assert_err(c, db_postgres_open(c, "postgres://127.0.0.1:no/x", 2, &db), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			repositories_are_written_to_side_by_side, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_idle_connection_that_was_closed_is_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_connection_that_is_lost_in_a_transaction_has_changed_nothing, setup,
			teardown),
		cmocka_unit_test_setup_teardown(what_failed_cannot_be_committed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_statement_that_takes_too_long_is_ended_and_does_no_harm, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_statement_is_prepared_once_on_each_connection, setup, teardown),
		cmocka_unit_test_setup_teardown(
			who_is_ended_by_a_dead_lock_is_heard_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
			who_would_hear_something_else_by_then_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(
			who_fails_to_serialize_tries_again_with_all_he_said, setup, teardown),
		cmocka_unit_test_setup_teardown(
			who_fails_to_serialize_at_his_commit_tries_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
			who_loses_every_time_is_told_and_has_changed_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(
			who_is_ended_while_he_says_it_again_begins_once_more, setup, teardown),
		cmocka_unit_test_setup_teardown(
			rows_that_were_given_are_not_taken_back, setup, teardown),
		cmocka_unit_test_setup_teardown(a_large_transaction_is_tried_once, setup, teardown),
		cmocka_unit_test_setup_teardown(text_must_be_text, setup, teardown),
		cmocka_unit_test_setup_teardown(
			who_finds_all_connections_in_use_waits_until_the_deadline, setup, teardown),
		cmocka_unit_test_setup_teardown(
			rows_that_nobody_reads_to_the_end_do_no_harm, setup, teardown),
		cmocka_unit_test_setup_teardown(the_time_is_the_servers, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_login_that_succeeds_ends_the_connections_of_before, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_server_that_is_not_there_is_named, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
