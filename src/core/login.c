#include "core/login.h"

#include "base/buf.h"
#include "base/hash.h"
#include "core/audit.h"
#include "core/factor.h"
#include "core/login_cache.h"
#include "core/permit.h"
#include "core/secret.h"
#include "core/tries.h"
#include "meta/token.h"
#include "meta/user.h"
#include "model/token.h"

enum { USED_PATIENCE_US = 200000 };

static enum err ask_drivers(
	struct ctx *c, struct core *core, const struct credential *cred, struct actor *who)
{
	for (size_t i = 0; i < core->auth_count; i++) {
		enum err kind = auth_authenticate(c, core->auth[i], cred, who);
		if (!kind)
			ctx_clear(c); /* of what those before it said */
		if (kind != ERR_UNSUPPORTED)
			return kind;
	}
	return fail(c, ERR_UNAUTH, "no such credentials are known here");
}

static enum err write_used(struct ctx *c, struct db *db, int64_t id)
{
	DB_TX *tx = NULL;
	TRY(db_begin(c, db, DB_WRITE, &tx));
	TRY(meta_token_used(c, tx, id, LOGIN_CACHE_DUE_SECONDS));
	return db_commit(c, &tx);
}

/* Worth little: it neither waits for long nor fails the request. */
static void note_use(struct ctx *c, struct core *core, int64_t token_id)
{
	int64_t deadline = c->deadline, soon = c->world->monotonic() + USED_PATIENCE_US;
	c->deadline = deadline && deadline < soon ? deadline : soon;
	if (write_used(c, core->db, token_id))
		ctx_clear(c);
	c->deadline = deadline;
}

/* A name that cannot be anybody's may be anything, such as a secret in the wrong place. */
static void refuse(struct ctx *c, struct core *core, const struct credential *cred, struct str peer)
{
	struct error why = c->error;
	bool token = secret_is_key(cred->secret) || cred->kind == CREDENTIAL_TOKEN;
	bool named = cred->username.len && username_check(c, cred->username) == OK;
	c->error = why;
	audit_refuse(c, core,
		&(struct audit_refusal){
			.name = named ? cred->username : STR(""),
			.via = cred->kind == CREDENTIAL_CERTIFICATE ? STR("certificate")
			       : token                              ? STR("token")
								    : STR("password"),
			.peer = peer,
			.action = STR(AUDIT_SIGN_IN),
			.why = str_of(c->error.text),
		});
}

static struct str via_of(struct ctx *c, const struct actor *who)
{
	if (who->device_id)
		return str_of(arena_fmt(c->arena, "device %lld", (long long)who->device_id));
	if (who->identity_id || who->subject.len)
		return who->via;
	if (!who->token_id)
		return STR("password");
	return str_of(arena_fmt(c->arena, "token %lld", (long long)who->token_id));
}

/* Said too of a right one that does not count: who guesses is not told that it is right. */
static enum err wrong(struct ctx *c)
{
	return fail(c, ERR_UNAUTH, "the username or the password is wrong");
}

static enum err prove(struct ctx *c, struct core *core, const struct credential *cred,
	const struct login_from *from, struct actor *who)
{
	bool due, known = login_cache_get(c, core->logins, cred, who, &due);
	struct tries tries;
	TRY(tries_of(c, core, cred, from, &tries));
	TRY(tries_check(c, core, &tries, known));
	enum err kind = known ? OK : ask_drivers(c, core, cred, who);
	if (!kind && core->passwords_owner_only && !who->owner && !actor_has_key(who))
		kind = wrong(c);
	if (kind == ERR_UNAUTH)
		tries_failed(c, core, &tries);
	TRY(kind);
	/* What is only half of a proof is no proof to be remembered. */
	if (!known && !who->half)
		login_cache_put(c, core->logins, cred, who);
	tries_passed(c, core, &tries);
	if (due && who->token_id)
		note_use(c, core, who->token_id);
	return OK;
}

enum err login_person(struct ctx *c, struct core *core, const struct credential *cred,
	const struct login_from *from, struct actor *who)
{
	/* git's HTTP library offers a name alone before it asks for the password: no guess at all. */
	if (cred->kind == CREDENTIAL_PASSWORD && !cred->secret.len)
		return fail(c, ERR_UNAUTH, "the username or the password is wrong");
	enum err kind = prove(c, core, cred, from, who);
	if (kind == ERR_UNAUTH || kind == ERR_RATE_LIMITED)
		refuse(c, core, cred, from->peer);
	TRY(kind);
	who->via = via_of(c, who);
	who->peer = from->peer;
	return OK;
}

/* A statement every few seconds, and not for each request. */
static enum err is_factor_required(struct ctx *c, struct core *core, bool *out)
{
	DB_TX *tx = NULL;
	if (login_cache_factor_required(core->logins, out))
		return OK;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	TRY(factor_is_required(c, tx, out));
	login_cache_put_factor_required(core->logins, *out);
	return OK;
}

/* Is a password enough? Of an account with a second factor it is half of what is; where everybody must have
 * one, so it is of an account without. */
static enum err check_factor(struct ctx *c, struct core *core, const struct actor *who)
{
	bool required = false;
	if (who->half)
		return fail(c, ERR_UNAUTH,
			"this account has a second factor, so its password alone opens nothing "
			"here: make an API key on the page Account and use that as the password, "
			"or have a credential helper do so");
	if (!actor_has_key(who))
		TRY(is_factor_required(c, core, &required));
	if (required)
		return fail(c, ERR_UNAUTH,
			"everybody must have a second factor here, and this account has none, so "
			"its password opens nothing: sign in with a browser and add one, then make "
			"an API key there and use that as the password");
	return OK;
}

enum err login_credential(struct ctx *c, struct core *core, const struct credential *cred,
	struct str peer, struct actor *who)
{
	TRY(login_person(c, core, cred, &(struct login_from){.peer = peer}, who));
	enum err kind = check_factor(c, core, who);
	if (kind == ERR_UNAUTH)
		refuse(c, core, cred, peer);
	return kind;
}

enum err login_certificate(
	struct ctx *c, struct core *core, struct str name, struct str peer, struct actor *who)
{
	const struct credential cred = {.kind = CREDENTIAL_CERTIFICATE, .secret = name};
	enum err kind = ERR_UNSUPPORTED;
	*who = ACTOR_ANONYMOUS;
	for (size_t i = 0; i < core->auth_count && kind == ERR_UNSUPPORTED; i++)
		kind = auth_authenticate(c, core->auth[i], &cred, who);
	if (kind == ERR_UNAUTH)
		refuse(c, core, &cred, peer);
	if (kind && kind != ERR_UNSUPPORTED)
		return kind;
	ctx_clear(c);
	who->peer = peer;
	return OK;
}

void login_ended(struct ctx *c, struct core *core, int64_t user_id, int64_t token_id)
{
	login_cache_drop(core->logins, user_id, token_id);
	login_cache_tell(c, core->kv, user_id, token_id);
}

enum err login_enrol(struct ctx *c, struct core *core, struct str secret, struct str *stored)
{
	for (size_t i = 0; i < core->auth_count; i++) {
		enum err kind = auth_enrol(c, core->auth[i], secret, stored);
		if (kind != ERR_UNSUPPORTED)
			return kind;
	}
	return fail(c, ERR_UNSUPPORTED, "nothing here can store such a secret");
}

enum err login_link_create(struct ctx *c, struct core *core, const struct actor *who,
	const struct login_link *what, struct str *secret)
{
	struct str username = what->username;
	DB_TX *tx = NULL;
	struct user user;
	uint8_t digest[HASH_MAX];
	*secret = secret_make(c);
	hash_once(HASH_SHA256, secret->at, secret->len, digest);
	TRY(who ? permit_begin_owner(c, core, who, DB_WRITE, &tx)
		: db_begin(c, core->db, DB_WRITE, &tx));
	enum err kind = meta_user_get_by_name(c, tx, username, &user);
	if (kind == ERR_NOT_FOUND)
		return fail(c, kind, "there is nobody named \"%.*s\"", STR_FMT(username));
	TRY(kind);
	TRY(meta_login_link_add(
		c, tx, LOGIN_LINK_SIGN_IN, str_from(digest, 32), user.id, what->seconds));
	return db_commit(c, &tx);
}

enum err login_link_take(struct ctx *c, struct core *core, struct str secret, struct actor *who)
{
	DB_TX *tx = NULL;
	struct user user;
	uint8_t digest[HASH_MAX];
	int64_t user_id;
	hash_once(HASH_SHA256, secret.at, secret.len, digest);
	TRY(db_begin(c, core->db, DB_WRITE, &tx));
	enum err kind =
		meta_login_link_take(c, tx, LOGIN_LINK_SIGN_IN, str_from(digest, 32), &user_id);
	if (!kind)
		kind = meta_user_get(c, tx, user_id, &user);
	if (kind == ERR_NOT_FOUND || (!kind && user_has_ended(&user, db_now(tx))))
		return fail(c, ERR_UNAUTH, "this sign-in link is used up, expired or wrong");
	TRY(kind);
	TRY(db_commit(c, &tx));
	*who = meta_user_actor(&user);
	who->half = user.has_factor;
	who->via = STR("link");
	return OK;
}
