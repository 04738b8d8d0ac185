#include "git/pack_write.h"

#include "base/buf.h"
#include "base/sort.h"
#include "base/zip.h"
#include "git/hashing.h"

enum {
	PACK_HEAD = 12,
	COPY_WINDOW = 512 << 10,
	COPY_LEAST = 4096,
	LEVEL_HASTY = 1, /* the others cost twice as much for a twentieth of the bytes */
	LEVEL_PATIENT = 6,
	CHECK_EVERY = 256,
};

struct item {
	uint64_t from; /* offset where it lies */
	uint64_t to;   /* offset where it was written; 0: not yet */
	uint32_t pack; /* in odb->packs */
	uint32_t position;
	uint32_t number;
};

/*
 * The objects that are taken from one pack, in the order of their offsets: the first `lead` of the pack,
 * which are copied in one go and need no items, and behind them the items.
 */
struct share {
	struct pack *pack;
	uint32_t lead;
	uint64_t lead_end; /* of the pack's offsets */
	uint64_t shift;    /* what lies before it was written so much farther on */
	struct item *items;
	size_t count;
	struct pack_order order;
	uint32_t at;    /* of the current item in `order` */
	uint64_t solid; /* the entries from this offset to the current one lie as far from each
			   other as they did */
	uint32_t plain; /* of the pack's first entries so many have been seen: see struct pack */
	bool by_id;     /* there are deltas that name their base */
};

struct writing {
	struct pack_write *w;
	struct hashing out;
	struct item *items;
	size_t count, done;
	uint32_t *leads;             /* of each of odb->packs: see struct share */
	uint64_t copy_from, copy_to; /* bytes of the current pack to be copied as they are */
	struct arena work;           /* for one object made anew: a sink may use c->arena */
};

static int item_cmp(const void *a, const void *b, const void *arg)
{
	(void)arg;
	const struct item *x = a, *y = b;
	if (x->pack != y->pack)
		return x->pack < y->pack ? -1 : 1;
	return (x->from > y->from) - (x->from < y->from);
}

static enum err place_each(struct ctx *c, struct writing *s)
{
	const struct odb *odb = s->w->graph->reader->odb;
	const struct numbers *objects = s->w->objects;
	for (size_t i = 0; i < objects->len; i++) {
		struct oid id = oidmap_oid(&s->w->graph->ids, objects->at[i]);
		struct idx_hit hit = {0};
		uint32_t pack = 0;
		char hex[OID_HEX_MAX];
		for (; pack < odb->count && !hit.found; pack++)
			TRY(idx_look_up(c, &odb->packs[pack]->idx, &id, &hit));
		if (!hit.found)
			return fail(c, ERR_NOT_FOUND, "there is no object %s", oid_hex(&id, hex));
		s->items[s->count++] = (struct item){.pack = pack - 1,
			.position = hit.position,
			.number = objects->at[i],
			.from = hit.offset};
	}
	return OK;
}

/* How many of the first entries of a pack are all sent, each as it lies there. */
static uint32_t lead_of(const struct pack_write *w, const struct bitmap_part *part)
{
	uint32_t plain = __atomic_load_n(&part->pack->plain, __ATOMIC_RELAXED);
	if (!w->ofs_delta || !plain)
		return 0;
	uint32_t lead = bits_next_gap(w->packed, part->first) - part->first;
	return lead < plain ? lead : plain;
}

/*
 * What the bitmap's packs have is taken from there, whichever other packs have it too; no circle
 * comes of that, for its deltas' bases are in the same pack, and in no other of the bitmap's.
 */
static void place_packed(struct writing *s)
{
	const struct odb *odb = s->w->graph->reader->odb;
	const struct bitmap_objects *objects = &s->w->bitmap->objects;
	for (size_t i = 0; i < objects->part_count; i++) {
		const struct bitmap_part *part = &objects->parts[i];
		uint32_t pack = 0, end = part->first + part->pack->idx.count;
		uint32_t lead = lead_of(s->w, part);
		uint32_t bit = bits_next(s->w->packed, part->first + lead);
		while (odb->packs[pack] != part->pack)
			pack++;
		s->leads[pack] = lead;
		for (; bit < end; bit = bits_next(s->w->packed, bit + 1))
			s->items[s->count++] = (struct item){.pack = pack,
				.position = part->order.positions[bit - part->first],
				.number = OIDMAP_NONE,
				.from = part->order.offsets[bit - part->first]};
	}
}

/* The same the other way round: what is in the packs is looked up among what is to be sent. */
static enum err place_all(struct ctx *c, struct writing *s)
{
	struct graph *g = s->w->graph;
	size_t all = s->count + s->w->objects->len;
	const struct odb *odb = g->reader->odb;
	graph_unmark_all(g, MARK_SEEN);
	for (uint32_t pack = 0; pack < odb->count; pack++) {
		struct idx *idx = &odb->packs[pack]->idx;
		TRY(ctx_check(c));
		TRY(idx_whole(c, idx));
		for (uint32_t i = 0; i < idx->count && s->count < all; i++) {
			uint32_t number = oidmap_find(&g->ids, idx_hash(idx, i));
			if (number != OIDMAP_NONE && graph_has(g, number, MARK_SEND) &&
				graph_mark(g, number, MARK_SEEN))
				s->items[s->count++] = (struct item){.pack = pack,
					.position = i,
					.number = number,
					.from = idx_offset(idx, i)};
		}
	}
	if (s->count < all)
		return fail(c, ERR_NOT_FOUND, "%zu objects are missing here", all - s->count);
	return OK;
}

/*
 * An object that lies in several packs is taken from the first: a delta's base is then in the same
 * pack or in one before, so that no circle of deltas can come together from several packs.
 */
static enum err place(struct ctx *c, struct writing *s)
{
	const struct odb *odb = s->w->graph->reader->odb;
	uint64_t all = 0;
	bool sorted = true;
	if (s->w->bitmap)
		place_packed(s);
	for (size_t i = 0; i < odb->count; i++)
		all += odb->packs[i]->idx.count;
	bool many = (uint64_t)s->w->objects->len * odb->count > all;
	TRY(many ? place_all(c, s) : place_each(c, s));
	for (size_t i = 1; i < s->count && sorted; i++)
		sorted = item_cmp(&s->items[i - 1], &s->items[i], NULL) < 0;
	if (!sorted)
		sort_array(c->arena, s->items, s->count, sizeof *s->items, item_cmp, NULL);
	return OK;
}

/* Will the other side have it? */
static bool is_there(const struct writing *s, const struct oid *id)
{
	const struct pack_write *w = s->w;
	unsigned marks = w->thin ? MARK_SEND | MARK_KNOWN : MARK_SEND;
	uint32_t number = oidmap_find(&w->graph->ids, id->hash), bit = 0;
	if (number != OIDMAP_NONE && graph_has(w->graph, number, marks))
		return true;
	if (!w->bitmap || !bitmap_objects_find(&w->bitmap->objects, id->hash, &bit))
		return false;
	return bits_has(w->packed, bit) || (w->thin && bits_has(w->known, bit));
}

/* The item of this share that lies at `offset`, or NULL. */
static struct item *item_at(const struct share *share, uint64_t offset)
{
	size_t low = 0, high = share->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (share->items[middle].from < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < share->count && share->items[low].from == offset ? &share->items[low] : NULL;
}

/* How an entry gets into the new pack. */
enum way { WAY_COPY, WAY_OFS, WAY_REF, WAY_ANEW };

struct plan {
	enum way way;
	struct pack_entry entry;
	uint64_t end;
	struct item *base;  /* an item of the same share; NULL: elsewhere, or in its lead */
	uint64_t base_to;   /* where the base was written; 0: not yet, or elsewhere */
	struct oid base_id; /* WAY_REF */
};

static enum err find_base(
	struct ctx *c, const struct share *share, uint64_t offset, struct plan *plan)
{
	uint32_t position;
	if (offset < share->lead_end) {
		plan->base_to = offset + share->shift;
		return pack_position_at(c, share->pack, offset, &position);
	}
	plan->base = item_at(share, offset);
	if (plan->base)
		plan->base_to = plan->base->to;
	return OK;
}

static enum err plan_delta(
	struct ctx *c, const struct writing *s, const struct share *share, struct plan *plan)
{
	const struct idx *idx = &share->pack->idx;
	const struct item *self = item_at(share, plan->entry.offset);
	uint32_t position = 0;
	uint64_t offset = plan->entry.base_offset;
	plan->way = WAY_ANEW;
	if (plan->entry.type == OBJECT_REF_DELTA) {
		struct idx_hit hit;
		TRY(idx_look_up(c, idx, &plan->entry.base, &hit));
		if (!hit.found)
			return OK;
		position = hit.position;
		offset = hit.offset;
	}
	TRY(find_base(c, share, offset, plan));
	if (plan->base_to && s->w->ofs_delta) {
		bool same = plan->entry.type == OBJECT_OFS_DELTA &&
			    plan->base_to - offset == self->to - self->from;
		plan->way = same ? WAY_COPY : WAY_OFS;
		return OK;
	}
	if (plan->entry.type == OBJECT_OFS_DELTA)
		TRY(pack_position_at(c, share->pack, offset, &position));
	plan->base_id = idx_oid(idx, position);
	if (plan->base || plan->base_to || is_there(s, &plan->base_id))
		plan->way = plan->entry.type == OBJECT_REF_DELTA ? WAY_COPY : WAY_REF;
	return OK;
}

static bool is_delta(const struct pack_entry *entry)
{
	return entry->type == OBJECT_OFS_DELTA || entry->type == OBJECT_REF_DELTA;
}

static enum err plan_item(struct ctx *c, const struct writing *s, struct share *share,
	const struct item *item, struct plan *plan)
{
	struct pack *p = share->pack;
	uint32_t next = share->at + 1, count = p->idx.count;
	if (next >= count || share->order.positions[next] != item->position) {
		TRY(pack_order_find(c, p, item->from, &next));
		share->solid = item->from;
	}
	share->at = next;
	uint64_t tail = p->bytes->size - hash_size(p->algo);
	plan->end = next + 1 < count ? share->order.offsets[next + 1] : tail;
	TRY(pack_entry_at(c, p, item->from, &plan->entry));
	if (plan->end <= plan->entry.data || plan->end > tail)
		return fail(c, ERR_CORRUPT, "pack %s has overlapping entries", p->name);
	plan->way = WAY_COPY;
	if (plan->entry.type == OBJECT_OFS_DELTA && s->w->ofs_delta &&
		plan->entry.base_offset >= share->solid)
		return OK;
	return is_delta(&plan->entry) ? plan_delta(c, s, share, plan) : OK;
}

/* Few bytes are not worth remembering where they lie. */
static enum err copy_bytes(
	struct ctx *c, struct writing *s, struct pack *p, const uint8_t *bytes, size_t len)
{
	if (len < COPY_LEAST)
		return sink_write(c, &s->out.sink, bytes, len);
	TRY(hashing_flush(c, &s->out));
	hash_update(&s->out.hash, bytes, len);
	s->out.bytes += len;
	return sink_copy(c, s->w->to, p->bytes, s->copy_from, len);
}

/* Writes what is waiting to be copied. */
static enum err copy(struct ctx *c, struct writing *s, struct pack *p)
{
	while (s->copy_from < s->copy_to) {
		uint64_t left = s->copy_to - s->copy_from;
		/* What is left of it must not be too little to be remembered where it lies. */
		size_t len = left < COPY_WINDOW + COPY_LEAST ? (size_t)left : COPY_WINDOW;
		const uint8_t *bytes = NULL;
		TRY(ctx_check(c));
		TRY(extent_window(c, p->bytes, s->copy_from, len, &bytes));
		TRY(copy_bytes(c, s, p, bytes, len));
		s->copy_from += len;
	}
	return OK;
}

static size_t distance_write(uint64_t distance, uint8_t out[10])
{
	uint8_t bytes[10];
	size_t at = sizeof bytes - 1;
	bytes[at] = distance & 0x7f;
	while (distance >>= 7)
		bytes[--at] = (uint8_t)(0x80 | (--distance & 0x7f));
	memcpy(out, bytes + at, sizeof bytes - at);
	return sizeof bytes - at;
}

/* A delta with another header before the same compressed bytes. */
static enum err write_delta(
	struct ctx *c, struct writing *s, const struct plan *plan, const struct item *item)
{
	uint8_t head[10 + HASH_MAX];
	bool ofs = plan->way == WAY_OFS;
	size_t len = pack_entry_header(
		ofs ? OBJECT_OFS_DELTA : OBJECT_REF_DELTA, plan->entry.size, head);
	if (ofs) {
		len += distance_write(item->to - plan->base_to, head + len);
	} else {
		memcpy(head + len, plan->base_id.hash, hash_size(s->out.hash.algo));
		len += hash_size(s->out.hash.algo);
	}
	TRY(sink_write(c, &s->out.sink, head, len));
	s->copy_from = plan->entry.data;
	s->copy_to = plan->end;
	return OK;
}

/* The object at `place`, deflated into s->work behind its header. */
static enum err make_anew(struct ctx *c, struct writing *s, const struct place *place,
	struct str *head, struct str *body)
{
	struct object o;
	TRY(odb_read_at(c, s->w->graph->reader, place, &o));
	size_t cap = zip_deflate_bound(o.bytes.len);
	int level = s->w->patient ? LEVEL_PATIENT : LEVEL_HASTY;
	uint8_t *bytes = arena_raw(&s->work, 10);
	char *out = arena_raw(&s->work, cap);
	*head = str_from(bytes, pack_entry_header(o.type, o.bytes.len, bytes));
	*body = str_from(out, zip_deflate(o.bytes.at, o.bytes.len, out, cap, level));
	return OK;
}

static enum err write_anew(
	struct ctx *c, struct writing *s, struct pack *p, const struct item *item)
{
	struct arena *arena = c->arena;
	struct place place = {.pack = p, .position = item->position, .offset = item->from};
	struct str head = {0}, body = {0};
	c->arena = &s->work;
	enum err err = make_anew(c, s, &place, &head, &body);
	c->arena = arena;
	if (!err)
		err = sink_write(c, &s->out.sink, head.at, head.len);
	if (!err)
		err = sink_write(c, &s->out.sink, body.at, body.len);
	arena_done(&s->work);
	return err;
}

static enum err write_planned(struct ctx *c, struct writing *s, struct share *share,
	struct item *item, const struct plan *plan)
{
	share->by_id = share->by_id || plan->entry.type == OBJECT_REF_DELTA;
	/* A header of another length, and what lies behind it is nearer or farther. */
	if (plan->way != WAY_COPY)
		share->solid = plan->end;
	s->w->counts.reused += plan->way != WAY_ANEW;
	s->w->counts.deltas += plan->way != WAY_ANEW && is_delta(&plan->entry);
	if (plan->way == WAY_COPY && s->copy_to == item->from && s->copy_from < s->copy_to) {
		s->copy_to = plan->end;
		return OK;
	}
	TRY(copy(c, s, share->pack));
	if (plan->way == WAY_COPY) {
		s->copy_from = item->from;
		s->copy_to = plan->end;
		return OK;
	}
	if (plan->way == WAY_ANEW)
		return write_anew(c, s, share->pack, item);
	return write_delta(c, s, plan, item);
}

static enum err plan_at_end(
	struct ctx *c, struct writing *s, struct share *share, struct item *item, struct plan *plan)
{
	*plan = (struct plan){.way = WAY_COPY};
	item->to = s->out.bytes + (s->copy_to - s->copy_from);
	return plan_item(c, s, share, item, plan);
}

/*
 * The bases of a pack that came thin lie at its end. Not every client looks there, so they are
 * written before what needs them. One that is a delta itself stays where it is.
 */
static enum err write_item(struct ctx *c, struct writing *s, struct share *share, struct item *item)
{
	struct plan plan, first;
	TRY(plan_at_end(c, s, share, item, &plan));
	struct item *base = plan.base;
	if (base && !base->to) {
		struct share before = *share;
		TRY(plan_at_end(c, s, share, base, &first));
		if (is_delta(&first.entry)) {
			base->to = 0;
			*share = before;
		} else {
			TRY(write_planned(c, s, share, base, &first));
			TRY(plan_at_end(c, s, share, item, &plan));
		}
	}
	return write_planned(c, s, share, item, &plan);
}

/*
 * The plain entries from the first one of the pack on, as many as are all taken, as they lie there: a
 * base lies before what needs it, so none is elsewhere, or at another distance than it was.
 */
static enum err write_first(struct ctx *c, struct writing *s, struct share *share, size_t *count)
{
	struct pack *p = share->pack;
	size_t n = 0;
	share->shift = s->out.bytes - PACK_HEAD;
	while (n < share->count && share->lead + n < share->plain &&
		share->items[n].position == share->order.positions[share->lead + n])
		n++;
	for (size_t i = 0; i < n; i++)
		share->items[i].to = share->items[i].from + share->shift;
	size_t all = share->lead + n;
	s->copy_from = s->copy_to = PACK_HEAD;
	if (all)
		s->copy_to = all < p->idx.count ? share->order.offsets[all]
						: p->bytes->size - hash_size(p->algo);
	if (share->lead)
		share->lead_end =
			share->lead < p->idx.count ? share->order.offsets[share->lead] : s->copy_to;
	s->done += all;
	s->w->counts.whole += (uint32_t)all;
	s->w->counts.reused += (uint32_t)all;
	share->at = (uint32_t)all - 1;
	*count = n;
	TRY(progress_tick(c, s->w->progress, s->done));
	return copy(c, s, p);
}

static enum err write_share(struct ctx *c, struct writing *s, struct share *share)
{
	size_t first = 0;
	uint32_t *plain = &share->pack->plain;
	share->solid = PACK_HEAD;
	TRY(pack_order(c, share->pack, &share->order));
	share->at = UINT32_MAX;
	share->plain = __atomic_load_n(plain, __ATOMIC_RELAXED);
	if (s->w->ofs_delta && share->plain)
		TRY(write_first(c, s, share, &first));
	for (size_t i = first; i < share->count; i++, s->done++) {
		if (s->done % CHECK_EVERY == 0) {
			TRY(ctx_check(c));
			TRY(progress_tick(c, s->w->progress, s->done));
		}
		if (share->items[i].to)
			continue;
		TRY(write_item(c, s, share, &share->items[i]));
		if (!share->by_id && share->at == share->lead + i &&
			share->plain == share->lead + i)
			share->plain++;
		if (s->copy_to - s->copy_from >= COPY_WINDOW)
			TRY(copy(c, s, share->pack));
	}
	/* If another thread has just seen more of them, it is only forgotten. */
	if (share->plain > __atomic_load_n(plain, __ATOMIC_RELAXED))
		__atomic_store_n(plain, share->plain, __ATOMIC_RELAXED);
	return copy(c, s, share->pack);
}

/* The one pack all of which, and nothing else, is sent as the file that it is; NULL: there is none. */
static struct pack *only_pack(const struct pack_write *w, size_t count)
{
	if (!w->bitmap || !w->ofs_delta || w->objects->len || !count)
		return NULL;
	uint32_t first = bits_next(w->packed, 0);
	const struct bitmap_part *part = w->bitmap->objects.parts;
	while (part->first + part->pack->idx.count <= first)
		part++;
	uint32_t end = part->first + part->pack->idx.count;
	bool whole = count == part->pack->idx.count && bits_next(w->packed, end) == BITS_NONE;
	bool plain = __atomic_load_n(&part->pack->plain, __ATOMIC_RELAXED) == count;
	return whole && plain ? part->pack : NULL;
}

/* It has been hashed when it was made. */
static enum err write_file(struct ctx *c, struct pack_write *w, struct pack *p)
{
	w->counts.whole = w->counts.reused = p->idx.count;
	w->bytes = p->bytes->size - hash_size(p->algo);
	TRY(progress_tick(c, w->progress, p->idx.count));
	return sink_copy(c, w->to, p->bytes, 0, p->bytes->size);
}

static enum err write_all(struct ctx *c, struct writing *s)
{
	const struct odb *odb = s->w->graph->reader->odb;
	uint8_t head[12] = "PACK";
	put_be32(head + 4, 2);
	put_be32(head + 8, s->w->counts.objects);
	TRY(sink_write(c, &s->out.sink, head, sizeof head));
	for (size_t pack = 0, i = 0, end = 0; pack < odb->count; pack++, i = end) {
		while (end < s->count && s->items[end].pack == pack)
			end++;
		struct share share = {.pack = odb->packs[pack],
			.lead = s->leads[pack],
			.items = s->items + i,
			.count = end - i};
		if (share.lead || share.count)
			TRY(write_share(c, s, &share));
	}
	return hashing_end(c, &s->out, NULL);
}

enum err pack_write_run(struct ctx *c, struct pack_write *w)
{
	struct writing s = {.w = w};
	arena_init(&s.work);
	size_t count = w->objects->len + (w->bitmap ? bits_count(w->packed) : 0);
	w->counts = (struct pack_counts){.objects = (uint32_t)count};
	struct pack *only = only_pack(w, count);
	if (only)
		return write_file(c, w, only);
	s.items = arena_raw(c->arena, count * sizeof *s.items);
	s.leads = NEW_ARRAY(c->arena, uint32_t, w->graph->reader->odb->count);
	TRY(place(c, &s));
	hashing_init(c, &s.out, w->graph->reader->odb->algo, w->to);
	TRY(write_all(c, &s));
	w->bytes = s.out.bytes;
	return OK;
}
