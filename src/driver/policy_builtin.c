/* The built-in policy: the owner may do everything, others what their permission row says. */
#include "driver/driver.h"

#include "meta/user.h"

static enum err builtin_level(struct ctx *c, struct policy *self, struct db_tx *tx,
	const struct actor *who, const struct repo *repo, enum permission *out)
{
	(void)self;
	enum permission level = PERMISSION_NONE;
	if (who->owner)
		level = PERMISSION_ADMIN;
	else if (!actor_is_anonymous(who))
		TRY(meta_permission_get(c, tx, repo->id, who->user_id, &level));
	if (level == PERMISSION_NONE && repo->visibility == VISIBILITY_PUBLIC)
		level = PERMISSION_READ;
	*out = level < who->limit ? level : who->limit;
	return OK;
}

static void builtin_close(struct policy *self)
{
	(void)self;
}

static const struct policy_ops builtin_ops = {.level = builtin_level, .close = builtin_close};

struct policy *policy_builtin_open(void)
{
	static struct policy builtin = {&builtin_ops};
	return &builtin;
}
