/* Port: what somebody may do with a repository. */
#ifndef PORT_POLICY_H
#define PORT_POLICY_H

#include "model/actor.h"
#include "model/repo.h"
#include "port/db.h"

struct policy {
	const struct policy_ops *ops;
};

struct policy_ops {
	/* The most that `who` may do with `repo`; PERMISSION_NONE: for them it does not exist. */
	enum err (*level)(struct ctx *c, struct policy *self, struct db_tx *tx,
		const struct actor *who, const struct repo *repo, enum permission *out);
	void (*close)(struct policy *self);
};

static inline MUST enum err policy_level(struct ctx *c, struct policy *p, struct db_tx *tx,
	const struct actor *who, const struct repo *repo, enum permission *out)
{
	return p->ops->level(c, p, tx, who, repo, out);
}

static inline void policy_close(struct policy *p)
{
	if (p)
		p->ops->close(p);
}

#endif
