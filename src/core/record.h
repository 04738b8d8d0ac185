/*
 * What every verb writes beside its change, in the same transaction: an event, and an entry of the audit
 * log in the chain of the repository that it concerns, or of the instance.
 */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include "base/json.h"
#include "core/core.h"
#include "meta/audit.h"
#include "model/event.h"

struct record {
	const struct actor *who; /* NULL: the instance itself */
	enum event_type type;
	const struct repo *repo;       /* NULL: it concerns the instance */
	int64_t version;               /* the repository's, after it; 0: repo->version */
	struct str subject;            /* whom or what it concerns; empty: the repository's name */
	struct str data;               /* a JSON object for the event; empty: {} */
	struct str detail;             /* one for the audit log; empty: as data */
	const struct audit_head *head; /* of the chain, where it is known; NULL: it is asked for */
};

/* An event and an audit entry. */
enum err record_add(struct ctx *c, struct db_tx *tx, const struct record *what) MUST;
/* An event alone: for details of what has its audit entry already. */
enum err record_event(struct ctx *c, struct db_tx *tx, const struct record *what) MUST;

/* Somebody has ended what they were signed in by, which is no event: who listens is asked anew whether they may (core/watch.h). */
void record_sign_out(struct ctx *c);

/* A time as a member of data: "2026-11-23T15:34:32Z", or null for 0. */
void record_time(struct json_writer *w, const char *key, int64_t seconds);

/* An audit entry of somebody (NULL: of the instance itself), with who, via, peer and request not yet
 * filled in. */
enum err record_audit(struct ctx *c, struct db_tx *tx, const struct actor *who, struct audit *entry,
	const struct audit_head *head) MUST;

#endif
