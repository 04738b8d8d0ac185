#include "git/sha1dc.h"

#include "base/buf.h"
#include "base/hash.h"
#include "git/sha1dc_table.h"

#include <string.h>

/*
 * Four blocks side by side. Message words do not depend on the state, so expanding and filtering
 * them is done for four blocks at once. The rounds, block after block, are the host's, who has
 * instructions for them; only where the filter leaves something are they done here again.
 */
typedef uint32_t lanes __attribute__((vector_size(4 * SHA1DC_LANES)));
typedef int32_t signed_lanes __attribute__((vector_size(4 * SHA1DC_LANES)));

struct schedule {
	union {
		lanes of_all[80];
		uint32_t word[80][SHA1DC_LANES];
	};
};

#define ROTL(x, n) ((x) << (n) | (x) >> (32 - (n)))

#define CHOOSE(b, c, d) ((d) ^ ((b) & ((c) ^ (d))))
#define PARITY(b, c, d) ((b) ^ (c) ^ (d))
#define MAJORITY(b, c, d) (((b) & (c)) + ((d) & ((b) ^ (c))))

#define STEP(a, b, c, d, e, f, k, word) \
	(e += ROTL(a, 5) + f(b, c, d) + (k) + (word), b = ROTL(b, 30))
#define UNDO(a, b, c, d, e, f, k, word) \
	(b = ROTL(b, 2), e -= ROTL(a, 5) + f(b, c, d) + (k) + (word))

/* Five steps bring the five names back to their places. `w` points at the first step's word. */
#define FIVE_STEPS(f, k, w)                        \
	do {                                       \
		STEP(a, b, c, d, e, f, k, (w)[0]); \
		STEP(e, a, b, c, d, f, k, (w)[1]); \
		STEP(d, e, a, b, c, f, k, (w)[2]); \
		STEP(c, d, e, a, b, f, k, (w)[3]); \
		STEP(b, c, d, e, a, f, k, (w)[4]); \
	} while (0)

#define UNDO_FIVE(f, k, w)                         \
	do {                                       \
		UNDO(b, c, d, e, a, f, k, (w)[4]); \
		UNDO(c, d, e, a, b, f, k, (w)[3]); \
		UNDO(d, e, a, b, c, f, k, (w)[2]); \
		UNDO(e, a, b, c, d, f, k, (w)[1]); \
		UNDO(a, b, c, d, e, f, k, (w)[0]); \
	} while (0)

/* Steps `from` to `to` (multiples of five) on the state. */
static void steps(uint32_t state[5], const uint32_t w[80], size_t from, size_t to)
{
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
	size_t t = from;
	for (; t < to && t < 20; t += 5)
		FIVE_STEPS(CHOOSE, 0x5a827999u, w + t);
	for (; t < to && t < 40; t += 5)
		FIVE_STEPS(PARITY, 0x6ed9eba1u, w + t);
	for (; t < to && t < 60; t += 5)
		FIVE_STEPS(MAJORITY, 0x8f1bbcdcu, w + t);
	for (; t < to; t += 5)
		FIVE_STEPS(PARITY, 0xca62c1d6u, w + t);
	state[0] = a, state[1] = b, state[2] = c, state[3] = d, state[4] = e;
}

/* From the state before step `from` back to the one before step 0. */
static void steps_back(uint32_t state[5], const uint32_t w[80], size_t from)
{
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
	size_t t = from;
	for (; t > 60; t -= 5)
		UNDO_FIVE(PARITY, 0xca62c1d6u, w + t - 5);
	for (; t > 40; t -= 5)
		UNDO_FIVE(MAJORITY, 0x8f1bbcdcu, w + t - 5);
	for (; t > 20; t -= 5)
		UNDO_FIVE(PARITY, 0x6ed9eba1u, w + t - 5);
	for (; t > 0; t -= 5)
		UNDO_FIVE(CHOOSE, 0x5a827999u, w + t - 5);
	state[0] = a, state[1] = b, state[2] = c, state[3] = d, state[4] = e;
}

/* Fewer than four blocks: the last one fills the other lanes too. */
static void schedule_fill(struct schedule *s, const uint8_t *blocks, size_t count)
{
	const uint8_t *at[SHA1DC_LANES];
	for (size_t i = 0; i < SHA1DC_LANES; i++)
		at[i] = blocks + 64 * (i < count ? i : count - 1);
	lanes *w = s->of_all;
	for (size_t t = 0; t < 16; t++)
		w[t] = (lanes){get_be32(at[0] + 4 * t), get_be32(at[1] + 4 * t),
			get_be32(at[2] + 4 * t), get_be32(at[3] + 4 * t)};
	for (size_t t = 16; t < 80; t++) {
		lanes x = w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16];
		w[t] = ROTL(x, 1);
	}
}

/* All bits set where the two bits differ. */
#define DIFFERENCE(i, a, j, b) \
	((lanes)((signed_lanes)(w[i] << (31 - (a)) ^ w[j] << (31 - (b))) >> 31))

/*
 * For each lane the set of vectors whose conditions all hold. Not inlined, because clang would see
 * lanes taken out one by one and give the vectors up.
 */
static __attribute__((noinline)) lanes filter(const struct schedule *s)
{
	const lanes *w = s->of_all;
	lanes left = ~(lanes){0};
#define EQUAL(difference, vectors) (~((difference) & (vectors)))
#define DIFFER(difference, vectors) ((difference) | ~(vectors))
#define UBC(i, a, j, b, relation, vectors) left &= relation(DIFFERENCE(i, a, j, b), vectors);
#include "git/sha1dc_ubc.def"
#undef UBC
#undef EQUAL
#undef DIFFER
	return left;
}

/* Does the message that differs from `w` as the vector says, with the same state at its step,
 * collide? */
static bool vector_collides(const struct sha1dc_vector *v, const uint32_t w[80],
	const uint32_t at_step[5], const uint32_t digest[5])
{
	const uint32_t *pattern = sha1dc_pattern[v->type - 1] + SHA1DC_SHIFT_MAX - v->k;
	uint32_t other[80];
	for (size_t t = 0; t < 80; t++)
		other[t] = w[t] ^
			   (pattern[t] << v->b | (uint32_t)((uint64_t)pattern[t] >> (32 - v->b)));
	uint32_t first[5], last[5];
	memcpy(first, at_step, sizeof first);
	memcpy(last, at_step, sizeof last);
	steps_back(first, other, v->step);
	steps(last, other, v->step, 80);
	uint32_t differ = 0;
	for (size_t i = 0; i < 5; i++)
		differ |= (first[i] + last[i]) ^ digest[i];
	return !differ;
}

/* `left`: the vectors that the filter left over. Before and after: the state around the block. */
static __attribute__((noinline)) bool block_collides(const struct schedule *s, size_t lane,
	uint32_t left, const uint32_t before[5], const uint32_t after[5])
{
	uint32_t w[80];
	for (size_t t = 0; t < 80; t++)
		w[t] = s->word[t][lane];
	uint32_t at_step[3][5];
	memcpy(at_step[0], before, sizeof at_step[0]);
	steps(at_step[0], w, 0, 55);
	memcpy(at_step[1], at_step[0], sizeof at_step[1]);
	steps(at_step[1], w, 55, 60);
	memcpy(at_step[2], at_step[1], sizeof at_step[2]);
	steps(at_step[2], w, 60, 65);
	bool found = false;
	for (size_t n = 0; n < SHA1DC_VECTORS; n++) {
		const struct sha1dc_vector *v = &sha1dc_vectors[n];
		if (left >> n & 1)
			found |= vector_collides(v, w, at_step[(v->step - 55) / 5], after);
	}
	return found;
}

/* One to four blocks. */
static void take_blocks(struct sha1dc *h, const uint8_t *blocks, size_t count)
{
	struct schedule s;
	uint32_t before[5];
	schedule_fill(&s, blocks, count);
	lanes left = filter(&s);
	size_t done = 0;
	for (size_t lane = 0; lane < count; lane++) {
		if (!left[lane])
			continue;
		hash_sha1_blocks(h->state, blocks + 64 * done, lane - done);
		memcpy(before, h->state, sizeof before);
		hash_sha1_blocks(h->state, blocks + 64 * lane, 1);
		h->collision |= block_collides(&s, lane, left[lane], before, h->state);
		done = lane + 1;
	}
	hash_sha1_blocks(h->state, blocks + 64 * done, count - done);
}

void sha1dc_init(struct sha1dc *h)
{
	static const uint32_t start[5] = {
		0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};
	memset(h, 0, sizeof *h);
	memcpy(h->state, start, sizeof start);
}

void sha1dc_update(struct sha1dc *h, const void *bytes, size_t len)
{
	const uint8_t *from = bytes;
	size_t pending = h->length % SHA1DC_BUFFER;
	h->length += len;
	if (pending) {
		size_t room = SHA1DC_BUFFER - pending;
		size_t n = len < room ? len : room;
		memcpy(h->pending + pending, from, n);
		if (n < room)
			return;
		take_blocks(h, h->pending, SHA1DC_LANES);
		from += n;
		len -= n;
	}
	for (; len >= SHA1DC_BUFFER; from += SHA1DC_BUFFER, len -= SHA1DC_BUFFER)
		take_blocks(h, from, SHA1DC_LANES);
	if (len)
		memcpy(h->pending, from, len);
}

bool sha1dc_final(struct sha1dc *h, uint8_t digest[20])
{
	uint8_t tail[SHA1DC_BUFFER + 64] = {0};
	size_t pending = h->length % SHA1DC_BUFFER;
	memcpy(tail, h->pending, pending);
	tail[pending] = 0x80;
	size_t blocks = (pending + 1 + 8 + 63) / 64;
	for (size_t i = 0; i < 8; i++)
		tail[blocks * 64 - 1 - i] = (uint8_t)(h->length * 8 >> (8 * i));
	size_t first = blocks < SHA1DC_LANES ? blocks : SHA1DC_LANES;
	take_blocks(h, tail, first);
	if (blocks > first)
		take_blocks(h, tail + SHA1DC_BUFFER, blocks - first);
	for (size_t i = 0; i < 20; i++)
		digest[i] = (uint8_t)(h->state[i / 4] >> (24 - 8 * (i % 4)));
	return !h->collision;
}
