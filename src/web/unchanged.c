/* If-Match (RFC 9110, 13.1.1): a change of the API is made only to what the client has seen. */
#include "web/internal.h"

#define CHANGED "it is not what If-Match says any more: get it again"

/* Strong comparison: a weak tag is no match. */
static bool is_among(struct str tags, struct str tag)
{
	while (tags.len)
		if (str_eq(str_trim(str_cut(&tags, ',')), tag))
			return true;
	return false;
}

static struct str take_tag(struct web_request *r)
{
	struct str tag = {0};
	for (size_t i = 0; i < r->header_count; i++)
		if (str_is(r->headers[i].name, "ETag")) {
			tag = r->headers[i].value;
			r->headers[i] = r->headers[--r->header_count];
		}
	return tag;
}

/* The tag that a GET of this path would have: its handler runs, and what it says is dropped. */
static enum err find_tag(struct ctx *c, struct web_request *r, struct str *out)
{
	struct route_match match;
	struct str method = r->method;
	*out = (struct str){0};
	if (route_find(c->arena, STR("GET"), r->path, &match) != ROUTE_FOUND)
		return OK;
	r->method = STR("GET");
	r->probing = true;
	enum err kind = match.route->handler(c, r);
	r->probing = false;
	r->method = method;
	*out = take_tag(r);
	return kind;
}

enum err web_tell_changed(struct ctx *c, struct web_request *r, enum err kind)
{
	if (kind != ERR_CONFLICT || !r->expected.changed)
		return kind;
	ctx_clear(c);
	return web_problem(c, r, 412, CHANGED);
}

enum err web_check_unchanged(struct ctx *c, struct web_request *r, bool *answered)
{
	struct str wanted = web_request_header(r, "if-match"), tag;
	*answered = false;
	if (!wanted.len)
		return OK;
	TRY(find_tag(c, r, &tag));
	if (tag.len && str_is(wanted, "*"))
		r->expected = (struct expected){0};
	if (tag.len && (str_is(wanted, "*") || is_among(wanted, tag)))
		return OK;
	*answered = true;
	return web_problem(
		c, r, 412, tag.len ? CHANGED : "what is here has no ETag that If-Match could say");
}
