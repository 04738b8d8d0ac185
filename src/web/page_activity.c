/* What became of a repository's refs; and Atom feeds: of that, of commits, of releases. */
#include "base/hash.h"
#include "base/uri.h"
#include "core/history.h"
#include "view/feed.h"
#include "view/page_refs.h"
#include "web/page.h"

enum { ACTIVITY_PER_PAGE = 40, FEED_ENTRIES = 20 };

static enum err read_activity(struct ctx *c, struct web_request *r,
	const struct history_query *query, struct activity **out, struct history *list)
{
	TRY(history_list(c, r->core, &r->who, web_param(r, "name"), query, list));
	*out = NEW_ARRAY(c->arena, struct activity, list->count + 1);
	for (size_t i = 0; i < list->count; i++) {
		const struct ref_log *entry = &list->at[i];
		(*out)[i] = (struct activity){
			.version = entry->version,
			.time = entry->time,
			.username = entry->username,
			.change = entry->change,
			.forced = entry->forced,
		};
	}
	return OK;
}

static struct str older(struct ctx *c, const struct history *list)
{
	struct buf to = {.arena = c->arena};
	const struct ref_log *last = list->count ? &list->at[list->count - 1] : NULL;
	if (!list->more || !last)
		return STR("");
	buf_fmt(&to, "after=%lld&amp;ref=", (long long)last->version);
	uri_encode(&to, last->change.name);
	return buf_view(&to);
}

enum err page_activity(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct history list;
	struct activity *at;
	uint64_t version = 0;
	struct str after = web_query(c, r, "after");
	struct history_query query = {.limit = ACTIVITY_PER_PAGE};
	if (after.len && (!str_to_u64(after, &version) || version > INT64_MAX))
		return fail(c, ERR_INVALID, "that is no place in what became of it");
	query.after = (struct history_place){(int64_t)version, web_query(c, r, "ref")};
	TRY(browse_open(c, r->core, &r->who, web_param(r, "name"), &b));
	if (page_is_made(c, r, &b, NULL))
		return page_send_made(c, r);
	TRY(read_activity(c, r, &query, &at, &list));
	struct page_activity p = {.at = at, .count = list.count, .first = !after.len};
	p.older = older(c, &list);
	page_repo_begin(c, r, &b, NULL, &p.top);
	p.top.tab = TAB_ACTIVITY;
	p.top.page.title = str_of(arena_fmt(c->arena, "Activity · %.*s", STR_FMT(b.repo.name)));
	p.top.page.feed = str_of(arena_fmt(c->arena, "/%.*s/feed/activity", STR_FMT(b.repo.name)));
	struct buf html = {.arena = c->arena};
	view_activity(&html, &p);
	return web_html(c, r, 200, buf_view(&html));
}

/* A URN (RFC 9562, version 8) made of what never changes: the instance, the repository's id, and `what`. */
static struct str stable_id(struct ctx *c, const struct browse *b, struct str what)
{
	uint8_t d[HASH_MAX];
	struct buf text = {.arena = c->arena}, urn = {.arena = c->arena};
	buf_fmt(&text, "%s/%lld/%.*s", b->core->instance, (long long)b->repo.id, STR_FMT(what));
	hash_once(HASH_SHA256, text.at, text.len, d);
	d[6] = (uint8_t)((d[6] & 0x0f) | 0x80);
	d[8] = (uint8_t)((d[8] & 0x3f) | 0x80);
	buf_cstr(&urn, "urn:uuid:");
	for (size_t i = 0; i < 16; i++)
		buf_fmt(&urn, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", d[i]);
	return buf_view(&urn);
}

/* A whole URL of ours: "/NAME/VERB/PATH". */
static struct str url(struct ctx *c, const struct web_request *r, const struct browse *b,
	const char *verb, struct str path)
{
	struct buf out = {.arena = c->arena};
	buf_fmt(&out, "%.*s/%.*s/%s", STR_FMT(r->origin), STR_FMT(b->repo.name), verb);
	buf_cstr(&out, path.len ? "/" : "");
	uri_encode_path(&out, path);
	return buf_view(&out);
}

static bool is_fresh(struct ctx *c, struct web_request *r, const struct browse *b)
{
	return web_is_fresh(
		r, str_of(arena_fmt(c->arena, "feed.%lld.%lld.%.*s", (long long)b->repo.id,
			   (long long)b->repo.version, STR_FMT(r->origin))));
}

static enum err answer(struct ctx *c, struct web_request *r, const struct browse *b,
	const char *about, struct feed *feed)
{
	struct buf xml = {.arena = c->arena};
	feed->id = stable_id(c, b, r->path);
	feed->title = str_of(arena_fmt(c->arena, "%s of %.*s", about, STR_FMT(b->repo.name)));
	feed->author = b->repo.name;
	feed->self = str_of(arena_fmt(c->arena, "%.*s%.*s", STR_FMT(r->origin), STR_FMT(r->path)));
	feed->updated = b->repo.created;
	view_feed(&xml, feed);
	return web_bytes(c, r, "application/atom+xml; charset=utf-8", buf_view(&xml));
}

static struct str or_else(struct str text, const char *words)
{
	return text.len ? text : str_of(words);
}

static enum err commit_entry(struct ctx *c, struct web_request *r, struct browse *b,
	const struct oid *id, struct feed_entry *out)
{
	struct commit_full commit;
	char hex[OID_HEX_MAX];
	TRY(browse_commit(c, b, id, &commit));
	oid_hex(id, hex);
	*out = (struct feed_entry){
		.id = stable_id(c, b, str_of(arena_fmt(c->arena, "commit/%s", hex))),
		.title = or_else(str_until(commit.subject, 300), "(no message)"),
		.link = url(c, r, b, "commit", str_of(arena_strdup(c->arena, hex))),
		.author = commit.author.name,
		.text = str_until(commit.body, 10000),
		.when = commit.committer.when,
	};
	return OK;
}

enum err feed_commits(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct revision rev;
	struct str path = STR("");
	struct commit_log log;
	TRY(browse_open(c, r->core, &r->who, web_param(r, "name"), &b));
	if (is_fresh(c, r, &b))
		return web_not_modified(c, r);
	TRY(web_param(r, "path").len ? browse_resolve(c, &b, web_param(r, "path"), &rev, &path)
				     : browse_head(c, &b, &rev));
	struct log_query query = {.from = rev.commit, .path = path, .limit = FEED_ENTRIES};
	TRY(browse_log(c, &b, &query, &log));
	struct feed_entry *at = NEW_ARRAY(c->arena, struct feed_entry, log.count + 1);
	for (size_t i = 0; i < log.count; i++)
		TRY(commit_entry(c, r, &b, &log.at[i].id, &at[i]));
	struct feed feed = {.at = at, .count = log.count};
	feed.page = url(c, r, &b, "commits", web_param(r, "path"));
	return answer(c, r, &b, "Commits", &feed);
}

enum err feed_releases(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct release_list list;
	TRY(browse_open(c, r->core, &r->who, web_param(r, "name"), &b));
	if (is_fresh(c, r, &b))
		return web_not_modified(c, r);
	TRY(browse_releases(c, &b, 0, RELEASES_PAGE, &list));
	struct feed_entry *at = NEW_ARRAY(c->arena, struct feed_entry, list.count + 1);
	for (size_t i = 0; i < list.count; i++) {
		const struct release *release = &list.at[i];
		struct str what = str_of(arena_fmt(c->arena, "tag/%.*s", STR_FMT(release->name)));
		at[i] = (struct feed_entry){
			.id = stable_id(c, &b, what),
			.title = release->name,
			.link = url(c, r, &b, "releases", release->name),
			.author = release->tagger.name,
			.html = release->html,
			.text = release->text.len ? release->text : release->title,
			.when = release->tagger.when,
		};
	}
	struct feed feed = {.at = at, .count = list.count};
	feed.page = url(c, r, &b, "releases", STR(""));
	return answer(c, r, &b, "Releases", &feed);
}

static struct feed_entry activity_entry(struct ctx *c, const struct web_request *r,
	const struct browse *b, const struct activity *a)
{
	struct str ref = activity_ref(a);
	struct str user = or_else(a->username, "Somebody");
	const char *what = arena_fmt(
		c->arena, "change/%lld/%.*s", (long long)a->version, STR_FMT(a->change.name));
	bool made = oid_is_zero(&a->change.old), gone = oid_is_zero(&a->change.new);
	char old[OID_HEX_MAX], new[OID_HEX_MAX];
	const char *pair = arena_fmt(
		c->arena, "%s...%s", oid_hex(&a->change.old, old), oid_hex(&a->change.new, new));
	return (struct feed_entry){
		.id = stable_id(c, b, str_of(what)),
		.title = str_of(arena_fmt(c->arena, "%.*s %s %.*s%s", STR_FMT(user),
			activity_words(a), STR_FMT(ref), a->forced ? " (forced)" : "")),
		.link = made || gone ? url(c, r, b, "commit",
					       str_of(arena_strdup(c->arena, gone ? old : new)))
				     : url(c, r, b, "compare", str_of(pair)),
		.author = a->username,
		.when = a->time,
	};
}

enum err feed_activity(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct history list;
	struct activity *changes;
	const struct history_query query = {.limit = FEED_ENTRIES};
	TRY(browse_open(c, r->core, &r->who, web_param(r, "name"), &b));
	if (is_fresh(c, r, &b))
		return web_not_modified(c, r);
	TRY(read_activity(c, r, &query, &changes, &list));
	struct feed_entry *at = NEW_ARRAY(c->arena, struct feed_entry, list.count + 1);
	for (size_t i = 0; i < list.count; i++)
		at[i] = activity_entry(c, r, &b, &changes[i]);
	struct feed feed = {.at = at, .count = list.count};
	feed.page = url(c, r, &b, "activity", STR(""));
	return answer(c, r, &b, "Activity", &feed);
}
