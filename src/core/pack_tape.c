#include "core/pack_tape.h"

#include "base/host.h"

enum {
	PIECE = 65515, /* what one packet takes */
	MEMORY_FIRST = 1 << 10,
	MEMORY_MOST = 64 << 10, /* bytes of its own kept in memory; the rest goes to the spool */
	SPOOL_COST = 160 << 10, /* memory that an open spool takes at most, with its buffer */
	PARTS_MANY = 16 << 10,  /* of these, no little one is kept where it lies */
	NOTE_MOST = 160,
	LOOK_UP = 1000000, /* microseconds, after which a reader that waits sees to its client */
};

enum state { MAKING, WHOLE, FAILED, GIVEN_UP };

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
	struct pack_part *parts;
	size_t count, cap;
	struct piece *pieces; /* the newest first */
	size_t memory;
	struct spool *spool;
	uint64_t len; /* of the pack */
	int readers, waiting;
	bool copies; /* some lies in packs */
	char note[NOTE_MOST];
	size_t note_len;
	uint32_t notes; /* so far */
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

static void part_add(struct pack_tape *t, const struct pack_part *part)
{
	struct pack_part *last = t->count ? &t->parts[t->count - 1] : NULL;
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
		struct pack_part *parts = host_alloc(cap * sizeof *parts);
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
		part_add(t, &(struct pack_part){.bytes = into, .len = part});
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
	part_add(t, &(struct pack_part){
			    .from = &t->spool->extent, .at = at, .len = len, .spooled = true});
	return OK;
}

/* Readers want whole packets. */
static void wake(struct pack_tape *t, uint64_t fresh)
{
	if (t->waiting && t->len / PIECE != (t->len - fresh) / PIECE)
		host_wake(&t->lock);
}

/* Under the lock. */
static enum err keep(struct ctx *c, struct pack_tape *t, const void *bytes, size_t len)
{
	if (!len)
		return OK;
	if (t->spool || len > MEMORY_MOST || t->memory + len > MEMORY_MOST)
		return keep_in_spool(c, t, bytes, len);
	keep_in_memory(t, bytes, len);
	return OK;
}

enum err pack_tape_write(struct ctx *c, struct pack_tape *t, const void *bytes, size_t len)
{
	WITH_LOCK(&t->lock);
	TRY(keep(c, t, bytes, len));
	wake(t, len);
	return OK;
}

enum err pack_tape_copy(
	struct ctx *c, struct pack_tape *t, struct extent *from, uint64_t at, uint64_t len)
{
	const uint8_t *bytes = NULL;
	WITH_LOCK(&t->lock);
	if (t->count >= PARTS_MANY && len < PIECE) {
		TRY(extent_window(c, from, at, (size_t)len, &bytes));
		TRY(keep(c, t, bytes, (size_t)len));
	} else {
		t->copies = true;
		part_add(t, &(struct pack_part){.from = from, .at = at, .len = len});
	}
	wake(t, len);
	return OK;
}

void pack_tape_note(struct pack_tape *t, const void *text, size_t len)
{
	WITH_LOCK(&t->lock);
	t->note_len = len < NOTE_MOST ? len : NOTE_MOST;
	memcpy(t->note, text, t->note_len);
	t->notes++;
	if (t->waiting)
		host_wake(&t->lock);
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

bool pack_tape_give_up(struct pack_tape *t, const struct error *why)
{
	WITH_LOCK(&t->lock);
	ASSERT(t->state == MAKING);
	if (!why && t->readers)
		return false;
	t->state = GIVEN_UP;
	if (why)
		t->why = *why;
	host_wake(&t->lock);
	return true;
}

bool pack_tape_is_read(struct pack_tape *t)
{
	WITH_LOCK(&t->lock);
	return t->readers > 0;
}

void pack_tape_sizes(struct pack_tape *t, uint64_t *memory, uint64_t *spooled)
{
	WITH_LOCK(&t->lock);
	*memory = sizeof *t + t->memory + t->cap * sizeof *t->parts + (t->spool ? SPOOL_COST : 0);
	*spooled = t->spool ? t->spool->extent.size : 0;
}

void pack_player_init(struct ctx *c, struct pack_player *p, struct pack_tape *t, struct sink *to)
{
	*p = (struct pack_player){.t = t, .to = to, .held = arena_raw(c->arena, PIECE)};
}

bool pack_player_is_level(struct pack_player *p)
{
	WITH_LOCK(&p->t->lock);
	return p->taken >= p->t->len;
}

bool pack_player_fills(const struct pack_player *p, uint64_t len)
{
	return len >= PIECE - p->fill;
}

/* Moves on over `len` bytes; those that the tape does not have, it never gets. */
static void move_on(struct pack_player *p, uint64_t len)
{
	struct pack_tape *t = p->t;
	WITH_LOCK(&t->lock);
	p->taken += len;
	while (len && p->part < t->count) {
		uint64_t left = t->parts[p->part].len - p->at;
		if (len < left) {
			p->at += len;
			return;
		}
		len -= left;
		p->at += left;
		/* The last may grow yet. */
		if (p->part + 1 == t->count)
			return;
		p->part++;
		p->at = 0;
	}
}

static enum err write_held(struct ctx *c, struct pack_player *p)
{
	size_t fill = p->fill;
	p->fill = 0;
	p->begun = p->begun || fill;
	return sink_write(c, p->to, p->held, fill);
}

/* Reads the part's first bytes. A spool may be read only while nobody writes to it. */
static enum err window(struct ctx *c, struct pack_tape *t, const struct pack_part *part, size_t len,
	const uint8_t **out)
{
	*out = part->bytes;
	if (!part->from)
		return OK;
	if (!part->spooled)
		return extent_window(c, part->from, part->at, len, out);
	WITH_LOCK(&t->lock);
	return extent_window(c, part->from, part->at, len, out);
}

/* A packet of the part's first bytes alone: where they lie in a pack, nobody has to read them. */
static enum err write_piece(struct ctx *c, struct pack_player *p, const struct pack_part *part)
{
	const uint8_t *bytes;
	TRY(write_held(c, p));
	p->begun = true;
	if (part->from && !part->spooled)
		return sink_copy(c, p->to, part->from, part->at, PIECE);
	TRY(window(c, p->t, part, PIECE, &bytes));
	return sink_write(c, p->to, bytes, PIECE);
}

enum err pack_player_take(
	struct ctx *c, struct pack_player *p, const struct pack_part *part, size_t *len)
{
	const uint8_t *bytes;
	size_t room = PIECE - p->fill;
	bool whole = part->len >= PIECE;
	*len = whole ? PIECE : part->len < room ? (size_t)part->len : room;
	if (whole) {
		TRY(write_piece(c, p, part));
	} else {
		TRY(window(c, p->t, part, *len, &bytes));
		memcpy(p->held + p->fill, bytes, *len);
		p->fill += *len;
	}
	move_on(p, *len);
	return p->fill == PIECE ? write_held(c, p) : OK;
}

struct pack_part pack_player_next(struct pack_player *p)
{
	struct pack_tape *t = p->t;
	struct pack_part part = {0};
	WITH_LOCK(&t->lock);
	/* The last may have grown, or another have come behind it. */
	if (p->part + 1 < t->count && p->at == t->parts[p->part].len) {
		p->part++;
		p->at = 0;
	}
	if (p->part < t->count) {
		part = t->parts[p->part];
		pack_part_skip(&part, p->at);
	}
	return part;
}

/* All of what pack_player_next gave. */
static enum err take_all(struct ctx *c, struct pack_player *p, struct pack_part part)
{
	for (size_t len; part.len; pack_part_skip(&part, len)) {
		TRY(ctx_check(c));
		TRY(pack_player_take(c, p, &part, &len));
	}
	return OK;
}

enum err pack_player_rest(struct ctx *c, struct pack_player *p)
{
	struct pack_part part;
	do {
		part = pack_player_next(p);
		TRY(take_all(c, p, part));
	} while (part.len);
	return write_held(c, p);
}

/* Under the lock: is there nothing more to read, and nothing more to wait for? */
static bool is_over(const struct pack_player *p)
{
	return p->t->state == GIVEN_UP || (p->t->state != MAKING && p->taken == p->t->len);
}

/* Waits for more, and shows meanwhile how far it is. What is held goes out when that takes long. */
static enum err wait_for_more(struct ctx *c, struct pack_player *p)
{
	struct pack_tape *t = p->t;
	char note[NOTE_MOST];
	size_t note_len = 0;
	host_lock(&t->lock);
	if (p->taken == t->len && !is_over(p) && p->noted == t->notes) {
		t->waiting++;
		host_wait_for(&t->lock, LOOK_UP);
		t->waiting--;
	}
	bool idle = p->taken == t->len && !is_over(p);
	if (p->noted != t->notes)
		memcpy(note, t->note, note_len = t->note_len);
	p->noted = t->notes;
	host_unlock(&t->lock);
	if (idle)
		TRY(write_held(c, p));
	if (!idle || !p->notes || !note_len)
		return OK;
	TRY(sink_write(c, p->notes, note, note_len));
	return sink_flush(c, p->notes);
}

static enum err follow(struct ctx *c, struct pack_player *p)
{
	for (;;) {
		host_lock(&p->t->lock);
		bool over = is_over(p);
		host_unlock(&p->t->lock);
		if (over)
			return OK;
		TRY(ctx_check(c));
		struct pack_part part = pack_player_next(p);
		TRY(part.len ? take_all(c, p, part) : wait_for_more(c, p));
	}
}

static void count_reader(struct pack_tape *t, int by)
{
	WITH_LOCK(&t->lock);
	t->readers += by;
}

enum err pack_player_follow(
	struct ctx *c, struct pack_player *p, bool *again, struct pack_counts *counts)
{
	struct pack_tape *t = p->t;
	*again = false;
	count_reader(t, 1);
	enum err kind = follow(c, p);
	count_reader(t, -1);
	TRY(kind);
	/* It is over: nobody changes these any more. */
	*again = t->state == GIVEN_UP && !p->begun;
	if (*again)
		return OK;
	if (t->state != WHOLE)
		return fail(c, t->why.kind, "%s", t->why.text);
	*counts = t->counts;
	return write_held(c, p);
}
