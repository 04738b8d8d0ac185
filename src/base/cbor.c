#include "base/cbor.h"

/* The first byte of a value: its major type, and its number or how many bytes the number takes. */
enum { UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE };
enum { ONE_BYTE = 24, EIGHT_BYTES = 27 };
enum { FALSE_VALUE = 20, TRUE_VALUE = 21, NULL_VALUE = 22 };

static enum err cut_short(struct ctx *c)
{
	return fail(c, ERR_INVALID, "the CBOR ends in the middle of a value");
}

/* The number of a head whose first byte is taken already. */
static enum err take_number(struct ctx *c, struct str *rest, unsigned info, uint64_t *out)
{
	*out = info;
	if (info < ONE_BYTE)
		return OK;
	if (info > EIGHT_BYTES)
		return fail(c, ERR_INVALID, "the CBOR has a value of indefinite length");
	size_t len = (size_t)1 << (info - ONE_BYTE);
	if (rest->len < len)
		return cut_short(c);
	uint64_t number = 0;
	for (size_t i = 0; i < len; i++)
		number = number << 8 | (uint8_t)rest->at[i];
	uint64_t least = len == 1 ? ONE_BYTE : (uint64_t)1 << len * 4;
	if (number < least)
		return fail(c, ERR_INVALID, "the CBOR has a number that is longer than it need be");
	*rest = str_from_index(*rest, len);
	*out = number;
	return OK;
}

static enum err take_simple(struct ctx *c, uint64_t number, struct cbor *out)
{
	out->kind = number == NULL_VALUE ? CBOR_NULL : CBOR_BOOL;
	out->integer = number == TRUE_VALUE;
	if (number < FALSE_VALUE || number > NULL_VALUE)
		return fail(c, ERR_INVALID, "the CBOR has a value of a kind that is not known");
	return OK;
}

static enum err take_integer(struct ctx *c, unsigned major, uint64_t number, struct cbor *out)
{
	out->kind = CBOR_INT;
	if (number > INT64_MAX)
		return fail(c, ERR_INVALID, "the CBOR has an integer over 64 bits");
	out->integer = major == UNSIGNED ? (int64_t)number : -1 - (int64_t)number;
	return OK;
}

static enum err take_string(
	struct ctx *c, unsigned major, uint64_t len, struct str *rest, struct cbor *out)
{
	out->kind = major == BYTES ? CBOR_BYTES : CBOR_TEXT;
	if (len > rest->len)
		return cut_short(c);
	out->text = str_until(*rest, (size_t)len);
	*rest = str_from_index(*rest, (size_t)len);
	if (major == TEXT && !str_is_utf8(out->text))
		return fail(c, ERR_INVALID, "the CBOR has a text that is no UTF-8");
	return OK;
}

/* A value, but of an array or a map only its head. */
static enum err take_head(struct ctx *c, struct str *rest, struct cbor *out)
{
	if (!rest->len)
		return cut_short(c);
	unsigned first = (uint8_t)*rest->at, major = first >> 5;
	uint64_t number;
	*rest = str_from_index(*rest, 1);
	*out = (struct cbor){0};
	/* A number of a simple value or of a tag may be longer by other rules: both are refused. */
	if (major == TAG || (major == SIMPLE && (first & 31) >= ONE_BYTE))
		return take_simple(c, 0, out);
	TRY(take_number(c, rest, first & 31, &number));
	switch (major) {
	case UNSIGNED:
	case NEGATIVE: return take_integer(c, major, number, out);
	case BYTES:
	case TEXT: return take_string(c, major, number, rest, out);
	case SIMPLE: return take_simple(c, number, out);
	default: break;
	}
	out->kind = major == ARRAY ? CBOR_ARRAY : CBOR_MAP;
	out->count = number;
	/* Each item takes a byte at least. */
	if (number > rest->len)
		return cut_short(c);
	return OK;
}

static uint64_t items_of(const struct cbor *value)
{
	bool holds = value->kind == CBOR_ARRAY || value->kind == CBOR_MAP;
	return holds ? value->count * (value->kind == CBOR_MAP ? 2 : 1) : 0;
}

enum err cbor_take(struct ctx *c, struct str *rest, struct cbor *out)
{
	TRY(take_head(c, rest, out));
	struct str inside = *rest;
	for (uint64_t missing = items_of(out); missing; missing--) {
		struct cbor item;
		TRY(take_head(c, rest, &item));
		missing += items_of(&item);
	}
	if (items_of(out))
		out->text = str_until(inside, inside.len - rest->len);
	return OK;
}

static const struct cbor *find(const struct cbor_map *map, const struct cbor *key)
{
	for (size_t i = 0; i < map->count; i++)
		if (map->keys[i].kind == key->kind && map->keys[i].integer == key->integer &&
			str_eq(map->keys[i].text, key->text))
			return &map->values[i];
	return NULL;
}

enum err cbor_map_read(struct ctx *c, const struct cbor *value, struct cbor_map *out)
{
	struct str rest = value->text;
	if (value->kind != CBOR_MAP)
		return fail(c, ERR_INVALID, "the CBOR has another value where a map should be");
	if (value->count > CBOR_PAIRS_MAX)
		return fail(
			c, ERR_TOO_BIG, "the CBOR has a map of more than %d pairs", CBOR_PAIRS_MAX);
	for (out->count = 0; out->count < value->count; out->count++) {
		struct cbor *key = &out->keys[out->count];
		TRY(cbor_take(c, &rest, key));
		if (key->kind != CBOR_INT && key->kind != CBOR_TEXT)
			return fail(c, ERR_INVALID,
				"the CBOR has a key that is neither a number nor text");
		if (find(out, key))
			return fail(c, ERR_INVALID, "the CBOR has the same key twice");
		TRY(cbor_take(c, &rest, &out->values[out->count]));
	}
	return OK;
}

static const struct cbor *of_kind(const struct cbor *value, enum cbor_kind kind)
{
	return value && value->kind == kind ? value : NULL;
}

const struct cbor *cbor_by_name(const struct cbor_map *map, const char *key, enum cbor_kind kind)
{
	return of_kind(find(map, &(struct cbor){.kind = CBOR_TEXT, .text = str_of(key)}), kind);
}

const struct cbor *cbor_by_number(const struct cbor_map *map, int64_t key, enum cbor_kind kind)
{
	return of_kind(find(map, &(struct cbor){.kind = CBOR_INT, .integer = key}), kind);
}
