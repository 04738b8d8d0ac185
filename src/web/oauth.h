/* What the endpoints of OAuth and the pages that belong to them share. */
#ifndef WEB_OAUTH_H
#define WEB_OAUTH_H

#include "core/device.h"
#include "web/handlers.h"
#include "web/internal.h"

/* The permission that "scope" (RFC 6749, 3.3) names: the most of read, write and admin; write where it
 * names none. ERR_INVALID, as invalid_scope. */
enum err oauth_scope(struct ctx *c, struct web_request *r, struct str text, enum permission *out)
	MUST;

#endif
