#include "base/zip.h"
#include "web/internal.h"

enum {
	GZIP_LEVEL =
		1, /* a page is packed once and sent once: more takes longer than the bytes do */
	GZIP_LEAST = 1024,
	GZIP_HEAD = 10,
	GZIP_TAIL = 8,
	ZLIB_HEAD = 2,
	ZLIB_TAIL = 4,
};

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

static void put_le32(char *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (char)(value >> 8 * i);
}

/* What the host packs as a zlib stream (RFC 1950), between head and tail of gzip (RFC 1952). */
static struct str pack(struct ctx *c, struct str body)
{
	static const char head[GZIP_HEAD] = {0x1f, (char)0x8b, 8, 0, 0, 0, 0, 0, 0, (char)0xff};
	size_t before = GZIP_HEAD - ZLIB_HEAD, cap = zip_deflate_bound(body.len);
	char *packed = arena_raw(c->arena, before + cap + GZIP_TAIL);
	size_t len = zip_deflate(body.at, body.len, packed + before, cap, GZIP_LEVEL);
	char *tail = packed + before + len - ZLIB_TAIL;
	memcpy(packed, head, GZIP_HEAD);
	put_le32(tail, zip_crc32(0, body.at, body.len));
	put_le32(tail + 4, (uint32_t)body.len);
	return str_from(packed, (size_t)(tail - packed) + GZIP_TAIL);
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
 * What holds a secret beside text that others choose is sent as it is: its packed length would tell. A
 * form's token is no such secret (session_csrf), what must not be stored is.
 */
bool web_may_gzip(const struct web_request *r)
{
	for (size_t i = 0; i < r->header_count; i++) {
		struct str value = r->headers[i].value;
		if (str_eq_nocase(r->headers[i].name, STR("Cache-Control")) &&
			str_find_str(value, STR("no-store")) < value.len)
			return false;
	}
	return str_is(r->method, "GET") && is_wanted(r);
}

enum err web_gzip(struct ctx *c, struct web_request *r, const char *type, struct str *body)
{
	if (body->len < GZIP_LEAST || !is_text(type) || !web_may_gzip(r))
		return OK;
	*body = pack(c, *body);
	weaken_tag(c, r);
	web_header(r, "Content-Encoding", STR("gzip"));
	return OK;
}
