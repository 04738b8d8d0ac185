/*
 * The verb of a push: open, receive the pack, commit, close. One thread; its memory is its own and
 * the request's.
 *
 * Nothing is visible, and nothing is left but unnamed bytes, until push_commit: that is one
 * transaction with the refs, the pack, the log and the events.
 */
#ifndef CORE_PUSH_H
#define CORE_PUSH_H

#include "core/permit.h"
#include "core/push_cert.h"
#include "core/push_spool.h"
#include "core/snapshot.h"

/* Where a push goes: a repository, or one that its owner is about to create (id and version 0). */
struct push_target {
	struct permitted on; /* of one to create: the repository alone */
	bool create;
	int64_t now; /* when that was so: seconds since 1970, by the database's clock */
};

/* What a push to the repository of that name needs, to look or to write. */
struct permit_need push_need(struct str name, enum db_mode mode);
/*
 * Begins a transaction of a push. ERR_NOT_FOUND, ERR_UNAUTH, ERR_DENIED as permit_begin says; who may
 * create repositories gets a target to create for a name that is not taken (ERR_INVALID when it cannot
 * be a name).
 */
enum err push_begin(struct ctx *c, struct core *core, const struct actor *who,
	const struct permit_need *need, struct db_tx **tx, struct push_target *out) MUST;

/* One ref that the client wants to change. */
struct push_command {
	struct ref_change change;        /* peeled is filled in by push_commit */
	bool changed;                    /* it was another value before */
	bool forced;                     /* it is known that history is left behind */
	bool unsure;                     /* that was not found out in time */
	const char *refused;             /* why not, in a few words; NULL: it is done */
	bool denied;                     /* … because they may not */
	const struct permit_ref *permit; /* what they were permitted; NULL: that was not asked */
};

struct push {
	struct core *core;
	const struct actor *who;
	struct push_target target;
	struct snapshot *snapshot; /* of the repository as it was; NULL: it is to be created */
	struct odb nothing;        /* what that one has */
	struct odb_reader known;
	struct push_spools spools;
	struct pack_received pack;
	bool has_pack;
	struct spool *idx;
	struct receive_progress *progress; /* set after push_open; may be NULL */
};

/* Permission first: push_begin's errors. To be closed after OK. */
enum err push_open(struct ctx *c, struct core *core, const struct actor *who, struct str name,
	struct push *out) MUST;
void push_close(struct push *p);

/* Receives a pack and finds it whole, sound and connected. The errors of pack_receive. */
enum err push_pack(struct ctx *c, struct push *p, struct source *from, bool to_end) MUST;

struct push_commands {
	struct push_command *at;
	size_t count;
	bool atomic;
	bool forward;              /* what would leave history behind, or may, is refused */
	const struct str *options; /* --push-option, for the event */
	size_t option_count;
	const struct push_signed
		*proof; /* of a signed push, as push_cert_verify found it; or NULL */
};

/*
 * Judges every command, makes the pack durable, then does what can be done in one transaction. OK:
 * each command says what became of it, and that is durable. An error: nothing has changed.
 * What was done already, by a push that got no answer, is done.
 */
enum err push_commit(struct ctx *c, struct push *p, struct push_commands *commands) MUST;

#endif
