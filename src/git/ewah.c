#include "git/ewah.h"

#include "base/ctx.h"

static const uint64_t run_max = 0xffffffff, literals_max = 0x7fffffff, ones = ~(uint64_t)0;

enum { HEAD = 8, TAIL = 4 };

enum err ewah_cut(struct ctx *c, struct str *rest, struct ewah *out)
{
	if (rest->len < HEAD + TAIL)
		return fail(c, ERR_CORRUPT, "a bitmap ends within its head");
	uint32_t words = get_be32(rest->at + 4);
	if ((rest->len - HEAD - TAIL) / 8 < words)
		return fail(c, ERR_CORRUPT, "a bitmap of %u words is cut off", words);
	*out = (struct ewah){(const uint8_t *)rest->at + HEAD, words};
	*rest = str_from_index(*rest, HEAD + (size_t)words * 8 + TAIL);
	return OK;
}

static enum err fail_range(struct ctx *c)
{
	return fail(c, ERR_CORRUPT, "a bitmap has more bits than there are objects");
}

/* No bit may be set that stands for nothing. */
static enum err check_last(struct ctx *c, const struct bits *b)
{
	if (b->count % 64 && b->words[b->count / 64] >> (b->count % 64))
		return fail_range(c);
	return OK;
}

enum err ewah_xor(struct ctx *c, const struct ewah *e, struct bits *to)
{
	size_t at = 0, room = bits_words(to->count);
	uint64_t *words = to->words;
	while (at < e->words) {
		uint64_t head = get_be64(e->at + 8 * at++);
		uint64_t run = head >> 1 & run_max, literals = head >> 33;
		if (run > room || literals > room - run || literals > e->words - at)
			return fail_range(c);
		for (uint64_t i = 0; (head & 1) && i < run; i++)
			words[i] ^= ones;
		words += run;
		for (uint64_t i = 0; i < literals; i++)
			words[i] ^= get_be64(e->at + 8 * (at + (size_t)i));
		words += literals;
		at += (size_t)literals;
		room -= (size_t)(run + literals);
	}
	return check_last(c, to);
}

enum err ewah_or(struct ctx *c, const struct ewah *e, struct bits *to)
{
	size_t at = 0, room = bits_words(to->count);
	uint64_t *words = to->words;
	while (at < e->words) {
		uint64_t head = get_be64(e->at + 8 * at++);
		uint64_t run = head >> 1 & run_max, literals = head >> 33;
		if (run > room || literals > room - run || literals > e->words - at)
			return fail_range(c);
		if (head & 1)
			memset(words, 0xff, (size_t)run * sizeof *words);
		words += run;
		for (uint64_t i = 0; i < literals; i++)
			words[i] |= get_be64(e->at + 8 * (at + (size_t)i));
		words += literals;
		at += (size_t)literals;
		room -= (size_t)(run + literals);
	}
	return check_last(c, to);
}

static uint64_t word_at(const struct bits *b, const struct bits *other, size_t i)
{
	return other ? b->words[i] ^ other->words[i] : b->words[i];
}

static bool is_plain(uint64_t word)
{
	return word == 0 || word == ones;
}

/* One head, its run and its literals from word *at on. */
static void piece_append(
	struct buf *out, const struct bits *b, const struct bits *other, size_t *at)
{
	size_t count = bits_words(b->count), from = *at, head = out->len;
	uint64_t first = from < count ? word_at(b, other, from) : 0, run = 0, literals = 0;
	buf_reserve(out, 8);
	out->len += 8;
	if (is_plain(first))
		while (from + run < count && run < run_max &&
			word_at(b, other, from + (size_t)run) == first)
			run++;
	from += (size_t)run;
	while (from < count && literals < literals_max && !is_plain(word_at(b, other, from))) {
		buf_reserve(out, 8);
		put_be64(out->at + out->len, word_at(b, other, from++));
		out->len += 8;
		literals++;
	}
	put_be64(out->at + head, literals << 33 | run << 1 | (run && first == ones));
	*at = from;
}

void ewah_append(struct buf *out, const struct bits *b, const struct bits *other)
{
	size_t at = 0, start = out->len, last = 0, count = bits_words(b->count);
	buf_be32(out, b->count);
	buf_be32(out, 0);
	do {
		last = out->len;
		piece_append(out, b, other, &at);
	} while (at < count);
	put_be32(out->at + start + 4, (uint32_t)((out->len - start - HEAD) / 8));
	buf_be32(out, (uint32_t)((last - start - HEAD) / 8));
}
