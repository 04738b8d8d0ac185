/*
 * Port: proving who somebody is. A driver knows one kind of credential; core/login asks them in
 * order.
 */
#ifndef PORT_AUTH_H
#define PORT_AUTH_H

#include "base/ctx.h"
#include "model/actor.h"

/* CREDENTIAL_CERTIFICATE: `secret` is the name that a client's certificate proved in TLS, and no secret. */
enum credential_kind { CREDENTIAL_PASSWORD, CREDENTIAL_TOKEN, CREDENTIAL_CERTIFICATE };

struct credential {
	enum credential_kind kind;
	struct str username; /* empty for a bare token */
	struct str secret;
};

struct auth {
	const struct auth_ops *ops;
};

struct auth_ops {
	/*
	 * Who this credential proves. ERR_UNAUTH when it proves nobody: the same for an unknown
	 * user and for a wrong secret, and taking as long. ERR_UNSUPPORTED when it is not of the
	 * driver's kind.
	 */
	enum err (*authenticate)(
		struct ctx *c, struct auth *self, const struct credential *cred, struct actor *who);
	/* What to store so that `secret` is recognised later (a password's hash); lives in
	 * c->arena. */
	enum err (*enrol)(struct ctx *c, struct auth *self, struct str secret, struct str *stored);
	void (*close)(struct auth *self);
};

static inline MUST enum err auth_authenticate(
	struct ctx *c, struct auth *a, const struct credential *cred, struct actor *who)
{
	return a->ops->authenticate(c, a, cred, who);
}

static inline MUST enum err auth_enrol(
	struct ctx *c, struct auth *a, struct str secret, struct str *stored)
{
	return a->ops->enrol(c, a, secret, stored);
}

static inline void auth_close(struct auth *a)
{
	if (a)
		a->ops->close(a);
}

#endif
