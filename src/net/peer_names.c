#include "net/peer_names.h"

#include "base/sort.h"
#include "base/vec.h"

#include <stdlib.h>

enum { NAME_BYTES_MAX = 255 };

static bool is_plain(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((uint8_t)text.at[i] <= ' ' || (uint8_t)text.at[i] >= 0x7f)
			return false;
	return text.len && text.len <= NAME_BYTES_MAX;
}

/* What a "*" stops at; 0 for what is neither of DNS nor a URI. Cuts the kind off. */
static char separator_of(struct str *name)
{
	if (str_skip(name, STR("dns:")))
		return '.';
	return str_skip(name, STR("uri:")) ? '/' : 0;
}

static bool is_pattern(struct str pattern)
{
	char separator = separator_of(&pattern);
	if (!separator || !is_plain(pattern))
		return false;
	for (struct str rest = pattern; rest.len;) {
		struct str part = str_cut(&rest, separator);
		if (str_find(part, '*') < part.len && part.len > 1)
			return false;
	}
	return true;
}

bool peer_name_is_plain(struct str name)
{
	return separator_of(&name) && is_plain(name);
}

enum err peer_patterns_check(struct ctx *c, struct str patterns)
{
	for (struct str rest = patterns; rest.len;) {
		struct str pattern = str_trim(str_cut(&rest, ','));
		if (pattern.len && !is_pattern(pattern))
			return fail(c, ERR_INVALID,
				"\"%.*s\" is no pattern such as dns:*.nodes.example.org or "
				"uri:spiffe://example.org/role/*",
				STR_FMT(str_until(pattern, NAME_BYTES_MAX)));
	}
	return OK;
}

static bool part_fits(struct str pattern, struct str part, bool caseless)
{
	if (str_is(pattern, "*"))
		return part.len > 0;
	return caseless ? str_eq_nocase(pattern, part) : str_eq(pattern, part);
}

static bool pattern_fits(struct str pattern, struct str name)
{
	char separator = separator_of(&pattern);
	if (!separator || separator_of(&name) != separator || !is_plain(name))
		return false;
	while (pattern.len && name.len) {
		/* One that ends in a separator has an empty part after it, and the other must too. */
		bool more = str_find(pattern, separator) < pattern.len;
		if (more != (str_find(name, separator) < name.len))
			return false;
		struct str part = str_cut(&name, separator);
		if (!part_fits(str_cut(&pattern, separator), part, separator == '.'))
			return false;
	}
	return !pattern.len && !name.len;
}

bool peer_patterns_fit(struct str patterns, struct str name)
{
	while (patterns.len) {
		struct str pattern = str_trim(str_cut(&patterns, ','));
		if (pattern_fits(pattern, name))
			return true;
	}
	return false;
}

static int digit_of(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	char small = (char)(byte | 0x20);
	return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

/* From the last digit on; colons stand where they like. */
static bool read_serial(struct str text, struct serial *out)
{
	size_t digits = 0;
	for (size_t i = text.len; i-- > 0;) {
		int digit = digit_of(text.at[i]);
		if (text.at[i] == ':')
			continue;
		if (digit < 0 || (digits == 2 * SERIAL_BYTES && digit))
			return false;
		if (digits == 2 * SERIAL_BYTES)
			continue;
		out->bytes[SERIAL_BYTES - 1 - digits / 2] |=
			(uint8_t)(digits % 2 ? digit << 4 : digit);
		digits++;
	}
	return digits > 0;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct serial));
}

static int compare_for_sort(const void *a, const void *b, const void *arg)
{
	(void)arg;
	return compare(a, b);
}

enum err serials_parse(struct ctx *c, struct str text, struct serials *out)
{
	VEC_OF(struct serial) all = {.arena = c->arena};
	struct str line;
	for (size_t number = 1; str_line(&text, &line); number++) {
		struct str serial = str_trim(str_cut(&line, '#'));
		if (!serial.len)
			continue;
		if (all.len == SERIALS_MAX)
			return fail(c, ERR_INVALID, "there are more than %d serial numbers",
				SERIALS_MAX);
		if (!read_serial(serial, vec_push(&all)))
			return fail(c, ERR_INVALID,
				"line %zu is no serial number of up to %d hexadecimal digits",
				number, 2 * SERIAL_BYTES);
	}
	if (all.len)
		sort_array(c->arena, all.at, all.len, sizeof *all.at, compare_for_sort, NULL);
	*out = (struct serials){all.at, all.len};
	return OK;
}

bool serials_have(const struct serials *all, const uint8_t *bytes, size_t len)
{
	struct serial key = {0};
	while (len && !*bytes)
		bytes++, len--;
	if (len > SERIAL_BYTES || !all->count)
		return false;
	memcpy(key.bytes + SERIAL_BYTES - len, bytes, len);
	return bsearch(&key, all->at, all->count, sizeof key, compare);
}
