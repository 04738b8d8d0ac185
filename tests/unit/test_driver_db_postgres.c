#include "unit.h"

#include "base/buf.h"
#include "driver/driver.h"
#include "os/file.h"

#include <stdlib.h>
#include <unistd.h>

/* What only PostgreSQL can do, or suffer; what all databases must is in contract/test_db.c. */

static const char make[] = "CREATE TABLE row (repo BIGINT NOT NULL, text TEXT NOT NULL)";
static const char add[] = "INSERT INTO row (repo, text) VALUES ($1, $2)";
static const char count[] = "SELECT count(*) FROM row";
static const char own_backend[] = "SELECT pg_backend_pid()";
static const char end_backend[] = "SELECT pg_terminate_backend($1)";

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

/* As a restart of the server does to each of its connections. */
static void kill_backend(struct ctx *c, int64_t backend)
{
	DB_TX *tx = NULL;
	struct db_value row[1];
	assert_ok(c, db_begin(c, served_of(c)->other, DB_READ, &tx));
	assert_ok(c, db_row(c, tx, end_backend, DB_ARGS(DB_I(backend)), row));
	db_rollback(&tx);
	usleep(100000);
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
	for (int i = 0; i < 100; i++) {
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
