#include "driver/memo.h"

#include "base/host.h"

#include <stdlib.h>
#include <string.h>

enum { WAYS = 8, MILLI_US = 1000 };

struct entry {
	uint8_t key[MEMO_KEY];
	int64_t ends; /* world->monotonic(); 0: empty */
	char *value;
	size_t len;
};

struct memo {
	struct host_lock lock;
	size_t sets;
	struct entry at[];
};

struct memo *memo_open(size_t most)
{
	size_t sets = (most + WAYS - 1) / WAYS;
	struct memo *m = calloc(1, sizeof *m + sets * WAYS * sizeof *m->at);
	if (!m)
		host_panic("out of memory");
	m->sets = sets;
	return m;
}

static void forget(struct entry *e)
{
	free(e->value);
	*e = (struct entry){0};
}

void memo_clear(struct memo *m)
{
	WITH_LOCK(&m->lock);
	for (size_t i = 0; i < m->sets * WAYS; i++)
		forget(&m->at[i]);
}

void memo_close(struct memo *m)
{
	if (!m)
		return;
	memo_clear(m);
	free(m);
}

static struct entry *set_of(struct memo *m, const uint8_t key[MEMO_KEY])
{
	uint64_t number;
	memcpy(&number, key, sizeof number);
	return &m->at[number % m->sets * WAYS];
}

bool memo_get(struct ctx *c, struct memo *m, const uint8_t key[MEMO_KEY], struct str *out)
{
	int64_t now = c->world->monotonic();
	WITH_LOCK(&m->lock);
	struct entry *set = set_of(m, key);
	for (size_t i = 0; i < WAYS; i++)
		if (set[i].ends > now && memcmp(set[i].key, key, MEMO_KEY) == 0) {
			*out = str_copy(c->arena, str_from(set[i].value, set[i].len));
			return true;
		}
	return false;
}

void memo_put(struct ctx *c, struct memo *m, const uint8_t key[MEMO_KEY], struct str value,
	int64_t milliseconds)
{
	if (value.len > MEMO_VALUE_MAX || milliseconds <= 0)
		return;
	char *copy = malloc(value.len + 1);
	if (!copy)
		host_panic("out of memory");
	if (value.len)
		memcpy(copy, value.at, value.len);
	WITH_LOCK(&m->lock);
	struct entry *set = set_of(m, key), *to = set;
	for (size_t i = 1; i < WAYS; i++)
		if (set[i].ends < to->ends)
			to = &set[i];
	/* Of one answer that two asked for there is one entry. */
	for (size_t i = 0; i < WAYS; i++)
		if (memcmp(set[i].key, key, MEMO_KEY) == 0)
			to = &set[i];
	forget(to);
	memcpy(to->key, key, MEMO_KEY);
	to->value = copy;
	to->len = value.len;
	to->ends = c->world->monotonic() + milliseconds * MILLI_US;
}
