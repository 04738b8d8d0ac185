#include "core/pack_cache.h"

#include "base/host.h"

enum {
	BUCKETS = 512,
	ENTRIES_MAX = 1024,
	MEMORY_MAX = 8 << 20, /* of all entries; what they keep in spools is bounded by bytes_max */
	PATIENCE = 50000, /* microseconds of waiting for a client, until others are looked for */
	SLOW = 200000,    /* microseconds, when a person begins to wonder */
};

struct entry {
	int64_t repo_id, version;
	uint8_t key[HASH_MAX];
	struct pack_tape *tape; /* one reference */
	struct entry *next;     /* in its bucket, which is its repository's */
	struct entry *newer, *older;
	int64_t made, used;
	uint64_t memory, bytes; /* 0 while it is made */
	bool making, unattended;
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

bool pack_cache_holds(struct ctx *c, struct pack_cache *cache, const struct pack_job *job)
{
	if (!cache || !cache->bytes_max || !cache->age_max)
		return true;
	WITH_LOCK(&cache->lock);
	const struct entry *e = find(cache, job);
	return e && !is_too_old(cache, e, c->world->monotonic());
}

/* A reference to what is there, or to a new one that is to be made: *mine. */
static struct pack_tape *take(
	struct ctx *c, struct core *core, const struct pack_job *job, bool *mine)
{
	struct pack_cache *cache = core->packs;
	int64_t now = c->world->monotonic();
	WITH_LOCK(&cache->lock);
	struct entry *e = find(cache, job);
	if (e && (is_too_old(cache, e, now) || (e->making && e->unattended))) {
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
			.making = true,
			.unattended = job->unattended};
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

/*
 * What a maker writes to: the tape, and its own client. While nobody else reads, the client is
 * waited for, which holds the making back to its pace. While others read it gets what it takes at
 * once, and the rest of it from the tape.
 */
struct recorder {
	struct sink sink;
	struct sink notes;
	struct core *core;
	struct pack_job *job;
	struct pack_player player; /* its own client's */
	bool alone;               /* the tape is given up: what is written is for its client only */
	bool pushed;              /* its sink does not wait any more */
	struct error gone;        /* why its client gets no more */
	bool (*canceled)(void *); /* of its client */
	void *canceled_arg;
	int64_t slow;
};

/* Under the lock: the entry that is being made; NULL when somebody else makes the same by now. */
static struct entry *own_entry(struct recorder *r)
{
	struct entry *e = find(r->core->packs, r->job);
	return e && e->tape == r->player.t ? e : NULL;
}

/* What was made is kept, unless it failed or is larger than all that may be kept. */
static void settle(struct ctx *c, struct recorder *r, const struct error *why,
	const struct pack_counts *counts)
{
	struct pack_cache *cache = r->core->packs;
	uint64_t spooled;
	host_lock(&cache->lock);
	struct entry *e = own_entry(r);
	if (e) {
		e->making = false;
		e->made = c->world->monotonic();
		pack_tape_sizes(e->tape, &e->memory, &spooled);
		e->bytes = e->memory + spooled;
		cache->stats.memory += e->memory;
		cache->stats.bytes += e->bytes;
		if (why || e->bytes > cache->bytes_max)
			entry_drop(cache, e);
		make_room(cache);
	}
	host_unlock(&cache->lock);
	/* Only now: whoever tries again must not find it there. */
	pack_tape_end(r->player.t, why, counts);
}

/*
 * Goes on without the tape: it cannot take more, as `why` says, or (NULL) nobody reads it, and from
 * here on nobody can find it. False when somebody does read it.
 */
static bool give_up(struct recorder *r, const struct error *why)
{
	struct pack_cache *cache = r->core->packs;
	if (r->alone)
		return true;
	WITH_LOCK(&cache->lock);
	r->alone = pack_tape_give_up(r->player.t, why);
	struct entry *e = own_entry(r);
	if (r->alone && e)
		entry_drop(cache, e);
	return r->alone;
}

static bool is_too_large(struct recorder *r)
{
	uint64_t memory, spooled;
	pack_tape_sizes(r->player.t, &memory, &spooled);
	return memory > MEMORY_MAX || spooled > r->core->packs->bytes_max;
}

/* Nobody waits for what is made here, and somebody who does has begun to make the same. */
static bool is_overtaken(struct recorder *r)
{
	if (!r->job->unattended)
		return false;
	WITH_LOCK(&r->core->packs->lock);
	return !own_entry(r);
}

/* The client has gone, and nobody else reads. */
static bool is_unwanted(void *arg)
{
	struct recorder *r = arg;
	bool gone = r->gone.kind || (r->canceled && r->canceled(r->canceled_arg));
	return (gone || is_overtaken(r)) && give_up(r, NULL);
}

/* Others may read on when the client has failed. */
static enum err lose_client(struct ctx *c, struct recorder *r)
{
	r->gone = c->error;
	if (give_up(r, NULL))
		return r->gone.kind;
	ctx_clear(c);
	return OK;
}

/* Gives the client of this part what it takes: *len. It is waited for while nobody else reads. */
static enum err give(struct ctx *c, struct recorder *r, const struct pack_part *part, size_t *len)
{
	struct pack_player *p = &r->player;
	bool ready = !pack_player_fills(p, part->len), patient = true;
	while (!ready && patient) {
		patient = r->alone || !pack_tape_is_read(p->t);
		r->pushed = true;
		TRY(sink_push(c, p->to, patient ? PATIENCE : 0, &ready));
		TRY(ctx_check(c));
	}
	*len = 0;
	return ready ? pack_player_take(c, p, part, len) : OK;
}

/* The same with what is on the tape. */
static enum err catch_up(struct ctx *c, struct recorder *r)
{
	size_t len = 1;
	while (len) {
		struct pack_part part = pack_player_next(&r->player);
		len = 0;
		TRY(part.len ? give(c, r, &part, &len) : OK);
	}
	return OK;
}

static enum err give_all(struct ctx *c, struct recorder *r, struct pack_part part)
{
	for (size_t len = 1; part.len && len; pack_part_skip(&part, len))
		TRY(give(c, r, &part, &len));
	return OK;
}

/* Gives what was just made, or first what came before it unless the client is `level` with that. Once
 * alone, the new bytes are not on the tape. */
static enum err pass_on(struct ctx *c, struct recorder *r, bool level, const struct pack_part *made)
{
	if (!level)
		TRY(catch_up(c, r));
	return level || r->alone ? give_all(c, r, *made) : OK;
}

static enum err record(struct ctx *c, struct recorder *r, const struct pack_part *made)
{
	struct pack_tape *t = r->player.t;
	bool level = pack_player_is_level(&r->player);
	if (!r->alone && is_too_large(r))
		give_up(r, NULL);
	if (r->alone && r->job->unattended)
		return fail(c, ERR_TOO_BIG, "a pack is larger than what is kept of all");
	enum err kind = OK;
	if (!r->alone)
		kind = made->from ? pack_tape_copy(c, t, made->from, made->at, made->len)
				  : pack_tape_write(c, t, made->bytes, (size_t)made->len);
	if (kind) {
		give_up(r, &c->error);
		ctx_clear(c);
	}
	if (r->gone.kind)
		return ctx_check(c);
	return pass_on(c, r, level, made) ? lose_client(c, r) : OK;
}

static enum err recorder_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	const struct pack_part made = {.bytes = bytes, .len = len};
	return record(c, (struct recorder *)self, &made);
}

static enum err recorder_copy(
	struct ctx *c, struct sink *self, struct extent *from, uint64_t at, uint64_t len)
{
	const struct pack_part made = {.from = from, .at = at, .len = len};
	return record(c, (struct recorder *)self, &made);
}

/* A person reads it while it is news, or not at all: nobody waits for that. */
static enum err tell_client(struct ctx *c, struct recorder *r, const void *text, size_t len)
{
	struct sink *progress = r->job->progress;
	bool ready = true;
	if (c->world->monotonic() >= r->slow) {
		r->pushed = true;
		TRY(sink_push(c, progress, 0, &ready));
	}
	return ready ? sink_write(c, progress, text, len) : OK;
}

static struct recorder *recorder_of_notes(struct sink *notes)
{
	return (struct recorder *)((char *)notes - offsetof(struct recorder, notes));
}

static enum err notes_write(struct ctx *c, struct sink *self, const void *text, size_t len)
{
	struct recorder *r = recorder_of_notes(self);
	pack_tape_note(r->player.t, text, len);
	if (r->gone.kind || !r->job->progress)
		return OK;
	return tell_client(c, r, text, len) ? lose_client(c, r) : OK;
}

/* What is done at once goes out with what it led to. */
static enum err notes_flush(struct ctx *c, struct sink *self)
{
	struct recorder *r = recorder_of_notes(self);
	if (r->gone.kind || !r->job->progress)
		return OK;
	return tell_client(c, r, NULL, 0) ? lose_client(c, r) : OK;
}

static enum err make(struct ctx *c, struct recorder *r, struct pack_counts *counts)
{
	r->canceled = c->canceled;
	r->canceled_arg = c->canceled_arg;
	c->canceled = is_unwanted;
	c->canceled_arg = r;
	enum err kind = r->job->make(c, r->job, &r->sink, counts);
	c->canceled = r->canceled;
	c->canceled_arg = r->canceled_arg;
	if (!r->alone)
		settle(c, r, kind ? &c->error : NULL, counts);
	TRY(kind);
	if (r->gone.kind) {
		c->error = r->gone;
		return r->gone.kind;
	}
	if (r->pushed)
		TRY(sink_flush(c, r->player.to));
	return pack_player_rest(c, &r->player);
}

enum err pack_cache_send(struct ctx *c, struct core *core, struct pack_job *job, struct sink *to,
	struct pack_counts *counts)
{
	bool mine = true, again = true;
	*counts = (struct pack_counts){0};
	while (again) {
		PACK_TAPE *tape = core->packs ? take(c, core, job, &mine)
					      : pack_tape_open(core->blob, job->snapshot);
		struct recorder r = {.sink = {.write = recorder_write, .copy = recorder_copy},
			.notes = {.write = notes_write, .flush = notes_flush},
			.core = core,
			.job = job,
			.alone = !core->packs,
			.slow = c->world->monotonic() + SLOW};
		pack_player_init(c, &r.player, tape, to);
		job->notes = &r.notes;
		r.player.notes = job->progress;
		if (mine)
			return make(c, &r, counts);
		TRY(pack_player_follow(c, &r.player, &again, counts));
	}
	return OK;
}
