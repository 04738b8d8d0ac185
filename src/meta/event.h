/* The outbox: events, and the audit log for people. */
#ifndef META_EVENT_H
#define META_EVENT_H

#include "model/actor.h"
#include "model/event.h"
#include "port/db.h"

/* Stores it with the next sequence of its repository and the time of now. */
enum err meta_event_add(struct ctx *c, struct db_tx *tx, const struct event *event) MUST;

/* Events of a repository (0: of the instance) after `sequence`, in order, at most `*count`. */
enum err meta_event_since(struct ctx *c, struct db_tx *tx, int64_t repo_id, int64_t sequence,
	struct event **out, size_t *count) MUST;

/* Who did what: for people who ask later. */
struct audit {
	int64_t time; /* microseconds since 1970; meta_audit_add sets it */
	int64_t user_id;
	struct str username;
	struct str action;  /* "repository.created" */
	struct str subject; /* what it was done to: a repository's or a person's name */
	struct str detail;  /* JSON or empty */
	struct str request; /* the request's id */
};

enum err meta_audit_add(struct ctx *c, struct db_tx *tx, const struct audit *entry) MUST;

/* The newest entries, newest first, at most *count. */
enum err meta_audit_list(struct ctx *c, struct db_tx *tx, struct audit **out, size_t *count) MUST;

#endif
