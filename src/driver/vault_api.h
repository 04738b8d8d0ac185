/*
 * Vault's HTTP API, of version 1, as much of it as it takes to read secrets: signing in, keeping the
 * token, one request. https://developer.hashicorp.com/vault/api-docs; OpenBao speaks the same.
 *
 * One thread at a time: who has several takes turns. What Vault says is an answer of somebody else:
 * capped, and never believed to hold what it should.
 */
#ifndef DRIVER_VAULT_API_H
#define DRIVER_VAULT_API_H

#include "base/json.h"
#include "driver/driver.h"
#include "driver/http_call.h"

enum { VAULT_AGAIN_US = 5000000 /* after a failure, before it is tried again */ };

struct vault_api {
	struct http_client *http;
	struct vault_options options;
	char *token;     /* NULL: not signed in */
	uint64_t number; /* of the token: how many were got so far */
	int64_t got;     /* world->monotonic() when that was */
	int64_t renew;   /* and when it has to be looked after; 0: never */
	int64_t seconds; /* that it was given at first */
};

/* Connects to nothing. ERR_INVALID names the setting that makes no sense. The texts of `options` must
 * outlive it. */
enum err vault_api_init(struct ctx *c, struct vault_api *v, const struct vault_options *options)
	MUST;
void vault_api_done(struct vault_api *v);

/* Signs in, or has the token renewed, where it is time to. ERR_DENIED, ERR_UNAVAILABLE, ERR_TIMEOUT. */
enum err vault_api_sign_in(struct ctx *c, struct vault_api *v) MUST;

/*
 * One request to /v1/`path`, signed in, tried again where that may help. `body` NULL: GET. *out is
 * NULL where the answer has no body. ERR_NOT_FOUND, ERR_DENIED, ERR_INVALID as Vault says;
 * ERR_UNAVAILABLE (sealed, standby, overloaded, or no Vault at all), ERR_TIMEOUT, ERR_TOO_BIG.
 */
enum err vault_api_ask(struct ctx *c, struct vault_api *v, const char *path, const struct buf *body,
	const struct json **out) MUST;

/* A number of seconds in an answer, within reason; 0 where it is none. */
int64_t vault_seconds(const struct json *number);

#endif
