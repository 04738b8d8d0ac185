/*
 * TLS for the server: certificates and keys, read from files and read again when these change.
 *
 * TLS 1.2 and 1.3 with forward secrecy and AEAD only, HTTP/1.1 by ALPN, no renegotiation. Session
 * tickets are of keys that live in memory and are replaced every hour.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "base/ctx.h"

enum { TLS_PAIRS_MAX = 16 };

/* A setting as messages name it, with its value; value may be NULL or "". */
struct tls_setting {
	const char *name, *value;
};

/* Whether clients are asked for a certificate, and whether they must have one. */
enum tls_clients { TLS_CLIENTS_OFF, TLS_CLIENTS_OPTIONAL, TLS_CLIENTS_REQUIRED };

/* The texts live as long as the struct tls. */
struct tls_config {
	struct tls_setting certs; /* files (PEM), separated by commas: a certificate, and what leads
				     from it to a root. The first is for who asks for no name of theirs */
	struct tls_setting keys;  /* as many, in the same order */
	enum tls_clients clients;
	struct tls_setting client_ca;    /* a file (PEM) of the authorities that sign clients'
					    certificates; required unless clients is OFF */
	struct tls_setting client_names; /* patterns, of which a client's certificate must have one
					    (net/peer_names.h); empty: any certificate will do */
	struct tls_setting revoked;      /* a file of serial numbers; empty: none is revoked */
};

struct tls;

/* ERR_INVALID, with a message that begins with the setting's name, for what cannot be served. */
enum err tls_open(struct ctx *c, const struct tls_config *config, struct tls **out) MUST;

/*
 * To be called every few seconds, by one thread: reads the files again when they have changed and
 * rest since the last call. Connections that are open go on, but for those of clients that are
 * revoked now: they are refused from their next request on. On an error what was there before stays;
 * it is told once for each change.
 */
enum err tls_refresh(struct ctx *c, struct tls *t, bool *refreshed) MUST;

/* The last connection is closed. NULL is OK. */
void tls_close(struct tls *t);

#endif
