/* The fork in the road: git's paths go to wire/, everything else to web/. */
#ifndef MAIN_DISPATCH_H
#define MAIN_DISPATCH_H

#include "web/site.h"

struct dispatcher {
	struct web web;
	unsigned roles; /* main/role.h: what else is asked for is refused */
};

/* An http_handler; `dispatcher` is the struct dispatcher. */
void dispatch(void *dispatcher, struct http_exchange *x);

#endif
