#include "main/device_login.h"

#include "base/json.h"
#include "base/jwt.h"
#include "base/uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define CLIENT "nimbus"
#define GRANT_DEVICE "urn:ietf:params:oauth:grant-type:device_code"

enum {
	ANSWER_MAX = 64 << 10,
	FIRST = 2,    /* seconds before it is asked what became of it … */
	INTERVAL = 5, /* … and between, unless the server says another (RFC 8628, 3.2) … */
	INTERVAL_MAX = 60,
	SLOWER = 5, /* … and so much more when it says slow_down */
	EXPIRES_MAX = 3600,
	HOST_NAME_MAX_LEN = 64,
};

enum err device_server_open(struct ctx *c, struct str origin, struct device_server *out)
{
	const char *ca = getenv("GIT_SSL_CAINFO"), *name = "GIT_SSL_CAINFO";
	if (!ca || !*ca) {
		ca = getenv("SSL_CERT_FILE");
		name = "SSL_CERT_FILE";
	}
	const struct http_client_options options = {
		.service = "the server",
		.ca = ca,
		.ca_name = name,
	};
	out->origin = origin;
	return http_client_open(c, &options, &out->http);
}

void device_server_close(struct device_server *server)
{
	http_client_close(server->http);
	server->http = NULL;
}

static const char *url_of(struct ctx *c, const struct device_server *server, const char *path)
{
	return arena_fmt(c->arena, "%.*s%s", STR_FMT(server->origin), path);
}

/* An answer that is an object of JSON; NULL: it is something else. */
static const struct json *object_of(struct ctx *c, const struct http_answer *answer)
{
	struct json *json = NULL;
	if (json_parse(c, answer->body, &json)) {
		ctx_clear(c);
		return NULL;
	}
	return json->kind == JSON_OBJECT ? json : NULL;
}

enum err device_server_check(struct ctx *c, const struct device_server *server)
{
	const struct http_call call = {
		.method = "GET",
		.url = url_of(c, server, "/.well-known/oauth-authorization-server"),
		.body_max = ANSWER_MAX,
	};
	struct http_answer answer;
	enum err kind = http_call(c, server->http, &call, &answer);
	if (kind == ERR_TOO_BIG)
		return fail(c, ERR_NOT_FOUND, "%.*s is no Nimbus Git", STR_FMT(server->origin));
	TRY(kind);
	const struct json *said = answer.status == 200 ? object_of(c, &answer) : NULL;
	if (!json_text(said, "nimbus_instance").len)
		return fail(c, ERR_NOT_FOUND, "%.*s is no Nimbus Git", STR_FMT(server->origin));
	struct str issuer = json_text(said, "issuer");
	if (!str_eq(issuer, server->origin))
		return fail(c, ERR_INVALID,
			"the server at %.*s says that its address is %.*s: use that",
			STR_FMT(server->origin), STR_FMT(str_until(issuer, 200)));
	return OK;
}

struct form {
	struct buf body;
};

static void field(struct form *form, const char *name, struct str value)
{
	buf_fmt(&form->body, "%s%s=", form->body.len ? "&" : "", name);
	uri_encode(&form->body, value);
}

/* Sends a form; *error is what the server refuses it with (RFC 6749, 5.2), empty where it does not. */
static enum err send_form(struct ctx *c, const struct device_server *server, const char *path,
	const struct form *form, const struct json **out, struct str *error)
{
	static const struct http_header headers[] = {
		{{"Content-Type", sizeof "Content-Type" - 1},
			{"application/x-www-form-urlencoded",
				sizeof "application/x-www-form-urlencoded" - 1}},
		{{"Accept", sizeof "Accept" - 1},
			{"application/json", sizeof "application/json" - 1}},
	};
	const struct http_call call = {
		.method = "POST",
		.url = url_of(c, server, path),
		.headers = headers,
		.header_count = 2,
		.body = buf_view(&form->body),
		.body_max = ANSWER_MAX,
	};
	struct http_answer answer;
	TRY(http_call(c, server->http, &call, &answer));
	*out = object_of(c, &answer);
	*error = json_text(*out, "error");
	if (!*out || (answer.status != 200 && !error->len))
		return fail(c, ERR_UNAVAILABLE, "%.*s answers %d at %s", STR_FMT(server->origin),
			answer.status, path);
	return OK;
}

static enum err refused(struct ctx *c, enum err kind, const struct json *said)
{
	struct str why = json_text(said, "error_description");
	return fail(c, kind, "the server refuses: %.*s", STR_FMT(str_until(why, 300)));
}

static int64_t seconds_of(const struct json *said, const char *key, int64_t fallback, int64_t most)
{
	const struct json *member = json_get(said, key);
	if (!member || member->kind != JSON_INT || member->integer < 1)
		return fallback;
	return member->integer < most ? member->integer : most;
}

/* Half of its time a token is taken from the store: so git has some left, however long it takes. */
static enum err read_tokens(struct ctx *c, const struct json *said, struct device_state *out)
{
	struct jwt token;
	int64_t now = c->world->clock() / 1000000;
	int64_t seconds = seconds_of(said, "expires_in", 60, EXPIRES_MAX);
	out->access = json_text(said, "access_token");
	out->refresh = json_text(said, "refresh_token");
	TRY_WHILE(c, jwt_parse(c, out->access, &token), "reading what the server gave");
	if (!out->refresh.len)
		return fail(c, ERR_UNAVAILABLE, "the server gave no refresh token");
	out->username = token.subject;
	out->ends = now + seconds;
	out->renew = now + seconds / 2;
	return OK;
}

static void wait_seconds(int64_t seconds)
{
	const struct timespec time = {.tv_sec = (time_t)seconds};
	nanosleep(&time, NULL);
}

struct waiting {
	struct str code;
	int64_t interval, until; /* until: world->monotonic() */
};

static enum err wait_for_tokens(struct ctx *c, const struct device_server *server,
	struct waiting *w, struct device_state *out)
{
	struct form form = {.body.arena = c->arena};
	field(&form, "grant_type", STR(GRANT_DEVICE));
	field(&form, "client_id", STR(CLIENT));
	field(&form, "device_code", w->code);
	for (int64_t next = FIRST; c->world->monotonic() < w->until; next = w->interval) {
		const struct json *said;
		struct str error;
		wait_seconds(next);
		TRY(send_form(c, server, "/oauth/token", &form, &said, &error));
		if (!error.len)
			return read_tokens(c, said, out);
		if (str_is(error, "slow_down"))
			w->interval += SLOWER;
		else if (str_is(error, "access_denied"))
			return fail(c, ERR_DENIED, "it was refused on the page");
		else if (str_is(error, "expired_token"))
			break;
		else if (!str_is(error, "authorization_pending") &&
			 !str_is(error, "temporarily_unavailable"))
			return refused(c, ERR_UNAVAILABLE, said);
	}
	return fail(c, ERR_TIMEOUT, "nobody let this machine in: try again");
}

/* What a terminal is shown: no byte of a server's may lead it astray. */
static bool is_plain(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] <= ' ' || text.at[i] >= 0x7f)
			return false;
	return text.len && text.len < 500;
}

static enum err tell(struct ctx *c, const struct device_server *server, const struct json *said)
{
	struct str url = json_text(said, "verification_uri_complete");
	struct str code = json_text(said, "user_code");
	if (!is_plain(url) || !is_plain(code) || !str_starts(url, server->origin))
		return fail(c, ERR_UNAVAILABLE, "the server's answer makes no sense");
	fprintf(stderr,
		"\nTo sign in to %.*s, open this in a browser, on any machine:\n\n"
		"    %.*s\n\n"
		"and see that it shows the code %.*s. This waits for it …\n\n",
		STR_FMT(server->origin), STR_FMT(url), STR_FMT(code));
	fflush(stderr);
	return OK;
}

static struct str machine_name(struct ctx *c)
{
	char name[HOST_NAME_MAX_LEN + 1] = "";
	if (gethostname(name, HOST_NAME_MAX_LEN) != 0)
		return STR("");
	return str_copy(c->arena, str_of(name));
}

enum err device_login(struct ctx *c, const struct device_server *server,
	const struct device_terms *terms, struct device_state *out)
{
	struct form form = {.body.arena = c->arena};
	const struct json *said;
	struct str error;
	field(&form, "client_id", STR(CLIENT));
	field(&form, "device_name", machine_name(c));
	if (terms->permission.len)
		field(&form, "scope", terms->permission);
	if (terms->limits.len)
		field(&form, "limits", terms->limits);
	TRY(send_form(c, server, "/oauth/device_authorization", &form, &said, &error));
	if (error.len)
		return refused(c, ERR_INVALID, said);
	TRY(tell(c, server, said));
	struct waiting w = {
		.code = json_text(said, "device_code"),
		.interval = seconds_of(said, "interval", INTERVAL, INTERVAL_MAX),
		.until = c->world->monotonic() +
			 seconds_of(said, "expires_in", EXPIRES_MAX, EXPIRES_MAX) * 1000000,
	};
	return wait_for_tokens(c, server, &w, out);
}

enum err device_renew(struct ctx *c, const struct device_server *server, struct device_state *state)
{
	struct form form = {.body.arena = c->arena};
	const struct json *said;
	struct str error;
	field(&form, "grant_type", STR("refresh_token"));
	field(&form, "client_id", STR(CLIENT));
	field(&form, "refresh_token", state->refresh);
	TRY(send_form(c, server, "/oauth/token", &form, &said, &error));
	if (str_is(error, "invalid_grant"))
		return refused(c, ERR_UNAUTH, said);
	if (error.len)
		return refused(c, ERR_UNAVAILABLE, said);
	return read_tokens(c, said, state);
}

enum err device_logout(
	struct ctx *c, const struct device_server *server, const struct device_state *state)
{
	struct form form = {.body.arena = c->arena};
	const struct json *said;
	struct str error;
	field(&form, "client_id", STR(CLIENT));
	field(&form, "token", state->refresh);
	TRY(send_form(c, server, "/oauth/revoke", &form, &said, &error));
	return error.len ? refused(c, ERR_UNAVAILABLE, said) : OK;
}
