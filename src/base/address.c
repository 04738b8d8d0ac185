#include "base/address.h"

#include "base/buf.h"

enum { WORDS = 8 };

/* "192.0.2.1" as two words. */
static bool parse_dotted(struct str text, uint16_t out[2])
{
	uint64_t bytes[4];
	for (size_t i = 0; i < 4; i++) {
		if (i == 3 && str_find(text, '.') < text.len)
			return false;
		if (!str_to_u64(str_cut(&text, '.'), &bytes[i]) || bytes[i] > 255)
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
