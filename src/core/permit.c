#include "core/permit.h"

#include "core/login_cache.h"
#include "meta/actor.h"
#include "meta/repo.h"

static enum err absent(struct ctx *c, const struct actor *who, struct str name)
{
	int shown = name.len < REPO_NAME_MAX ? (int)name.len : REPO_NAME_MAX;
	if (actor_is_anonymous(who))
		return fail(c, ERR_UNAUTH, "sign in to see whether there is a repository \"%.*s\"",
			shown, name.at);
	return fail(c, ERR_NOT_FOUND, "there is no repository \"%.*s\" here", shown, name.at);
}

static enum err ended(struct ctx *c, struct core *core, const struct actor *who)
{
	login_cache_drop(core->logins, who->user_id, who->token_id);
	if (who->token_id)
		return fail(c, ERR_UNAUTH, "the API token is wrong, revoked or expired");
	return fail(c, ERR_UNAUTH, "the password was changed, or \"%.*s\" removed: sign in again",
		STR_FMT(who->username));
}

enum err permit_actor(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who)
{
	bool stands;
	if (actor_is_anonymous(who))
		return OK;
	TRY(meta_actor_stands(c, tx, who, &stands));
	return stands ? OK : ended(c, core, who);
}

enum err permit_self(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who)
{
	if (actor_is_anonymous(who))
		return fail(c, ERR_UNAUTH, "sign in first");
	return permit_actor(c, core, tx, who);
}

enum err permit_read(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who,
	struct str name, struct permitted *out)
{
	struct meta_repo_found found;
	*out = (struct permitted){0};
	/* What cannot be a name is looked for too: a name that nothing has. */
	bool possible = !repo_name_check(c, name);
	TRY(meta_repo_find(c, tx, possible ? name : STR(""), who, &found));
	if (!possible)
		ctx_clear(c);
	if (!found.stands)
		return ended(c, core, who);
	/* Without one the policy is asked all the same: so that both take as long. */
	out->repo = found.repo;
	TRY(policy_level(c, core->policy, who, &found.repo, found.granted, &out->level));
	return found.there && out->level >= PERMISSION_READ ? OK : absent(c, who, name);
}

enum err permit_repo(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who,
	struct permit_need need, struct repo *out)
{
	struct permitted got;
	ASSERT(need.level > PERMISSION_NONE);
	TRY(permit_read(c, core, tx, who, need.name, &got));
	*out = got.repo;
	if (got.level >= need.level)
		return OK;
	if (actor_is_anonymous(who))
		return fail(
			c, ERR_UNAUTH, "sign in: you may only read \"%.*s\"", STR_FMT(out->name));
	return fail(c, ERR_DENIED, "you have %s permission on \"%.*s\", this needs %s",
		permission_name(got.level), STR_FMT(out->name), permission_name(need.level));
}

enum err permit_owner_early(struct ctx *c, const struct actor *who)
{
	if (actor_is_anonymous(who))
		return fail(c, ERR_UNAUTH, "sign in first: only the owner may do this");
	if (!who->owner)
		return fail(c, ERR_DENIED, "only the owner of this instance may do this");
	if (who->limit < PERMISSION_ADMIN)
		return fail(
			c, ERR_DENIED, "this token allows %s only", permission_name(who->limit));
	return OK;
}

enum err permit_owner(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who)
{
	TRY(permit_owner_early(c, who));
	return permit_actor(c, core, tx, who);
}
