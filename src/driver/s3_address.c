#include "driver/s3_address.h"

#include "base/buf.h"
#include "base/uri.h"
#include "driver/s3_sign.h"

enum { BUCKET_LEAST = 3, BUCKET_MAX = 63, PREFIX_MAX = 512, REGION_MAX = 64, HOST_MAX = 253 };

struct parameters {
	struct str endpoint, region, style;
};

static bool all_of(struct str s, const char *more)
{
	for (size_t i = 0; i < s.len; i++) {
		char b = s.at[i];
		bool ok =
			(b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9');
		if (!ok && (b == 0 || !strchr(more, b)))
			return false;
	}
	return true;
}

static enum err check_bucket(struct ctx *c, struct str bucket)
{
	if (str_find(bucket, '@') < bucket.len)
		return fail(c, ERR_INVALID,
			"NIMBUS_BLOB holds keys: they belong in NIMBUS_S3_ACCESS_KEY and "
			"NIMBUS_S3_SECRET_KEY");
	if (bucket.len < BUCKET_LEAST || bucket.len > BUCKET_MAX || !all_of(bucket, "._-") ||
		*bucket.at == '.' || str_find_str(bucket, STR("..")) < bucket.len)
		return fail(c, ERR_INVALID, "NIMBUS_BLOB: \"%.*s\" is no name of a bucket",
			STR_FMT(str_until(bucket, 2 * BUCKET_MAX)));
	return OK;
}

static enum err read_prefix(struct ctx *c, struct str text, struct str *out)
{
	struct str prefix = {0};
	bool ok = uri_decode(c->arena, text, false, &prefix) && prefix.len <= PREFIX_MAX &&
		  str_is_utf8(prefix);
	(void)str_skip_end(&prefix, STR("/"));
	for (size_t i = 0; ok && i < prefix.len; i++)
		ok = (uint8_t)prefix.at[i] >= 0x20 && prefix.at[i] != 0x7f;
	struct str rest = prefix;
	/* Whatever lies between may make another path of these. */
	while (ok && rest.len) {
		struct str segment = str_cut(&rest, '/');
		ok = segment.len && !str_is(segment, ".") && !str_is(segment, "..");
	}
	if (!ok)
		return fail(c, ERR_INVALID,
			"NIMBUS_BLOB: what follows the bucket is no prefix of keys: UTF-8 of at "
			"most "
			"%d bytes, percent-encoded, no empty segment, \".\" or \"..\"",
			PREFIX_MAX);
	*out = prefix.len ? str_of(arena_fmt(c->arena, "%.*s/", STR_FMT(prefix))) : prefix;
	return OK;
}

static enum err read_parameters(struct ctx *c, struct str query, struct parameters *out)
{
	while (query.len) {
		struct str value = str_cut(&query, '&'), name = str_cut(&value, '=');
		struct str *to = str_is(name, "endpoint") ? &out->endpoint
				 : str_is(name, "region") ? &out->region
				 : str_is(name, "style")  ? &out->style
							  : NULL;
		if (!to)
			return fail(c, ERR_INVALID,
				"NIMBUS_BLOB: \"%.*s\" is no parameter: there are endpoint, region "
				"and "
				"style",
				STR_FMT(str_until(name, 100)));
		if (to->len)
			return fail(c, ERR_INVALID, "NIMBUS_BLOB names %.*s twice", STR_FMT(name));
		if (!value.len || !uri_decode(c->arena, value, false, to))
			return fail(c, ERR_INVALID,
				"NIMBUS_BLOB: the value of %.*s is missing or "
				"badly encoded",
				STR_FMT(name));
	}
	return OK;
}

static bool is_port(struct str text)
{
	uint64_t port;
	return str_to_u64(text, &port) && port > 0 && port < 65536;
}

/* A name, an IPv4 address, or an IPv6 address in brackets. */
static bool is_host(struct str host)
{
	if (str_skip(&host, STR("[")))
		return str_skip_end(&host, STR("]")) && host.len && all_of(host, ":.");
	return host.len && host.len <= HOST_MAX && all_of(host, ".-_") && *host.at != '.' &&
	       *host.at != '-';
}

/* "https://host:port" in its parts; the port that goes without saying is left away. */
static bool read_origin(struct ctx *c, struct str rest, struct str *scheme, struct str *host)
{
	struct str port = {0};
	bool secure = str_skip(&rest, STR("https://"));
	bool ok = secure || str_skip(&rest, STR("http://"));
	size_t colon = str_find_last(rest, ':');
	bool has_port = colon < rest.len && !str_ends(rest, STR("]"));
	if (has_port)
		port = str_from_index(rest, colon + 1), rest = str_until(rest, colon);
	*scheme = secure ? STR("https") : STR("http");
	*host = rest;
	if (has_port && !str_is(port, secure ? "443" : "80"))
		*host = str_of(arena_fmt(c->arena, "%.*s:%.*s", STR_FMT(rest), STR_FMT(port)));
	return ok && is_host(rest) && (!has_port || is_port(port));
}

static enum err read_endpoint(struct ctx *c, struct str text, struct str *scheme, struct str *host)
{
	struct str origin = text;
	(void)str_skip_end(&origin, STR("/"));
	if (read_origin(c, origin, scheme, host))
		return OK;
	return fail(c, ERR_INVALID,
		"NIMBUS_BLOB: endpoint=%.*s is no address such as https://s3.example.org:9000",
		STR_FMT(str_until(text, 200)));
}

/* Segments that no one writes in another way, or takes for a step up. */
static bool is_plain_path(struct str path)
{
	bool ok = path.len <= PREFIX_MAX && all_of(path, "/._-");
	while (ok && path.len) {
		struct str segment = str_cut(&path, '/');
		ok = segment.len && !str_is(segment, ".") && !str_is(segment, "..");
	}
	return ok;
}

enum err s3_address_public(struct ctx *c, struct str url, struct s3_address *a)
{
	struct str text = url, scheme;
	(void)str_skip_end(&text, STR("/"));
	size_t authority = str_find_str(text, STR("://")) + strlen("://");
	struct str path = str_from_index(text, authority);
	authority += str_cut(&path, '/').len;
	if (!read_origin(c, str_until(text, authority), &scheme, &a->host) || !is_plain_path(path))
		return fail(c, ERR_INVALID,
			"NIMBUS_S3_PUBLIC_URL=%.*s is no address of a bucket such as "
			"https://s3.example.org/packs or https://packs.s3.example.org",
			STR_FMT(str_until(url, 200)));
	a->origin = str_of(arena_fmt(c->arena, "%.*s://%.*s", STR_FMT(scheme), STR_FMT(a->host)));
	a->root = path.len ? str_of(arena_fmt(c->arena, "/%.*s", STR_FMT(path))) : path;
	return OK;
}

static enum err use_style(struct ctx *c, const struct parameters *p, struct str scheme,
	struct str host, struct s3_address *out)
{
	bool dotted = str_find(out->bucket, '.') < out->bucket.len;
	bool is_virtual = p->style.len ? str_is(p->style, "virtual") : !p->endpoint.len && !dotted;
	if (p->style.len && !is_virtual && !str_is(p->style, "path"))
		return fail(c, ERR_INVALID, "NIMBUS_BLOB: style=%.*s is neither path nor virtual",
			STR_FMT(str_until(p->style, 100)));
	struct buf root = {.arena = c->arena};
	if (is_virtual) {
		host = str_of(
			arena_fmt(c->arena, "%.*s.%.*s", STR_FMT(out->bucket), STR_FMT(host)));
	} else {
		buf_byte(&root, '/');
		s3_path(&root, out->bucket);
	}
	out->root = buf_view(&root);
	out->host = host;
	out->origin = str_of(arena_fmt(c->arena, "%.*s://%.*s", STR_FMT(scheme), STR_FMT(host)));
	return OK;
}

enum err s3_address_parse(struct ctx *c, struct str url, struct str region, struct s3_address *out)
{
	struct parameters p = {0};
	struct str rest = url, query, scheme = STR("https"), host = {0};
	*out = (struct s3_address){0};
	if (!str_skip(&rest, STR("s3://")))
		return fail(c, ERR_INVALID,
			"NIMBUS_BLOB=%.*s is neither empty nor s3://BUCKET[/PREFIX]?endpoint=…",
			STR_FMT(str_until(url, 100)));
	query = rest;
	rest = str_cut(&query, '?');
	out->bucket = str_cut(&rest, '/');
	TRY(check_bucket(c, out->bucket));
	TRY(read_prefix(c, rest, &out->prefix));
	TRY(read_parameters(c, query, &p));
	out->region = p.region.len ? p.region : region.len ? region : STR("us-east-1");
	if (out->region.len > REGION_MAX || !all_of(out->region, "-_"))
		return fail(c, ERR_INVALID, "NIMBUS_BLOB: \"%.*s\" is no name of a region",
			STR_FMT(str_until(out->region, 100)));
	if (p.endpoint.len)
		TRY(read_endpoint(c, p.endpoint, &scheme, &host));
	else
		host = str_of(arena_fmt(c->arena, "s3.%.*s.amazonaws.com", STR_FMT(out->region)));
	return use_style(c, &p, scheme, host, out);
}
