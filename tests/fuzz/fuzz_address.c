/* An address as a peer, or a header, tells it: its group fits, is the group of itself, and of an IPv6 address the
 * last half does not matter. A network holds its own address. */
#include "fuzz/fuzz.h"

#include "base/address.h"

static void check_network(struct str input)
{
	struct network network;
	uint8_t address[ADDRESS_BYTES];
	if (!network_parse(input, &network))
		return;
	ASSERT(network.bits >= 0 && network.bits <= 8 * ADDRESS_BYTES);
	ASSERT(network_has(&network, network.address));
	ASSERT(address_parse(str_until(input, str_find(input, '/')), address));
	(void)address_is_public(address);
}

static void fuzz_one(struct ctx *c, struct str input)
{
	(void)c;
	check_network(input);
	char text[ADDRESS_GROUP_MAX], again[ADDRESS_GROUP_MAX];
	struct str group = address_group(input, text);
	ASSERT(group.len < ADDRESS_GROUP_MAX);
	(void)address_group_is_loopback(group);
	struct str bare = group;
	if (!str_skip_end(&bare, STR("/64"))) {
		ASSERT(str_eq(address_group(group, again), group));
		return;
	}
	ASSERT(str_ends(bare, STR("::")) || str_starts(input, bare));
}
