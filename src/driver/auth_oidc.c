/*
 * Tokens of OpenID Connect providers, of people and machines whom an account is connected with: as a bearer,
 * or in the password's place. What they prove is never taken for a person's presence.
 */
#include "driver/driver.h"

#include "base/host.h"
#include "meta/identity.h"
#include "meta/user.h"

#include <stdlib.h>

struct auth_oidc {
	struct auth auth;
	struct db *db;
	struct provider *const *providers;
	size_t count;
};

static enum err find(
	struct ctx *c, struct db *db, const struct provider_person *person, struct actor *who)
{
	DB_TX *tx = NULL;
	struct identity identity;
	struct user user;
	TRY(db_begin(c, db, DB_READ, &tx));
	enum err kind = meta_identity_find(c, tx, person->issuer, person->subject, &identity);
	if (!kind)
		kind = meta_user_get(c, tx, identity.user_id, &user);
	if (kind == ERR_NOT_FOUND || (!kind && user_has_ended(&user, db_now(tx))))
		return fail(c, ERR_UNAUTH,
			"no account here is connected with \"%.*s\", whose token this is",
			STR_FMT(person->subject));
	TRY(kind);
	*who = meta_user_actor(&user);
	who->identity_id = identity.id;
	who->ends = person->expires;
	return OK;
}

/* Three parts, of which the first is an object in base64url: no password looks like it by chance. */
static bool is_jwt(struct str text)
{
	size_t dots = 0;
	for (size_t i = 0; i < text.len; i++)
		dots += text.at[i] == '.';
	return dots == 2 && str_starts(text, STR("eyJ"));
}

static enum err oidc_authenticate(
	struct ctx *c, struct auth *self, const struct credential *cred, struct actor *who)
{
	struct auth_oidc *a = (struct auth_oidc *)self;
	struct provider_person person;
	if (!is_jwt(cred->secret))
		return fail(c, ERR_UNSUPPORTED, "this is no provider's token");
	for (size_t i = 0; i < a->count; i++) {
		person = (struct provider_person){0};
		enum err kind = provider_bearer(c, a->providers[i], cred->secret, &person);
		if (kind == ERR_UNSUPPORTED)
			continue;
		TRY(kind);
		TRY(find(c, a->db, &person, who));
		who->via = str_of(arena_fmt(c->arena, "oidc:%s", a->providers[i]->name));
		return OK;
	}
	return fail(c, ERR_UNSUPPORTED, "this is no token of a provider that is known here");
}

static enum err oidc_enrol(struct ctx *c, struct auth *self, struct str secret, struct str *stored)
{
	(void)self, (void)secret, (void)stored;
	return fail(c, ERR_UNSUPPORTED, "nothing is stored of a provider's token");
}

static void oidc_close(struct auth *self)
{
	free(self);
}

static const struct auth_ops oidc_ops = {
	.authenticate = oidc_authenticate, .enrol = oidc_enrol, .close = oidc_close};

struct auth *auth_oidc_open(struct db *db, struct provider *const *providers, size_t count)
{
	struct auth_oidc *a = calloc(1, sizeof *a);
	if (!a)
		host_panic("out of memory");
	a->auth.ops = &oidc_ops;
	a->db = db;
	a->providers = providers;
	a->count = count;
	return &a->auth;
}
