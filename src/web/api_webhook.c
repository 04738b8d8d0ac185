/* A repository's webhooks, and what became of events on their way to them. */
#include "base/map.h"
#include "core/webhook.h"
#include "web/api.h"

static void write_webhook(struct json_writer *w, const struct webhook *hook, struct str secret)
{
	json_begin_object(w);
	webhook_to_json(w, hook);
	if (secret.len)
		json_member_str(w, "secret", secret);
	json_end_object(w);
}

static enum err send_made(
	struct ctx *c, struct web_request *r, int status, const struct webhook_made *made)
{
	struct api_reply reply;
	api_begin(c, &reply);
	write_webhook(&reply.w, &made->webhook, made->secret);
	return api_send(c, r, status, &reply);
}

/* What a body wishes, and where that lies. */
struct body_wish {
	struct webhook_wish wish;
	struct str url, events;
	bool active;
};

static enum err read_events(
	struct ctx *c, struct web_request *r, const struct json *body, struct body_wish *out)
{
	const struct json *events = json_get(body, "events");
	if (!events)
		return OK;
	r->field = "events";
	TRY(webhook_events_from_json(c, events, &out->events));
	r->field = NULL;
	out->wish.events = &out->events;
	return OK;
}

static enum err read_wish(
	struct ctx *c, struct web_request *r, const struct json *body, struct body_wish *out)
{
	bool given;
	*out = (struct body_wish){0};
	TRY(api_text(c, r, body, "url", &out->url, &given));
	if (given) {
		r->field = "url";
		TRY(webhook_url_check(c, out->url));
		r->field = NULL;
		out->wish.url = &out->url;
	}
	TRY(read_events(c, r, body, out));
	TRY(api_bool(c, r, body, "active", &out->active));
	if (json_get(body, "active"))
		out->wish.active = &out->active;
	return api_bool(c, r, body, "new_secret", &out->wish.new_secret);
}

enum err api_webhooks_list(struct ctx *c, struct web_request *r)
{
	struct webhooks hooks;
	struct api_reply reply;
	TRY(webhook_list(c, r->core, &r->who, web_param(r, "name"), &hooks));
	api_list_begin(c, &reply);
	for (size_t i = 0; i < hooks.count; i++)
		write_webhook(&reply.w, &hooks.at[i], STR(""));
	return api_list_send(c, r, &reply, NULL, STR(""));
}

enum err api_webhooks_create(struct ctx *c, struct web_request *r)
{
	static const char *const fields[] = {"url", "events", "active", NULL};
	const struct json *body;
	struct webhooks others;
	struct body_wish wished;
	struct webhook_made made;
	struct str url, repo = web_param(r, "name");
	/* Who may not do this learns nothing from what is wrong with the body. */
	TRY(webhook_list(c, r->core, &r->who, repo, &others));
	TRY(api_body(c, r, fields, &body));
	TRY(api_text_needed(c, r, body, "url", &url));
	TRY(read_wish(c, r, body, &wished));
	TRY(webhook_add(c, r->core, &r->who, repo, &wished.wish, &made));
	web_header(r, "Location",
		str_of(arena_fmt(c->arena, "/api/v1/repos/%.*s/webhooks/%lld", STR_FMT(repo),
			(long long)made.webhook.id)));
	return send_made(c, r, 201, &made);
}

enum err api_webhook_get(struct ctx *c, struct web_request *r)
{
	struct webhook *hook = NEW(c->arena, struct webhook);
	struct api_reply reply;
	int64_t id;
	TRY(web_param_id(c, r, "webhook", &id));
	TRY(webhook_get(c, r->core, &r->who, web_param(r, "name"), id, hook));
	/* Another secret is another state of it. */
	r->untold = bytes_hash(0, hook->sealed.at, hook->sealed.len);
	if (r->probing)
		r->expected.webhook = hook;
	api_begin(c, &reply);
	write_webhook(&reply.w, hook, STR(""));
	return api_send(c, r, 200, &reply);
}

enum err api_webhook_change(struct ctx *c, struct web_request *r)
{
	static const char *const fields[] = {"url", "events", "active", "new_secret", NULL};
	const struct json *body;
	struct webhook hook;
	struct body_wish wished;
	struct webhook_made made;
	int64_t id;
	TRY(web_param_id(c, r, "webhook", &id));
	TRY(webhook_get(c, r->core, &r->who, web_param(r, "name"), id, &hook));
	TRY(api_body(c, r, fields, &body));
	TRY(read_wish(c, r, body, &wished));
	const struct webhook_change change = {id, wished.wish, &r->expected};
	TRY(webhook_change(c, r->core, &r->who, web_param(r, "name"), &change, &made));
	return send_made(c, r, 200, &made);
}

enum err api_webhook_remove(struct ctx *c, struct web_request *r)
{
	int64_t id;
	TRY(web_param_id(c, r, "webhook", &id));
	TRY(webhook_delete(c, r->core, &r->who, web_param(r, "name"), id, &r->expected));
	return web_no_content(c, r);
}

enum err api_webhook_ping(struct ctx *c, struct web_request *r)
{
	int64_t id;
	TRY(web_param_id(c, r, "webhook", &id));
	TRY(webhook_ping(c, r->core, &r->who, web_param(r, "name"), id));
	return web_no_content(c, r);
}

static enum err read_cursor(struct ctx *c, struct web_request *r, struct str text, int64_t *out)
{
	uint64_t before = 0;
	if (text.len && (!str_to_u64(text, &before) || before > INT64_MAX)) {
		r->field = "cursor";
		return fail(c, ERR_INVALID, "\"cursor\" is not one of this list");
	}
	*out = (int64_t)before;
	return OK;
}

enum err api_deliveries_list(struct ctx *c, struct web_request *r)
{
	struct api_page page;
	struct api_reply reply;
	struct webhook_deliveries list;
	struct webhook_query query = {0};
	TRY(web_param_id(c, r, "webhook", &query.id));
	TRY(api_page(c, r, &page));
	TRY(read_cursor(c, r, page.after, &query.before));
	query.limit = page.limit;
	TRY(webhook_deliveries(c, r->core, &r->who, web_param(r, "name"), &query, &list));
	api_list_begin(c, &reply);
	for (size_t i = 0; i < list.count; i++) {
		json_begin_object(&reply.w);
		webhook_delivery_to_json(&reply.w, &list.at[i]);
		json_end_object(&reply.w);
	}
	struct str next = {0};
	if (list.more)
		next = str_of(
			arena_fmt(c->arena, "%lld", (long long)list.at[list.count - 1].sequence));
	return api_list_send(c, r, &reply, &page, next);
}

enum err api_redeliver(struct ctx *c, struct web_request *r)
{
	int64_t id, sequence;
	TRY(web_param_id(c, r, "webhook", &id));
	TRY(web_param_number(c, r, "sequence", "delivery", &sequence));
	TRY(webhook_redeliver(c, r->core, &r->who, web_param(r, "name"), id, sequence));
	return web_no_content(c, r);
}
