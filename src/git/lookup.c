#include "git/lookup.h"

const uint8_t *lookup_all(const struct lookup *l)
{
	return __atomic_load_n(&l->all, __ATOMIC_ACQUIRE);
}

enum err lookup_open(
	struct ctx *c, const char *what, struct extent *bytes, uint64_t at_once, struct lookup *out)
{
	*out = (struct lookup){.what = what, .size = bytes->size, .bytes = bytes};
	if (bytes->far && (bytes->size > at_once || !extent_affords(c, bytes->size)))
		return OK;
	return lookup_whole(c, out);
}

enum err lookup_whole(struct ctx *c, struct lookup *l)
{
	const uint8_t *all = NULL;
	if (lookup_all(l))
		return OK;
	if (l->size > SIZE_MAX / 2)
		return fail(c, ERR_TOO_BIG, "%s is too big", l->what);
	TRY(extent_window(c, l->bytes, 0, (size_t)l->size, &all));
	__atomic_store_n(&l->all, all, __ATOMIC_RELEASE);
	return OK;
}

enum err lookup_window(
	struct ctx *c, const struct lookup *l, uint64_t at, size_t len, const uint8_t **out)
{
	const uint8_t *all = lookup_all(l);
	if (!all)
		return extent_window(c, l->bytes, at, len, out);
	*out = all + at;
	return OK;
}

struct fanout lookup_ids(const struct lookup *l, struct fanout list)
{
	const uint8_t *all = lookup_all(l);
	list.bytes = l->bytes;
	list.ids = all ? all + list.at : NULL;
	return list;
}
