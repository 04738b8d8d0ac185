/* What the files of TLS share, inside net/. */
#ifndef NET_TLS_PARTS_H
#define NET_TLS_PARTS_H

#include "base/host.h"
#include "net/conn.h"
#include "net/tls.h"
#include "net/tls_peer.h"

#include <openssl/ssl.h>

/* What the files held when they were read last: it does not change, and is counted. */
struct tls_state {
	_Atomic int users;
	unsigned generation;
	SSL_CTX *pairs[TLS_PAIRS_MAX];
	size_t count;
	struct serials revoked;
};

struct ticket_key {
	unsigned char name[16], cipher[32], mac[32];
	int64_t born; /* by the monotonic clock; 0: no key */
};

struct tls {
	struct tls_config config;
	const struct world *world;
	_Atomic unsigned generation; /* of `state`: to see without the lock that it is another */
	uint64_t seen, used;   /* how the files looked, at the last look and when they were read */
	struct host_lock lock; /* of: */
	struct tls_state *state;
	struct ticket_key tickets[2]; /* the one in use, and the one before it */
};

/* A connection's half. */
struct tls_link {
	SSL *ssl;
	struct tls *tls;
	struct tls_state *state;
	const char *why;           /* we do not let the client in; NULL: OpenSSL says it */
	char client[TLS_NAME_MAX]; /* the name that its certificate proves */
	bool broken;               /* OpenSSL wants nothing more to be done with it */
};

struct tls_state *tls_state_take(struct tls *t);
void tls_state_give(struct tls_state *state);

/* tls_ticket.c: how a session ticket is sealed and opened. */
void tls_tickets_use(SSL_CTX *ssl);

/* X509_STORE_CTX's last word on a client's certificate: tls_link.c. */
int tls_link_judge(int good, X509_STORE_CTX *chain);

/* Makes k->tls; false when there is no memory for it. */
bool tls_link_open(struct conn *k, struct tls *t) MUST;

enum tls_shake { TLS_SHAKEN, TLS_WAITS, TLS_SPEAKS_HTTP, TLS_REFUSED, TLS_LEFT };

/* Goes on with the handshake; WAITS: for k->awaits. REFUSED: *why says why, the peer was told. */
enum tls_shake tls_link_shake(struct conn *k, const char **why);

/* Is the client's certificate, if it has one, still not revoked? */
bool tls_link_stands(struct conn *k);

#endif
