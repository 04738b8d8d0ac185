#include "git/pack.h"

#include "base/buf.h"
#include "base/hex.h"
#include "base/host.h"
#include "base/sort.h"
#include "git/bitmap.h"
#include "git/commit_graph.h"
#include "git/midx.h"

enum { PACK_HEAD = 12, ENTRY_HEAD_MAX = 10 + 10 + HASH_MAX };

/* What a bitmap of several packs stands upon, beside the pack that has it. */
struct pack_beside {
	struct extent *bytes; /* of their index */
	struct midx midx;
	struct pack **packs; /* as it numbers them; a reference to each but the one that has this */
	size_t count;
};

static enum err pack_check(struct ctx *c, struct pack *p)
{
	size_t size = hash_size(p->algo);
	const uint8_t *head = NULL, *tail = NULL;
	if (p->bytes->size < PACK_HEAD + size)
		return fail(c, ERR_CORRUPT, "a pack of %llu bytes is too short to be one",
			(unsigned long long)p->bytes->size);
	TRY(extent_window(c, p->bytes, 0, PACK_HEAD, &head));
	uint32_t version = get_be32(head + 4);
	if (memcmp(head, "PACK", 4) != 0 || version < 2 || version > 3)
		return fail(c, ERR_CORRUPT, "this is no pack of version 2 or 3");
	TRY(idx_open(c, p->algo, p->idx_bytes, &p->idx));
	TRY(extent_window(c, p->bytes, p->bytes->size - size, size, &tail));
	if (p->idx.count != get_be32(head + 8) || memcmp(tail, p->idx.pack_hash, size) != 0)
		return fail(c, ERR_CORRUPT, "a pack and its index do not belong together");
	hex_encode(tail, size, p->name);
	return OK;
}

static void beside_close(struct pack *p, struct pack_beside *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->count; i++)
		if (b->packs[i] != p)
			pack_unref(b->packs[i]);
	host_free(b->packs, b->midx.pack_count * sizeof *b->packs);
	extent_close(b->bytes);
	host_free(b, sizeof *b);
}

static void source_close(struct pack *p)
{
	if (p->bitmap_source)
		p->bitmap_source->close(p->bitmap_source);
	p->bitmap_source = NULL;
}

static void pack_close(struct pack *p)
{
	source_close(p);
	bitmap_close(p->bitmap);
	beside_close(p, p->beside);
	extent_close(p->bitmap_bytes);
	if (p->commits)
		host_free(p->commits, sizeof *p->commits);
	extent_close(p->commits_bytes);
	extent_close(p->bytes);
	extent_close(p->idx_bytes);
	if (p->offsets) {
		host_free(p->positions, (size_t)p->idx.count * sizeof *p->positions);
		host_free(p->offsets, (size_t)p->idx.count * sizeof *p->offsets);
	}
	host_free(p->lock, sizeof *p->lock);
	host_free(p, sizeof *p);
}

enum err pack_open(struct ctx *c, enum hash_algo algo, struct extent *bytes, struct extent *idx,
	struct pack **out)
{
	struct pack *p = host_alloc(sizeof *p);
	*p = (struct pack){.algo = algo, .bytes = bytes, .idx_bytes = idx, .references = 1};
	p->lock = host_alloc(sizeof *p->lock);
	*p->lock = (struct host_lock){0};
	enum err err = pack_check(c, p);
	if (err)
		pack_close(p);
	else
		*out = p;
	return err;
}

/* A whole extent that stays open as long as what comes of it. */
static enum err whole(struct ctx *c, struct extent *bytes, struct str *out)
{
	const uint8_t *at = NULL;
	if (bytes->size > SIZE_MAX / 2)
		return fail(c, ERR_TOO_BIG, "what belongs to a pack is too big");
	TRY(extent_window(c, bytes, 0, (size_t)bytes->size, &at));
	*out = str_from(at, (size_t)bytes->size);
	return OK;
}

static enum err bitmap_take(struct ctx *c, struct pack *p, struct extent *bytes)
{
	struct str bits;
	TRY(whole(c, bytes, &bits));
	return bitmap_open(c, p, bits, false, &p->bitmap);
}

enum err pack_take_bitmap(struct ctx *c, struct pack *p, struct extent *bytes)
{
	ASSERT(!p->bitmap);
	enum err err = bitmap_take(c, p, bytes);
	if (err)
		extent_close(bytes);
	else
		p->bitmap_bytes = bytes;
	return err;
}

static enum err beside_fill(struct ctx *c, struct pack *p, struct pack *const *packs, size_t count,
	struct pack_beside *b)
{
	TRY(midx_open(c, p->algo, b->bytes, &b->midx));
	b->packs = host_alloc(b->midx.pack_count * sizeof *b->packs);
	TRY(midx_packs(c, &b->midx, packs, count, b->packs));
	for (; b->count < b->midx.pack_count; b->count++)
		if (b->packs[b->count] != p)
			pack_ref(b->packs[b->count]);
	return OK;
}

/* Takes the extent over, also when it fails. */
static enum err beside_open(struct ctx *c, struct pack *p, struct pack *const *packs, size_t count,
	struct extent *bytes, struct pack_beside **out)
{
	struct pack_beside *b = host_alloc(sizeof *b);
	*b = (struct pack_beside){.bytes = bytes};
	enum err err = beside_fill(c, p, packs, count, b);
	if (err)
		beside_close(p, b);
	else
		*out = b;
	return err;
}

static enum err bitmap_take_midx(
	struct ctx *c, struct pack *p, struct pack_beside *b, struct extent *bytes)
{
	struct str bits;
	TRY(midx_whole(c, &b->midx));
	TRY(whole(c, bytes, &bits));
	return bitmap_open_midx(c, &b->midx, b->packs, bits, false, &p->bitmap);
}

enum err pack_take_midx(struct ctx *c, struct pack *p, struct pack *const *packs, size_t count,
	struct extent *bytes[2])
{
	ASSERT(!p->bitmap && !p->beside);
	struct pack_beside *b = NULL;
	enum err err = beside_open(c, p, packs, count, bytes[0], &b);
	if (!err)
		err = bitmap_take_midx(c, p, b, bytes[1]);
	if (err) {
		beside_close(p, b);
		extent_close(bytes[1]);
		return err;
	}
	p->beside = b;
	p->bitmap_bytes = bytes[1];
	return OK;
}

void pack_offer_bitmap(struct pack *p, struct bitmap_source *from)
{
	ASSERT(!p->bitmap && !p->bitmap_source);
	p->bitmap_source = from;
}

/* Opens the index that is offered, unless that has been done. */
static enum err midx_open_offered(
	struct ctx *c, struct pack *p, struct pack *const *packs, size_t count)
{
	struct extent *bytes = NULL;
	struct pack_beside *b = NULL;
	if (p->beside || !p->bitmap_source->open_midx)
		return OK;
	TRY(p->bitmap_source->open_midx(c, p->bitmap_source, &bytes));
	TRY(beside_open(c, p, packs, count, bytes, &b));
	host_lock(p->lock);
	p->beside = b;
	host_unlock(p->lock);
	return OK;
}

static enum err bitmap_open_offered(
	struct ctx *c, struct pack *p, struct pack *const *packs, size_t count)
{
	struct extent *bytes = NULL;
	TRY(midx_open_offered(c, p, packs, count));
	TRY(p->bitmap_source->open(c, p->bitmap_source, &bytes));
	if (!p->beside)
		return pack_take_bitmap(c, p, bytes);
	enum err err = bitmap_take_midx(c, p, p->beside, bytes);
	if (err)
		extent_close(bytes);
	else
		p->bitmap_bytes = bytes;
	return err;
}

/* *turn: this thread is to open what is offered. */
static enum err await_turn(struct ctx *c, struct pack *p, bool *turn)
{
	enum { SLICE_MICROSECONDS = 100000 };
	WITH_LOCK(p->lock);
	while (p->opening) {
		host_wait_for(p->lock, SLICE_MICROSECONDS);
		TRY(ctx_check(c));
	}
	*turn = p->opening = p->bitmap_source != NULL;
	return OK;
}

/* Under the lock. It makes things faster, not right: the errors are nobody's. */
static void turn_end(struct pack *p, bool done)
{
	if (done)
		source_close(p);
	p->opening = false;
	host_wake(p->lock);
}

enum err pack_bitmap(struct ctx *c, struct pack *p, struct pack *const *packs, size_t count,
	const struct bitmap **out)
{
	bool turn;
	TRY(await_turn(c, p, &turn));
	struct error error = c->error;
	enum err err = turn ? bitmap_open_offered(c, p, packs, count) : OK;
	if (err)
		c->error = error;
	WITH_LOCK(p->lock);
	/* What failed on the way may be there for the next. */
	if (turn)
		turn_end(p, !err || !err_retry(err));
	*out = p->bitmap;
	return OK;
}

/* Is there an index that was offered and not opened yet, or one that was? */
static bool midx_there(struct pack *p, bool *open)
{
	WITH_LOCK(p->lock);
	*open = p->beside != NULL;
	return *open || (p->bitmap_source && p->bitmap_source->open_midx && !p->midx_lost);
}

enum err pack_midx(struct ctx *c, struct pack *p, struct pack *const *packs, size_t count,
	struct midx_packs *out)
{
	bool turn = false, open;
	*out = (struct midx_packs){0};
	if (!midx_there(p, &open))
		return OK;
	if (!open)
		TRY(await_turn(c, p, &turn));
	struct error error = c->error;
	enum err err = turn ? midx_open_offered(c, p, packs, count) : OK;
	if (err)
		c->error = error;
	WITH_LOCK(p->lock);
	p->midx_lost = p->midx_lost || err;
	if (turn)
		turn_end(p, false);
	if (p->beside)
		*out = (struct midx_packs){&p->beside->midx, p->beside->packs};
	return OK;
}

static enum err commits_take(struct ctx *c, struct pack *p, struct extent *bytes)
{
	struct commit_graph graph;
	TRY(commit_graph_open(c, p->algo, bytes, &graph));
	p->commits = host_alloc(sizeof graph);
	*p->commits = graph;
	return OK;
}

enum err pack_take_commits(struct ctx *c, struct pack *p, struct extent *bytes)
{
	ASSERT(!p->commits);
	enum err err = commits_take(c, p, bytes);
	if (err)
		extent_close(bytes);
	else
		p->commits_bytes = bytes;
	return err;
}

struct pack *pack_ref(struct pack *p)
{
	__atomic_add_fetch(&p->references, 1, __ATOMIC_RELAXED);
	return p;
}

void pack_unref(struct pack *p)
{
	if (p && __atomic_sub_fetch(&p->references, 1, __ATOMIC_ACQ_REL) == 0)
		pack_close(p);
}

size_t pack_entry_header(enum object_type type, uint64_t size, uint8_t out[10])
{
	size_t len = 0;
	uint8_t byte = (uint8_t)((unsigned)type << 4 | (size & 15));
	size >>= 4;
	while (size) {
		out[len++] = byte | 0x80;
		byte = size & 0x7f;
		size >>= 7;
	}
	out[len++] = byte;
	return len;
}

/* Type and size; returns the bytes read, 0 when there is no whole header. */
static size_t head_parse(const uint8_t *at, size_t len, struct pack_entry *out)
{
	if (len == 0)
		return 0;
	size_t used = 1;
	out->type = (enum object_type)(at[0] >> 4 & 7);
	out->size = at[0] & 15;
	for (unsigned shift = 4; at[used - 1] & 0x80; shift += 7) {
		if (used == len || shift > 60)
			return 0;
		uint64_t bits = at[used] & 0x7f;
		if (bits << shift >> shift != bits)
			return 0;
		out->size |= bits << shift;
		used++;
	}
	return used;
}

/* The distance to an OFS_DELTA's base; returns the bytes read, 0 when it makes no sense. */
static size_t distance_parse(const uint8_t *at, size_t len, uint64_t *out)
{
	uint64_t value = 0;
	for (size_t used = 0; used < len && value < (UINT64_MAX >> 8); used++) {
		value = (used ? value + 1 : 0) << 7 | (at[used] & 0x7f);
		if (!(at[used] & 0x80)) {
			*out = value;
			return used + 1;
		}
	}
	return 0;
}

enum err pack_entry_parse(struct ctx *c, enum hash_algo algo, struct str bytes, uint64_t offset,
	struct pack_entry *out)
{
	const uint8_t *at = (const uint8_t *)bytes.at;
	*out = (struct pack_entry){.offset = offset};
	size_t used = head_parse(at, bytes.len, out);
	if (used == 0)
		return fail(c, ERR_CORRUPT, "a pack has a bad entry at %llu",
			(unsigned long long)offset);
	if (out->type == OBJECT_OFS_DELTA) {
		uint64_t distance = 0;
		size_t more = distance_parse(at + used, bytes.len - used, &distance);
		if (more == 0 || distance == 0 || distance >= offset)
			return fail(c, ERR_CORRUPT, "a pack has a bad base at %llu",
				(unsigned long long)offset);
		out->base_offset = offset - distance;
		used += more;
	} else if (out->type == OBJECT_REF_DELTA) {
		if (bytes.len - used < hash_size(algo))
			return fail(
				c, ERR_CORRUPT, "a pack ends at %llu", (unsigned long long)offset);
		out->base = oid_from_bytes(algo, at + used);
		used += hash_size(algo);
	} else if (out->type < OBJECT_COMMIT || out->type > OBJECT_TAG) {
		return fail(c, ERR_CORRUPT, "a pack has an entry of unknown type %d at %llu",
			out->type, (unsigned long long)offset);
	}
	out->data = offset + used;
	return OK;
}

enum err pack_entry_at(struct ctx *c, struct pack *p, uint64_t offset, struct pack_entry *out)
{
	uint64_t end = p->bytes->size - hash_size(p->algo);
	if (offset < PACK_HEAD || offset >= end)
		return fail(c, ERR_CORRUPT, "pack %s has no entry at %llu", p->name,
			(unsigned long long)offset);
	size_t len = end - offset < ENTRY_HEAD_MAX ? (size_t)(end - offset) : ENTRY_HEAD_MAX;
	const uint8_t *bytes = NULL;
	TRY(extent_window(c, p->bytes, offset, len, &bytes));
	TRY_WHILE(c, pack_entry_parse(c, p->algo, str_from(bytes, len), offset, out),
		"reading pack %s", p->name);
	return OK;
}

static int offset_cmp(const void *a, const void *b, const void *arg)
{
	const struct idx *idx = arg;
	const uint32_t *x = a, *y = b;
	uint64_t left = idx_offset(idx, *x), right = idx_offset(idx, *y);
	return (left > right) - (left < right);
}

static void order_make(struct ctx *c, struct pack *p)
{
	uint32_t count = p->idx.count;
	p->positions = host_alloc((size_t)count * sizeof *p->positions);
	p->offsets = host_alloc((size_t)count * sizeof *p->offsets);
	for (uint32_t i = 0; i < count; i++)
		p->positions[i] = i;
	sort_array(c->arena, p->positions, count, sizeof *p->positions, offset_cmp, &p->idx);
	for (uint32_t i = 0; i < count; i++)
		p->offsets[i] = idx_offset(&p->idx, p->positions[i]);
}

enum err pack_order(struct ctx *c, struct pack *p, struct pack_order *out)
{
	TRY(idx_whole(c, &p->idx));
	WITH_LOCK(p->lock);
	if (!p->offsets && p->idx.count)
		order_make(c, p);
	*out = (struct pack_order){p->positions, p->offsets};
	return OK;
}

/* The place in the order of the first entry at or after `offset`. */
static uint32_t order_bound(const struct pack *p, const struct pack_order *order, uint64_t offset)
{
	uint32_t low = 0, high = p->idx.count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (order->offsets[middle] < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

enum err pack_entry_end(struct ctx *c, struct pack *p, uint32_t position, uint64_t *end)
{
	struct pack_order order;
	TRY(pack_order(c, p, &order));
	uint64_t offset = idx_offset(&p->idx, position);
	uint32_t next = order_bound(p, &order, offset) + 1;
	*end = p->bytes->size - hash_size(p->algo);
	if (next < p->idx.count && order.offsets[next] < *end)
		*end = order.offsets[next];
	return OK;
}

enum err pack_order_find(struct ctx *c, struct pack *p, uint64_t offset, uint32_t *at)
{
	struct pack_order order;
	TRY(pack_order(c, p, &order));
	*at = order_bound(p, &order, offset);
	if (*at == p->idx.count || order.offsets[*at] != offset)
		return fail(c, ERR_CORRUPT, "pack %s has no entry at %llu", p->name,
			(unsigned long long)offset);
	return OK;
}

enum err pack_position_at(struct ctx *c, struct pack *p, uint64_t offset, uint32_t *position)
{
	uint32_t at = 0;
	TRY(pack_order_find(c, p, offset, &at));
	*position = p->positions[at];
	return OK;
}
