#include "unit.h"

#include "driver/driver.h"
#include "meta/instance.h"
#include "meta/migrate.h"

static struct db *open_db(struct ctx *c)
{
	struct db *db;
	assert_ok(c, db_sqlite_open(c, ":memory:", &db));
	return db;
}

static void migrating_twice_changes_nothing(void **state)
{
	struct ctx *c = *state;
	struct db *db = open_db(c);
	struct db_value row[1];
	static const char sql[] = "SELECT count(*) FROM schema_version";
	for (int i = 0; i < 3; i++) {
		DB_TX *tx = NULL;
		assert_ok(c, meta_migrate(c, db));
		assert_ok(c, db_begin(c, db, DB_READ, &tx));
		assert_ok(c, db_row(c, tx, sql, DB_NO_ARGS, row));
		assert_int_equal(row[0].integer, meta_schema_version());
	}
	db_close(db);
}

static void a_newer_schema_is_left_alone(void **state)
{
	struct ctx *c = *state;
	struct db *db = open_db(c);
	DB_TX *tx = NULL;
	static const char sql[] = "INSERT INTO schema_version (version, time) VALUES ($1, 0)";
	assert_ok(c, meta_migrate(c, db));
	assert_ok(c, db_begin(c, db, DB_WRITE, &tx));
	assert_ok(c, db_run(c, tx, sql, DB_ARGS(DB_I(meta_schema_version() + 1)), NULL));
	assert_ok(c, db_commit(c, &tx));
	assert_err(c, meta_migrate(c, db), ERR_UNSUPPORTED);
	db_close(db);
}

/* A fault at every operation in turn: the schema is there as a whole or not at all. */
static void a_migration_is_all_or_nothing(void **state)
{
	struct ctx *c = *state;
	static const char sql[] = "SELECT count(*) FROM sqlite_schema WHERE type = 'table'";
	for (int64_t n = 1;; n++) {
		struct db *inner = open_db(c), *db = db_faulty_open(inner);
		struct db_value row[1];
		DB_TX *tx = NULL;
		db_faulty_set(db, n, ERR_IO);
		enum err kind = meta_migrate(c, db);
		assert_ok(c, db_begin(c, inner, DB_READ, &tx));
		assert_ok(c, db_row(c, tx, sql, DB_NO_ARGS, row));
		db_rollback(&tx);
		db_close(db);
		db_close(inner);
		if (!kind) {
			assert_true(row[0].integer > 10 && n > 10);
			break;
		}
		assert_int_equal(kind, ERR_IO);
		assert_int_equal(row[0].integer, 0);
	}
}

static void an_id_is_given_out_once(void **state)
{
	struct ctx *c = *state;
	struct db *db = open_db(c);
	DB_TX *tx = NULL;
	int64_t id;
	assert_ok(c, meta_migrate(c, db));
	assert_ok(c, db_begin(c, db, DB_WRITE, &tx));
	for (int i = 1; i <= 3; i++) {
		assert_ok(c, meta_instance_next_id(c, tx, STR("repo"), &id));
		assert_int_equal(id, i);
	}
	assert_ok(c, meta_instance_next_id(c, tx, STR("token"), &id));
	assert_int_equal(id, 1);
	struct str value;
	assert_err(c, meta_instance_get(c, tx, STR("k"), &value), ERR_NOT_FOUND);
	assert_ok(c, meta_instance_put(c, tx, STR("k"), STR("one")));
	assert_ok(c, meta_instance_put(c, tx, STR("k"), STR("two")));
	assert_ok(c, meta_instance_get(c, tx, STR("k"), &value));
	assert_str(value, "two");
	db_rollback(&tx);
	db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(migrating_twice_changes_nothing),
		UNIT_TEST(a_newer_schema_is_left_alone),
		UNIT_TEST(a_migration_is_all_or_nothing),
		UNIT_TEST(an_id_is_given_out_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
