#include "meta/issuer_key.h"

#include "base/vec.h"
#include "meta/instance.h"

enum { COLUMN_COUNT = 7 };

static enum err from_row(struct ctx *c, const struct db_value *row, struct issuer_key *out)
{
	struct json *json = NULL;
	struct jwk jwk;
	*out = (struct issuer_key){
		.id = row[0].integer,
		.kid = row[1].text,
		.jwk = row[2].text,
		.sealed = row[3].text,
		.created = row[4].integer,
		.begins = row[5].integer,
		.ends = row[6].integer,
	};
	if (json_parse(c, out->jwk, &json) || jwk_parse(c, json, &jwk))
		return fail(c, ERR_DAMAGED, "the instance's key %.*s cannot be read: %s",
			STR_FMT(out->kid), arena_strdup(c->arena, c->error.text));
	out->alg = jwk.alg;
	return OK;
}

enum err meta_issuer_key_next(struct ctx *c, struct db_tx *tx, int64_t *id)
{
	return meta_instance_next_id(c, tx, STR("issuer_key"), id);
}

enum err meta_issuer_key_create(struct ctx *c, struct db_tx *tx, struct issuer_key *key)
{
	static const char sql[] =
		"INSERT INTO issuer_key (id, kid, jwk, sealed, created, begins, ends) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7)";
	key->created = db_now(tx);
	return db_run(c, tx, sql,
		DB_ARGS(DB_I(key->id), DB_T(key->kid), DB_T(key->jwk), DB_B(key->sealed),
			DB_I(key->created), DB_I(key->begins), DB_I(key->ends)),
		NULL);
}

enum err meta_issuer_key_list(
	struct ctx *c, struct db_tx *tx, bool sealed, struct issuer_key **out, size_t *count)
{
	static const char public[] =
		"SELECT id, kid, jwk, '', created, begins, ends FROM issuer_key "
		"ORDER BY begins DESC, id DESC";
	static const char all[] =
		"SELECT id, kid, jwk, sealed, created, begins, ends FROM issuer_key "
		"ORDER BY begins DESC, id DESC";
	DB_ROWS *rows = NULL;
	VEC_OF(struct issuer_key) list = {.arena = c->arena};
	TRY(db_query(c, tx, sealed ? all : public, DB_NO_ARGS, &rows));
	for (;;) {
		struct db_value row[COLUMN_COUNT];
		bool more;
		struct issuer_key key;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			break;
		TRY(from_row(c, row, &key));
		if (!key.ends || key.ends > db_now(tx))
			*vec_push(&list) = key;
	}
	*out = list.at;
	*count = list.len;
	return OK;
}

enum err meta_issuer_key_end(struct ctx *c, struct db_tx *tx, int64_t ends)
{
	static const char sql[] = "UPDATE issuer_key SET ends = $1 WHERE ends = 0";
	return db_run(c, tx, sql, DB_ARGS(DB_I(ends)), NULL);
}

enum err meta_issuer_key_sweep(struct ctx *c, struct db_tx *tx)
{
	static const char sql[] = "DELETE FROM issuer_key WHERE ends <> 0 AND ends <= $1";
	return db_run(c, tx, sql, DB_ARGS(DB_I(db_now(tx))), NULL);
}

enum err meta_issuer_key_delete_all(struct ctx *c, struct db_tx *tx)
{
	return db_run(c, tx, "DELETE FROM issuer_key", DB_NO_ARGS, NULL);
}
