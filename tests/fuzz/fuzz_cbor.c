/* CBOR: the canonical form has one spelling, so what is read and written again is the same. */
#include "fuzz/fuzz.h"

#include "base/buf.h"
#include "base/cbor.h"

static void put_head(struct buf *b, unsigned major, uint64_t number)
{
	unsigned info = number < 24            ? (unsigned)number
			: number <= UINT8_MAX  ? 24
			: number <= UINT16_MAX ? 25
			: number <= UINT32_MAX ? 26
					       : 27;
	buf_byte(b, (char)(major << 5 | info));
	for (int len = info < 24 ? 0 : 1 << (info - 24); len; len--)
		buf_byte(b, (char)(number >> 8 * (len - 1)));
}

/* Returns how many values follow that belong to it. */
static uint64_t put_value(struct buf *b, const struct cbor *v)
{
	switch (v->kind) {
	case CBOR_INT:
		put_head(b, v->integer < 0,
			(uint64_t)(v->integer < 0 ? -1 - v->integer : v->integer));
		return 0;
	case CBOR_BYTES:
	case CBOR_TEXT:
		put_head(b, v->kind == CBOR_BYTES ? 2 : 3, v->text.len);
		buf_str(b, v->text);
		return 0;
	case CBOR_ARRAY: put_head(b, 4, v->count); return v->count;
	case CBOR_MAP: put_head(b, 5, v->count); return 2 * v->count;
	case CBOR_BOOL: put_head(b, 7, 20 + (uint64_t)v->integer); return 0;
	case CBOR_NULL: put_head(b, 7, 22); return 0;
	}
	return 0;
}

static void check_map(struct ctx *c, const struct cbor *value)
{
	struct cbor_map map;
	if (cbor_map_read(c, value, &map))
		return;
	ASSERT(value->kind == CBOR_MAP && map.count == value->count);
	for (size_t i = 0; i < map.count; i++) {
		const struct cbor *key = &map.keys[i], *found = NULL;
		if (key->kind == CBOR_INT)
			found = cbor_by_number(&map, key->integer, map.values[i].kind);
		else if (!memchr(key->text.at, 0, key->text.len))
			found = cbor_by_name(
				&map, str_dup(c->arena, key->text), map.values[i].kind);
		else
			continue;
		ASSERT(found == &map.values[i]);
	}
}

static void fuzz_one(struct ctx *c, struct str input)
{
	struct str rest = input, inside;
	struct cbor value;
	struct buf again = {.arena = c->arena};
	if (cbor_take(c, &rest, &value)) {
		ASSERT(c->error.kind == ERR_INVALID);
		return;
	}
	check_map(c, &value);
	/* The items of all that is in it, one after the other, by their heads alone. */
	uint64_t missing = put_value(&again, &value);
	ASSERT(!missing || value.text.at + value.text.len == rest.at);
	for (inside = value.text; missing; missing--) {
		struct cbor item;
		ASSERT(cbor_take(c, &inside, &item) == OK);
		missing += put_value(&again, &item);
		if (item.count)
			inside = str_from(item.text.at, item.text.len + inside.len);
	}
	ASSERT(str_eq(buf_view(&again), str_until(input, input.len - rest.len)));
}
