#include "base/address.h"

#include "base/buf.h"

enum { WORDS = 8, V4_WORDS = 2, V4_AT = ADDRESS_BYTES - 4, V4_PREFIX = 8 * V4_AT };

/* "192.0.2.1" as two words. With a leading zero some would take a number for octal. */
static bool parse_dotted(struct str text, uint16_t out[V4_WORDS])
{
	uint64_t bytes[4];
	for (size_t i = 0; i < 4; i++) {
		if (i == 3 && str_find(text, '.') < text.len)
			return false;
		struct str number = str_cut(&text, '.');
		if (!str_to_u64(number, &bytes[i]) || bytes[i] > 255)
			return false;
		if (number.len > 1 && number.at[0] == '0')
			return false;
	}
	out[0] = (uint16_t)(bytes[0] << 8 | bytes[1]);
	out[1] = (uint16_t)(bytes[2] << 8 | bytes[3]);
	return true;
}

/* Words between colons, the last two perhaps dotted; how many, or -1. */
static int parse_words(struct str text, uint16_t out[WORDS])
{
	int count = 0;
	while (text.len) {
		bool last = str_find(text, ':') == text.len;
		struct str word = str_cut(&text, ':');
		uint64_t value;
		if (last && count + 2 <= WORDS && str_find(word, '.') < word.len)
			return parse_dotted(word, &out[count]) ? count + 2 : -1;
		if (count == WORDS || word.len > 4 || !str_hex_to_u64(word, &value))
			return -1;
		out[count++] = (uint16_t)value;
		if (!last && !text.len)
			return -1;
	}
	return count;
}

static bool parse(struct str text, uint16_t out[WORDS])
{
	uint16_t head[WORDS], tail[WORDS];
	size_t gap = str_find_str(text, STR("::"));
	bool has_gap = gap < text.len;
	int before = parse_words(str_until(text, gap), head);
	int after = has_gap ? parse_words(str_from_index(text, gap + 2), tail) : 0;
	if (before < 0 || after < 0 || (has_gap ? before + after >= WORDS : before != WORDS))
		return false;
	memset(out, 0, WORDS * sizeof *out);
	memcpy(out, head, (size_t)before * sizeof *out);
	if (after)
		memcpy(out + WORDS - after, tail, (size_t)after * sizeof *out);
	return true;
}

static bool carries_v4(const uint16_t words[WORDS])
{
	bool zero = !(words[0] | words[1] | words[2] | words[3] | words[4]);
	return zero && words[5] == 0xffff;
}

static bool is_self(const uint16_t words[WORDS])
{
	int bits = 0;
	for (size_t i = 0; i + 1 < WORDS; i++)
		bits |= words[i];
	return !bits && words[WORDS - 1] == 1;
}

struct str address_group(struct str address, char text[ADDRESS_GROUP_MAX])
{
	uint16_t words[WORDS];
	size_t len;
	if (!parse(address, words)) {
		struct str cut = str_until(address, ADDRESS_GROUP_MAX - 1);
		if (cut.len)
			memcpy(text, cut.at, cut.len);
		text[cut.len] = 0;
		return str_from(text, cut.len);
	}
	if (is_self(words))
		len = fmt_into(text, ADDRESS_GROUP_MAX, "::1");
	else if (carries_v4(words))
		len = fmt_into(text, ADDRESS_GROUP_MAX, "%d.%d.%d.%d", words[6] >> 8,
			words[6] & 255, words[7] >> 8, words[7] & 255);
	else
		len = fmt_into(text, ADDRESS_GROUP_MAX, "%x:%x:%x:%x::/64", words[0], words[1],
			words[2], words[3]);
	return str_from(text, len);
}

bool address_group_is_loopback(struct str group)
{
	return str_starts(group, STR("127.")) || str_is(group, "::1");
}

bool address_parse(struct str text, uint8_t out[ADDRESS_BYTES])
{
	uint16_t words[WORDS] = {[5] = 0xffff};
	if (!parse_dotted(text, words + WORDS - V4_WORDS) && !parse(text, words))
		return false;
	for (size_t i = 0; i < WORDS; i++) {
		out[2 * i] = (uint8_t)(words[i] >> 8);
		out[2 * i + 1] = (uint8_t)words[i];
	}
	return true;
}

bool network_parse(struct str text, struct network *out)
{
	struct str bits = text, address = str_cut(&bits, '/');
	uint64_t number = 0;
	if (!address_parse(address, out->address))
		return false;
	uint64_t before = str_find(address, ':') < address.len ? 0 : V4_PREFIX;
	uint64_t most = 8 * ADDRESS_BYTES - before;
	if (address.len < text.len && (!str_to_u64(bits, &number) || number > most))
		return false;
	out->bits = (int)(before + (address.len < text.len ? number : most));
	return true;
}

bool network_has(const struct network *network, const uint8_t address[ADDRESS_BYTES])
{
	int whole = network->bits / 8, rest = network->bits % 8;
	const uint8_t *a = address, *b = network->address;
	if (memcmp(a, b, (size_t)whole) != 0)
		return false;
	return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

#define V4(a, b, c, bits)                                                                          \
	{                                                                                          \
		{[10] = 0xff, [11] = 0xff, [12] = (a), [13] = (b), [14] = (c)}, V4_PREFIX + (bits) \
	}

static const struct network special[] = {
	V4(0, 0, 0, 8),                 /* this network */
	V4(10, 0, 0, 8),                /* private */
	V4(100, 64, 0, 10),             /* of carriers */
	V4(127, 0, 0, 8),               /* this machine */
	V4(169, 254, 0, 16),            /* link-local, metadata of clouds */
	V4(172, 16, 0, 12),             /* private */
	V4(192, 0, 0, 24),              /* of protocols */
	V4(192, 0, 2, 24),              /* for examples */
	V4(192, 88, 99, 24),            /* relays of 6to4 */
	V4(192, 168, 0, 16),            /* private */
	V4(198, 18, 0, 15),             /* for benchmarks */
	V4(198, 51, 100, 24),           /* for examples */
	V4(203, 0, 113, 24),            /* for examples */
	V4(224, 0, 0, 4),               /* multicast */
	V4(240, 0, 0, 4),               /* reserved, broadcast */
	{{0x20, 0x01}, 23},             /* of protocols, Teredo */
	{{0x20, 0x01, 0x0d, 0xb8}, 32}, /* for examples */
	{{0x20, 0x02}, 16},             /* 6to4 */
	{{0x3f, 0xff}, 20},             /* for examples */
};

static const struct network mapped = {{[10] = 0xff, [11] = 0xff}, V4_PREFIX};
static const struct network translated = {{0x00, 0x64, 0xff, 0x9b}, V4_PREFIX};
static const struct network global = {{0x20}, 3};

bool address_is_public(const uint8_t address[ADDRESS_BYTES])
{
	uint8_t inner[ADDRESS_BYTES];
	memcpy(inner, address, sizeof inner);
	if (network_has(&translated, address))
		memcpy(inner, mapped.address, V4_AT);
	else if (!network_has(&mapped, address) && !network_has(&global, address))
		return false;
	for (size_t i = 0; i < sizeof special / sizeof *special; i++)
		if (network_has(&special[i], inner))
			return false;
	return true;
}
