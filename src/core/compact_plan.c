#include "core/compact_parts.h"

enum {
	FULL_GROWTH = 4,      /* all anew when 1/4 has been added … */
	FULL_BYTES = 1 << 20, /* … and that is at least so much, or too many packs */
	PACKS_LEAST = 4,      /* so few are never worth the work */
};

static bool is_small(const struct pack_row *row)
{
	return row->kind == PACK_PUSHED || row->kind == PACK_COMPACTED;
}

static size_t log2_of(uint64_t n)
{
	size_t log = 0;
	while (n >>= 1)
		log++;
	return log;
}

/* The smallest pack that is not taken yet, of equals the first: few packs, so no sort. */
static size_t smallest_left(const struct pack_row *rows, size_t count, const bool *taken)
{
	size_t best = count;
	for (size_t i = 0; i < count; i++) {
		if (!taken[i] && is_small(&rows[i]) &&
			(best == count || rows[i].objects < rows[best].objects))
			best = i;
	}
	return best;
}

/*
 * Takes the small packs, smallest first, for as long as the next is not twice as large as those
 * that were taken together: what stays is a geometric row.
 */
static void take_geometric(const struct pack_row *rows, size_t count, bool *source)
{
	uint64_t sum = 0;
	size_t taken = 0;
	for (;;) {
		size_t next = smallest_left(rows, count, source);
		if (next == count || (taken > 1 && rows[next].objects >= 2 * sum))
			return;
		source[next] = true;
		sum += rows[next].objects;
		taken++;
	}
}

void compact_plan_full(size_t count, bool *source)
{
	for (size_t i = 0; i < count; i++)
		source[i] = true;
}

enum compact_kind compact_plan(
	const struct pack_row *rows, size_t count, int64_t now, int64_t retention, bool *source)
{
	uint64_t small_bytes = 0, done_bytes = 0, objects = 0;
	size_t small = 0;
	bool aged = false;
	memset(source, 0, count * sizeof *source);
	for (size_t i = 0; i < count; i++) {
		objects += rows[i].objects;
		small += is_small(&rows[i]);
		*(is_small(&rows[i]) ? &small_bytes : &done_bytes) += rows[i].bytes;
		aged = aged || (rows[i].kind == PACK_KEPT && rows[i].created < now - retention);
	}
	size_t most = log2_of(objects);
	bool many = small > (most > PACKS_LEAST ? most : PACKS_LEAST);
	bool grown = small_bytes && small_bytes >= done_bytes / FULL_GROWTH;
	if (aged || (grown && (many || small_bytes >= FULL_BYTES))) {
		compact_plan_full(count, source);
		return COMPACT_FULL;
	}
	if (!many)
		return COMPACT_NOTHING;
	take_geometric(rows, count, source);
	return COMPACT_ROLL;
}
