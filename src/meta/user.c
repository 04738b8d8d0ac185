#include "meta/user.h"

#include "base/vec.h"
#include "meta/instance.h"

#define COLUMNS                                                               \
	"id, username, owner, password <> '', created, generation, expires, " \
	"EXISTS (SELECT 1 FROM totp WHERE totp.account_id = account.id) OR "  \
	"EXISTS (SELECT 1 FROM passkey WHERE passkey.account_id = account.id)"
enum { COLUMN_COUNT = 8 };

static struct user from_row(const struct db_value *row)
{
	return (struct user){
		.id = row[0].integer,
		.username = row[1].text,
		.owner = row[2].integer != 0,
		.has_password = row[3].integer != 0,
		.created = row[4].integer,
		.generation = row[5].integer,
		.expires = row[6].integer,
		.has_factor = row[7].integer != 0,
	};
}

enum err meta_user_create(struct ctx *c, struct db_tx *tx, struct user *user, struct str password)
{
	static const char sql[] =
		"INSERT INTO account (id, username, owner, password, generation, created) "
		"VALUES ($1, $2, $3, $4, 1, $5)";
	TRY(meta_instance_next_id(c, tx, STR("account"), &user->id));
	user->created = db_now(tx);
	user->has_password = password.len > 0;
	user->generation = 1;
	user->expires = 0;
	enum err kind = db_run(c, tx, sql,
		DB_ARGS(DB_I(user->id), DB_T(user->username), DB_I(user->owner), DB_T(password),
			DB_I(user->created)),
		NULL);
	if (kind == ERR_EXISTS)
		return fail(c, ERR_EXISTS, "there is somebody named \"%.*s\" already",
			STR_FMT(user->username));
	return kind;
}

enum err meta_user_get(struct ctx *c, struct db_tx *tx, int64_t id, struct user *out)
{
	static const char sql[] = "SELECT " COLUMNS " FROM account WHERE id = $1";
	struct db_value row[COLUMN_COUNT];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_I(id)), row));
	*out = from_row(row);
	return OK;
}

enum err meta_user_get_by_name(
	struct ctx *c, struct db_tx *tx, struct str username, struct user *out)
{
	static const char sql[] = "SELECT " COLUMNS " FROM account WHERE username = $1";
	struct db_value row[COLUMN_COUNT];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_T(username)), row));
	*out = from_row(row);
	return OK;
}

enum err meta_user_get_by_session(struct ctx *c, struct db_tx *tx, struct str session,
	struct user *out, struct session_owner *by)
{
	static const char sql[] =
		"SELECT " COLUMNS ", via, identity_id, there FROM account JOIN "
		"(SELECT account_id, via, identity_id, there FROM session WHERE session.id = $1) "
		"AS begun ON begun.account_id = account.id";
	struct db_value row[COLUMN_COUNT + 3];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_T(session)), row));
	*out = from_row(row);
	*by = (struct session_owner){.id = session,
		.user_id = out->id,
		.via = row[COLUMN_COUNT].text,
		.identity_id = row[COLUMN_COUNT + 1].integer,
		.there = row[COLUMN_COUNT + 2].text};
	return OK;
}

enum err meta_user_get_owner(struct ctx *c, struct db_tx *tx, struct user *out)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM account WHERE owner = 1 ORDER BY id LIMIT 1";
	struct db_value row[COLUMN_COUNT];
	TRY(db_row(c, tx, sql, DB_NO_ARGS, row));
	*out = from_row(row);
	return OK;
}

enum err meta_user_list(struct ctx *c, struct db_tx *tx, struct user **out, size_t *count)
{
	static const char sql[] = "SELECT " COLUMNS " FROM account ORDER BY username";
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql, DB_NO_ARGS, &rows));
	VEC_OF(struct user) list = {.arena = c->arena};
	for (;;) {
		struct db_value row[COLUMN_COUNT];
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			break;
		*vec_push(&list) = from_row(row);
	}
	*out = list.at;
	*count = list.len;
	return OK;
}

enum err meta_user_password(struct ctx *c, struct db_tx *tx, int64_t id, struct str *stored)
{
	static const char sql[] = "SELECT password FROM account WHERE id = $1";
	struct db_value row[1];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_I(id)), row));
	*stored = row[0].text;
	return OK;
}

enum err meta_user_set_password(struct ctx *c, struct db_tx *tx, int64_t id, struct str stored)
{
	static const char sql[] = "UPDATE account SET password = $1, generation = generation + 1 "
				  "WHERE id = $2";
	return db_run(c, tx, sql, DB_ARGS(DB_T(stored), DB_I(id)), NULL);
}

enum err meta_user_set_expires(struct ctx *c, struct db_tx *tx, int64_t id, int64_t expires)
{
	static const char sql[] = "UPDATE account SET expires = $1 WHERE id = $2";
	return db_run(c, tx, sql, DB_ARGS(DB_I(expires), DB_I(id)), NULL);
}

enum err meta_user_end(struct ctx *c, struct db_tx *tx, int64_t id)
{
	static const char sql[] = "UPDATE account SET generation = generation + 1 WHERE id = $1";
	return db_run(c, tx, sql, DB_ARGS(DB_I(id)), NULL);
}

enum err meta_user_delete(struct ctx *c, struct db_tx *tx, int64_t id)
{
	static const char sql[] = "DELETE FROM account WHERE id = $1";
	return db_run(c, tx, sql, DB_ARGS(DB_I(id)), NULL);
}

struct actor meta_user_actor(const struct user *user)
{
	return (struct actor){
		.user_id = user->id,
		.username = user->username,
		.owner = user->owner,
		.generation = user->generation,
		.limit = PERMISSION_ADMIN,
	};
}

enum err meta_permission_put(
	struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct permission_row *row)
{
	static const char sql[] =
		"INSERT INTO permission (repo_id, account_id, level, expires) "
		"VALUES ($1, $2, $3, $4) ON CONFLICT (repo_id, account_id) "
		"DO UPDATE SET level = excluded.level, expires = excluded.expires";
	return db_run(c, tx, sql,
		DB_ARGS(DB_I(repo_id), DB_I(row->user_id), DB_I(row->level), DB_I(row->expires)),
		NULL);
}

enum err meta_permission_delete(struct ctx *c, struct db_tx *tx, int64_t repo_id, int64_t user_id)
{
	static const char sql[] = "DELETE FROM permission WHERE repo_id = $1 AND account_id = $2";
	int64_t changed;
	TRY(db_run(c, tx, sql, DB_ARGS(DB_I(repo_id), DB_I(user_id)), &changed));
	return changed ? OK : fail(c, ERR_NOT_FOUND, "they have no permission there");
}

enum err meta_permission_list(struct ctx *c, struct db_tx *tx, int64_t repo_id,
	struct permission_row **out, size_t *count)
{
	static const char sql[] =
		"SELECT account.id, account.username, permission.level, permission.expires "
		"FROM permission "
		"JOIN account ON account.id = permission.account_id "
		"WHERE permission.repo_id = $1 ORDER BY account.username";
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(repo_id)), &rows));
	VEC_OF(struct permission_row) list = {.arena = c->arena};
	for (;;) {
		struct db_value row[4];
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			break;
		*vec_push(&list) = (struct permission_row){row[0].integer, row[1].text,
			(enum permission)row[2].integer, row[3].integer};
	}
	*out = list.at;
	*count = list.len;
	return OK;
}

enum err meta_login_link_add(struct ctx *c, struct db_tx *tx, enum login_link_kind kind,
	struct str hash, int64_t user_id, int64_t seconds)
{
	static const char tidy[] = "DELETE FROM login_link WHERE expires < $1";
	static const char sql[] = "INSERT INTO login_link (hash, account_id, expires, kind) "
				  "VALUES ($1, $2, $3, $4)";
	int64_t now = db_now(tx);
	TRY(db_run(c, tx, tidy, DB_ARGS(DB_I(now)), NULL));
	return db_run(c, tx, sql,
		DB_ARGS(DB_B(hash), DB_I(user_id), DB_I(now + seconds), DB_I(kind)), NULL);
}

enum err meta_login_link_find(struct ctx *c, struct db_tx *tx, enum login_link_kind kind,
	struct str hash, int64_t *user_id)
{
	static const char sql[] =
		"SELECT account_id, expires FROM login_link WHERE hash = $1 AND kind = $2";
	struct db_value row[2];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_B(hash), DB_I(kind)), row));
	if (row[1].integer <= db_now(tx))
		return fail(c, ERR_NOT_FOUND, "that link has expired");
	*user_id = row[0].integer;
	return OK;
}

enum err meta_login_link_take(struct ctx *c, struct db_tx *tx, enum login_link_kind kind,
	struct str hash, int64_t *user_id)
{
	static const char sql[] = "DELETE FROM login_link WHERE hash = $1";
	TRY(meta_login_link_find(c, tx, kind, hash, user_id));
	return db_run(c, tx, sql, DB_ARGS(DB_B(hash)), NULL);
}

enum err meta_login_link_remove_all(struct ctx *c, struct db_tx *tx, int64_t user_id)
{
	static const char sql[] = "DELETE FROM login_link WHERE account_id = $1";
	return db_run(c, tx, sql, DB_ARGS(DB_I(user_id)), NULL);
}
