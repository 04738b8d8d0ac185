/*
 * What service accounts may do with a repository, by the cluster's own rules (SubjectAccessReview): the verbs
 * get, push and admin on repositories of the API group nimbus.git. What comes out takes the place of what was
 * granted here; then another policy judges, as it does of everybody else.
 */
#include "driver/kubernetes.h"

#include "base/hash.h"
#include "base/host.h"
#include "driver/kube_api.h"
#include "driver/memo.h"

#include <stdlib.h>

enum { REMEMBERED = 8192, NAMED_MAX = 100 };

struct policy_kubernetes {
	struct policy policy;
	struct policy *inner;
	struct kube_api *api;
	struct memo *memo;
	int64_t cache;
	char *namespace;
};

/* What is found out for one list of questions. */
struct access {
	struct policy_kubernetes *k;
	const struct actor *who;
	size_t named; /* how often the cluster was asked about a name */
};

static const char *const verbs[] = {
	[PERMISSION_READ] = "get", [PERMISSION_WRITE] = "push", [PERMISSION_ADMIN] = "admin"};

static struct str review_body(
	struct ctx *c, const struct access *a, enum permission level, struct str name)
{
	struct buf out = {.arena = c->arena};
	struct json_writer w = {.out = &out};
	struct str groups = a->who->groups, group;
	json_begin_object(&w);
	json_member_cstr(&w, "apiVersion", "authorization.k8s.io/v1");
	json_member_cstr(&w, "kind", "SubjectAccessReview");
	json_key(&w, "spec");
	json_begin_object(&w);
	json_member_str(&w, "user", a->who->subject);
	json_key(&w, "groups");
	json_begin_array(&w);
	while (str_line(&groups, &group))
		json_string(&w, group);
	json_end_array(&w);
	json_key(&w, "resourceAttributes");
	json_begin_object(&w);
	json_member_cstr(&w, "group", "nimbus.git");
	json_member_cstr(&w, "resource", "repositories");
	json_member_cstr(&w, "verb", verbs[level]);
	if (*a->k->namespace)
		json_member_cstr(&w, "namespace", a->k->namespace);
	if (name.len)
		json_member_str(&w, "name", name);
	json_end_object(&w);
	json_end_object(&w);
	json_end_object(&w);
	return buf_view(&out);
}

/* `name` empty: with all there are. */
static enum err may(
	struct ctx *c, struct access *a, enum permission level, struct str name, bool *out)
{
	struct str body = review_body(c, a, level, name), known;
	const struct json *status;
	uint8_t key[HASH_MAX];
	hash_once(HASH_SHA256, body.at, body.len, key);
	if (memo_get(c, a->k->memo, key, &known)) {
		*out = str_is(known, "yes");
		return OK;
	}
	TRY(kube_api_review(
		c, a->k->api, "/apis/authorization.k8s.io/v1/subjectaccessreviews", body, &status));
	const struct json *allowed = json_get(status, "allowed");
	if (!allowed || allowed->kind != JSON_BOOL)
		return fail(c, ERR_UNAVAILABLE,
			"the Kubernetes API server could not be asked: its answer does not say "
			"whether it is allowed");
	*out = allowed->boolean;
	memo_put(c, a->k->memo, key, *out ? STR("yes") : STR("no"), a->k->cache);
	return OK;
}

/*
 * A list has hundreds of names, and the cluster is asked about one at a time: so first whether they may
 * read all. Past so many names, those that are left are none of theirs.
 */
static enum err may_named(
	struct ctx *c, struct access *a, enum permission level, struct str name, bool *out)
{
	*out = a->named++ < NAMED_MAX;
	return *out ? may(c, a, level, name, out) : OK;
}

static enum err level_of(struct ctx *c, struct access *a, const struct policy_question *q, bool all,
	enum permission *out)
{
	enum permission needed = operation_level(q->operation);
	*out = PERMISSION_NONE;
	if (all)
		*out = PERMISSION_READ;
	for (enum permission level = PERMISSION_READ; level <= needed; level++) {
		bool yes = *out >= level;
		if (!yes && (level == PERMISSION_READ || level == needed))
			TRY(may_named(c, a, level, q->repo->name, &yes));
		if (yes)
			*out = level;
	}
	return OK;
}

static bool is_list(const struct policy_question *questions, size_t count)
{
	return count > 1 && questions[1].operation == OPERATION_REPOSITORY_READ;
}

static enum err grant(
	struct ctx *c, struct access *a, struct policy_question *questions, size_t count)
{
	bool all = false;
	if (is_list(questions, count))
		TRY(may(c, a, PERMISSION_READ, (struct str){0}, &all));
	for (size_t i = 0; i < count; i++) {
		struct policy_question *q = &questions[i];
		if (q->repo)
			TRY(level_of(c, a, q, all, &q->granted));
	}
	return OK;
}

static enum err kubernetes_decide(struct ctx *c, struct policy *self,
	const struct policy_question *questions, size_t count, struct policy_answer *answers)
{
	struct policy_kubernetes *k = (struct policy_kubernetes *)self;
	/* Only whom the cluster vouched for: others too have names that are not from here. */
	if (!count || !str_is(questions[0].who->via, "kubernetes"))
		return policy_decide(c, k->inner, questions, count, answers);
	struct access access = {.k = k, .who = questions[0].who};
	struct policy_question *granted = NEW_ARRAY(c->arena, struct policy_question, count);
	memcpy(granted, questions, count * sizeof *granted);
	TRY(grant(c, &access, granted, count));
	return policy_decide(c, k->inner, granted, count, answers);
}

static void kubernetes_close(struct policy *self)
{
	struct policy_kubernetes *k = (struct policy_kubernetes *)self;
	kube_api_close(k->api);
	memo_close(k->memo);
	policy_close(k->inner);
	free(k->namespace);
	free(k);
}

static const struct policy_ops kubernetes_ops = {
	.decide = kubernetes_decide, .close = kubernetes_close};

enum err policy_kubernetes_open(struct ctx *c, const struct kubernetes_options *options,
	struct policy *inner, struct policy **out)
{
	struct kube_api *api;
	TRY(kube_api_open(c, options, &api));
	struct policy_kubernetes *k = calloc(1, sizeof *k);
	char *namespace = strdup(options->namespace);
	if (!k || !namespace)
		host_panic("out of memory");
	*k = (struct policy_kubernetes){.policy = {.ops = &kubernetes_ops, .far = true},
		.inner = inner,
		.api = api,
		.memo = memo_open(REMEMBERED),
		.cache = options->cache,
		.namespace = namespace};
	*out = &k->policy;
	return OK;
}
