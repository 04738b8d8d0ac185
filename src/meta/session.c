#include "meta/session.h"

#include "base/vec.h"

enum err meta_session_add(
	struct ctx *c, struct db_tx *tx, struct str id, int64_t user_id, int64_t ends)
{
	static const char tidy[] = "DELETE FROM session WHERE ends <= $1";
	static const char sql[] = "INSERT INTO session (id, account_id, ends) VALUES ($1, $2, $3)";
	TRY(db_run(c, tx, tidy, DB_ARGS(DB_I(db_now(tx))), NULL));
	return db_run(c, tx, sql, DB_ARGS(DB_T(id), DB_I(user_id), DB_I(ends)), NULL);
}

enum err meta_session_list(
	struct ctx *c, struct db_tx *tx, int64_t user_id, struct str **ids, size_t *count)
{
	static const char sql[] = "SELECT id FROM session WHERE account_id = $1 ORDER BY id";
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(user_id)), &rows));
	VEC_OF(struct str) list = {.arena = c->arena};
	for (;;) {
		struct db_value row[1];
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			break;
		*vec_push(&list) = row[0].text;
	}
	*ids = list.at;
	*count = list.len;
	return OK;
}

enum err meta_session_remove(struct ctx *c, struct db_tx *tx, int64_t user_id, struct str id)
{
	static const char sql[] = "DELETE FROM session WHERE account_id = $1 AND id = $2";
	int64_t changed;
	TRY(db_run(c, tx, sql, DB_ARGS(DB_I(user_id), DB_T(id)), &changed));
	return changed ? OK : fail(c, ERR_NOT_FOUND, "there is no such session (any more)");
}

enum err meta_session_remove_all(struct ctx *c, struct db_tx *tx, int64_t user_id)
{
	static const char sql[] = "DELETE FROM session WHERE account_id = $1";
	return db_run(c, tx, sql, DB_ARGS(DB_I(user_id)), NULL);
}
