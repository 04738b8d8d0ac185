/*
 * API keys that were minted without asking this server: "nbj_" and a JWT, signed by a key that its
 * owner registered.
 */
#include "driver/driver.h"

#include "base/host.h"
#include "base/jwt.h"
#include "meta/instance.h"
#include "meta/signing_key.h"
#include "meta/user.h"
#include "model/minted.h"

#include <stdlib.h>

enum { LEEWAY_SECONDS = 60, NOTED_SECONDS = 60, NOTE_PATIENCE_US = 200000 };

struct auth_key {
	struct auth auth;
	struct db *db;
};

static enum err nobody(struct ctx *c)
{
	return fail(c, ERR_UNAUTH,
		"the minted key is wrong, or what it was signed by is not registered");
}

/* Who signed it, as of one moment. */
struct signer {
	struct user user;
	struct signing_key key;
	struct jwk jwk;
	struct str instance;
	int64_t now;
};

static enum err find(struct ctx *c, struct db *db, const struct jwt *token, struct signer *out)
{
	DB_TX *tx = NULL;
	struct json *jwk = NULL;
	TRY(db_begin(c, db, DB_READ, &tx));
	TRY(meta_instance_get(c, tx, STR("id"), &out->instance));
	enum err kind = meta_user_get_by_name(c, tx, token->subject, &out->user);
	if (!kind)
		kind = meta_signing_key_find(c, tx, out->user.id, token->kid, &out->key);
	if (kind == ERR_NOT_FOUND)
		return nobody(c);
	TRY(kind);
	out->now = db_now(tx);
	TRY(json_parse(c, out->key.jwk, &jwk));
	return jwk_parse(c, jwk, &out->jwk);
}

/* Worth little: it neither waits for long nor fails the request. */
static enum err write_used(struct ctx *c, struct db *db, int64_t id)
{
	DB_TX *tx = NULL;
	TRY(db_begin(c, db, DB_WRITE, &tx));
	TRY(meta_signing_key_used(c, tx, id, NOTED_SECONDS));
	return db_commit(c, &tx);
}

static void note_use(struct ctx *c, struct db *db, const struct signer *signer)
{
	if (signer->now - signer->key.used < NOTED_SECONDS)
		return;
	int64_t deadline = c->deadline, soon = c->world->monotonic() + NOTE_PATIENCE_US;
	c->deadline = deadline && deadline < soon ? deadline : soon;
	if (write_used(c, db, signer->key.id))
		ctx_clear(c);
	c->deadline = deadline;
}

/* That it is not revoked, core/permit.h finds in each transaction. */
static enum err key_authenticate(
	struct ctx *c, struct auth *self, const struct credential *cred, struct actor *who)
{
	struct auth_key *a = (struct auth_key *)self;
	struct str text = cred->secret;
	struct jwt token;
	struct signer signer = {0};
	if (!str_skip(&text, STR(MINTED_PREFIX)))
		return fail(c, ERR_UNSUPPORTED, "this is no minted key");
	TRY(jwt_parse(c, text, &token));
	TRY(find(c, a->db, &token, &signer));
	if (jwt_verify(c, &token, &signer.jwk))
		return nobody(c);
	const struct jwt_rules rules = {.issuer = STR(MINTED_ISSUER),
		.audience = signer.instance,
		.typ = MINTED_TYPE,
		.now = signer.now,
		.leeway = LEEWAY_SECONDS};
	TRY(jwt_check(c, &token, &rules));
	*who = meta_user_actor(&signer.user);
	who->key_id = signer.key.id;
	TRY(minted_limits(c, &token, signer.now, who));
	note_use(c, a->db, &signer);
	return OK;
}

static enum err key_enrol(struct ctx *c, struct auth *self, struct str secret, struct str *stored)
{
	(void)self, (void)secret, (void)stored;
	return fail(c, ERR_UNSUPPORTED, "nothing is stored of a minted key");
}

static void key_close(struct auth *self)
{
	free(self);
}

static const struct auth_ops key_ops = {
	.authenticate = key_authenticate, .enrol = key_enrol, .close = key_close};

struct auth *auth_key_open(struct db *db)
{
	struct auth_key *a = calloc(1, sizeof *a);
	if (!a)
		host_panic("out of memory");
	a->auth.ops = &key_ops;
	a->db = db;
	return &a->auth;
}
