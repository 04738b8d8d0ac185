#include "base/map.h"
#include "core/browse.h"
#include "web/internal.h"

/* A script of ours has no way to make markup of text. */
#define SCRIPT_POLICY \
	"; script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"

/* One that draws, with our module: what it makes markup of passes by one policy's name. */
#define MODULE_POLICY                                                                     \
	"; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; " \
	"require-trusted-types-for 'script'; trusted-types nimbus"

#define DATA_POLICY "default-src 'none'; frame-ancestors 'none'; sandbox"

void web_header(struct web_request *r, const char *name, struct str value)
{
	for (size_t i = 0; i < value.len; i++)
		ASSERT((unsigned char)value.at[i] >= ' ' && value.at[i] != 0x7f);
	struct str key = str_of(name);
	for (size_t i = 0; i < r->header_count; i++)
		if (str_eq_nocase(r->headers[i].name, key)) {
			r->headers[i].value = value;
			return;
		}
	ASSERT(r->header_count < WEB_HEADERS_MAX);
	r->headers[r->header_count++] = (struct web_pair){key, value};
}

/* Pages are complete without a script, and most have none. Pictures are ours, and of hosts that the owner named. */
static struct str html_policy(const struct web_request *r, const char *more)
{
	return str_of(arena_fmt(r->http->ctx->arena,
		"default-src 'none'; style-src 'self'; img-src 'self' data:%.*s; font-src 'self'; "
		"manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action "
		"'self'%s",
		STR_FMT(r->core->image_hosts.sources), more));
}

void web_allow_script(struct web_request *r)
{
	web_header(r, "Content-Security-Policy", html_policy(r, SCRIPT_POLICY));
}

void web_allow_nothing(struct web_request *r)
{
	web_header(r, "Content-Security-Policy", html_policy(r, ""));
}

void web_allow_module(struct web_request *r)
{
	web_header(r, "Content-Security-Policy", html_policy(r, MODULE_POLICY));
}

static bool is_set(const struct web_request *r, const char *name)
{
	for (size_t i = 0; i < r->header_count; i++)
		if (str_eq_nocase(r->headers[i].name, str_of(name)))
			return true;
	return false;
}

void web_allow_besides(struct web_request *r, const char *directives)
{
	struct str policy = html_policy(r, "");
	for (size_t i = 0; i < r->header_count; i++)
		if (str_eq_nocase(r->headers[i].name, STR("Content-Security-Policy")))
			policy = r->headers[i].value;
	web_header(r, "Content-Security-Policy",
		str_of(arena_fmt(r->http->ctx->arena, "%.*s; %s", STR_FMT(policy), directives)));
}

/* A header that every reply has unless the handler set another. */
static void standing(struct web_request *r, const char *name, const char *value)
{
	if (!is_set(r, name))
		http_set(r->http, name, str_of(value));
}

const char *web_retry_after(struct ctx *c, int status)
{
	if (c->retry_after)
		return arena_fmt(c->arena, "%lld", (long long)c->retry_after);
	return status == 429 ? "60" : "5";
}

enum err web_begin(
	struct web_request *r, int status, const char *type, uint64_t length, struct sink **out)
{
	bool html = type && str_starts(str_of(type), STR("text/html"));
	if (html && r->form_target.len)
		web_header(r, "Content-Security-Policy",
			html_policy(r,
				arena_fmt(r->http->ctx->arena, " %.*s", STR_FMT(r->form_target))));
	if (type)
		standing(r, "Content-Type", type);
	/* A browser takes the headers of a 304 for those of what it has: that keeps its own policy. */
	if (status != 304)
		standing(r, "Content-Security-Policy", html ? html_policy(r, "").at : DATA_POLICY);
	standing(r, "X-Content-Type-Options", "nosniff");
	standing(r, "Referrer-Policy", "same-origin");
	standing(r, "Cross-Origin-Opener-Policy", "same-origin");
	standing(r, "Cross-Origin-Resource-Policy", "same-origin");
	standing(r, "Cache-Control", status < 400 ? "private, no-cache" : "no-store");
	standing(r, "Vary", "Accept, Accept-Encoding, Authorization, Cookie");
	if (status == 429 || status == 503)
		standing(r, "Retry-After", web_retry_after(r->http->ctx, status));
	/* A browser keeps to it for a year: not for a name that was only tried out. */
	if (str_starts(str_of(r->core->base_url), STR("https://")))
		standing(r, "Strict-Transport-Security", "max-age=31536000");
	for (size_t i = 0; i < r->header_count; i++)
		http_set(r->http, r->headers[i].name.at, r->headers[i].value);
	return http_begin(r->http, status, length, out);
}

/* Who asks again for what was not whole yet is to see more of it. */
static void forget_tag(struct web_request *r)
{
	size_t kept = 0;
	for (size_t i = 0; i < r->header_count; i++)
		if (!str_eq_nocase(r->headers[i].name, STR("ETag")) &&
			!str_eq_nocase(r->headers[i].name, STR("Cache-Control")))
			r->headers[kept++] = r->headers[i];
	r->header_count = kept;
}

static enum err reply(
	struct ctx *c, struct web_request *r, int status, const char *type, struct str body)
{
	struct sink *out;
	bool partial = status == 200 && r->shown && browse_is_partial(c, r->shown);
	web_keep_answer(c, r, status, body);
	if (partial)
		forget_tag(r);
	TRY(web_gzip(c, r, type, &body));
	if (status == 200 && !partial)
		web_keep_made(c, r, type, body);
	TRY(web_begin(r, status, type, body.len, &out));
	TRY(sink_write(c, out, body.at, body.len));
	return http_end(r->http);
}

enum err web_html(struct ctx *c, struct web_request *r, int status, struct str html)
{
	return reply(c, r, status, "text/html; charset=utf-8", html);
}

/* Of what follows a type in Accept ("q=0.5"): a weight of 0 is a no. */
static bool is_refused(struct str parameters)
{
	while (parameters.len) {
		struct str one = str_trim(str_cut(&parameters, ';'));
		if (str_skip(&one, STR("q=")) || str_skip(&one, STR("Q=")))
			return str_is(one, "0") || str_is(one, "0.0") || str_is(one, "0.00") ||
			       str_is(one, "0.000");
	}
	return false;
}

/* Is `type` in Accept as such, or (if `ranges`) by a range of types that has it? */
static bool is_in_accept(const struct web_request *r, struct str type, bool ranges)
{
	struct str rest = web_request_header(r, "accept");
	struct str family = str_until(type, str_find(type, '/') + 1);
	while (rest.len) {
		struct str parameters = str_cut(&rest, ',');
		struct str one = str_trim(str_cut(&parameters, ';'));
		bool same = str_eq_nocase(one, type);
		if (ranges && str_skip_end(&one, STR("*")))
			same = str_is(one, "*/") || str_eq_nocase(one, family);
		if (same && !is_refused(parameters))
			return true;
	}
	return false;
}

bool web_accepts(const struct web_request *r, const char *type)
{
	return !web_request_header(r, "accept").len || is_in_accept(r, str_of(type), true);
}

bool web_wants(const struct web_request *r, const char *type)
{
	return is_in_accept(r, str_of(type), false) &&
	       !is_in_accept(r, STR("application/json"), false);
}

enum err web_json(struct ctx *c, struct web_request *r, int status, struct str json)
{
	bool asked = status == 200 && str_is(r->method, "GET");
	if (asked && !r->probing && !web_accepts(r, "application/json"))
		return web_problem(
			c, r, 406, "this is application/json, which your Accept header leaves out");
	if (asked && !is_set(r, "ETag")) {
		uint64_t hash = bytes_hash(r->untold, json.at, json.len);
		char tag[17];
		fmt_into(tag, sizeof tag, "%016llx", (unsigned long long)hash);
		if (web_is_fresh(r, str_of(tag)))
			return web_not_modified(c, r);
	}
	if (r->probing)
		return OK;
	return reply(c, r, status, "application/json", json);
}

enum err web_text(struct ctx *c, struct web_request *r, int status, struct str text)
{
	return reply(c, r, status, "text/plain; charset=utf-8", text);
}

enum err web_bytes(struct ctx *c, struct web_request *r, const char *type, struct str bytes)
{
	return reply(c, r, 200, type, bytes);
}

enum err web_no_content(struct ctx *c, struct web_request *r)
{
	return reply(c, r, 204, NULL, STR(""));
}

enum err web_redirect(struct ctx *c, struct web_request *r, const char *path)
{
	ASSERT(web_is_local_path(str_of(path)));
	web_header(r, "Location", str_of(path));
	return reply(c, r, 303, NULL, STR(""));
}

enum err web_redirect_away(struct ctx *c, struct web_request *r, struct str url)
{
	web_header(r, "Location", url);
	return reply(c, r, 303, NULL, STR(""));
}

enum err web_stream(
	struct ctx *c, struct web_request *r, const char *type, uint64_t length, struct sink **out)
{
	/* How long a download takes is the reader's business; a stalled one is the edge's. */
	c->deadline = 0;
	return web_begin(r, 200, type, length, out);
}

enum err web_stream_end(struct web_request *r)
{
	return http_end(r->http);
}

/* What all pages rest on besides what they are of: the server's settings, and as which it was reached. */
static uint64_t hash_settings(const struct web_request *r)
{
	const struct core *core = r->core;
	struct str pictures = core->image_hosts.sources;
	uint64_t hash = bytes_hash(1, r->web->version, strlen(r->web->version));
	hash = bytes_hash(hash, r->origin.at, r->origin.len);
	hash = bytes_hash(hash, pictures.at, pictures.len);
	return bytes_hash(hash, &core->limits.page_blob_max, sizeof core->limits.page_blob_max);
}

/*
 * Two people may see different pages of one state (and every form holds a token of their session), so who
 * they are is part of the tag.
 */
bool web_is_fresh(struct web_request *r, struct str tag)
{
	struct arena *a = r->http->ctx->arena;
	uint64_t hash = bytes_hash(hash_settings(r), r->who.username.at, r->who.username.len);
	if (r->session)
		hash = bytes_hash(hash, r->session->csrf, strlen(r->session->csrf));
	struct str quoted = str_of(arena_fmt(
		a, "\"%.*s-%llx\"", STR_FMT(tag), (unsigned long long)(hash & 0xffffffff)));
	web_header(r, "ETag", quoted);
	if (r->probing)
		return false;
	struct str rest = web_request_header(r, "if-none-match");
	if (str_is(rest, "*"))
		return true;
	while (rest.len) {
		struct str have = str_trim(str_cut(&rest, ','));
		(void)str_skip(&have, STR("W/"));
		if (str_eq(have, quoted))
			return true;
	}
	return false;
}

enum err web_not_modified(struct ctx *c, struct web_request *r)
{
	return reply(c, r, 304, NULL, STR(""));
}
