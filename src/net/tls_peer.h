/* What a certificate at the other end proves, inside net/ and for clients of OpenSSL in driver/. */
#ifndef NET_TLS_PEER_H
#define NET_TLS_PEER_H

#include "net/peer_names.h"

#include <openssl/x509.h>

enum { TLS_NAME_MAX = 264 }; /* "uri:" and a name, with its NUL */

/* Is one of the chain, which begins with the peer's own, revoked? Its root is trusted by name. */
bool tls_chain_revoked(STACK_OF(X509) * chain, const struct serials *revoked);

/*
 * The first subjectAltName of DNS or URI that one of the patterns fits, as "dns:NAME" or "uri:NAME";
 * without patterns simply the first, or "". False: none fits.
 */
bool tls_peer_name(X509 *cert, struct str patterns, char name[TLS_NAME_MAX]);

#endif
