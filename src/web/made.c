/* Pages made for nobody in particular are made once for all who ask for them in the next minutes. */
#include "base/buf.h"
#include "core/made_cache.h"
#include "web/internal.h"

static struct str header_of(const struct web_request *r, const char *name)
{
	for (size_t i = 0; i < r->header_count; i++)
		if (str_eq_nocase(r->headers[i].name, str_of(name)))
			return r->headers[i].value;
	return STR("");
}

/* What tells a request's answer from any other: none of it can have a line end. */
static struct str key_of(struct ctx *c, const struct web_request *r)
{
	const struct str parts[] = {STR("page"), r->origin, r->path, r->query,
		web_request_header(r, "accept"), header_of(r, "ETag")};
	struct buf key = {.arena = c->arena};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		buf_str(&key, parts[i]);
		buf_byte(&key, '\n');
	}
	return buf_view(&key);
}

bool web_find_made(struct ctx *c, struct web_request *r)
{
	if (!actor_is_anonymous(&r->who) || r->session || r->half || r->probing || !web_may_gzip(r))
		return false;
	r->made_key = key_of(c, r);
	return made_cache_get(c, r->core->made, r->made_key, &r->made);
}

/* Kept are the type and the headers, a line each, an empty line, and the packed body. */
void web_keep_made(struct ctx *c, const struct web_request *r, const char *type, struct str body)
{
	struct buf value = {.arena = c->arena};
	if (!r->made_key.len || !header_of(r, "Content-Encoding").len ||
		header_of(r, "Set-Cookie").len)
		return;
	buf_fmt(&value, "%s\n", type);
	for (size_t i = 0; i < r->header_count; i++)
		buf_fmt(&value, "%.*s: %.*s\n", STR_FMT(r->headers[i].name),
			STR_FMT(r->headers[i].value));
	buf_byte(&value, '\n');
	buf_str(&value, body);
	made_cache_put(r->core->made, r->made_key, buf_view(&value));
}

enum err web_send_made(struct ctx *c, struct web_request *r)
{
	struct str body = r->made, line = str_cut(&body, '\n');
	const char *type = str_dup(c->arena, line);
	struct sink *out;
	while ((line = str_cut(&body, '\n')).len) {
		const char *name = str_dup(c->arena, str_cut(&line, ':'));
		web_header(r, name, str_from_index(line, 1));
	}
	TRY(web_begin(r, 200, type, body.len, &out));
	TRY(sink_write(c, out, body.at, body.len));
	return http_end(r->http);
}
