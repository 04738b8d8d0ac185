#include "meta/actor.h"

#include "meta/device.h"
#include "meta/identity.h"
#include "meta/signing_key.h"

static bool has_time(int64_t now, const struct db_value *expires)
{
	return !expires->integer || expires->integer > now;
}

static bool account_is(int64_t now, const struct actor *who, const struct db_value *row)
{
	return row[0].kind == DB_TEXT && str_eq(row[0].text, who->username) &&
	       (row[1].integer != 0) == who->owner && has_time(now, &row[3]);
}

static bool token_is(int64_t now, const struct actor *who, const struct db_value *row)
{
	return row[0].kind == DB_INT && row[0].integer == (int64_t)who->limit &&
	       has_time(now, &row[1]);
}

bool meta_actor_is(int64_t now, const struct actor *who, const struct db_value *row)
{
	if (actor_is_anonymous(who))
		return true;
	if (who->half || !account_is(now, who, row))
		return false;
	if (who->key_id || who->identity_id)
		return true; /* as far as these columns go */
	return who->token_id ? token_is(now, who, row + 4) : row[2].integer == who->generation;
}

enum err meta_actor_key_stands(
	struct ctx *c, struct db_tx *tx, const struct actor *who, bool *stands)
{
	*stands = true;
	if (who->device_id)
		return meta_device_stands(c, tx, who, stands);
	if (who->identity_id)
		return meta_identity_stands(c, tx, who, stands);
	return who->key_id ? meta_minted_stands(c, tx, who, stands) : OK;
}

enum err meta_actor_stands(struct ctx *c, struct db_tx *tx, const struct actor *who, bool *stands)
{
	static const char sql[] =
		"SELECT " META_ACTOR_COLUMNS " FROM account "
		"LEFT JOIN token ON token.id = $1 AND token.account_id = account.id "
		"WHERE account.id = $2";
	struct db_value row[META_ACTOR_COLUMN_COUNT] = {0};
	enum err kind = db_row(c, tx, sql, DB_ARGS(DB_I(who->token_id), DB_I(who->user_id)), row);
	if (kind && kind != ERR_NOT_FOUND)
		return kind;
	ctx_clear(c);
	*stands = meta_actor_is(db_now(tx), who, row);
	return *stands ? meta_actor_key_stands(c, tx, who, stands) : OK;
}
