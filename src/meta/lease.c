#include "meta/lease.h"

enum err meta_lease_take(
	struct ctx *c, struct db_tx *tx, const struct lease *lease, int64_t seconds, bool *taken)
{
	static const char sql[] = "INSERT INTO lease (name, holder, expires) VALUES ($1, $2, $3) "
				  "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, "
				  "expires = excluded.expires "
				  "WHERE lease.holder = excluded.holder OR lease.expires < $4";
	int64_t changed = 0;
	TRY(db_run(c, tx, sql,
		DB_ARGS(DB_T(lease->name), DB_T(lease->holder), DB_I(db_now(tx) + seconds),
			DB_I(db_now(tx))),
		&changed));
	*taken = changed == 1;
	return OK;
}

enum err meta_lease_held(struct ctx *c, struct db_tx *tx, const struct lease *lease, bool *held)
{
	static const char sql[] = "SELECT count(*) FROM lease WHERE name = $1 AND holder = $2";
	struct db_value row[1];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_T(lease->name), DB_T(lease->holder)), row));
	*held = row[0].integer > 0;
	return OK;
}

enum err meta_lease_give(struct ctx *c, struct db_tx *tx, const struct lease *lease)
{
	static const char sql[] = "DELETE FROM lease WHERE name = $1 AND holder = $2";
	return db_run(c, tx, sql, DB_ARGS(DB_T(lease->name), DB_T(lease->holder)), NULL);
}

enum err meta_lease_any(struct ctx *c, struct db_tx *tx, struct str like, bool *any)
{
	static const char sql[] = "SELECT count(*) FROM lease WHERE name LIKE $1 AND expires >= $2";
	struct db_value row[1];
	TRY(db_ask_time(c, tx));
	TRY(db_row(c, tx, sql, DB_ARGS(DB_T(like), DB_I(db_now(tx))), row));
	*any = row[0].integer > 0;
	return OK;
}

enum err meta_lease_clear(struct ctx *c, struct db_tx *tx)
{
	static const char sql[] = "DELETE FROM lease";
	return db_run(c, tx, sql, DB_NO_ARGS, NULL);
}
