/*
 * Tokens of Kubernetes' service accounts, as a bearer or in the password's place: the cluster's API server says
 * whose they are (TokenReview), and the settings as whom they work here.
 */
#include "driver/kubernetes.h"

#include "base/hash.h"
#include "base/host.h"
#include "base/jwt.h"
#include "driver/kube_api.h"
#include "driver/machine.h"
#include "driver/memo.h"
#include "model/pattern.h"
#include "model/user.h"

#include <stdlib.h>

#define SERVICE_ACCOUNT "system:serviceaccount:"

enum { REMEMBERED = 1024, SECOND_MS = 1000, GROUPS_BYTES_MAX = 2048, NAME_MAX_BYTES = 512 };

/* Who has it works as this account. */
struct rule {
	bool group;
	struct str pattern, account;
};

struct auth_kubernetes {
	struct auth auth;
	struct kube_api *api;
	struct db *db;
	struct memo *memo;
	int64_t cache;
	struct arena arena; /* of what follows */
	struct strs {
		struct str *at;
		size_t count;
	} audiences;
	struct rule *rules;
	size_t rule_count;
};

/* Whom the API server knows a token as. */
struct reviewed {
	struct str name, groups; /* groups: one a line; name empty: nobody */
};

static enum err nobody(struct ctx *c)
{
	return fail(c, ERR_UNAUTH,
		"the cluster does not know this service account's token, or no more");
}

/* Only what says of itself that it is one is shown to the cluster. Nothing in it is believed. */
static bool looks_like_one(struct ctx *c, struct str secret, struct jwt *out)
{
	bool is = str_starts(secret, STR("eyJ")) && !jwt_parse(c, secret, out) &&
		  str_starts(out->subject, STR(SERVICE_ACCOUNT));
	if (!is)
		ctx_clear(c);
	return is;
}

static struct str review_body(struct ctx *c, const struct auth_kubernetes *a, struct str token)
{
	struct buf out = {.arena = c->arena};
	struct json_writer w = {.out = &out};
	json_begin_object(&w);
	json_member_cstr(&w, "apiVersion", "authentication.k8s.io/v1");
	json_member_cstr(&w, "kind", "TokenReview");
	json_key(&w, "spec");
	json_begin_object(&w);
	json_member_str(&w, "token", token);
	if (a->audiences.count) {
		json_key(&w, "audiences");
		json_begin_array(&w);
		for (size_t i = 0; i < a->audiences.count; i++)
			json_string(&w, a->audiences.at[i]);
		json_end_array(&w);
	}
	json_end_object(&w);
	json_end_object(&w);
	return buf_view(&out);
}

/* A server that knows nothing of audiences names none: its answer is about itself, and not about us. */
static bool is_for_us(struct ctx *c, const struct auth_kubernetes *a, const struct json *status)
{
	const struct json *named = json_get(status, "audiences");
	bool names = named && named->kind == JSON_ARRAY;
	for (size_t i = 0; names && i < a->audiences.count; i++)
		if (json_has_text(named, str_dup(c->arena, a->audiences.at[i])))
			return true;
	return !a->audiences.count;
}

static void read_user(struct ctx *c, const struct json *user, struct reviewed *out)
{
	struct buf groups = {.arena = c->arena};
	const struct json *list = json_get(user, "groups");
	struct str name = json_text(user, "username");
	if (name.len > NAME_MAX_BYTES || str_find(name, '\n') < name.len)
		return;
	out->name = name;
	for (const struct json *g = list ? list->first : NULL; g; g = g->next)
		if (g->kind == JSON_STRING && str_find(g->text, '\n') == g->text.len &&
			groups.len + g->text.len < GROUPS_BYTES_MAX)
			buf_fmt(&groups, "%.*s\n", STR_FMT(g->text));
	out->groups = buf_view(&groups);
}

static enum err review(
	struct ctx *c, const struct auth_kubernetes *a, struct str token, struct reviewed *out)
{
	const struct json *status;
	TRY(kube_api_review(c, a->api, "/apis/authentication.k8s.io/v1/tokenreviews",
		review_body(c, a, token), &status));
	const struct json *yes = json_get(status, "authenticated");
	if (yes && yes->kind == JSON_BOOL && yes->boolean && is_for_us(c, a, status))
		read_user(c, json_get(status, "user"), out);
	return OK;
}

/* No longer than the token itself is good for. */
static int64_t good_for(struct ctx *c, const struct auth_kubernetes *a, const struct jwt *token)
{
	int64_t left = token->expires * SECOND_MS - c->world->clock() / SECOND_MS;
	return token->expires && left < a->cache ? left : a->cache;
}

/* What is remembered is the name, and the groups behind it. */
static enum err look_up(struct ctx *c, const struct auth_kubernetes *a, const struct jwt *token,
	struct str text, struct reviewed *out)
{
	uint8_t key[HASH_MAX];
	struct str value;
	hash_once(HASH_SHA256, text.at, text.len, key);
	*out = (struct reviewed){0};
	if (memo_get(c, a->memo, key, &value)) {
		(void)str_line(&value, &out->name);
		out->groups = value;
		return OK;
	}
	TRY(review(c, a, text, out));
	const char *kept =
		arena_fmt(c->arena, "%.*s\n%.*s", STR_FMT(out->name), STR_FMT(out->groups));
	memo_put(c, a->memo, key, str_of(kept), good_for(c, a, token));
	return OK;
}

static bool fits(struct ctx *c, const struct rule *rule, const struct reviewed *who)
{
	struct str rest = who->groups, group;
	if (!rule->group)
		return pattern_fits_path(c->arena, rule->pattern, who->name);
	while (str_line(&rest, &group))
		if (pattern_fits_path(c->arena, rule->pattern, group))
			return true;
	return false;
}

static enum err account_of(
	struct ctx *c, const struct auth_kubernetes *a, const struct reviewed *who, struct str *out)
{
	for (size_t i = 0; i < a->rule_count; i++)
		if (fits(c, &a->rules[i], who)) {
			*out = a->rules[i].account;
			return OK;
		}
	return fail(c, ERR_UNAUTH,
		"%.*s has no account here: the owner gives it one by NIMBUS_KUBERNETES_ACCOUNTS",
		STR_FMT(str_until(who->name, 200)));
}

static enum err kubernetes_authenticate(
	struct ctx *c, struct auth *self, const struct credential *cred, struct actor *who)
{
	struct auth_kubernetes *a = (struct auth_kubernetes *)self;
	struct reviewed reviewed;
	struct machine machine = {
		.setting = "NIMBUS_KUBERNETES_ACCOUNTS", .via = STR("kubernetes")};
	struct jwt token;
	if (!looks_like_one(c, cred->secret, &token))
		return fail(c, ERR_UNSUPPORTED, "this is no service account's token");
	enum err kind = look_up(c, a, &token, cred->secret, &reviewed);
	if (kind == ERR_UNAVAILABLE)
		c->refused.told = "the cluster's API server could not be asked whose token this is";
	TRY(kind);
	if (!reviewed.name.len)
		return nobody(c);
	TRY(account_of(c, a, &reviewed, &machine.account));
	machine.subject = reviewed.name;
	machine.groups = reviewed.groups;
	return machine_actor(c, a->db, &machine, who);
}

static enum err kubernetes_enrol(
	struct ctx *c, struct auth *self, struct str secret, struct str *stored)
{
	(void)self, (void)secret, (void)stored;
	return fail(c, ERR_UNSUPPORTED, "nothing is stored of a service account's token");
}

static void kubernetes_close(struct auth *self)
{
	struct auth_kubernetes *a = (struct auth_kubernetes *)self;
	kube_api_close(a->api);
	memo_close(a->memo);
	arena_done(&a->arena);
	free(a);
}

static const struct auth_ops kubernetes_ops = {.authenticate = kubernetes_authenticate,
	.enrol = kubernetes_enrol,
	.close = kubernetes_close};

static size_t count_parts(struct str text)
{
	size_t count = 1;
	for (size_t i = 0; i < text.len; i++)
		count += text.at[i] == ',';
	return count;
}

static void read_audiences(struct auth_kubernetes *a, struct str text)
{
	a->audiences.at = NEW_ARRAY(&a->arena, struct str, count_parts(text));
	while (text.len) {
		struct str name = str_trim(str_cut(&text, ','));
		if (name.len)
			a->audiences.at[a->audiences.count++] = str_copy(&a->arena, name);
	}
}

/* "ci:runner=robot", "system:serviceaccount:ci:runner=robot", "group:system:serviceaccounts:ci=robot". */
static enum err read_rule(struct ctx *c, struct arena *keep, struct str text, struct rule *out)
{
	size_t equals = str_find_last(text, '=');
	struct str left = str_trim(str_until(text, equals));
	struct str account =
		equals < text.len ? str_trim(str_from_index(text, equals + 1)) : (struct str){0};
	out->group = str_skip(&left, STR("group:"));
	bool full = out->group || str_starts(left, STR("system:"));
	if (!left.len || !account.len || (!full && str_find(left, ':') == left.len))
		return fail(c, ERR_INVALID,
			"NIMBUS_KUBERNETES_ACCOUNTS: \"%.*s\" must be NAMESPACE:NAME=ACCOUNT, or "
			"group:GROUP=ACCOUNT",
			STR_FMT(str_until(text, 200)));
	TRY_WHILE(c, username_check(c, account), "reading NIMBUS_KUBERNETES_ACCOUNTS");
	out->pattern =
		str_of(arena_fmt(keep, "%s%.*s", full ? "" : SERVICE_ACCOUNT, STR_FMT(left)));
	out->account = str_copy(keep, account);
	return OK;
}

static enum err read_rules(struct ctx *c, struct auth_kubernetes *a, struct str text)
{
	a->rules = NEW_ARRAY(&a->arena, struct rule, count_parts(text));
	while (text.len) {
		struct str part = str_trim(str_cut(&text, ','));
		if (part.len)
			TRY(read_rule(c, &a->arena, part, &a->rules[a->rule_count++]));
	}
	if (!a->rule_count)
		return fail(c, ERR_INVALID,
			"NIMBUS_KUBERNETES_ACCOUNTS is not set, but NIMBUS_KUBERNETES is on: "
			"nobody "
			"would have an account");
	return OK;
}

enum err auth_kubernetes_open(
	struct ctx *c, const struct kubernetes_options *options, struct db *db, struct auth **out)
{
	struct auth_kubernetes *a = calloc(1, sizeof *a);
	if (!a)
		host_panic("out of memory");
	arena_init(&a->arena);
	a->auth.ops = &kubernetes_ops;
	a->db = db;
	a->cache = options->cache;
	a->memo = memo_open(REMEMBERED);
	read_audiences(a, str_of(options->audiences));
	enum err kind = read_rules(c, a, str_of(options->accounts));
	if (!kind)
		kind = kube_api_open(c, options, &a->api);
	if (kind)
		kubernetes_close(&a->auth);
	else
		*out = &a->auth;
	return kind;
}
