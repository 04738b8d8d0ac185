#include "git/fanout.h"

#include "base/buf.h"

enum err fanout_parse(struct ctx *c, enum hash_algo algo, const uint8_t *table, struct fanout *out)
{
	uint32_t before = 0;
	for (size_t i = 0; i < 256; i++) {
		uint32_t now = get_be32(table + 4 * i);
		if (now < before)
			return fail(c, ERR_CORRUPT, "an index has a fan-out that goes back");
		before = now;
	}
	*out = (struct fanout){.algo = algo, .count = before, .table = table};
	return OK;
}

const uint8_t *fanout_hash(const struct fanout *f, uint32_t position)
{
	return f->ids + position * hash_size(f->algo);
}

static uint32_t below(const struct fanout *f, uint8_t first)
{
	return first ? get_be32(f->table + 4 * (size_t)(first - 1)) : 0;
}

enum err fanout_verify(struct ctx *c, const struct fanout *f)
{
	size_t size = hash_size(f->algo);
	for (uint32_t i = 0; i < f->count; i++) {
		const uint8_t *id = fanout_hash(f, i);
		if (i && memcmp(id - size, id, size) >= 0)
			return fail(c, ERR_CORRUPT, "an index is not sorted");
		if (i < below(f, id[0]) || i >= get_be32(f->table + 4 * (size_t)id[0]))
			return fail(c, ERR_CORRUPT, "an index has a wrong fan-out");
	}
	return OK;
}

void fanout_range(const struct fanout *f, uint8_t first, uint32_t *low, uint32_t *high)
{
	*low = below(f, first);
	*high = get_be32(f->table + 4 * (size_t)first);
}

uint32_t fanout_lower_bound(const struct fanout *f, const uint8_t *hash)
{
	size_t size = hash_size(f->algo);
	uint32_t low, high;
	fanout_range(f, hash[0], &low, &high);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (memcmp(fanout_hash(f, middle), hash, size) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool fanout_find(const struct fanout *f, const uint8_t *hash, uint32_t *position)
{
	*position = fanout_lower_bound(f, hash);
	return *position < f->count &&
	       memcmp(fanout_hash(f, *position), hash, hash_size(f->algo)) == 0;
}
