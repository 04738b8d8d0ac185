#include "meta/migrate.h"

struct step {
	int64_t version;
	const char *sql[2]; /* by enum db_dialect; constants, because drivers cache by address */
};

static const struct step steps[] = {
#define STATEMENT(version, sql) {version, {sql, sql}},
#define CLUSTERED(version, sql) {version, {sql " WITHOUT ROWID", sql}},
#define DIALECTS(version, sqlite, postgres) {version, {sqlite, postgres}},
#include "meta/migrations.def"
#undef STATEMENT
#undef CLUSTERED
#undef DIALECTS
};

enum { STEP_COUNT = sizeof steps / sizeof *steps };

int64_t meta_schema_version(void)
{
	return steps[STEP_COUNT - 1].version;
}

static enum err read_version(struct ctx *c, struct db_tx *tx, int64_t *version)
{
	static const char make[] = "CREATE TABLE IF NOT EXISTS schema_version "
				   "(version BIGINT NOT NULL PRIMARY KEY, time BIGINT NOT NULL)";
	static const char ask[] = "SELECT coalesce(max(version), 0) FROM schema_version";
	struct db_value row[1];
	TRY(db_run(c, tx, make, DB_NO_ARGS, NULL));
	TRY(db_row(c, tx, ask, DB_NO_ARGS, row));
	*version = row[0].integer;
	return OK;
}

static enum err write_version(struct ctx *c, struct db_tx *tx, int64_t version)
{
	static const char sql[] = "INSERT INTO schema_version (version, time) VALUES ($1, $2)";
	return db_run(c, tx, sql, DB_ARGS(DB_I(version), DB_I(db_now(tx))), NULL);
}

enum err meta_schema_read(struct ctx *c, struct db *db, int64_t *version)
{
	static const char *const is_there[] = {"SELECT count(*) FROM sqlite_schema WHERE type = "
					       "'table' AND name = 'schema_version'",
		"SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = current_schema() "
		"AND tablename = 'schema_version'"};
	static const char ask[] = "SELECT coalesce(max(version), 0) FROM schema_version";
	struct db_value row[1];
	DB_TX *tx = NULL;
	*version = 0;
	TRY(db_begin(c, db, DB_READ, &tx));
	TRY(db_row(c, tx, is_there[db->ops->dialect], DB_NO_ARGS, row));
	if (!row[0].integer)
		return OK;
	TRY(db_row(c, tx, ask, DB_NO_ARGS, row));
	*version = row[0].integer;
	return OK;
}

enum err meta_migrate(struct ctx *c, struct db *db)
{
	int64_t from;
	return meta_migrate_from(c, db, &from);
}

/* One process at a time: a write transaction that concerns everything is alone. */
enum err meta_migrate_from(struct ctx *c, struct db *db, int64_t *from)
{
	DB_TX *tx = NULL;
	TRY(db_begin(c, db, DB_WRITE, &tx));
	int64_t have;
	TRY_WHILE(c, read_version(c, tx, &have), "reading the schema's version");
	*from = have;
	if (have > meta_schema_version())
		return fail(c, ERR_UNSUPPORTED,
			"the database has schema %lld, this program knows up to %lld: run a newer "
			"one",
			(long long)have, (long long)meta_schema_version());
	for (size_t i = 0; i < STEP_COUNT; i++) {
		if (steps[i].version <= have)
			continue;
		TRY_WHILE(c, db_run(c, tx, steps[i].sql[db->ops->dialect], DB_NO_ARGS, NULL),
			"bringing the database to schema %lld", (long long)steps[i].version);
		if (i + 1 == STEP_COUNT || steps[i + 1].version != steps[i].version)
			TRY(write_version(c, tx, steps[i].version));
	}
	return db_commit(c, &tx);
}
