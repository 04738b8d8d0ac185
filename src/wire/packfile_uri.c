#include "wire/packfile_uri.h"

#include "base/uri.h"
#include "core/pack_file.h"
#include "net/range.h"

enum {
	WORTH_A_REQUEST = 1 << 20, /* bytes of a pack */
};

/* The scheme of `url` is among them. */
static bool takes(struct str protocols, struct str url)
{
	struct str scheme = str_until(url, str_find(url, ':'));
	bool found = false;
	while (scheme.len && protocols.len && !found)
		found = str_eq(str_cut(&protocols, ','), scheme);
	return found;
}

/* The pack below our own `origin`. */
static enum err own_uri(struct ctx *c, const struct fetch *f, const struct oid *pack,
	struct str origin, struct str *uri)
{
	struct pack_proof proof;
	const char *query = "";
	char hex[OID_HEX_MAX];
	TRY(pack_file_proof(c, f->core, &f->repo, pack, &proof));
	if (proof.signature.len)
		query = arena_fmt(c->arena, "?expires=%.*s&signature=%.*s", STR_FMT(proof.expires),
			STR_FMT(proof.signature));
	*uri = str_of(
		arena_fmt(c->arena, "%.*s/%.*s.git/" PACKFILE_PREFIX "%s" PACKFILE_SUFFIX "%s",
			STR_FMT(origin), STR_FMT(f->repo.name), oid_hex(pack, hex), query));
	return OK;
}

enum err packfile_uri_section(
	struct ctx *c, struct fetch *f, struct str protocols, struct str origin, struct lines *to)
{
	struct core *core = f->core;
	bool direct = core->bucket_url && takes(protocols, str_of(core->bucket_url));
	if (!direct && !(core->nonce_key.len && takes(protocols, origin)))
		return OK;
	TRY(fetch_apart(c, f, WORTH_A_REQUEST));
	if (!f->apart.len)
		return OK;
	TRY(lines_fmt(c, to, "packfile-uris\n"));
	for (size_t i = 0; i < f->apart.len; i++) {
		const struct oid *pack = &f->apart.at[i];
		struct str uri = {0};
		char hex[OID_HEX_MAX];
		TRY(direct ? pack_file_address(c, core, &f->repo, pack, &uri)
			   : own_uri(c, f, pack, origin, &uri));
		TRY(lines_fmt(c, to, "%s %.*s\n", oid_hex(pack, hex), STR_FMT(uri)));
	}
	lines_delim(to);
	return OK;
}

/*
 * A pack never changes. What anybody may read a shared cache may keep too, for as long as a proof
 * would be good: then it has to ask whether anybody still may.
 */
static struct str set_headers(
	struct http_exchange *x, const struct pack_file *file, struct str hash)
{
	struct arena *a = x->ctx->arena;
	struct str tag = str_of(arena_fmt(a, "\"%.*s\"", STR_FMT(hash)));
	http_set(x, "ETag", tag);
	http_set(x, "Accept-Ranges", STR("bytes"));
	http_set(x, "X-Content-Type-Options", STR("nosniff"));
	http_set(x, "Cache-Control",
		str_of(arena_fmt(a, "%s, max-age=%d, immutable", file->open ? "public" : "private",
			PACK_FILE_SECONDS)));
	return tag;
}

static bool has_tag(struct str list, struct str tag)
{
	bool found = false;
	while (list.len && !found) {
		struct str one = str_trim(str_cut(&list, ','));
		(void)str_skip(&one, STR("W/"));
		found = str_is(one, "*") || str_eq(one, tag);
	}
	return found;
}

/* The part that is asked for, unless it is of something else than what is here (If-Range). */
static enum http_range range_of(
	const struct http_exchange *x, struct str tag, uint64_t size, uint64_t *at, uint64_t *len)
{
	struct str condition = http_header(x, "if-range"), none = {0};
	bool applies = str_is(x->method, "GET") && (!condition.len || str_eq(condition, tag));
	return http_range(applies ? http_header(x, "range") : none, size, at, len);
}

static enum err send_file(struct http_exchange *x, const struct pack_file *file, struct str hash)
{
	struct ctx *c = x->ctx;
	uint64_t size = file->bytes->size, at = 0, len = 0;
	struct sink *to = NULL;
	struct str tag = set_headers(x, file, hash);
	if (has_tag(http_header(x, "if-none-match"), tag))
		return http_reply(x, 304, NULL, STR(""));
	enum http_range range = range_of(x, tag, size, &at, &len);
	if (range == HTTP_RANGE_OUTSIDE) {
		http_set(x, "Content-Range",
			str_of(arena_fmt(c->arena, "bytes */%llu", (unsigned long long)size)));
		return http_reply(
			x, 416, "text/plain; charset=utf-8", STR("the pack has no such bytes\n"));
	}
	if (range == HTTP_RANGE_PART)
		http_set(x, "Content-Range",
			str_of(arena_fmt(c->arena, "bytes %llu-%llu/%llu", (unsigned long long)at,
				(unsigned long long)(at + len - 1), (unsigned long long)size)));
	http_set(x, "Content-Type", STR("application/x-git-packed-objects"));
	TRY(http_begin(x, range == HTTP_RANGE_PART ? 206 : 200, len, &to));
	TRY(sink_copy(c, to, file->bytes, at, len));
	return http_end(x);
}

enum err packfile_uri_serve(struct core *core, const struct actor *who, struct str repo,
	struct str hash, struct http_exchange *x)
{
	struct ctx *c = x->ctx;
	struct pack_file_ask ask = {.name = repo, .hash = hash};
	struct pack_file file;
	uri_param(c->arena, x->query, STR("expires"), &ask.proof.expires);
	uri_param(c->arena, x->query, STR("signature"), &ask.proof.signature);
	TRY(pack_file_open(c, core, who, &ask, &file));
	enum err err = send_file(x, &file, hash);
	pack_file_close(&file);
	return err;
}
