/* A repository's settings: what it says of itself, who has access, rules for its refs, and its end. */
#include "core/collaborator.h"
#include "core/repo.h"
#include "core/rule.h"
#include "web/page.h"

enum err page_open_settings(struct ctx *c, struct web_request *r, struct browse *b)
{
	TRY(browse_open(c, r->core, &r->who, web_param(r, "name"), b));
	if (b->level < PERMISSION_ADMIN)
		return fail(c, actor_is_anonymous(&r->who) ? ERR_UNAUTH : ERR_DENIED,
			"only who may administer this repository may see its settings");
	return OK;
}

static enum err list_access(struct ctx *c, struct web_request *r, struct page_settings *p)
{
	struct permission_row *rows;
	struct user *users;
	size_t count;
	TRY(permission_list(c, r->core, &r->who, p->top.repo->name, &rows, &count));
	struct access *access = NEW_ARRAY(c->arena, struct access, count + 1);
	for (size_t i = 0; i < count; i++)
		access[i] = (struct access){rows[i].username, rows[i].level, rows[i].expires};
	p->access = access;
	p->access_count = count;
	if (!r->who.owner)
		return OK;
	TRY(collaborator_list(c, r->core, &r->who, &users, &count));
	struct user *people = NEW_ARRAY(c->arena, struct user, count + 1);
	for (size_t i = 0; i < count; i++) {
		bool has = users[i].owner;
		for (size_t k = 0; k < p->access_count; k++)
			has = has || str_eq(access[k].username, users[i].username);
		if (!has)
			people[p->people_count++] = users[i];
	}
	p->people = people;
	return OK;
}

/* The page; with an error of a form that was sent to it where `err` is one that they can mend. */
static enum err show(struct ctx *c, struct web_request *r, struct browse *b, enum err err)
{
	struct page_settings p = {0};
	if (err && !page_is_their_error(err))
		return err;
	page_repo_begin(c, r, b, NULL, &p.top);
	p.top.tab = TAB_SETTINGS;
	p.top.page.here = str_of(arena_fmt(c->arena, "/%.*s/settings", STR_FMT(b->repo.name)));
	int status = err ? page_take_error(c, &p.top.page, err) : 200;
	TRY(list_access(c, r, &p));
	struct rules rules;
	TRY(rule_list(c, r->core, &r->who, b->repo.name, &rules));
	p.rules = rules.at;
	p.rule_count = rules.count;
	struct buf html = {.arena = c->arena};
	view_settings(&html, &p);
	return web_html(c, r, status, buf_view(&html));
}

static enum err done(
	struct ctx *c, struct web_request *r, const struct repo *repo, const char *what)
{
	return web_redirect(
		c, r, arena_fmt(c->arena, "/%.*s/settings?done=%s", STR_FMT(repo->name), what));
}

enum err page_settings(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	TRY(page_open_settings(c, r, &b));
	return show(c, r, &b, OK);
}

enum err page_settings_post(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	TRY(page_open_settings(c, r, &b));
	struct str description = str_trim(web_field(r, "description"));
	struct str branch = str_trim(web_field(r, "default_branch"));
	struct str name = str_trim(web_field(r, "name"));
	enum visibility visibility = b.repo.visibility;
	struct repo_change change = {.description = &description, .visibility = &visibility};
	if (branch.len)
		change.default_branch = &branch;
	if (name.len)
		change.name = &name;
	struct repo changed;
	enum err err = OK;
	if (!visibility_parse(web_field(r, "visibility"), &visibility))
		err = fail(c, ERR_INVALID, "a repository is private or public");
	if (!err)
		err = repo_update(c, r->core, &r->who, b.repo.name, &change, &changed);
	if (!err)
		return done(c, r, &changed, "saved");
	b.repo.description = description;
	return show(c, r, &b, err);
}

enum err page_settings_access(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	TRY(page_open_settings(c, r, &b));
	struct permission_on on = {b.repo.name, str_trim(web_field(r, "username"))};
	struct str word = web_field(r, "permission");
	enum permission level;
	int64_t expires;
	enum err err = page_day(c, r, "expires", &expires);
	if (!err && str_is(word, "none"))
		err = permission_delete(c, r->core, &r->who, &on);
	else if (!err && permission_parse(word, &level))
		err = permission_put(c, r->core, &r->who, &on, level, expires);
	else if (!err)
		err = fail(c, ERR_INVALID, "a permission is read, write or admin");
	return err ? show(c, r, &b, err) : done(c, r, &b.repo, "access");
}

/* Empty where the field is. */
static enum err read_checks(struct ctx *c, const struct web_request *r, struct rule *rule)
{
	struct str text = web_field(r, "checks");
	rule->checks = NEW_ARRAY(c->arena, struct str, RULE_LIST_MAX);
	while (text.len) {
		struct str name = str_trim(str_cut(&text, ','));
		if (rule->check_count == RULE_LIST_MAX)
			return fail(
				c, ERR_INVALID, "a rule names at most %d checks", RULE_LIST_MAX);
		if (name.len)
			rule->checks[rule->check_count++] = name;
	}
	return OK;
}

static enum err read_id(struct ctx *c, const struct web_request *r, int64_t *out)
{
	struct str text = web_field(r, "id");
	uint64_t id = 0;
	if (text.len && (!str_to_u64(text, &id) || id > INT64_MAX))
		return fail(c, ERR_INVALID, "that is not the number of a rule");
	*out = (int64_t)id;
	return OK;
}

static enum err read_rule(struct ctx *c, const struct web_request *r, struct rule *out)
{
	struct str reviews = str_trim(web_field(r, "reviews"));
	uint64_t count = 0;
	*out = (struct rule){
		.pattern = str_trim(web_field(r, "pattern")),
		.description = str_trim(web_field(r, "description")),
	};
	TRY(read_id(c, r, &out->id));
	for (int act = 0; act < RULE_ACTS; act++) {
		const char *name = rule_act_name((enum rule_act)act);
		TRY(rule_who_parse(c, name, str_trim(web_field(r, name)), &out->may[act]));
	}
	if (reviews.len && (!str_to_u64(reviews, &count) || count > RULE_REVIEWS_MAX))
		return fail(c, ERR_INVALID, "reviews are a number from 0 to %d", RULE_REVIEWS_MAX);
	out->reviews = (int64_t)count;
	return read_checks(c, r, out);
}

enum err page_settings_rule(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct rule rule;
	TRY(page_open_settings(c, r, &b));
	enum err err = read_rule(c, r, &rule);
	if (!err)
		err = rule_put(c, r->core, &r->who, b.repo.name, &rule);
	return err ? show(c, r, &b, err) : done(c, r, &b.repo, "rules");
}

enum err page_settings_rule_remove(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	int64_t id;
	TRY(page_open_settings(c, r, &b));
	enum err err = read_id(c, r, &id);
	if (!err)
		err = rule_delete(c, r->core, &r->who, b.repo.name, id);
	return err ? show(c, r, &b, err) : done(c, r, &b.repo, "rules");
}

enum err page_settings_delete(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	TRY(page_open_settings(c, r, &b));
	enum err err = OK;
	if (!str_eq(str_trim(web_field(r, "confirm")), b.repo.name))
		err = fail(c, ERR_INVALID, "that is not the repository's name: nothing is deleted");
	if (!err)
		err = repo_delete(c, r->core, &r->who, b.repo.name, NULL);
	return err ? show(c, r, &b, err) : web_redirect(c, r, "/?done=deleted");
}
