#include "main/url.h"

const char *local_url(struct ctx *c, const struct config *config, int port)
{
	if (*config->url)
		return config->url;
	struct str rest = str_of(config->listen);
	struct str address = str_trim(str_cut(&rest, ','));
	size_t colon = str_find_last(address, ':');
	struct str host = str_until(address, colon);
	struct str written = str_from_index(address, colon + 1);
	if (host.len == 0 || str_is(host, "0.0.0.0"))
		host = STR("127.0.0.1");
	else if (str_is(host, "[::]"))
		host = STR("[::1]");
	if (port)
		return arena_fmt(c->arena, "http://%.*s:%d", STR_FMT(host), port);
	return arena_fmt(c->arena, "http://%.*s:%.*s", STR_FMT(host), STR_FMT(written));
}
