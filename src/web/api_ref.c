/* Branches, tags and every other ref: listed, made, moved, taken away. */
#include "base/uri.h"
#include "core/ref_change.h"
#include "core/ref_names.h"
#include "web/api_browse.h"
#include "web/author_host.h"

#define BRANCHES "refs/heads/"
#define TAGS "refs/tags/"

static const char *kind_of(struct str *name)
{
	return str_skip(name, STR(BRANCHES)) ? "branch"
	       : str_skip(name, STR(TAGS))   ? "tag"
					     : "other";
}

/* How branches lie to the default one, where that is found in time; of other refs nothing. */
static enum err relate(
	struct ctx *c, struct browse *b, const struct ref_names *names, struct ref_list *out)
{
	struct ref_line *lines = NEW_ARRAY(c->arena, struct ref_line, names->count + 1);
	for (size_t i = 0; i < names->count; i++) {
		lines[i].is_default = names->at[i].is_default;
		if (str_starts(names->at[i].ref.name, STR(BRANCHES)))
			lines[i].commit = names->at[i].commit;
	}
	*out = (struct ref_list){.at = lines, .count = names->count};
	return browse_ahead(c, b, out);
}

static void write_relation(struct json_writer *w, const struct ref_line *line)
{
	json_key(w, "ahead");
	if (line->related)
		json_int(w, (int64_t)line->ahead);
	else
		json_null(w);
	json_key(w, "behind");
	if (line->related)
		json_int(w, (int64_t)line->behind);
	else
		json_null(w);
}

static void write_ref(struct ctx *c, const struct web_request *r, struct json_writer *w,
	const struct browse *b, const struct named_ref *named, const struct ref_line *line)
{
	struct str name = named->ref.name;
	const char *kind = kind_of(&name);
	json_begin_object(w);
	json_member_str(w, "ref", named->ref.name);
	json_member_cstr(w, "kind", kind);
	json_member_str(w, "name", name);
	json_member_oid(w, "id", &named->ref.id);
	json_member_oid(w, "peeled", &named->ref.peeled);
	json_member_bool(w, "default", named->is_default);
	json_key(w, "commit");
	json_commit_line(w, &named->commit);
	write_relation(w, line);
	api_archive_urls(c, r, w, b, name);
	json_end_object(w);
}

static enum err send_list(struct ctx *c, struct web_request *r, struct str prefix)
{
	BROWSE b = {0};
	struct api_page page;
	struct ref_names list;
	struct ref_list lines;
	struct api_reply reply;
	TRY(api_open(c, r, &b));
	TRY(api_page(c, r, &page));
	if (api_is_fresh(c, r, &b, NULL))
		return web_not_modified(c, r);
	const struct ref_names_query query = {prefix, page.after, web_query(c, r, "q"), page.limit};
	TRY(ref_names(c, &b, &query, &list));
	TRY(relate(c, &b, &list, &lines));
	api_list_begin(c, &reply);
	for (size_t i = 0; i < list.count; i++)
		write_ref(c, r, &reply.w, &b, &list.at[i], &lines.at[i]);
	struct str next = {0};
	if (list.more)
		next = list.at[list.count - 1].ref.name;
	return api_list_send(c, r, &reply, &page, next);
}

enum err api_branches_list(struct ctx *c, struct web_request *r)
{
	return send_list(c, r, STR(BRANCHES));
}

enum err api_tags_list(struct ctx *c, struct web_request *r)
{
	return send_list(c, r, STR(TAGS));
}

enum err api_refs_list(struct ctx *c, struct web_request *r)
{
	struct str prefix = web_query(c, r, "prefix");
	return send_list(c, r, str_starts(prefix, STR("refs/")) ? prefix : STR("refs/"));
}

/* "heads/main" of the path is refs/heads/main. */
static struct str ref_of(struct ctx *c, const struct web_request *r)
{
	return str_of(arena_fmt(c->arena, "refs/%.*s", STR_FMT(web_param(r, "ref"))));
}

static enum err send_ref(struct ctx *c, struct web_request *r, int status, struct str name)
{
	BROWSE b = {0};
	struct named_ref named;
	const struct ref_names list = {.at = &named, .count = 1};
	struct ref_list lines;
	struct api_reply reply;
	TRY(api_open(c, r, &b));
	TRY(ref_names_get(c, &b, name, &named));
	TRY(relate(c, &b, &list, &lines));
	if (r->probing) {
		struct oid *seen = NEW(c->arena, struct oid);
		*seen = named.ref.id;
		r->expected.ref = seen;
	}
	api_begin(c, &reply);
	write_ref(c, r, &reply.w, &b, &named, lines.at);
	return api_send(c, r, status, &reply);
}

enum err api_ref_get(struct ctx *c, struct web_request *r)
{
	return send_ref(c, r, 200, ref_of(c, r));
}

/* "to": an id in full of any object that is here; else a revision, whose commit it is. */
static enum err read_to(
	struct ctx *c, struct web_request *r, const struct json *body, struct ref_wish *wish)
{
	BROWSE b = {0};
	struct str text = {0};
	struct revision rev;
	/* Who may not see it learns nothing from what is wrong with the body. */
	TRY(api_open(c, r, &b));
	TRY(api_text_needed(c, r, body, "to", &text));
	if (oid_parse(b.repo.object_format, text, &wish->to))
		return OK;
	r->field = "to";
	enum err kind = api_revision(c, r, &b, text, &rev);
	if (kind == ERR_NOT_FOUND)
		return fail(c, ERR_INVALID, "%s", c->error.text);
	TRY(kind);
	r->field = NULL;
	wish->to = rev.commit;
	return OK;
}

static enum err check_expected(struct ctx *c, struct web_request *r, const struct ref_wish *wish)
{
	struct oid id;
	r->field = "expected";
	if (wish->expected.len && !oid_parse(HASH_SHA1, wish->expected, &id) &&
		!oid_parse(HASH_SHA256, wish->expected, &id))
		return fail(c, ERR_INVALID, "\"expected\" must be an object id in full");
	r->field = NULL;
	return OK;
}

static enum err see_repo(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	return api_open(c, r, &b);
}

enum err api_refs_create(struct ctx *c, struct web_request *r)
{
	static const char *const fields[] = {"ref", "to", "message", NULL};
	struct ref_wish wish = {
		.kind = REF_CREATE, .repo = web_param(r, "name"), .host = web_author_host(c, r)};
	const struct json *body;
	struct ref_change done;
	TRY(see_repo(c, r));
	TRY(api_body(c, r, fields, &body));
	TRY(api_text_needed(c, r, body, "ref", &wish.ref));
	TRY(api_text(c, r, body, "message", &wish.message, NULL));
	TRY(read_to(c, r, body, &wish));
	r->field = wish.message.len ? "message" : "ref";
	TRY(ref_change(c, r->core, &r->who, &wish, &done));
	r->field = NULL;
	struct str rest = str_from_index(done.name, sizeof "refs/" - 1);
	struct buf place = {.arena = c->arena};
	buf_cstr(&place, "/api/v1/repos/");
	uri_encode(&place, wish.repo);
	buf_cstr(&place, "/refs/");
	uri_encode_path(&place, rest);
	web_header(r, "Location", buf_view(&place));
	return send_ref(c, r, 201, done.name);
}

enum err api_ref_move(struct ctx *c, struct web_request *r)
{
	static const char *const fields[] = {"to", "expected", "force", NULL};
	struct ref_wish wish = {.kind = REF_MOVE,
		.repo = web_param(r, "name"),
		.ref = ref_of(c, r),
		.seen = &r->expected};
	const struct json *body;
	TRY(see_repo(c, r));
	TRY(api_body(c, r, fields, &body));
	TRY(read_to(c, r, body, &wish));
	TRY(api_text(c, r, body, "expected", &wish.expected, NULL));
	TRY(check_expected(c, r, &wish));
	TRY(api_bool(c, r, body, "force", &wish.force));
	TRY(ref_change(c, r->core, &r->who, &wish, NULL));
	return send_ref(c, r, 200, wish.ref);
}

enum err api_ref_delete(struct ctx *c, struct web_request *r)
{
	const struct ref_wish wish = {.kind = REF_DELETE,
		.repo = web_param(r, "name"),
		.ref = ref_of(c, r),
		.expected = web_query(c, r, "expected"),
		.seen = &r->expected};
	TRY(see_repo(c, r));
	TRY(check_expected(c, r, &wish));
	TRY(ref_change(c, r->core, &r->who, &wish, NULL));
	return web_no_content(c, r);
}
