#include "unit.h"

#include "base/buf.h"
#include "driver/driver.h"
#include "meta/migrate.h"
#include "meta/tables.h"

#include <unistd.h>

static struct db *open_sqlite(struct ctx *c)
{
	struct db *db;
	assert_ok(c, db_sqlite_open(c, ":memory:", &db));
	assert_ok(c, meta_migrate(c, db));
	return db;
}

/* A schema of its own in the server that the runner started; NULL without one. */
static struct db *open_postgres(struct ctx *c)
{
	static int schemas;
	const char *url = getenv("NIMBUS_TEST_POSTGRES");
	struct db *db;
	DB_TX *tx = NULL;
	if (!url) {
		print_message("skip: NIMBUS_TEST_POSTGRES is not set\n");
		return NULL;
	}
	const char *name = arena_fmt(c->arena, "m%d_%d", (int)getpid(), ++schemas);
	assert_ok(c, db_postgres_open(c, url, 1, &db));
	assert_ok(c, db_begin(c, db, DB_WRITE, &tx));
	assert_ok(
		c, db_run(c, tx, arena_fmt(c->arena, "CREATE SCHEMA %s", name), DB_NO_ARGS, NULL));
	assert_ok(c, db_commit(c, &tx));
	db_close(db);
	url = arena_fmt(c->arena, "%s?options=-csearch_path%%3D%s", url, name);
	assert_ok(c, db_postgres_open(c, url, 2, &db));
	assert_ok(c, meta_migrate(c, db));
	return db;
}

static const struct {
	const char *name, *columns, *keys;
	size_t column_count;
} expected[] = {
#define TABLE(name, columns, names, keys, key) {#name, names, key, columns},
#include "meta/tables.def"
#undef TABLE
};

static struct str joined(
	struct ctx *c, struct db_tx *tx, const char *sql, const char *table, size_t *count)
{
	struct buf out = {.arena = c->arena};
	DB_ROWS *rows = NULL;
	struct db_value row[1];
	size_t args = table ? 1 : 0;
	struct db_value arg = DB_T(str_of(table ? table : ""));
	assert_ok(c, db_query(c, tx, sql, &arg, args, &rows));
	for (bool more = true; *count = *count + more, more;) {
		assert_ok(c, db_next(c, rows, row, &more));
		if (!more)
			break;
		buf_fmt(&out, "%s%.*s", out.len ? ", " : "", STR_FMT(row[0].text));
	}
	*count -= 1;
	return buf_view(&out);
}

/* Whoever adds a table or a column adds it to tables.def. */
static void compare(struct ctx *c, struct db *db, const char *list, const char *describe)
{
	DB_TX *tx = NULL;
	size_t tables = 0;
	assert_ok(c, db_begin(c, db, DB_READ, &tx));
	struct str names = joined(c, tx, list, NULL, &tables);
	if (tables != META_TABLES)
		fail_msg("the schema has the tables %.*s, tables.def has %d", STR_FMT(names),
			META_TABLES);
	for (size_t i = 0; i < META_TABLES; i++) {
		size_t count = 0;
		struct str columns = joined(c, tx, describe, expected[i].name, &count);
		assert_str(columns, expected[i].columns);
		assert_int_equal(count, expected[i].column_count);
		assert_true(str_starts(columns, str_of(expected[i].keys)));
	}
}

static void every_table_and_column_of_the_schema_is_known(void **state)
{
	struct ctx *c = *state;
	struct db *db = open_sqlite(c);
	compare(c, db,
		"SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'schema_version' "
		"ORDER BY name",
		"SELECT name FROM pragma_table_info($1) ORDER BY cid");
	db_close(db);
	db = open_postgres(c);
	if (!db)
		return;
	compare(c, db,
		"SELECT table_name::text FROM information_schema.tables WHERE table_schema = "
		"current_schema() AND table_name <> 'schema_version' ORDER BY 1",
		"SELECT column_name::text FROM information_schema.columns WHERE table_schema = "
		"current_schema() AND table_name = $1 ORDER BY ordinal_position");
	db_close(db);
}

static void put(
	struct ctx *c, struct db_tx *tx, const char *sql, const struct db_value *args, size_t count)
{
	assert_ok(c, db_run(c, tx, sql, args, count, NULL));
}

enum { REFS = 2500, AUDITS = 1300, PACKS = 40, PACK_BYTES = 300 << 10 };

/* More of each than one page, long ones, and every kind of value. */
static void fill_many(struct ctx *c, struct db_tx *tx)
{
	static const char ref[] =
		"INSERT INTO ref (repo_id, name, oid, peeled) VALUES ($1, $2, $3, $4)";
	static const char audit[] =
		"INSERT INTO audit_entry (chain, sequence, time, account_id, username, peer, via, "
		"action, outcome, subject, detail, request, decision, hash) VALUES "
		"($1, $2, 7, 0, '', '', '', 'a', 0, 's', '', 'r', '', $3)";
	static const char pack[] =
		"INSERT INTO pack (repo_id, hash, bytes, objects, kind, state, created, in_row, "
		"data, idx) VALUES (1, $1, $2, 1, 1, 1, 5, 1, $3, $4)";
	char *bytes = arena_alloc(c->arena, PACK_BYTES);
	for (int i = 0; i < REFS; i++) {
		struct str name = str_of(arena_fmt(c->arena, "refs/heads/\xff%d", i));
		put(c, tx, ref,
			DB_ARGS(DB_I(1), DB_B(name), DB_B(STR("12345678901234567890")),
				i % 2 ? DB_N() : DB_B(STR(""))));
	}
	for (int i = 0; i < AUDITS; i++)
		put(c, tx, audit, DB_ARGS(DB_I(i / 700), DB_I(i), i % 2 ? DB_N() : DB_B(STR("h"))));
	for (int i = 0; i < PACKS; i++) {
		bytes[0] = (char)i;
		put(c, tx, pack,
			DB_ARGS(DB_B(str_from(bytes, 20)), DB_I(INT64_MAX - i),
				DB_B(str_from(bytes, PACK_BYTES)), DB_N()));
	}
}

static const char *const rows[] = {
	"INSERT INTO instance (key, value) VALUES ('id', 'i1')",
	"INSERT INTO counter (noun, value) VALUES ('repo', 7)",
	"INSERT INTO account (id, username, owner, password, generation, created) VALUES "
	"(1, 'ada', 1, '', -1, 0)",
	"INSERT INTO repo (id, key, name, description, visibility, object_format, head, "
	"version, created, pushed) VALUES (1, 'r', 'R', '\xc3\xbc', 1, 1, '', 1, 0, 0)",
	"INSERT INTO ref_log (repo_id, version, name, old, new, forced, account_id, "
	"username, time, request) VALUES (1, 1, '', '', '', 0, 1, 'ada', 1, 'q')",
	"INSERT INTO event (repo_id, sequence, type, data, time, version) VALUES "
	"(9, 1, 'push', '{}', 1, 1)",
	"INSERT INTO permission (repo_id, account_id, level) VALUES (1, 1, 2)",
	"INSERT INTO permission_pattern (id, account_id, source, pattern, fits, level, "
	"expires) "
	"VALUES (1, 1, 'oidc:x', 'a_*', 'a\\_%', 2, 3)",
	"INSERT INTO ref_rule (repo_id, id, pattern, body) VALUES (1, 1, 'main', '{}')",
	"INSERT INTO webhook (id, repo_id, url, events, sealed, active, created, cursor, "
	"failures, next, tried, status, said) "
	"VALUES (1, 1, 'https://x', 'push', '', 1, 1, 2, 3, 4, 5, 500, 's')",
	"INSERT INTO webhook_delivery (webhook_id, sequence, type, state, attempts, time, "
	"duration, status, said) VALUES (1, 2, 'push', 0, 3, 4, 5, 500, 's')",
	"INSERT INTO token (id, account_id, name, hash, ceiling, created, expires, used) "
	"VALUES (1, 1, 'ci', '', 1, 1, 1, 1)",
	"INSERT INTO signing_key (id, account_id, name, kid, jwk, created, used) VALUES "
	"(1, 1, 'mine', 'k', '{}', 1, 1)",
	"INSERT INTO revoked_key (key_id, minted, expires) VALUES (1, 'jti', 1)",
	"INSERT INTO issuer_key (id, kid, jwk, sealed, created, begins, ends) "
	"VALUES (1, 'k', '{}', '', 1, 1, 0)",
	"INSERT INTO device (id, account_id, family, secret, client, name, ceiling, scope, "
	"generation, created, used, address, expires) "
	"VALUES (1, 1, '', '', 'nimbus', 'x', 1, '', 1, 1, 1, '', 1)",
	"INSERT INTO device_request (code, user_code, kind, state, client, name, ceiling, "
	"scope, address, created, expires, account_id, generation, redirect, challenge) "
	"VALUES ('', 'x', 0, 0, 'nimbus', 'x', 1, '', '', 1, 1, 0, 0, '', '')",
	"INSERT INTO login_link (hash, account_id, expires) VALUES ('', 1, 1)",
	"INSERT INTO totp (account_id, secret, step, created, used) VALUES (1, '', 1, 1, "
	"1)",
	"INSERT INTO recovery_code (account_id, hash) VALUES (1, 'h')",
	"INSERT INTO passkey (id, account_id, name, credential, public_key, transports, "
	"model, "
	"signatures, backup_eligible, backed_up, created, used) "
	"VALUES (1, 1, 'mine', '', '', 'usb', '', 4294967295, 1, 0, 1, 1)",
	"INSERT INTO identity (id, account_id, provider, issuer, subject, name, email, "
	"created, used) VALUES (1, 1, 'corp', 'https://id', 's', 'n', 'e', 1, 2)",
	"INSERT INTO session (id, account_id, ends, via, identity_id, there) "
	"VALUES ('x', 1, 1, 'oidc:corp', 1, 't')",
	"INSERT INTO invitation (id, hash, username, created, expires) "
	"VALUES (1, '', 'x', 1, 1)",
	"INSERT INTO invitation_grant (invitation_id, repo_id, level) VALUES (1, 1, 1)",
	"INSERT INTO push_cert (repo_id, version, key_type, key, fingerprint, nonce, "
	"certificate) VALUES (1, 1, 'k', 'k', 'f', 'n', '')",
	"INSERT INTO audit_chain (chain, sequence, time) VALUES (0, 1, 1)",
	"INSERT INTO idempotent (key, request, claim, done, answer, expires) "
	"VALUES ('1/k', 'r', 'c', 1, '', 1)",
	"INSERT INTO lease (name, holder, expires) VALUES ('compact/1', 'h', 1)",
};

static void fill(struct ctx *c, struct db *db)
{
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, db, DB_WRITE, &tx));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		put(c, tx, rows[i], DB_NO_ARGS);
	/* Of SQLite, where '' is no bytes. */
	static const char *const empty[] = {"UPDATE repo SET head = $1",
		"UPDATE ref_log SET name = $1, old = $1, new = $1", "UPDATE token SET hash = $1",
		"UPDATE login_link SET hash = $1", "UPDATE invitation SET hash = $1",
		"UPDATE push_cert SET certificate = $1", "UPDATE totp SET secret = $1",
		"UPDATE passkey SET credential = $1, public_key = $1, model = $1",
		"UPDATE webhook SET sealed = $1", "UPDATE issuer_key SET sealed = $1",
		"UPDATE device SET family = $1, secret = $1", "UPDATE device_request SET code = $1",
		"UPDATE idempotent SET answer = $1"};
	for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
		put(c, tx, empty[i], DB_ARGS(DB_B(STR(""))));
	fill_many(c, tx);
	assert_ok(c, db_commit(c, &tx));
}

static void read_sums(struct ctx *c, struct db *db, struct meta_tables *t)
{
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, db, DB_READ, &tx));
	assert_ok(c, meta_tables_read(c, tx, t));
}

static void copy(struct ctx *c, struct db *from, struct db *to, struct meta_tables *t)
{
	DB_TX *reading = NULL, *writing = NULL;
	const char *used;
	assert_ok(c, db_begin(c, from, DB_READ, &reading));
	assert_ok(c, db_begin(c, to, DB_WRITE, &writing));
	assert_ok(c, meta_tables_used(c, writing, &used));
	assert_null(used);
	assert_ok(c, meta_tables_copy(c, reading, writing, t));
	assert_ok(c, meta_tables_check(c, writing, t));
	assert_ok(c, meta_tables_used(c, writing, &used));
	assert_non_null(used);
	assert_ok(c, db_commit(c, &writing));
}

static void check_counts(const struct meta_tables *t)
{
	for (int i = 0; i < META_TABLES; i++) {
		int64_t want = i == META_TABLE_ref           ? REFS
			       : i == META_TABLE_audit_entry ? AUDITS
			       : i == META_TABLE_pack        ? PACKS
							     : 1;
		if (t->sums[i].rows != want)
			fail_msg("%s has %lld rows", expected[i].name, (long long)t->sums[i].rows);
	}
}

static void a_copy_holds_the_same(void **state)
{
	struct ctx *c = *state;
	struct db *first = open_sqlite(c), *second = open_sqlite(c);
	struct meta_tables a = {0}, b = {0};
	fill(c, first);
	copy(c, first, second, &a);
	check_counts(&a);
	read_sums(c, second, &b);
	assert_memory_equal(a.sums, b.sums, sizeof a.sums);
	db_close(second);
	db_close(first);
}

static void a_copy_goes_to_postgres_and_back(void **state)
{
	struct ctx *c = *state;
	struct db *server = open_postgres(c);
	if (!server)
		return;
	struct db *first = open_sqlite(c), *back = open_sqlite(c);
	struct meta_tables a = {0}, b = {0};
	fill(c, first);
	copy(c, first, server, &a);
	check_counts(&a);
	copy(c, server, back, &b);
	assert_memory_equal(a.sums, b.sums, sizeof a.sums);
	db_close(server);
	db_close(back);
	db_close(first);
}

/* Every change of a value, and a value that moves to the column beside it, is another sum. */
static void a_change_is_another_sum(void **state)
{
	struct ctx *c = *state;
	static const char *const changes[] = {"UPDATE account SET generation = 0",
		"UPDATE push_cert SET key_type = 'kk', key = ''", "DELETE FROM lease",
		"UPDATE ref SET peeled = NULL WHERE name = CAST('refs/heads/\3774' AS BLOB)"};
	struct db *db = open_sqlite(c);
	struct meta_tables before = {0}, after = {0};
	fill(c, db);
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		DB_TX *tx = NULL;
		read_sums(c, db, &before);
		assert_ok(c, db_begin(c, db, DB_WRITE, &tx));
		put(c, tx, changes[i], DB_NO_ARGS);
		assert_ok(c, meta_tables_read(c, tx, &after));
		db_rollback(&tx);
		assert_memory_not_equal(before.sums, after.sums, sizeof before.sums);
	}
	db_close(db);
}

/* A target that changes what it is given is found out. */
static void what_arrives_otherwise_is_damaged(void **state)
{
	struct ctx *c = *state;
	static const char *const spoilers[] = {
		"CREATE TRIGGER spoil AFTER INSERT ON ref WHEN new.peeled IS NULL BEGIN UPDATE ref "
		"SET peeled = x'00' WHERE name = new.name; END",
		"CREATE TRIGGER spoil AFTER INSERT ON lease BEGIN DELETE FROM lease; END",
	};
	struct db *from = open_sqlite(c);
	fill(c, from);
	for (size_t i = 0; i < sizeof spoilers / sizeof *spoilers; i++) {
		struct db *to = open_sqlite(c);
		struct meta_tables t = {0};
		DB_TX *reading = NULL, *writing = NULL;
		assert_ok(c, db_begin(c, from, DB_READ, &reading));
		assert_ok(c, db_begin(c, to, DB_WRITE, &writing));
		put(c, writing, spoilers[i], DB_NO_ARGS);
		assert_ok(c, meta_tables_copy(c, reading, writing, &t));
		assert_err(c, meta_tables_check(c, writing, &t), ERR_DAMAGED);
		db_rollback(&reading);
		db_rollback(&writing);
		db_close(to);
	}
	db_close(from);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(every_table_and_column_of_the_schema_is_known),
		UNIT_TEST(a_copy_holds_the_same),
		UNIT_TEST(a_copy_goes_to_postgres_and_back),
		UNIT_TEST(a_change_is_another_sum),
		UNIT_TEST(what_arrives_otherwise_is_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
