/* What the parts of the push share; for push*.c alone. */
#ifndef CORE_PUSH_PARTS_H
#define CORE_PUSH_PARTS_H

#include "base/json.h"
#include "core/push.h"
#include "meta/ref.h"
#include "model/operation.h"

/* push_judge.c: refuses what no transaction could make right, and finds out what tags point at. */
enum err push_judge(struct ctx *c, struct push *p, struct push_commands *commands) MUST;

/*
 * push_paths.c: refuses what a key that may only change some paths may not. It may bring commits, each
 * of which differs outside these paths from not all of its parents; and it may move a ref to what has
 * there what the ref had, or what the default branch has. `r` reads what is there and what came.
 */
enum err push_judge_paths(struct ctx *c, const struct push *p, struct odb_reader *r,
	struct push_commands *commands) MUST;

/* One that may differ from the push's snapshot, and what it is now: zero where it is not there. */
struct push_ref {
	struct str name;
	struct oid now;
};

/* push_refs.c: the refs as they are in a transaction, and as the push changes them. In c->arena. */
struct push_refs {
	const struct ref_table *base; /* the snapshot's; NULL: the repository is new */
	enum hash_algo algo;
	VEC_OF(struct push_ref) differ; /* by name; all that are not refused already are in it */
};
enum err push_refs_read(struct ctx *c, const struct push *p, struct db_tx *tx,
	const struct push_commands *commands, struct push_refs *out) MUST;
/* Zero where it is not there. */
struct oid push_refs_get(const struct push_refs *r, struct str name);
void push_refs_apply(struct push_refs *r, const struct ref_change *change);
/* refs/heads/a and refs/heads/a/b cannot both be: does `name` clash with one that is there? */
bool push_refs_clash(struct ctx *c, const struct push_refs *r, struct str name, struct str *other);

/* push_audit.c: what the log of refs, events and the audit log are told. In c->arena. */
enum operation push_operation(const struct push_command *command);
void push_write_change(struct json_writer *w, const struct push_command *command);
struct ref_log push_log_of(const struct ctx *c, const struct push *p, const struct db_tx *tx,
	const struct push_command *command);
/* The first refs by name, and the hash of all that the log of refs has of this version. */
struct str push_audit_detail(struct ctx *c, const struct push *p, const struct db_tx *tx,
	const struct push_commands *commands);
/* Whatever refs were refused: of each kind of operation, one entry. */
void push_audit_refused(struct ctx *c, const struct push *p, const struct push_commands *commands);

static inline bool push_is_create(const struct push_command *command)
{
	return oid_is_zero(&command->change.old);
}

static inline bool push_is_delete(const struct push_command *command)
{
	return oid_is_zero(&command->change.new);
}

#endif
