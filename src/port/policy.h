/*
 * Port: may somebody do this?
 *
 * A driver judges one operation by what it is told: who, what, and what they were granted. It never
 * widens what a key is limited to: core/permit.h sees to that. Safe for any number of threads.
 */
#ifndef PORT_POLICY_H
#define PORT_POLICY_H

#include "base/ctx.h"
#include "model/actor.h"
#include "model/operation.h"
#include "model/repo.h"

struct policy {
	const struct policy_ops *ops;
};

struct policy_question {
	const struct actor *who;
	enum operation operation;
	const struct repo *repo; /* NULL: it is about none; id 0: there is none of that name */
	enum permission granted; /* on the repository, by whoever may grant it */
	struct str ref;          /* its full name, where the operation is on a ref; or empty */
};

struct policy_answer {
	bool allowed;
	enum permission level; /* what they have of the repository, for what they are shown */
	struct str decision;   /* by which the policy's own log knows it; empty: it keeps none */
};

struct policy_ops {
	/* Who is not allowed REPOSITORY_READ is not to know that it exists: it takes as long where
	 * there is none. An error means that nobody could be asked: then nobody is allowed. */
	enum err (*decide)(struct ctx *c, struct policy *self,
		const struct policy_question *question, struct policy_answer *out);
	void (*close)(struct policy *self);
};

static inline MUST enum err policy_decide(struct ctx *c, struct policy *p,
	const struct policy_question *question, struct policy_answer *out)
{
	return p->ops->decide(c, p, question, out);
}

static inline void policy_close(struct policy *p)
{
	if (p)
		p->ops->close(p);
}

#endif
