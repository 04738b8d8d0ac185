#include "base/zip.h"
#include "web/internal.h"

enum { GZIP_LEVEL = 5, GZIP_LEAST = 1024 };

static bool is_text(const char *type)
{
	static const char *const types[] = {"text/", "application/json", "application/problem+json",
		"image/svg+xml", "application/x-nimbus"};
	for (size_t i = 0; type && i < sizeof types / sizeof *types; i++)
		if (str_starts(str_of(type), str_of(types[i])))
			return true;
	return false;
}

/* "gzip" in a list such as "br;q=1.0, gzip;q=0.8"; not where its weight is 0. */
static bool is_wanted(const struct web_request *r)
{
	struct str rest = web_request_header(r, "accept-encoding");
	while (rest.len) {
		struct str weight = str_cut(&rest, ',');
		if (!str_eq_nocase(str_trim(str_cut(&weight, ';')), STR("gzip")))
			continue;
		weight = str_trim(weight);
		if (!str_skip(&weight, STR("q=0")))
			return true;
		for (size_t i = 0; i < weight.len; i++)
			if (weight.at[i] >= '1' && weight.at[i] <= '9')
				return true;
		return false;
	}
	return false;
}

static enum err pack(struct ctx *c, struct str body, struct str *out)
{
	struct deflate *z;
	size_t cap = zip_deflate_bound(body.len) + 64;
	char *packed = arena_raw(c->arena, cap);
	struct zip_io io = {body.at, body.len, packed, cap};
	bool done;
	TRY(deflate_open(c, ZIP_GZIP, GZIP_LEVEL, &z));
	enum err err = deflate_step(c, z, &io, true, &done);
	deflate_close(z);
	if (!err && !done)
		return fail(c, ERR_TOO_BIG, "the reply does not fit when it is packed");
	*out = str_from(packed, io.out_len);
	return err;
}

/* The same bytes are not behind it any more: a weak tag says that they mean the same. */
static void weaken_tag(struct ctx *c, struct web_request *r)
{
	for (size_t i = 0; i < r->header_count; i++) {
		struct str *value = &r->headers[i].value;
		if (str_eq_nocase(r->headers[i].name, STR("etag")) && str_starts(*value, STR("\"")))
			*value = str_of(arena_fmt(c->arena, "W/%.*s", STR_FMT(*value)));
	}
}

/*
 * What holds a secret (a form's token) beside text that others choose is sent as it is: its packed
 * length would tell.
 */
enum err web_gzip(struct ctx *c, struct web_request *r, const char *type, struct str *body)
{
	if (body->len < GZIP_LEAST || r->session || !str_is(r->method, "GET") || !is_text(type) ||
		!is_wanted(r))
		return OK;
	TRY(pack(c, *body, body));
	weaken_tag(c, r);
	web_header(r, "Content-Encoding", STR("gzip"));
	return OK;
}
