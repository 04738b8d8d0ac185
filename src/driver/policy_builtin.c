/*
 * The built-in policy: the owner may do everything, others what they were granted, and nobody more
 * than their key's permission.
 */
#include "driver/driver.h"
#include "driver/policy_level.h"

static struct policy_answer decide(const struct policy_question *q)
{
	enum permission needed = operation_level(q->operation);
	struct policy_answer answer = {.level = policy_level(q)};
	if (q->operation == OPERATION_ACCOUNT_CHANGE)
		answer.allowed = !actor_is_anonymous(q->who) && q->who->limit >= needed;
	else if (q->operation == OPERATION_INSTANCE_ADMIN)
		answer.allowed = q->who->owner && q->who->limit >= needed;
	else
		answer.allowed = answer.level >= needed;
	return answer;
}

static enum err builtin_decide(struct ctx *c, struct policy *self,
	const struct policy_question *questions, size_t count, struct policy_answer *answers)
{
	(void)c;
	(void)self;
	for (size_t i = 0; i < count; i++)
		answers[i] = decide(&questions[i]);
	return OK;
}

static void builtin_close(struct policy *self)
{
	(void)self;
}

static const struct policy_ops builtin_ops = {.decide = builtin_decide, .close = builtin_close};

struct policy *policy_builtin_open(void)
{
	static struct policy builtin = {.ops = &builtin_ops};
	return &builtin;
}
