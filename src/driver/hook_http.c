/*
 * Webhooks over HTTP, by libcurl, which is loaded when the first is posted. Who sets up a webhook need not be trusted
 * with the network that this server is in: only addresses that anybody may reach are connected to, unless the setting
 * names others.
 */
#include "base/date.h"
#include "base/host.h"
#include "base/vec.h"
#include "driver/driver.h"
#include "driver/http_call.h"
#include "model/webhook.h"

#include <stdlib.h>

struct hook_http {
	struct hook base;
	struct arena arena;
	bool anywhere;
	VEC_OF(struct str) names;
	VEC_OF(struct network) networks;
	struct host_lock lock;      /* of the next */
	struct http_client *client; /* NULL: nothing was posted yet */
};

static bool is_name(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.at[i];
		bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
		if (!letter && !(byte >= '0' && byte <= '9') && byte != '-' && byte != '.' &&
			byte != '_')
			return false;
	}
	return text.len > 0;
}

static enum err read_hosts(struct ctx *c, struct hook_http *h, struct str hosts)
{
	while (hosts.len) {
		struct network network;
		struct str word = str_trim(str_cut(&hosts, ','));
		if (str_is(word, "*"))
			h->anywhere = true;
		else if (network_parse(word, &network))
			*vec_push(&h->networks) = network;
		else if (is_name(word))
			*vec_push(&h->names) = str_copy(&h->arena, word);
		else if (word.len)
			return fail(c, ERR_INVALID,
				"NIMBUS_WEBHOOK_HOSTS: \"%.*s\" is no name of a host, no address, "
				"no network like 10.0.0.0/8, and not *",
				STR_FMT(word));
	}
	return OK;
}

static bool may_connect(void *arg, const uint8_t address[ADDRESS_BYTES])
{
	const struct hook_http *h = arg;
	for (size_t i = 0; i < h->networks.len; i++)
		if (network_has(&h->networks.at[i], address))
			return true;
	return address_is_public(address);
}

static bool is_named(const struct hook_http *h, struct str host)
{
	for (size_t i = 0; i < h->names.len; i++)
		if (str_eq_nocase(h->names.at[i], host))
			return true;
	return false;
}

static enum err client_of(struct ctx *c, struct hook_http *h, struct http_client **out)
{
	static const struct http_client_options options = {
		.service = "the receiver", .address = "its address", .plain = true};
	WITH_LOCK(&h->lock);
	if (!h->client)
		TRY(http_client_open(c, &options, &h->client));
	*out = h->client;
	return OK;
}

/* A number of seconds, or a date by the receiver's clock or ours. */
static int64_t retry_after(const struct ctx *c, const struct http_answer *answer)
{
	struct str text = http_answer_header(answer, "Retry-After");
	uint64_t seconds;
	int64_t then, now;
	if (str_to_u64(text, &seconds))
		return seconds < INT32_MAX ? (int64_t)seconds : INT32_MAX;
	if (!date_http_parse(text, &then))
		return 0;
	if (!date_http_parse(http_answer_header(answer, "Date"), &now))
		now = c->world->clock() / 1000000;
	return then > now ? then - now : 0;
}

static enum err ask(struct ctx *c, struct hook_http *h, const struct http_call *call,
	struct http_answer *answer)
{
	struct http_client *client;
	TRY(client_of(c, h, &client));
	enum err kind = http_call(c, client, call, answer);
	if (kind == ERR_DENIED)
		return fail(c, kind,
			"the receiver is at an address that is not public: only who runs this "
			"server can allow it (NIMBUS_WEBHOOK_HOSTS)");
	return kind;
}

static enum err post(
	struct ctx *c, struct hook *self, const struct hook_post *what, struct hook_answer *out)
{
	struct hook_http *h = (struct hook_http *)self;
	struct http_answer answer;
	const char *time = arena_fmt(c->arena, "%lld", (long long)what->time);
	const struct http_header headers[] = {
		{STR("Content-Type"), STR("application/cloudevents+json")},
		{STR("webhook-id"), what->id},
		{STR("webhook-timestamp"), str_of(time)},
		{STR("webhook-signature"), what->signature},
	};
	struct http_call call = {
		.method = "POST",
		.url = str_dup(c->arena, what->url),
		.headers = headers,
		.header_count = sizeof headers / sizeof *headers,
		.body = what->body,
		.timeout_ms = HOOK_SECONDS * 1000,
		.body_max = HOOK_BODY_MAX,
		.cut_body = true,
		.arg = h,
	};
	if (!h->anywhere && !is_named(h, webhook_url_host(what->url)))
		call.may_connect = may_connect;
	TRY(ask(c, h, &call, &answer));
	*out = (struct hook_answer){
		.status = answer.status,
		.retry_after = retry_after(c, &answer),
		.body = answer.body,
	};
	return OK;
}

static void close_hook(struct hook *self)
{
	struct hook_http *h = (struct hook_http *)self;
	http_client_close(h->client);
	arena_done(&h->arena);
	free(h);
}

static const struct hook_ops ops = {post, close_hook};

enum err hook_http_open(struct ctx *c, const char *hosts, struct hook **out)
{
	struct hook_http *h = calloc(1, sizeof *h);
	if (!h)
		host_panic("out of memory");
	h->base.ops = &ops;
	arena_init(&h->arena);
	h->names.arena = h->networks.arena = &h->arena;
	enum err kind = read_hosts(c, h, str_of(hosts));
	if (kind) {
		close_hook(&h->base);
		return kind;
	}
	*out = &h->base;
	return OK;
}
