#include "base/str.h"

#include "base/arena.h"

int str_cmp(struct str a, struct str b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.at, b.at, common) : 0;
	return order ? order : (a.len > b.len) - (a.len < b.len);
}

bool str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_eq(str_until(s, prefix.len), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.len >= suffix.len && str_eq(str_from_index(s, s.len - suffix.len), suffix);
}

static unsigned char lower(char byte)
{
	unsigned char b = (unsigned char)byte;
	return b >= 'A' && b <= 'Z' ? (unsigned char)(b | 0x20) : b;
}

bool str_eq_nocase(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.at[i]) != lower(b.at[i]))
			return false;
	return true;
}

size_t str_find(struct str s, char byte)
{
	const char *hit = s.len ? memchr(s.at, byte, s.len) : NULL;
	return hit ? (size_t)(hit - s.at) : s.len;
}

size_t str_find_last(struct str s, char byte)
{
	for (size_t i = s.len; i > 0; i--)
		if (s.at[i - 1] == byte)
			return i - 1;
	return s.len;
}

size_t str_find_str(struct str s, struct str needle)
{
	if (needle.len == 0)
		return 0;
	for (size_t i = 0; i + needle.len <= s.len; i++) {
		i += str_find(str_from_index(s, i), needle.at[0]);
		if (str_starts(str_from_index(s, i), needle))
			return i;
	}
	return s.len;
}

struct str str_from_index(struct str s, size_t from)
{
	if (from > s.len)
		from = s.len;
	return from ? (struct str){s.at + from, s.len - from} : s;
}

struct str str_until(struct str s, size_t to)
{
	return (struct str){s.at, to < s.len ? to : s.len};
}

bool str_skip(struct str *s, struct str prefix)
{
	bool there = str_starts(*s, prefix);
	if (there)
		*s = str_from_index(*s, prefix.len);
	return there;
}

bool str_skip_end(struct str *s, struct str suffix)
{
	bool there = str_ends(*s, suffix);
	if (there)
		s->len -= suffix.len;
	return there;
}

struct str str_cut(struct str *rest, char byte)
{
	size_t at = str_find(*rest, byte);
	struct str before = str_until(*rest, at);
	*rest = str_from_index(*rest, at < rest->len ? at + 1 : at);
	return before;
}

bool str_line(struct str *rest, struct str *line)
{
	if (rest->len == 0)
		return false;
	*line = str_cut(rest, '\n');
	return true;
}

static bool is_space(char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

struct str str_trim(struct str s)
{
	while (s.len && is_space(s.at[0]))
		s = str_from_index(s, 1);
	while (s.len && is_space(s.at[s.len - 1]))
		s.len--;
	return s;
}

static unsigned digit_of(char byte)
{
	if (byte >= '0' && byte <= '9')
		return (unsigned)(byte - '0');
	unsigned char b = lower(byte);
	return b >= 'a' && b <= 'f' ? b - 'a' + 10u : 99;
}

static bool to_u64(struct str s, unsigned base, uint64_t *out)
{
	uint64_t value = 0;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = digit_of(s.at[i]);
		if (digit >= base || value > (UINT64_MAX - digit) / base)
			return false;
		value = value * base + digit;
	}
	if (s.len)
		*out = value;
	return s.len > 0;
}

bool str_to_u64(struct str s, uint64_t *out)
{
	return to_u64(s, 10, out);
}

bool str_hex_to_u64(struct str s, uint64_t *out)
{
	return to_u64(s, 16, out);
}

/* The length of the well-formed UTF-8 sequence (Unicode 15, table 3-7) that starts at s, or 0. */
static size_t utf8_len(const unsigned char *s, size_t left)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t len = 0;
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	if (len == 0 || left < len)
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0; /* else it is longer than need be */
	if (s[0] == 0xed)
		high = 0x9f; /* else a surrogate */
	if (s[0] == 0xf0)
		low = 0x90;
	if (s[0] == 0xf4)
		high = 0x8f; /* else over U+10FFFF */
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return len;
}

size_t str_utf8_len(struct str s)
{
	return s.len ? utf8_len((const unsigned char *)s.at, s.len) : 0;
}

bool str_is_utf8(struct str s)
{
	while (s.len) {
		size_t len = str_utf8_len(s);
		if (len == 0)
			return false;
		s = str_from_index(s, len);
	}
	return true;
}

char *str_dup(struct arena *a, struct str s)
{
	return arena_strndup(a, s.at, s.len);
}

struct str str_copy(struct arena *a, struct str s)
{
	return (struct str){str_dup(a, s), s.len};
}
