#include "web/author_host.h"

/* What is a letter, a digit, '.' or '-' of "git.example.org:8443". */
static size_t name_length(struct str host)
{
	size_t len = 0;
	while (len < host.len && ((host.at[len] >= 'a' && host.at[len] <= 'z') ||
					 (host.at[len] >= 'A' && host.at[len] <= 'Z') ||
					 (host.at[len] >= '0' && host.at[len] <= '9') ||
					 host.at[len] == '.' || host.at[len] == '-'))
		len++;
	return len;
}

struct str web_author_host(struct ctx *c, const struct web_request *r)
{
	struct str host = str_from_index(r->origin, str_find_str(r->origin, STR("//")) + 2);
	size_t len = name_length(host);
	host = len ? str_until(host, len) : STR("localhost");
	return str_of(arena_fmt(c->arena, "noreply.%.*s", STR_FMT(host)));
}
