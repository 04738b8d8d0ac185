/*
 * The audit log's other half: what was refused, who signed in, and the care for its chains.
 *
 * What a verb changes it tells itself, in its transaction (core/record.h). What is refused changes
 * nothing, so it has no transaction, and must not cost one: it is kept in memory and written a moment
 * later by a thread of main/. Equal refusals within a minute are two entries at most, the first and one
 * that counts the others; and beyond AUDIT_REFUSED_MAX kinds of them at a time they are only counted. A
 * process that is killed loses those that were not written yet, and nothing else.
 *
 * Any thread, but for audit_flush: one at a time.
 */
#ifndef CORE_AUDIT_H
#define CORE_AUDIT_H

#include "core/core.h"
#include "meta/audit.h"

/* Actions that are neither events nor operations. */
#define AUDIT_SIGN_IN "sign-in"
#define AUDIT_SIGN_OUT "sign-out"
#define AUDIT_REQUEST "request"         /* of what no operation is known; the subject is its path */
#define AUDIT_OVERFLOW "audit.overflow" /* refusals that were only counted */
#define AUDIT_ANCHORED "audit.anchored" /* the heads of chains, kept in another one */
#define AUDIT_CUT "audit.cut"           /* the oldest entries of a chain went */

enum { AUDIT_REFUSED_MAX = 256 };

struct audit_log;
struct audit_log *audit_log_open(void);
void audit_log_close(struct audit_log *log);

struct audit_refusal {
	const struct actor *who; /* NULL: nobody was proven; then these three: */
	struct str name;         /* that was tried */
	struct str via, peer;
	struct str action, subject, decision;
	struct str why; /* for people */
};

/* Notes it. Leaves c->error as it is. */
void audit_refuse(struct ctx *c, struct core *core, const struct audit_refusal *what);
/* The same of the context's error, where it is a refusal: ERR_DENIED; ERR_UNAUTH of somebody whose
 * credentials were good a while ago; or ERR_UNAVAILABLE, where it is the policy that could not be asked. `path`: what was asked for. */
void audit_error(struct ctx *c, struct core *core, const struct actor *who, struct str method,
	struct str path);

/* Somebody signed in or out: durable when it returns OK. */
enum err audit_note(struct ctx *c, struct core *core, const struct actor *who, const char *action)
	MUST;

/* Writes what was noted and is due; `all`: whatever there is. After an error it is due again. */
enum err audit_flush(struct ctx *c, struct core *core, bool all) MUST;

/*
 * Writes the heads of the chains that grew since the last time into the instance's chain, unless somebody
 * did within `seconds`: so that a chain whose end was cut off shows. *anchored: how many heads; *head:
 * the instance's own after it, in hexadecimal, for the log outside; NULL: nothing grew, or not yet.
 */
enum err audit_anchor(struct ctx *c, struct core *core, int64_t seconds, size_t *anchored,
	const char **head) MUST;

/* Cuts off what is older than so many seconds, of all chains. *cut: how many entries. */
enum err audit_cut(struct ctx *c, struct core *core, int64_t seconds, int64_t *cut) MUST;

#endif
