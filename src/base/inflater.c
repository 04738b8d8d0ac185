#include "base/inflater.h"

#include <string.h>

enum { CODE_LENGTHS = 19, END_OF_BLOCK = 256, ADLER_BASE = 65521, ADLER_RUN = 5552 };

/* What one step reads and writes. */
struct step {
	const uint8_t *in, *in_end;
	uint8_t *out, *out_end;
};

/* Does the state go on, or is it to be called again with more input or room? */
enum going { GOES_ON, WAITS, BAD };

void inflater_init(struct inflater *z)
{
	z->state = INFLATER_HEAD;
	z->last = false;
	z->bits = 0;
	z->have = 0;
	z->sum[0] = 1;
	z->sum[1] = 0;
	z->at = z->reach = 0;
}

/* A byte is taken only when its bits are wanted, so that none is left over at the end. */
static bool need(struct inflater *z, struct step *s, unsigned count)
{
	while (z->have < count) {
		if (s->in == s->in_end)
			return false;
		z->bits |= (uint64_t)*s->in++ << z->have;
		z->have += 8;
	}
	return true;
}

static uint32_t take(struct inflater *z, unsigned count)
{
	uint32_t value = (uint32_t)(z->bits & (((uint64_t)1 << count) - 1));
	z->bits >>= count;
	z->have -= count;
	return value;
}

static void to_byte(struct inflater *z)
{
	take(z, z->have % 8);
}

static uint16_t reversed(unsigned code, unsigned length)
{
	unsigned out = 0;
	for (unsigned i = 0; i < length; i++)
		out |= (code >> i & 1) << (length - 1 - i);
	return (uint16_t)out;
}

/* Fills the entries of all that begins with each short code. */
static void fill_fast(struct inflater_code *code, const uint8_t *lengths, unsigned count)
{
	unsigned next[INFLATER_LONGEST + 1] = {0};
	memset(code->fast, 0, sizeof code->fast);
	for (unsigned length = 1; length < INFLATER_LONGEST; length++)
		next[length + 1] = (next[length] + code->count[length]) << 1;
	for (unsigned symbol = 0; symbol < count; symbol++) {
		unsigned length = lengths[symbol];
		if (!length)
			continue;
		unsigned at = reversed(next[length]++, length);
		for (; length <= INFLATER_FAST && at < 1 << INFLATER_FAST; at += 1u << length)
			code->fast[at] = (uint16_t)(symbol << 4 | length);
	}
}

/* False: there are more codes than bits tell apart, or fewer. One alone, of one bit, may be; and none. */
static bool code_make(
	struct inflater_code *code, const uint8_t *lengths, unsigned count, bool may_lack)
{
	uint16_t at[INFLATER_LONGEST + 2] = {0};
	int left = 1;
	memset(code->count, 0, sizeof code->count);
	code->longest = 1;
	for (unsigned i = 0; i < count; i++)
		code->count[lengths[i]]++;
	bool none = code->count[0] == count;
	code->count[0] = 0;
	for (unsigned length = 1; length <= INFLATER_LONGEST; length++) {
		left = left * 2 - code->count[length];
		if (left < 0)
			return false;
		code->longest = code->count[length] ? length : code->longest;
		at[length + 1] = (uint16_t)(at[length] + code->count[length]);
	}
	for (unsigned i = 0; i < count; i++)
		if (lengths[i])
			code->symbols[at[lengths[i]]++] = (uint16_t)i;
	fill_fast(code, lengths, count);
	return left == 0 || none || (may_lack && code->longest == 1);
}

enum { MORE = -1, NONE = -2 };

/* Bit by bit: for codes that are long. */
static int symbol_of(const struct inflater_code *code, uint64_t bits, unsigned have, unsigned *used)
{
	int value = 0, first = 0, index = 0;
	for (unsigned length = 1; length <= code->longest; length++, bits >>= 1) {
		int count = code->count[length];
		if (length > have)
			return MORE;
		value |= (int)(bits & 1);
		if (value - first < count) {
			*used = length;
			return code->symbols[index + value - first];
		}
		index += count;
		first = (first + count) << 1;
		value <<= 1;
	}
	return NONE;
}

static enum going read_symbol(struct inflater *z, struct step *s, const struct inflater_code *code)
{
	while (true) {
		unsigned fast = code->fast[z->bits & ((1 << INFLATER_FAST) - 1)], used = fast & 15;
		int symbol = (int)(fast >> 4);
		if (!fast || used > z->have)
			symbol = symbol_of(code, z->bits, z->have, &used);
		if (symbol >= 0) {
			take(z, used);
			z->symbol = (unsigned)symbol;
			return GOES_ON;
		}
		if (symbol == NONE)
			return BAD;
		if (!need(z, s, z->have + 1))
			return WAITS;
	}
}

static enum going read_head(struct inflater *z, struct step *s)
{
	if (!need(z, s, 16))
		return WAITS;
	uint32_t method = z->bits & 0xff, flags = z->bits >> 8 & 0xff;
	if ((method & 15) != 8 || method >> 4 > 7 || (method * 256 + flags) % 31)
		return BAD;
	/* A stream that goes on from a dictionary says which: nobody here has one. */
	if (flags & 32)
		return need(z, s, 48) ? BAD : WAITS;
	take(z, 16);
	z->state = INFLATER_BLOCK;
	return GOES_ON;
}

static void use_fixed_codes(struct inflater *z)
{
	memset(z->lengths, 8, 144);
	memset(z->lengths + 144, 9, 112);
	memset(z->lengths + 256, 7, 24);
	memset(z->lengths + 280, 8, 8);
	memset(z->lengths + INFLATER_LITERALS, 5, INFLATER_DISTANCES);
	(void)code_make(&z->literal, z->lengths, INFLATER_LITERALS, false);
	(void)code_make(&z->distant, z->lengths + INFLATER_LITERALS, INFLATER_DISTANCES, false);
}

static enum going read_block(struct inflater *z, struct step *s)
{
	static const enum inflater_state kinds[] = {
		INFLATER_STORED, INFLATER_SYMBOL, INFLATER_COUNTS};
	if (z->last) {
		to_byte(z);
		z->state = INFLATER_CHECK;
		return GOES_ON;
	}
	if (!need(z, s, 3))
		return WAITS;
	z->last = take(z, 1);
	uint32_t kind = take(z, 2);
	if (kind == 3)
		return BAD;
	if (kind == 0)
		to_byte(z);
	if (kind == 1)
		use_fixed_codes(z);
	z->state = kinds[kind];
	return GOES_ON;
}

static enum going read_stored(struct inflater *z, struct step *s)
{
	if (!need(z, s, 32))
		return WAITS;
	uint32_t length = take(z, 16), check = take(z, 16);
	if (length != (check ^ 0xffff))
		return BAD;
	z->length = length;
	z->state = INFLATER_COPY;
	return GOES_ON;
}

static void give(struct inflater *z, struct step *s, uint8_t byte)
{
	*s->out++ = byte;
	z->window[z->at] = byte;
	z->at = (z->at + 1) % INFLATER_WINDOW;
	z->reach += z->reach < INFLATER_WINDOW;
}

static enum going copy_stored(struct inflater *z, struct step *s)
{
	for (; z->length; z->length--) {
		if (s->out == s->out_end || !need(z, s, 8))
			return WAITS;
		give(z, s, (uint8_t)take(z, 8));
	}
	z->state = INFLATER_BLOCK;
	return GOES_ON;
}

static enum going read_counts(struct inflater *z, struct step *s)
{
	if (!need(z, s, 14))
		return WAITS;
	z->literals = take(z, 5) + 257;
	z->distances = take(z, 5) + 1;
	z->codes = take(z, 4) + 4;
	z->filled = 0;
	memset(z->lengths, 0, CODE_LENGTHS);
	z->state = INFLATER_CODE_LENGTHS;
	return z->literals > 286 || z->distances > 30 ? BAD : GOES_ON;
}

/* The code in which the lengths of the others are written; it takes the place of one of them meanwhile. */
static enum going read_code_lengths(struct inflater *z, struct step *s)
{
	static const uint8_t order[CODE_LENGTHS] = {
		16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
	for (; z->filled < z->codes; z->filled++) {
		if (!need(z, s, 3))
			return WAITS;
		z->lengths[order[z->filled]] = (uint8_t)take(z, 3);
	}
	z->filled = 0;
	z->symbol = CODE_LENGTHS;
	z->state = INFLATER_LENGTHS;
	return code_make(&z->literal, z->lengths, CODE_LENGTHS, false) ? GOES_ON : BAD;
}

static enum going make_codes(struct inflater *z)
{
	z->state = INFLATER_SYMBOL;
	if (!z->lengths[END_OF_BLOCK] || !code_make(&z->literal, z->lengths, z->literals, true) ||
		!code_make(&z->distant, z->lengths + z->literals, z->distances, true))
		return BAD;
	return GOES_ON;
}

/* 16: the length before, again; 17 and 18: none. z->symbol stays while its bits are waited for. */
static enum going read_lengths(struct inflater *z, struct step *s)
{
	static const uint8_t bits[] = {2, 3, 7}, least[] = {3, 3, 11};
	while (z->filled < z->literals + z->distances) {
		if (z->symbol == CODE_LENGTHS) {
			enum going going = read_symbol(z, s, &z->literal);
			if (going)
				return going;
		}
		uint8_t length = (uint8_t)z->symbol;
		uint32_t times = 1;
		if (z->symbol >= 16) {
			unsigned kind = z->symbol - 16;
			if (!need(z, s, bits[kind]))
				return WAITS;
			times = take(z, bits[kind]) + least[kind];
			if (kind == 0 && !z->filled)
				return BAD;
			length = kind ? 0 : z->lengths[z->filled - 1];
		}
		if (z->filled + times > z->literals + z->distances)
			return BAD;
		memset(z->lengths + z->filled, length, times);
		z->filled += times;
		z->symbol = CODE_LENGTHS;
	}
	return make_codes(z);
}

static enum going read_literal(struct inflater *z, struct step *s)
{
	enum going going = read_symbol(z, s, &z->literal);
	if (going)
		return going;
	if (z->symbol < END_OF_BLOCK)
		z->state = INFLATER_LITERAL;
	else if (z->symbol == END_OF_BLOCK)
		z->state = INFLATER_BLOCK;
	else
		z->state = INFLATER_EXTRA;
	return z->symbol > 285 ? BAD : GOES_ON;
}

static enum going give_literal(struct inflater *z, struct step *s)
{
	if (s->out == s->out_end)
		return WAITS;
	give(z, s, (uint8_t)z->symbol);
	z->state = INFLATER_SYMBOL;
	return GOES_ON;
}

static enum going read_extra(struct inflater *z, struct step *s)
{
	static const uint16_t least[] = {3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31,
		35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
	static const uint8_t bits[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3,
		4, 4, 4, 4, 5, 5, 5, 5, 0};
	unsigned kind = z->symbol - END_OF_BLOCK - 1;
	if (!need(z, s, bits[kind]))
		return WAITS;
	z->length = least[kind] + take(z, bits[kind]);
	z->state = INFLATER_DISTANCE;
	return GOES_ON;
}

static enum going read_distance(struct inflater *z, struct step *s)
{
	enum going going = read_symbol(z, s, &z->distant);
	z->state = going ? z->state : INFLATER_FAR;
	return !going && z->symbol > 29 ? BAD : going;
}

static enum going read_far(struct inflater *z, struct step *s)
{
	static const uint16_t least[] = {1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193,
		257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
	unsigned bits = z->symbol < 4 ? 0 : z->symbol / 2 - 1;
	if (!need(z, s, bits))
		return WAITS;
	z->distance = least[z->symbol] + take(z, bits);
	z->state = INFLATER_MATCH;
	return z->distance > z->reach ? BAD : GOES_ON;
}

static enum going give_match(struct inflater *z, struct step *s)
{
	for (; z->length; z->length--) {
		if (s->out == s->out_end)
			return WAITS;
		give(z, s, z->window[(z->at - z->distance) % INFLATER_WINDOW]);
	}
	z->state = INFLATER_SYMBOL;
	return GOES_ON;
}

static void add_up(struct inflater *z, const uint8_t *from, const uint8_t *end)
{
	while (from < end) {
		const uint8_t *stop = end - from > ADLER_RUN ? from + ADLER_RUN : end;
		for (; from < stop; from++) {
			z->sum[0] += *from;
			z->sum[1] += z->sum[0];
		}
		z->sum[0] %= ADLER_BASE;
		z->sum[1] %= ADLER_BASE;
	}
}

/* The sum must be of all that was given: the loop sees to that. */
static enum going read_check(struct inflater *z, struct step *s)
{
	uint32_t sum = 0;
	if (!need(z, s, 32))
		return WAITS;
	for (int i = 0; i < 4; i++)
		sum = sum << 8 | take(z, 8);
	z->state = INFLATER_END;
	return sum == (z->sum[1] << 16 | z->sum[0]) ? GOES_ON : BAD;
}

enum err inflater_step(struct ctx *c, struct inflater *z, struct zip_io *io, bool *done)
{
	static enum going (*const states[])(struct inflater *, struct step *) = {
		[INFLATER_HEAD] = read_head,
		[INFLATER_BLOCK] = read_block,
		[INFLATER_STORED] = read_stored,
		[INFLATER_COPY] = copy_stored,
		[INFLATER_COUNTS] = read_counts,
		[INFLATER_CODE_LENGTHS] = read_code_lengths,
		[INFLATER_LENGTHS] = read_lengths,
		[INFLATER_SYMBOL] = read_literal,
		[INFLATER_LITERAL] = give_literal,
		[INFLATER_EXTRA] = read_extra,
		[INFLATER_DISTANCE] = read_distance,
		[INFLATER_FAR] = read_far,
		[INFLATER_MATCH] = give_match,
		[INFLATER_CHECK] = read_check,
	};
	const uint8_t *in = io->in;
	uint8_t *out = io->out, *summed = out;
	struct step s = {in, in + io->in_len, out, out + io->out_len};
	enum going going = GOES_ON;
	while (going == GOES_ON && z->state != INFLATER_END) {
		if (z->state == INFLATER_CHECK) {
			add_up(z, summed, s.out);
			summed = s.out;
		}
		going = states[z->state](z, &s);
	}
	add_up(z, summed, s.out);
	io->in_len = (size_t)(s.in - in);
	io->out_len = (size_t)(s.out - out);
	*done = z->state == INFLATER_END && going == GOES_ON;
	return going == BAD ? fail(c, ERR_CORRUPT, "compressed data is damaged") : OK;
}
