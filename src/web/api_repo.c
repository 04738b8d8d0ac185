#include "base/uri.h"
#include "core/repo.h"
#include "web/api.h"

static void write_repo(struct ctx *c, const struct web_request *r, struct json_writer *w,
	const struct repo *repo, const enum permission *level)
{
	struct str branch = repo->head;
	(void)str_skip(&branch, STR("refs/heads/"));
	struct buf page = {.arena = c->arena};
	buf_fmt(&page, "%.*s/", STR_FMT(r->origin));
	uri_encode(&page, repo->name);
	json_begin_object(w);
	json_member_int(w, "id", repo->id);
	json_member_str(w, "name", repo->name);
	json_member_str(w, "description", repo->description);
	json_member_cstr(w, "visibility", visibility_name(repo->visibility));
	json_member_str(w, "default_branch", branch);
	json_member_cstr(w, "object_format", object_format_name(repo->object_format));
	api_time(w, "created_at", repo->created);
	api_time(w, "pushed_at", repo->pushed);
	if (level)
		json_member_cstr(w, "permission", permission_name(*level));
	json_member_str(w, "url", buf_view(&page));
	buf_cstr(&page, ".git");
	json_key(w, "clone_urls");
	json_begin_object(w);
	json_member_str(w, "http", buf_view(&page));
	json_end_object(w);
	json_end_object(w);
}

static enum err read_sort(struct ctx *c, struct web_request *r, bool *by_push)
{
	struct str sort = web_query(c, r, "sort");
	r->field = "sort";
	*by_push = str_is(sort, "pushed");
	if (sort.len && !*by_push && !str_is(sort, "name"))
		return fail(c, ERR_INVALID, "\"sort\" must be name or pushed");
	r->field = NULL;
	return OK;
}

/* A name; where the last pushed comes first, "1795448072 name": when it was, and of those the name. */
static enum err read_place(
	struct ctx *c, struct web_request *r, struct str cursor, struct repo_query *out)
{
	uint64_t pushed = 0;
	out->after = cursor;
	if (!out->by_push || !cursor.len)
		return OK;
	r->field = "cursor";
	if (!str_to_u64(str_cut(&out->after, ' '), &pushed) || pushed > INT64_MAX)
		return fail(c, ERR_INVALID, "\"cursor\" is not one that was given out");
	r->field = NULL;
	out->pushed = (int64_t)pushed;
	return OK;
}

static struct str place_of(struct ctx *c, const struct repo_query *query, const struct repo *last)
{
	if (!query->by_push)
		return last->name;
	return str_of(
		arena_fmt(c->arena, "%lld %.*s", (long long)last->pushed, STR_FMT(last->name)));
}

enum err api_repos_list(struct ctx *c, struct web_request *r)
{
	struct api_page page;
	struct repo_list list;
	struct repo_query query = {.words = web_query(c, r, "q")};
	TRY(api_page(c, r, &page));
	TRY(read_sort(c, r, &query.by_push));
	TRY(read_place(c, r, page.after, &query));
	query.limit = page.limit;
	TRY(repo_list(c, r->core, &r->who, &query, &list));
	struct api_reply reply;
	api_list_begin(c, &reply);
	for (size_t i = 0; i < list.count; i++)
		write_repo(c, r, &reply.w, &list.at[i], NULL);
	struct str next = {0};
	if (list.more)
		next = place_of(c, &query, &list.at[list.count - 1]);
	return api_list_send(c, r, &reply, &page, next);
}

static enum err read_visibility(struct ctx *c, struct web_request *r, const struct json *body,
	enum visibility *out, bool *given)
{
	struct str text = {0};
	TRY(api_text(c, r, body, "visibility", &text, given));
	r->field = "visibility";
	if (*given && !visibility_parse(text, out))
		return fail(c, ERR_INVALID, "\"visibility\" must be private or public");
	r->field = NULL;
	return OK;
}

static enum err read_description(
	struct ctx *c, struct web_request *r, const struct json *body, struct str *out, bool *given)
{
	TRY(api_text(c, r, body, "description", out, given));
	r->field = "description";
	if (out->len > REPO_DESCRIPTION_MAX)
		return fail(
			c, ERR_INVALID, "\"description\" is over %d bytes", REPO_DESCRIPTION_MAX);
	r->field = NULL;
	return OK;
}

static enum err read_branch(
	struct ctx *c, struct web_request *r, const struct json *body, struct str *out, bool *given)
{
	TRY(api_text(c, r, body, "default_branch", out, given));
	r->field = "default_branch";
	if (*given && !ref_name_ok(str_of(arena_fmt(c->arena, "refs/heads/%.*s", STR_FMT(*out)))))
		return fail(c, ERR_INVALID, "\"default_branch\" is no valid name for a branch");
	r->field = NULL;
	return OK;
}

static enum err read_name(
	struct ctx *c, struct web_request *r, const struct json *body, struct str *out, bool *given)
{
	TRY(api_text(c, r, body, "name", out, given));
	r->field = "name";
	if (*given)
		TRY(repo_name_check(c, *out));
	r->field = NULL;
	return OK;
}

enum err api_repos_create(struct ctx *c, struct web_request *r)
{
	static const char *const fields[] = {
		"name", "description", "visibility", "default_branch", "object_format", NULL};
	struct repo_new what = {.visibility = VISIBILITY_PRIVATE};
	const struct json *body;
	struct str format = {0};
	bool given;
	TRY(api_body(c, r, fields, &body));
	TRY(api_text_needed(c, r, body, "name", &what.name));
	TRY(read_name(c, r, body, &what.name, &given));
	TRY(read_description(c, r, body, &what.description, &given));
	TRY(read_visibility(c, r, body, &what.visibility, &given));
	TRY(read_branch(c, r, body, &what.default_branch, &given));
	TRY(api_text(c, r, body, "object_format", &format, &given));
	r->field = "object_format";
	if (given && !object_format_parse(format, &what.object_format))
		return fail(c, ERR_INVALID, "\"object_format\" must be sha1 or sha256");
	r->field = NULL;
	struct repo repo;
	TRY(repo_create(c, r->core, &r->who, &what, &repo));
	r->http->what = str_dup(c->arena, repo.name);
	struct api_reply reply;
	enum permission level = PERMISSION_ADMIN;
	api_begin(c, &reply);
	write_repo(c, r, &reply.w, &repo, &level);
	api_location(c, r, "repos", repo.name);
	return api_send(c, r, 201, &reply);
}

enum err api_send_repo(struct ctx *c, struct web_request *r, struct str name)
{
	struct repo repo;
	enum permission level;
	TRY(repo_get(c, r->core, &r->who, name, &repo, &level));
	if (r->probing) {
		struct repo *seen = NEW(c->arena, struct repo);
		*seen = repo;
		r->expected.repo = seen;
	}
	struct api_reply reply;
	api_begin(c, &reply);
	write_repo(c, r, &reply.w, &repo, &level);
	return api_send(c, r, 200, &reply);
}

enum err api_repo_get(struct ctx *c, struct web_request *r)
{
	return api_send_repo(c, r, web_param(r, "name"));
}

enum err api_repo_change(struct ctx *c, struct web_request *r)
{
	static const char *const fields[] = {
		"name", "description", "visibility", "default_branch", NULL};
	const struct json *body;
	struct str name, description = {0}, branch;
	enum visibility visibility;
	bool given;
	struct repo_change change = {.expected = &r->expected};
	struct repo repo;
	/* Who may not see it learns nothing from what is wrong with the body. */
	TRY(repo_get(c, r->core, &r->who, web_param(r, "name"), &repo, NULL));
	TRY(api_body(c, r, fields, &body));
	TRY(read_name(c, r, body, &name, &given));
	change.name = given ? &name : NULL;
	TRY(read_description(c, r, body, &description, &given));
	change.description = given ? &description : NULL;
	TRY(read_visibility(c, r, body, &visibility, &given));
	change.visibility = given ? &visibility : NULL;
	TRY(read_branch(c, r, body, &branch, &given));
	change.default_branch = given ? &branch : NULL;
	TRY(repo_update(c, r->core, &r->who, web_param(r, "name"), &change, &repo));
	return api_send_repo(c, r, repo.name);
}

enum err api_repo_delete(struct ctx *c, struct web_request *r)
{
	TRY(repo_delete_seen(c, r->core, &r->who, web_param(r, "name"), &r->expected, NULL));
	return web_no_content(c, r);
}
