/* Files changed without a clone: some of them in one commit, which then goes the way of a push. */
#include "core/edit.h"

#include "base/hex.h"
#include "base/uri.h"
#include "web/api_browse.h"
#include "web/author_host.h"

/* What is done to a file. */
struct action {
	const char *name;
	enum edit_place place;
	bool moves, has_content, may_content;
};

static const struct action actions[] = {
	{"create", EDIT_NEW, false, true, true},
	{"update", EDIT_OLD, false, true, true},
	{"put", EDIT_ANY, false, true, true},
	{"move", EDIT_NEW, true, false, true},
	{"delete", EDIT_OLD, false, false, false},
};

enum { ACTIONS = sizeof actions / sizeof *actions };

static enum err read_action(
	struct ctx *c, struct web_request *r, const struct json *item, const struct action **out)
{
	struct str text = {0};
	size_t i = 0;
	TRY(api_text_needed(c, r, item, "action", &text));
	while (i < ACTIONS - 1 && !str_is(text, actions[i].name))
		i++;
	*out = &actions[i];
	if (str_is(text, actions[i].name))
		return OK;
	r->field = "action";
	return fail(c, ERR_INVALID, "\"action\" must be create, update, put, move or delete");
}

/* Text as it stands, or any bytes as base64. */
static enum err read_content(
	struct ctx *c, struct web_request *r, const struct json *item, struct extent **out)
{
	struct str text = {0}, encoding = STR("utf-8");
	struct extent_bytes *bytes = NEW(c->arena, struct extent_bytes);
	TRY(api_text_needed(c, r, item, "content", &text));
	TRY(api_text(c, r, item, "encoding", &encoding, NULL));
	if (str_is(encoding, "base64")) {
		char *plain = arena_alloc(c->arena, text.len + 1);
		size_t len;
		r->field = "content";
		if (!base64_decode(text, plain, &len))
			return fail(c, ERR_INVALID, "\"content\" is no base64");
		text = str_from(plain, len);
	} else if (!str_is(encoding, "utf-8")) {
		r->field = "encoding";
		return fail(c, ERR_INVALID, "\"encoding\" must be utf-8 or base64");
	}
	r->field = NULL;
	extent_bytes_init(bytes, text.at, text.len);
	*out = &bytes->extent;
	return OK;
}

static enum err refuse_member(
	struct ctx *c, struct web_request *r, const struct action *action, const char *name)
{
	r->field = name;
	return fail(c, ERR_INVALID, "to %s a file takes no \"%s\"", action->name, name);
}

static enum err read_change(
	struct ctx *c, struct web_request *r, const struct json *item, struct edit_change *out)
{
	static const char *const fields[] = {"action", "path", "from", "content", "encoding", NULL};
	const struct action *action = actions;
	bool has_content = json_get(item, "content") || json_get(item, "encoding");
	TRY(api_members(c, r, item, fields));
	TRY(read_action(c, r, item, &action));
	*out = (struct edit_change){.place = action->place};
	TRY(api_text_needed(c, r, item, "path", &out->path));
	r->field = "path";
	TRY(edit_path_check(c, out->path));
	r->field = NULL;
	if (action->moves)
		TRY(api_text_needed(c, r, item, "from", &out->from));
	else if (json_get(item, "from"))
		return refuse_member(c, r, action, "from");
	if (has_content && !action->may_content)
		return refuse_member(c, r, action, "content");
	return has_content || action->has_content ? read_content(c, r, item, &out->content) : OK;
}

static enum err read_changes(
	struct ctx *c, struct web_request *r, const struct json *body, struct edit *what)
{
	const struct json *list = json_get(body, "changes");
	r->field = "changes";
	if (!list || list->kind != JSON_ARRAY || !list->count || list->count > EDIT_CHANGES_MAX)
		return fail(c, ERR_INVALID, "\"changes\" must be an array of 1 to %d changes",
			EDIT_CHANGES_MAX);
	struct edit_change *changes = NEW_ARRAY(c->arena, struct edit_change, list->count);
	for (const struct json *item = list->first; item; item = item->next) {
		r->field = "changes";
		if (item->kind != JSON_OBJECT)
			return fail(c, ERR_INVALID, "a change is an object");
		TRY(read_change(c, r, item, &changes[what->count++]));
	}
	what->changes = changes;
	r->field = NULL;
	return OK;
}

/* Upon which commit; where they do not say, upon what the branch has now. */
static enum err read_expected(struct ctx *c, struct web_request *r, const struct json *body,
	const struct browse *b, struct edit *what)
{
	struct oid id;
	struct ref now;
	char hex[OID_HEX_MAX];
	bool given;
	TRY(api_text(c, r, body, "expected", &what->expected, &given));
	r->field = "expected";
	if (given && !oid_parse(b->repo.object_format, what->expected, &id))
		return fail(c, ERR_INVALID, "\"expected\" must be the id of a commit in full");
	r->field = NULL;
	const char *ref = arena_fmt(c->arena, "refs/heads/%.*s", STR_FMT(what->branch));
	if (!given && what->branch.len < REF_NAME_MAX &&
		snapshot_ref(b->snapshot, str_of(ref), &now))
		what->expected = str_of(arena_strdup(c->arena, oid_hex(&now.id, hex)));
	return OK;
}

static enum err read_edit(struct ctx *c, struct web_request *r, struct edit *what)
{
	static const char *const fields[] = {
		"branch", "new_branch", "expected", "message", "changes", NULL};
	BROWSE b = {0};
	const struct json *body;
	/* Who may not see it learns nothing from what is wrong with the body. */
	TRY(api_open(c, r, &b));
	TRY(api_body(c, r, fields, &body));
	what->branch = b.repo.head;
	(void)str_skip(&what->branch, STR("refs/heads/"));
	what->branch = str_copy(c->arena, what->branch);
	TRY(api_text(c, r, body, "branch", &what->branch, NULL));
	TRY(api_text(c, r, body, "new_branch", &what->target, NULL));
	TRY(api_text_needed(c, r, body, "message", &what->message));
	r->field = "message";
	if (!str_trim(what->message).len)
		return fail(c, ERR_INVALID, "say in the message what you change, and why");
	r->field = NULL;
	TRY(read_expected(c, r, body, &b, what));
	return read_changes(c, r, body, what);
}

static enum err send_made(struct ctx *c, struct web_request *r, const struct edited *made)
{
	BROWSE b = {0};
	struct commit_full commit;
	struct api_reply reply;
	char hex[OID_HEX_MAX];
	struct buf place = {.arena = c->arena};
	TRY(api_open(c, r, &b));
	TRY(browse_commit(c, &b, &made->commit, &commit));
	buf_cstr(&place, "/api/v1/repos/");
	uri_encode(&place, b.repo.name);
	buf_fmt(&place, "/commits/%s", oid_hex(&made->commit, hex));
	web_header(r, "Location", buf_view(&place));
	api_begin(c, &reply);
	json_begin_object(&reply.w);
	json_member_str(&reply.w, "branch", made->branch);
	json_key(&reply.w, "commit");
	schema_json(&reply.w, &schema_commit_full, &commit);
	json_end_object(&reply.w);
	return api_send(c, r, 201, &reply);
}

enum err api_commit_create(struct ctx *c, struct web_request *r)
{
	struct edit what = {.repo = web_param(r, "name"), .host = web_author_host(c, r)};
	struct edited made;
	TRY(read_edit(c, r, &what));
	r->field = "changes";
	TRY(edit_commit(c, r->core, &r->who, &what, &made));
	r->field = NULL;
	return send_made(c, r, &made);
}
