#include "core/pack_tape.h"

#include "base/host.h"

enum {
	PIECE = 65515,      /* what one packet takes */
	WINDOW = 8 * PIECE, /* of what lies elsewhere */
	MEMORY_FIRST = 1 << 10,
	MEMORY_MOST = 64 << 10, /* bytes of its own kept in memory; the rest goes to the spool */
	SPOOL_COST = 160 << 10, /* memory that an open spool takes at most, with its buffer */
	BATCH = 32,
};

enum state { MAKING, WHOLE, FAILED };

struct part {
	struct extent *from;  /* NULL: in memory */
	const uint8_t *bytes; /* in memory */
	uint64_t at, len;
	bool spooled; /* `from` is the tape's own spool */
};

/* Memory of its own: never moved, so that readers need no lock for it. */
struct piece {
	struct piece *next;
	size_t used, cap;
	uint8_t bytes[];
};

struct pack_tape {
	struct host_lock lock; /* for all that follows but the references */
	int references;
	enum state state;
	struct error why;
	struct blob *blob;
	struct snapshot *snapshot; /* NULL when nothing lies in its packs */
	struct part *parts;
	size_t count, cap;
	struct piece *pieces; /* the newest first */
	size_t memory;
	struct spool *spool;
	uint64_t len; /* of the pack */
	int readers, waiting;
	bool copies; /* some lies in packs */
	struct pack_counts counts;
};

struct pack_tape *pack_tape_open(struct blob *blob, struct snapshot *snapshot)
{
	struct pack_tape *t = host_alloc(sizeof *t);
	memset(t, 0, sizeof *t);
	t->references = 1;
	t->blob = blob;
	t->snapshot = snapshot_hold(snapshot);
	return t;
}

struct pack_tape *pack_tape_hold(struct pack_tape *t)
{
	__atomic_add_fetch(&t->references, 1, __ATOMIC_RELAXED);
	return t;
}

static void tape_free(struct pack_tape *t)
{
	while (t->pieces) {
		struct piece *piece = t->pieces;
		t->pieces = piece->next;
		host_free(piece, sizeof *piece + piece->cap);
	}
	if (t->spool)
		extent_close(&t->spool->extent);
	if (t->parts)
		host_free(t->parts, t->cap * sizeof *t->parts);
	snapshot_release(&t->snapshot);
	host_free(t, sizeof *t);
}

void pack_tape_release(struct pack_tape **t)
{
	if (*t && __atomic_sub_fetch(&(*t)->references, 1, __ATOMIC_ACQ_REL) == 0)
		tape_free(*t);
	*t = NULL;
}

static void part_add(struct pack_tape *t, const struct part *part)
{
	struct part *last = t->count ? &t->parts[t->count - 1] : NULL;
	bool joins = last && last->from == part->from &&
		     (part->from ? last->at + last->len == part->at
				 : last->bytes + last->len == part->bytes);
	t->len += part->len;
	if (joins) {
		last->len += part->len;
		return;
	}
	if (t->count == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 4;
		struct part *parts = host_alloc(cap * sizeof *parts);
		if (t->parts) {
			memcpy(parts, t->parts, t->count * sizeof *parts);
			host_free(t->parts, t->cap * sizeof *parts);
		}
		t->parts = parts;
		t->cap = cap;
	}
	t->parts[t->count++] = *part;
}

static void keep_in_memory(struct pack_tape *t, const uint8_t *bytes, size_t len)
{
	while (len) {
		struct piece *piece = t->pieces;
		if (!piece || piece->used == piece->cap) {
			size_t cap = piece ? 2 * piece->cap : MEMORY_FIRST;
			cap = cap < len ? len : cap;
			piece = host_alloc(sizeof *piece + cap);
			*piece = (struct piece){.next = t->pieces, .cap = cap};
			t->pieces = piece;
			t->memory += cap;
		}
		size_t room = piece->cap - piece->used, part = len < room ? len : room;
		uint8_t *into = piece->bytes + piece->used;
		memcpy(into, bytes, part);
		piece->used += part;
		part_add(t, &(struct part){.bytes = into, .len = part});
		bytes += part;
		len -= part;
	}
}

static enum err keep_in_spool(struct ctx *c, struct pack_tape *t, const void *bytes, size_t len)
{
	if (!t->spool)
		TRY(blob_create(c, t->blob, &t->spool));
	uint64_t at = t->spool->extent.size;
	TRY(spool_append(c, t->spool, bytes, len));
	part_add(t,
		&(struct part){.from = &t->spool->extent, .at = at, .len = len, .spooled = true});
	return OK;
}

static void wake(struct pack_tape *t)
{
	if (t->waiting)
		host_wake(&t->lock);
}

enum err pack_tape_write(struct ctx *c, struct pack_tape *t, const void *bytes, size_t len)
{
	WITH_LOCK(&t->lock);
	if (t->spool || len > MEMORY_MOST || t->memory + len > MEMORY_MOST)
		TRY(keep_in_spool(c, t, bytes, len));
	else
		keep_in_memory(t, bytes, len);
	wake(t);
	return OK;
}

enum err pack_tape_copy(
	struct ctx *c, struct pack_tape *t, struct extent *from, uint64_t at, uint64_t len)
{
	(void)c;
	WITH_LOCK(&t->lock);
	t->copies = true;
	part_add(t, &(struct part){.from = from, .at = at, .len = len});
	wake(t);
	return OK;
}

void pack_tape_end(struct pack_tape *t, const struct error *why, const struct pack_counts *counts)
{
	struct snapshot *needless = NULL;
	host_lock(&t->lock);
	t->state = why ? FAILED : WHOLE;
	if (why)
		t->why = *why;
	t->counts = *counts;
	if (!t->copies) {
		needless = t->snapshot;
		t->snapshot = NULL;
	}
	host_wake(&t->lock);
	host_unlock(&t->lock);
	snapshot_release(&needless);
}

bool pack_tape_is_read(struct pack_tape *t)
{
	WITH_LOCK(&t->lock);
	return t->readers > 0;
}

void pack_tape_sizes(struct pack_tape *t, uint64_t *memory, uint64_t *bytes)
{
	WITH_LOCK(&t->lock);
	*memory = sizeof *t + t->memory + t->cap * sizeof *t->parts + (t->spool ? SPOOL_COST : 0);
	*bytes = *memory + (t->spool ? t->spool->extent.size : 0);
}

/* A reader: where it is, and what it gathers so that small parts do not go out one by one. */
struct player {
	struct pack_tape *t;
	struct sink *to;
	size_t part; /* next */
	uint64_t at; /* in it */
	uint8_t *held;
	size_t fill;
	bool begun;
};

static enum err give(struct ctx *c, struct player *p, const uint8_t *bytes, size_t len)
{
	while (len) {
		size_t part = len;
		if (p->fill == 0 && len >= PIECE) {
			part = len - len % PIECE;
			p->begun = true;
			TRY(sink_write(c, p->to, bytes, part));
		} else {
			size_t room = PIECE - p->fill;
			part = len < room ? len : room;
			memcpy(p->held + p->fill, bytes, part);
			p->fill += part;
		}
		if (p->fill == PIECE) {
			p->fill = 0;
			p->begun = true;
			TRY(sink_write(c, p->to, p->held, PIECE));
		}
		bytes += part;
		len -= part;
	}
	return OK;
}

/* A spool may be read only while nobody writes to it. */
static enum err window(
	struct ctx *c, struct player *p, const struct part *part, uint64_t at, const uint8_t **out)
{
	size_t len = part->len - at < WINDOW ? (size_t)(part->len - at) : WINDOW;
	if (!part->spooled)
		return extent_window(c, part->from, part->at + at, len, out);
	WITH_LOCK(&p->t->lock);
	return extent_window(c, part->from, part->at + at, len, out);
}

static enum err give_part(struct ctx *c, struct player *p, const struct part *part)
{
	if (!part->from)
		return give(c, p, part->bytes, (size_t)part->len);
	for (uint64_t at = 0; at < part->len; at += WINDOW) {
		const uint8_t *bytes = NULL;
		TRY(ctx_check(c));
		TRY(window(c, p, part, at, &bytes));
		TRY(give(c, p, bytes, part->len - at < WINDOW ? (size_t)(part->len - at) : WINDOW));
	}
	return OK;
}

/* Under the lock: copies what is there and was not read yet; returns how many parts. */
static size_t take(struct player *p, struct part out[BATCH])
{
	struct pack_tape *t = p->t;
	size_t count = 0;
	while (count < BATCH && p->part < t->count) {
		struct part part = t->parts[p->part];
		bool last = p->part + 1 == t->count;
		if (part.from)
			part.at += p->at;
		else
			part.bytes += p->at;
		part.len -= p->at;
		/* The last may grow yet. */
		if (last)
			p->at += part.len;
		else
			p->at = 0, p->part++;
		if (part.len)
			out[count++] = part;
		if (last)
			break;
	}
	return count;
}

static enum err play(struct ctx *c, struct player *p, bool waits)
{
	struct pack_tape *t = p->t;
	struct part parts[BATCH];
	enum state state = MAKING;
	p->held = arena_raw(c->arena, PIECE);
	for (;;) {
		host_lock(&t->lock);
		size_t count = take(p, parts);
		state = t->state;
		if (count == 0 && state == MAKING && waits) {
			t->waiting++;
			host_wait(&t->lock);
			t->waiting--;
		}
		host_unlock(&t->lock);
		for (size_t i = 0; i < count; i++)
			TRY(give_part(c, p, &parts[i]));
		if (count == 0 && (state != MAKING || !waits))
			break;
		TRY(ctx_check(c));
	}
	if (state == FAILED && waits)
		return fail(c, t->why.kind, "%s", t->why.text);
	size_t fill = p->fill;
	p->fill = 0;
	return sink_write(c, p->to, p->held, fill);
}

enum err pack_tape_play(struct ctx *c, struct pack_tape *t, struct sink *to, bool *begun,
	struct pack_counts *counts)
{
	struct player p = {.t = t, .to = to};
	host_lock(&t->lock);
	t->readers++;
	host_unlock(&t->lock);
	enum err kind = play(c, &p, true);
	host_lock(&t->lock);
	t->readers--;
	host_unlock(&t->lock);
	*begun = p.begun;
	if (!kind)
		*counts = t->counts;
	return kind;
}

enum err pack_tape_play_now(struct ctx *c, struct pack_tape *t, struct sink *to)
{
	struct player p = {.t = t, .to = to};
	return play(c, &p, false);
}
