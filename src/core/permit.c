#include "core/permit.h"

#include "meta/repo.h"

static enum err absent(struct ctx *c, const struct actor *who, struct str name)
{
	int shown = name.len < REPO_NAME_MAX ? (int)name.len : REPO_NAME_MAX;
	if (actor_is_anonymous(who))
		return fail(c, ERR_UNAUTH, "sign in to see whether there is a repository \"%.*s\"",
			shown, name.at);
	return fail(c, ERR_NOT_FOUND, "there is no repository \"%.*s\" here", shown, name.at);
}

enum err permit_repo(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who,
	struct permit_need need, struct repo *out)
{
	ASSERT(need.level > PERMISSION_NONE);
	if (repo_name_check(c, need.name))
		return absent(c, who, need.name);
	/* Without one the policy is asked all the same: so that both take as long. */
	*out = (struct repo){0};
	enum err kind = meta_repo_get_by_name(c, tx, need.name, out);
	if (kind && kind != ERR_NOT_FOUND)
		return kind;
	enum permission level = PERMISSION_NONE;
	TRY(policy_level(c, core->policy, tx, who, out, &level));
	if (kind == ERR_NOT_FOUND || level < PERMISSION_READ)
		return absent(c, who, need.name);
	if (level >= need.level)
		return OK;
	if (actor_is_anonymous(who))
		return fail(
			c, ERR_UNAUTH, "sign in: you may only read \"%.*s\"", STR_FMT(out->name));
	return fail(c, ERR_DENIED, "you have %s permission on \"%.*s\", this needs %s",
		permission_name(level), STR_FMT(out->name), permission_name(need.level));
}

enum err permit_owner(struct ctx *c, const struct actor *who)
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
