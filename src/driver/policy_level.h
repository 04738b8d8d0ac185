/* What grants alone give, for drivers of port/policy.h. */
#ifndef DRIVER_POLICY_LEVEL_H
#define DRIVER_POLICY_LEVEL_H

#include "port/policy.h"

/* The owner has everything, others what they were granted, all may read what is public, and nobody has more than
 * their key's permission. */
static inline enum permission policy_level(const struct policy_question *q)
{
	enum permission level = q->who->owner ? PERMISSION_ADMIN : q->granted;
	if (level == PERMISSION_NONE && q->repo && q->repo->visibility == VISIBILITY_PUBLIC)
		level = PERMISSION_READ;
	return level < q->who->limit ? level : q->who->limit;
}

#endif
