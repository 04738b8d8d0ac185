#include "core/expected.h"

#include "base/buf.h"
#include "base/json.h"
#include "meta/user.h"

static enum err judge(struct ctx *c, struct expected *e, bool same)
{
	if (same)
		return OK;
	e->changed = true;
	return fail(c, ERR_CONFLICT, "it is not what you have seen any more: look again");
}

enum err expected_repo(struct ctx *c, struct expected *e, const struct repo *now)
{
	if (!e || !e->repo)
		return OK;
	const struct repo *was = e->repo;
	return judge(c, e,
		was->id == now->id && str_eq(was->name, now->name) &&
			str_eq(was->description, now->description) &&
			was->visibility == now->visibility && str_eq(was->head, now->head) &&
			was->pushed == now->pushed);
}

static struct str rule_text(struct ctx *c, const struct rule *rule)
{
	struct buf out = {.arena = c->arena};
	struct json_writer w = {.out = &out};
	json_begin_object(&w);
	json_member_str(&w, "pattern", rule->pattern);
	rule_to_json(&w, rule);
	json_end_object(&w);
	return buf_view(&out);
}

enum err expected_rule(struct ctx *c, struct expected *e, const struct rules *now)
{
	if (!e || !e->rule)
		return OK;
	for (size_t i = 0; i < now->count; i++)
		if (now->at[i].id == e->rule->id)
			return judge(
				c, e, str_eq(rule_text(c, e->rule), rule_text(c, &now->at[i])));
	return judge(c, e, false);
}

enum err expected_permission(
	struct ctx *c, struct expected *e, const struct permission_row *now, size_t count)
{
	if (!e || !e->permission)
		return OK;
	const struct permission_row *was = e->permission;
	for (size_t i = 0; i < count; i++)
		if (str_eq(now[i].username, was->username))
			return judge(
				c, e, now[i].level == was->level && now[i].expires == was->expires);
	return judge(c, e, false);
}

/* A generation ends with a password, or with a first second factor. */
enum err expected_user(struct ctx *c, struct expected *e, const struct user *now)
{
	if (!e || !e->user)
		return OK;
	const struct user *was = e->user;
	return judge(c, e,
		was->id == now->id && was->generation == now->generation &&
			was->has_password == now->has_password &&
			was->has_factor == now->has_factor && was->expires == now->expires);
}

enum err expected_token(struct ctx *c, struct expected *e, const struct token *now, size_t count)
{
	if (!e || !e->token)
		return OK;
	const struct token *was = e->token;
	for (size_t i = 0; i < count; i++)
		if (now[i].id == was->id)
			return judge(c, e, now[i].used == was->used && now[i].spent == was->spent);
	return judge(c, e, false);
}

enum err expected_grant(struct ctx *c, struct expected *e, const struct grant *now, size_t count)
{
	if (!e || !e->grant)
		return OK;
	const struct grant *was = e->grant;
	for (size_t i = 0; i < count; i++)
		if (now[i].id == was->id)
			return judge(
				c, e, now[i].level == was->level && now[i].expires == was->expires);
	return judge(c, e, false);
}
