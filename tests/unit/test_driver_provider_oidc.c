/* The driver against a provider that lies: its keys are the test's, so that it can say anything. */
#include "driver/driver.h"

#include "base/hex.h"
#include "base/jwt.h"
#include "base/uri.h"
#include "driver/oidc_source.h"
#include "http_peer.h"

enum { NOW = 1700000000 };

#define STATE "state-state-state-state-state-state-state-state"
#define NONCE "nonce-nonce-nonce-nonce-nonce-nonce-nonce-nonce"

/* RFC 7636, appendix B. */
#define VERIFIER "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

/* In all texts of the provider, '~' is its URL. */
#define ENDPOINTS                                                                   \
	"\"authorization_endpoint\":\"~/auth?x=1\",\"token_endpoint\":\"~/token\"," \
	"\"userinfo_endpoint\":\"~/userinfo\",\"end_session_endpoint\":\"~/end\","
#define METADATA "{\"issuer\":\"~\"," ENDPOINTS "\"jwks_uri\":\"~/jwks\"}"
#define ABOUT_ANNA                                                                          \
	"\"preferred_username\":\"anna\",\"name\":\"Anna\",\"email\":\"anna@example.org\"," \
	"\"email_verified\":true,\"groups\":[\"staff\",\"cooks\"]"
#define TIMES "\"iat\":1699999990,\"exp\":1700000300"
#define CLAIMS                                                                         \
	"{\"iss\":\"~\",\"sub\":\"s1\",\"aud\":\"git\",\"nonce\":\"" NONCE "\"," TIMES \
	"," ABOUT_ANNA "}"

static _Atomic int64_t moved; /* seconds */

static int64_t clock_of_test(void)
{
	return (NOW + moved) * 1000000;
}

static int64_t monotonic_of_test(void)
{
	return os_world()->monotonic() + moved * 1000000;
}

/* What the provider says; set before it starts. */
struct stub {
	const char *metadata, *claims, *userinfo, *typ;
	const char *tokens; /* instead of a good answer */
	const char *token;  /* instead of the ID token */
	struct str raw;     /* instead of any answer to the path `raw_path` */
	const char *raw_path;
	int token_status;
	struct jwk_secret key;
	atomic_bool other_key;
	struct jwk_secret second;
	atomic_int keys_asked, userinfo_asked;
	char form[2048], authorization[512]; /* what the token endpoint was asked last */
	struct http_peer *peer;
};

static struct str filled(struct arena *a, const char *text, const char *url)
{
	struct buf out = {.arena = a};
	for (; *text; text++)
		if (*text == '~')
			buf_cstr(&out, url);
		else
			buf_byte(&out, *text);
	return (struct str){buf_text(&out), out.len};
}

static const struct jwk_secret *key_of(struct stub *s)
{
	return atomic_load(&s->other_key) ? &s->second : &s->key;
}

static void say_keys(struct stub *s, struct buf *out)
{
	struct buf text = {.arena = out->arena};
	struct json_writer w = {.out = &text};
	struct jwk key = key_of(s)->public;
	const struct jwks keys = {&key, 1};
	jwks_print(&w, &keys);
	atomic_fetch_add(&s->keys_asked, 1);
	peer_say(out, 200, buf_text(&text));
}

static void say_tokens(
	struct stub *s, const struct peer_request *request, const char *url, struct buf *out)
{
	fmt_into(s->form, sizeof s->form, "%.*s", STR_FMT(request->body));
	fmt_into(s->authorization, sizeof s->authorization, "%.*s",
		STR_FMT(peer_header(request, "authorization")));
	struct str id = jwt_make(out->arena, key_of(s), s->typ ? s->typ : "JWT",
		filled(out->arena, s->claims ? s->claims : CLAIMS, url));
	peer_say(out, s->token_status ? s->token_status : 200,
		s->tokens ? s->tokens
			  : arena_fmt(out->arena,
				    "{\"access_token\":\"jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0"
				    "Y\",\"token_type\":\"bearer\",\"id_token\":\"%.*s\"}",
				    STR_FMT(s->token ? str_of(s->token) : id)));
}

static void answer(void *arg, const struct peer_request *request, struct buf *out)
{
	struct stub *s = arg;
	const char *url =
		arena_fmt(out->arena, "http://%.*s", STR_FMT(peer_header(request, "host")));
	const char *userinfo = s->userinfo ? s->userinfo : "{\"sub\":\"s1\"," ABOUT_ANNA "}";
	if (s->raw_path && str_is(request->path, s->raw_path)) {
		buf_str(out, s->raw);
	} else if (str_is(request->path, "/.well-known/openid-configuration")) {
		peer_say(
			out, 200, filled(out->arena, s->metadata ? s->metadata : METADATA, url).at);
	} else if (str_is(request->path, "/jwks")) {
		say_keys(s, out);
	} else if (str_is(request->path, "/token")) {
		say_tokens(s, request, url, out);
	} else if (str_is(request->path, "/userinfo")) {
		atomic_fetch_add(&s->userinfo_asked, 1);
		peer_say(out, 200, userinfo);
	} else {
		peer_say(out, 404, "{}");
	}
}

static struct provider_oidc_options options_of(const char *issuer)
{
	return (struct provider_oidc_options){.name = "corp",
		.prefix = "NIMBUS_OIDC_CORP",
		.issuer = issuer,
		.client_id = "git",
		.client_secret = "s&cret",
		.audience = "https://git.example.org",
		.scopes = "openid profile",
		.username_claim = "preferred_username",
		.groups_claim = "groups",
		.roles = "staff=read, cooks=write, chiefs=admin",
		.sign_up = "groups",
		.ca = "",
		.label = "Example Corp"};
}

static const struct provider_flow flow = {.state = {STATE, sizeof STATE - 1},
	.nonce = {NONCE, sizeof NONCE - 1},
	.verifier = {VERIFIER, sizeof VERIFIER - 1},
	.redirect = {"http://git/back", 15}};

static void set_world(struct ctx *c)
{
	struct world *world = NEW(c->arena, struct world);
	*world = *os_world();
	world->clock = clock_of_test;
	world->monotonic = monotonic_of_test;
	c->world = world;
	moved = 0;
}

/* Starts the provider, and the driver for it. */
static struct provider *meet(struct ctx *c, struct stub *s)
{
	struct provider *p;
	set_world(c);
	jwk_make(c, JWS_ES256, &s->key);
	jwk_make(c, JWS_ES256, &s->second);
	s->peer = peer_start(c, answer, s);
	struct provider_oidc_options options = options_of(s->peer->url);
	assert_ok(c, provider_oidc_open(c, &options, &p));
	return p;
}

static void part(struct stub *s, struct provider *p)
{
	provider_close(p);
	peer_stop(s->peer);
}

static const char *const good_answer = "code=c0de&state=" STATE;

/* One whole sign-in with what the provider says. */
static enum err sign_in(
	struct ctx *c, struct stub *s, const char *query, struct provider_person *who)
{
	struct provider *p = meet(c, s);
	enum err kind = provider_finish(c, p, &flow, str_of(query), who);
	part(s, p);
	return kind;
}

static void says(struct ctx *c, const char *why)
{
	if (!strstr(c->error.text, why))
		fail_msg("\"%s\" does not say \"%s\"", c->error.text, why);
}

static void refuses_claims(struct ctx *c, const char *claims, const char *why)
{
	struct stub s = {.claims = claims};
	struct provider_person who;
	assert_err(c, sign_in(c, &s, good_answer, &who), ERR_UNAUTH);
	says(c, why);
}

static struct str param(struct ctx *c, struct str url, const char *name)
{
	struct str value = {0};
	(void)str_cut(&url, '?');
	(void)uri_param(c->arena, url, str_of(name), &value);
	return value;
}

static void a_sign_in_begins_at_the_provider(void **state)
{
	struct ctx *c = *state;
	struct stub s = {0};
	struct str url;
	struct provider *p = meet(c, &s);
	assert_true(p->signs_in);
	assert_string_equal(p->label, "Example Corp");
	assert_ok(c, provider_begin(c, p, &flow, &url));
	assert_true(str_starts(url, str_of(arena_fmt(c->arena, "%s/auth?x=1&", s.peer->url))));
	assert_str(param(c, url, "response_type"), "code");
	assert_str(param(c, url, "client_id"), "git");
	assert_str(param(c, url, "redirect_uri"), "http://git/back");
	assert_str(param(c, url, "scope"), "openid profile");
	assert_str(param(c, url, "state"), STATE);
	assert_str(param(c, url, "nonce"), NONCE);
	assert_str(param(c, url, "code_challenge"), CHALLENGE);
	assert_str(param(c, url, "code_challenge_method"), "S256");
	part(&s, p);
}

static void a_sign_in_ends_with_a_person(void **state)
{
	struct ctx *c = *state;
	struct stub s = {0};
	struct provider_person who;
	assert_ok(c, sign_in(c, &s, good_answer, &who));
	assert_str(who.subject, "s1");
	assert_str(who.username, "anna");
	assert_str(who.name, "Anna");
	assert_str(who.email, "anna@example.org");
	assert_true(who.email_verified);
	assert_int_equal(who.group_count, 2);
	assert_str(who.groups[1], "cooks");
	assert_int_equal(who.grant_count, 1);
	assert_str(who.grants[0].pattern, "*");
	assert_int_equal(who.grants[0].level, PERMISSION_WRITE);
	assert_int_equal(who.authenticated, 0);
	assert_int_equal(who.session.len, 0);
	assert_int_equal(who.expires, 1700000300);
	assert_true(who.id_token.len > 0);
	assert_int_equal(s.userinfo_asked, 0);
	assert_string_equal(s.authorization, "Basic Z2l0OnMlMjZjcmV0"); /* git:s%26cret */
	struct str form = str_of(arena_fmt(c->arena, "?%s", s.form));
	assert_str(param(c, form, "grant_type"), "authorization_code");
	assert_str(param(c, form, "code"), "c0de");
	assert_str(param(c, form, "redirect_uri"), "http://git/back");
	assert_str(param(c, form, "code_verifier"), VERIFIER);
	assert_str(param(c, form, "client_secret"), "");
}

static void a_secret_goes_where_the_provider_wants_it(void **state)
{
	struct ctx *c = *state;
	struct stub s = {
		.metadata = "{\"issuer\":\"~\"," ENDPOINTS
			    "\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"],"
			    "\"jwks_uri\":\"~/jwks\"}"};
	struct provider_person who;
	assert_ok(c, sign_in(c, &s, good_answer, &who));
	assert_string_equal(s.authorization, "");
	struct str form = str_of(arena_fmt(c->arena, "?%s", s.form));
	assert_str(param(c, form, "client_id"), "git");
	assert_str(param(c, form, "client_secret"), "s&cret");
}

static void an_id_token_has_to_be_right(void **state)
{
	struct ctx *c = *state;
#define ID(iss, aud, nonce, more) \
	"{\"iss\":\"" iss "\",\"sub\":\"s1\",\"aud\":" aud ",\"nonce\":\"" nonce "\"" more "}"
	refuses_claims(c, ID("~", "\"git\"", "other", "," TIMES), "nonce");
	refuses_claims(c, ID("~", "\"git\"", "", "," TIMES), "nonce");
	refuses_claims(c, "{\"iss\":\"~\",\"sub\":\"s1\",\"aud\":\"git\"," TIMES "}", "nonce");
	refuses_claims(c, ID("~", "\"other\"", NONCE, "," TIMES), "somebody else");
	refuses_claims(c, ID("~/", "\"git\"", NONCE, "," TIMES), "issuer");
	refuses_claims(c, ID("https://evil", "\"git\"", NONCE, "," TIMES), "issuer");
	refuses_claims(c, ID("~", "[\"git\",\"other\"]", NONCE, "," TIMES), "azp");
	refuses_claims(c, ID("~", "\"git\"", NONCE, ",\"azp\":\"other\"," TIMES), "azp");
	refuses_claims(c, ID("~", "\"git\"", NONCE, ",\"azp\":7," TIMES), "azp");
	refuses_claims(c, ID("~", "\"git\"", NONCE, ",\"iat\":1699990000,\"exp\":1699999940"),
		"expired 60 seconds ago");
	refuses_claims(c, ID("~", "\"git\"", NONCE, ",\"iat\":1700000061,\"exp\":1700000300"),
		"61 seconds in the future");
	refuses_claims(c, ID("~", "\"git\"", NONCE, ",\"exp\":1700000300"), "\"iat\"");
	refuses_claims(c, ID("~", "\"git\"", NONCE, ",\"nbf\":1700000061," TIMES), "not valid");
	refuses_claims(c, ID("~", "\"git\"", NONCE, ",\"at_hash\":\"AAAA\"," TIMES), "at_hash");
	refuses_claims(
		c, "{\"iss\":\"~\",\"aud\":\"git\",\"nonce\":\"" NONCE "\"," TIMES "}", "\"sub\"");
}

static void an_id_token_may_be_for_several(void **state)
{
	struct ctx *c = *state;
	/* at_hash: OpenID Connect Core, A.3, whose access token this is. */
	struct stub s = {.claims = ID("~", "[\"git\",\"other\"]", NONCE,
				 ",\"azp\":\"git\",\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RQ\"," TIMES)};
	struct provider_person who;
	assert_ok(c, sign_in(c, &s, good_answer, &who));
	assert_str(who.username, "anna");
	assert_int_equal(s.userinfo_asked, 1);
}

static void tokens_that_are_not_signed_by_its_keys_are_refused(void **state)
{
	struct ctx *c = *state;
	struct provider_person who;
	struct jwk_secret stranger;
	set_world(c);
	jwk_make(c, JWS_ES256, &stranger);
	struct str none = str_of(arena_fmt(c->arena, "%s.%s.",
		base64url_encode(c->arena, STR("{\"alg\":\"none\"}")).at,
		base64url_encode(c->arena, STR(CLAIMS)).at));
	const struct {
		struct str token;
		const char *why;
	} cases[] = {{none, "empty part"}, {STR("e30.e30.e30"), "not accepted"},
		{STR("e30.e30.e30.e30.e30"), "three parts"},
		{jwt_make(c->arena, &stranger, "JWT", STR(CLAIMS)), "not among those"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct stub s = {.token = str_dup(c->arena, cases[i].token)};
		assert_err(c, sign_in(c, &s, good_answer, &who), ERR_UNAUTH);
		says(c, cases[i].why);
	}
	struct stub logout = {.typ = "logout+jwt"};
	assert_err(c, sign_in(c, &logout, good_answer, &who), ERR_UNAUTH);
	says(c, "type");
}

static void the_browsers_answer_has_to_be_of_this_sign_in(void **state)
{
	struct ctx *c = *state;
	struct provider_person who;
	static const struct {
		const char *query, *why;
	} cases[] = {{"", "not of this sign-in"}, {"code=c0de", "not of this sign-in"},
		{"code=c0de&state=other", "not of this sign-in"},
		{"code=c0de&state=" STATE "x", "not of this sign-in"}, {"state=" STATE, "no code"},
		{"state=" STATE "&error=access_denied", "access_denied"},
		{"code=c0de&state=" STATE "&iss=https%3A%2F%2Fevil", "not from Example Corp"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct stub s = {0};
		assert_err(c, sign_in(c, &s, cases[i].query, &who), ERR_UNAUTH);
		says(c, cases[i].why);
	}
	struct stub s = {.metadata = "{\"issuer\":\"~\"," ENDPOINTS
				     "\"authorization_response_iss_parameter_supported\":true,"
				     "\"jwks_uri\":\"~/jwks\"}"};
	assert_err(c, sign_in(c, &s, good_answer, &who), ERR_UNAUTH);
	says(c, "not from Example Corp");
}

static void a_provider_that_is_none_is_unavailable(void **state)
{
	struct ctx *c = *state;
	struct provider_person who;
	static const struct {
		const char *metadata, *why;
	} cases[] = {{"", "cannot be read"}, {"<html>", "cannot be read"}, {"[]", "no object"},
		{"{\"issuer\":\"~/\"}", "calls itself"}, {"{\"issuer\":7}", "calls itself"},
		{"{}", "calls itself"}, {"{\"issuer\":\"~\"}", "names no keys"},
		{"{\"issuer\":\"~\",\"jwks_uri\":\"http://example.org/jwks\"}", "no https URL"},
		{"{\"issuer\":\"~\",\"jwks_uri\":\"~/none\"}", "answers 404"},
		{"{\"issuer\":\"~\",\"jwks_uri\":\"~/userinfo\"}", "keys"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct stub s = {.metadata = cases[i].metadata};
		assert_err(c, sign_in(c, &s, good_answer, &who), ERR_UNAVAILABLE);
		says(c, cases[i].why);
	}
}

static struct str redirect_or_huge(struct ctx *c, bool huge)
{
	if (!huge)
		return STR("HTTP/1.1 302 X\r\nLocation: /jwks\r\nContent-Length: 0\r\n\r\n");
	struct buf out = {.arena = c->arena};
	buf_fmt(&out, "HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n", OIDC_ANSWER_MAX + 1);
	buf_reserve(&out, OIDC_ANSWER_MAX + 1);
	memset(out.at + out.len, ' ', OIDC_ANSWER_MAX + 1);
	out.len += OIDC_ANSWER_MAX + 1;
	return buf_view(&out);
}

static void redirects_and_huge_answers_are_not_followed(void **state)
{
	struct ctx *c = *state;
	struct provider_person who;
	static const char *const paths[] = {
		"/.well-known/openid-configuration", "/jwks", "/token", "/userinfo"};
	for (size_t i = 0; i < 8; i++) {
		struct stub s = {.raw_path = paths[i / 2],
			.raw = redirect_or_huge(c, i % 2),
			.claims = ID("~", "\"git\"", NONCE, "," TIMES)};
		assert_err(c, sign_in(c, &s, good_answer, &who), ERR_UNAVAILABLE);
		says(c, i % 2 ? "over 256 KiB" : "302");
	}
}

static void what_the_token_endpoint_refuses_is_told(void **state)
{
	struct ctx *c = *state;
	struct provider_person who;
	static const struct {
		const char *tokens, *why;
		int status;
		enum err kind;
	} cases[] = {{"{\"error\":\"invalid_grant\"}", "try again", 400, ERR_UNAUTH},
		{"{\"error\":\"invalid_client\"}", "NIMBUS_OIDC_CORP_CLIENT_SECRET", 401,
			ERR_UNAVAILABLE},
		{"oops", "500", 500, ERR_UNAVAILABLE},
		{"oops", "cannot be read", 200, ERR_UNAVAILABLE},
		{"{\"access_token\":\"a\",\"token_type\":\"Bearer\"}", "no ID token", 200,
			ERR_UNAVAILABLE},
		{"{\"access_token\":\"a\",\"token_type\":\"mac\",\"id_token\":\"x\"}",
			"another type", 200, ERR_UNAVAILABLE},
		{"{\"access_token\":\"a\\r\\nb\",\"token_type\":\"Bearer\",\"id_token\":\"x\"}",
			"access token is none", 200, ERR_UNAVAILABLE}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct stub s = {.tokens = cases[i].tokens, .token_status = cases[i].status};
		assert_err(c, sign_in(c, &s, good_answer, &who), cases[i].kind);
		says(c, cases[i].why);
	}
}

static void what_the_id_token_lacks_comes_from_userinfo(void **state)
{
	struct ctx *c = *state;
	struct provider_person who;
	const char *bare = ID("~", "\"git\"", NONCE, ",\"email\":\"a@b\"," TIMES);
	struct stub s = {.claims = bare};
	assert_ok(c, sign_in(c, &s, good_answer, &who));
	assert_int_equal(s.userinfo_asked, 1);
	assert_str(who.username, "anna");
	assert_int_equal(who.group_count, 2);
	/* That another address was verified says nothing of this one. */
	assert_str(who.email, "a@b");
	assert_false(who.email_verified);
	struct stub other = {.claims = bare, .userinfo = "{\"sub\":\"s2\"," ABOUT_ANNA "}"};
	assert_err(c, sign_in(c, &other, good_answer, &who), ERR_UNAUTH);
	says(c, "somebody else");
	struct stub garbage = {.claims = bare, .userinfo = "eyJh.e30.x"};
	assert_err(c, sign_in(c, &garbage, good_answer, &who), ERR_UNAVAILABLE);
	says(c, "userinfo");
}

#define ACCESS                                                \
	"{\"iss\":\"~\",\"sub\":\"robot\",\"aud\":\"https://" \
	"git.example.org\",\"groups\":\"chiefs\"," TIMES "}"

static struct str bearer_of(struct ctx *c, struct stub *s, const char *typ, const char *claims)
{
	return jwt_make(c->arena, key_of(s), typ, filled(c->arena, claims, s->peer->url));
}

static void a_token_of_theirs_is_a_bearer(void **state)
{
	struct ctx *c = *state;
	struct stub s = {0};
	struct provider_person who;
	struct provider *p = meet(c, &s);
	static const char *const types[] = {"JWT", "at+jwt", "application/at+jwt"};
	for (size_t i = 0; i < 3; i++) {
		assert_ok(c, provider_bearer(c, p, bearer_of(c, &s, types[i], ACCESS), &who));
		assert_str(who.subject, "robot");
		assert_str(who.username, "");
		assert_int_equal(who.grants[0].level, PERMISSION_ADMIN);
		assert_int_equal(who.id_token.len, 0);
	}
	assert_int_equal(s.keys_asked, 1);
	part(&s, p);
}

static void what_is_no_bearer_is_refused(void **state)
{
	struct ctx *c = *state;
	struct stub s = {0};
	struct provider_person who;
	struct provider *p = meet(c, &s);
	/* An ID token is for us as a client, and no key to our API. */
	assert_err(c, provider_bearer(c, p, bearer_of(c, &s, "JWT", CLAIMS), &who), ERR_UNAUTH);
	says(c, "somebody else");
	assert_err(
		c, provider_bearer(c, p, bearer_of(c, &s, "logout+jwt", ACCESS), &who), ERR_UNAUTH);
	assert_err(c,
		provider_bearer(c, p,
			bearer_of(c, &s, "JWT",
				"{\"iss\":\"https://other\",\"aud\":\"https://git.example.org\"}"),
			&who),
		ERR_UNSUPPORTED);
	assert_err(c, provider_bearer(c, p, STR("nimbus_abc"), &who), ERR_UNSUPPORTED);
	assert_err(c, provider_bearer(c, p, STR("a.b.c"), &who), ERR_UNAUTH);
	moved = 400;
	assert_err(c, provider_bearer(c, p, bearer_of(c, &s, "JWT", ACCESS), &who), ERR_UNAUTH);
	says(c, "expired");
	part(&s, p);
	struct provider_oidc_options options = options_of("https://x");
	options.audience = "";
	assert_ok(c, provider_oidc_open(c, &options, &p));
	assert_err(c, provider_bearer(c, p, STR("e30.e30.e30"), &who), ERR_UNSUPPORTED);
	provider_close(p);
}

static void new_keys_are_asked_for_and_not_too_often(void **state)
{
	struct ctx *c = *state;
	struct stub s = {0};
	struct provider_person who;
	struct provider *p = meet(c, &s);
	assert_ok(c, provider_bearer(c, p, bearer_of(c, &s, "JWT", ACCESS), &who));
	atomic_store(&s.other_key, true);
	struct str rolled = bearer_of(c, &s, "JWT", ACCESS);
	for (int i = 0; i < 5; i++) {
		assert_err(c, provider_bearer(c, p, rolled, &who), ERR_UNAUTH);
		says(c, "not among those");
	}
	assert_int_equal(s.keys_asked, 1);
	moved = OIDC_PAUSE_S;
	assert_ok(c, provider_bearer(c, p, rolled, &who));
	assert_int_equal(s.keys_asked, 2);
	/* What was good before is not any more. */
	atomic_store(&s.other_key, false);
	struct str old = bearer_of(c, &s, "JWT", ACCESS);
	atomic_store(&s.other_key, true);
	assert_err(c, provider_bearer(c, p, old, &who), ERR_UNAUTH);
	assert_int_equal(s.keys_asked, 2);
	part(&s, p);
}

struct caller {
	struct provider *provider;
	const struct world *world;
	struct str token;
	enum err kind;
	struct thread thread;
};

static void call(void *arg)
{
	struct caller *caller = arg;
	struct provider_person who;
	struct arena arena;
	struct ctx c;
	arena_init(&arena);
	ctx_init(&c, &arena, caller->world);
	for (int i = 0; i < 20 && !caller->kind; i++)
		caller->kind = provider_bearer(&c, caller->provider, caller->token, &who);
	arena_done(&arena);
}

static void many_at_once_ask_once(void **state)
{
	struct ctx *c = *state;
	struct stub s = {0};
	struct provider *p = meet(c, &s);
	struct caller callers[8] = {0};
	struct str token = bearer_of(c, &s, "JWT", ACCESS);
	for (size_t i = 0; i < 8; i++) {
		callers[i] = (struct caller){.provider = p, .world = c->world, .token = token};
		assert_ok(c, thread_start(c, "caller", call, &callers[i], &callers[i].thread));
	}
	for (size_t i = 0; i < 8; i++) {
		thread_join(&callers[i].thread);
		assert_int_equal(callers[i].kind, OK);
	}
	assert_int_equal(s.keys_asked, 1);
	part(&s, p);
}

static void keys_are_kept_while_the_provider_is_away(void **state)
{
	struct ctx *c = *state;
	struct stub s = {0};
	struct provider_person who;
	struct provider *p = meet(c, &s);
	assert_ok(c, provider_bearer(c, p, bearer_of(c, &s, "JWT", ACCESS), &who));
	struct str later = bearer_of(c, &s, "JWT",
		"{\"iss\":\"~\",\"sub\":\"robot\",\"aud\":\"https://"
		"git.example.org\",\"exp\":1800000000}");
	peer_stop(s.peer);
	moved = OIDC_FRESH_S + 1;
	assert_ok(c, provider_bearer(c, p, later, &who));
	moved = OIDC_STALE_S + 1;
	assert_err(c, provider_bearer(c, p, later, &who), ERR_UNAVAILABLE);
	assert_err(c, provider_bearer(c, p, later, &who), ERR_UNAVAILABLE);
	says(c, "a moment ago");
	provider_close(p);
}

static void a_provider_that_is_silent_is_not_waited_for(void **state)
{
	struct ctx *c = *state;
	int listener;
	struct provider *p;
	struct str url;
	set_world(c);
	assert_ok(c, socket_listen(c, STR("127.0.0.1:0"), &listener));
	struct provider_oidc_options options =
		options_of(arena_fmt(c->arena, "http://127.0.0.1:%d", socket_port(listener)));
	assert_ok(c, provider_oidc_open(c, &options, &p));
	c->deadline = c->world->monotonic() + 300000;
	assert_err(c, provider_begin(c, p, &flow, &url), ERR_TIMEOUT);
	c->deadline = 0;
	assert_err(c, provider_begin(c, p, &flow, &url), ERR_UNAVAILABLE);
	says(c, "a moment ago");
	provider_close(p);
	close(listener);
}

static void a_sign_out_goes_there_too(void **state)
{
	struct ctx *c = *state;
	struct stub s = {0}, none = {.metadata = "{\"issuer\":\"~\",\"jwks_uri\":\"~/jwks\"}"};
	struct str url;
	struct provider *p = meet(c, &s);
	assert_ok(c, provider_logout(c, p, STR("a.b.c"), STR("https://git/"), &url));
	assert_true(str_starts(url, str_of(arena_fmt(c->arena, "%s/end?", s.peer->url))));
	assert_str(param(c, url, "id_token_hint"), "a.b.c");
	assert_str(param(c, url, "client_id"), "git");
	assert_str(param(c, url, "post_logout_redirect_uri"), "https://git/");
	part(&s, p);
	p = meet(c, &none);
	assert_ok(c, provider_logout(c, p, STR("a.b.c"), STR("https://git/"), &url));
	assert_int_equal(url.len, 0);
	/* Of one that only makes tokens for machines. */
	assert_err(c, provider_begin(c, p, &flow, &url), ERR_UNSUPPORTED);
	part(&none, p);
}

/* Of the flow that is under way, but for what a test says. */
static void who_is_to_prove_it_anew_is_asked_to(void **state)
{
	struct ctx *c = *state;
	static const char claims[] =
		"{\"iss\":\"~\",\"sub\":\"s1\",\"aud\":\"git\",\"nonce\":\"" NONCE
		"\",\"auth_time\":1699999995,\"sid\":\"there-1\"," TIMES "," ABOUT_ANNA "}";
	struct stub s = {.claims = claims};
	struct provider_person who;
	struct provider_flow anew = flow;
	struct str url;
	struct provider *p = meet(c, &s);
	assert_ok(c, provider_begin(c, p, &flow, &url));
	assert_str(param(c, url, "prompt"), "");
	anew.anew = true;
	assert_ok(c, provider_begin(c, p, &anew, &url));
	assert_str(param(c, url, "prompt"), "login");
	assert_str(param(c, url, "max_age"), "0");
	part(&s, p);
	assert_ok(c, sign_in(c, &s, good_answer, &who));
	assert_int_equal(who.authenticated, 1699999995);
	assert_str(who.session, "there-1");
}

#define EVENTS "\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":{}}"
#define LOGOUT                                                                                    \
	"{\"iss\":\"~\",\"sub\":\"s1\",\"aud\":\"git\",\"jti\":\"j1\",\"sid\":\"there-1\"," TIMES \
	"," EVENTS "}"

static void who_signs_out_there_is_told(void **state)
{
	struct ctx *c = *state;
	struct stub s = {0};
	struct provider_signed_out out;
	struct provider *p = meet(c, &s);
	static const char *const types[] = {"logout+jwt", "JWT", "application/logout+jwt"};
	for (size_t i = 0; i < 3; i++) {
		assert_ok(c, provider_signed_out(c, p, bearer_of(c, &s, types[i], LOGOUT), &out));
		assert_str(out.issuer, s.peer->url);
		assert_str(out.subject, "s1");
		assert_str(out.session, "there-1");
		assert_str(out.id, "j1");
		assert_int_equal(out.expires, 1700000300);
	}
	part(&s, p);
}

static void what_does_not_prove_a_sign_out_is_refused(void **state)
{
	struct ctx *c = *state;
	struct stub s = {0};
	struct provider_signed_out out;
	struct provider *p = meet(c, &s);
	static const char *const bad[][3] = {
		{"JWT", CLAIMS, "does not say that anybody"},
		{"at+jwt", LOGOUT, "type"},
		{"JWT",
			"{\"iss\":\"https://"
			"other\",\"sub\":\"s1\",\"aud\":\"git\",\"jti\":\"j\"," TIMES "," EVENTS
			"}",
			"issuer"},
		{"JWT",
			"{\"iss\":\"~\",\"sub\":\"s1\",\"aud\":\"other\",\"jti\":\"j\"," TIMES
			"," EVENTS "}",
			"somebody else"},
		{"JWT", "{\"iss\":\"~\",\"aud\":\"git\",\"jti\":\"j\"," TIMES "," EVENTS "}",
			"neither"},
		{"JWT", "{\"iss\":\"~\",\"sub\":\"s1\",\"aud\":\"git\"," TIMES "," EVENTS "}",
			"jti"},
		{"JWT",
			"{\"iss\":\"~\",\"sub\":\"s1\",\"aud\":\"git\",\"jti\":\"j\",\"exp\":"
			"1700000300," EVENTS "}",
			"iat"},
		{"JWT",
			"{\"iss\":\"~\",\"sub\":\"s1\",\"aud\":\"git\",\"jti\":\"j\",\"nonce\":"
			"\"n\"," TIMES "," EVENTS "}",
			"nonce"},
		{"JWT",
			"{\"iss\":\"~\",\"sub\":\"s1\",\"aud\":\"git\",\"jti\":\"j\"," TIMES
			",\"events\":[\"http://schemas.openid.net/event/backchannel-logout\"]}",
			"does not say that anybody"},
		{"JWT",
			"{\"iss\":\"~\",\"sub\":\"s1\",\"aud\":\"git\",\"jti\":\"j\",\"sid\":"
			"7," TIMES "," EVENTS "}",
			"sid"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_err(c,
			provider_signed_out(c, p, bearer_of(c, &s, bad[i][0], bad[i][1]), &out),
			ERR_UNAUTH);
		says(c, bad[i][2]);
	}
	assert_err(c, provider_signed_out(c, p, STR(""), &out), ERR_UNAUTH);
	moved = 400;
	assert_err(c, provider_signed_out(c, p, bearer_of(c, &s, "JWT", LOGOUT), &out), ERR_UNAUTH);
	says(c, "expired");
	part(&s, p);
}

static void each_mistake_names_its_variable(void **state)
{
	struct ctx *c = *state;
	struct provider *p;
	struct provider_oidc_options bad[14];
	static const char *const why[14] = {"_ISSUER is not set", "_ISSUER=http://example.org ",
		"_ISSUER=https://a b", "_ISSUER=https://a?b", "_ISSUER=ftp://a",
		"_CLIENT_ID is not set", "_CLIENT_SECRET is set without",
		"_AUDIENCE must be another", "_SCOPES=profile", "_USERNAME_CLAIM is empty",
		"_ROLES: \"staff\"", "_ROLES: \"staff=none\"", "_CA", "_SIGN_UP=maybe"};
	for (size_t i = 0; i < 14; i++)
		bad[i] = options_of("https://id.example.org");
	bad[0].issuer = "";
	bad[1].issuer = "http://example.org";
	bad[2].issuer = "https://a b";
	bad[3].issuer = "https://a?b";
	bad[4].issuer = "ftp://a";
	bad[5].client_id = bad[5].audience = "";
	bad[6].client_id = "";
	bad[7].audience = "git";
	bad[8].scopes = "profile";
	bad[9].username_claim = "";
	bad[10].roles = "staff";
	bad[11].roles = "cooks=read,staff=none";
	bad[12].ca = "/nonexistent";
	bad[13].sign_up = "maybe";
	for (size_t i = 0; i < 14; i++) {
		assert_err(c, provider_oidc_open(c, &bad[i], &p), ERR_INVALID);
		says(c, arena_fmt(c->arena, "NIMBUS_OIDC_CORP%s", why[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_sign_in_begins_at_the_provider),
		UNIT_TEST(a_sign_in_ends_with_a_person),
		UNIT_TEST(a_secret_goes_where_the_provider_wants_it),
		UNIT_TEST(an_id_token_has_to_be_right),
		UNIT_TEST(an_id_token_may_be_for_several),
		UNIT_TEST(tokens_that_are_not_signed_by_its_keys_are_refused),
		UNIT_TEST(the_browsers_answer_has_to_be_of_this_sign_in),
		UNIT_TEST(a_provider_that_is_none_is_unavailable),
		UNIT_TEST(redirects_and_huge_answers_are_not_followed),
		UNIT_TEST(what_the_token_endpoint_refuses_is_told),
		UNIT_TEST(what_the_id_token_lacks_comes_from_userinfo),
		UNIT_TEST(a_token_of_theirs_is_a_bearer),
		UNIT_TEST(what_is_no_bearer_is_refused),
		UNIT_TEST(new_keys_are_asked_for_and_not_too_often),
		UNIT_TEST(many_at_once_ask_once),
		UNIT_TEST(keys_are_kept_while_the_provider_is_away),
		UNIT_TEST(a_provider_that_is_silent_is_not_waited_for),
		UNIT_TEST(a_sign_out_goes_there_too),
		UNIT_TEST(who_is_to_prove_it_anew_is_asked_to),
		UNIT_TEST(who_signs_out_there_is_told),
		UNIT_TEST(what_does_not_prove_a_sign_out_is_refused),
		UNIT_TEST(each_mistake_names_its_variable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
