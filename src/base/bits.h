/*
 * Sets of small numbers, a bit for each, worked on 64 at a time. Caller's memory, in an arena; one
 * thread at a time. Both of two sets in one call are of the same size.
 */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct bits {
	uint64_t *words; /* bits past `count` in the last one are 0 */
	uint32_t count;
};

enum { BITS_NONE = 0xffffffff };

static inline size_t bits_words(uint32_t count)
{
	return count / 64 + (count % 64 != 0);
}

/* An empty set of numbers below `count`. */
static inline struct bits bits_make(struct arena *a, uint32_t count)
{
	return (struct bits){NEW_ARRAY(a, uint64_t, bits_words(count)), count};
}

static inline void bits_clear(struct bits *b)
{
	memset(b->words, 0, bits_words(b->count) * sizeof *b->words);
}

static inline bool bits_has(const struct bits *b, uint32_t bit)
{
	return b->words[bit / 64] >> (bit % 64) & 1;
}

/* Says whether it was not there before. */
static inline bool bits_add(struct bits *b, uint32_t bit)
{
	uint64_t *word = &b->words[bit / 64], mask = (uint64_t)1 << (bit % 64);
	bool fresh = !(*word & mask);
	*word |= mask;
	return fresh;
}

static inline void bits_or(struct bits *to, const struct bits *from)
{
	for (size_t i = 0; i < bits_words(to->count); i++)
		to->words[i] |= from->words[i];
}

static inline void bits_and(struct bits *to, const struct bits *from)
{
	for (size_t i = 0; i < bits_words(to->count); i++)
		to->words[i] &= from->words[i];
}

static inline void bits_andnot(struct bits *to, const struct bits *from)
{
	for (size_t i = 0; i < bits_words(to->count); i++)
		to->words[i] &= ~from->words[i];
}

static inline void bits_copy(struct bits *to, const struct bits *from)
{
	memcpy(to->words, from->words, bits_words(to->count) * sizeof *to->words);
}

static inline uint32_t bits_count(const struct bits *b)
{
	uint32_t count = 0;
	for (size_t i = 0; i < bits_words(b->count); i++)
		count += (uint32_t)__builtin_popcountll(b->words[i]);
	return count;
}

/* Those bits of a word that stand for numbers from `from` to `end` - 1. */
static inline uint64_t bits_between(size_t word, uint32_t from, uint32_t end)
{
	uint64_t first = (uint64_t)word * 64, all = ~(uint64_t)0;
	uint64_t low = from > first ? all << (from - first) : all;
	return end - first < 64 ? low & ~(all << (end - first)) : low;
}

/* Are all numbers from `from` to `end` - 1 there? */
static inline bool bits_has_all(const struct bits *b, uint32_t from, uint32_t end)
{
	bool all = true;
	for (size_t i = from / 64; all && i < bits_words(end); i++) {
		uint64_t wanted = bits_between(i, from, end);
		all = (b->words[i] & wanted) == wanted;
	}
	return all;
}

static inline void bits_remove_all(struct bits *b, uint32_t from, uint32_t end)
{
	for (size_t i = from / 64; i < bits_words(end); i++)
		b->words[i] &= ~bits_between(i, from, end);
}

/* The first number of the set from `from` on; BITS_NONE when there is none. */
static inline uint32_t bits_next(const struct bits *b, uint32_t from)
{
	size_t at = from / 64, words = bits_words(b->count);
	if (from >= b->count)
		return BITS_NONE;
	uint64_t word = b->words[at] & ~(uint64_t)0 << (from % 64);
	while (!word && ++at < words)
		word = b->words[at];
	return word ? (uint32_t)(at * 64) + (uint32_t)__builtin_ctzll(word) : BITS_NONE;
}

/* The first number from `from` on, which is below b->count, that is not in the set; b->count when all are. */
static inline uint32_t bits_next_gap(const struct bits *b, uint32_t from)
{
	size_t at = from / 64, words = bits_words(b->count);
	uint64_t word = ~b->words[at] & ~(uint64_t)0 << (from % 64);
	while (!word && ++at < words)
		word = ~b->words[at];
	uint32_t gap = word ? (uint32_t)(at * 64) + (uint32_t)__builtin_ctzll(word) : b->count;
	return gap < b->count ? gap : b->count;
}

/* for (uint32_t bit = bits_next(b, 0); bit != BITS_NONE; bit = bits_next(b, bit + 1)) */
#define BITS_EACH(bit, b) \
	for (uint32_t bit = bits_next((b), 0); bit != BITS_NONE; bit = bits_next((b), bit + 1))

#endif
