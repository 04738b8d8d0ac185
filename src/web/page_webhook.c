/* A repository's webhooks, and what became of events on their way to one. */
#include "view/page_webhook.h"
#include "core/webhook.h"
#include "web/page.h"

enum { PER_PAGE = 25 };

/* The types that are checked in the form. */
static enum err read_events(struct ctx *c, const struct web_request *r, struct str *out)
{
	struct buf names = {.arena = c->arena};
	for (size_t i = 0; i < r->field_count; i++)
		if (str_is(r->fields[i].name, "events"))
			buf_fmt(&names, "%.*s,", STR_FMT(r->fields[i].value));
	return webhook_events_parse(c, buf_view(&names), out);
}

/* What a form says, and where that lies. */
struct form_wish {
	struct webhook_wish wish;
	struct str url, events;
};

static enum err read_wish(struct ctx *c, const struct web_request *r, struct form_wish *out)
{
	*out = (struct form_wish){.url = str_trim(web_field(r, "url"))};
	out->wish = (struct webhook_wish){.url = &out->url, .events = &out->events};
	return read_events(c, r, &out->events);
}

/* `typed`: what was sent to it and is wrong (`err`), or NULL; `secret`: made just now, or empty. */
static enum err show_all(struct ctx *c, struct web_request *r, struct browse *b,
	const struct form_wish *typed, struct str secret, enum err err)
{
	struct page_webhooks p = {.secret = secret};
	struct webhooks hooks;
	if (err && !page_is_their_error(err))
		return err;
	page_repo_begin(c, r, b, NULL, &p.top);
	p.top.tab = TAB_SETTINGS;
	p.top.page.title = str_of(arena_fmt(c->arena, "Webhooks · %.*s", STR_FMT(b->repo.name)));
	int status = err ? page_take_error(c, &p.top.page, err) : 200;
	TRY(webhook_list(c, r->core, &r->who, b->repo.name, &hooks));
	p.at = hooks.at;
	p.count = hooks.count;
	if (err) {
		p.url = typed->url;
		p.events = typed->events;
	}
	if (secret.len)
		web_header(r, "Cache-Control", STR("no-store"));
	struct buf html = {.arena = c->arena};
	view_webhooks(&html, &p);
	return web_html(c, r, status, buf_view(&html));
}

enum err page_webhooks(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	TRY(page_open_settings(c, r, &b));
	return show_all(c, r, &b, NULL, STR(""), OK);
}

/* Answers with the page itself, not with a redirection: the secret is to be seen here and now. */
enum err page_webhooks_add(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct form_wish typed;
	struct webhook_made made = {0};
	TRY(page_open_settings(c, r, &b));
	enum err err = read_wish(c, r, &typed);
	if (!err)
		err = webhook_add(c, r->core, &r->who, b.repo.name, &typed.wish, &made);
	return show_all(c, r, &b, &typed, err ? STR("") : made.secret, err);
}

/* One of them: the repository, and its id. */
struct one {
	struct browse *b;
	int64_t id;
};

static enum err open_one(struct ctx *c, struct web_request *r, struct browse *b, struct one *out)
{
	TRY(page_open_settings(c, r, b));
	out->b = b;
	return web_param_id(c, r, "webhook", &out->id);
}

static enum err read_place(struct ctx *c, struct web_request *r, int64_t *out)
{
	struct str text = web_query(c, r, "before");
	uint64_t before = 0;
	if (text.len && (!str_to_u64(text, &before) || before > INT64_MAX))
		return fail(c, ERR_INVALID, "that is no place among the deliveries");
	*out = (int64_t)before;
	return OK;
}

static enum err list_deliveries(
	struct ctx *c, struct web_request *r, const struct one *one, struct page_webhook *p)
{
	struct webhook_query query = {.id = one->id, .limit = PER_PAGE};
	struct webhook_deliveries list;
	TRY(read_place(c, r, &query.before));
	TRY(webhook_deliveries(c, r->core, &r->who, one->b->repo.name, &query, &list));
	p->at = list.at;
	p->count = list.count;
	p->first = !query.before;
	if (list.more)
		p->older = list.at[list.count - 1].sequence;
	return OK;
}

/* As show_all. */
static enum err show_one(struct ctx *c, struct web_request *r, const struct one *one,
	const struct form_wish *typed, struct str secret, enum err err)
{
	struct page_webhook p = {.secret = secret};
	struct webhook hook;
	const struct repo *repo = &one->b->repo;
	if (err && !page_is_their_error(err))
		return err;
	page_repo_begin(c, r, one->b, NULL, &p.top);
	p.top.tab = TAB_SETTINGS;
	p.top.page.title = str_of(arena_fmt(
		c->arena, "Webhook %lld · %.*s", (long long)one->id, STR_FMT(repo->name)));
	int status = err ? page_take_error(c, &p.top.page, err) : 200;
	TRY(webhook_get(c, r->core, &r->who, repo->name, one->id, &hook));
	TRY(list_deliveries(c, r, one, &p));
	p.webhook = &hook;
	p.url = typed ? typed->url : hook.url;
	p.events = typed ? typed->events : hook.events;
	if (secret.len)
		web_header(r, "Cache-Control", STR("no-store"));
	struct buf html = {.arena = c->arena};
	view_webhook(&html, &p);
	return web_html(c, r, status, buf_view(&html));
}

static enum err done(struct ctx *c, struct web_request *r, const struct one *one, const char *what)
{
	return web_redirect(c, r,
		arena_fmt(c->arena, "/%.*s/settings/webhooks/%lld?done=%s",
			STR_FMT(one->b->repo.name), (long long)one->id, what));
}

enum err page_webhook(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct one one;
	TRY(open_one(c, r, &b, &one));
	return show_one(c, r, &one, NULL, STR(""), OK);
}

static enum err change(struct ctx *c, struct web_request *r, const struct one *one,
	struct webhook_wish wish, struct webhook_made *made)
{
	const struct webhook_change what = {.id = one->id, .wish = wish};
	return webhook_change(c, r->core, &r->who, one->b->repo.name, &what, made);
}

enum err page_webhook_change(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct one one;
	struct form_wish typed;
	struct webhook_made made;
	TRY(open_one(c, r, &b, &one));
	enum err err = read_wish(c, r, &typed);
	if (!err)
		err = change(c, r, &one, typed.wish, &made);
	return err ? show_one(c, r, &one, &typed, STR(""), err) : done(c, r, &one, "saved");
}

enum err page_webhook_secret(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct one one;
	struct webhook_made made;
	TRY(open_one(c, r, &b, &one));
	TRY(change(c, r, &one, (struct webhook_wish){.new_secret = true}, &made));
	return show_one(c, r, &one, NULL, made.secret, OK);
}

static enum err turn(struct ctx *c, struct web_request *r, bool active)
{
	BROWSE b = {0};
	struct one one;
	struct webhook_made made;
	TRY(open_one(c, r, &b, &one));
	TRY(change(c, r, &one, (struct webhook_wish){.active = &active}, &made));
	return done(c, r, &one, active ? "on" : "off");
}

enum err page_webhook_on(struct ctx *c, struct web_request *r)
{
	return turn(c, r, true);
}

enum err page_webhook_off(struct ctx *c, struct web_request *r)
{
	return turn(c, r, false);
}

enum err page_webhook_ping(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct one one;
	TRY(open_one(c, r, &b, &one));
	enum err err = webhook_ping(c, r->core, &r->who, b.repo.name, one.id);
	return err ? show_one(c, r, &one, NULL, STR(""), err) : done(c, r, &one, "pinged");
}

enum err page_webhook_redeliver(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct one one;
	uint64_t sequence = 0;
	enum err err = OK;
	TRY(open_one(c, r, &b, &one));
	if (!str_to_u64(web_field(r, "sequence"), &sequence) || sequence > INT64_MAX)
		err = fail(c, ERR_INVALID, "that is not the number of an event");
	if (!err)
		err = webhook_redeliver(
			c, r->core, &r->who, b.repo.name, one.id, (int64_t)sequence);
	return err ? show_one(c, r, &one, NULL, STR(""), err) : done(c, r, &one, "again");
}

enum err page_webhook_delete(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct one one;
	TRY(open_one(c, r, &b, &one));
	TRY(webhook_delete(c, r->core, &r->who, b.repo.name, one.id, NULL));
	return web_redirect(c, r,
		arena_fmt(c->arena, "/%.*s/settings/webhooks?done=removed", STR_FMT(b.repo.name)));
}
