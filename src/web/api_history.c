/* The time machine: the history of refs, a ref set back, and deleted repositories. */
#include "base/date.h"
#include "core/history.h"
#include "core/repo.h"
#include "web/api.h"
#include "web/history_place.h"

static void write_id(struct json_writer *w, const char *key, const struct oid *id)
{
	char hex[OID_HEX_MAX];
	json_member_cstr(w, key, oid_is_zero(id) ? NULL : oid_hex(id, hex));
}

static void write_change(struct json_writer *w, const struct ref_log *entry)
{
	json_begin_object(w);
	json_member_int(w, "version", entry->version);
	json_member_str(w, "ref", entry->change.name);
	write_id(w, "old", &entry->change.old);
	write_id(w, "new", &entry->change.new);
	json_member_bool(w, "forced", entry->forced);
	json_member_str(w, "username", entry->username);
	api_time(w, "time", entry->time);
	json_member_str(w, "request", entry->request);
	json_end_object(w);
}

static enum err bad_cursor(struct ctx *c, struct web_request *r)
{
	r->field = "cursor";
	return fail(c, ERR_INVALID, "\"cursor\" is not one that was given out");
}

static enum err read_place(
	struct ctx *c, struct web_request *r, struct str cursor, struct history_place *out)
{
	return history_place_read(c, cursor, out) ? OK : bad_cursor(c, r);
}

static enum err read_ref(struct ctx *c, struct web_request *r, struct str *ref)
{
	r->field = "ref";
	TRY(history_ref(c, *ref, ref));
	r->field = NULL;
	return OK;
}

enum err api_history(struct ctx *c, struct web_request *r)
{
	struct api_page page;
	struct history list;
	struct history_query query = {.ref = web_query(c, r, "ref")};
	struct repo repo;
	/* Who may not see it learns nothing from what is wrong with the query. */
	TRY(repo_get(c, r->core, &r->who, web_param(r, "name"), &repo, NULL));
	TRY(api_page(c, r, &page));
	TRY(read_place(c, r, page.after, &query.after));
	query.limit = page.limit;
	if (query.ref.len)
		TRY(read_ref(c, r, &query.ref));
	TRY(history_list(c, r->core, &r->who, repo.name, &query, &list));
	struct api_reply reply;
	api_list_begin(c, &reply);
	for (size_t i = 0; i < list.count; i++)
		write_change(&reply.w, &list.at[i]);
	struct str next = {0};
	if (list.more)
		next = history_place_text(c, &list.at[list.count - 1]);
	return api_list_send(c, r, &reply, &page, next);
}

static enum err read_time(
	struct ctx *c, struct web_request *r, const struct json *body, struct ref_restore *what)
{
	struct str text = {0};
	bool given;
	TRY(api_text(c, r, body, "time", &text, &given));
	r->field = "time";
	if (given && !date_parse(text, &what->time))
		return fail(c, ERR_INVALID,
			"\"time\" must be as 2026-11-20T10:00:00Z, or seconds since 1970");
	r->field = NULL;
	if (given)
		what->to = RESTORE_TIME;
	return OK;
}

/* To what: one member of the body says it. */
static enum err read_target(
	struct ctx *c, struct web_request *r, const struct json *body, struct ref_restore *what)
{
	bool given;
	size_t count = 0;
	static const char *const members[] = {"undo", "version", "time", "id"};
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		count += json_get(body, members[i]) != NULL;
	r->field = "undo";
	if (count != 1)
		return fail(c, ERR_INVALID, "one of undo, version, time and id must be given");
	r->field = NULL;
	TRY(api_number(c, r, body, "undo", INT64_MAX, &what->version));
	if (json_get(body, "undo"))
		what->to = RESTORE_UNDO;
	TRY(api_number(c, r, body, "version", INT64_MAX, &what->version));
	if (json_get(body, "version"))
		what->to = RESTORE_VERSION;
	TRY(read_time(c, r, body, what));
	TRY(api_text(c, r, body, "id", &what->id, &given));
	if (given)
		what->to = RESTORE_ID;
	return OK;
}

static enum err read_expected(struct ctx *c, struct web_request *r, const struct json *body,
	enum hash_algo algo, struct str *out)
{
	struct oid id;
	bool given;
	TRY(api_text(c, r, body, "expected", out, &given));
	r->field = "expected";
	if (given && !oid_parse(algo, *out, &id))
		return fail(c, ERR_INVALID, "\"expected\" must be an object id in full");
	r->field = NULL;
	return OK;
}

enum err api_ref_restore(struct ctx *c, struct web_request *r)
{
	static const char *const fields[] = {
		"ref", "undo", "version", "time", "id", "expected", NULL};
	const struct json *body;
	struct ref_restore what = {0};
	struct ref_restored done;
	struct repo repo;
	TRY(repo_get(c, r->core, &r->who, web_param(r, "name"), &repo, NULL));
	TRY(api_body(c, r, fields, &body));
	what.repo = repo.name;
	TRY(api_text_needed(c, r, body, "ref", &what.ref));
	TRY(read_ref(c, r, &what.ref));
	TRY(read_expected(c, r, body, repo.object_format, &what.expected));
	TRY(read_target(c, r, body, &what));
	r->field = what.to == RESTORE_ID ? "id" : "time";
	TRY(ref_restore(c, r->core, &r->who, &what, &done));
	r->field = NULL;
	r->http->what = str_dup(c->arena, repo.name);
	struct api_reply reply;
	api_begin(c, &reply);
	json_begin_object(&reply.w);
	json_member_str(&reply.w, "ref", done.change.name);
	write_id(&reply.w, "old", &done.change.old);
	write_id(&reply.w, "new", &done.change.new);
	json_member_bool(&reply.w, "changed", done.changed);
	json_member_bool(&reply.w, "forced", done.forced);
	json_member_int(&reply.w, "version", done.version);
	json_end_object(&reply.w);
	return api_send(c, r, 200, &reply);
}

static void write_deleted(struct json_writer *w, const struct core *core, const struct repo *repo)
{
	json_begin_object(w);
	json_member_int(w, "id", repo->id);
	json_member_str(w, "name", repo->name);
	json_member_str(w, "description", repo->description);
	json_member_cstr(w, "visibility", visibility_name(repo->visibility));
	json_member_cstr(w, "object_format", object_format_name(repo->object_format));
	api_time(w, "created_at", repo->created);
	api_time(w, "pushed_at", repo->pushed);
	api_time(w, "deleted_at", repo->deleted);
	api_time(w, "kept_until", repo_deleted_until(core, repo));
	json_end_object(w);
}

/* "1795448072 17": when it was deleted, and its id. */
static enum err read_deleted_place(
	struct ctx *c, struct web_request *r, struct str cursor, struct repo_deleted_query *out)
{
	uint64_t before, id;
	struct str rest = cursor;
	if (!cursor.len)
		return OK;
	if (!str_to_u64(str_cut(&rest, ' '), &before) || !str_to_u64(rest, &id) || !before ||
		before > INT64_MAX || id > INT64_MAX)
		return bad_cursor(c, r);
	out->before = (int64_t)before;
	out->id = (int64_t)id;
	return OK;
}

enum err api_deleted_list(struct ctx *c, struct web_request *r)
{
	struct api_page page;
	struct repo_list list;
	struct repo_deleted_query query = {0};
	TRY(api_page(c, r, &page));
	TRY(read_deleted_place(c, r, page.after, &query));
	query.limit = page.limit;
	TRY(repo_deleted_list(c, r->core, &r->who, &query, &list));
	struct api_reply reply;
	api_list_begin(c, &reply);
	for (size_t i = 0; i < list.count; i++)
		write_deleted(&reply.w, r->core, &list.at[i]);
	struct str next = {0};
	if (list.more) {
		const struct repo *last = &list.at[list.count - 1];
		next = str_of(arena_fmt(
			c->arena, "%lld %lld", (long long)last->deleted, (long long)last->id));
	}
	return api_list_send(c, r, &reply, &page, next);
}

enum err api_deleted_get(struct ctx *c, struct web_request *r)
{
	struct repo *repo = NEW(c->arena, struct repo);
	struct api_reply reply;
	int64_t id;
	TRY(web_param_id(c, r, "deleted repository", &id));
	TRY(repo_deleted_get(c, r->core, &r->who, id, repo));
	if (r->probing)
		r->expected.repo = repo;
	api_begin(c, &reply);
	write_deleted(&reply.w, r->core, repo);
	return api_send(c, r, 200, &reply);
}

enum err api_deleted_restore(struct ctx *c, struct web_request *r)
{
	static const char *const fields[] = {"name", NULL};
	const struct json *body;
	struct str name;
	struct repo repo;
	int64_t id = 0;
	bool given;
	TRY(web_param_id(c, r, "deleted repository", &id));
	TRY(api_body(c, r, fields, &body));
	TRY(api_text(c, r, body, "name", &name, &given));
	r->field = "name";
	TRY(repo_restore(c, r->core, &r->who, id, given ? &name : NULL, &repo));
	r->field = NULL;
	r->http->what = str_dup(c->arena, repo.name);
	api_location(c, r, "repos", repo.name);
	return api_send_repo(c, r, repo.name);
}

enum err api_deleted_purge(struct ctx *c, struct web_request *r)
{
	int64_t id = 0;
	TRY(web_param_id(c, r, "deleted repository", &id));
	TRY(repo_purge_seen(c, r->core, &r->who, id, &r->expected));
	return web_no_content(c, r);
}
