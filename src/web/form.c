#include "base/uri.h"
#include "web/internal.h"

#include <limits.h>

static struct str find_pair(const struct web_pair *pairs, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (str_is(pairs[i].name, name))
			return pairs[i].value;
	return STR("");
}

struct str web_param(const struct web_request *r, const char *name)
{
	return find_pair(r->params, r->param_count, name);
}

enum err web_param_id(struct ctx *c, const struct web_request *r, const char *what, int64_t *out)
{
	uint64_t id = 0;
	*out = 0;
	if (!str_to_u64(web_param(r, "id"), &id) || !id || id > INT64_MAX)
		return fail(c, ERR_NOT_FOUND, "there is no such %s", what);
	*out = (int64_t)id;
	return OK;
}

struct str web_field(const struct web_request *r, const char *name)
{
	return find_pair(r->fields, r->field_count, name);
}

struct str web_query(struct ctx *c, const struct web_request *r, const char *name)
{
	struct str value;
	return uri_param(c->arena, r->query, str_of(name), &value) ? value : STR("");
}

struct str web_request_header(const struct web_request *r, const char *name)
{
	return http_header(r->http, name);
}

enum err web_read_body(struct ctx *c, struct web_request *r, const char *type, struct str *out)
{
	enum { STEP = 16384 };
	struct buf body = {.arena = c->arena};
	struct str given = web_request_header(r, "content-type");
	if (!str_eq_nocase(str_trim(str_cut(&given, ';')), str_of(type))) {
		TRY(web_problem(c, r, 415, arena_fmt(c->arena, "send this as %s", type)));
		return fail(c, ERR_UNSUPPORTED, "the body is no %s", type);
	}
	r->http->body_max = r->web->body_max;
	for (size_t got = 1; got;) {
		buf_reserve(&body, STEP);
		TRY(source_read(c, r->http->body, body.at + body.len, STEP, &got));
		body.len += got;
	}
	*out = buf_view(&body);
	return OK;
}

enum err web_read_form(struct ctx *c, struct web_request *r)
{
	struct str rest;
	if (r->http->body_length == 0)
		return OK;
	TRY(web_read_body(c, r, "application/x-www-form-urlencoded", &rest));
	while (rest.len) {
		struct str value = str_cut(&rest, '&');
		struct str name = str_cut(&value, '=');
		struct web_pair *field = &r->fields[r->field_count];
		if (!uri_decode(c->arena, name, true, &field->name) ||
			!uri_decode(c->arena, value, true, &field->value) ||
			!str_is_utf8(field->name) || !str_is_utf8(field->value))
			return fail(c, ERR_INVALID, "the form is not UTF-8 or has a bad %%-escape");
		if (++r->field_count == WEB_FIELDS_MAX && rest.len)
			return fail(
				c, ERR_INVALID, "the form has more than %d fields", WEB_FIELDS_MAX);
	}
	return OK;
}
