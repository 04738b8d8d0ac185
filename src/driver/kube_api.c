#include "driver/kube_api.h"

#include "base/host.h"
#include "driver/http_call.h"
#include "os/file.h"

#include <stdlib.h>
#include <unistd.h>

enum { TOKEN_MAX = 64 << 10, ANSWER_MAX = 256 << 10, TOLD_MAX = 200, NAMESPACE_MAX = 63 };

struct kube_api {
	struct http_client *http;
	struct arena arena; /* of the texts */
	const char *address, *token_file;
	int64_t timeout;
};

/* In a pod the kubelet tells where the server is; and an IPv6 address there has no brackets. */
static const char *address_of(struct arena *a, const struct kubernetes_options *o)
{
	struct str address = str_of(o->api), host = str_of(o->host);
	bool bare = str_find(host, ':') < host.len;
	if (!address.len && host.len)
		return arena_fmt(a, "https://%s%s%s:%s", bare ? "[" : "", o->host, bare ? "]" : "",
			*o->port ? o->port : "443");
	while (str_skip_end(&address, STR("/")))
		;
	return str_dup(a, address);
}

/* RFC 1123: a label. */
static bool is_namespace(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!((name.at[i] >= 'a' && name.at[i] <= 'z') ||
			    (name.at[i] >= '0' && name.at[i] <= '9') || name.at[i] == '-'))
			return false;
	return name.len <= NAMESPACE_MAX;
}

static enum err check(
	struct ctx *c, const struct kube_api *k, const struct kubernetes_options *options)
{
	uint64_t port;
	if (*options->port &&
		(!str_to_u64(str_of(options->port), &port) || !port || port > UINT16_MAX))
		return fail(
			c, ERR_INVALID, "KUBERNETES_SERVICE_PORT=%.100s is no port", options->port);
	if (!is_namespace(str_of(options->namespace)))
		return fail(c, ERR_INVALID,
			"NIMBUS_KUBERNETES_NAMESPACE=%.100s is no name of a namespace",
			options->namespace);
	if (!*k->address)
		return fail(c, ERR_INVALID,
			"NIMBUS_KUBERNETES_API is not set, and this is no pod, whose "
			"KUBERNETES_SERVICE_HOST would tell: set it to the API server's address, "
			"such "
			"as https://10.96.0.1");
	TRY(http_client_check(c, k->http, k->address));
	if (access(k->token_file, R_OK) != 0)
		return fail(c, ERR_INVALID, "NIMBUS_KUBERNETES_TOKEN_FILE=%.200s cannot be read",
			k->token_file);
	return OK;
}

enum err kube_api_open(
	struct ctx *c, const struct kubernetes_options *options, struct kube_api **out)
{
	const struct http_client_options how = {.service = "the Kubernetes API server",
		.address = "NIMBUS_KUBERNETES_API",
		.ca = options->ca,
		.ca_name = "NIMBUS_KUBERNETES_CA"};
	struct http_client *http;
	TRY(http_client_open(c, &how, &http));
	struct kube_api *k = calloc(1, sizeof *k);
	if (!k)
		host_panic("out of memory");
	arena_init(&k->arena);
	k->http = http;
	k->address = address_of(&k->arena, options);
	k->token_file = arena_strdup(&k->arena, options->token_file);
	k->timeout = options->timeout;
	enum err kind = check(c, k, options);
	if (kind)
		kube_api_close(k);
	else
		*out = k;
	return kind;
}

void kube_api_close(struct kube_api *k)
{
	if (!k)
		return;
	http_client_close(k->http);
	arena_done(&k->arena);
	free(k);
}

/* A few hundred bytes, which the kubelet replaces now and then: they are read each time. */
static enum err authorization(struct ctx *c, const struct kube_api *k, struct str *out)
{
	struct str token;
	TRY_WHILE(c, file_read(c, k->token_file, TOKEN_MAX, &token),
		"reading NIMBUS_KUBERNETES_TOKEN_FILE");
	*out = str_of(arena_fmt(c->arena, "Bearer %.*s", STR_FMT(str_trim(token))));
	return OK;
}

static enum err post(struct ctx *c, struct kube_api *k, const char *path, struct str body,
	struct http_answer *out)
{
	struct str bearer;
	TRY(authorization(c, k, &bearer));
	const struct http_header headers[] = {{STR("Content-Type"), STR("application/json")},
		{STR("Accept"), STR("application/json")}, {STR("Authorization"), bearer}};
	const struct http_call call = {.method = "POST",
		.url = arena_fmt(c->arena, "%s%s", k->address, path),
		.headers = headers,
		.header_count = sizeof headers / sizeof *headers,
		.body = body,
		.timeout_ms = k->timeout,
		.body_max = ANSWER_MAX};
	return http_call(c, k->http, &call, out);
}

static enum err review(struct ctx *c, struct kube_api *k, const char *path, struct str body,
	const struct json **status)
{
	struct http_answer answer;
	struct json *object;
	TRY(post(c, k, path, body, &answer));
	if (answer.status == 401 || answer.status == 403)
		return fail(c, ERR_UNAVAILABLE,
			"it refuses us with status %d: does our service account have the cluster "
			"role system:auth-delegator?",
			answer.status);
	if (answer.status != 200 && answer.status != 201)
		return fail(c, ERR_UNAVAILABLE, "it answered with status %d: %.*s", answer.status,
			STR_FMT(str_until(answer.body, TOLD_MAX)));
	TRY(json_parse(c, answer.body, &object));
	*status = json_get(object, "status");
	if (!*status || (*status)->kind != JSON_OBJECT)
		return fail(c, ERR_UNAVAILABLE, "its answer has no status");
	return OK;
}

enum err kube_api_review(struct ctx *c, struct kube_api *k, const char *path, struct str body,
	const struct json **status)
{
	enum err kind = review(c, k, path, body, status);
	if (!kind || kind == ERR_CANCELED)
		return kind;
	struct error why = c->error;
	return fail(
		c, ERR_UNAVAILABLE, "the Kubernetes API server could not be asked: %s", why.text);
}
