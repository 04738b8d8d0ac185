/* What every verb writes beside its change, in the same transaction: an event and an audit row. */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include "base/json.h"
#include "core/core.h"
#include "model/event.h"

struct record {
	const struct actor *who; /* NULL: the instance itself */
	enum event_type type;
	const struct repo *repo; /* NULL: it concerns the instance */
	int64_t version;         /* the repository's, after it; 0: repo->version */
	struct str subject;      /* whom or what it concerns; empty: the repository's name */
	struct str data;         /* a JSON object for the event; empty: {} */
};

/* An event and an audit row. */
enum err record_add(struct ctx *c, struct db_tx *tx, const struct record *what) MUST;
/* An event alone: for details of what has its audit row already. */
enum err record_event(struct ctx *c, struct db_tx *tx, const struct record *what) MUST;

/* A time as a member of data: "2026-11-23T15:34:32Z", or null for 0. */
void record_time(struct json_writer *w, const char *key, int64_t seconds);

#endif
