#include "base/host.h"
#include "base/zip.h"
#include "git/receiver.h"

/*
 * Families are handed out in the order of the pack, so whoever fails leaves only later ones behind.
 * What fails first in that order is the answer, as it is to one thread: earlier families are
 * finished, later ones dropped.
 */
enum { LOOK_MICROSECONDS = 20000, TOLD_EVERY = 256 };

static const uint32_t failed_none = UINT32_MAX, failed_last = UINT32_MAX - 1;

void crew_init(struct ctx *c, struct crew *crew, struct receiver *r)
{
	*crew = (struct crew){.r = r,
		.lead = c,
		.like = *c,
		.most = 1,
		.looked = c->world->monotonic(),
		.end = r->out->count,
		.failed = failed_none};
	crew->like.deadline = 0;
	r->own.crew = crew;
	r->own.leads = true;
}

static uint32_t failed(struct crew *crew)
{
	return __atomic_load_n(&crew->failed, __ATOMIC_RELAXED);
}

/* Families from `from` on are of no use any more, because of the context's error. */
static void fail_from(struct ctx *c, struct crew *crew, uint32_t from)
{
	WITH_LOCK(&crew->lock);
	if (from >= failed(crew))
		return;
	crew->error = c->error;
	__atomic_store_n(&crew->failed, from, __ATOMIC_RELAXED);
}

void crew_fail_last(struct ctx *c, struct crew *crew)
{
	fail_from(c, crew, failed_last);
	ctx_clear(c);
}

/* Does what is before it fail already? */
static bool is_dropped(void *arg)
{
	const struct tools *t = arg;
	return failed(t->crew) <= t->family;
}

bool crew_next(struct tools *t)
{
	struct crew *crew = t->crew;
	t->family = __atomic_fetch_add(&crew->next, 1, __ATOMIC_RELAXED);
	return t->family < crew->end && !is_dropped(t);
}

void crew_done(struct ctx *c, struct tools *t, enum err err)
{
	struct crew *crew = t->crew;
	/* Of a family that is dropped this is not news: from family + 1 on all are dropped too. */
	if (err)
		fail_from(c, crew, t->family + 1);
	if (!t->big)
		return;
	WITH_LOCK(&crew->lock);
	t->big = crew->big = false;
	host_wake(&crew->lock);
}

static enum err look_now(struct ctx *c, struct receiver *r)
{
	uint32_t resolved = __atomic_load_n(&r->resolved, __ATOMIC_RELAXED);
	TRY(ctx_check(c));
	/* The end is told once, at the end; until then round numbers, at which those who are told look. */
	if (resolved == r->deltas)
		return OK;
	return receiver_step(c, r, RECEIVE_DELTAS, resolved - resolved % TOLD_EVERY, r->deltas);
}

/* The client may have gone, and it wants to know how far things are: now and then. */
static void look_after_client(struct ctx *c, struct crew *crew)
{
	int64_t now = c->world->monotonic();
	if (now - crew->looked < LOOK_MICROSECONDS)
		return;
	crew->looked = now;
	if (look_now(c, crew->r))
		fail_from(c, crew, 0);
}

static enum err go_on(struct ctx *c, struct tools *t)
{
	return is_dropped(t) ? fail(c, ERR_CANCELED, "an earlier object is bad") : OK;
}

enum err crew_step(struct ctx *c, struct tools *t)
{
	if (t->leads)
		look_after_client(c, t->crew);
	return go_on(c, t);
}

/* Waits for a change, not for long. Under the lock, which is open meanwhile. */
static void wait_for_others(struct ctx *c, struct tools *t)
{
	struct crew *crew = t->crew;
	host_wait_for(&crew->lock, LOOK_MICROSECONDS);
	if (!t->leads)
		return;
	host_unlock(&crew->lock);
	look_after_client(c, crew);
	host_lock(&crew->lock);
}

enum err crew_take_big(struct ctx *c, struct tools *t)
{
	struct crew *crew = t->crew;
	if (!crew || t->big)
		return OK;
	WITH_LOCK(&crew->lock);
	while (crew->big) {
		wait_for_others(c, t);
		TRY(go_on(c, t));
	}
	t->big = crew->big = true;
	return OK;
}

enum err crew_enter(struct ctx *c, struct crew *crew, struct tools *out)
{
	struct receiver *r = crew->r;
	*c = crew->like;
	*out = (struct tools){.r = r, .crew = crew, .chunk = host_alloc(RECEIVE_CHUNK)};
	arena_init(&out->scratch);
	c->arena = &out->scratch;
	c->canceled = is_dropped;
	c->canceled_arg = out;
	c->working = NULL; /* the leader tells it */
	out->known = NEW(c->arena, struct odb_reader);
	odb_reader_init(c, out->known, r->in->known->odb);
	out->known->object_max = r->in->known->object_max;
	WITH_LOCK(&crew->lock);
	crew->helping++;
	return inflate_open(c, ZIP_ZLIB, &out->inflate);
}

void crew_leave(struct tools *t)
{
	struct crew *crew = t->crew;
	inflate_close(t->inflate);
	host_free(t->chunk, RECEIVE_CHUNK);
	arena_done(&t->scratch);
	WITH_LOCK(&crew->lock);
	crew->helping--;
	host_wake(&crew->lock);
}

void crew_wait(struct ctx *c, struct tools *t)
{
	struct crew *crew = t->crew;
	WITH_LOCK(&crew->lock);
	while (crew->helping)
		wait_for_others(c, t);
}

enum err crew_end(struct ctx *c, struct crew *crew)
{
	if (crew->failed == failed_none)
		return OK;
	c->error = crew->error;
	return crew->error.kind;
}
