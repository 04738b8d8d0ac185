#include "meta/token.h"

#include "base/vec.h"
#include "meta/instance.h"

#define COLUMNS                                                                                 \
	"token.id, token.account_id, token.name, token.ceiling, token.created, token.expires, " \
	"token.used, token.scope, token.spent"
enum { COLUMN_COUNT = 9 };

/* Whose limits cannot be read is no good: nobody shall get in without them. */
static enum err from_row(struct ctx *c, const struct db_value *row, struct token *out)
{
	*out = (struct token){
		.id = row[0].integer,
		.user_id = row[1].integer,
		.name = row[2].text,
		.limit = (enum permission)row[3].integer,
		.created = row[4].integer,
		.expires = row[5].integer,
		.used = row[6].integer,
		.spent = row[8].integer,
	};
	if (scope_parse(c, row[7].text, &out->scope))
		return fail(c, ERR_DAMAGED, "what token %lld is limited to cannot be read: %s",
			(long long)out->id, arena_strdup(c->arena, c->error.text));
	return OK;
}

enum err meta_token_create(struct ctx *c, struct db_tx *tx, struct token *token, struct str hash)
{
	static const char sql[] =
		"INSERT INTO token (id, account_id, name, hash, ceiling, created, expires, used, "
		"scope, spent) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, 0)";
	TRY(meta_instance_next_id(c, tx, STR("token"), &token->id));
	token->created = db_now(tx);
	token->used = token->spent = 0;
	return db_run(c, tx, sql,
		DB_ARGS(DB_I(token->id), DB_I(token->user_id), DB_T(token->name), DB_B(hash),
			DB_I(token->limit), DB_I(token->created), DB_I(token->expires),
			DB_T(scope_text(c->arena, &token->scope))),
		NULL);
}

enum err meta_token_find(
	struct ctx *c, struct db_tx *tx, struct str hash, struct token *out, struct user *user)
{
	static const char sql[] =
		"SELECT " COLUMNS ", account.username, account.owner, account.generation, "
		"account.created, account.password <> '', account.expires FROM token "
		"JOIN account ON account.id = token.account_id WHERE token.hash = $1";
	struct db_value row[COLUMN_COUNT + 6];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_B(hash)), row));
	TRY(from_row(c, row, out));
	const struct db_value *of_user = row + COLUMN_COUNT;
	*user = (struct user){
		.id = out->user_id,
		.username = of_user[0].text,
		.owner = of_user[1].integer != 0,
		.generation = of_user[2].integer,
		.created = of_user[3].integer,
		.has_password = of_user[4].integer != 0,
		.expires = of_user[5].integer,
	};
	return OK;
}

enum err meta_token_list(
	struct ctx *c, struct db_tx *tx, int64_t user_id, struct token **out, size_t *count)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM token WHERE account_id = $1 ORDER BY id DESC";
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(user_id)), &rows));
	VEC_OF(struct token) list = {.arena = c->arena};
	for (;;) {
		struct db_value row[COLUMN_COUNT];
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			break;
		TRY(from_row(c, row, vec_push(&list)));
	}
	*out = list.at;
	*count = list.len;
	return OK;
}

enum err meta_token_delete(struct ctx *c, struct db_tx *tx, int64_t user_id, int64_t id)
{
	static const char sql[] = "DELETE FROM token WHERE account_id = $1 AND id = $2";
	int64_t changed;
	TRY(db_run(c, tx, sql, DB_ARGS(DB_I(user_id), DB_I(id)), &changed));
	return changed ? OK
		       : fail(c, ERR_NOT_FOUND, "you have no token with the id %lld",
				 (long long)id);
}

enum err meta_token_used(struct ctx *c, struct db_tx *tx, int64_t id, int64_t every)
{
	static const char sql[] = "UPDATE token SET used = $1 WHERE id = $2 AND used <= $3";
	int64_t now = db_now(tx);
	return db_run(c, tx, sql, DB_ARGS(DB_I(now), DB_I(id), DB_I(now - every)), NULL);
}

enum err meta_token_spent(struct ctx *c, struct db_tx *tx, int64_t id, int64_t *out)
{
	static const char sql[] = "SELECT spent FROM token WHERE id = $1";
	struct db_value row[1];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_I(id)), row));
	*out = row[0].integer;
	return OK;
}

enum err meta_token_spend(
	struct ctx *c, struct db_tx *tx, int64_t id, int64_t bytes, int64_t *spent)
{
	static const char sql[] =
		"UPDATE token SET spent = spent + $1 WHERE id = $2 RETURNING spent";
	struct db_value row[1];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_I(bytes), DB_I(id)), row));
	*spent = row[0].integer;
	return OK;
}
