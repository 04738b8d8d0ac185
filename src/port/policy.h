/* Port: what somebody may do with a repository. */
#ifndef PORT_POLICY_H
#define PORT_POLICY_H

#include "base/ctx.h"
#include "model/actor.h"
#include "model/repo.h"

struct policy {
	const struct policy_ops *ops;
};

struct policy_ops {
	/* The most that `who` may do with `repo`, where somebody granted them `granted`;
	 * PERMISSION_NONE: for them it does not exist. */
	enum err (*level)(struct ctx *c, struct policy *self, const struct actor *who,
		const struct repo *repo, enum permission granted, enum permission *out);
	void (*close)(struct policy *self);
};

static inline MUST enum err policy_level(struct ctx *c, struct policy *p, const struct actor *who,
	const struct repo *repo, enum permission granted, enum permission *out)
{
	return p->ops->level(c, p, who, repo, granted, out);
}

static inline void policy_close(struct policy *p)
{
	if (p)
		p->ops->close(p);
}

#endif
