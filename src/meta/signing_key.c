#include "meta/signing_key.h"

#include "base/vec.h"
#include "meta/instance.h"

#define COLUMNS "id, account_id, name, kid, jwk, created, used"
enum { COLUMN_COUNT = 7 };

static struct signing_key from_row(const struct db_value *row)
{
	return (struct signing_key){
		.id = row[0].integer,
		.user_id = row[1].integer,
		.name = row[2].text,
		.kid = row[3].text,
		.jwk = row[4].text,
		.created = row[5].integer,
		.used = row[6].integer,
	};
}

enum err meta_signing_key_create(struct ctx *c, struct db_tx *tx, struct signing_key *key)
{
	static const char sql[] = "INSERT INTO signing_key (" COLUMNS ") "
				  "VALUES ($1, $2, $3, $4, $5, $6, 0)";
	TRY(meta_instance_next_id(c, tx, STR("signing_key"), &key->id));
	key->created = db_now(tx);
	key->used = 0;
	enum err kind = db_run(c, tx, sql,
		DB_ARGS(DB_I(key->id), DB_I(key->user_id), DB_T(key->name), DB_T(key->kid),
			DB_T(key->jwk), DB_I(key->created)),
		NULL);
	return kind == ERR_EXISTS ? fail(c, kind, "you have this key already") : kind;
}

enum err meta_signing_key_find(
	struct ctx *c, struct db_tx *tx, int64_t user_id, struct str kid, struct signing_key *out)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM signing_key WHERE account_id = $1 AND kid = $2";
	struct db_value row[COLUMN_COUNT];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_I(user_id), DB_T(kid)), row));
	*out = from_row(row);
	return OK;
}

enum err meta_signing_key_list(
	struct ctx *c, struct db_tx *tx, int64_t user_id, struct signing_key **out, size_t *count)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM signing_key WHERE account_id = $1 ORDER BY id DESC";
	DB_ROWS *rows = NULL;
	VEC_OF(struct signing_key) list = {.arena = c->arena};
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

enum err meta_signing_key_delete(struct ctx *c, struct db_tx *tx, int64_t user_id, int64_t id)
{
	static const char sql[] = "DELETE FROM signing_key WHERE account_id = $1 AND id = $2";
	int64_t changed;
	TRY(db_run(c, tx, sql, DB_ARGS(DB_I(user_id), DB_I(id)), &changed));
	return changed ? OK
		       : fail(c, ERR_NOT_FOUND, "you have no signing key with the id %lld",
				 (long long)id);
}

enum err meta_signing_key_used(struct ctx *c, struct db_tx *tx, int64_t id, int64_t every)
{
	static const char sql[] = "UPDATE signing_key SET used = $1 WHERE id = $2 AND used <= $3";
	int64_t now = db_now(tx);
	return db_run(c, tx, sql, DB_ARGS(DB_I(now), DB_I(id), DB_I(now - every)), NULL);
}

enum err meta_minted_revoke(
	struct ctx *c, struct db_tx *tx, int64_t key_id, struct str minted, int64_t expires)
{
	static const char sweep[] = "DELETE FROM revoked_key WHERE expires < $1";
	static const char sql[] = "INSERT INTO revoked_key (key_id, minted, expires) "
				  "VALUES ($1, $2, $3) ON CONFLICT (key_id, minted) DO NOTHING";
	TRY(db_run(c, tx, sweep, DB_ARGS(DB_I(db_now(tx))), NULL));
	return db_run(c, tx, sql, DB_ARGS(DB_I(key_id), DB_T(minted), DB_I(expires)), NULL);
}

enum err meta_minted_stands(struct ctx *c, struct db_tx *tx, const struct actor *who, bool *stands)
{
	static const char sql[] =
		"SELECT count(*) FROM signing_key WHERE id = $1 AND account_id = $2 "
		"AND NOT EXISTS (SELECT 1 FROM revoked_key WHERE key_id = $1 AND minted = $3)";
	struct db_value row[1];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_I(who->key_id), DB_I(who->user_id), DB_T(who->minted)),
		row));
	*stands = row[0].integer == 1 && who->ends > db_now(tx);
	return OK;
}
