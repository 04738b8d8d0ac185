/* Blobs in memory, for tests. An array, searched from end to end: there are few. */
#include "driver/blob_key.h"
#include "driver/driver.h"

#include "base/buf.h"
#include "base/host.h"

#include <stdlib.h>

/* The bytes of one blob, shared by the store, and by everybody who has it open. */
struct bytes {
	char *at;
	size_t len, cap;
	int references;         /* under the store's lock */
	struct bytes *outgrown; /* smaller copies that windows may point into */
};

struct entry {
	char *key;
	struct bytes *bytes;
	int64_t modified;
};

struct memory {
	struct blob blob;
	struct host_lock lock;
	struct entry *entries;
	size_t count;
};

/* An extent or a spool. */
struct memory_file {
	struct spool spool;
	struct memory *store;
	struct bytes *bytes;
};

static void *must(void *memory)
{
	if (!memory)
		host_panic("out of memory");
	return memory;
}

static void bytes_free(struct bytes *b)
{
	while (b) {
		struct bytes *next = b->outgrown;
		free(b->at);
		free(b);
		b = next;
	}
}

static void bytes_unref(struct memory *store, struct bytes *b)
{
	host_lock(&store->lock);
	bool last = --b->references == 0;
	host_unlock(&store->lock);
	if (last)
		bytes_free(b);
}

static struct entry *find(struct memory *store, const char *key)
{
	for (size_t i = 0; i < store->count; i++) {
		if (strcmp(store->entries[i].key, key) == 0)
			return &store->entries[i];
	}
	return NULL;
}

static enum err file_window(
	struct ctx *c, struct extent *self, uint64_t at, size_t len, const uint8_t **out)
{
	struct memory_file *f = (struct memory_file *)self;
	if (at > self->size || len > self->size - at)
		return fail(c, ERR_CORRUPT, "past the end of a blob of %llu bytes",
			(unsigned long long)self->size);
	*out = f->bytes->at ? (const uint8_t *)f->bytes->at + at : (const uint8_t *)"";
	return OK;
}

static void file_close(struct extent *self)
{
	struct memory_file *f = (struct memory_file *)self;
	bytes_unref(f->store, f->bytes);
	free(f);
}

static enum err file_append(struct ctx *c, struct spool *self, const void *from, size_t len)
{
	(void)c;
	struct bytes *b = ((struct memory_file *)self)->bytes;
	if (b->cap - b->len < len) {
		struct bytes *old = must(malloc(sizeof *old));
		*old = (struct bytes){.at = b->at, .outgrown = b->outgrown};
		b->cap = (b->len + len) * 2;
		b->at = must(malloc(b->cap));
		if (b->len)
			memcpy(b->at, old->at, b->len);
		b->outgrown = old;
	}
	if (len)
		memcpy(b->at + b->len, from, len);
	b->len += len;
	self->extent.size = b->len;
	return OK;
}

static struct memory_file *file_open(struct memory *store, struct bytes *bytes)
{
	struct memory_file *f = must(calloc(1, sizeof *f));
	f->spool.extent =
		(struct extent){.size = bytes->len, .window = file_window, .close = file_close};
	f->spool.append = file_append;
	f->store = store;
	f->bytes = bytes;
	return f;
}

static enum err memory_open(struct ctx *c, struct blob *self, const char *key, struct extent **out)
{
	struct memory *store = (struct memory *)self;
	TRY(blob_key_check(c, key));
	WITH_LOCK(&store->lock);
	struct entry *entry = find(store, key);
	if (!entry)
		return fail(c, ERR_NOT_FOUND, "there is no blob \"%s\"", key);
	entry->bytes->references++;
	*out = &file_open(store, entry->bytes)->spool.extent;
	return OK;
}

/* As of a store that lies far away, which this one stands for. */
static enum err memory_fetch(
	struct ctx *c, struct blob *self, const char *key, struct blob_part *part)
{
	struct memory *store = (struct memory *)self;
	TRY(blob_key_check(c, key));
	WITH_LOCK(&store->lock);
	struct entry *entry = find(store, key);
	if (!entry)
		return fail(c, ERR_NOT_FOUND, "there is no blob \"%s\"", key);
	part->size = entry->bytes->len;
	if (part->at > part->size)
		return fail(c, ERR_CORRUPT, "past the end of a blob of %llu bytes",
			(unsigned long long)part->size);
	uint64_t left = part->size - part->at;
	part->len = left < part->cap ? (size_t)left : part->cap;
	if (part->len)
		memcpy(part->to, entry->bytes->at + part->at, part->len);
	return OK;
}

static enum err memory_create(struct ctx *c, struct blob *self, struct spool **out)
{
	(void)c;
	struct bytes *bytes = must(calloc(1, sizeof *bytes));
	bytes->references = 1;
	*out = &file_open((struct memory *)self, bytes)->spool;
	return OK;
}

static enum err memory_publish(
	struct ctx *c, struct blob *self, struct spool *spool, const char *key)
{
	struct memory *store = (struct memory *)self;
	TRY(blob_key_check(c, key));
	WITH_LOCK(&store->lock);
	if (find(store, key))
		return OK;
	store->entries = must(realloc(store->entries, (store->count + 1) * sizeof *store->entries));
	struct bytes *bytes = ((struct memory_file *)spool)->bytes;
	bytes->references++;
	store->entries[store->count++] =
		(struct entry){must(strdup(key)), bytes, c->world->clock() / 1000000};
	return OK;
}

static enum err memory_remove(struct ctx *c, struct blob *self, const char *key)
{
	struct memory *store = (struct memory *)self;
	TRY(blob_key_check(c, key));
	host_lock(&store->lock);
	struct entry *entry = find(store, key);
	struct entry gone = entry ? *entry : (struct entry){0};
	if (entry)
		*entry = store->entries[--store->count];
	host_unlock(&store->lock);
	if (gone.bytes)
		bytes_unref(store, gone.bytes);
	free(gone.key);
	return OK;
}

static enum err memory_list(
	struct ctx *c, struct blob *self, const char *prefix, blob_visit *visit, void *arg)
{
	struct memory *store = (struct memory *)self;
	host_lock(&store->lock);
	size_t count = store->count;
	struct blob_entry *found = NEW_ARRAY(c->arena, struct blob_entry, count + 1);
	for (size_t i = 0; i < count; i++) {
		struct entry *e = &store->entries[i];
		found[i] = (struct blob_entry){str_copy(c->arena, str_of(e->key)), e->bytes->len,
			c->world->clock() / 1000000 - e->modified};
	}
	host_unlock(&store->lock);
	for (size_t i = 0; i < count; i++) {
		if (str_starts(found[i].key, str_of(prefix)))
			TRY(visit(c, arg, &found[i]));
	}
	return OK;
}

static void memory_close(struct blob *self)
{
	struct memory *store = (struct memory *)self;
	for (size_t i = 0; i < store->count; i++) {
		free(store->entries[i].key);
		bytes_unref(store, store->entries[i].bytes);
	}
	free(store->entries);
	free(store);
}

static const struct blob_ops memory_ops = {
	.open = memory_open,
	.create = memory_create,
	.publish = memory_publish,
	.remove = memory_remove,
	.list = memory_list,
	.fetch = memory_fetch,
	.close = memory_close,
};

struct blob *blob_memory_open(void)
{
	struct memory *store = must(calloc(1, sizeof *store));
	store->blob.ops = &memory_ops;
	return &store->blob;
}
