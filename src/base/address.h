/* IP addresses as text (RFC 4291), for who counts by them. Any thread. */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include "base/str.h"

/* With the zero at its end. */
enum { ADDRESS_GROUP_MAX = 64 };

/*
 * What counts as one place: an IPv4 address ("192.0.2.1", also where IPv6 carries it), or of an IPv6
 * address its /64 ("2001:db8:0:1::/64"), all of which one customer has, but for this machine itself
 * ("::1"). What is no address is itself, cut. The answer is in `text`.
 */
struct str address_group(struct str address, char text[ADDRESS_GROUP_MAX]);

/* Is this group the machine that we are on? */
bool address_group_is_loopback(struct str group);

#endif
