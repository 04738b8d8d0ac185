/* API tokens: known by the SHA-256 of their secret, in the password's place or as a bearer. */
#include "driver/driver.h"

#include "base/hash.h"
#include "base/host.h"
#include "meta/token.h"
#include "meta/user.h"
#include "model/token.h"

#include <stdlib.h>

struct auth_token {
	struct auth auth;
	struct db *db;
};

static struct str secret_hash(struct str secret, uint8_t digest[HASH_MAX])
{
	hash_once(HASH_SHA256, secret.at, secret.len, digest);
	return str_from(digest, 32);
}

static enum err nobody(struct ctx *c)
{
	return fail(c, ERR_UNAUTH, "the API token is wrong, revoked or expired");
}

/* A token, whose it is, and when that was looked up. */
struct found {
	struct token token;
	struct user user;
	int64_t now;
};

static enum err find(struct ctx *c, struct db *db, struct str hash, struct found *found)
{
	DB_TX *tx = NULL;
	TRY(db_begin(c, db, DB_READ, &tx));
	enum err kind = meta_token_find(c, tx, hash, &found->token, &found->user);
	if (!kind)
		found->now = db_now(tx);
	return kind == ERR_NOT_FOUND ? nobody(c) : kind;
}

static enum err token_authenticate(
	struct ctx *c, struct auth *self, const struct credential *cred, struct actor *who)
{
	struct auth_token *a = (struct auth_token *)self;
	if (!str_starts(cred->secret, STR(TOKEN_PREFIX)))
		return cred->kind == CREDENTIAL_TOKEN && !secret_is_key(cred->secret)
			       ? nobody(c)
			       : fail(c, ERR_UNSUPPORTED, "this is no API token");
	if (!token_text_ok(cred->secret))
		return nobody(c);
	uint8_t digest[HASH_MAX];
	struct found found;
	TRY(find(c, a->db, secret_hash(cred->secret, digest), &found));
	if (user_has_ended(&found.user, found.now) ||
		(found.token.expires && found.token.expires <= found.now))
		return nobody(c);
	*who = meta_user_actor(&found.user);
	who->token_id = found.token.id;
	who->limit = found.token.limit;
	if (!scope_is_empty(&found.token.scope)) {
		struct scope *scope = NEW(c->arena, struct scope);
		*scope = found.token.scope;
		who->scope = scope;
	}
	return OK;
}

static enum err token_enrol(struct ctx *c, struct auth *self, struct str secret, struct str *stored)
{
	(void)self;
	if (!str_starts(secret, STR(TOKEN_PREFIX)))
		return fail(c, ERR_UNSUPPORTED, "this is no API token");
	uint8_t digest[HASH_MAX];
	*stored = str_copy(c->arena, secret_hash(secret, digest));
	return OK;
}

static void token_close(struct auth *self)
{
	free(self);
}

static const struct auth_ops token_ops = {
	.authenticate = token_authenticate, .enrol = token_enrol, .close = token_close};

struct auth *auth_token_open(struct db *db)
{
	struct auth_token *a = calloc(1, sizeof *a);
	if (!a)
		host_panic("out of memory");
	a->auth.ops = &token_ops;
	a->db = db;
	return &a->auth;
}
