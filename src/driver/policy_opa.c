/*
 * A policy in Open Policy Agent, asked over its REST API: one question by its rule `allow`, several by
 * `allow_each`. https://www.openpolicyagent.org/docs/latest/rest-api/#get-a-document-with-input
 *
 * What it answers is of somebody else: capped, and nothing but true allows anything.
 */
#include "driver/driver.h"

#include "base/hash.h"
#include "base/host.h"
#include "base/map.h"
#include "driver/http_call.h"
#include "driver/memo.h"
#include "driver/policy_input.h"
#include "driver/policy_level.h"

#include <stdlib.h>

enum { EACH_MAX = 500, ANSWER_MAX = 256 << 10, REMEMBERED = 4096, TOLD_MAX = 200 };

struct policy_opa {
	struct policy policy;
	struct http_client *http;
	struct secret_source token;
	char *one, *each; /* the addresses of the two rules */
	int64_t timeout, cache;
	struct memo *memo;
	struct host_lock lock;
	uint64_t revision; /* of the policy, as it said last; 0: it says none */
};

/* One question under way. */
struct asked {
	struct str json; /* what is asked, without who and when */
	uint8_t key[HASH_MAX];
	size_t at; /* in the caller's lists */
};

/* A question to be put, with others or alone. */
struct batch {
	struct policy_opa *opa;
	struct str principal; /* the JSON of who asks */
	const struct policy_question *questions;
	struct policy_answer *answers;
	struct asked *asked;
	size_t count;
};

/* What is remembered of an answer; the text of its decision follows. */
struct remembered {
	uint64_t revision;
	bool allowed;
};

static uint64_t revision_now(struct policy_opa *opa)
{
	WITH_LOCK(&opa->lock);
	return opa->revision;
}

static void note_revision(struct policy_opa *opa, uint64_t revision)
{
	WITH_LOCK(&opa->lock);
	opa->revision = revision;
}

static void answer_is(const struct policy_question *q, bool allowed, struct str decision,
	struct policy_answer *out)
{
	enum permission needed = operation_level(q->operation), level = policy_level(q);
	*out = (struct policy_answer){.allowed = allowed, .decision = decision};
	/* Who may not even read has nothing; who is allowed more than was granted, has that. */
	if (allowed || q->operation != OPERATION_REPOSITORY_READ)
		out->level = allowed && level < needed ? needed : level;
}

static bool recall(struct ctx *c, const struct batch *b, const struct asked *a)
{
	struct str value;
	struct remembered r;
	if (!memo_get(c, b->opa->memo, a->key, &value))
		return false;
	ASSERT(value.len >= sizeof r);
	memcpy(&r, value.at, sizeof r);
	if (r.revision != revision_now(b->opa))
		return false;
	answer_is(&b->questions[a->at], r.allowed, str_from_index(value, sizeof r),
		&b->answers[a->at]);
	return true;
}

static void remember(struct ctx *c, const struct batch *b, const struct asked *a, uint64_t revision)
{
	const struct policy_answer *answer = &b->answers[a->at];
	struct remembered r;
	struct buf value = {.arena = c->arena};
	memset(&r, 0, sizeof r);
	r.revision = revision;
	r.allowed = answer->allowed;
	buf_bytes(&value, &r, sizeof r);
	buf_str(&value, answer->decision);
	memo_put(c, b->opa->memo, a->key, buf_view(&value), b->opa->cache);
}

/* The members of an object, without its braces. */
static struct str members(const struct buf *object)
{
	return str_from(object->at + 1, object->len - 2);
}

static struct str principal_json(struct ctx *c, const struct actor *who)
{
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	json_begin_object(&w);
	policy_input_principal(&w, who);
	json_end_object(&w);
	return members(&b);
}

static struct str question_json(struct ctx *c, const struct policy_question *q)
{
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	json_begin_object(&w);
	policy_input_question(&w, q);
	json_end_object(&w);
	return members(&b);
}

static struct str time_json(struct ctx *c)
{
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	json_begin_object(&w);
	policy_input_time(&w, c->world->clock());
	json_end_object(&w);
	return members(&b);
}

/* All that the answer rests on, but the time. */
static void key_of(struct str principal, struct asked *a)
{
	struct hash h;
	hash_init(&h, HASH_SHA256);
	hash_update(&h, principal.at, principal.len);
	hash_update(&h, a->json.at, a->json.len);
	hash_final(&h, a->key);
}

static struct str body_of(
	struct ctx *c, const struct batch *b, const struct asked *at, size_t count)
{
	struct buf out = {.arena = c->arena};
	struct str time = time_json(c);
	buf_fmt(&out, "{\"input\":{%.*s,%.*s,", STR_FMT(b->principal), STR_FMT(time));
	if (count == 1) {
		buf_str(&out, at->json);
	} else {
		buf_cstr(&out, "\"each\":[");
		for (size_t i = 0; i < count; i++)
			buf_fmt(&out, "%s{%.*s}", i ? "," : "", STR_FMT(at[i].json));
		buf_byte(&out, ']');
	}
	buf_cstr(&out, "}}");
	return buf_view(&out);
}

/* Of whatever kind it is: nobody could be asked. Only who went away is told nothing. */
static enum err unasked(struct ctx *c, enum err kind)
{
	struct error why = c->error;
	if (kind == ERR_CANCELED)
		return kind;
	return fail(c, ERR_UNAVAILABLE, "the policy could not be asked: %s", why.text);
}

static enum err post(struct ctx *c, const struct policy_opa *opa, const char *url, struct str body,
	struct str *out)
{
	struct secret_value token;
	struct http_answer answer;
	struct http_header headers[2] = {{STR("Content-Type"), STR("application/json")}};
	size_t count = 1;
	TRY_WHILE(c, secret_read(c, &opa->token, &token), "reading NIMBUS_POLICY_TOKEN");
	if (token.text.len)
		headers[count++] = (struct http_header){STR("Authorization"),
			str_of(arena_fmt(c->arena, "Bearer %.*s", STR_FMT(token.text)))};
	const struct http_call call = {.method = "POST",
		.url = url,
		.headers = headers,
		.header_count = count,
		.body = body,
		.timeout_ms = opa->timeout,
		.body_max = ANSWER_MAX};
	TRY(http_call(c, opa->http, &call, &answer));
	if (answer.status == 401)
		secret_doubt(c, &opa->token, token.generation);
	if (answer.status != 200)
		return fail(c, ERR_UNAVAILABLE, "OPA answered with status %d: %.*s", answer.status,
			STR_FMT(str_until(answer.body, TOLD_MAX)));
	*out = answer.body;
	return OK;
}

static uint64_t hash_text(uint64_t seed, struct str text)
{
	return bytes_hash(seed + 1, text.at, text.len);
}

/* Of all its bundles; 0 where it has none. */
static uint64_t revision_of(const struct json *answer)
{
	const struct json *provenance = json_get(answer, "provenance");
	const struct json *bundles = json_get(provenance, "bundles");
	struct str old = json_text(provenance, "revision");
	uint64_t revision = old.len ? hash_text(0, old) : 0;
	for (const struct json *b = bundles ? bundles->first : NULL; b; b = b->next)
		revision = hash_text(hash_text(revision, b->key), json_text(b, "revision"));
	return revision;
}

static enum err read_bool(struct ctx *c, const struct json *value, bool *out)
{
	if (!value || value->kind != JSON_BOOL)
		return fail(c, ERR_UNAVAILABLE,
			value ? "its answer is neither true nor false"
			      : "it has no answer: is there such a rule, with a default?");
	*out = value->boolean;
	return OK;
}

static enum err read_results(struct ctx *c, const struct json *answer, bool *out, size_t count)
{
	const struct json *result = json_get(answer, "result");
	if (count == 1)
		return read_bool(c, result, out);
	if (!result)
		return fail(c, ERR_UNAVAILABLE,
			"it has no rule for several questions at once: see docs/policy.md for "
			"allow_each");
	if (result->kind != JSON_ARRAY || result->count != count)
		return fail(c, ERR_UNAVAILABLE, "its answer to %zu questions is no list of as many",
			count);
	const struct json *value = result->first;
	for (size_t i = 0; i < count; i++, value = value->next)
		TRY(read_bool(c, value, &out[i]));
	return OK;
}

/* One request for so many of the questions. */
static enum err put(struct ctx *c, const struct batch *b, const struct asked *at, size_t count)
{
	struct policy_opa *opa = b->opa;
	struct str text;
	struct json *answer;
	bool *results = NEW_ARRAY(c->arena, bool, count);
	TRY(post(c, opa, count == 1 ? opa->one : opa->each, body_of(c, b, at, count), &text));
	TRY_WHILE(c, json_parse(c, text, &answer), "reading OPA's answer");
	TRY(read_results(c, answer, results, count));
	uint64_t revision = revision_of(answer);
	struct str decision = str_until(json_text(answer, "decision_id"), CTX_DECISION_MAX);
	note_revision(opa, revision);
	for (size_t i = 0; i < count; i++) {
		answer_is(&b->questions[at[i].at], results[i], decision, &b->answers[at[i].at]);
		remember(c, b, &at[i], revision);
	}
	return OK;
}

static enum err opa_decide(struct ctx *c, struct policy *self,
	const struct policy_question *questions, size_t count, struct policy_answer *answers)
{
	struct batch b = {.opa = (struct policy_opa *)self,
		.questions = questions,
		.answers = answers,
		.asked = NEW_ARRAY(c->arena, struct asked, count)};
	if (!count)
		return OK;
	b.principal = principal_json(c, questions[0].who);
	for (size_t i = 0; i < count; i++) {
		struct asked *a = &b.asked[b.count];
		*a = (struct asked){.json = question_json(c, &questions[i]), .at = i};
		key_of(b.principal, a);
		b.count += !recall(c, &b, a);
	}
	for (size_t at = 0; at < b.count; at += EACH_MAX) {
		size_t left = b.count - at;
		enum err kind = put(c, &b, &b.asked[at], left < EACH_MAX ? left : EACH_MAX);
		if (kind)
			return unasked(c, kind);
	}
	return OK;
}

static void opa_close(struct policy *self)
{
	struct policy_opa *opa = (struct policy_opa *)self;
	http_client_close(opa->http);
	memo_close(opa->memo);
	free(opa->one);
	free(opa->each);
	free(opa);
}

static const struct policy_ops opa_ops = {.decide = opa_decide, .close = opa_close};

static char *address_of(struct ctx *c, struct str base, struct str path, const char *suffix)
{
	char *url = strdup(arena_fmt(
		c->arena, "%.*s%.*s%s?provenance=true", STR_FMT(base), STR_FMT(path), suffix));
	if (!url)
		host_panic("out of memory");
	return url;
}

/* "opa+https://host:8181/v1/data/nimbus/allow": the address and the path of the rule. */
static enum err read_url(struct ctx *c, const char *text, struct str *base, struct str *path)
{
	struct str url = str_of(text);
	if (!str_skip(&url, STR("opa+")))
		return fail(c, ERR_INVALID,
			"NIMBUS_POLICY must be opa+http://HOST:PORT or opa+https://HOST:PORT, "
			"with the path of another rule than /v1/data/nimbus/allow where it is "
			"another; or empty");
	size_t start = str_find_str(url, STR("://"));
	start = start < url.len ? start + 3 : url.len;
	size_t end = start + str_find(str_from_index(url, start), '/');
	*base = str_until(url, end);
	*path = str_from_index(url, end);
	while (str_skip_end(path, STR("/")))
		;
	if (!path->len)
		*path = STR("/v1/data/nimbus/allow");
	if (!str_starts(*path, STR("/v1/data/")) || str_find(*path, '?') < path->len)
		return fail(c, ERR_INVALID,
			"NIMBUS_POLICY: the path of a rule begins with /v1/data/, and has no ?");
	return OK;
}

enum err policy_opa_open(
	struct ctx *c, const struct policy_opa_options *options, struct policy **out)
{
	struct str base, path;
	struct http_client *http;
	struct http_client_options how = {.service = "OPA",
		.address = "NIMBUS_POLICY",
		.ca = options->ca,
		.ca_name = "NIMBUS_POLICY_CA",
		.cert = options->cert,
		.key = options->key,
		.cert_name = "NIMBUS_POLICY_CERT",
		.key_name = "NIMBUS_POLICY_KEY"};
	TRY(read_url(c, options->url, &base, &path));
	/* A token is for nobody else's ears. */
	how.plain = !options->token.reference || !*options->token.reference;
	TRY(http_client_open(c, &how, &http));
	enum err kind = http_client_check(c, http, arena_fmt(c->arena, "%.*s", STR_FMT(base)));
	if (kind) {
		http_client_close(http);
		return kind;
	}
	struct policy_opa *opa = calloc(1, sizeof *opa);
	if (!opa)
		host_panic("out of memory");
	opa->policy = (struct policy){.ops = &opa_ops, .far = true};
	opa->http = http;
	opa->token = options->token;
	opa->one = address_of(c, base, path, "");
	opa->each = address_of(c, base, path, "_each");
	opa->timeout = options->timeout;
	opa->cache = options->cache;
	opa->memo = memo_open(REMEMBERED);
	*out = &opa->policy;
	return OK;
}
