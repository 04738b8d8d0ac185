/*
 * The built-in policy: the owner may do everything, others what they were granted, and nobody more
 * than their key's permission.
 */
#include "driver/driver.h"

static enum permission level_of(const struct policy_question *q)
{
	enum permission level = q->who->owner ? PERMISSION_ADMIN : q->granted;
	if (level == PERMISSION_NONE && q->repo && q->repo->visibility == VISIBILITY_PUBLIC)
		level = PERMISSION_READ;
	return level < q->who->limit ? level : q->who->limit;
}

static enum err builtin_decide(struct ctx *c, struct policy *self, const struct policy_question *q,
	struct policy_answer *out)
{
	(void)c;
	(void)self;
	enum permission needed = operation_level(q->operation);
	*out = (struct policy_answer){.level = level_of(q)};
	if (q->operation == OPERATION_ACCOUNT_CHANGE)
		out->allowed = !actor_is_anonymous(q->who) && q->who->limit >= needed;
	else if (q->operation == OPERATION_INSTANCE_ADMIN)
		out->allowed = q->who->owner && q->who->limit >= needed;
	else
		out->allowed = out->level >= needed;
	return OK;
}

static void builtin_close(struct policy *self)
{
	(void)self;
}

static const struct policy_ops builtin_ops = {.decide = builtin_decide, .close = builtin_close};

struct policy *policy_builtin_open(void)
{
	static struct policy builtin = {&builtin_ops};
	return &builtin;
}
