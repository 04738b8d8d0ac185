/*
 * Who may come with a certificate (or be called by its own): patterns of the names that it must
 * have, and numbers of those that are revoked. Pure; any thread.
 */
#ifndef NET_PEER_NAMES_H
#define NET_PEER_NAMES_H

#include "base/ctx.h"
#include "base/str.h"

/*
 * Patterns, separated by commas: "dns:*.nodes.example.org", "uri:spiffe://example.org/role/git". A
 * "*" is one whole label of a DNS name, or one whole part between the slashes of a URI.
 */

/* ERR_INVALID, saying which is no pattern; none at all is OK. */
enum err peer_patterns_check(struct ctx *c, struct str patterns) MUST;

/* May "dns:…" or "uri:…" be shown? Not with a space, a control byte or one beyond ASCII. */
bool peer_name_is_plain(struct str name);

/* Is such a name of one of the patterns? DNS names have no case. What is not plain is of none. */
bool peer_patterns_fit(struct str patterns, struct str name);

enum { SERIAL_BYTES = 20, SERIALS_MAX = 100000 }; /* RFC 5280, 4.1.2.2 */

/* A serial number, with zeros before it. */
struct serial {
	uint8_t bytes[SERIAL_BYTES];
};

/* Sorted. */
struct serials {
	struct serial *at;
	size_t count;
};

/*
 * A serial number of a certificate on each line, hexadecimal as openssl prints it (with or without
 * colons, of either case); what follows a '#' is a comment. ERR_INVALID names the line. In c->arena.
 */
enum err serials_parse(struct ctx *c, struct str text, struct serials *out) MUST;

/* Of a number's bytes as they stand in a certificate; false for one that is too long to be any. */
bool serials_have(const struct serials *all, const uint8_t *bytes, size_t len);

#endif
