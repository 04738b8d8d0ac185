/*
 * From a provider's claims to a person (OpenID Connect Core 1.0, section 5.1), by settings: which
 * claim is the username, which one the groups, and what each group is given. And from a logout token
 * to who signed out (OpenID Connect Back-Channel Logout 1.0, section 2.4).
 */
#ifndef DRIVER_OIDC_PERSON_H
#define DRIVER_OIDC_PERSON_H

#include "base/jwt.h"
#include "port/provider.h"

enum { OIDC_ROLES_MAX = 1000 };

struct oidc_role {
	struct str group; /* "*": everybody's */
	enum permission permission;
	struct str pattern; /* of repositories' names; "*": all */
};

struct oidc_mapping {
	const char *username_claim, *groups_claim;
	const struct oidc_role *roles;
	size_t role_count;
};

/* "staff=write, admins=admin:web-*, *=read": *out is in c->arena. ERR_INVALID names the variable. */
enum err oidc_roles_parse(struct ctx *c, const char *variable, struct str text,
	const struct oidc_role **out, size_t *count) MUST;

/* Does `claims` say all that is asked of it? */
bool oidc_person_complete(const struct oidc_mapping *mapping, const struct json *claims);

/*
 * Fills in all but issuer and tokens. What `claims` does not say is taken from `more`, which may be
 * NULL. ERR_UNAUTH for a claim that is not what it should be, or over a cap.
 */
enum err oidc_person_read(struct ctx *c, const struct oidc_mapping *mapping,
	const struct json *claims, const struct json *more, struct provider_person *out) MUST;

/* Of a token whose maker, audience and times are proven: is it one that says who signed out, and
 * nothing else? ERR_UNAUTH. */
enum err oidc_signed_out_read(
	struct ctx *c, const struct jwt *token, struct provider_signed_out *out) MUST;

#endif
