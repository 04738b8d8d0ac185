#include "main/dispatch.h"

void dispatch(void *arg, struct http_exchange *x)
{
	const struct web *web = arg;
	web_serve(web, x);
}
