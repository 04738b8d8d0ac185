/* The outbox. */
#ifndef META_EVENT_H
#define META_EVENT_H

#include "model/event.h"
#include "port/db.h"

/* Stores it with the next sequence of its repository and the time of now. */
enum err meta_event_add(struct ctx *c, struct db_tx *tx, const struct event *event) MUST;

/* Events of a repository (0: of the instance) after `sequence`, in order, at most `*count`. */
enum err meta_event_since(struct ctx *c, struct db_tx *tx, int64_t repo_id, int64_t sequence,
	struct event **out, size_t *count) MUST;

#endif
