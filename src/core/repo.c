#include "core/repo.h"

#include "base/json.h"
#include "core/permit.h"
#include "core/record.h"
#include "core/repo_parts.h"
#include "meta/repo.h"
#include "model/scope.h"

static const struct str heads = {"refs/heads/", 11};

static enum err description_check(struct ctx *c, struct str text)
{
	if (text.len > REPO_DESCRIPTION_MAX)
		return fail(c, ERR_INVALID, "a description has at most %d bytes, this one %zu",
			REPO_DESCRIPTION_MAX, text.len);
	if (!str_is_utf8(text))
		return fail(c, ERR_INVALID, "a description must be UTF-8 text");
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f)
			return fail(c, ERR_INVALID, "a description is one line of text");
	}
	return OK;
}

static enum err head_of_branch(struct ctx *c, struct str branch, struct str *head)
{
	*head = str_of(arena_fmt(c->arena, "refs/heads/%.*s", STR_FMT(branch)));
	if (branch.len && branch.at[0] != '-' && ref_name_ok(*head))
		return OK;
	struct str shown = str_until(branch, 200);
	return fail(c, ERR_INVALID, "\"%.*s\" is not a valid name of a branch", STR_FMT(shown));
}

struct str repo_data(struct ctx *c, const struct repo *repo, struct str previous_name)
{
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	struct str branch = repo->head;
	str_skip(&branch, heads);
	json_begin_object(&w);
	json_member_int(&w, "id", repo->id);
	json_member_str(&w, "name", repo->name);
	json_member_str(&w, "description", repo->description);
	json_member_cstr(&w, "visibility", visibility_name(repo->visibility));
	json_member_str(&w, "default_branch", branch);
	json_member_cstr(&w, "object_format", object_format_name(repo->object_format));
	if (previous_name.len)
		json_member_str(&w, "previous_name", previous_name);
	json_end_object(&w);
	return buf_view(&b);
}

enum err repo_create(struct ctx *c, struct core *core, const struct actor *who,
	const struct repo_new *what, struct repo *out)
{
	struct repo repo = {
		.name = what->name,
		.description = what->description,
		.visibility = what->visibility,
		.object_format = what->object_format ? what->object_format : HASH_SHA1,
	};
	struct str branch = what->default_branch.len ? what->default_branch : STR("main");
	TRY(permit_owner_early(c, who));
	TRY(repo_name_check(c, repo.name));
	TRY(description_check(c, repo.description));
	TRY(head_of_branch(c, branch, &repo.head));

	DB_TX *tx = NULL;
	TRY(permit_begin_owner(c, core, who, DB_WRITE, &tx));
	TRY(repo_name_within_scope(c, who, repo.name));
	TRY(meta_repo_create(c, tx, &repo));
	TRY(record_add(c, tx,
		&(struct record){.who = who,
			.type = EVENT_REPOSITORY_CREATED,
			.repo = &repo,
			.data = repo_data(c, &repo, (struct str){0})}));
	TRY(db_commit(c, &tx));
	*out = repo;
	return OK;
}

enum err repo_get(struct ctx *c, struct core *core, const struct actor *who, struct str name,
	struct repo *out, enum permission *level)
{
	DB_TX *tx = NULL;
	struct permitted got;
	const struct permit_need need = {name, OPERATION_REPOSITORY_READ, .mode = DB_READ};
	TRY(permit_begin(c, core, who, &need, &tx, &got));
	*out = got.repo;
	if (level)
		*level = got.level;
	return OK;
}

enum err repo_name_within_scope(struct ctx *c, const struct actor *who, struct str name)
{
	if (scope_has_repo(c->arena, who->scope, name))
		return OK;
	return fail(c, ERR_DENIED, "this key is for repositories of other names than \"%.*s\"",
		STR_FMT(str_until(name, REPO_NAME_MAX)));
}

size_t repo_within_scope(struct ctx *c, const struct actor *who, struct repo *at, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (scope_has_repo(c->arena, who->scope, at[i].name))
			at[kept++] = at[i];
	}
	return kept;
}

/* Those of a step that they may see, by their key and by a policy that is far. */
static enum err judge_step(struct ctx *c, struct core *core, const struct meta_repo_page *page,
	struct meta_repo_granted *step, size_t count, struct repo_list *out)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++)
		if (scope_has_repo(c->arena, page->who->scope, step[i].repo.name))
			step[kept++] = step[i];
	TRY(permit_listed(c, core, page->who, step, &kept));
	for (size_t i = 0; i < kept && out->count < page->limit; i++)
		out->at[out->count++] = step[i].repo;
	return OK;
}

/* The same for a policy that is far, and may let them see what nobody granted them: it is asked of many at
 * once, and no transaction is open meanwhile. */
static enum err gather_far(
	struct ctx *c, struct core *core, const struct meta_repo_page *page, struct repo_list *out)
{
	enum { STEP = 500 };
	struct meta_repo_page next = *page;
	next.limit = STEP;
	for (size_t got = STEP; got == STEP && out->count < page->limit;) {
		struct meta_repo_granted *step;
		DB_TX *tx = NULL;
		TRY(ctx_check(c));
		TRY(db_begin(c, core->db, DB_READ, &tx));
		TRY(permit_actor(c, core, tx, page->who));
		TRY(meta_repo_list_granted(c, tx, &next, &step, &got));
		db_rollback(&tx);
		if (got) {
			next.after = step[got - 1].repo.name;
			next.pushed = step[got - 1].repo.pushed;
		}
		TRY(judge_step(c, core, page, step, got, out));
	}
	return OK;
}

/* Up to page->limit of them. What their key is not for is not there, so there may be many steps. */
static enum err gather(
	struct ctx *c, struct core *core, const struct meta_repo_page *page, struct repo_list *out)
{
	struct meta_repo_page next = *page;
	DB_TX *tx = NULL;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	TRY(permit_actor(c, core, tx, page->who));
	for (size_t got = next.limit; got == next.limit && out->count < page->limit;) {
		struct repo *step;
		TRY(meta_repo_list(c, tx, &next, &step, &got));
		if (got) {
			next.after = step[got - 1].name;
			next.pushed = step[got - 1].pushed;
		}
		size_t kept = repo_within_scope(c, page->who, step, got);
		for (size_t i = 0; i < kept && out->count < page->limit; i++)
			out->at[out->count++] = step[i];
	}
	return OK;
}

enum err repo_list(struct ctx *c, struct core *core, const struct actor *who,
	const struct repo_query *query, struct repo_list *out)
{
	size_t limit = query->limit && query->limit < REPO_PAGE_MAX ? query->limit : REPO_PAGE_MAX;
	struct meta_repo_page page = {
		.who = who,
		.after = str_until(query->after, REPO_NAME_MAX),
		.limit = limit + 1, /* is there more? */
		.words = str_until(query->words, REPO_NAME_MAX),
		.by_push = query->by_push,
		.pushed = query->after.len ? query->pushed : INT64_MAX,
	};
	*out = (struct repo_list){0};
	if (!str_is_utf8(page.after) || !str_is_utf8(page.words))
		return fail(c, ERR_INVALID, "a search is UTF-8 text");
	if (!scope_has_operation(who->scope, OPERATION_REPOSITORY_READ))
		return fail(c, ERR_DENIED, "this key does not allow %s",
			operation_name(OPERATION_REPOSITORY_READ));
	out->at = NEW_ARRAY(c->arena, struct repo, page.limit);
	TRY(core->policy->far ? gather_far(c, core, &page, out) : gather(c, core, &page, out));
	out->more = out->count > limit;
	if (out->more)
		out->count = limit;
	return OK;
}

/* What `change` leaves of `repo`, checked; *head: the new HEAD, or empty. */
static enum err apply(
	struct ctx *c, const struct repo_change *change, struct repo *repo, struct str *head)
{
	*head = (struct str){0};
	if (change->name) {
		TRY(repo_name_check(c, *change->name));
		repo->name = *change->name;
	}
	if (change->description) {
		TRY(description_check(c, *change->description));
		repo->description = *change->description;
	}
	if (change->visibility)
		repo->visibility = *change->visibility;
	if (change->default_branch) {
		TRY(head_of_branch(c, *change->default_branch, head));
		if (str_eq(*head, repo->head))
			*head = (struct str){0};
	}
	return OK;
}

static enum err may_leave_head(
	struct ctx *c, struct db_tx *tx, const struct actor *who, const struct permitted *on)
{
	const char *refused;
	TRY(permit_head(c, tx, who, on, &refused));
	if (refused)
		return fail(c, ERR_DENIED, "the default branch stays %.*s: %s",
			STR_FMT(on->repo.head), refused);
	return OK;
}

enum err repo_update(struct ctx *c, struct core *core, const struct actor *who, struct str name,
	const struct repo_change *change, struct repo *out)
{
	DB_TX *tx = NULL;
	struct permitted on;
	struct str head;
	const struct permit_need need = {name, OPERATION_REPOSITORY_CHANGE, .mode = DB_WRITE};
	TRY(permit_begin(c, core, who, &need, &tx, &on));
	TRY(expected_repo(c, change->expected, &on.repo));
	struct repo repo = on.repo;
	struct str previous = repo.name;
	/* Names are everybody's: who may take any could find out which are taken. */
	if (change->name && !str_eq(*change->name, previous)) {
		TRY(permit_owner_early(c, who));
		TRY(repo_name_within_scope(c, who, *change->name));
	}
	TRY(apply(c, change, &repo, &head));
	TRY(meta_repo_update(c, tx, &repo));
	if (head.len) {
		TRY(may_leave_head(c, tx, who, &on));
		TRY(meta_repo_set_head(c, tx, repo.id, head));
		TRY(meta_repo_bump_version(c, tx, repo.id, &repo.version));
		repo.head = head;
	}
	if (str_eq(previous, repo.name))
		previous = (struct str){0};
	TRY(record_add(c, tx,
		&(struct record){.who = who,
			.type = EVENT_REPOSITORY_UPDATED,
			.repo = &repo,
			.data = repo_data(c, &repo, previous)}));
	TRY(db_commit(c, &tx));
	*out = repo;
	return OK;
}
