/* Rows of rules for refs, counted in the repository's row. */
#ifndef META_RULE_H
#define META_RULE_H

#include "model/repo.h"
#include "model/rule.h"
#include "port/db.h"

/* In the order of their ids, in c->arena. Nothing is asked where repo->rules is 0. */
enum err meta_rule_list(struct ctx *c, struct db_tx *tx, const struct repo *repo, struct rules *out)
	MUST;

/* Gives rule->id. */
enum err meta_rule_add(struct ctx *c, struct db_tx *tx, int64_t repo_id, struct rule *rule) MUST;
/* ERR_NOT_FOUND: there is none of that id. */
enum err meta_rule_set(struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct rule *rule)
	MUST;
enum err meta_rule_delete(struct ctx *c, struct db_tx *tx, int64_t repo_id, int64_t id) MUST;

#endif
