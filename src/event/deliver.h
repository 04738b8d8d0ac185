/*
 * Delivery of events to webhooks: at least once, in the order of a repository, each webhook by one process at a time.
 *
 * What may be relied on hangs on one lease for each webhook, "deliver/ID", by the database's clock. Who has it reads what
 * is behind the webhook's cursor and posts it, outside of any transaction; then, in one, looks whether the lease is
 * still its own, and only if so writes down what came of it and moves the cursor. The lease is longer than a post may
 * take, and renewed after each. Who dies holding it is followed by another when its time is over, who posts again what
 * was under way; that is the one way in which an event comes twice.
 *
 * What fails is tried again after 10 s, then twice as long, up to an hour, give or take; nothing else of that webhook is
 * tried before. After DELIVER_ATTEMPTS, about ten hours, the event is dead, and the next has its turn.
 *
 * Nothing here is shared but the database: any number of threads, each with its own struct deliver.
 */
#ifndef EVENT_DELIVER_H
#define EVENT_DELIVER_H

#include "model/webhook.h"
#include "port/db.h"
#include "port/hook.h"

enum {
	DELIVER_ATTEMPTS = 18,
	DELIVER_FIRST_SECONDS = 10,     /* after the first failure … */
	DELIVER_LONGEST_SECONDS = 3600, /* … and at most; whatever Retry-After says */
	DELIVER_LEASE_SECONDS = 30,
	DELIVER_TURN = 20, /* events of one webhook, before it is the next one's turn */
	DELIVER_KEPT = 200,
	DELIVER_KEPT_DAYS = 30,
	DELIVER_DATA_MAX = 256 << 10, /* an event's data that is longer is left out */
};

/* Who delivers. `failing`: to webhooks whose last attempt failed; else to the others, which so never wait for those. */
struct deliver {
	struct db *db;
	struct hook *hook;
	struct str holder; /* of leases: random, of this one alone */
	bool failing;
	void *arg; /* of what follows */
	/* The secret, in c->arena. What it fails with is what the attempt fails with. */
	enum err (*key)(
		struct ctx *c, void *arg, const struct webhook *hook, struct webhook_key *out);
	/* In the transaction in which a webhook is switched off, because its receiver said that it is gone. */
	enum err (*gone)(struct ctx *c, void *arg, struct db_tx *tx, const struct webhook *hook);
	/* Told what came of each attempt, once that is written down. */
	void (*told)(
		void *arg, const struct webhook *hook, const struct webhook_delivery *delivery);
};

struct deliver_round {
	/* In: webhooks of repositories in which something happened since then (microseconds, by the database), and those
	 * whose time has come; 0: all. Out: what to say the next time. */
	int64_t since;
	bool any;  /* there are webhooks at all */
	bool more; /* some had more to do than is done in a turn */
};

/* Gives each webhook that has something to do its turn. ERR_CANCELED: between two events, or in a post, of which nobody
 * will know. Any other error is the database's; what was done before it is done. */
enum err deliver_round(struct ctx *c, const struct deliver *d, struct deliver_round *round) MUST;

/* How long to wait after so many failures in a row, in microseconds, with up to a quarter more at random. */
int64_t deliver_pause(struct ctx *c, int64_t failures);

#endif
