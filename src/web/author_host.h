/* Where the address of who writes commits and tags here is of. */
#ifndef WEB_AUTHOR_HOST_H
#define WEB_AUTHOR_HOST_H

#include "web/web.h"

/* "noreply.git.example.org" of a request to "https://git.example.org:8443". In c->arena. */
struct str web_author_host(struct ctx *c, const struct web_request *r);

#endif
