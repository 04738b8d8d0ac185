/*
 * Short-lived state in this process's memory: a chained hash table whose entries also form one list
 * in the order of their last use.
 */
#include "driver/driver.h"

#include "base/buf.h"
#include "base/host.h"
#include "base/map.h"
#include "driver/kv_hub.h"

#include <stdlib.h>

enum { BUCKETS = 4096, OVERHEAD = 96 };

struct item {
	struct item *next;            /* in the bucket */
	struct item *older, *younger; /* by last use */
	int64_t expires;              /* world->monotonic() */
	int64_t count;
	size_t key_len, len;
	char bytes[]; /* key, then value */
};

struct kv_memory {
	struct kv kv;
	const struct world *world;
	struct host_lock lock;
	uint64_t seed;
	size_t bytes, max;
	size_t sweep; /* the bucket to tidy next */
	struct item *oldest, *youngest;
	struct kv_hub hub;
	struct item *buckets[BUCKETS];
};

static struct kv_memory *memory_of(struct kv *self)
{
	return (struct kv_memory *)self;
}

static struct item **bucket_of(struct kv_memory *kv, const void *key, size_t len)
{
	return &kv->buckets[bytes_hash(kv->seed, key, len) % BUCKETS];
}

static void list_remove(struct kv_memory *kv, struct item *it)
{
	*(it->older ? &it->older->younger : &kv->oldest) = it->younger;
	*(it->younger ? &it->younger->older : &kv->youngest) = it->older;
}

static void list_append(struct kv_memory *kv, struct item *it)
{
	it->older = kv->youngest;
	it->younger = NULL;
	*(kv->youngest ? &kv->youngest->younger : &kv->oldest) = it;
	kv->youngest = it;
}

static size_t cost(const struct item *it)
{
	return OVERHEAD + it->key_len + it->len;
}

static void drop(struct kv_memory *kv, struct item *it)
{
	struct item **at = bucket_of(kv, it->bytes, it->key_len);
	while (*at != it)
		at = &(*at)->next;
	*at = it->next;
	list_remove(kv, it);
	kv->bytes -= cost(it);
	free(it);
}

/* The live item, made the youngest; NULL. */
static struct item *find(struct kv_memory *kv, struct str key)
{
	struct item *it = *bucket_of(kv, key.at, key.len);
	while (it && !str_eq(str_from(it->bytes, it->key_len), key))
		it = it->next;
	if (!it)
		return NULL;
	if (it->expires <= kv->world->monotonic()) {
		drop(kv, it);
		return NULL;
	}
	list_remove(kv, it);
	list_append(kv, it);
	return it;
}

/* Two buckets' worth of what has expired with each put: so nothing expired stays for long. */
static void tidy(struct kv_memory *kv)
{
	int64_t now = kv->world->monotonic();
	for (int i = 0; i < 2; i++) {
		struct item *it = kv->buckets[kv->sweep++ % BUCKETS];
		while (it) {
			struct item *next = it->next;
			if (it->expires <= now)
				drop(kv, it);
			it = next;
		}
	}
}

static struct item *insert(struct kv_memory *kv, struct str key, struct str value, int64_t seconds)
{
	struct item *it = malloc(sizeof *it + key.len + value.len);
	if (!it)
		host_panic("out of memory");
	*it = (struct item){
		.expires = kv->world->monotonic() + seconds * 1000000,
		.key_len = key.len,
		.len = value.len,
	};
	memcpy(it->bytes, key.at, key.len);
	if (value.len)
		memcpy(it->bytes + key.len, value.at, value.len);
	tidy(kv);
	while (kv->oldest && kv->bytes + cost(it) > kv->max)
		drop(kv, kv->oldest);
	struct item **bucket = bucket_of(kv, it->bytes, it->key_len);
	it->next = *bucket;
	*bucket = it;
	list_append(kv, it);
	kv->bytes += cost(it);
	return it;
}

static enum err not_there(struct ctx *c)
{
	return fail(c, ERR_NOT_FOUND, "there is no such key");
}

static enum err memory_get(struct ctx *c, struct kv *self, struct str key, struct str *value)
{
	struct kv_memory *kv = memory_of(self);
	WITH_LOCK(&kv->lock);
	struct item *it = find(kv, key);
	if (!it)
		return not_there(c);
	*value = str_copy(c->arena, str_from(it->bytes + it->key_len, it->len));
	return OK;
}

static enum err memory_put(
	struct ctx *c, struct kv *self, struct str key, struct str value, int64_t seconds)
{
	struct kv_memory *kv = memory_of(self);
	if (key.len + value.len + OVERHEAD > kv->max / 4)
		return fail(
			c, ERR_TOO_BIG, "a value of %zu bytes is too big to remember", value.len);
	WITH_LOCK(&kv->lock);
	struct item *it = find(kv, key);
	if (it)
		drop(kv, it);
	insert(kv, key, value, seconds);
	return OK;
}

static enum err memory_take(struct ctx *c, struct kv *self, struct str key, struct str *value)
{
	struct kv_memory *kv = memory_of(self);
	WITH_LOCK(&kv->lock);
	struct item *it = find(kv, key);
	if (!it)
		return not_there(c);
	*value = str_copy(c->arena, str_from(it->bytes + it->key_len, it->len));
	drop(kv, it);
	return OK;
}

static enum err memory_remove(struct ctx *c, struct kv *self, struct str key)
{
	(void)c;
	struct kv_memory *kv = memory_of(self);
	WITH_LOCK(&kv->lock);
	struct item *it = find(kv, key);
	if (it)
		drop(kv, it);
	return OK;
}

static enum err memory_add(
	struct ctx *c, struct kv *self, struct str key, int64_t by, int64_t seconds, int64_t *count)
{
	struct kv_memory *kv = memory_of(self);
	if (key.len + OVERHEAD > kv->max / 4)
		return fail(c, ERR_TOO_BIG, "a key of %zu bytes is too big", key.len);
	WITH_LOCK(&kv->lock);
	struct item *it = find(kv, key);
	if (!it)
		it = insert(kv, key, (struct str){0}, seconds);
	*count = it->count += by;
	return OK;
}

static enum err memory_publish(
	struct ctx *c, struct kv *self, struct str channel, struct str message)
{
	(void)c;
	kv_hub_tell(&memory_of(self)->hub, channel, message);
	return OK;
}

static enum err memory_subscribe(struct ctx *c, struct kv *self, struct str channel, kv_hear *hear,
	void *arg, struct kv_sub **out)
{
	(void)c;
	*out = kv_hub_add(&memory_of(self)->hub, channel, hear, arg);
	return OK;
}

static void memory_close(struct kv *self)
{
	struct kv_memory *kv = memory_of(self);
	kv_hub_done(&kv->hub);
	while (kv->oldest)
		drop(kv, kv->oldest);
	free(kv);
}

static const struct kv_ops memory_ops = {
	.get = memory_get,
	.put = memory_put,
	.take = memory_take,
	.remove = memory_remove,
	.add = memory_add,
	.publish = memory_publish,
	.subscribe = memory_subscribe,
	.close = memory_close,
};

struct kv *kv_memory_open(size_t max_bytes, const struct world *world)
{
	struct kv_memory *kv = calloc(1, sizeof *kv);
	if (!kv)
		host_panic("out of memory");
	kv->kv.ops = &memory_ops;
	kv->world = world;
	kv->max = max_bytes;
	world->random(&kv->seed, sizeof kv->seed);
	kv_hub_init(&kv->hub, world, -1);
	return &kv->kv;
}
