/*
 * Verbs on a repository's rules for its branches and tags (model/rule.h). They need ADMIN on it
 * (repository.change). Pushes keep to them from the commit on that made them.
 */
#ifndef CORE_RULE_H
#define CORE_RULE_H

#include "core/expected.h"
#include "model/rule.h"

/* In the order in which they were made, in c->arena. */
enum err rule_list(struct ctx *c, struct core *core, const struct actor *who, struct str repo,
	struct rules *out) MUST;
/* A new one where rule->id is 0, which it then has; else instead of that one (ERR_NOT_FOUND).
 * ERR_INVALID; also for more than RULES_MAX. */
enum err rule_put(struct ctx *c, struct core *core, const struct actor *who, struct str repo,
	struct rule *rule) MUST;
/* ERR_NOT_FOUND. */
enum err rule_delete(struct ctx *c, struct core *core, const struct actor *who, struct str repo,
	int64_t id) MUST;

/* The same two, only if it still is what was seen. ERR_CONFLICT. */
enum err rule_put_seen(struct ctx *c, struct core *core, const struct actor *who, struct str repo,
	struct rule *rule, struct expected *expected) MUST;
enum err rule_delete_seen(struct ctx *c, struct core *core, const struct actor *who,
	struct str repo, int64_t id, struct expected *expected) MUST;

#endif
