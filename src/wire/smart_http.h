/*
 * Git's paths over HTTP (gitprotocol-http(5)): /NAME.git/info/refs and the two services, with or
 * without ".git"; and the files that clients fetch beside them. The dumb protocol is refused.
 */
#ifndef WIRE_SMART_HTTP_H
#define WIRE_SMART_HTTP_H

#include "core/core.h"
#include "net/http.h"

/* Is this path git's? Then nobody else answers it, whatever the method. */
bool smart_http_is_git(const struct http_exchange *x);

/*
 * Answers for `who`, who reached us at `origin` ("https://git.example.org"). An error before the reply has begun (x->status 0) is for the caller to answer,
 * in plain text: git shows it to the person. UNAUTH needs the challenge of Basic. After that the
 * error is only to be logged.
 */
enum err smart_http_serve(struct core *core, const struct actor *who, struct str origin,
	struct http_exchange *x) MUST;

#endif
