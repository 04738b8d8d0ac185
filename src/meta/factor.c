#include "meta/factor.h"

enum err meta_totp_get(struct ctx *c, struct db_tx *tx, int64_t user_id, struct totp_row *out)
{
	static const char sql[] =
		"SELECT secret, step, created, used, wrong, wrong_since FROM totp "
		"WHERE account_id = $1";
	struct db_value row[6];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_I(user_id)), row));
	*out = (struct totp_row){row[0].text, row[1].integer, row[2].integer, row[3].integer,
		row[4].integer, row[5].integer};
	return OK;
}

enum err meta_totp_add(struct ctx *c, struct db_tx *tx, int64_t user_id, const struct totp_row *row)
{
	static const char sql[] = "INSERT INTO totp (account_id, secret, step, created, used) "
				  "VALUES ($1, $2, $3, $4, 0)";
	enum err kind = db_run(c, tx, sql,
		DB_ARGS(DB_I(user_id), DB_B(row->sealed), DB_I(row->step), DB_I(db_now(tx))), NULL);
	if (kind == ERR_EXISTS)
		return fail(c, kind, "there is an authenticator app already: remove it first");
	return kind;
}

enum err meta_totp_use(struct ctx *c, struct db_tx *tx, int64_t user_id, int64_t step, bool *first)
{
	static const char sql[] =
		"UPDATE totp SET step = $1, used = $2 WHERE account_id = $3 AND step < $1";
	int64_t changed;
	TRY(db_run(c, tx, sql, DB_ARGS(DB_I(step), DB_I(db_now(tx)), DB_I(user_id)), &changed));
	*first = changed == 1;
	return OK;
}

bool meta_totp_is_blocked(
	const struct db_tx *tx, const struct totp_row *row, const struct totp_bound *bound)
{
	return row->wrong >= bound->most && row->wrong_since > db_now(tx) - bound->seconds;
}

enum err meta_totp_wrong(struct ctx *c, struct db_tx *tx, int64_t user_id,
	const struct totp_bound *bound, bool *blocks)
{
	static const char count[] =
		"UPDATE totp SET wrong = CASE WHEN wrong_since > $1 THEN wrong + 1 ELSE 1 END, "
		"wrong_since = CASE WHEN wrong_since > $1 AND wrong + 1 <> $2 THEN wrong_since "
		"ELSE $3 END WHERE account_id = $4";
	int64_t now = db_now(tx);
	struct totp_row row;
	*blocks = false;
	TRY(db_run(c, tx, count,
		DB_ARGS(DB_I(now - bound->seconds), DB_I(bound->most), DB_I(now), DB_I(user_id)),
		NULL));
	enum err kind = meta_totp_get(c, tx, user_id, &row);
	*blocks = !kind && row.wrong == bound->most;
	if (kind != ERR_NOT_FOUND)
		return kind;
	ctx_clear(c);
	return OK;
}

enum err meta_totp_forgive(struct ctx *c, struct db_tx *tx, int64_t user_id)
{
	static const char sql[] = "UPDATE totp SET wrong = 0 WHERE account_id = $1 AND wrong > 0";
	return db_run(c, tx, sql, DB_ARGS(DB_I(user_id)), NULL);
}

enum err meta_totp_seal(struct ctx *c, struct db_tx *tx, int64_t user_id, struct str sealed)
{
	static const char sql[] = "UPDATE totp SET secret = $1 WHERE account_id = $2";
	return db_run(c, tx, sql, DB_ARGS(DB_B(sealed), DB_I(user_id)), NULL);
}

enum err meta_totp_remove(struct ctx *c, struct db_tx *tx, int64_t user_id)
{
	static const char sql[] = "DELETE FROM totp WHERE account_id = $1";
	int64_t changed;
	TRY(db_run(c, tx, sql, DB_ARGS(DB_I(user_id)), &changed));
	return changed ? OK : fail(c, ERR_NOT_FOUND, "there is no authenticator app");
}

enum err meta_recovery_put(struct ctx *c, struct db_tx *tx, int64_t user_id,
	const struct recovery_code codes[RECOVERY_CODES])
{
	static const char sql[] = "INSERT INTO recovery_code (account_id, hash) VALUES ($1, $2)";
	TRY(meta_recovery_remove(c, tx, user_id));
	for (size_t i = 0; i < RECOVERY_CODES; i++)
		TRY(db_run(c, tx, sql, DB_ARGS(DB_I(user_id), DB_T(str_of(codes[i].hash))), NULL));
	return OK;
}

enum err meta_recovery_use(
	struct ctx *c, struct db_tx *tx, int64_t user_id, const char *hash, bool *was)
{
	static const char sql[] = "DELETE FROM recovery_code WHERE account_id = $1 AND hash = $2";
	int64_t changed;
	TRY(db_run(c, tx, sql, DB_ARGS(DB_I(user_id), DB_T(str_of(hash))), &changed));
	*was = changed == 1;
	return OK;
}

enum err meta_recovery_left(struct ctx *c, struct db_tx *tx, int64_t user_id, int64_t *count)
{
	static const char sql[] = "SELECT count(*) FROM recovery_code WHERE account_id = $1";
	struct db_value row[1];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_I(user_id)), row));
	*count = row[0].integer;
	return OK;
}

enum err meta_recovery_remove(struct ctx *c, struct db_tx *tx, int64_t user_id)
{
	static const char sql[] = "DELETE FROM recovery_code WHERE account_id = $1";
	return db_run(c, tx, sql, DB_ARGS(DB_I(user_id)), NULL);
}
