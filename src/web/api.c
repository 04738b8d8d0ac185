#include "web/api.h"

#include "base/date.h"
#include "base/hex.h"
#include "base/uri.h"

static bool is_among(struct str name, const char *const *fields)
{
	for (; *fields; fields++)
		if (str_is(name, *fields))
			return true;
	return false;
}

enum err api_body(
	struct ctx *c, struct web_request *r, const char *const *fields, const struct json **out)
{
	struct str text;
	struct json *body;
	TRY(web_read_body(c, r, "application/json", &text));
	TRY_WHILE(c, json_parse(c, text, &body), "reading the body");
	if (body->kind != JSON_OBJECT)
		return fail(c, ERR_INVALID, "the body must be a JSON object");
	*out = body;
	return api_members(c, r, body, fields);
}

enum err api_members(
	struct ctx *c, struct web_request *r, const struct json *object, const char *const *fields)
{
	for (const struct json *member = object->first; member; member = member->next) {
		if (is_among(member->key, fields))
			continue;
		r->field = str_dup(c->arena, member->key);
		struct buf known = {.arena = c->arena};
		for (const char *const *f = fields; *f; f++)
			buf_fmt(&known, "%s%s", f == fields ? "" : ", ", *f);
		return fail(c, ERR_INVALID, "there is no field \"%.*s\" here, only %s",
			(int)(member->key.len > 100 ? 100 : member->key.len), member->key.at,
			buf_text(&known));
	}
	return OK;
}

enum err api_text(struct ctx *c, struct web_request *r, const struct json *body, const char *name,
	struct str *out, bool *given)
{
	const struct json *member = json_get(body, name);
	if (given)
		*given = member != NULL;
	if (!member)
		return OK;
	r->field = name;
	if (member->kind != JSON_STRING)
		return fail(c, ERR_INVALID, "\"%s\" must be a string", name);
	if (memchr(member->text.at, 0, member->text.len))
		return fail(c, ERR_INVALID, "\"%s\" holds a NUL", name);
	*out = member->text;
	r->field = NULL;
	return OK;
}

enum err api_text_needed(struct ctx *c, struct web_request *r, const struct json *body,
	const char *name, struct str *out)
{
	bool given;
	TRY(api_text(c, r, body, name, out, &given));
	if (given)
		return OK;
	r->field = name;
	return fail(c, ERR_INVALID, "\"%s\" is missing", name);
}

enum err api_number(struct ctx *c, struct web_request *r, const struct json *body, const char *name,
	int64_t most, int64_t *out)
{
	const struct json *member = json_get(body, name);
	if (!member)
		return OK;
	r->field = name;
	if (member->kind != JSON_INT || member->integer < 0 || member->integer > most)
		return fail(c, ERR_INVALID, "\"%s\" must be a whole number from 0 to %lld", name,
			(long long)most);
	*out = member->integer;
	r->field = NULL;
	return OK;
}

enum err api_bool(
	struct ctx *c, struct web_request *r, const struct json *body, const char *name, bool *out)
{
	const struct json *member = json_get(body, name);
	if (!member)
		return OK;
	r->field = name;
	if (member->kind != JSON_BOOL)
		return fail(c, ERR_INVALID, "\"%s\" must be true or false", name);
	*out = member->boolean;
	r->field = NULL;
	return OK;
}

enum err api_when(struct ctx *c, struct web_request *r, const struct json *body, const char *name,
	int64_t *out, bool *given)
{
	const struct json *member = json_get(body, name);
	if (given)
		*given = member != NULL;
	if (!member)
		return OK;
	*out = 0;
	if (member->kind == JSON_NULL)
		return OK;
	r->field = name;
	if (member->kind != JSON_STRING || !date_parse(member->text, out))
		return fail(c, ERR_INVALID,
			"\"%s\" must be a time such as 2027-01-31T00:00:00Z, or null", name);
	r->field = NULL;
	return OK;
}

enum err api_permission(struct ctx *c, struct web_request *r, const struct json *body, bool needed,
	enum permission *out)
{
	struct str text = {0};
	if (needed)
		TRY(api_text_needed(c, r, body, "permission", &text));
	else
		TRY(api_text(c, r, body, "permission", &text, NULL));
	if (!text.at)
		return OK;
	r->field = "permission";
	if (!permission_parse(text, out) || *out == PERMISSION_NONE)
		return fail(c, ERR_INVALID, "\"permission\" must be read, write or admin");
	r->field = NULL;
	return OK;
}

enum err api_place(struct ctx *c, struct web_request *r, struct str cursor, size_t *out)
{
	uint64_t before = 0;
	r->field = "cursor";
	if (cursor.len && (!str_to_u64(cursor, &before) || before > UINT32_MAX))
		return fail(c, ERR_INVALID, "\"cursor\" is not one that was given out");
	r->field = NULL;
	*out = (size_t)before;
	return OK;
}

enum err api_page(struct ctx *c, struct web_request *r, struct api_page *out)
{
	return api_page_of(c, r, API_PAGE, API_PAGE_MAX, out);
}

enum err api_page_of(
	struct ctx *c, struct web_request *r, size_t usual, size_t most, struct api_page *out)
{
	struct str limit = web_query(c, r, "limit"), cursor = web_query(c, r, "cursor");
	uint64_t number = usual;
	if (limit.len && (!str_to_u64(limit, &number) || number == 0)) {
		r->field = "limit";
		return fail(c, ERR_INVALID, "\"limit\" must be a number from 1 to %zu", most);
	}
	*out = (struct api_page){.limit = number > most ? most : (size_t)number};
	if (!cursor.len)
		return OK;
	char *plain = arena_alloc(c->arena, cursor.len);
	if (cursor.len % 2 || !hex_decode(cursor.at, cursor.len / 2, plain) ||
		!str_is_utf8(str_from(plain, cursor.len / 2))) {
		r->field = "cursor";
		return fail(c, ERR_INVALID, "\"cursor\" is not one that was given out");
	}
	out->after = str_from(plain, cursor.len / 2);
	return OK;
}

/* The query without `limit` and `cursor`, each part with '&' behind it. */
static struct str rest_of_query(struct ctx *c, struct str query)
{
	struct buf out = {.arena = c->arena};
	while (query.len) {
		struct str part = str_cut(&query, '&');
		if (part.len && !str_starts(part, STR("limit=")) &&
			!str_starts(part, STR("cursor=")))
			buf_fmt(&out, "%.*s&", STR_FMT(part));
	}
	return buf_view(&out);
}

static const char *next_url(
	struct ctx *c, struct web_request *r, const struct api_page *page, struct str last)
{
	char *cursor = arena_alloc(c->arena, last.len * 2 + 1);
	hex_encode(last.at, last.len, cursor);
	cursor[last.len * 2] = 0;
	return arena_fmt(c->arena, "%.*s%.*s?%.*slimit=%zu&cursor=%s", STR_FMT(r->origin),
		STR_FMT(r->path), STR_FMT(rest_of_query(c, r->query)), page->limit, cursor);
}

void api_member_next(struct ctx *c, struct web_request *r, struct json_writer *w,
	const struct api_page *page, struct str last)
{
	const char *url = last.len ? next_url(c, r, page, last) : NULL;
	json_member_cstr(w, "next", url);
	if (url)
		web_header(r, "Link", str_of(arena_fmt(c->arena, "<%s>; rel=\"next\"", url)));
}

void api_begin(struct ctx *c, struct api_reply *reply)
{
	*reply = (struct api_reply){.out = {.arena = c->arena}};
	reply->w.out = &reply->out;
}

void api_list_begin(struct ctx *c, struct api_reply *reply)
{
	api_begin(c, reply);
	json_begin_object(&reply->w);
	json_key(&reply->w, "items");
	json_begin_array(&reply->w);
}

enum err api_list_send(struct ctx *c, struct web_request *r, struct api_reply *reply,
	const struct api_page *page, struct str last)
{
	json_end_array(&reply->w);
	api_member_next(c, r, &reply->w, page, last);
	json_end_object(&reply->w);
	return api_send(c, r, 200, reply);
}

enum err api_send(struct ctx *c, struct web_request *r, int status, struct api_reply *reply)
{
	buf_byte(&reply->out, '\n');
	return web_json(c, r, status, buf_view(&reply->out));
}

void api_time(struct json_writer *w, const char *key, int64_t seconds)
{
	char text[24];
	date_rfc3339(seconds, text);
	json_member_cstr(w, key, seconds ? text : NULL);
}

void api_location(struct ctx *c, struct web_request *r, const char *folder, struct str name)
{
	struct buf path = {.arena = c->arena};
	buf_fmt(&path, "/api/v1/%s/", folder);
	uri_encode(&path, name);
	web_header(r, "Location", buf_view(&path));
}
