/*
 * What is known of an OpenID Connect provider: its description and its keys, asked for when they are
 * needed, kept for an hour, and for a day while it does not answer. A key that is not among them is
 * asked for anew (a rollover), but not more often than every ten seconds, whoever brings one.
 *
 * Any thread. One at a time asks; whoever needs the answer waits for it.
 */
#ifndef DRIVER_OIDC_SOURCE_H
#define DRIVER_OIDC_SOURCE_H

#include "base/jwt.h"
#include "driver/http_call.h"
#include "driver/oidc_answer.h"

enum {
	OIDC_PAUSE_S = 10,
	OIDC_FRESH_S = 3600,
	OIDC_STALE_S = 86400,
	OIDC_CALL_MS = 5000,
	OIDC_ANSWER_MAX = 256 << 10,
};

struct oidc_source;

/* `issuer` and `http` outlive it. Nothing is asked yet. */
struct oidc_source *oidc_source_open(struct str issuer, struct http_client *http);
void oidc_source_close(struct oidc_source *s);

/* ERR_UNAVAILABLE, TIMEOUT: it does not answer, or not as it should. */
enum err oidc_source_metadata(struct ctx *c, struct oidc_source *s, struct oidc_metadata *out) MUST;

/* Proves that the provider made this token. ERR_UNAUTH; else as above. */
enum err oidc_source_verify(struct ctx *c, struct oidc_source *s, const struct jwt *token) MUST;

/* One request. Any answer that is not 200 is ERR_UNAVAILABLE where `status` is NULL. */
enum err oidc_source_call(struct ctx *c, struct oidc_source *s, const struct http_call *call,
	int *status, struct str *body) MUST;

#endif
