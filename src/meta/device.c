#include "meta/device.h"

#include "base/vec.h"
#include "meta/instance.h"

#define COLUMNS                                                                          \
	"device.id, device.account_id, device.client, device.name, device.ceiling, "     \
	"device.scope, device.generation, device.created, device.used, device.address, " \
	"device.expires"
enum { COLUMN_COUNT = 11 };

/* Whose limits cannot be read is no good: nobody shall get in without them. */
static enum err read_scope(struct ctx *c, struct str text, struct scope *out)
{
	if (scope_parse(c, text, out))
		return fail(c, ERR_DAMAGED, "what a device is limited to cannot be read: %s",
			arena_strdup(c->arena, c->error.text));
	return OK;
}

static enum err from_row(struct ctx *c, const struct db_value *row, struct device *out)
{
	*out = (struct device){
		.id = row[0].integer,
		.user_id = row[1].integer,
		.client = row[2].text,
		.name = row[3].text,
		.limit = (enum permission)row[4].integer,
		.generation = row[6].integer,
		.created = row[7].integer,
		.used = row[8].integer,
		.address = row[9].text,
		.expires = row[10].integer,
	};
	return read_scope(c, row[5].text, &out->scope);
}

enum err meta_device_create(
	struct ctx *c, struct db_tx *tx, struct device *device, const struct device_hashes *hashes)
{
	static const char sql[] =
		"INSERT INTO device (id, account_id, family, secret, client, name, ceiling, scope, "
		"generation, created, used, address, expires) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12)";
	TRY(meta_instance_next_id(c, tx, STR("device"), &device->id));
	device->created = device->used = db_now(tx);
	return db_run(c, tx, sql,
		DB_ARGS(DB_I(device->id), DB_I(device->user_id), DB_B(hashes->family),
			DB_B(hashes->secret), DB_T(device->client), DB_T(device->name),
			DB_I(device->limit), DB_T(scope_text(c->arena, &device->scope)),
			DB_I(device->generation), DB_I(device->created), DB_T(device->address),
			DB_I(device->expires)),
		NULL);
}

enum err meta_device_find(
	struct ctx *c, struct db_tx *tx, struct str family, struct device *out, struct str *secret)
{
	static const char sql[] =
		"SELECT " COLUMNS ", device.secret FROM device WHERE device.family = $1";
	struct db_value row[COLUMN_COUNT + 1];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_B(family)), row));
	*secret = row[COLUMN_COUNT].text;
	return from_row(c, row, out);
}

enum err meta_device_renew(
	struct ctx *c, struct db_tx *tx, const struct device *device, struct str secret)
{
	static const char sql[] = "UPDATE device SET secret = $1, used = $2, address = $3, "
				  "expires = $4 WHERE id = $5";
	return db_run(c, tx, sql,
		DB_ARGS(DB_B(secret), DB_I(db_now(tx)), DB_T(device->address),
			DB_I(device->expires), DB_I(device->id)),
		NULL);
}

enum err meta_device_list(
	struct ctx *c, struct db_tx *tx, int64_t user_id, struct device **out, size_t *count)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM device JOIN account ON account.id = device.account_id "
		"AND account.generation = device.generation "
		"WHERE device.account_id = $1 ORDER BY device.used DESC, device.id DESC";
	DB_ROWS *rows = NULL;
	VEC_OF(struct device) list = {.arena = c->arena};
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(user_id)), &rows));
	for (;;) {
		struct db_value row[COLUMN_COUNT];
		struct device device;
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			break;
		TRY(from_row(c, row, &device));
		if (device.expires > db_now(tx))
			*vec_push(&list) = device;
	}
	*out = list.at;
	*count = list.len;
	return OK;
}

enum err meta_device_delete(struct ctx *c, struct db_tx *tx, int64_t user_id, int64_t id)
{
	static const char sql[] = "DELETE FROM device WHERE account_id = $1 AND id = $2";
	int64_t changed;
	TRY(db_run(c, tx, sql, DB_ARGS(DB_I(user_id), DB_I(id)), &changed));
	return changed ? OK
		       : fail(c, ERR_NOT_FOUND, "there is no signed-in device with the id %lld",
				 (long long)id);
}

enum err meta_device_delete_all(struct ctx *c, struct db_tx *tx, int64_t user_id)
{
	static const char sql[] = "DELETE FROM device WHERE account_id = $1";
	return db_run(c, tx, sql, DB_ARGS(DB_I(user_id)), NULL);
}

enum err meta_device_sweep(struct ctx *c, struct db_tx *tx)
{
	static const char sql[] = "DELETE FROM device WHERE expires <= $1";
	return db_run(c, tx, sql, DB_ARGS(DB_I(db_now(tx))), NULL);
}

enum err meta_device_user(struct ctx *c, struct db_tx *tx, int64_t id, struct str kid,
	struct device *out, struct user *user)
{
	static const char sql[] =
		"SELECT " COLUMNS ", account.username, account.owner, account.generation, "
		"account.created, account.expires, issuer_key.ends FROM device "
		"JOIN account ON account.id = device.account_id "
		"JOIN issuer_key ON issuer_key.kid = $1 WHERE device.id = $2";
	struct db_value row[COLUMN_COUNT + 6];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_T(kid), DB_I(id)), row));
	TRY(from_row(c, row, out));
	const struct db_value *of_user = row + COLUMN_COUNT;
	*user = (struct user){
		.id = out->user_id,
		.username = of_user[0].text,
		.owner = of_user[1].integer != 0,
		.generation = of_user[2].integer,
		.created = of_user[3].integer,
		.expires = of_user[4].integer,
	};
	int64_t now = db_now(tx), key_ends = of_user[5].integer;
	bool over = out->expires <= now || out->generation != user->generation ||
		    user_has_ended(user, now) || (key_ends && key_ends <= now);
	return over ? fail(c, ERR_NOT_FOUND, "the device is signed out") : OK;
}

enum err meta_device_stands(struct ctx *c, struct db_tx *tx, const struct actor *who, bool *stands)
{
	static const char sql[] =
		"SELECT count(*) FROM device WHERE id = $1 AND account_id = $2 AND expires > $3";
	int64_t now = db_now(tx);
	struct db_value row[1];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_I(who->device_id), DB_I(who->user_id), DB_I(now)), row));
	*stands = row[0].integer == 1 && who->ends > now;
	return OK;
}

#define REQUEST_COLUMNS                                                                      \
	"kind, state, client, name, ceiling, scope, address, created, expires, account_id, " \
	"generation, redirect, challenge"
enum { REQUEST_COLUMN_COUNT = 13 };

static enum err request_from_row(
	struct ctx *c, const struct db_value *row, struct device_request *out)
{
	*out = (struct device_request){
		.kind = (enum device_request_kind)row[0].integer,
		.state = (enum device_request_state)row[1].integer,
		.client = row[2].text,
		.name = row[3].text,
		.limit = (enum permission)row[4].integer,
		.address = row[6].text,
		.created = row[7].integer,
		.expires = row[8].integer,
		.user_id = row[9].integer,
		.generation = row[10].integer,
		.redirect = row[11].text,
		.challenge = row[12].text,
	};
	return read_scope(c, row[5].text, &out->scope);
}

enum err meta_device_request_create(struct ctx *c, struct db_tx *tx, struct device_request *request,
	struct str code, struct str user_code)
{
	static const char sql[] =
		"INSERT INTO device_request (code, user_code, " REQUEST_COLUMNS ") VALUES "
		"($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
	request->created = db_now(tx);
	request->expires =
		request->created + (request->kind == DEVICE_BY_CODE ? DEVICE_CODE_SECONDS
								    : AUTHORIZATION_CODE_SECONDS);
	return db_run(c, tx, sql,
		DB_ARGS(DB_B(code), DB_T(user_code), DB_I(request->kind), DB_I(request->state),
			DB_T(request->client), DB_T(request->name), DB_I(request->limit),
			DB_T(scope_text(c->arena, &request->scope)), DB_T(request->address),
			DB_I(request->created), DB_I(request->expires), DB_I(request->user_id),
			DB_I(request->generation), DB_T(request->redirect),
			DB_T(request->challenge)),
		NULL);
}

enum err meta_device_request_count(struct ctx *c, struct db_tx *tx, int64_t *count)
{
	/* Who polls late is told for a while that it is over. */
	static const char tidy[] = "DELETE FROM device_request WHERE expires <= $1";
	static const char sql[] = "SELECT count(*) FROM device_request";
	struct db_value row[1];
	TRY(db_run(c, tx, tidy, DB_ARGS(DB_I(db_now(tx) - DEVICE_CODE_SECONDS)), NULL));
	TRY(db_row(c, tx, sql, DB_NO_ARGS, row));
	*count = row[0].integer;
	return OK;
}

enum err meta_device_request_find(
	struct ctx *c, struct db_tx *tx, struct str code, struct device_request *out)
{
	static const char sql[] = "SELECT " REQUEST_COLUMNS " FROM device_request WHERE code = $1";
	struct db_value row[REQUEST_COLUMN_COUNT];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_B(code)), row));
	return request_from_row(c, row, out);
}

enum err meta_device_request_find_typed(
	struct ctx *c, struct db_tx *tx, struct str user_code, struct device_request *out)
{
	static const char sql[] =
		"SELECT " REQUEST_COLUMNS " FROM device_request WHERE user_code = $1";
	struct db_value row[REQUEST_COLUMN_COUNT];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_T(user_code)), row));
	return request_from_row(c, row, out);
}

enum err meta_device_request_decide(
	struct ctx *c, struct db_tx *tx, struct str user_code, const struct device_request *request)
{
	static const char sql[] = "UPDATE device_request SET state = $1, account_id = $2, "
				  "generation = $3 WHERE user_code = $4";
	return db_run(c, tx, sql,
		DB_ARGS(DB_I(request->state), DB_I(request->user_id), DB_I(request->generation),
			DB_T(user_code)),
		NULL);
}

enum err meta_device_request_delete(struct ctx *c, struct db_tx *tx, struct str code)
{
	static const char sql[] = "DELETE FROM device_request WHERE code = $1";
	return db_run(c, tx, sql, DB_ARGS(DB_B(code)), NULL);
}
