/* The fork in the road: git's paths go to wire/, everything else to web/. */
#ifndef MAIN_DISPATCH_H
#define MAIN_DISPATCH_H

#include "web/site.h"

/* An http_handler; `web` is the struct web. */
void dispatch(void *web, struct http_exchange *x);

#endif
