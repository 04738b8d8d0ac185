/*
 * Port: may somebody do this?
 *
 * A driver judges one operation by what it is told: who, what, and what they were granted. It may allow more
 * than was granted, and less. It never widens what a key is limited to: core/permit.h sees to that. Safe
 * for any number of threads.
 */
#ifndef PORT_POLICY_H
#define PORT_POLICY_H

#include "base/ctx.h"
#include "model/actor.h"
#include "model/operation.h"
#include "model/repo.h"

struct policy {
	const struct policy_ops *ops;
	/* It waits for another machine: so it is not to be asked while a transaction is open. */
	bool far;
};

struct policy_question {
	const struct actor *who;
	enum operation operation;
	/* NULL: it is about none; id 0: there is none of the name that they asked for. */
	const struct repo *repo;
	enum permission granted;         /* on the repository, by whoever may grant it */
	const struct ref_change *change; /* where the operation is on a ref; or NULL */
};

struct policy_answer {
	bool allowed;
	enum permission level; /* what they have of the repository, for what they are shown */
	struct str decision;   /* by which the policy's own log knows it; empty: it keeps none */
};

struct policy_ops {
	/*
	 * An answer for each of `count` questions, which are all of one person. Who is not allowed
	 * REPOSITORY_READ is not to know that it exists: it takes as long where there is none.
	 * ERR_UNAVAILABLE: nobody could be asked, and nobody is allowed. Text is in c->arena.
	 */
	enum err (*decide)(struct ctx *c, struct policy *self,
		const struct policy_question *questions, size_t count,
		struct policy_answer *answers);
	void (*close)(struct policy *self);
};

static inline MUST enum err policy_decide(struct ctx *c, struct policy *p,
	const struct policy_question *questions, size_t count, struct policy_answer *answers)
{
	return p->ops->decide(c, p, questions, count, answers);
}

static inline void policy_close(struct policy *p)
{
	if (p)
		p->ops->close(p);
}

#endif
