/*
 * Rows of permissions on all repositories whose names fit a pattern. They count in meta_repo_find and
 * meta_repo_list.
 */
#ifndef META_GRANT_H
#define META_GRANT_H

#include "model/user.h"
#include "port/db.h"

/* Instead of what is there of the same person, source and pattern; gives grant->id. ERR_INVALID: see
 * pattern_repo_like. */
enum err meta_grant_put(struct ctx *c, struct db_tx *tx, struct grant *grant) MUST;
/* ERR_NOT_FOUND. *out: what it was. */
enum err meta_grant_delete(struct ctx *c, struct db_tx *tx, int64_t id, struct grant *out) MUST;
/* All, by username and pattern; in c->arena. */
enum err meta_grant_list(struct ctx *c, struct db_tx *tx, struct grant **out, size_t *count) MUST;
/* One person's of one source, by pattern. */
enum err meta_grant_list_of(struct ctx *c, struct db_tx *tx, int64_t user_id, struct str source,
	struct grant **out, size_t *count) MUST;

#endif
