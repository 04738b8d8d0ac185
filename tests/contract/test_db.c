#include "contract/contract.h"

#include "driver/driver.h"
#include "os/thread.h"

#include <unistd.h>

struct world_of_rows {
	struct unit unit;
	struct db *db, *inner;
	char *folder;
};

struct driver {
	const char *name;
	void (*open)(struct world_of_rows *w);
	const char *needs;
};

static void open_sqlite(struct world_of_rows *w)
{
	struct ctx *c = &w->unit.ctx;
	w->folder = contract_folder();
	assert_ok(c, db_sqlite_open(c, arena_fmt(c->arena, "%s/db", w->folder), &w->db));
}

static void open_sqlite_for_now(struct world_of_rows *w)
{
	assert_ok(&w->unit.ctx, db_sqlite_open(&w->unit.ctx, ":memory:", &w->db));
}

static void open_faulty(struct world_of_rows *w)
{
	assert_ok(&w->unit.ctx, db_sqlite_open(&w->unit.ctx, ":memory:", &w->inner));
	w->db = db_faulty_open(w->inner);
}

/* A schema of its own in the server that the runner started; it goes with the server. */
static void open_postgres(struct world_of_rows *w)
{
	static int schemas;
	struct ctx *c = &w->unit.ctx;
	const char *url = getenv("NIMBUS_TEST_POSTGRES");
	DB_TX *tx = NULL;
	const char *name = arena_fmt(c->arena, "t%d_%d", (int)getpid(), ++schemas);
	assert_ok(c, db_postgres_open(c, url, 4, &w->inner));
	assert_ok(c, db_begin(c, w->inner, DB_WRITE, &tx));
	assert_ok(
		c, db_run(c, tx, arena_fmt(c->arena, "CREATE SCHEMA %s", name), DB_NO_ARGS, NULL));
	assert_ok(c, db_commit(c, &tx));
	url = arena_fmt(c->arena, "%s?options=-csearch_path%%3D%s", url, name);
	assert_ok(c, db_postgres_open(c, url, 16, &w->db));
}

static const struct driver drivers[] = {
	{"sqlite", open_sqlite, NULL},
	{"sqlite for now", open_sqlite_for_now, NULL},
	{"faulty", open_faulty, NULL},
	{"postgres", open_postgres, "NIMBUS_TEST_POSTGRES"},
};

static const char *name_of(const void *driver)
{
	return ((const struct driver *)driver)->name;
}

static const char *needs(const void *driver)
{
	return ((const struct driver *)driver)->needs;
}

static struct db *db_of(struct ctx *c)
{
	return ((struct world_of_rows *)c)->db;
}

static const char make_parent[] = "CREATE TABLE parent (id BIGINT NOT NULL PRIMARY KEY, "
				  "name TEXT NOT NULL UNIQUE, data BYTEA, number BIGINT)";
static const char make_child[] = "CREATE TABLE child (id BIGINT NOT NULL PRIMARY KEY, "
				 "parent_id BIGINT NOT NULL REFERENCES parent (id))";
static const char insert_parent[] =
	"INSERT INTO parent (id, name, data, number) VALUES ($1, $2, $3, $4)";
static const char insert_child[] = "INSERT INTO child (id, parent_id) VALUES ($1, $2)";
static const char select_parent[] = "SELECT id, name, data, number FROM parent WHERE id = $1";
static const char count_parents[] = "SELECT count(*) FROM parent";
static const char add_one[] = "UPDATE parent SET number = number + 1 WHERE id = $1";

static int setup(void **state)
{
	const struct driver *driver = *state;
	struct world_of_rows *w = calloc(1, sizeof *w);
	struct ctx *c = &w->unit.ctx;
	arena_init(&w->unit.arena);
	ctx_init(c, &w->unit.arena, os_world());
	driver->open(w);
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, w->db, DB_WRITE, &tx));
	assert_ok(c, db_run(c, tx, make_parent, DB_NO_ARGS, NULL));
	assert_ok(c, db_run(c, tx, make_child, DB_NO_ARGS, NULL));
	assert_ok(c, db_commit(c, &tx));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world_of_rows *w = *state;
	db_close(w->db);
	db_close(w->inner);
	if (w->folder)
		contract_remove_folder(w->folder);
	arena_done(&w->unit.arena);
	free(w);
	return 0;
}

static enum err add(struct ctx *c, struct db_tx *tx, int64_t id, const char *name)
{
	return db_run(
		c, tx, insert_parent, DB_ARGS(DB_I(id), DB_T(str_of(name)), DB_N(), DB_I(0)), NULL);
}

static int64_t parents(struct ctx *c)
{
	DB_TX *tx = NULL;
	struct db_value row[1];
	assert_ok(c, db_begin(c, db_of(c), DB_READ, &tx));
	assert_ok(c, db_row(c, tx, count_parents, DB_NO_ARGS, row));
	return row[0].integer;
}

static void values_come_back_as_they_were(void **state)
{
	struct ctx *c = *state;
	DB_TX *tx = NULL;
	struct db_value row[4];
	struct str bytes = str_from("a\0b\xff", 4), text = STR("gr\xc3\xbc\xc3\x9f 'x'; --");
	assert_ok(c, db_begin(c, db_of(c), DB_WRITE, &tx));
	assert_ok(c,
		db_run(c, tx, insert_parent,
			DB_ARGS(DB_I(INT64_MAX), DB_T(text), DB_B(bytes), DB_I(INT64_MIN)), NULL));
	assert_ok(c, db_run(c, tx, insert_parent,
			     DB_ARGS(DB_I(2), DB_T(STR("")), DB_B(STR("")), DB_N()), NULL));
	assert_ok(c, db_row(c, tx, select_parent, DB_ARGS(DB_I(INT64_MAX)), row));
	assert_int_equal(row[0].kind, DB_INT);
	assert_true(row[0].integer == INT64_MAX && row[3].integer == INT64_MIN);
	assert_int_equal(row[1].kind, DB_TEXT);
	assert_true(str_eq(row[1].text, text));
	assert_int_equal(row[2].kind, DB_BYTES);
	assert_true(str_eq(row[2].text, bytes));
	assert_ok(c, db_row(c, tx, select_parent, DB_ARGS(DB_I(2)), row));
	assert_int_equal(row[1].kind, DB_TEXT);
	assert_int_equal(row[1].text.len, 0);
	assert_int_equal(row[2].kind, DB_BYTES);
	assert_int_equal(row[3].kind, DB_NULL);
	assert_err(c, db_row(c, tx, select_parent, DB_ARGS(DB_I(3)), row), ERR_NOT_FOUND);
}

static void bytes_are_ordered_as_bytes(void **state)
{
	struct ctx *c = *state;
	static const char sql[] = "SELECT data FROM parent ORDER BY data";
	static const char *const names[] = {"b", "a\xff", "a", "B", "a/b", "a-b"};
	static const char *const sorted[] = {"B", "a", "a-b", "a/b", "a\xff", "b"};
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, db_of(c), DB_WRITE, &tx));
	for (int i = 0; i < 6; i++)
		assert_ok(c, db_run(c, tx, insert_parent,
				     DB_ARGS(DB_I(i), DB_T(str_of(arena_fmt(c->arena, "%d", i))),
					     DB_B(str_of(names[i])), DB_N()),
				     NULL));
	struct db_rows *rows;
	struct db_value row[1];
	bool more;
	assert_ok(c, db_query(c, tx, sql, DB_NO_ARGS, &rows));
	assert_int_equal(rows->columns, 1);
	for (int i = 0; i < 6; i++) {
		assert_ok(c, db_next(c, rows, row, &more));
		assert_true(more);
		assert_str(row[0].text, sorted[i]);
	}
	assert_ok(c, db_next(c, rows, row, &more));
	assert_false(more);
	db_finish(&rows);
}

static void a_transaction_is_all_or_nothing(void **state)
{
	struct ctx *c = *state;
	{
		DB_TX *tx = NULL;
		assert_ok(c, db_begin(c, db_of(c), DB_WRITE, &tx));
		assert_ok(c, add(c, tx, 1, "one"));
		assert_int_equal(parents(c), 0);
	}
	assert_int_equal(parents(c), 0);
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, db_of(c), DB_WRITE, &tx));
	assert_ok(c, add(c, tx, 1, "one"));
	assert_ok(c, add(c, tx, 2, "two"));
	assert_ok(c, db_commit(c, &tx));
	assert_null(tx);
	assert_int_equal(parents(c), 2);
}

static void after_a_failed_statement_nothing_is_committed(void **state)
{
	struct ctx *c = *state;
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, db_of(c), DB_WRITE, &tx));
	assert_ok(c, add(c, tx, 1, "one"));
	assert_err(c, add(c, tx, 1, "other"), ERR_EXISTS);
	db_rollback(&tx);
	assert_int_equal(parents(c), 0);
}

static void writers_on(struct ctx *c, int64_t scope)
{
	DB_TX *first = NULL, *second = NULL;
	assert_ok(c, db_begin_on(c, db_of(c), scope, &first));
	c->deadline = c->world->monotonic() + 150000;
	assert_err(c, db_begin_on(c, db_of(c), scope, &second), ERR_UNAVAILABLE);
	assert_err(c, db_begin(c, db_of(c), DB_WRITE, &second), ERR_UNAVAILABLE);
	c->deadline = 0;
	db_rollback(&first);
	assert_ok(c, db_begin(c, db_of(c), DB_WRITE, &first));
	c->deadline = c->world->monotonic() + 150000;
	assert_err(c, db_begin_on(c, db_of(c), scope, &second), ERR_UNAVAILABLE);
	c->deadline = 0;
	db_rollback(&first);
	assert_ok(c, db_begin_on(c, db_of(c), scope, &second));
}

static void writers_of_one_repository_take_turns(void **state)
{
	writers_on(*state, 7);
}

static void writers_of_the_log_take_turns(void **state)
{
	writers_on(*state, DB_LOG);
}

static void what_breaks_a_constraint_says_which_kind(void **state)
{
	struct ctx *c = *state;
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, db_of(c), DB_WRITE, &tx));
	assert_ok(c, add(c, tx, 1, "one"));
	assert_ok(c, db_commit(c, &tx));
	assert_ok(c, db_begin(c, db_of(c), DB_WRITE, &tx));
	assert_err(c, add(c, tx, 1, "other"), ERR_EXISTS);
	db_rollback(&tx);
	assert_ok(c, db_begin(c, db_of(c), DB_WRITE, &tx));
	assert_err(c, add(c, tx, 2, "one"), ERR_EXISTS);
	db_rollback(&tx);
	assert_ok(c, db_begin(c, db_of(c), DB_WRITE, &tx));
	assert_err(c, db_run(c, tx, insert_child, DB_ARGS(DB_I(1), DB_I(77)), NULL), ERR_CONFLICT);
	db_rollback(&tx);
	assert_ok(c, db_begin(c, db_of(c), DB_WRITE, &tx));
	assert_ok(c, add(c, tx, 2, "two"));
}

static void the_number_of_changed_rows_is_told(void **state)
{
	struct ctx *c = *state;
	static const char all[] = "UPDATE parent SET number = 5";
	DB_TX *tx = NULL;
	int64_t changed;
	assert_ok(c, db_begin(c, db_of(c), DB_WRITE, &tx));
	assert_ok(c, add(c, tx, 1, "one"));
	assert_ok(c, add(c, tx, 2, "two"));
	assert_ok(c, db_run(c, tx, all, DB_NO_ARGS, &changed));
	assert_int_equal(changed, 2);
	assert_ok(c, db_run(c, tx, add_one, DB_ARGS(DB_I(9)), &changed));
	assert_int_equal(changed, 0);
	assert_ok(c, db_run(c, tx, count_parents, DB_NO_ARGS, &changed));
	assert_int_equal(changed, 0);
}

static enum err add_later(struct ctx *c, struct db_tx *tx, int64_t id, const char *name)
{
	return db_change(
		c, tx, insert_parent, DB_ARGS(DB_I(id), DB_T(str_of(name)), DB_N(), DB_I(0)));
}

static void what_is_changed_without_waiting_is_there_for_the_next_statement(void **state)
{
	struct ctx *c = *state;
	enum { MANY = 1000 };
	DB_TX *tx = NULL;
	struct db_value row[4];
	assert_ok(c, db_begin(c, db_of(c), DB_WRITE, &tx));
	for (int i = 0; i < MANY; i++) {
		assert_ok(c, add_later(c, tx, i, arena_fmt(c->arena, "%d", i)));
		for (int times = 0; times < i % 3; times++)
			assert_ok(c, db_change(c, tx, add_one, DB_ARGS(DB_I(i))));
	}
	assert_ok(c, db_row(c, tx, select_parent, DB_ARGS(DB_I(MANY - 2)), row));
	assert_int_equal(row[3].integer, (MANY - 2) % 3);
	assert_ok(c, add_later(c, tx, MANY, "last"));
	assert_ok(c, db_commit(c, &tx));
	assert_int_equal(parents(c), MANY + 1);
}

/* Now, or with what comes then. */
static enum err ending(struct ctx *c, enum err kind, struct db_tx **tx)
{
	if (!kind)
		return db_commit(c, tx);
	db_rollback(tx);
	return kind;
}

static void a_change_that_fails_is_told_by_the_commit_at_the_latest(void **state)
{
	struct ctx *c = *state;
	static const char all[] = "UPDATE parent SET number = 5";
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, db_of(c), DB_WRITE, &tx));
	assert_ok(c, add_later(c, tx, 1, "one"));
	assert_ok(c, add_later(c, tx, 2, "two"));
	assert_ok(c, db_commit(c, &tx));
	assert_ok(c, db_begin(c, db_of(c), DB_WRITE, &tx));
	assert_ok(c, add_later(c, tx, 3, "three"));
	assert_err(c, ending(c, db_change(c, tx, add_one, DB_ARGS(DB_I(9))), &tx), ERR_CONFLICT);
	assert_null(tx);
	assert_ok(c, db_begin(c, db_of(c), DB_WRITE, &tx));
	assert_err(c, ending(c, db_change(c, tx, all, DB_NO_ARGS), &tx), ERR_CONFLICT);
	assert_ok(c, db_begin(c, db_of(c), DB_WRITE, &tx));
	assert_err(c, ending(c, add_later(c, tx, 3, "one"), &tx), ERR_EXISTS);
	assert_ok(c, db_begin(c, db_of(c), DB_WRITE, &tx));
	struct db_value row[1];
	enum err kind = db_change(c, tx, add_one, DB_ARGS(DB_I(9)));
	if (!kind)
		kind = db_row(c, tx, count_parents, DB_NO_ARGS, row);
	assert_int_equal(kind, ERR_CONFLICT);
	db_rollback(&tx);
	assert_int_equal(parents(c), 2);
}

static void who_gives_up_after_a_change_that_fails_leaves_nothing(void **state)
{
	struct ctx *c = *state;
	DB_TX *tx = NULL;
	for (int i = 0; i < 3; i++) {
		assert_ok(c, db_begin_on(c, db_of(c), 7, &tx));
		assert_ok(c, add_later(c, tx, 1, "one"));
		enum err kind = add_later(c, tx, 1, "other");
		assert_true(kind == OK || kind == ERR_EXISTS);
		db_rollback(&tx);
		assert_int_equal(parents(c), 0);
	}
	assert_ok(c, db_begin_on(c, db_of(c), 7, &tx));
	assert_ok(c, add_later(c, tx, 1, "one"));
	assert_ok(c, db_commit(c, &tx));
	assert_int_equal(parents(c), 1);
}

static void a_reader_keeps_what_it_began_with(void **state)
{
	struct ctx *c = *state;
	DB_TX *reader = NULL, *writer = NULL;
	struct db_value row[1];
	assert_ok(c, db_begin(c, db_of(c), DB_READ, &reader));
	assert_ok(c, db_row(c, reader, count_parents, DB_NO_ARGS, row));
	assert_ok(c, db_begin(c, db_of(c), DB_WRITE, &writer));
	assert_ok(c, add(c, writer, 1, "one"));
	assert_ok(c, db_commit(c, &writer));
	assert_ok(c, db_row(c, reader, count_parents, DB_NO_ARGS, row));
	assert_int_equal(row[0].integer, 0);
	assert_int_equal(parents(c), 1);
}

static void a_second_writer_waits_until_its_deadline(void **state)
{
	struct ctx *c = *state;
	DB_TX *first = NULL, *second = NULL;
	assert_ok(c, db_begin(c, db_of(c), DB_WRITE, &first));
	int64_t began = c->world->monotonic();
	c->deadline = began + 150000;
	assert_err(c, db_begin(c, db_of(c), DB_WRITE, &second), ERR_UNAVAILABLE);
	int64_t took = c->world->monotonic() - began;
	/* Without a deadline it would have been thirty seconds. */
	assert_true(took >= 150000 && took < 20000000);
	c->deadline = 0;
	db_rollback(&first);
	assert_ok(c, db_begin(c, db_of(c), DB_WRITE, &second));
}

enum { WRITERS = 6, ROUNDS = 50 };

static void add_many(void *arg)
{
	struct arena arena;
	struct ctx c;
	arena_init(&arena);
	ctx_init(&c, &arena, os_world());
	for (int i = 0; i < ROUNDS; i++) {
		DB_TX *tx = NULL;
		struct db_value row[4];
		assert_ok(&c, db_begin(&c, arg, DB_WRITE, &tx));
		assert_ok(&c, db_run(&c, tx, add_one, DB_ARGS(DB_I(1)), NULL));
		assert_ok(&c, db_commit(&c, &tx));
		assert_ok(&c, db_begin(&c, arg, DB_READ, &tx));
		assert_ok(&c, db_row(&c, tx, select_parent, DB_ARGS(DB_I(1)), row));
		assert_true(row[3].integer >= i);
	}
	arena_done(&arena);
}

static void writers_at_once_lose_nothing(void **state)
{
	struct ctx *c = *state;
	struct thread threads[WRITERS];
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, db_of(c), DB_WRITE, &tx));
	assert_ok(c, add(c, tx, 1, "one"));
	assert_ok(c, db_commit(c, &tx));
	for (int i = 0; i < WRITERS; i++)
		assert_ok(c, thread_start(c, "writer", add_many, db_of(c), &threads[i]));
	for (int i = 0; i < WRITERS; i++)
		thread_join(&threads[i]);
	struct db_value row[4];
	assert_ok(c, db_begin(c, db_of(c), DB_READ, &tx));
	assert_ok(c, db_row(c, tx, select_parent, DB_ARGS(DB_I(1)), row));
	assert_int_equal(row[3].integer, WRITERS * ROUNDS);
}

static void a_database_is_found_again(void **state)
{
	struct ctx *c = *state;
	char *folder = contract_folder();
	const char *path = arena_fmt(c->arena, "%s/db", folder);
	for (int i = 0; i < 3; i++) {
		struct db *db;
		DB_TX *tx = NULL;
		struct db_value row[1];
		static const char make[] = "CREATE TABLE IF NOT EXISTS t (n BIGINT NOT NULL)";
		static const char put[] = "INSERT INTO t (n) VALUES ($1)";
		static const char sum[] = "SELECT count(*) FROM t";
		assert_ok(c, db_sqlite_open(c, path, &db));
		assert_ok(c, db_begin(c, db, DB_WRITE, &tx));
		assert_ok(c, db_run(c, tx, make, DB_NO_ARGS, NULL));
		assert_ok(c, db_run(c, tx, put, DB_ARGS(DB_I(i)), NULL));
		assert_ok(c, db_row(c, tx, sum, DB_NO_ARGS, row));
		assert_int_equal(row[0].integer, i + 1);
		assert_ok(c, db_commit(c, &tx));
		db_close(db);
	}
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	contract_remove_folder(folder);
}

static void a_file_that_is_no_database_is_corrupt(void **state)
{
	struct ctx *c = *state;
	char *folder = contract_folder();
	const char *path = arena_fmt(c->arena, "%s/db", folder);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fputs("this is no database. ", file);
	fclose(file);
	struct db *db;
	assert_err(c, db_sqlite_open(c, path, &db), ERR_DAMAGED);
	contract_remove_folder(folder);
}

static void a_failed_commit_has_not_happened(void **state)
{
	struct ctx *c = *state;
	struct db *inner, *db;
	DB_TX *tx = NULL;
	struct db_value row[1];
	assert_ok(c, db_sqlite_open(c, ":memory:", &inner));
	db = db_faulty_open(inner);
	assert_ok(c, db_begin(c, db, DB_WRITE, &tx));
	assert_ok(c, db_run(c, tx, make_parent, DB_NO_ARGS, NULL));
	assert_ok(c, db_commit(c, &tx));
	assert_ok(c, db_begin(c, db, DB_WRITE, &tx));
	assert_ok(c, add(c, tx, 1, "one"));
	db_faulty_set(db, 1, ERR_IO);
	assert_err(c, db_commit(c, &tx), ERR_IO);
	assert_int_equal(db_faulty_count(db), 1);
	assert_ok(c, db_begin(c, db, DB_WRITE, &tx));
	assert_ok(c, db_row(c, tx, count_parents, DB_NO_ARGS, row));
	assert_int_equal(row[0].integer, 0);
	db_rollback(&tx);
	db_close(db);
	db_close(inner);
}

int main(void)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(values_come_back_as_they_were),
		CONTRACT_TEST(bytes_are_ordered_as_bytes),
		CONTRACT_TEST(a_transaction_is_all_or_nothing),
		CONTRACT_TEST(after_a_failed_statement_nothing_is_committed),
		CONTRACT_TEST(writers_of_one_repository_take_turns),
		CONTRACT_TEST(writers_of_the_log_take_turns),
		CONTRACT_TEST(what_breaks_a_constraint_says_which_kind),
		CONTRACT_TEST(the_number_of_changed_rows_is_told),
		CONTRACT_TEST(what_is_changed_without_waiting_is_there_for_the_next_statement),
		CONTRACT_TEST(a_change_that_fails_is_told_by_the_commit_at_the_latest),
		CONTRACT_TEST(who_gives_up_after_a_change_that_fails_leaves_nothing),
		CONTRACT_TEST(a_reader_keeps_what_it_began_with),
		CONTRACT_TEST(a_second_writer_waits_until_its_deadline),
		CONTRACT_TEST(writers_at_once_lose_nothing),
	};
	const struct CMUnitTest own[] = {
		UNIT_TEST(a_database_is_found_again),
		UNIT_TEST(a_file_that_is_no_database_is_corrupt),
		UNIT_TEST(a_failed_commit_has_not_happened),
	};
	struct contract contract = CONTRACT(drivers, setup, teardown);
	contract.needs = needs;
	int failed = contract_run(&contract, tests, sizeof tests / sizeof *tests);
	return failed + cmocka_run_group_tests(own, NULL, NULL);
}
