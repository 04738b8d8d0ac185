#include "core/pack_cache.h"

#include "base/host.h"

enum {
	BUCKETS = 512,
	ENTRIES_MAX = 1024,
	MEMORY_MAX = 8 << 20, /* of all entries; what they keep in spools is bounded by bytes_max */
};

struct entry {
	int64_t repo_id, version;
	uint8_t key[HASH_MAX];
	struct pack_tape *tape; /* one reference */
	struct entry *next;     /* in its bucket, which is its repository's */
	struct entry *newer, *older;
	int64_t made, used;
	uint64_t memory, bytes; /* 0 while it is made */
	bool making;
};

struct pack_cache {
	struct host_lock lock;
	struct entry *buckets[BUCKETS];
	struct entry *newest, *oldest; /* by their last use */
	uint64_t bytes_max;
	int64_t age_max;
	struct pack_cache_stats stats;
};

struct pack_cache *pack_cache_open(uint64_t bytes_max, int64_t age_max)
{
	struct pack_cache *cache = host_alloc(sizeof *cache);
	memset(cache, 0, sizeof *cache);
	cache->bytes_max = bytes_max;
	cache->age_max = age_max;
	return cache;
}

static struct entry **bucket_of(struct pack_cache *cache, int64_t repo_id)
{
	return &cache->buckets[(uint64_t)repo_id % BUCKETS];
}

static void unlink_use(struct pack_cache *cache, struct entry *e)
{
	*(e->newer ? &e->newer->older : &cache->newest) = e->older;
	*(e->older ? &e->older->newer : &cache->oldest) = e->newer;
}

static void link_use(struct pack_cache *cache, struct entry *e)
{
	e->newer = NULL;
	e->older = cache->newest;
	*(cache->newest ? &cache->newest->newer : &cache->oldest) = e;
	cache->newest = e;
}

/* Whoever reads it goes on reading. */
static void entry_drop(struct pack_cache *cache, struct entry *e)
{
	struct entry **at = bucket_of(cache, e->repo_id);
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	unlink_use(cache, e);
	cache->stats.entries--;
	cache->stats.bytes -= e->bytes;
	cache->stats.memory -= e->memory;
	pack_tape_release(&e->tape);
	host_free(e, sizeof *e);
}

void pack_cache_close(struct pack_cache *cache)
{
	if (!cache)
		return;
	while (cache->oldest)
		entry_drop(cache, cache->oldest);
	host_free(cache, sizeof *cache);
}

static bool is_too_old(const struct pack_cache *cache, const struct entry *e, int64_t now)
{
	return !e->making && now - e->made >= cache->age_max;
}

/* Under the lock: those used least recently go until there is little enough. */
static void make_room(struct pack_cache *cache)
{
	const struct pack_cache_stats *now = &cache->stats;
	for (struct entry *e = cache->oldest, *newer; e; e = newer) {
		if (now->bytes <= cache->bytes_max && now->memory <= MEMORY_MAX &&
			now->entries <= ENTRIES_MAX)
			return;
		newer = e->newer;
		if (!e->making)
			entry_drop(cache, e);
	}
}

void pack_cache_trim(struct pack_cache *cache, int64_t now)
{
	WITH_LOCK(&cache->lock);
	for (struct entry *e = cache->oldest, *newer; e; e = newer) {
		newer = e->newer;
		if (is_too_old(cache, e, now))
			entry_drop(cache, e);
	}
}

/* Under the lock: drops what there is of a repository from before that version. */
static void drop_before(struct pack_cache *cache, int64_t repo_id, int64_t version)
{
	for (struct entry *e = *bucket_of(cache, repo_id), *next; e; e = next) {
		next = e->next;
		if (e->repo_id == repo_id && e->version < version && !e->making)
			entry_drop(cache, e);
	}
}

void pack_cache_drop(struct pack_cache *cache, int64_t repo_id)
{
	WITH_LOCK(&cache->lock);
	drop_before(cache, repo_id, INT64_MAX);
}

struct pack_cache_stats pack_cache_stats(struct pack_cache *cache)
{
	WITH_LOCK(&cache->lock);
	return cache->stats;
}

static struct entry *find(struct pack_cache *cache, const struct pack_job *job)
{
	struct entry *e = *bucket_of(cache, job->snapshot->repo_id);
	while (e &&
		(memcmp(e->key, job->key, HASH_MAX) != 0 || e->repo_id != job->snapshot->repo_id ||
			e->version != job->snapshot->version))
		e = e->next;
	return e;
}

/* A reference to what is there, or to a new one that is to be made: *mine. */
static struct pack_tape *take(
	struct ctx *c, struct core *core, const struct pack_job *job, bool *mine)
{
	struct pack_cache *cache = core->packs;
	int64_t now = c->world->monotonic();
	WITH_LOCK(&cache->lock);
	struct entry *e = find(cache, job);
	if (e && is_too_old(cache, e, now)) {
		entry_drop(cache, e);
		e = NULL;
	}
	*mine = !e;
	if (e) {
		*(e->making ? &cache->stats.joined : &cache->stats.hits) += 1;
		unlink_use(cache, e);
	} else {
		drop_before(cache, job->snapshot->repo_id, job->snapshot->version);
		e = host_alloc(sizeof *e);
		*e = (struct entry){.repo_id = job->snapshot->repo_id,
			.version = job->snapshot->version,
			.tape = pack_tape_open(core->blob, job->snapshot),
			.making = true};
		memcpy(e->key, job->key, HASH_MAX);
		struct entry **bucket = bucket_of(cache, e->repo_id);
		e->next = *bucket;
		*bucket = e;
		cache->stats.entries++;
		cache->stats.made++;
	}
	e->used = now;
	link_use(cache, e);
	return pack_tape_hold(e->tape);
}

/* What the maker writes to: the tape; the client itself when the tape cannot take more. */
struct recorder {
	struct pack_sink pack_sink;
	struct pack_cache *cache;
	const struct pack_job *job;
	struct pack_tape *tape;
	struct sink *to;
	bool direct;
};

/* What was made is kept, unless it failed or is larger than all that may be kept. */
static void settle(struct ctx *c, struct recorder *r, const struct error *why,
	const struct pack_counts *counts)
{
	struct pack_cache *cache = r->cache;
	host_lock(&cache->lock);
	struct entry *e = find(cache, r->job);
	ASSERT(e && e->making);
	e->making = false;
	e->made = c->world->monotonic();
	pack_tape_sizes(e->tape, &e->memory, &e->bytes);
	cache->stats.memory += e->memory;
	cache->stats.bytes += e->bytes;
	if (why || e->bytes > cache->bytes_max)
		entry_drop(cache, e);
	make_room(cache);
	host_unlock(&cache->lock);
	/* Only now: whoever tries again must not find it there. */
	pack_tape_end(r->tape, why, counts);
}

static const struct error once_more = {ERR_CANCELED, "this pack has to be made once more"};

static enum err go_direct(struct ctx *c, struct recorder *r)
{
	static const struct pack_counts none;
	ctx_clear(c);
	r->direct = true;
	settle(c, r, &once_more, &none);
	return pack_tape_play_now(c, r->tape, r->to);
}

static enum err recorder_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	struct recorder *r = (struct recorder *)self;
	if (!r->direct && !pack_tape_write(c, r->tape, bytes, len))
		return OK;
	if (!r->direct)
		TRY(go_direct(c, r));
	return sink_write(c, r->to, bytes, len);
}

static enum err recorder_copy(struct ctx *c, struct pack_sink *self, struct extent *from,
	uint64_t at, const uint8_t *bytes, size_t len)
{
	struct recorder *r = (struct recorder *)self;
	if (r->direct)
		return sink_write(c, r->to, bytes, len);
	return pack_tape_copy(c, r->tape, from, at, len);
}

/* The client has gone, and nobody else reads. */
struct watch {
	struct pack_tape *tape;
	bool (*canceled)(void *);
	void *arg;
};

static bool is_unwanted(void *arg)
{
	struct watch *w = arg;
	return w->canceled && w->canceled(w->arg) && !pack_tape_is_read(w->tape);
}

static enum err make(
	struct ctx *c, struct pack_job *job, struct recorder *r, struct pack_counts *counts)
{
	struct watch watch = {r->tape, c->canceled, c->canceled_arg};
	c->canceled = is_unwanted;
	c->canceled_arg = &watch;
	enum err kind = job->make(c, job, &r->pack_sink, counts);
	c->canceled = watch.canceled;
	c->canceled_arg = watch.arg;
	if (!r->direct)
		settle(c, r, kind ? &c->error : NULL, counts);
	return kind;
}

static enum err make_alone(
	struct ctx *c, struct pack_job *job, struct sink *to, struct pack_counts *counts)
{
	struct recorder r = {
		.pack_sink = {{.write = recorder_write}, recorder_copy}, .to = to, .direct = true};
	return job->make(c, job, &r.pack_sink, counts);
}

enum err pack_cache_send(struct ctx *c, struct core *core, struct pack_job *job, struct sink *to,
	struct pack_counts *counts)
{
	*counts = (struct pack_counts){0};
	if (!core->packs)
		return make_alone(c, job, to, counts);
	for (;;) {
		bool mine, begun = false;
		PACK_TAPE *tape = take(c, core, job, &mine);
		struct recorder r = {.pack_sink = {{.write = recorder_write}, recorder_copy},
			.cache = core->packs,
			.job = job,
			.tape = tape,
			.to = to};
		if (mine)
			TRY(make(c, job, &r, counts));
		if (r.direct)
			return OK;
		enum err kind = pack_tape_play(c, tape, to, &begun, counts);
		/* Who made it has gone: now it is for somebody else to do. */
		if (kind != ERR_CANCELED || mine || begun || ctx_check(c))
			return kind;
		ctx_clear(c);
	}
}
