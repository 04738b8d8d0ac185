/* An address as a peer, or a header, tells it: its group fits, is the group of itself, and of an IPv6 address the
 * last half does not matter. */
#include "fuzz/fuzz.h"

#include "base/address.h"

static void fuzz_one(struct ctx *c, struct str input)
{
	(void)c;
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
