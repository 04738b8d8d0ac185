#include "core/token.h"

#include "base/buf.h"
#include "base/json.h"
#include "core/login.h"
#include "core/permit.h"
#include "core/record.h"
#include "core/secret.h"
#include "meta/token.h"
#include "model/token.h"

enum { TOKENS_MAX = 1000 };

static const int64_t seconds_max = 100LL * 366 * 24 * 3600;

static enum err check_actor(struct ctx *c, const struct actor *who)
{
	if (actor_is_anonymous(who))
		return fail(c, ERR_UNAUTH, "sign in first: tokens belong to people");
	if (who->limit < PERMISSION_ADMIN)
		return fail(c, ERR_DENIED, "a token that allows %s only cannot manage tokens",
			permission_name(who->limit));
	return OK;
}

static enum err check_new(struct ctx *c, const struct token_new *what)
{
	if (what->name.len == 0 || what->name.len > TOKEN_NAME_MAX || !str_is_utf8(what->name))
		return fail(c, ERR_INVALID, "a token's name has 1 to %d bytes of UTF-8 text",
			TOKEN_NAME_MAX);
	for (size_t i = 0; i < what->name.len; i++) {
		if ((unsigned char)what->name.at[i] < ' ' || what->name.at[i] == 0x7f)
			return fail(c, ERR_INVALID, "a token's name is one line of text");
	}
	if (what->limit < PERMISSION_READ || what->limit > PERMISSION_ADMIN)
		return fail(c, ERR_INVALID, "a token allows read, write or admin");
	if (what->seconds < 0 || what->seconds > seconds_max)
		return fail(c, ERR_INVALID, "a token lives for 1 second to 100 years, or for ever");
	return OK;
}

/* A limited key's children are limited as it is. */
static enum err inherit(struct ctx *c, const struct actor *who, struct scope *scope)
{
	/* They would outlive the key that minted theirs. */
	if (who->key_id)
		return fail(c, ERR_DENIED, "a minted key makes no tokens");
	if (who->device_id)
		return fail(c, ERR_DENIED, "a signed-in device makes no tokens");
	if (who->identity_id)
		return fail(c, ERR_DENIED, "a provider's token makes no tokens");
	if (!who->scope)
		return OK;
	if (who->scope->bytes)
		return fail(c, ERR_DENIED, "a key with a budget of bytes makes no other keys");
	if (!scope_is_empty(scope))
		return fail(c, ERR_DENIED,
			"what a limited key makes is limited as it is: leave out the scope");
	*scope = *who->scope;
	return OK;
}

/* A token's children do not outlive it. */
static int64_t within_parent(
	const struct actor *who, const struct token *own, size_t count, int64_t expires)
{
	for (size_t i = 0; i < count; i++) {
		if (own[i].id != who->token_id || !own[i].expires)
			continue;
		if (!expires || own[i].expires < expires)
			return own[i].expires;
	}
	return expires;
}

static struct str token_data(struct ctx *c, const struct actor *who, const struct token *token)
{
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	json_begin_object(&w);
	json_member_int(&w, "id", token->id);
	json_member_str(&w, "username", who->username);
	if (token->name.len) {
		json_member_str(&w, "name", token->name);
		json_member_cstr(&w, "permission", permission_name(token->limit));
		json_member_int(&w, "expires", token->expires);
		if (!scope_is_empty(&token->scope)) {
			json_key(&w, "scope");
			scope_to_json(&w, &token->scope);
		}
	}
	json_end_object(&w);
	return buf_view(&b);
}

enum err token_create(struct ctx *c, struct core *core, const struct actor *who,
	const struct token_new *what, struct token *out, struct str *secret)
{
	TRY(check_actor(c, who));
	TRY(check_new(c, what));
	struct str stored;
	struct scope scope = what->scope;
	TRY(inherit(c, who, &scope));
	*secret = token_text(c->arena, secret_word(c, TOKEN_RANDOM));
	TRY(login_enrol(c, core, *secret, &stored));

	DB_TX *tx = NULL;
	struct token *own;
	size_t count;
	TRY(permit_begin_account(c, core, who, DB_WRITE, &tx));
	TRY(meta_token_list(c, tx, who->user_id, &own, &count));
	if (count >= TOKENS_MAX)
		return fail(c, ERR_TOO_BIG, "you have %zu tokens: revoke some first", count);
	int64_t expires = what->seconds ? db_now(tx) + what->seconds : 0;
	struct token token = {
		.user_id = who->user_id,
		.name = what->name,
		.limit = what->limit,
		.scope = scope,
		.expires = within_parent(who, own, count, expires),
	};
	TRY(meta_token_create(c, tx, &token, stored));
	TRY(record_add(c, tx,
		&(struct record){.who = who,
			.type = EVENT_TOKEN_CREATED,
			.subject = who->username,
			.data = token_data(c, who, &token)}));
	TRY(db_commit(c, &tx));
	*out = token;
	return OK;
}

enum err token_list(struct ctx *c, struct core *core, const struct actor *who, struct token **out,
	size_t *count)
{
	TRY(check_actor(c, who));
	DB_TX *tx = NULL;
	TRY(permit_begin_account(c, core, who, DB_READ, &tx));
	return meta_token_list(c, tx, who->user_id, out, count);
}

enum err token_revoke(struct ctx *c, struct core *core, const struct actor *who, int64_t id)
{
	return token_revoke_seen(c, core, who, id, NULL);
}

static enum err check_seen(
	struct ctx *c, struct db_tx *tx, const struct actor *who, struct expected *expected)
{
	struct token *now;
	size_t count;
	if (!expected || !expected->token)
		return OK;
	TRY(meta_token_list(c, tx, who->user_id, &now, &count));
	return expected_token(c, expected, now, count);
}

enum err token_revoke_seen(struct ctx *c, struct core *core, const struct actor *who, int64_t id,
	struct expected *expected)
{
	TRY(check_actor(c, who));
	DB_TX *tx = NULL;
	TRY(permit_begin_account(c, core, who, DB_WRITE, &tx));
	TRY(check_seen(c, tx, who, expected));
	TRY(meta_token_delete(c, tx, who->user_id, id));
	struct token token = {.id = id};
	TRY(record_add(c, tx,
		&(struct record){.who = who,
			.type = EVENT_TOKEN_REVOKED,
			.subject = who->username,
			.data = token_data(c, who, &token)}));
	TRY(db_commit(c, &tx));
	login_ended(c, core, who->user_id, id);
	return OK;
}
