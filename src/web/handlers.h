/* Every handler that routes.def names, declared: page_*.c and api_*.c include this. */
#ifndef WEB_HANDLERS_H
#define WEB_HANDLERS_H

#include "web/web.h"

/* One handler may stand in several rows. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wredundant-decls"
#define ROUTE(method, pattern, handler, needs) web_handler handler;
#include "web/routes.def"
#undef ROUTE
#pragma GCC diagnostic pop

#endif
