/* The time machine: what became of refs, a ref set back, files as they were, and deleted repositories. */
#include "view/page_history.h"
#include "base/date.h"
#include "base/uri.h"
#include "core/compact.h"
#include "core/history.h"
#include "core/repo.h"
#include "web/history_place.h"
#include "web/page.h"

enum { PER_PAGE = 50 };

static void take_change(
	struct ctx *c, const struct browse *b, const struct ref_log *e, struct ref_past *to)
{
	struct ref now;
	char hex[OID_HEX_MAX];
	struct oid current = oid_zero(b->repo.object_format);
	if (snapshot_ref(b->snapshot, e->change.name, &now))
		current = now.id;
	*to = (struct ref_past){
		.version = e->version,
		.name = e->change.name,
		.old = e->change.old,
		.new = e->change.new,
		.forced = e->forced,
		.username = e->username,
		.time = e->time,
		.now = arena_strdup(c->arena, oid_hex(&current, hex)),
		.may_undo = !oid_is_zero(&e->change.old) && !oid_eq(&current, &e->change.old),
		.may_set = !oid_is_zero(&e->change.new) && !oid_eq(&current, &e->change.new),
	};
}

/* `err`: of what was sent to the page, to be shown on it. */
static enum err show(struct ctx *c, struct web_request *r, struct browse *b, enum err err)
{
	struct page_history p = {.ref = str_trim(web_query(c, r, "ref"))};
	struct str after = web_query(c, r, "after");
	struct history list;
	struct history_query query = {.ref = p.ref, .limit = PER_PAGE};
	page_repo_begin(c, r, b, NULL, &p.top);
	p.top.tab = TAB_HISTORY;
	p.top.page.title =
		str_of(arena_fmt(c->arena, "Time machine · %.*s", STR_FMT(b->repo.name)));
	int status = err ? page_take_error(c, &p.top.page, err) : 200;
	p.gone = query.gone = str_is(web_query(c, r, "gone"), "1");
	p.first = !after.len;
	p.kept = compact_retention_text(c, r->core);
	if (!history_place_read(c, after, &query.after))
		return fail(c, ERR_INVALID, "that is no place in this history");
	TRY(history_list(c, r->core, &r->who, b->repo.name, &query, &list));
	struct ref_past *at = NEW_ARRAY(c->arena, struct ref_past, list.count + 1);
	for (size_t i = 0; i < list.count; i++)
		take_change(c, b, &list.at[i], &at[i]);
	p.at = at;
	p.count = list.count;
	if (list.more)
		p.older = history_place_text(c, &list.at[list.count - 1]);
	struct buf html = {.arena = c->arena};
	view_history(&html, &p);
	return web_html(c, r, status, buf_view(&html));
}

/* What a field for a time gives, "2026-11-20T10:00", is of UTC here. */
static enum err read_time(struct ctx *c, struct str text, int64_t *out)
{
	const char *minutes = text.len == sizeof "2026-11-20T10:00" - 1 ? ":00" : "";
	if (date_parse(str_of(arena_fmt(c->arena, "%.*sZ", STR_FMT(text))), out) ||
		date_parse(str_of(arena_fmt(c->arena, "%.*s%sZ", STR_FMT(text), minutes)), out))
		return OK;
	return fail(c, ERR_INVALID, "a time is written such as 2026-11-20T10:00");
}

static enum err go_to_time(
	struct ctx *c, struct web_request *r, const struct browse *b, struct str at)
{
	struct str ref = str_trim(web_query(c, r, "ref"));
	struct buf to = {.arena = c->arena};
	int64_t time;
	TRY(read_time(c, at, &time));
	buf_fmt(&to, "/%.*s/tree/", STR_FMT(b->repo.name));
	uri_encode_path(&to, ref.len ? ref : STR("HEAD"));
	uri_encode_path(&to, str_of(arena_fmt(c->arena, "@{%lld}", (long long)time)));
	return web_redirect(c, r, buf_text(&to));
}

enum err page_history(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct str at = str_trim(web_query(c, r, "at"));
	TRY(browse_open(c, r->core, &r->who, web_param(r, "name"), &b));
	return at.len ? go_to_time(c, r, &b, at) : show(c, r, &b, OK);
}

static enum err read_wish(struct ctx *c, struct web_request *r, struct ref_restore *what)
{
	uint64_t version;
	struct str undo = web_field(r, "undo");
	struct str text = undo.len ? undo : web_field(r, "version");
	*what = (struct ref_restore){
		.repo = web_param(r, "name"),
		.ref = web_field(r, "ref"),
		.to = undo.len ? RESTORE_UNDO : RESTORE_VERSION,
		.expected = web_field(r, "expected"),
	};
	if (!str_to_u64(text, &version) || version > INT64_MAX)
		return fail(c, ERR_INVALID, "that is not the number of a change");
	what->version = (int64_t)version;
	return OK;
}

enum err page_history_restore(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct ref_restore what;
	struct ref_restored done;
	TRY(browse_open(c, r->core, &r->who, web_param(r, "name"), &b));
	enum err err = read_wish(c, r, &what);
	if (!err)
		err = ref_restore(c, r->core, &r->who, &what, &done);
	if (!err) {
		struct buf to = {.arena = c->arena};
		buf_fmt(&to, "/%.*s/history?ref=", STR_FMT(b.repo.name));
		uri_encode(&to, what.ref);
		buf_cstr(&to, "&done=restored");
		return web_redirect(c, r, buf_text(&to));
	}
	if (!page_is_their_error(err) && err != ERR_DENIED)
		return err;
	return show(c, r, &b, err);
}

/* "1795448072 17": when it was deleted, and its id. */
static enum err read_place(struct ctx *c, struct str text, struct repo_deleted_query *out)
{
	uint64_t before, id;
	struct str rest = text;
	if (!text.len)
		return OK;
	if (!str_to_u64(str_cut(&rest, ' '), &before) || !str_to_u64(rest, &id) ||
		before > INT64_MAX || id > INT64_MAX)
		return fail(c, ERR_INVALID, "that is no place in this list");
	out->before = (int64_t)before;
	out->id = (int64_t)id;
	return OK;
}

static enum err show_deleted(struct ctx *c, struct web_request *r, enum err err)
{
	struct page_deleted p = {.kept = compact_retention_text(c, r->core)};
	struct str after = web_query(c, r, "after");
	struct repo_deleted_query query = {.limit = PER_PAGE};
	struct repo_list list;
	if (err && !page_is_their_error(err))
		return err;
	page_begin(c, r, STR("Deleted repositories"), &p.page);
	p.page.here = STR("/admin/deleted");
	int status = err ? page_take_error(c, &p.page, err) : 200;
	p.first = !after.len;
	TRY(read_place(c, after, &query));
	TRY(repo_deleted_list(c, r->core, &r->who, &query, &list));
	struct deleted_repo *at = NEW_ARRAY(c->arena, struct deleted_repo, list.count + 1);
	for (size_t i = 0; i < list.count; i++)
		at[i] = (struct deleted_repo){
			&list.at[i], repo_deleted_until(r->core, &list.at[i])};
	p.at = at;
	p.count = list.count;
	if (list.more) {
		const struct repo *last = &list.at[list.count - 1];
		p.older = str_of(arena_fmt(
			c->arena, "%lld %lld", (long long)last->deleted, (long long)last->id));
	}
	struct buf html = {.arena = c->arena};
	view_deleted(&html, &p);
	return web_html(c, r, status, buf_view(&html));
}

enum err page_deleted(struct ctx *c, struct web_request *r)
{
	return show_deleted(c, r, OK);
}

enum err page_deleted_restore(struct ctx *c, struct web_request *r)
{
	struct str name = str_trim(web_field(r, "name"));
	struct repo repo;
	int64_t id = 0;
	enum err err = web_param_id(c, r, "deleted repository", &id);
	if (!err)
		err = repo_restore(c, r->core, &r->who, id, name.len ? &name : NULL, &repo);
	if (err)
		return show_deleted(c, r, err);
	return web_redirect(c, r, arena_fmt(c->arena, "/%.*s?done=restored", STR_FMT(repo.name)));
}

enum err page_deleted_purge(struct ctx *c, struct web_request *r)
{
	int64_t id = 0;
	enum err err = web_param_id(c, r, "deleted repository", &id);
	if (!err && !str_eq(str_trim(web_field(r, "confirm")), web_field(r, "name")))
		err = fail(c, ERR_INVALID, "that is not the repository's name: nothing is removed");
	if (!err)
		err = repo_purge(c, r->core, &r->who, id);
	return err ? show_deleted(c, r, err) : web_redirect(c, r, "/admin/deleted?done=purged");
}
