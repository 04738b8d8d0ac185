/*
 * Signed-in devices (model/device.h): how one is let in, and how it comes by its tokens.
 *
 * A device asks (device_ask) and is given two codes: one by which it asks again and again what became
 * of it (device_poll), another that a person types on a page, where they see who asks, and approve or
 * refuse. Or a browser brings the person first (device_authorize), and the code goes to a port of their
 * machine, for device_redeem. Either way it has an access token for some minutes, and a refresh token
 * for one use, which gives both anew. A refresh token that comes a second time was stolen from somebody:
 * then the device is signed out.
 *
 * What is stored of codes and refresh tokens are hashes. A device ends with its row, so everywhere at
 * once: core/permit.h asks for it in each transaction. It also ends with another password, when its
 * owner is signed out everywhere, and when it was away for limits.device_seconds.
 */
#ifndef CORE_DEVICE_H
#define CORE_DEVICE_H

#include "core/core.h"
#include "core/expected.h"
#include "model/device.h"

struct device_wish {
	struct str client, name; /* name: what it calls itself; may be empty */
	enum permission limit;   /* READ, WRITE or ADMIN */
	struct scope scope;
	struct str peer; /* its address; empty: unknown */
};

struct device_codes {
	struct str code;      /* the device's secret */
	struct str user_code; /* "BCDF-GHJK" */
};

/* ERR_INVALID for an unknown client, or a wish that cannot be granted; ERR_RATE_LIMITED when one address,
 * or all of them, ask too often. */
enum err device_ask(struct ctx *c, struct core *core, const struct device_wish *wish,
	struct device_codes *out) MUST;

/* What asks by this code, as it was typed. ERR_NOT_FOUND when nothing does, or it is decided or over;
 * ERR_RATE_LIMITED for who guesses. For who may change their account and came in person. */
enum err device_look(struct ctx *c, struct core *core, const struct actor *who, struct str typed,
	struct device_request *out) MUST;
enum err device_decide(struct ctx *c, struct core *core, const struct actor *who, struct str typed,
	bool approve) MUST;

/* They let in what their browser brought: *code is for the redirection. `challenge`: S256, RFC 7636. */
struct device_redirect {
	struct str url, challenge;
};
enum err device_authorize_check(
	struct ctx *c, const struct device_wish *wish, const struct device_redirect *to) MUST;
enum err device_authorize(struct ctx *c, struct core *core, const struct actor *who,
	const struct device_wish *wish, const struct device_redirect *to, struct str *code) MUST;

/* Who asks for tokens, at which address of ours. */
struct device_caller {
	struct str client, issuer, peer;
};

struct device_tokens {
	struct str access, refresh;
	int64_t seconds; /* how long the access token is good */
	enum permission limit;
};

enum device_answer {
	DEVICE_GIVEN, /* *out is filled in, once */
	DEVICE_WAITS, /* nobody has decided */
	DEVICE_TOO_FAST,
	DEVICE_DENIED,
	DEVICE_OVER,
	DEVICE_UNKNOWN,
};
enum err device_poll(struct ctx *c, struct core *core, const struct device_caller *caller,
	struct str code, enum device_answer *answer, struct device_tokens *out) MUST;

/* `verifier`: of the challenge. ERR_UNAUTH. */
struct device_proof {
	struct str code, redirect, verifier;
};
enum err device_redeem(struct ctx *c, struct core *core, const struct device_caller *caller,
	const struct device_proof *proof, struct device_tokens *out) MUST;

/* ERR_UNAUTH when it is no good any more. `limit`: what the access token allows at most; NONE: all that
 * the device may. ERR_INVALID when it is more than that. */
enum err device_refresh(struct ctx *c, struct core *core, const struct device_caller *caller,
	struct str refresh, enum permission limit, struct device_tokens *out) MUST;

/* A device signs itself out by its refresh token. One that is no good is OK. */
enum err device_end(struct ctx *c, struct core *core, const struct device_caller *caller,
	struct str refresh) MUST;

/* Somebody's: one's own, or anybody's for the owner; the one used last first. ERR_NOT_FOUND. */
enum err device_list(struct ctx *c, struct core *core, const struct actor *who, struct str username,
	struct device **out, size_t *count) MUST;
enum err device_remove(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, int64_t id) MUST;
/* The same, only if it still is what was seen. ERR_CONFLICT. */
enum err device_remove_seen(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, int64_t id, struct expected *expected) MUST;
enum err device_remove_all(
	struct ctx *c, struct core *core, const struct actor *who, struct str username) MUST;

#endif
