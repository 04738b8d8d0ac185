#include "base/host.h"
#include "base/sort.h"
#include "git/receiver.h"

enum {
	EXPANDED_BASE = 1 << 30, /* what deltas may make of any pack: this much and … */
	EXPANDED_RATIO = 4000,   /* … so many times its size */
	FRAMES = RECEIVE_DEPTH_MAX + 1,
};

/* An object whose deltas are being resolved. Its base is in a frame below, or was. */
struct frame {
	uint32_t record;
	uint32_t child; /* the next delta to resolve */
	uint32_t depth;
	struct content content; /* nothing: put out of memory, to be made again */
};

/* One thread's. */
struct resolver {
	struct receiver *r;
	struct tools *t;
	struct frame *frames; /* FRAMES of them */
	uint32_t count;
	uint64_t resident;     /* bytes that the frames hold in memory */
	uint64_t resident_max; /* its share of RECEIVE_RESIDENT_MAX */
};

static int ref_delta_cmp(const void *a, const void *b, const void *arg)
{
	const struct ref_delta *x = a, *y = b;
	(void)arg;
	return oid_cmp(&x->base, &y->base);
}

/* Makes the REF_DELTAs on this object, whose id is known now, its children. */
static void adopt(struct receiver *r, uint32_t at)
{
	struct received *record = &r->out->records[at];
	uint32_t low = 0, high = r->ref_delta_count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (oid_cmp(&r->ref_deltas[middle].base, &record->id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	/* Of twins, which are refused in the end, one has them all. */
	if (low == r->ref_delta_count || !oid_eq(&r->ref_deltas[low].base, &record->id) ||
		__atomic_exchange_n(&r->ref_deltas[low].adopted, true, __ATOMIC_RELAXED))
		return;
	for (; low < r->ref_delta_count && oid_eq(&r->ref_deltas[low].base, &record->id); low++) {
		struct received *delta = &r->out->records[r->ref_deltas[low].record];
		delta->base = at;
		delta->next = record->child;
		record->child = r->ref_deltas[low].record;
	}
}

static enum err root_content(struct ctx *c, struct tools *t, uint32_t at, struct content *out)
{
	const struct received *record = &t->r->out->records[at];
	if (record->outside)
		return content_known(c, t, &record->id, record->size, out);
	return content_inflate(c, t, at, out);
}

/* The content of delta `at` on `base`. */
static enum err delta_content(struct ctx *c, struct tools *t, uint32_t at,
	const struct content *base, struct content *out)
{
	struct content delta = {0};
	enum err err = content_inflate(c, t, at, &delta);
	if (!err)
		err = content_apply(c, t, base, &delta, out);
	content_done(&delta);
	return err;
}

/* Deltas have made, or will, so many bytes more: is that still in proportion to the pack? */
static enum err expand(struct ctx *c, struct receiver *r, uint64_t more)
{
	uint64_t all = __atomic_add_fetch(&r->expanded, more, __ATOMIC_RELAXED);
	if (all > EXPANDED_BASE && (all - EXPANDED_BASE) / EXPANDED_RATIO > r->body_end)
		return fail(c, ERR_TOO_BIG, "the deltas of %llu bytes of pack make over %llu bytes",
			(unsigned long long)r->body_end, (unsigned long long)all);
	return OK;
}

static bool content_empty(const struct content *content)
{
	return !content->bytes && !content->spool;
}

static void frame_drop(struct resolver *v, struct frame *f)
{
	if (f->content.bytes)
		v->resident -= f->content.size;
	content_done(&f->content);
}

/* Puts the oldest contents out of memory until there is room for one more. */
static void make_room(struct resolver *v)
{
	for (uint32_t i = 0; i + 1 < v->count && v->resident > v->resident_max; i++)
		frame_drop(v, &v->frames[i]);
}

/* Makes the content of the top frame again, from the nearest ancestor that still has its own. */
static enum err frame_remake(struct ctx *c, struct resolver *v)
{
	struct receiver *r = v->r;
	struct frame *top = &v->frames[v->count - 1];
	uint32_t path[RECEIVE_DEPTH_MAX + 1], len = 0;
	uint32_t at = top->record, depth = top->depth, below = v->count - 1;
	const struct content *base = NULL;
	struct content have = {0};
	while (!base && r->out->records[at].base != NO_RECORD) {
		path[len++] = at;
		at = r->out->records[at].base;
		depth--;
		while (below > 0 && v->frames[below - 1].depth > depth)
			below--;
		if (below > 0 && v->frames[below - 1].depth == depth &&
			!content_empty(&v->frames[below - 1].content))
			base = &v->frames[below - 1].content;
	}
	enum err err = OK;
	if (!base) {
		err = root_content(c, v->t, at, &have);
		base = &have;
	}
	while (!err && len) {
		struct content next = {0};
		err = delta_content(c, v->t, path[--len], base, &next);
		if (!err)
			err = expand(c, r, next.size);
		if (!err)
			err = ctx_check(c);
		content_done(&have);
		have = next;
		base = &have;
	}
	top->content = have;
	v->resident += have.bytes ? have.size : 0;
	return err;
}

/* Takes `content` over. */
static enum err frame_push(
	struct ctx *c, struct resolver *v, uint32_t record, uint32_t depth, struct content *content)
{
	if (depth > RECEIVE_DEPTH_MAX) {
		content_done(content);
		return fail(
			c, ERR_INVALID, "a chain of deltas is longer than %d", RECEIVE_DEPTH_MAX);
	}
	v->frames[v->count++] =
		(struct frame){record, v->r->out->records[record].child, depth, *content};
	v->resident += content->bytes ? content->size : 0;
	make_room(v);
	return OK;
}

/* Resolves one delta on the top frame's object, and has those on it come next. */
static enum err resolve_next(struct ctx *c, struct resolver *v)
{
	struct receiver *r = v->r;
	struct frame *top = &v->frames[v->count - 1];
	uint32_t at = top->child, depth = top->depth + 1;
	struct content content = {0};
	if (content_empty(&top->content))
		TRY(frame_remake(c, v));
	r->out->records[at].object_type = r->out->records[top->record].object_type;
	enum err err = delta_content(c, v->t, at, &top->content, &content);
	if (!err)
		err = receiver_object(c, v->t, at, &content, &top->content);
	__atomic_add_fetch(&r->resolved, 1, __ATOMIC_RELAXED);
	if (!err)
		err = crew_step(c, v->t);
	if (err) {
		content_done(&content);
		return err;
	}
	/* After its last delta a content is of no more use: so a chain needs two at a time. */
	top->child = r->out->records[at].next;
	if (top->child == NO_RECORD) {
		frame_drop(v, top);
		v->count--;
	}
	adopt(r, at);
	if (r->out->records[at].child != NO_RECORD)
		return frame_push(c, v, at, depth, &content);
	content_done(&content);
	return OK;
}

static enum err resolve_tree(struct ctx *c, struct resolver *v, uint32_t root)
{
	struct content content = {0};
	adopt(v->r, root);
	if (v->r->out->records[root].child == NO_RECORD)
		return OK;
	enum err err = root_content(c, v->t, root, &content);
	if (err) {
		content_done(&content);
		return err;
	}
	TRY(frame_push(c, v, root, 0, &content));
	while (v->count)
		TRY(resolve_next(c, v));
	return OK;
}

/* The family that the thread has been given. */
static void resolve_family(struct ctx *c, struct resolver *v)
{
	uint32_t root = v->t->family;
	uint8_t type = v->r->out->records[root].type;
	enum err err = OK;
	if (type != OBJECT_OFS_DELTA && type != OBJECT_REF_DELTA)
		err = resolve_tree(c, v, root);
	while (v->count)
		frame_drop(v, &v->frames[--v->count]);
	crew_done(c, v->t, err);
}

static void resolver_init(struct resolver *v, struct tools *t)
{
	*v = (struct resolver){
		.r = t->r, .t = t, .resident_max = RECEIVE_RESIDENT_MAX / t->crew->most};
	v->frames = host_alloc(FRAMES * sizeof *v->frames);
}

static void resolver_done(struct resolver *v)
{
	host_free(v->frames, FRAMES * sizeof *v->frames);
}

static void resolve_inside(struct ctx *c, struct tools *t)
{
	struct resolver v;
	resolver_init(&v, t);
	while (crew_next(t))
		resolve_family(c, &v);
	resolver_done(&v);
}

/*
 * Deltas on what the repository has: that becomes part of the pack, which was thin. One after the
 * other, because what one makes may be the next one's base, which is then not brought in again.
 */
static enum err resolve_outside(struct ctx *c, struct resolver *v)
{
	struct receiver *r = v->r;
	for (uint32_t i = 0; i < r->ref_delta_count; i++) {
		const struct ref_delta *delta = &r->ref_deltas[i];
		enum object_type type;
		uint64_t size;
		bool known = false;
		if (r->out->records[delta->record].base == NO_RECORD)
			TRY(odb_has(c, r->in->known, &delta->base, &known));
		if (!known)
			continue;
		TRY(odb_stat(c, r->in->known, &delta->base, &type, &size));
		if (size > r->in->object_max)
			return fail(c, ERR_TOO_BIG,
				"an object of %llu bytes is over the limit of %llu",
				(unsigned long long)size, (unsigned long long)r->in->object_max);
		v->t->family = r->out->count;
		struct received *base = receiver_record(r);
		r->outside++;
		base->id = delta->base;
		base->size = size;
		base->type = base->object_type = (uint8_t)type;
		base->outside = true;
		resolve_family(c, v);
		TRY(crew_end(c, v->t->crew));
	}
	return OK;
}

static enum err resolve_rest(struct ctx *c, struct receiver *r)
{
	struct resolver v;
	resolver_init(&v, &r->own);
	enum err err = resolve_outside(c, &v);
	resolver_done(&v);
	TRY(err);
	if (r->resolved != r->deltas)
		return fail(c, ERR_CORRUPT, "the pack has %u unresolved deltas",
			r->deltas - r->resolved);
	return OK;
}

static void work(void *arg, unsigned number)
{
	struct crew *crew = arg;
	struct tools tools;
	struct ctx own;
	if (number == 0) {
		resolve_inside(crew->lead, &crew->r->own);
		crew_wait(crew->lead, &crew->r->own);
		return;
	}
	if (crew_enter(&own, crew, &tools) == OK)
		resolve_inside(&own, &tools);
	crew_leave(&tools);
}

/* Threads that help cost some fractions of a millisecond, and memory. */
static bool is_worth_help(struct ctx *c, const struct receiver *r)
{
	uint64_t min = r->in->parallel_min ? r->in->parallel_min : RECEIVE_PARALLEL_MIN;
	return c->world->parallel && r->expanded >= min;
}

static enum err resolve_together(struct ctx *c, struct crew *crew)
{
	struct extent *pack = &crew->r->out->pack->extent;
	const uint8_t *end;
	/* From then on they may all read it. */
	TRY(extent_window(c, pack, pack->size - 1, 1, &end));
	crew->most = RECEIVE_THREADS_MAX;
	c->world->parallel(crew->most, work, crew);
	return OK;
}

static enum err resolve_all(struct ctx *c, struct crew *crew)
{
	struct receiver *r = crew->r;
	sort_array(&r->own.scratch, r->ref_deltas, r->ref_delta_count, sizeof *r->ref_deltas,
		ref_delta_cmp, NULL);
	TRY(expand(c, r, 0));
	if (is_worth_help(c, r))
		TRY(resolve_together(c, crew));
	else
		work(crew, 0);
	TRY(crew_end(c, crew));
	if (r->resolved != r->deltas)
		TRY(resolve_rest(c, r));
	return receiver_step(c, r, RECEIVE_DELTAS, r->deltas, r->deltas);
}

enum err receiver_resolve(struct ctx *c, struct receiver *r)
{
	struct crew crew;
	if (!r->deltas)
		return OK;
	crew_init(c, &crew, r);
	enum err err = resolve_all(c, &crew);
	r->own.crew = NULL;
	return err;
}
