#include "base/map.h"

static uint64_t turn(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

struct sip {
	uint64_t a, b, c, d;
};

static inline void sip_round(struct sip *s)
{
	s->a += s->b, s->b = turn(s->b, 13) ^ s->a, s->a = turn(s->a, 32);
	s->c += s->d, s->d = turn(s->d, 16) ^ s->c;
	s->a += s->d, s->d = turn(s->d, 21) ^ s->a;
	s->c += s->b, s->b = turn(s->b, 17) ^ s->c, s->c = turn(s->c, 32);
}

static inline void sip_word(struct sip *s, uint64_t word)
{
	s->d ^= word;
	sip_round(s);
	s->a ^= word;
}

/* SipHash-1-3: who does not know the seed cannot make keys collide. */
uint64_t bytes_hash(uint64_t seed, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;
	uint64_t other = turn(seed, 29) ^ 0x9e3779b97f4a7c15;
	struct sip s = {seed ^ 0x736f6d6570736575, other ^ 0x646f72616e646f6d,
		seed ^ 0x6c7967656e657261, other ^ 0x7465646279746573};
	size_t left = len;
	for (; left >= 8; left -= 8, b += 8) {
		uint64_t word;
		memcpy(&word, b, 8);
		sip_word(&s, word);
	}
	uint64_t tail = (uint64_t)len << 56;
	for (size_t i = 0; i < left; i++)
		tail |= (uint64_t)b[i] << (8 * i);
	sip_word(&s, tail);
	s.c ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.a ^ s.b ^ s.c ^ s.d;
}

/* The key's slot, or the free one where it belongs. There is always a free one. */
static struct map_slot *slot_of(const struct map *m, struct str key)
{
	size_t mask = m->cap - 1;
	size_t i = (size_t)bytes_hash(m->seed, key.at, key.len) & mask;
	while (m->slots[i].key.at && !str_eq(m->slots[i].key, key))
		i = (i + 1) & mask;
	return &m->slots[i];
}

void *map_get(const struct map *m, struct str key)
{
	return m->cap ? slot_of(m, key)->value : NULL;
}

static void map_widen(struct map *m, size_t cap)
{
	struct map wide = *m;
	wide.cap = cap;
	wide.slots = NEW_ARRAY(m->arena, struct map_slot, wide.cap);
	for (size_t i = 0; i < m->cap; i++)
		if (m->slots[i].key.at)
			*slot_of(&wide, m->slots[i].key) = m->slots[i];
	*m = wide;
}

void map_reserve(struct map *m, size_t count)
{
	size_t cap = m->cap ? m->cap : 16;
	while (count > cap / 4 * 3)
		cap *= 2;
	if (cap > m->cap)
		map_widen(m, cap);
}

void **map_put(struct map *m, struct str key)
{
	map_reserve(m, m->count + 1);
	if (!key.at)
		key = STR("");
	struct map_slot *slot = slot_of(m, key);
	if (!slot->key.at) {
		slot->key = key;
		m->count++;
	}
	return &slot->value;
}
