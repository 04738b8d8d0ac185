/* The instance for its owner: how it fares, what it stores, what happened. */
#include "view/page_admin.h"
#include "core/instance_state.h"
#include "web/about.h"
#include "web/page.h"
#include "web/site.h"

enum { PER_PAGE = 50 };

enum err page_admin(struct ctx *c, struct web_request *r)
{
	struct instance_state state;
	const struct web_about *about = r->web->about;
	TRY(instance_state(c, r->core, &r->who, &state));
	struct page_admin p = {
		.version = r->web->version,
		.roles = about->roles,
		.home = about->home,
		.counts = &state.counts,
		.ports = state.ports,
		.settings = about->settings,
		.setting_count = about->setting_count,
	};
	memcpy(p.kinds, about->kinds, sizeof p.kinds);
	page_begin(c, r, STR("Administration"), &p.page);
	struct buf html = {.arena = c->arena};
	view_admin(&html, &p);
	return web_html(c, r, 200, buf_view(&html));
}

static enum err show_storage(struct ctx *c, struct web_request *r, enum err err)
{
	struct instance_state state;
	struct instance_storage_list list;
	struct str after = web_query(c, r, "after");
	struct page_storage p = {.kept = compact_retention_text(c, r->core), .first = !after.len};
	page_begin(c, r, STR("Storage"), &p.page);
	p.page.here = STR("/admin/storage");
	int status = err ? page_take_error(c, &p.page, err) : 200;
	TRY(instance_state(c, r->core, &r->who, &state));
	TRY(instance_storage(c, r->core, &r->who, after, PER_PAGE, &list));
	p.counts = &state.counts;
	p.cached = state.cached;
	p.cache = state.kept.bytes;
	p.cache_fails = state.kept.fails;
	p.hits = state.kept.hits;
	p.asks = state.kept.hits + state.kept.misses;
	p.at = list.at;
	p.count = list.count;
	p.more = list.next;
	struct buf html = {.arena = c->arena};
	view_storage(&html, &p);
	return web_html(c, r, status, buf_view(&html));
}

enum err page_storage(struct ctx *c, struct web_request *r)
{
	return show_storage(c, r, OK);
}

enum err page_storage_compact(struct ctx *c, struct web_request *r)
{
	struct compact_run run;
	enum err err = instance_compact(c, r->core, &r->who, web_field(r, "name"), &run);
	switch (err) {
	case OK: return web_redirect(c, r, "/admin/storage?done=compacted");
	case ERR_NOT_FOUND:
	case ERR_CONFLICT:
	case ERR_UNAVAILABLE: return show_storage(c, r, err);
	case ERR_TIMEOUT:
		return fail(c, err,
			"that takes longer than a page may: nothing is changed. The command nimbus "
			"admin compact --full takes as long as it needs");
	default: return err;
	}
}

enum err page_events(struct ctx *c, struct web_request *r)
{
	struct page_events p = {
		.repo = str_trim(web_query(c, r, "repo")),
		.type = web_query(c, r, "type"),
	};
	struct instance_events_query query = {
		.repo = p.repo,
		.type = p.type,
		.after = web_query(c, r, "after"),
		.limit = PER_PAGE,
	};
	struct instance_events list = {0};
	page_begin(c, r, STR("Events"), &p.page);
	enum err err = instance_events(c, r->core, &r->who, &query, &list);
	if (err && err != ERR_INVALID)
		return err;
	int status = err ? page_take_error(c, &p.page, err) : 200;
	p.at = list.at;
	p.count = list.count;
	p.first = !query.after.len;
	if (list.more)
		p.older = instance_event_cursor(c, &list.at[list.count - 1]);
	struct buf html = {.arena = c->arena};
	view_events(&html, &p);
	return web_html(c, r, status, buf_view(&html));
}

enum err page_admin_webhooks(struct ctx *c, struct web_request *r)
{
	struct instance_webhooks list;
	struct str after = web_query(c, r, "after");
	struct page_admin_webhooks p = {.first = !after.len};
	page_begin(c, r, STR("Webhooks"), &p.page);
	TRY(instance_webhooks(c, r->core, &r->who, after, PER_PAGE, &list));
	p.at = list.at;
	p.count = list.count;
	if (list.more)
		p.more = instance_webhook_cursor(c, &list.at[list.count - 1]);
	struct buf html = {.arena = c->arena};
	view_admin_webhooks(&html, &p);
	return web_html(c, r, 200, buf_view(&html));
}
