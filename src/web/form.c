#include "base/uri.h"
#include "core/push_spool.h"
#include "web/internal.h"
#include "web/multipart.h"

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

enum err web_param_number(struct ctx *c, const struct web_request *r, const char *name,
	const char *what, int64_t *out)
{
	uint64_t number = 0;
	*out = 0;
	if (!str_to_u64(web_param(r, name), &number) || !number || number > INT64_MAX)
		return fail(c, ERR_NOT_FOUND, "there is no such %s", what);
	*out = (int64_t)number;
	return OK;
}

enum err web_param_id(struct ctx *c, const struct web_request *r, const char *what, int64_t *out)
{
	return web_param_number(c, r, "id", what, out);
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
	if (r->body.at) {
		*out = r->body;
		return OK;
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

enum { PIECE = 64 << 10, UPLOAD_MEMORY = 64 << 10 };

/* A field of a form with files. All of them together have a cap. */
static enum err read_text(
	struct ctx *c, struct web_request *r, struct source *from, struct str name, uint64_t *left)
{
	struct buf text = {.arena = c->arena};
	if (r->field_count == WEB_FIELDS_MAX)
		return fail(c, ERR_INVALID, "the form has more than %d fields", WEB_FIELDS_MAX);
	for (size_t got = 1; got; *left -= got) {
		buf_reserve(&text, PIECE);
		TRY(source_read(c, from, text.at + text.len, PIECE, &got));
		text.len += got;
		if (got > *left)
			return fail(c, ERR_TOO_BIG,
				"there is more text in the form than the %llu "
				"bytes that it may have (NIMBUS_BODY_MAX)",
				(unsigned long long)web_text_max(r));
	}
	r->fields[r->field_count++] = (struct web_pair){name, buf_view(&text)};
	if (!str_is_utf8(name) || !str_is_utf8(buf_view(&text)))
		return fail(c, ERR_INVALID, "the form is not UTF-8");
	return OK;
}

/* A file of it, into a spool that lasts as long as the request. */
static enum err read_file(struct ctx *c, struct web_request *r, struct source *from,
	const struct multipart_part *part, uint64_t *left)
{
	struct push_spools spools;
	char *piece = arena_raw(c->arena, PIECE);
	if (r->upload_count == WEB_UPLOADS_MAX)
		return fail(c, ERR_TOO_BIG, "a form takes at most %d files", WEB_UPLOADS_MAX);
	if (!r->uploads)
		r->uploads = NEW_ARRAY(c->arena, struct web_upload, WEB_UPLOADS_MAX);
	push_spools_init(&spools, r->core->blob, UPLOAD_MEMORY);
	struct web_upload *upload = &r->uploads[r->upload_count];
	upload->field = part->name;
	upload->name = part->file_name;
	TRY(spool_make(c, &spools.maker, &upload->spool));
	r->upload_count++;
	for (size_t got = 1; got; *left -= got) {
		TRY(source_read(c, from, piece, PIECE, &got));
		if (got > *left)
			return fail(c, ERR_TOO_BIG,
				"these files are over the %llu bytes that may be sent at once "
				"(NIMBUS_UPLOAD_MAX): push them with git",
				(unsigned long long)r->web->upload_max);
		TRY(spool_append(c, upload->spool, piece, got));
	}
	return OK;
}

static enum err read_parts(struct ctx *c, struct web_request *r, struct multipart *m)
{
	uint64_t text_left = web_text_max(r), file_left = r->web->upload_max;
	for (bool more = true;;) {
		struct multipart_part part;
		TRY(multipart_next(c, m, &part, &more));
		if (!more)
			return OK;
		if (!part.is_file) {
			TRY(read_text(c, r, &m->part, part.name, &text_left));
			continue;
		}
		/* Nothing is taken in from a page that is not ours. */
		TRY(web_check_csrf(c, r));
		if (part.file_name.len)
			TRY(read_file(c, r, &m->part, &part, &file_left));
	}
}

/* Whoever is nobody sends no files; how long it takes is the sender's business, as with a push. */
static enum err read_multipart(struct ctx *c, struct web_request *r)
{
	struct multipart m;
	int64_t deadline = c->deadline, began = c->world->monotonic();
	if (actor_is_anonymous(&r->who))
		return fail(c, ERR_UNAUTH, "sign in first");
	TRY(web_check_site(c, r));
	r->http->body_max = web_text_max(r) + r->web->upload_max + WEB_UPLOADS_MAX * PIECE;
	TRY(multipart_open(c, &m, web_request_header(r, "content-type"), r->http->body));
	c->deadline = 0;
	TRY(read_parts(c, r, &m));
	char past[512];
	for (size_t got = 1; got;)
		TRY(source_read(c, r->http->body, past, sizeof past, &got));
	c->deadline = deadline + c->world->monotonic() - began;
	return OK;
}

uint64_t web_text_max(const struct web_request *r)
{
	/* A file's text, whose lines may come a byte longer each, and what else there is. */
	return 2 * r->core->limits.page_blob_max + r->web->body_max;
}

uint64_t web_upload_max(const struct web_request *r)
{
	return r->web->upload_max;
}

void web_close_uploads(struct web_request *r)
{
	for (size_t i = 0; i < r->upload_count; i++)
		extent_close(&r->uploads[i].spool->extent);
	r->upload_count = 0;
}

enum err web_read_form(struct ctx *c, struct web_request *r)
{
	struct str rest;
	if (r->http->body_length == 0)
		return OK;
	if (multipart_is(web_request_header(r, "content-type")))
		return read_multipart(c, r);
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
