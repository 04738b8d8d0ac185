#include "core/signing_key.h"

#include "core/permit.h"
#include "core/record.h"
#include "meta/signing_key.h"
#include "model/key_file.h"
#include "model/minted.h"

enum { KEYS_MAX = 100 };

static enum err check_text(struct ctx *c, const char *what, struct str text, size_t max)
{
	if (text.len == 0 || text.len > max || !str_is_utf8(text))
		return fail(c, ERR_INVALID, "%s has 1 to %zu bytes of UTF-8 text", what, max);
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f)
			return fail(c, ERR_INVALID, "%s is one line of text", what);
	}
	return OK;
}

/* Whoever has a key for some time would have one for ever. */
static enum err check_no_key(struct ctx *c, const struct actor *who)
{
	if (actor_has_key(who))
		return fail(c, ERR_DENIED,
			"signing keys are for who signs in with a password: this is an API key");
	return OK;
}

static enum err record(struct ctx *c, struct db_tx *tx, const struct actor *who,
	enum event_type type, const struct signing_key *key, struct str minted)
{
	struct buf data = {.arena = c->arena};
	struct json_writer w = {.out = &data};
	json_begin_object(&w);
	json_member_int(&w, "id", key->id);
	json_member_str(&w, "username", who->username);
	if (key->kid.len) {
		json_member_str(&w, "name", key->name);
		json_member_str(&w, "kid", key->kid);
	}
	if (minted.len)
		json_member_str(&w, "minted", minted);
	json_end_object(&w);
	return record_add(c, tx,
		&(struct record){.who = who,
			.type = type,
			.subject = who->username,
			.data = buf_view(&data)});
}

enum err signing_key_add(struct ctx *c, struct core *core, const struct actor *who, struct str name,
	struct str text, struct signing_key *out)
{
	DB_TX *tx = NULL;
	struct jwk jwk;
	struct signing_key *own;
	size_t count;
	struct buf json = {.arena = c->arena};
	struct json_writer w = {.out = &json};
	TRY(check_text(c, "a key's name", name, TOKEN_NAME_MAX));
	TRY(key_file_public(c, text, &jwk));
	jwk_print(&w, &jwk);
	TRY(check_no_key(c, who));
	TRY(permit_begin_account(c, core, who, DB_WRITE, &tx));
	TRY(meta_signing_key_list(c, tx, who->user_id, &own, &count));
	if (count >= KEYS_MAX)
		return fail(c, ERR_TOO_BIG, "you have %zu signing keys: remove some first", count);
	struct signing_key key = {
		.user_id = who->user_id, .name = name, .kid = jwk.kid, .jwk = buf_view(&json)};
	TRY(meta_signing_key_create(c, tx, &key));
	TRY(record(c, tx, who, EVENT_SIGNING_KEY_ADDED, &key, STR("")));
	TRY(db_commit(c, &tx));
	*out = key;
	return OK;
}

enum err signing_key_list(struct ctx *c, struct core *core, const struct actor *who,
	struct signing_key **out, size_t *count)
{
	DB_TX *tx = NULL;
	TRY(permit_begin_account(c, core, who, DB_READ, &tx));
	return meta_signing_key_list(c, tx, who->user_id, out, count);
}

enum err signing_key_remove(struct ctx *c, struct core *core, const struct actor *who, int64_t id)
{
	return signing_key_remove_seen(c, core, who, id, NULL);
}

static enum err check_seen(
	struct ctx *c, struct db_tx *tx, const struct actor *who, struct expected *expected)
{
	struct signing_key *now;
	size_t count;
	if (!expected || !expected->signing_key)
		return OK;
	TRY(meta_signing_key_list(c, tx, who->user_id, &now, &count));
	return expected_signing_key(c, expected, now, count);
}

enum err signing_key_remove_seen(struct ctx *c, struct core *core, const struct actor *who,
	int64_t id, struct expected *expected)
{
	DB_TX *tx = NULL;
	const struct signing_key key = {.id = id};
	TRY(permit_begin_account(c, core, who, DB_WRITE, &tx));
	TRY(check_seen(c, tx, who, expected));
	TRY(meta_signing_key_delete(c, tx, who->user_id, id));
	TRY(record(c, tx, who, EVENT_SIGNING_KEY_REMOVED, &key, STR("")));
	return db_commit(c, &tx);
}

enum err minted_key_revoke(
	struct ctx *c, struct core *core, const struct actor *who, int64_t id, struct str minted)
{
	DB_TX *tx = NULL;
	struct signing_key *own;
	size_t count, at = 0;
	TRY(check_text(c, "the id of a minted key (\"jti\")", minted, JWT_TEXT_MAX));
	TRY(permit_begin_account(c, core, who, DB_WRITE, &tx));
	TRY(meta_signing_key_list(c, tx, who->user_id, &own, &count));
	while (at < count && own[at].id != id)
		at++;
	if (at == count)
		return fail(c, ERR_NOT_FOUND, "you have no signing key with the id %lld",
			(long long)id);
	/* When it ends nobody said, but none lives for longer. */
	TRY(meta_minted_revoke(c, tx, id, minted, db_now(tx) + MINTED_SECONDS_MAX));
	TRY(record(c, tx, who, EVENT_MINTED_KEY_REVOKED, &own[at], minted));
	return db_commit(c, &tx);
}
