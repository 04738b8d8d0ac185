#include "driver/oidc_source.h"

#include "base/host.h"
#include "driver/wait.h"

#include <stdlib.h>

enum { SECOND_US = 1000000 };

struct oidc_source {
	struct str issuer;
	struct http_client *http;
	pthread_mutex_t asking; /* held by who asks the provider */
	struct host_lock lock;  /* of all that follows */
	char *texts;            /* the description, then the keys */
	size_t metadata_len, keys_len;
	unsigned version;        /* of the texts; 0: there are none */
	int64_t asked, answered; /* world->monotonic(), last; 0: never */
};

/* A copy for one request. */
struct known {
	struct str metadata, keys;
	unsigned version;
	int64_t asked, age; /* age: of the texts, microseconds */
};

struct oidc_source *oidc_source_open(struct str issuer, struct http_client *http)
{
	struct oidc_source *s = calloc(1, sizeof *s);
	if (!s)
		host_panic("out of memory");
	s->issuer = issuer;
	s->http = http;
	pthread_mutex_init(&s->asking, NULL);
	return s;
}

void oidc_source_close(struct oidc_source *s)
{
	if (!s)
		return;
	pthread_mutex_destroy(&s->asking);
	free(s->texts);
	free(s);
}

static struct known look(struct ctx *c, struct oidc_source *s)
{
	WITH_LOCK(&s->lock);
	struct str texts = str_copy(c->arena, str_from(s->texts, s->metadata_len + s->keys_len));
	return (struct known){
		.metadata = str_until(texts, s->metadata_len),
		.keys = str_from_index(texts, s->metadata_len),
		.version = s->version,
		.asked = s->asked,
		.age = c->world->monotonic() - s->answered,
	};
}

static void note_asked(struct oidc_source *s, int64_t now)
{
	WITH_LOCK(&s->lock);
	s->asked = now;
}

static void keep(struct oidc_source *s, struct str metadata, struct str keys, int64_t now)
{
	char *texts = malloc(metadata.len + keys.len);
	if (!texts)
		host_panic("out of memory");
	memcpy(texts, metadata.at, metadata.len);
	memcpy(texts + metadata.len, keys.at, keys.len);
	WITH_LOCK(&s->lock);
	free(s->texts);
	s->texts = texts;
	s->metadata_len = metadata.len;
	s->keys_len = keys.len;
	s->version++;
	s->answered = now;
}

enum err oidc_source_call(struct ctx *c, struct oidc_source *s, const struct http_call *call,
	int *status, struct str *body)
{
	struct http_answer answer;
	struct http_call bounded = *call;
	bounded.timeout_ms = OIDC_CALL_MS;
	bounded.body_max = OIDC_ANSWER_MAX;
	enum err kind = http_call(c, s->http, &bounded, &answer);
	if (kind == ERR_TOO_BIG)
		return fail(c, ERR_UNAVAILABLE, "the OpenID provider's answer at %s is over %d KiB",
			call->url, OIDC_ANSWER_MAX >> 10);
	TRY(kind);
	if (status)
		*status = answer.status;
	else if (answer.status != 200)
		return fail(c, ERR_UNAVAILABLE, "the OpenID provider answers %d at %s",
			answer.status, call->url);
	*body = answer.body;
	return OK;
}

static enum err get(struct ctx *c, struct oidc_source *s, struct str url, struct str *body)
{
	const struct http_header json = {STR("Accept"), STR("application/json")};
	const struct http_call call = {.method = "GET",
		.url = str_dup(c->arena, url),
		.headers = &json,
		.header_count = 1};
	return oidc_source_call(c, s, &call, NULL, body);
}

/* Both texts, and that they are what they should be. */
static enum err ask(struct ctx *c, struct oidc_source *s)
{
	struct str at = s->issuer, metadata, keys;
	struct oidc_metadata described;
	struct jwks read;
	(void)str_skip_end(&at, STR("/"));
	TRY(get(c, s,
		str_of(arena_fmt(c->arena, "%.*s/.well-known/openid-configuration", STR_FMT(at))),
		&metadata));
	TRY(oidc_metadata_parse(c, s->issuer, metadata, &described));
	TRY(get(c, s, described.jwks, &keys));
	if (jwks_parse(c, keys, &read)) {
		const char *why = arena_strdup(c->arena, c->error.text);
		return fail(c, ERR_UNAVAILABLE, "the OpenID provider's keys: %s", why);
	}
	keep(s, metadata, keys, c->world->monotonic());
	return OK;
}

static bool is_new(const struct known *known, unsigned than)
{
	return known->version > than && known->age < (int64_t)OIDC_FRESH_S * SECOND_US;
}

static bool is_of_use(const struct known *known)
{
	return known->version && known->age < (int64_t)OIDC_STALE_S * SECOND_US;
}

/* It was asked so lately that nobody asks again: what there is has to do. */
static bool is_settled(struct ctx *c, const struct known *known)
{
	return known->asked &&
	       c->world->monotonic() - known->asked < (int64_t)OIDC_PAUSE_S * SECOND_US;
}

static enum err make_do(struct ctx *c, const struct known *known)
{
	if (is_of_use(known))
		return OK;
	return fail(c, ERR_UNAVAILABLE, "the OpenID provider did not answer a moment ago");
}

/* Texts that are newer than version `than`, where such can be had; else those that there are. */
static enum err know(struct ctx *c, struct oidc_source *s, unsigned than, struct known *out)
{
	*out = look(c, s);
	if (is_new(out, than))
		return OK;
	if (is_settled(c, out) && is_of_use(out))
		return OK;
	HOLD(s->asking);
	*out = look(c, s);
	if (is_new(out, than))
		return OK;
	if (is_settled(c, out))
		return make_do(c, out);
	note_asked(s, c->world->monotonic());
	enum err kind = ask(c, s);
	if (kind && !is_of_use(out))
		return kind;
	if (kind)
		ctx_clear(c);
	*out = look(c, s);
	return OK;
}

enum err oidc_source_metadata(struct ctx *c, struct oidc_source *s, struct oidc_metadata *out)
{
	struct known known;
	TRY(know(c, s, 0, &known));
	return oidc_metadata_parse(c, s->issuer, known.metadata, out);
}

static enum err find_key(
	struct ctx *c, const struct known *known, const struct jwt *token, const struct jwk **out)
{
	struct jwks keys;
	TRY(jwks_parse(c, known->keys, &keys));
	*out = jwks_find(&keys, token->kid, token->alg);
	return OK;
}

enum err oidc_source_verify(struct ctx *c, struct oidc_source *s, const struct jwt *token)
{
	struct known known;
	const struct jwk *key = NULL;
	TRY(know(c, s, 0, &known));
	TRY(find_key(c, &known, token, &key));
	if (!key) {
		TRY(know(c, s, known.version, &known));
		TRY(find_key(c, &known, token, &key));
	}
	if (!key)
		return fail(c, ERR_UNAUTH,
			"the token's key \"%.*s\" for %s is not among those of its issuer",
			STR_FMT(token->kid), jws_alg_name(token->alg));
	return jwt_verify(c, token, key);
}
