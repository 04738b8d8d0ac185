/*
 * Access tokens that this instance issued: JWTs in the password's place or as a bearer.
 *
 * They are proven by the public keys in the database, of which a copy is kept. It is read again when it
 * is KEYS_FRESH_US old, and when a token names a key that is not in it, but for such a token no sooner
 * than KEYS_PAUSE_US after the last time, whoever brings one. That key and device are there still, is asked
 * in the same moment as whose they are.
 */
#include "driver/driver.h"

#include "base/host.h"
#include "base/jwt.h"
#include "meta/device.h"
#include "meta/issuer_key.h"
#include "meta/user.h"
#include "model/access_token.h"

#include <stdlib.h>

enum { KEYS_FRESH_US = 60 * 1000000, KEYS_PAUSE_US = 100000 };

struct auth_access {
	struct auth auth;
	struct db *db;
	const char *issuer;
	struct host_lock lock; /* of all that follows */
	char *keys;            /* as text: a JWK Set */
	size_t keys_len;
	int64_t read; /* world->monotonic(); 0: never */
};

static enum err nobody(struct ctx *c)
{
	return fail(c, ERR_UNAUTH, "the access token is wrong, expired, or its device signed out");
}

/* A copy; and how old it is, microseconds. */
static struct str look(struct ctx *c, struct auth_access *a, int64_t *age)
{
	WITH_LOCK(&a->lock);
	*age = a->read ? c->world->monotonic() - a->read : INT64_MAX;
	return str_copy(c->arena, str_from(a->keys, a->keys_len));
}

static void keep(struct ctx *c, struct auth_access *a, struct str keys)
{
	char *copy = malloc(keys.len);
	if (!copy)
		host_panic("out of memory");
	memcpy(copy, keys.at, keys.len);
	WITH_LOCK(&a->lock);
	free(a->keys);
	a->keys = copy;
	a->keys_len = keys.len;
	a->read = c->world->monotonic();
}

static enum err read_keys(struct ctx *c, struct auth_access *a, struct str *out)
{
	DB_TX *tx = NULL;
	struct issuer_key *keys;
	size_t count;
	TRY(db_begin(c, a->db, DB_READ, &tx));
	TRY(meta_issuer_key_list(c, tx, false, &keys, &count));
	*out = issuer_keys_text(c->arena, keys, count);
	keep(c, a, *out);
	return OK;
}

static enum err find_in(
	struct ctx *c, struct str text, const struct jwt *token, const struct jwk **out)
{
	struct jwks keys;
	*out = NULL;
	if (!text.len)
		return OK;
	TRY(jwks_parse(c, text, &keys));
	*out = jwks_find(&keys, token->kid, token->alg);
	return OK;
}

/* NULL: none of ours is so named, or for such an algorithm. */
static enum err find_key(
	struct ctx *c, struct auth_access *a, const struct jwt *token, const struct jwk **out)
{
	int64_t age;
	struct str text = look(c, a, &age);
	*out = NULL;
	if (!token->kid.len)
		return OK;
	if (age < KEYS_FRESH_US)
		TRY(find_in(c, text, token, out));
	if (*out || age < KEYS_PAUSE_US)
		return OK;
	TRY(read_keys(c, a, &text));
	return find_in(c, text, token, out);
}

/* Where the instance has no address of its own, each is as good as the next: the keys are its own. */
static struct str issuer_of(const struct auth_access *a, const struct jwt *token)
{
	return *a->issuer ? str_of(a->issuer) : token->issuer;
}

/* Whose device it is, if all that the token says is as it should be. */
static enum err prove(struct ctx *c, struct auth_access *a, const struct jwt *token,
	struct actor *said, struct actor *who)
{
	DB_TX *tx = NULL;
	struct device device;
	struct user user;
	TRY(access_token_read(c, token, said));
	TRY(db_begin(c, a->db, DB_READ, &tx));
	enum err kind = meta_device_user(c, tx, said->device_id, token->kid, &device, &user);
	if (kind == ERR_NOT_FOUND)
		return nobody(c);
	TRY(kind);
	const struct jwt_rules rules = {.issuer = issuer_of(a, token),
		.audience = issuer_of(a, token),
		.typ = ACCESS_TOKEN_TYPE,
		.now = db_now(tx)};
	TRY(jwt_check(c, token, &rules));
	if (!str_eq(user.username, token->subject) || said->limit > device.limit)
		return nobody(c);
	*who = meta_user_actor(&user);
	return OK;
}

static enum err access_authenticate(
	struct ctx *c, struct auth *self, const struct credential *cred, struct actor *who)
{
	struct auth_access *a = (struct auth_access *)self;
	struct jwt token;
	struct actor said = {0};
	const struct jwk *key;
	if (!access_token_is_like(cred->secret))
		return fail(c, ERR_UNSUPPORTED, "this is no access token");
	TRY(jwt_parse(c, cred->secret, &token));
	TRY(find_key(c, a, &token, &key));
	if (!key && !str_eq(token.issuer, str_of(a->issuer)))
		return fail(c, ERR_UNSUPPORTED, "this access token is not of this instance");
	if (!key || jwt_verify(c, &token, key))
		return nobody(c);
	TRY(prove(c, a, &token, &said, who));
	who->device_id = said.device_id;
	who->ends = said.ends;
	who->limit = said.limit;
	who->scope = said.scope;
	return OK;
}

static enum err access_enrol(
	struct ctx *c, struct auth *self, struct str secret, struct str *stored)
{
	(void)self, (void)secret, (void)stored;
	return fail(c, ERR_UNSUPPORTED, "nothing is stored of an access token");
}

static void access_close(struct auth *self)
{
	free(((struct auth_access *)self)->keys);
	free(self);
}

static const struct auth_ops access_ops = {
	.authenticate = access_authenticate, .enrol = access_enrol, .close = access_close};

struct auth *auth_access_open(struct db *db, const char *issuer)
{
	struct auth_access *a = calloc(1, sizeof *a);
	if (!a)
		host_panic("out of memory");
	a->auth.ops = &access_ops;
	a->db = db;
	a->issuer = issuer;
	return &a->auth;
}
