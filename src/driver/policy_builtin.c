/* The built-in policy: the owner may do everything, others what they were granted. */
#include "driver/driver.h"

static enum err builtin_level(struct ctx *c, struct policy *self, const struct actor *who,
	const struct repo *repo, enum permission granted, enum permission *out)
{
	(void)c;
	(void)self;
	enum permission level = who->owner ? PERMISSION_ADMIN : granted;
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
