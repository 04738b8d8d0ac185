#include "git/fanout.h"

#include "base/buf.h"

enum { NEAR = 16 };

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

/* Positions: all before `low` are below what is looked for, and none from `high` on is. */
struct bracket {
	uint32_t low, high;
};

static struct bracket bracket_of(const struct fanout *f, const uint8_t *hash)
{
	return (struct bracket){below(f, hash[0]), get_be32(f->table + 4 * (size_t)hash[0])};
}

/* Ids are as good as random: one is about as far into those with its first byte as its next bytes say. */
static uint32_t bracket_guess(const struct bracket *b, const uint8_t *hash)
{
	uint64_t span = b->high - b->low;
	return b->low + (uint32_t)(span * get_be32(hash + 1) >> 32);
}

static bool is_below(const struct fanout *f, uint32_t position, const uint8_t *hash)
{
	const uint8_t *at = fanout_hash(f, position);
	uint64_t have = get_be64(at), want = get_be64(hash);
	return have != want ? have < want : memcmp(at, hash, hash_size(f->algo)) < 0;
}

/* From the guess in growing steps until the place is passed, then by halves: few bytes are touched. */
uint32_t fanout_lower_bound(const struct fanout *f, const uint8_t *hash)
{
	struct bracket b = bracket_of(f, hash);
	uint32_t at = bracket_guess(&b, hash);
	for (uint32_t step = 2; b.low < b.high; step *= 2) {
		bool up = is_below(f, at, hash);
		if (up)
			b.low = at + 1;
		else
			b.high = at;
		if (step > (b.high - b.low) / 2)
			break;
		at = up ? b.low + step : b.high - step;
	}
	while (b.low < b.high) {
		uint32_t middle = b.low + (b.high - b.low) / 2;
		if (is_below(f, middle, hash))
			b.low = middle + 1;
		else
			b.high = middle;
	}
	return b.low;
}

bool fanout_find(const struct fanout *f, const uint8_t *hash, uint32_t *position)
{
	*position = fanout_lower_bound(f, hash);
	return *position < f->count &&
	       memcmp(fanout_hash(f, *position), hash, hash_size(f->algo)) == 0;
}

enum err fanout_id_at(struct ctx *c, const struct fanout *f, uint32_t position, const uint8_t **out)
{
	size_t size = hash_size(f->algo);
	if (!f->ids)
		return extent_window(c, f->bytes, f->at + (uint64_t)position * size, size, out);
	*out = fanout_hash(f, position);
	return OK;
}

static enum err bracket_cut(struct ctx *c, const struct fanout *f, const uint8_t *hash,
	uint32_t position, struct bracket *b)
{
	const uint8_t *at = NULL;
	TRY(fanout_id_at(c, f, position, &at));
	if (memcmp(at, hash, hash_size(f->algo)) < 0)
		b->low = position + 1;
	else
		b->high = position;
	return OK;
}

/* No step goes far from the guess but after many: nearly all looks are at bytes that came with the first one. */
static enum err bracket_close(
	struct ctx *c, const struct fanout *f, const uint8_t *hash, struct bracket *b)
{
	uint64_t span = b->high - b->low, guess = bracket_guess(b, hash);
	for (uint64_t near = NEAR; b->low < b->high; near *= near < span ? 2 : 1) {
		uint64_t at = b->low + (b->high - b->low) / 2;
		if (at > guess + near)
			at = guess + near;
		else if (at + near < guess)
			at = guess - near;
		TRY(bracket_cut(c, f, hash, (uint32_t)at, b));
	}
	return OK;
}

enum err fanout_bound(
	struct ctx *c, const struct fanout *f, const uint8_t *hash, uint32_t *position)
{
	struct bracket b = bracket_of(f, hash);
	if (f->ids)
		b.low = fanout_lower_bound(f, hash);
	else
		TRY(bracket_close(c, f, hash, &b));
	*position = b.low;
	return OK;
}

enum err fanout_look_up(
	struct ctx *c, const struct fanout *f, const uint8_t *hash, uint32_t *position, bool *found)
{
	const uint8_t *at = NULL;
	*found = false;
	TRY(fanout_bound(c, f, hash, position));
	/* One with another first byte is not read for that. */
	if (*position >= get_be32(f->table + 4 * (size_t)hash[0]))
		return OK;
	TRY(fanout_id_at(c, f, *position, &at));
	*found = memcmp(at, hash, hash_size(f->algo)) == 0;
	return OK;
}
