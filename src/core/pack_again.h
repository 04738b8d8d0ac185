/*
 * A pack that lies somewhere already, received once more as if it came from outside: everything
 * about it is checked, nothing is written. Caller's memory; one thread.
 */
#ifndef CORE_PACK_AGAIN_H
#define CORE_PACK_AGAIN_H

#include "core/push_spool.h"
#include "git/pack_receive.h"

/* The spool that it would go into is the pack itself: what is appended lies there already. */
struct pack_again_spool {
	struct spool spool;
	struct extent *bytes;
};

struct pack_again {
	struct spool_maker maker;
	struct pack_again_spool own;
	bool given;
	struct push_spools scratch; /* for big contents */
	struct pack_received got;   /* what was found */
};

/*
 * Receives the pack in `bytes`, which must need nothing from elsewhere. The errors of pack_receive.
 * To be given to pack_again_done in any case; `bytes` stay until then.
 */
enum err pack_again_receive(struct ctx *c, struct pack_again *a, struct blob *scratch,
	enum hash_algo algo, struct extent *bytes, struct receive_progress *progress) MUST;
void pack_again_done(struct pack_again *a);

#endif
