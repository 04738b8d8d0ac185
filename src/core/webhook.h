/*
 * Verbs on a repository's webhooks (model/webhook.h). They need ADMIN on it (repository.change); who lacks that gets
 * what core/permit.h says. event/deliver.h posts to them, in whichever process has the role worker.
 *
 * A webhook is posted what happens from its making on, in order. While it is switched off it misses what happens. That
 * of a deleted repository stands still, and goes on from there when the repository comes back.
 */
#ifndef CORE_WEBHOOK_H
#define CORE_WEBHOOK_H

#include "core/expected.h"
#include "model/webhook.h"

enum { WEBHOOK_PAGE_MAX = 100 };

/* In the audit log: somebody had an event delivered again. */
#define AUDIT_WEBHOOK_REDELIVERED "webhook.redelivered"

/* In the order in which they were made, in c->arena. */
enum err webhook_list(struct ctx *c, struct core *core, const struct actor *who, struct str repo,
	struct webhooks *out) MUST;
/* ERR_NOT_FOUND. */
enum err webhook_get(struct ctx *c, struct core *core, const struct actor *who, struct str repo,
	int64_t id, struct webhook *out) MUST;

/* What somebody sets of one. */
struct webhook_wish {
	const struct str *url; /* NULL: as it is, which a new one may not say */
	const struct str
		*events; /* as webhook_events_parse gives them; NULL: as it is; of a new one: all */
	const bool *active; /* NULL: as it is; a new one: true */
	bool new_secret;    /* of a new one always */
};

/* One that was made or changed. */
struct webhook_made {
	struct webhook webhook;
	struct str
		secret; /* its text, "whsec_…", shown this once and never again; in c->arena. Empty: as it was */
};

/*
 * A new one, which begins behind the last event that there is. ERR_INVALID for a URL that webhook_url_check refuses or
 * that is missing, and for more than WEBHOOKS_MAX.
 */
enum err webhook_add(struct ctx *c, struct core *core, const struct actor *who, struct str repo,
	const struct webhook_wish *wish, struct webhook_made *out) MUST;

struct webhook_change {
	int64_t id;
	struct webhook_wish wish;
	struct expected
		*expected; /* ERR_CONFLICT unless it still is what was seen; NULL: whatever it is */
};
/*
 * Changes one. What failed so far is forgotten, and what waits is tried at once. One that is switched on begins behind
 * the last event that there is. ERR_NOT_FOUND, ERR_INVALID.
 */
enum err webhook_change(struct ctx *c, struct core *core, const struct actor *who, struct str repo,
	const struct webhook_change *change, struct webhook_made *out) MUST;

/* With all that is known of its deliveries. ERR_NOT_FOUND; ERR_CONFLICT as above. */
enum err webhook_delete(struct ctx *c, struct core *core, const struct actor *who, struct str repo,
	int64_t id, struct expected *expected) MUST;

struct webhook_query {
	int64_t id;
	int64_t before; /* events of a lower sequence than this; 0: the newest */
	size_t limit;   /* 1..WEBHOOK_PAGE_MAX; 0: WEBHOOK_PAGE_MAX */
};
/* What became of events, the newest event first: of the last 200, within 30 days. ERR_NOT_FOUND: no such webhook. */
enum err webhook_deliveries(struct ctx *c, struct core *core, const struct actor *who,
	struct str repo, const struct webhook_query *query, struct webhook_deliveries *out) MUST;

/*
 * Has an event of which there is a delivery, by its sequence, posted again soon, before what is newer; whatever failed so
 * far is forgotten. ERR_NOT_FOUND: there is no such webhook or delivery. ERR_INVALID: the webhook is switched off.
 */
enum err webhook_redeliver(struct ctx *c, struct core *core, const struct actor *who,
	struct str repo, int64_t id, int64_t sequence) MUST;

/*
 * An event "webhook.ping", which is posted to this webhook alone, whatever types it is for, and behind what it has not
 * got yet: see the deliveries for what came of it. ERR_NOT_FOUND; ERR_INVALID: the webhook is switched off.
 */
enum err webhook_ping(struct ctx *c, struct core *core, const struct actor *who, struct str repo,
	int64_t id) MUST;

/* For event/deliver.h, without asking who: the secret, in c->arena (errors as of seal_open), and that a webhook was
 * switched off because its receiver says that it is gone. `core` is a struct core. */
enum err webhook_key(struct ctx *c, void *core, const struct webhook *hook, struct webhook_key *out)
	MUST;
enum err webhook_gone(struct ctx *c, void *core, struct db_tx *tx, const struct webhook *hook) MUST;

#endif
