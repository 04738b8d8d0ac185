#include "web/proxy.h"

enum err proxies_parse(struct ctx *c, struct str text, struct proxies *out)
{
	*out = (struct proxies){0};
	while (text.len) {
		struct str word = str_trim(str_cut(&text, ','));
		if (!network_parse(word, &out->at[out->count]))
			return fail(
				c, ERR_INVALID, "\"%.*s\" is no address or network", STR_FMT(word));
		out->count++;
		if (out->count == PROXIES_MAX && text.len)
			return fail(c, ERR_INVALID, "more than %d trusted proxies", PROXIES_MAX);
	}
	return OK;
}

bool proxies_trust(const struct proxies *all, struct str address)
{
	uint8_t parsed[ADDRESS_BYTES];
	if (!all->count || !address_parse(address, parsed))
		return false;
	for (size_t i = 0; i < all->count; i++)
		if (network_has(&all->at[i], parsed))
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
		uint8_t parsed[ADDRESS_BYTES];
		if (!address_parse(last, parsed))
			break;
		client = last;
		forwarded_for = str_until(forwarded_for, more ? comma : 0);
	}
	return client;
}
