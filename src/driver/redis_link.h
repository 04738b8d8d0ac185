/*
 * The bytes of one connection to a Redis: as they are, or in TLS (rediss://), which hiredis 0.14 has
 * not.
 *
 * Nothing here waits: what cannot be done now is -1 with EAGAIN, and `awaits` says for what poll(2)
 * has to wait. A link is one thread's at a time, struct redis_trust everybody's.
 */
#ifndef DRIVER_REDIS_LINK_H
#define DRIVER_REDIS_LINK_H

#include "base/ctx.h"
#include "base/host.h"
#include "base/str.h"

#include <sys/types.h>

struct redisContext;
struct ssl_st;
struct ssl_ctx_st;

/* PEM; NULL or "": there is none. */
struct redis_files {
	const char *ca; /* to trust instead of the system's */
	const char *cert,
		*key; /* what the server is shown; both or none, the key without a passphrase */
};

/* Whose certificates are trusted, and which one is shown. They are read again after a handshake that
 * failed. */
struct redis_trust {
	struct redis_files files;
	struct host_lock lock;
	struct ssl_ctx_st *tls; /* NULL: it is to be read */
};

struct redis_link {
	struct redisContext *redis; /* has the socket, and the reader of RESP2 */
	struct ssl_st *ssl;         /* NULL: no TLS */
	short awaits;
};

/* Reads them, for the first time: before anybody waits. ERR_INVALID: they cannot be read. */
enum err redis_trust_read(struct ctx *c, struct redis_trust *trust) MUST;
/* Forgets what was read of them, so that the next connection reads them anew. */
void redis_trust_forget(struct redis_trust *trust);

/* Begins TLS with a server that has to prove this name or address. ERR_UNAVAILABLE: the file of
 * certificates cannot be read. */
enum err redis_link_begin_tls(
	struct ctx *c, struct redis_link *link, struct redis_trust *trust, const char *host) MUST;
/* Goes on with the handshake: 0 when it is done, or -1. *why: of a failure that is not EAGAIN. */
int redis_link_shake(struct redis_link *link, const char **why) MUST;

/* Like send(2) and recv(2), of at least one byte. */
ssize_t redis_link_send(struct redis_link *link, struct str bytes) MUST;
ssize_t redis_link_receive(struct redis_link *link, void *into, size_t cap) MUST;

/* Has it received something that is not read yet, or its end? */
bool redis_link_stirs(struct redis_link *link);
void redis_link_close(struct redis_link *link);

#endif
