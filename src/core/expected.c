#include "core/expected.h"

#include "base/buf.h"
#include "base/json.h"
#include "core/session.h"
#include "meta/user.h"
#include "model/device.h"
#include "model/identity.h"
#include "model/invitation.h"

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
			was->pushed == now->pushed && was->deleted == now->deleted);
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

enum err expected_webhook(struct ctx *c, struct expected *e, const struct webhook *now)
{
	if (!e || !e->webhook)
		return OK;
	const struct webhook *was = e->webhook;
	return judge(c, e,
		was->id == now->id && str_eq(was->url, now->url) &&
			str_eq(was->events, now->events) && was->active == now->active &&
			str_eq(was->sealed, now->sealed));
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

enum err expected_session(struct ctx *c, struct expected *e, const struct session_row *now)
{
	if (!e || !e->session)
		return OK;
	const struct session_row *was = e->session;
	return judge(c, e,
		now && str_eq(now->id, was->id) && now->started == was->started &&
			now->seen == was->seen && str_eq(now->from.address, was->from.address) &&
			str_eq(now->from.browser, was->from.browser));
}

enum err expected_device(struct ctx *c, struct expected *e, const struct device *now, size_t count)
{
	if (!e || !e->device)
		return OK;
	const struct device *was = e->device;
	for (size_t i = 0; i < count; i++)
		if (now[i].id == was->id)
			return judge(c, e,
				now[i].used == was->used && now[i].expires == was->expires &&
					str_eq(now[i].address, was->address));
	return judge(c, e, false);
}

enum err expected_identity(
	struct ctx *c, struct expected *e, const struct identity *now, size_t count)
{
	if (!e || !e->identity)
		return OK;
	const struct identity *was = e->identity;
	for (size_t i = 0; i < count; i++)
		if (now[i].id == was->id)
			return judge(c, e,
				now[i].used == was->used && str_eq(now[i].name, was->name) &&
					str_eq(now[i].email, was->email));
	return judge(c, e, false);
}

/* What it promises is told by the repositories' names, and those may change. */
static bool promises_the_same(const struct invitation *a, const struct invitation *b)
{
	bool same = a->grant_count == b->grant_count;
	for (size_t i = 0; same && i < a->grant_count; i++)
		same = str_eq(a->grants[i].repo, b->grants[i].repo) &&
		       a->grants[i].level == b->grants[i].level;
	return same;
}

enum err expected_invitation(
	struct ctx *c, struct expected *e, const struct invitation *now, size_t count)
{
	if (!e || !e->invitation)
		return OK;
	for (size_t i = 0; i < count; i++)
		if (now[i].id == e->invitation->id)
			return judge(c, e, promises_the_same(e->invitation, &now[i]));
	return judge(c, e, false);
}

enum err expected_signing_key(
	struct ctx *c, struct expected *e, const struct signing_key *now, size_t count)
{
	if (!e || !e->signing_key)
		return OK;
	for (size_t i = 0; i < count; i++)
		if (now[i].id == e->signing_key->id)
			return judge(c, e, now[i].used == e->signing_key->used);
	return judge(c, e, false);
}
