#include "meta/identity.h"

#include "base/vec.h"
#include "meta/instance.h"

#define COLUMNS "id, account_id, provider, issuer, subject, name, email, created, used"
enum { COLUMN_COUNT = 9 };

static struct identity from_row(const struct db_value *row)
{
	return (struct identity){
		.id = row[0].integer,
		.user_id = row[1].integer,
		.provider = row[2].text,
		.issuer = row[3].text,
		.subject = row[4].text,
		.name = row[5].text,
		.email = row[6].text,
		.created = row[7].integer,
		.used = row[8].integer,
	};
}

enum err meta_identity_add(struct ctx *c, struct db_tx *tx, struct identity *identity)
{
	static const char sql[] = "INSERT INTO identity (" COLUMNS ") "
				  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
	TRY(meta_instance_next_id(c, tx, STR("identity"), &identity->id));
	identity->created = db_now(tx);
	return db_run(c, tx, sql,
		DB_ARGS(DB_I(identity->id), DB_I(identity->user_id), DB_T(identity->provider),
			DB_T(identity->issuer), DB_T(identity->subject), DB_T(identity->name),
			DB_T(identity->email), DB_I(identity->created), DB_I(identity->used)),
		NULL);
}

enum err meta_identity_find(struct ctx *c, struct db_tx *tx, struct str issuer, struct str subject,
	struct identity *out)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM identity WHERE issuer = $1 AND subject = $2";
	struct db_value row[COLUMN_COUNT];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_T(issuer), DB_T(subject)), row));
	*out = from_row(row);
	return OK;
}

enum err meta_identity_list(
	struct ctx *c, struct db_tx *tx, int64_t user_id, struct identity **out, size_t *count)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM identity WHERE account_id = $1 ORDER BY id";
	DB_ROWS *rows = NULL;
	VEC_OF(struct identity) list = {.arena = c->arena};
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(user_id)), &rows));
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

enum err meta_identity_used(struct ctx *c, struct db_tx *tx, const struct identity *identity)
{
	static const char sql[] =
		"UPDATE identity SET provider = $1, name = $2, email = $3, used = $4 WHERE id = $5";
	return db_run(c, tx, sql,
		DB_ARGS(DB_T(identity->provider), DB_T(identity->name), DB_T(identity->email),
			DB_I(db_now(tx)), DB_I(identity->id)),
		NULL);
}

enum err meta_identity_remove(struct ctx *c, struct db_tx *tx, int64_t user_id, int64_t id)
{
	static const char sql[] = "DELETE FROM identity WHERE account_id = $1 AND id = $2";
	int64_t changed;
	TRY(db_run(c, tx, sql, DB_ARGS(DB_I(user_id), DB_I(id)), &changed));
	return changed ? OK
		       : fail(c, ERR_NOT_FOUND, "there is no connection %lld of that account",
				 (long long)id);
}

enum err meta_identity_stands(
	struct ctx *c, struct db_tx *tx, const struct actor *who, bool *stands)
{
	static const char sql[] = "SELECT count(*) FROM identity WHERE id = $1 AND account_id = $2";
	struct db_value row[1];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_I(who->identity_id), DB_I(who->user_id)), row));
	*stands = row[0].integer == 1 && who->ends > db_now(tx);
	return OK;
}
