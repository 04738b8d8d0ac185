#include "driver/oidc_answer.h"

static bool is_this_machine(struct str host)
{
	return str_is(host, "127.0.0.1") || str_is(host, "localhost") || str_is(host, "[::1]");
}

/* All visible ASCII, as a URL is; and nothing that would make two of it. */
static bool is_plain(struct str url)
{
	for (size_t i = 0; i < url.len; i++)
		if (url.at[i] <= ' ' || url.at[i] > '~' || strchr("\"#<>\\^`{|}", url.at[i]))
			return false;
	return url.len <= OIDC_URL_MAX;
}

/* Of HOST, [HOST] or either with :PORT; empty where it is none of these. */
static struct str host_of(struct str authority)
{
	bool brackets = authority.len && authority.at[0] == '[';
	size_t end = brackets ? str_find(authority, ']') + 1 : str_find(authority, ':');
	struct str port = str_from_index(authority, end);
	uint64_t number = 0;
	bool ok = !port.len ||
		  (str_skip(&port, STR(":")) && str_to_u64(port, &number) && number <= UINT16_MAX);
	return ok ? str_until(authority, end) : (struct str){0};
}

bool oidc_is_url(struct str url)
{
	struct str rest = url;
	bool tls = str_skip(&rest, STR("https://"));
	if (!is_plain(url) || (!tls && !str_skip(&rest, STR("http://"))))
		return false;
	size_t query = str_find(rest, '?'), path = str_find(rest, '/');
	struct str host = host_of(str_until(rest, query < path ? query : path));
	if (!host.len || str_find(host, '@') < host.len)
		return false;
	return tls || is_this_machine(host);
}

static enum err refuse(struct ctx *c, const char *why)
{
	return fail(c, ERR_UNAVAILABLE, "the OpenID provider's %s", why);
}

static enum err read_object(
	struct ctx *c, const char *what, struct str text, const struct json **out)
{
	struct json *root = NULL;
	if (json_parse(c, text, &root) || root->kind != JSON_OBJECT) {
		const char *why = arena_strdup(c->arena, root ? "no object" : c->error.text);
		return fail(c, ERR_UNAVAILABLE, "the OpenID provider's %s cannot be read: %s", what,
			why);
	}
	*out = root;
	return OK;
}

static enum err read_url(
	struct ctx *c, const struct json *object, const char *name, struct str *out)
{
	*out = json_text(object, name);
	if (json_get(object, name) && !oidc_is_url(*out))
		return fail(c, ERR_UNAVAILABLE,
			"the OpenID provider's %s is no https URL: \"%.*s\"", name,
			STR_FMT(str_until(*out, 200)));
	return OK;
}

enum err oidc_metadata_parse(
	struct ctx *c, struct str issuer, struct str text, struct oidc_metadata *out)
{
	const struct json *root = NULL;
	*out = (struct oidc_metadata){0};
	TRY(read_object(c, "description", text, &root));
	struct str named = json_text(root, "issuer");
	if (!str_eq(named, issuer))
		return fail(c, ERR_UNAVAILABLE,
			"the OpenID provider calls itself \"%.*s\" instead of \"%.*s\"",
			STR_FMT(str_until(named, 200)), STR_FMT(str_until(issuer, 200)));
	TRY(read_url(c, root, "authorization_endpoint", &out->authorization));
	TRY(read_url(c, root, "token_endpoint", &out->token));
	TRY(read_url(c, root, "userinfo_endpoint", &out->userinfo));
	TRY(read_url(c, root, "end_session_endpoint", &out->end_session));
	TRY(read_url(c, root, "jwks_uri", &out->jwks));
	if (!out->jwks.len)
		return refuse(c, "description names no keys (jwks_uri)");
	const struct json *methods = json_get(root, "token_endpoint_auth_methods_supported");
	out->posts_secret = methods && !json_has_text(methods, "client_secret_basic") &&
			    json_has_text(methods, "client_secret_post");
	const struct json *says = json_get(root, "authorization_response_iss_parameter_supported");
	out->says_issuer = says && says->kind == JSON_BOOL && says->boolean;
	return OK;
}

/* As RFC 6750 has it: nothing that would end a header's line. */
static bool is_token(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] <= ' ' || text.at[i] > '~')
			return false;
	return text.len <= OIDC_ACCESS_TOKEN_MAX;
}

enum err oidc_tokens_parse(struct ctx *c, struct str text, struct oidc_tokens *out)
{
	const struct json *root = NULL;
	*out = (struct oidc_tokens){0};
	TRY(read_object(c, "tokens", text, &root));
	out->id_token = json_text(root, "id_token");
	out->access_token = json_text(root, "access_token");
	if (!out->id_token.len)
		return refuse(c, "answer has no ID token: is \"openid\" among the scopes?");
	if (!str_eq_nocase(json_text(root, "token_type"), STR("Bearer")))
		return refuse(c, "access token is of another type than \"Bearer\"");
	if (!is_token(out->access_token))
		return refuse(c, "access token is none");
	return OK;
}

struct str oidc_error_of(struct ctx *c, struct str text)
{
	struct json *root = NULL;
	if (json_parse(c, text, &root)) {
		ctx_clear(c);
		return (struct str){0};
	}
	return json_text(root, "error");
}
