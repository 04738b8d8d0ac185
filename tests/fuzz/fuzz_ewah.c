/*
 * A compressed set: what can be read can be written again and is the same; xor and or agree.
 *
 * Input: a byte (the size of the set, times 8), then the set as in a file.
 */
#include "git/ewah.h"

#include "fuzz.h"

static void fuzz_one(struct ctx *c, struct str input)
{
	if (!input.len)
		return;
	uint32_t count = (uint8_t)input.at[0] * 8u + 3;
	struct str rest = str_from_index(input, 1);
	struct bits one = bits_make(c->arena, count), two = bits_make(c->arena, count);
	struct ewah e;
	if (ewah_cut(c, &rest, &e))
		return;
	enum err or = ewah_or(c, &e, &one);
	ASSERT(ewah_xor(c, &e, &two) == or);
	if (or)
		return;
	ASSERT(memcmp(one.words, two.words, bits_words(count) * 8) == 0);
	struct buf out = {.arena = c->arena};
	ewah_append(&out, &one, NULL);
	rest = buf_view(&out);
	ASSERT(!ewah_cut(c, &rest, &e) && rest.len == 0);
	ASSERT(!ewah_xor(c, &e, &two) && bits_count(&two) == 0);
}
