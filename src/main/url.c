#include "main/url.h"

const char *local_url(struct ctx *c, const struct config *config, int port)
{
	if (*config->url)
		return config->url;
	bool plain = str_trim(str_of(config->listen)).len > 0;
	const char *scheme = plain ? "http" : "https";
	struct str rest = str_of(plain ? config->listen : config->tls_listen);
	struct str address = str_trim(str_cut(&rest, ','));
	size_t colon = str_find_last(address, ':');
	struct str host = str_until(address, colon);
	struct str written = str_from_index(address, colon + 1);
	if (host.len == 0 || str_is(host, "0.0.0.0"))
		host = STR("127.0.0.1");
	else if (str_is(host, "[::]"))
		host = STR("[::1]");
	if (port)
		return arena_fmt(c->arena, "%s://%.*s:%d", scheme, STR_FMT(host), port);
	return arena_fmt(c->arena, "%s://%.*s:%.*s", scheme, STR_FMT(host), STR_FMT(written));
}
