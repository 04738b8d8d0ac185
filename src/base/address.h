/* IP addresses (RFC 4291) and networks of them: for who counts by them, trusts them or must not reach them. Any thread. */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include "base/str.h"

/* Of an address as bytes, IPv4 as ::ffff:a.b.c.d; and of a group as text, with the zero at its end. */
enum { ADDRESS_BYTES = 16, ADDRESS_GROUP_MAX = 64 };

/* False for what is no address, such as a name. */
bool address_parse(struct str text, uint8_t out[ADDRESS_BYTES]);

/*
 * Can somebody else be there, whom anybody on the Internet may reach? Not this machine, private and link-local networks,
 * those of carriers (100.64.0.0/10), multicast, and whatever else is special at IANA (RFC 6890), nor what leads to
 * such an address of IPv4 by a translator.
 */
bool address_is_public(const uint8_t address[ADDRESS_BYTES]);

struct network {
	uint8_t address[ADDRESS_BYTES];
	int bits;
};

/* "10.0.0.0/8", "fd00::/8", or one address. False for anything else. */
bool network_parse(struct str text, struct network *out);
bool network_has(const struct network *network, const uint8_t address[ADDRESS_BYTES]);

/*
 * What counts as one place: an IPv4 address ("192.0.2.1", also where IPv6 carries it), or of an IPv6
 * address its /64 ("2001:db8:0:1::/64"), all of which one customer has, but for this machine itself
 * ("::1"). What is no address is itself, cut. The answer is in `text`.
 */
struct str address_group(struct str address, char text[ADDRESS_GROUP_MAX]);

/* Is this group the machine that we are on? */
bool address_group_is_loopback(struct str group);

#endif
