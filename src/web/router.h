/*
 * From a method and a path to a handler: routes.def as data. Pure; any thread.
 */
#ifndef WEB_ROUTER_H
#define WEB_ROUTER_H

#include "web/web.h"

enum route_needs { ROUTE_BARE, ROUTE_NOTHING, ROUTE_USER, ROUTE_PROVED, ROUTE_OWNER };

struct route {
	const char *method;
	const char *pattern;
	web_handler *handler;
	enum route_needs needs;
};

extern const struct route routes[];
extern const size_t route_count;

enum route_answer {
	ROUTE_FOUND,
	ROUTE_MISSING,      /* no such path */
	ROUTE_WRONG_METHOD, /* *allow lists those that there are */
	ROUTE_WRONG_SLASH,  /* it would be found without the slashes at its end */
	ROUTE_BAD_ESCAPE    /* a %XX in it makes no sense */
};

struct route_match {
	const struct route *route;
	struct web_pair params[WEB_PARAMS_MAX];
	size_t param_count;
	const char *allow; /* "GET, HEAD, POST" */
};

/* `path` begins with '/' and is percent-encoded. The first row whose pattern fits decides. */
enum route_answer route_find(
	struct arena *a, struct str method, struct str path, struct route_match *out);

/* Is `word` the first segment of a route of ours, so that no repository may have that name? */
bool route_is_reserved(struct str word);

#endif
