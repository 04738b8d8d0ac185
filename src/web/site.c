#include "web/site.h"

#include "core/instance.h"
#include "core/permit.h"
#include "view/html.h"
#include "web/assets.h"
#include "web/handlers.h"
#include "web/internal.h"

static bool is_safe(const struct web_request *r)
{
	return str_is(r->method, "GET") || str_is(r->method, "OPTIONS");
}

static enum err permit_route(struct ctx *c, const struct web_request *r, const struct route *route)
{
	if (route->needs == ROUTE_OWNER)
		return permit_owner_early(c, &r->who);
	if (route->needs >= ROUTE_USER && actor_is_anonymous(&r->who))
		return fail(c, ERR_UNAUTH, "sign in first");
	return OK;
}

/* What else proves somebody does so with each request. */
bool web_must_prove(const struct web_request *r)
{
	const struct session *s = r->session;
	return s && s->now - s->proved >= r->core->limits.proof_seconds;
}

/* Who must have a second factor first, finds only where to add one. */
static enum err lead_to_enrol(struct ctx *c, struct web_request *r)
{
	if (r->api)
		return fail(c, ERR_DENIED,
			"everybody must have a second factor here: add one on /account/factors");
	return web_redirect(c, r, "/account/factors");
}

/* Adding one may need a proof, and that may be a provider's. */
static bool must_enrol(const struct web_request *r, const struct route *route)
{
	static const char *const open[] = {
		"/prove", "/prove/{provider}", "/sign-in/{provider}/return", "/sign-out"};
	struct str path = str_of(route->pattern);
	bool leads_there = str_starts(path, STR("/account/factors"));
	for (size_t i = 0; i < sizeof open / sizeof *open; i++)
		leads_there = leads_there || str_is(path, open[i]);
	return r->session && r->session->must_enrol && !leads_there;
}

static enum err handle(struct ctx *c, struct web_request *r, const struct route_match *match)
{
	memcpy(r->params, match->params, sizeof r->params);
	r->param_count = match->param_count;
	struct str repo = web_param(r, "name");
	if (repo.len)
		r->http->what = str_dup(c->arena, repo);
	if (!is_safe(r) && !r->api)
		TRY(web_read_form(c, r));
	if (!is_safe(r))
		TRY(web_check_csrf(c, r));
	TRY(permit_route(c, r, match->route));
	if (must_enrol(r, match->route))
		return lead_to_enrol(c, r);
	if (match->route->needs == ROUTE_PROVED && web_must_prove(r))
		return web_ask_proof(c, r);
	bool answered;
	if (r->api && !is_safe(r)) {
		TRY(web_check_unchanged(c, r, &answered));
		if (answered)
			return OK;
	}
	if (r->api && str_is(r->method, "POST"))
		return web_once(c, r, match->route->handler);
	return web_tell_changed(c, r, match->route->handler(c, r));
}

static enum err redirect_bare(struct ctx *c, struct web_request *r)
{
	struct str path = r->path;
	while (path.len > 1 && str_skip_end(&path, STR("/")))
		;
	const char *to = arena_fmt(
		c->arena, "%.*s%s%.*s", STR_FMT(path), r->query.len ? "?" : "", STR_FMT(r->query));
	/* The query too is the client's: it may hold what no redirection should. */
	if (!is_safe(r) || !web_is_local_path(str_of(to)))
		return fail(c, ERR_NOT_FOUND, "%s", err_text(ERR_NOT_FOUND));
	return web_redirect(c, r, to);
}

/* draft-ietf-httpapi-ratelimit-headers: of the bucket that has the least left. */
static void tell_rate(struct ctx *c, struct web_request *r, const struct lane_count *count)
{
	const struct throttle_answer *a = &count->bucket;
	if (!r->api || !a->limit)
		return;
	web_header(r, "RateLimit-Policy",
		str_of(arena_fmt(
			c->arena, "\"%s\";q=%u;w=%d", count->name, a->limit, THROTTLE_SECONDS)));
	web_header(r, "RateLimit",
		str_of(arena_fmt(c->arena, "\"%s\";r=%u;t=%lld", count->name, a->left,
			(long long)(a->refused ? a->wait : a->full))));
}

/* Who is it, and do they ask for more than their share? */
static enum err identify(struct ctx *c, struct web_request *r)
{
	struct lane_count count = {0};
	TRY(lane_enter(c, r->web, r->http));
	TRY(web_identify(c, r));
	enum err kind = lane_admit(c, r->web, r->http, &r->who, &count);
	tell_rate(c, r, &count);
	return kind;
}

/*
 * Of what nobody is asked for who they are, what only tells is never counted: health is asked for often, and must be
 * answered when nothing else can be. What programs send costs as much as anybody's requests: it is counted as their
 * address's.
 */
static enum err admit_bare(struct ctx *c, struct web_request *r)
{
	if (is_safe(r))
		return OK;
	TRY(lane_enter(c, r->web, r->http));
	return lane_admit(c, r->web, r->http, &r->who, NULL);
}

static enum err route_request(struct ctx *c, struct web_request *r)
{
	struct route_match match;
	enum route_answer answer = route_find(c->arena, r->method, r->path, &match);
	if (answer == ROUTE_WRONG_METHOD) {
		web_header(r, "Allow", str_of(match.allow));
		if (str_is(r->method, "OPTIONS"))
			return web_no_content(c, r);
	}
	bool bare = answer == ROUTE_FOUND && match.route->needs == ROUTE_BARE;
	TRY(bare ? admit_bare(c, r) : identify(c, r));
	if (r->who.username.len)
		r->http->who = arena_fmt(c->arena, "%.*s", STR_FMT(r->who.username));
	switch (answer) {
	case ROUTE_FOUND: return handle(c, r, &match);
	case ROUTE_WRONG_SLASH: return redirect_bare(c, r);
	case ROUTE_BAD_ESCAPE: return fail(c, ERR_INVALID, "the path has a bad %%-escape");
	case ROUTE_WRONG_METHOD:
		return web_problem(
			c, r, 405, arena_fmt(c->arena, "this path takes %s", match.allow));
	case ROUTE_MISSING: break;
	}
	return fail(c, ERR_NOT_FOUND, "%s", err_text(ERR_NOT_FOUND));
}

/* What programs ask; /oauth/authorize is a page for people. */
static bool is_oauth(struct str path)
{
	return str_starts(path, STR("/oauth/")) && !str_is(path, "/oauth/authorize");
}

void web_serve(const struct web *web, struct http_exchange *x)
{
	struct ctx *c = x->ctx;
	struct web_request *r = NEW(c->arena, struct web_request);
	*r = (struct web_request){
		.core = web->core,
		.web = web,
		.http = x,
		.who = ACTOR_ANONYMOUS,
		.method = str_is(x->method, "HEAD") ? STR("GET") : x->method,
		.path = x->raw_path,
		.query = x->query,
		.origin = web_origin(web, x),
		.oauth = is_oauth(x->raw_path),
		.api = str_starts(x->raw_path, STR("/api/")) || str_is(x->raw_path, "/api"),
	};
	c->deadline = c->world->monotonic() + web->request_micros;
	enum err e = route_request(c, r);
	if (e)
		web_answer_error(c, r, e);
	web_close_uploads(r);
}

void web_drain(struct web *web)
{
	atomic_store(&web->draining, true);
}

enum err api_healthz(struct ctx *c, struct web_request *r)
{
	web_header(r, "Cache-Control", STR("no-store"));
	return web_text(c, r, 200, STR("ok\n"));
}

enum err api_readyz(struct ctx *c, struct web_request *r)
{
	web_header(r, "Cache-Control", STR("no-store"));
	if (atomic_load(&r->web->draining))
		return web_text(c, r, 503, STR("draining: it finishes what runs, then ends\n"));
	TRY_WHILE(c, instance_ready(c, r->core), "asking the database");
	return web_text(c, r, 200, STR("ready\n"));
}

enum err web_robots(struct ctx *c, struct web_request *r)
{
	/* What a clone tells sooner, or nobody but who is signed in is told: RFC 9309. */
	static const char *const closed[] = {"/account", "/admin", "/api/", "/collaborators",
		"/device", "/invitation/", "/new", "/new-password/", "/oauth/", "/prove",
		"/sign-in", "/*?", "/*/activity", "/*/archive/", "/*/blame/", "/*/commit/",
		"/*/commits", "/*/compare", "/*/delete/", "/*/edit/", "/*/feed/", "/*/history",
		"/*/new/", "/*/offline/", "/*/paths/", "/*/raw/", "/*/refs", "/*/search",
		"/*/settings", "/*/upload/"};
	struct buf out = {.arena = c->arena};
	buf_cstr(&out, "User-agent: *\n");
	for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
		buf_fmt(&out, "Disallow: %s\n", closed[i]);
	web_header(r, "Cache-Control", STR("public, max-age=3600"));
	web_header(r, "Vary", STR("Accept-Encoding"));
	return web_text(c, r, 200, buf_view(&out));
}

static const struct asset *find_asset(struct str path)
{
	for (size_t i = 0; i < asset_count; i++)
		if (str_is(path, assets[i].path))
			return &assets[i];
	return NULL;
}

const char *web_asset_url(struct arena *a, const char *name)
{
	const struct asset *asset = find_asset(str_of(name));
	ASSERT(asset);
	return arena_fmt(a, "/assets/%s?%s", name, asset->hash);
}

/* What has no page to name the icon, such as a file as it is, has a browser ask for it here. */
enum err web_icon(struct ctx *c, struct web_request *r)
{
	web_header(r, "Cache-Control", STR("public, max-age=3600"));
	return web_redirect(c, r, web_asset_url(c->arena, "logo.svg"));
}

struct script web_script(struct arena *a, const char *name, const char *module)
{
	const struct asset *asset = find_asset(str_of(name));
	const struct asset *with = module ? find_asset(str_of(module)) : NULL;
	ASSERT(asset);
	return (struct script){
		.url = web_asset_url(a, name),
		.integrity = asset->integrity,
		.module = with ? web_asset_url(a, module) : NULL,
		.module_integrity = with ? with->integrity : NULL,
	};
}

static const struct asset_type {
	const char *suffix, *type;
} asset_types[] = {
	{".css", "text/css; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".svg", "image/svg+xml"},
	{".png", "image/png"},
	{".ico", "image/x-icon"},
	{".woff2", "font/woff2"},
	{".webmanifest", "application/manifest+json"},
	{".wasm", "application/wasm"},
};

/* A service worker has a policy of its own, and is of the whole site. */
static void allow_worker(struct web_request *r)
{
	web_header(r, "Content-Security-Policy",
		STR("default-src 'none'; connect-src 'self'; script-src 'self' 'wasm-unsafe-eval'; "
		    "require-trusted-types-for 'script'; trusted-types 'none'"));
	web_header(r, "Service-Worker-Allowed", STR("/"));
}

enum err web_asset(struct ctx *c, struct web_request *r)
{
	const struct asset *asset = find_asset(web_param(r, "file"));
	if (!asset)
		return fail(c, ERR_NOT_FOUND, "there is no such file");
	web_header(r, "Vary", STR("Accept-Encoding"));
	web_header(r, "ETag", str_of(arena_fmt(c->arena, "\"%s\"", asset->hash)));
	bool exact = str_is(r->query, asset->hash);
	web_header(r, "Cache-Control",
		exact ? STR("public, max-age=31536000, immutable") : STR("public, max-age=300"));
	if (str_find_str(web_request_header(r, "if-none-match"), str_of(asset->hash)) <
		web_request_header(r, "if-none-match").len)
		return web_not_modified(c, r);
	if (str_is(web_param(r, "file"), "worker.js"))
		allow_worker(r);
	const char *type = "application/octet-stream";
	for (size_t i = 0; i < sizeof asset_types / sizeof *asset_types; i++)
		if (str_ends(str_of(asset->path), str_of(asset_types[i].suffix)))
			type = asset_types[i].type;
	return web_bytes(c, r, type, str_from(asset->bytes, asset->len));
}
