/*
 * How a connection's bytes cross: as they are, or in TLS. Inside net/.
 *
 * A transport has no state of its own; whoever owns the connection calls it, and nothing here waits.
 */
#ifndef NET_TRANSPORT_H
#define NET_TRANSPORT_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

struct conn;

struct transport {
	/* Like readv(2) and writev(2). -1 with EAGAIN where it cannot be done now; k->awaits is then set
	 * when what has to come first is not what one would think. `more`: others follow at once. */
	ssize_t (*read)(struct conn *k, const struct iovec *into, int count);
	ssize_t (*write)(struct conn *k, const struct iovec *parts, int count, bool more);
	/* Tells the peer that we write no more; it still may. */
	void (*finish)(struct conn *k);
	/* Forgets what it has of the connection; the descriptor is not its own. */
	void (*close)(struct conn *k);
	/* Does it hold bytes of the peer's that no event will tell of? NULL: never. */
	bool (*holds)(const struct conn *k);
	bool takes_files; /* what is written is what crosses, so that sendfile(2) will do */
};

extern const struct transport transport_plain, transport_tls;

#endif
