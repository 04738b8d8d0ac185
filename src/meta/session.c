#include "meta/session.h"

#include "base/vec.h"

#define COLUMNS                                                                             \
	"session.id, session.account_id, session.via, session.identity_id, session.there, " \
	"session.ends"
enum { COLUMN_COUNT = 6 };

static struct session_owner from_row(const struct db_value *row)
{
	return (struct session_owner){
		.id = row[0].text,
		.user_id = row[1].integer,
		.via = row[2].text,
		.identity_id = row[3].integer,
		.there = row[4].text,
		.ends = row[5].integer,
	};
}

enum err meta_session_add(struct ctx *c, struct db_tx *tx, const struct session_owner *s)
{
	static const char tidy[] = "DELETE FROM session WHERE ends <= $1";
	static const char sql[] =
		"INSERT INTO session (id, account_id, via, identity_id, there, ends) "
		"VALUES ($1, $2, $3, $4, $5, $6)";
	TRY(db_run(c, tx, tidy, DB_ARGS(DB_I(db_now(tx))), NULL));
	return db_run(c, tx, sql,
		DB_ARGS(DB_T(s->id), DB_I(s->user_id), DB_T(s->via), DB_I(s->identity_id),
			DB_T(s->there), DB_I(s->ends)),
		NULL);
}

enum err meta_session_get(struct ctx *c, struct db_tx *tx, struct str id, struct session_owner *out)
{
	static const char sql[] = "SELECT " COLUMNS " FROM session WHERE id = $1";
	struct db_value row[COLUMN_COUNT];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_T(id)), row));
	*out = from_row(row);
	return OK;
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

enum err meta_session_remove_by_identity(struct ctx *c, struct db_tx *tx, int64_t identity_id)
{
	static const char sql[] = "DELETE FROM session WHERE identity_id = $1";
	return db_run(c, tx, sql, DB_ARGS(DB_I(identity_id)), NULL);
}

enum err meta_session_list_there(struct ctx *c, struct db_tx *tx, const struct session_there *there,
	struct session_owner **out, size_t *count)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM session "
		"JOIN identity ON identity.id = session.identity_id "
		"WHERE identity.issuer = $1 AND ($2 = '' OR identity.subject = $2) "
		"AND ($3 = '' OR session.there = $3) ORDER BY session.account_id, session.id";
	DB_ROWS *rows = NULL;
	VEC_OF(struct session_owner) list = {.arena = c->arena};
	TRY(db_query(c, tx, sql,
		DB_ARGS(DB_T(there->issuer), DB_T(there->subject), DB_T(there->session)), &rows));
	for (bool more = true; more;) {
		struct db_value row[COLUMN_COUNT];
		TRY(db_next(c, rows, row, &more));
		if (more)
			*vec_push(&list) = from_row(row);
	}
	*out = list.at;
	*count = list.len;
	return OK;
}
