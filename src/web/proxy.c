#include "web/proxy.h"

#include "base/buf.h"

#include <arpa/inet.h>

/* IPv4 becomes ::ffff:a.b.c.d; *prefix: how many bits stand before the address's own. */
static bool address_parse(struct str text, struct in6_addr *out, int *prefix)
{
	char copy[INET6_ADDRSTRLEN];
	if (text.len == 0 || text.len >= sizeof copy)
		return false;
	memcpy(copy, text.at, text.len);
	copy[text.len] = 0;
	struct in_addr v4;
	if (inet_pton(AF_INET, copy, &v4) == 1) {
		*out = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
		memcpy(out->s6_addr + 12, &v4, 4);
		*prefix = 96;
		return true;
	}
	*prefix = 0;
	return inet_pton(AF_INET6, copy, out) == 1;
}

enum err proxies_parse(struct ctx *c, struct str text, struct proxies *out)
{
	*out = (struct proxies){0};
	while (text.len) {
		struct str bits = str_trim(str_cut(&text, ','));
		struct str whole = bits, address = str_cut(&bits, '/');
		int prefix;
		uint64_t number = 128;
		if (!address_parse(address, &out->at[out->count].address, &prefix))
			return fail(c, ERR_INVALID, "\"%.*s\" is no address or network",
				STR_FMT(whole));
		bool cut = address.len < whole.len;
		if (cut && (!str_to_u64(bits, &number) || number > 128 - (uint64_t)prefix))
			return fail(c, ERR_INVALID, "\"%.*s\" is no network: bad length",
				STR_FMT(whole));
		out->at[out->count++].bits = cut ? prefix + (int)number : 128;
		if (out->count == PROXIES_MAX && text.len)
			return fail(c, ERR_INVALID, "more than %d trusted proxies", PROXIES_MAX);
	}
	return OK;
}

static bool in_network(const struct in6_addr *address, const struct proxy_network *network)
{
	int whole = network->bits / 8, rest = network->bits % 8;
	const uint8_t *a = address->s6_addr, *b = network->address.s6_addr;
	if (memcmp(a, b, (size_t)whole) != 0)
		return false;
	return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

bool proxies_trust(const struct proxies *all, struct str address)
{
	struct in6_addr parsed;
	int prefix;
	if (!all->count || !address_parse(address, &parsed, &prefix))
		return false;
	for (size_t i = 0; i < all->count; i++)
		if (in_network(&parsed, &all->at[i]))
			return true;
	return false;
}

struct str proxies_client(const struct proxies *all, struct str peer, struct str forwarded_for)
{
	struct str client = peer;
	while (forwarded_for.len && proxies_trust(all, client)) {
		size_t comma = str_find_last(forwarded_for, ',');
		bool more = comma < forwarded_for.len;
		struct str last = str_trim(str_from_index(forwarded_for, more ? comma + 1 : 0));
		struct in6_addr parsed;
		int prefix;
		if (!address_parse(last, &parsed, &prefix))
			break;
		client = last;
		forwarded_for = str_until(forwarded_for, more ? comma : 0);
	}
	return client;
}
