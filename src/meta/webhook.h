/* Rows of webhooks, and of events on their way to them. */
#ifndef META_WEBHOOK_H
#define META_WEBHOOK_H

#include "model/instance.h"
#include "model/webhook.h"
#include "port/db.h"

/* Of a repository, in the order of their ids; all that there are. */
enum err meta_webhook_list(struct ctx *c, struct db_tx *tx, int64_t repo_id, struct webhooks *out)
	MUST;
/*
 * Of all repositories but the deleted, with their names: first those whose last attempt failed, then those that work,
 * then those that are switched off; each in the order of their ids. `after`: the last one's place; {0}: the first.
 */
struct meta_webhook_place {
	int64_t rank, id;
};
enum err meta_webhook_all(struct ctx *c, struct db_tx *tx, const struct meta_webhook_place *after,
	size_t limit, struct instance_webhook **out, size_t *count) MUST;
/* ERR_NOT_FOUND: the repository has none of that id. */
enum err meta_webhook_get(
	struct ctx *c, struct db_tx *tx, int64_t repo_id, int64_t id, struct webhook *out) MUST;

/* The next id, for whatever must know it before the row is there. */
enum err meta_webhook_next_id(struct ctx *c, struct db_tx *tx, int64_t *id) MUST;
enum err meta_webhook_add(struct ctx *c, struct db_tx *tx, const struct webhook *hook) MUST;
/* All but created. */
enum err meta_webhook_set(struct ctx *c, struct db_tx *tx, const struct webhook *hook) MUST;
enum err meta_webhook_delete(struct ctx *c, struct db_tx *tx, int64_t repo_id, int64_t id) MUST;

/* A look for webhooks that have something to do now, in the order of their ids. */
struct meta_webhook_look {
	struct str holder; /* of leases "deliver/ID" */
	bool failing;      /* those whose last attempt failed; else the others */
	/* Those of repositories in which something happened since then (microseconds), and those whose time has
	 * come; 0: all. */
	int64_t since;
	int64_t after; /* ids */
	size_t limit;
};
struct meta_webhook_due {
	int64_t id, repo_id;
	bool busy; /* somebody else has its lease */
};
/* Needs the time of the transaction: db_ask_time. */
enum err meta_webhook_due(struct ctx *c, struct db_tx *tx, const struct meta_webhook_look *look,
	struct meta_webhook_due **out, size_t *count) MUST;
/* Is there any webhook at all? */
enum err meta_webhook_any(struct ctx *c, struct db_tx *tx, bool *any) MUST;

/* The newest events first: at most `limit` before a sequence. */
enum err meta_webhook_deliveries(struct ctx *c, struct db_tx *tx, int64_t id, int64_t before,
	size_t limit, struct webhook_deliveries *out) MUST;
/* Those that wait, the oldest event first. */
enum err meta_webhook_waiting(struct ctx *c, struct db_tx *tx, int64_t id, size_t limit,
	struct webhook_deliveries *out) MUST;
/* ERR_NOT_FOUND. */
enum err meta_webhook_delivery(struct ctx *c, struct db_tx *tx, int64_t id, int64_t sequence,
	struct webhook_delivery *out) MUST;
/* In place of what there was of that event. */
enum err meta_webhook_delivery_put(
	struct ctx *c, struct db_tx *tx, const struct webhook_delivery *delivery) MUST;
/* Drops what does not wait, of all but the last `keep` events, and what was last tried before `time` (microseconds). */
enum err meta_webhook_delivery_trim(
	struct ctx *c, struct db_tx *tx, int64_t id, int64_t keep, int64_t time) MUST;

#endif
