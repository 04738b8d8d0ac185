#include "core/tracks.h"

enum { FREE = 0 };

void tracks_init(struct tracks *l, struct arena *arena)
{
	*l = (struct tracks){.arena = arena, .waits.arena = arena};
}

void tracks_open(struct tracks *l, uint32_t commit)
{
	*vec_push(&l->waits) = commit + 1;
}

/* The lane that waits for a commit, or where it may wait: the first that is free. */
static size_t lane_of(struct tracks *l, uint32_t commit)
{
	size_t found = l->waits.len;
	for (size_t i = l->waits.len; i-- > 0;) {
		if (l->waits.at[i] == FREE)
			found = i;
	}
	for (size_t i = 0; i < l->waits.len; i++) {
		if (l->waits.at[i] == commit + 1)
			return i;
	}
	if (found == l->waits.len)
		vec_push(&l->waits);
	return found;
}

struct drawn {
	VEC_OF(struct lane_line) lines;
};

static void draw(struct drawn *d, size_t from, size_t to, enum lane_part part)
{
	*vec_push(&d->lines) = (struct lane_line){
		.from = (uint16_t)(from < LANE_MAX ? from : LANE_MAX),
		.to = (uint16_t)(to < LANE_MAX ? to : LANE_MAX),
		.part = (uint8_t)part,
	};
}

void tracks_next(struct tracks *l, uint32_t commit, const uint32_t *parents, size_t count,
	struct lane_row *out)
{
	struct drawn d = {.lines.arena = l->arena};
	size_t before = l->waits.len, mine = lane_of(l, commit);
	/* Lines that end here, and lines that pass by. */
	for (size_t i = 0; i < before; i++) {
		if (l->waits.at[i] == commit + 1) {
			draw(&d, i, mine, LANE_IN);
			l->waits.at[i] = FREE;
		} else if (l->waits.at[i] != FREE) {
			draw(&d, i, i, LANE_BY);
		}
	}
	for (size_t i = 0; i < count; i++) {
		size_t to = lane_of(l, parents[i]);
		/* The first parent goes straight on, unless another line leads to it. */
		if (i == 0 && l->waits.at[to] == FREE)
			to = mine;
		l->waits.at[to] = parents[i] + 1;
		draw(&d, mine, to, LANE_OUT);
	}
	while (l->waits.len && l->waits.at[l->waits.len - 1] == FREE)
		l->waits.len--;
	*out = (struct lane_row){.lane = (uint16_t)(mine < LANE_MAX ? mine : LANE_MAX),
		.lines = d.lines.at,
		.count = d.lines.len};
}
