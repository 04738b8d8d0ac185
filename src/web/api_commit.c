/* History: lists of commits, one of them, what it changed, and two revisions compared. */
#include "base/date.h"
#include "view/patch.h"
#include "web/api_browse.h"

/* As a page has them; of words within lines a program knows as much itself. */
static const struct diff_limits limits = {
	100, 6000, 1 << 20, 8 << 20, false, 1000, 2 * 1000 * 1000, {0}};

static enum err read_time(struct ctx *c, struct web_request *r, const char *name, int64_t *out)
{
	struct str text = web_query(c, r, name);
	r->field = name;
	if (text.len && !date_parse(text, out))
		return fail(c, ERR_INVALID,
			"\"%s\" must be as 2026-11-20T10:00:00Z, or seconds since 1970", name);
	r->field = NULL;
	return OK;
}

static void write_lines(
	struct json_writer *w, const char *key, const struct commit_log *log, bool cut)
{
	json_key(w, key);
	json_begin_array(w);
	for (size_t i = 0; i < log->count; i++)
		schema_json(w, &schema_commit_line, &log->at[i]);
	json_end_array(w);
	json_member_bool(w, "cut", cut);
}

enum err api_commits_list(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct revision rev;
	struct api_page page;
	struct commit_log log;
	struct api_reply reply;
	TRY(api_open(c, r, &b));
	TRY(api_page(c, r, &page));
	TRY(api_revision(c, r, &b, web_query(c, r, "ref"), &rev));
	struct log_query query = {.from = rev.commit,
		.path = web_query(c, r, "path"),
		.author = web_query(c, r, "author"),
		.text = web_query(c, r, "q"),
		.after = page.after,
		.limit = page.limit};
	TRY(read_time(c, r, "since", &query.since));
	TRY(read_time(c, r, "until", &query.until));
	if (api_is_fresh(c, r, &b, &rev.commit))
		return web_not_modified(c, r);
	r->field = page.after.len ? "cursor" : NULL;
	TRY(browse_log(c, &b, &query, &log));
	r->field = NULL;
	api_begin(c, &reply);
	json_begin_object(&reply.w);
	json_key(&reply.w, "revision");
	schema_json(&reply.w, &schema_revision, &rev);
	write_lines(&reply.w, "items", &log, log.cut);
	api_member_next(c, r, &reply.w, &page, log.next);
	json_end_object(&reply.w);
	return api_send(c, r, 200, &reply);
}

static enum err open_commit(
	struct ctx *c, struct web_request *r, struct browse *b, struct commit_full *out)
{
	struct revision rev;
	TRY(api_open(c, r, b));
	TRY(api_revision(c, r, b, web_param(r, "id"), &rev));
	return browse_commit(c, b, &rev.commit, out);
}

enum err api_commit(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct commit_full commit;
	struct api_reply reply;
	TRY(open_commit(c, r, &b, &commit));
	api_begin(c, &reply);
	schema_json(&reply.w, &schema_commit_full, &commit);
	return api_send(c, r, 200, &reply);
}

static enum err send_text(struct ctx *c, struct web_request *r, const struct diff *diff)
{
	struct buf text = {.arena = c->arena};
	if (diff->total > diff->count)
		return fail(c, ERR_TOO_BIG,
			"%zu files are changed: clone the repository to see them all", diff->total);
	patch_text(&text, diff);
	return web_bytes(c, r, "text/x-diff; charset=utf-8", buf_view(&text));
}

static enum err read_parent(struct ctx *c, struct web_request *r, uint32_t *out)
{
	struct str text = web_query(c, r, "parent");
	uint64_t number = 1;
	r->field = "parent";
	if (text.len && (!str_to_u64(text, &number) || !number || number > UINT32_MAX))
		return fail(c, ERR_INVALID, "\"parent\" says which of a merge's parents: from 1");
	r->field = NULL;
	*out = (uint32_t)number;
	return OK;
}

static enum err read_white(struct ctx *c, struct web_request *r, enum diff_white *out)
{
	static const char *const words[] = {"all", "within", "none"};
	struct str text = web_query(c, r, "white_space");
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!text.len || str_is(text, words[i])) {
			*out = (enum diff_white)i;
			return OK;
		}
	r->field = "white_space";
	return fail(c, ERR_INVALID, "\"white_space\" that counts is all, within or none");
}

/* What a page's ways to look at a difference are. */
static enum err read_limits(
	struct ctx *c, struct web_request *r, bool text, struct diff_limits *out)
{
	struct str path = web_query(c, r, "path"), context = web_query(c, r, "context");
	uint64_t around = 0;
	*out = text ? DIFF_LIMITS_TEXT : limits;
	if (path.len && !text) {
		*out = DIFF_LIMITS_FILE;
		out->words = false;
	}
	out->wish.only = path;
	TRY(read_white(c, r, &out->wish.white));
	if (context.len &&
		(!str_to_u64(context, &around) || !around || around > DIFF_CONTEXT_MAX)) {
		r->field = "context";
		return fail(c, ERR_INVALID, "\"context\" is how many lines around, from 1 to %d",
			DIFF_CONTEXT_MAX);
	}
	out->wish.context = (uint32_t)around;
	return OK;
}

enum err api_commit_diff(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct commit_full commit;
	struct diff diff;
	struct api_reply reply;
	bool text = web_wants(r, "text/x-diff");
	struct diff_limits wanted;
	TRY(open_commit(c, r, &b, &commit));
	TRY(read_limits(c, r, text, &wanted));
	TRY(read_parent(c, r, &wanted.wish.parent));
	char hex[OID_HEX_MAX];
	if (web_is_fresh(r, str_of(arena_fmt(c->arena, "%s.%d.%u", oid_hex(&commit.id, hex), text,
				    wanted.wish.parent))))
		return web_not_modified(c, r);
	TRY(browse_diff(c, &b, &commit, &wanted, &diff));
	if (text)
		return send_text(c, r, &diff);
	api_begin(c, &reply);
	schema_json(&reply.w, &schema_diff, &diff);
	return api_send(c, r, 200, &reply);
}

enum err api_compare(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct comparison cmp;
	struct api_reply reply;
	bool text = web_wants(r, "text/x-diff");
	struct diff_limits wanted;
	TRY(api_open(c, r, &b));
	TRY(read_limits(c, r, text, &wanted));
	TRY(browse_compare(c, &b, web_param(r, "range"), &wanted, &cmp));
	if (text)
		return send_text(c, r, &cmp.diff);
	api_begin(c, &reply);
	struct json_writer *w = &reply.w;
	json_begin_object(w);
	json_key(w, "base");
	schema_json(w, &schema_revision, &cmp.base);
	json_key(w, "head");
	schema_json(w, &schema_revision, &cmp.head);
	json_member_oid(w, "fork", &cmp.fork);
	json_member_int(w, "ahead", (int64_t)cmp.ahead);
	json_member_int(w, "behind", (int64_t)cmp.behind);
	write_lines(w, "commits", &cmp.log, cmp.cut || cmp.log.cut);
	json_key(w, "diff");
	schema_json(w, &schema_diff, &cmp.diff);
	json_end_object(w);
	return api_send(c, r, 200, &reply);
}
