/*
 * What was asked with a key of the client's own (Idempotency-Key) is done once, however often it is sent: the answer of
 * the first time is kept for IDEMPOTENT_SECONDS, sealed, and given again.
 *
 * It lies in the database, for each credential of each account. That it is done is written in the transaction that does
 * it, by whatever event that writes; the answer right after. So a server that is killed forgets no change: killed
 * before it, the key may be used again; killed between the two, whoever asks again is told that it is done.
 */
#ifndef CORE_IDEMPOTENT_H
#define CORE_IDEMPOTENT_H

#include "core/core.h"

enum {
	IDEMPOTENT_SECONDS = 24 * 3600,
	IDEMPOTENT_RUNNING =
		300, /* so long a request counts as running of which nothing is heard */
	IDEMPOTENT_KEY_MAX = 255,
	IDEMPOTENT_ANSWER_MAX = SEAL_SECRET_MAX,
};

struct idempotent {
	struct str key;
	char request[65]; /* the hash of what is asked */
	struct str claim; /* who asks: of no other request the same */
	int64_t account;
	struct str answer; /* of the first time; empty: this is the first time */
};

/*
 * Where out->answer is empty it is c->once from now on, and to be ended by one of those below. ERR_INVALID: the key is none, or was used for
 * another request; ERR_CONFLICT: the first one still runs, or is done and has no answer that was kept.
 */
enum err idempotent_begin(struct ctx *c, struct core *core, const struct actor *who, struct str key,
	struct str request, struct idempotent *out) MUST;

/* Beside a change, in its transaction: it is done. Nothing where the request has no key. ERR_CONFLICT: it ran for so
 * long that somebody else does it now. */
enum err idempotent_mark(struct ctx *c, struct db_tx *tx) MUST;

/* This is the answer: one over IDEMPOTENT_ANSWER_MAX is not kept, only that there was one. */
enum err idempotent_done(
	struct ctx *c, struct core *core, const struct idempotent *i, struct str answer) MUST;
/* It is not done: the same key may be used again. c->error stays. */
void idempotent_failed(struct ctx *c, struct core *core, const struct idempotent *i);

#endif
