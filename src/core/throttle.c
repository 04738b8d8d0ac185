#include "core/throttle.h"

#include "base/buf.h"
#include "base/host.h"
#include "base/map.h"

enum {
	WAYS = 4,
	SETS = 512,
	SHARES_MAX = 64, /* at a time */
	SHARE_PART = 16, /* of a bucket, taken since the last time, before it is shared */
	TOKEN = THROTTLE_SECONDS *
		1000000, /* so that `limit` of these units come in a microsecond */
};

struct bucket {
	char name[THROTTLE_NAME_MAX];
	uint8_t len; /* 0: there is none */
	uint32_t limit;
	int64_t level; /* in units of which a token has TOKEN; as of … */
	int64_t at;    /* … this time */
	int64_t taken; /* tokens that nobody was told of yet */
	int64_t total; /* tokens of all processes, when they were last shared */
};

struct throttle {
	struct host_lock lock;
	uint64_t seed;
	struct bucket buckets[SETS][WAYS];
};

struct throttle *throttle_open(const struct world *world)
{
	struct throttle *t = host_alloc(sizeof *t);
	memset(t, 0, sizeof *t);
	world->random(&t->seed, sizeof t->seed);
	return t;
}

void throttle_close(struct throttle *t)
{
	if (t)
		host_free(t, sizeof *t);
}

static int64_t capacity(const struct bucket *b)
{
	return (int64_t)b->limit * TOKEN;
}

/* It fills while time goes on. */
static void fill(struct bucket *b, int64_t now)
{
	int64_t most = capacity(b), passed = now - b->at;
	b->at = now;
	if (passed >= 2 * TOKEN || b->level + passed * b->limit > most)
		b->level = most;
	else
		b->level += passed * b->limit;
}

static bool is_of(const struct bucket *b, struct str name)
{
	return b->len && str_eq(str_from(b->name, b->len), name);
}

static struct bucket *set_of(struct throttle *t, struct str name)
{
	return t->buckets[bytes_hash(t->seed, name.at, name.len) % SETS];
}

/* How much is gone of it, in parts of 1024: a place that is free has lost nothing. */
static int64_t drained(struct bucket *b, int64_t now)
{
	if (!b->len)
		return -1;
	fill(b, now);
	return (capacity(b) - b->level) / (capacity(b) / 1024 + 1);
}

/* The bucket of that name, or a full one in place of the fullest. */
static struct bucket *find(struct throttle *t, struct str name, uint32_t limit, int64_t now)
{
	struct bucket *set = set_of(t, name), *least = NULL;
	int64_t has = INT64_MAX;
	for (size_t i = 0; i < WAYS; i++) {
		if (is_of(&set[i], name))
			return &set[i];
		int64_t its = drained(&set[i], now);
		if (its < has) {
			has = its;
			least = &set[i];
		}
	}
	*least = (struct bucket){.len = (uint8_t)name.len, .limit = limit, .at = now};
	memcpy(least->name, name.at, name.len);
	least->level = capacity(least);
	return least;
}

/* The seconds in which so many units come, rounded up. */
static int64_t seconds_of(const struct bucket *b, int64_t units)
{
	int64_t a_second = (int64_t)b->limit * 1000000;
	return units <= 0 ? 0 : (units + a_second - 1) / a_second;
}

struct throttle_answer throttle_take(
	struct throttle *t, struct str name, uint32_t limit, int64_t now)
{
	struct throttle_answer answer = {.limit = limit};
	if (!limit || !name.len)
		return (struct throttle_answer){0};
	WITH_LOCK(&t->lock);
	struct bucket *b = find(t, str_until(name, THROTTLE_NAME_MAX), limit, now);
	b->limit = limit;
	fill(b, now);
	answer.refused = b->level < TOKEN;
	if (!answer.refused) {
		b->level -= TOKEN;
		b->taken++;
	}
	answer.left = b->level > 0 ? (uint32_t)(b->level / TOKEN) : 0;
	answer.wait = seconds_of(b, TOKEN - b->level);
	answer.full = seconds_of(b, capacity(b) - b->level);
	return answer;
}

/* What one process tells of a bucket. */
struct share {
	char name[THROTTLE_NAME_MAX];
	uint8_t len;
	int64_t taken, total;
};

static size_t take_due(struct throttle *t, struct share *out)
{
	size_t count = 0;
	WITH_LOCK(&t->lock);
	for (size_t i = 0; i < (size_t)SETS * WAYS && count < SHARES_MAX; i++) {
		const struct bucket *b = &t->buckets[i / WAYS][i % WAYS];
		if (!b->len || !b->taken || b->taken * SHARE_PART < b->limit)
			continue;
		struct share *s = &out[count++];
		*s = (struct share){.len = b->len, .taken = b->taken};
		memcpy(s->name, b->name, b->len);
	}
	return count;
}

/* The store's counter begins anew when its time is over. */
static void learn(struct throttle *t, const struct share *s)
{
	struct str name = str_from(s->name, s->len);
	WITH_LOCK(&t->lock);
	struct bucket *set = set_of(t, name);
	for (size_t i = 0; i < WAYS; i++) {
		struct bucket *b = &set[i];
		if (!is_of(b, name))
			continue;
		bool anew = s->total < b->total + s->taken;
		int64_t others = s->total - s->taken - (anew ? 0 : b->total);
		others = others < b->limit ? others : b->limit;
		b->level -= others * TOKEN;
		if (b->level < -capacity(b))
			b->level = -capacity(b);
		b->taken -= s->taken;
		b->total = s->total;
	}
}

void throttle_share(struct ctx *c, struct throttle *t, struct kv *kv)
{
	struct share *due = NEW_ARRAY(c->arena, struct share, SHARES_MAX);
	size_t count = take_due(t, due);
	for (size_t i = 0; i < count; i++) {
		struct share *s = &due[i];
		const char *key = arena_fmt(c->arena, "rate/%.*s", s->len, s->name);
		if (kv_add(c, kv, str_of(key), s->taken, THROTTLE_SECONDS, &s->total)) {
			ctx_clear(c);
			return;
		}
		learn(t, s);
	}
}
