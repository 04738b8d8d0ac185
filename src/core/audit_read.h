/* Reading the audit log, and finding out whether it is whole. The owner's alone. */
#ifndef CORE_AUDIT_READ_H
#define CORE_AUDIT_READ_H

#include "base/json.h"
#include "core/audit.h"

enum { AUDIT_PAGE_MAX = 100 };

struct audit_query {
	struct str who, action; /* empty: all */
	struct str repo;        /* a repository's name, or whom or what else it was about */
	struct str outcome;     /* "done", "refused" */
	int64_t since, until;   /* seconds since 1970; 0: no bound */
	struct str after; /* a cursor: what is older than it, or (oldest first) newer; empty: all */
	size_t limit;     /* 1..AUDIT_PAGE_MAX; 0: AUDIT_PAGE_MAX */
};

struct audit_list {
	struct audit *at; /* newest first; in c->arena */
	size_t count;
	bool more; /* ask again after the last one */
};

/* ERR_INVALID for a cursor that is none, and an outcome. */
enum err audit_list(struct ctx *c, struct core *core, const struct actor *who,
	const struct audit_query *query, struct audit_list *out) MUST;

/* "1795448072000000.3.17" */
struct str audit_cursor(struct ctx *c, const struct audit *entry);

/*
 * As a JSON object, with all that its hash is over: meta/audit.h. "detail" is the text as it is hashed,
 * which is JSON itself.
 */
void audit_write(struct ctx *c, struct json_writer *w, const struct audit *entry);

typedef enum err audit_visit(struct ctx *c, void *arg, const struct audit *entry);

struct audit_export {
	struct str after;   /* a cursor */
	struct str chain;   /* a repository's name or id, or "instance"; empty: all */
	audit_visit *visit; /* what `entry` points at is gone after it */
	void *arg;
};

/* Oldest first. ERR_NOT_FOUND for a chain. */
enum err audit_export(struct ctx *c, struct core *core, const struct actor *who,
	const struct audit_export *what) MUST;

struct audit_verify {
	int64_t since; /* seconds since 1970; 0: from the beginning */
	void (*problem)(
		void *arg, const char *text); /* each that there is; `text` is gone after it */
	void (*progress)(void *arg, int64_t entries);
	void *arg;
	/* What it found. */
	int64_t chains, entries, pushes, anchors, unchained, problems;
	struct audit_head head; /* of the instance's chain; in c->arena */
};

/* OK also where there are problems. */
enum err audit_verify(
	struct ctx *c, struct core *core, const struct actor *who, struct audit_verify *v) MUST;

#endif
