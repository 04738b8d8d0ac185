/*
 * The audit log: who did what, and what was refused to whom; for people who ask later.
 *
 * It is kept in chains: one of each repository (its id), so that pushes to several do not wait for each
 * other, and one of the instance. Each entry has a hash over the one before and over itself, so that
 * nobody can change, take out or put in one without making all later ones anew:
 *
 *	SHA-256("nimbus audit 1\n", the hash of the entry before (of the first: 32 bytes of zero),
 *		n(chain), n(sequence), n(time), n(account_id), n(outcome), t(username), t(peer), t(via),
 *		t(action), t(subject), t(detail), t(request), t(decision))
 *
 * n: 8 bytes, big-endian; t: n(length in bytes), and the bytes. Nothing is ever changed or deleted but
 * the oldest of a chain (meta_audit_cut). Whoever adds to a chain holds its lock: a transaction on
 * everything, on that repository, or on DB_LOG.
 */
#ifndef META_AUDIT_H
#define META_AUDIT_H

#include "base/hash.h"
#include "model/audit.h"
#include "port/db.h"

/* The end of a chain. */
struct audit_head {
	int64_t chain, sequence; /* 0: there is no entry yet */
	struct str hash;         /* of that entry; empty: 32 bytes of zero */
	int64_t cut;             /* entries up to this one were cut off … */
	struct str cut_hash;     /* … of which the last had this hash */
};

void meta_audit_hash(struct str previous, const struct audit *entry, uint8_t hash[HASH_MAX]);

/* Adds an entry to its chain, after `head` as this transaction found it (NULL: it is looked for, which
 * is a journey). Sets its sequence, time and hash. */
enum err meta_audit_add(
	struct ctx *c, struct db_tx *tx, struct audit *entry, const struct audit_head *head) MUST;

/* The columns of audit_chain, outer-joined, as a head; for who reads a repository anyway. */
#define META_AUDIT_COLUMNS "audit_chain.sequence, audit_chain.hash"
enum { META_AUDIT_COLUMN_COUNT = 2 };
struct audit_head meta_audit_head(int64_t chain, const struct db_value *row);

/* Sequence 0 where there is none. */
enum err meta_audit_head_get(struct ctx *c, struct db_tx *tx, int64_t chain, struct audit_head *out)
	MUST;
/* Heads of chains after `after`, to which something was added at `since` (microseconds) or later; in
 * order. *count: at most how many, then how many. */
enum err meta_audit_heads(struct ctx *c, struct db_tx *tx, int64_t after, int64_t since,
	struct audit_head *out, size_t *count) MUST;
/* The first chain after `after` that has entries and no head; ERR_NOT_FOUND. */
enum err meta_audit_headless(struct ctx *c, struct db_tx *tx, int64_t after, int64_t *chain) MUST;

typedef enum err meta_audit_visit(struct ctx *c, void *arg, const struct audit *entry);

/* Visits the entries of a chain after `sequence`, in order. What it visits with lives until it returns.
 */
enum err meta_audit_walk(struct ctx *c, struct db_tx *tx, int64_t chain, int64_t sequence,
	meta_audit_visit *visit, void *arg) MUST;

/* ERR_NOT_FOUND. */
enum err meta_audit_get(
	struct ctx *c, struct db_tx *tx, int64_t chain, int64_t sequence, struct audit *out) MUST;

/* Which entry was the last of this action in a chain; ERR_NOT_FOUND. */
enum err meta_audit_last(
	struct ctx *c, struct db_tx *tx, int64_t chain, struct str action, struct audit *out) MUST;

struct audit_place {
	int64_t time, chain, sequence;
};

/* Empty, or what an entry must be. */
struct meta_audit_query {
	struct str who, action;
	int64_t chain; /* of a repository, with `subject`: entries of one or on the other */
	struct str subject;
	int outcome;               /* or -1 */
	int64_t since, until;      /* microseconds; until INT64_MAX: no end */
	struct audit_place before; /* time INT64_MAX: from the newest */
};

/* Newest first. *count: at most how many, then how many. In c->arena. */
enum err meta_audit_list(struct ctx *c, struct db_tx *tx, const struct meta_audit_query *query,
	struct audit *out, size_t *count) MUST;
/* Oldest first, after `after`. */
enum err meta_audit_since(struct ctx *c, struct db_tx *tx, const struct audit_place *after,
	struct audit *out, size_t *count) MUST;

struct audit_range {
	int64_t chain, after, to; /* sequences: after this one, up to that */
	int64_t time;             /* and older than this */
};
/* The last entry of those; ERR_NOT_FOUND. */
enum err meta_audit_older(
	struct ctx *c, struct db_tx *tx, const struct audit_range *range, struct audit *out) MUST;
/* Cuts the chain's entries off up to this one, of which the head keeps the hash. */
enum err meta_audit_cut(struct ctx *c, struct db_tx *tx, const struct audit *last) MUST;

#endif
