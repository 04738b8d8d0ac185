#include "meta/instance.h"

enum err meta_instance_get(struct ctx *c, struct db_tx *tx, struct str key, struct str *value)
{
	static const char sql[] = "SELECT value FROM instance WHERE key = $1";
	struct db_value row[1];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_T(key)), row));
	*value = row[0].text;
	return OK;
}

enum err meta_instance_put(struct ctx *c, struct db_tx *tx, struct str key, struct str value)
{
	static const char sql[] = "INSERT INTO instance (key, value) VALUES ($1, $2) "
				  "ON CONFLICT (key) DO UPDATE SET value = excluded.value";
	return db_run(c, tx, sql, DB_ARGS(DB_T(key), DB_T(value)), NULL);
}

enum err meta_instance_next_id(struct ctx *c, struct db_tx *tx, struct str noun, int64_t *id)
{
	static const char sql[] =
		"INSERT INTO counter (noun, value) VALUES ($1, 1) "
		"ON CONFLICT (noun) DO UPDATE SET value = counter.value + 1 RETURNING value";
	struct db_value row[1];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_T(noun)), row));
	*id = row[0].integer;
	return OK;
}

enum err meta_instance_counts(struct ctx *c, struct db_tx *tx, struct instance_counts *out)
{
	static const char sql[] = "SELECT (SELECT count(*) FROM repo WHERE deleted = 0), "
				  "(SELECT count(*) FROM repo WHERE deleted > 0), "
				  "(SELECT count(*) FROM account), "
				  "(SELECT count(*) FROM session WHERE ends > $1), "
				  "(SELECT count(*) FROM token WHERE expires = 0 OR expires > $1), "
				  "(SELECT count(*) FROM signing_key), "
				  "(SELECT count(*) FROM device WHERE expires > $1)";
	struct db_value row[7];
	TRY(db_ask_time(c, tx));
	TRY(db_row(c, tx, sql, DB_ARGS(DB_I(db_now(tx))), row));
	out->repos = row[0].integer;
	out->deleted = row[1].integer;
	out->people = row[2].integer;
	out->sessions = row[3].integer;
	out->tokens = row[4].integer;
	out->signing_keys = row[5].integer;
	out->devices = row[6].integer;
	return OK;
}
