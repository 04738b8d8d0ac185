/* An invitation: a link by which somebody makes themselves an account. Values; the text belongs to
 * whoever made them. */
#ifndef MODEL_INVITATION_H
#define MODEL_INVITATION_H

#include "model/actor.h"

enum { INVITATION_GRANTS_MAX = 100 };

/* What it gives on a repository. */
struct invitation_grant {
	int64_t repo_id;
	struct str repo; /* its name; empty: it was deleted meanwhile */
	enum permission level;
};

struct invitation {
	int64_t id;
	struct str username;      /* empty: they choose it */
	int64_t created, expires; /* seconds since 1970 */
	struct invitation_grant *grants;
	size_t grant_count;
};

#endif
