#include "meta/passkey.h"

#include "base/vec.h"
#include "meta/instance.h"

#define COLUMNS                                                                         \
	"id, account_id, name, credential, public_key, transports, model, signatures, " \
	"backup_eligible, backed_up, created, used"
enum { COLUMN_COUNT = 12 };

static struct passkey from_row(const struct db_value *row)
{
	struct passkey out = {
		.id = row[0].integer,
		.user_id = row[1].integer,
		.name = row[2].text,
		.credential =
			{
				.id = row[3].text,
				.key = row[4].text,
				.transports = row[5].text,
				.count = (uint32_t)row[7].integer,
				.backup_eligible = row[8].integer != 0,
				.backed_up = row[9].integer != 0,
			},
		.created = row[10].integer,
		.used = row[11].integer,
	};
	if (row[6].text.len == sizeof out.credential.aaguid)
		memcpy(out.credential.aaguid, row[6].text.at, row[6].text.len);
	return out;
}

enum err meta_passkey_add(struct ctx *c, struct db_tx *tx, struct passkey *passkey)
{
	static const char sql[] = "INSERT INTO passkey (" COLUMNS ") "
				  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)";
	const struct webauthn_credential *k = &passkey->credential;
	TRY(meta_instance_next_id(c, tx, STR("passkey"), &passkey->id));
	passkey->created = db_now(tx);
	enum err kind = db_run(c, tx, sql,
		DB_ARGS(DB_I(passkey->id), DB_I(passkey->user_id), DB_T(passkey->name), DB_B(k->id),
			DB_B(k->key), DB_T(k->transports),
			DB_B(str_from(k->aaguid, sizeof k->aaguid)), DB_I(k->count),
			DB_I(k->backup_eligible), DB_I(k->backed_up), DB_I(passkey->created)),
		NULL);
	if (kind == ERR_EXISTS)
		return fail(c, kind, "this passkey is known here already");
	return kind;
}

enum err meta_passkey_list(
	struct ctx *c, struct db_tx *tx, int64_t user_id, struct passkey **out, size_t *count)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM passkey WHERE account_id = $1 ORDER BY id";
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(user_id)), &rows));
	VEC_OF(struct passkey) list = {.arena = c->arena};
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

enum err meta_passkey_find(
	struct ctx *c, struct db_tx *tx, struct str credential, struct passkey *out)
{
	static const char sql[] = "SELECT " COLUMNS " FROM passkey WHERE credential = $1";
	struct db_value row[COLUMN_COUNT];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_B(credential)), row));
	*out = from_row(row);
	return OK;
}

enum err meta_passkey_use(struct ctx *c, struct db_tx *tx, const struct passkey *passkey,
	uint32_t before, bool *first)
{
	static const char sql[] = "UPDATE passkey SET signatures = $1, backed_up = $2, used = $3 "
				  "WHERE id = $4 AND signatures = $5";
	const struct webauthn_credential *k = &passkey->credential;
	int64_t changed;
	TRY(db_run(c, tx, sql,
		DB_ARGS(DB_I(k->count), DB_I(k->backed_up), DB_I(db_now(tx)), DB_I(passkey->id),
			DB_I(before)),
		&changed));
	*first = changed == 1;
	return OK;
}

static enum err no_passkey(struct ctx *c)
{
	return fail(c, ERR_NOT_FOUND, "there is no such passkey (any more)");
}

enum err meta_passkey_rename(struct ctx *c, struct db_tx *tx, const struct passkey *passkey)
{
	static const char sql[] = "UPDATE passkey SET name = $1 WHERE account_id = $2 AND id = $3";
	int64_t changed;
	TRY(db_run(c, tx, sql,
		DB_ARGS(DB_T(passkey->name), DB_I(passkey->user_id), DB_I(passkey->id)), &changed));
	return changed ? OK : no_passkey(c);
}

enum err meta_passkey_remove(
	struct ctx *c, struct db_tx *tx, int64_t user_id, int64_t id, struct str *name)
{
	static const char sql[] =
		"DELETE FROM passkey WHERE account_id = $1 AND id = $2 RETURNING name";
	struct db_value row[1];
	enum err kind = db_row(c, tx, sql, DB_ARGS(DB_I(user_id), DB_I(id)), row);
	if (kind == ERR_NOT_FOUND)
		return no_passkey(c);
	TRY(kind);
	*name = row[0].text;
	return OK;
}

enum err meta_passkey_remove_all(struct ctx *c, struct db_tx *tx, int64_t user_id)
{
	static const char sql[] = "DELETE FROM passkey WHERE account_id = $1";
	return db_run(c, tx, sql, DB_ARGS(DB_I(user_id)), NULL);
}
