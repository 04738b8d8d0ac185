#include "meta/idempotent.h"

enum err meta_idempotent_claim(
	struct ctx *c, struct db_tx *tx, const struct idempotent_row *row, int64_t seconds)
{
	static const char tidy[] = "DELETE FROM idempotent WHERE expires <= $1";
	static const char sql[] =
		"INSERT INTO idempotent (key, request, claim, done, answer, expires) "
		"VALUES ($1, $2, $3, 0, $4, $5)";
	TRY(db_run(c, tx, tidy, DB_ARGS(DB_I(db_now(tx))), NULL));
	return db_run(c, tx, sql,
		DB_ARGS(DB_T(row->key), DB_T(row->request), DB_T(row->claim), DB_B(STR("")),
			DB_I(db_now(tx) + seconds)),
		NULL);
}

enum err meta_idempotent_find(
	struct ctx *c, struct db_tx *tx, struct str key, struct idempotent_row *out)
{
	static const char sql[] = "SELECT request, claim, done, answer FROM idempotent "
				  "WHERE key = $1 AND expires > $2";
	struct db_value row[4];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_T(key), DB_I(db_now(tx))), row));
	*out = (struct idempotent_row){
		.key = key,
		.request = row[0].text,
		.claim = row[1].text,
		.done = row[2].integer != 0,
		.answer = row[3].text,
	};
	return OK;
}

enum err meta_idempotent_done(
	struct ctx *c, struct db_tx *tx, struct str key, struct str claim, int64_t seconds)
{
	static const char sql[] =
		"UPDATE idempotent SET done = 1, expires = $1 WHERE key = $2 AND claim = $3";
	int64_t changed;
	TRY(db_run(
		c, tx, sql, DB_ARGS(DB_I(db_now(tx) + seconds), DB_T(key), DB_T(claim)), &changed));
	return db_changed_one(c, changed);
}

enum err meta_idempotent_answer(
	struct ctx *c, struct db_tx *tx, const struct idempotent_row *row, int64_t seconds)
{
	static const char sql[] = "UPDATE idempotent SET done = 1, answer = $1, expires = $2 "
				  "WHERE key = $3 AND claim = $4";
	return db_run(c, tx, sql,
		DB_ARGS(DB_B(row->answer), DB_I(db_now(tx) + seconds), DB_T(row->key),
			DB_T(row->claim)),
		NULL);
}

enum err meta_idempotent_remove(struct ctx *c, struct db_tx *tx, struct str key, struct str claim)
{
	static const char sql[] = "DELETE FROM idempotent WHERE key = $1 AND claim = $2";
	return db_run(c, tx, sql, DB_ARGS(DB_T(key), DB_T(claim)), NULL);
}
