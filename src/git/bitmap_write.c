#include "git/bitmap_write.h"

#include "base/host.h"
#include "base/sort.h"
#include "git/hashing.h"

enum {
	RING = 8,        /* sets that a new one may be told by its difference to */
	CHAIN_MAX = 16,  /* differences to go through until a whole set */
	OPTIONS = 1 | 4, /* all objects are there; hashes of names */
	OPTION_TABLE = 16,
	CHECK_EVERY = 64,
};

/* An entry as it will be written. */
struct made {
	uint32_t position; /* of the commit, in the index */
	uint32_t back;
	uint32_t depth;
	struct str set;
};

struct recent {
	struct bits bits;
	uint32_t entry;
};

/* A tree to walk, and the hash of the path that it was found at. */
struct pending {
	uint32_t bit, name;
};

struct kept {
	uint8_t *at;
	size_t len;
};

struct building {
	struct bitmap_write *w;
	struct graph *g;
	struct arena arena;
	const struct bitmap_objects *objects;
	struct bits types[BITMAP_TYPES + 1];
	uint32_t *names; /* by position in the index */

	/* By number in the graph. */
	uint8_t *selected;
	uint32_t *children; /* that are still to be built upon it */
	struct kept *kept;  /* the set of a commit that has children */
	struct numbers order;

	struct bits bits, work;
	struct numbers stack, fresh;
	VEC_OF(struct pending) trees;

	VEC_OF(struct made) entries;
	struct recent ring[RING];
	struct buf best, other;
};

static enum err fail_missing(struct ctx *c, const struct building *b, const uint8_t *hash)
{
	char hex[OID_HEX_MAX];
	struct oid id = oid_from_bytes(b->objects->ids.algo, hash);
	return fail(c, ERR_NOT_FOUND,
		"object %s is in no pack of the bitmap, which needs all objects",
		oid_hex(&id, hex));
}

static enum err bit_of(struct ctx *c, const struct building *b, const uint8_t *hash, uint32_t *bit)
{
	if (!bitmap_objects_find(b->objects, hash, bit))
		return fail_missing(c, b, hash);
	return OK;
}

static enum err commit_bit(struct ctx *c, const struct building *b, uint32_t number, uint32_t *bit)
{
	return bit_of(c, b, oidmap_hash(&b->g->ids, number), bit);
}

/* The bit of a delta's base. */
static enum err base_bit(struct ctx *c, struct building *b, struct pack *p,
	const struct pack_entry *e, uint32_t *bit)
{
	uint32_t position = 0;
	if (e->type == OBJECT_REF_DELTA)
		return bit_of(c, b, e->base.hash, bit);
	TRY(pack_position_at(c, p, e->base_offset, &position));
	return bit_of(c, b, idx_hash(&p->idx, position), bit);
}

/* The type of each object, a delta's from its base's, wherever that lies. */
static enum err types_make(struct ctx *c, struct building *b)
{
	uint32_t count = b->objects->ids.count;
	uint8_t *types = NEW_ARRAY(c->arena, uint8_t, count);
	uint32_t *bases = arena_raw(c->arena, (size_t)count * sizeof *bases);
	for (uint32_t bit = 0; bit < count; bit++) {
		struct place place = bitmap_objects_place(b->objects, bit);
		struct pack_entry e;
		TRY(pack_entry_at(c, place.pack, place.offset, &e));
		if (e.type == OBJECT_OFS_DELTA || e.type == OBJECT_REF_DELTA)
			TRY(base_bit(c, b, place.pack, &e, &bases[bit]));
		else
			types[bit] = (uint8_t)e.type;
	}
	for (uint32_t bit = 0; bit < count; bit++) {
		uint32_t root = bit, steps = 0;
		for (; !types[root]; root = bases[root])
			if (steps++ == count)
				return fail(c, ERR_CORRUPT, "a pack has a circle of deltas");
		for (uint32_t at = bit, next; !types[at]; at = next) {
			next = bases[at];
			types[at] = types[root];
		}
	}
	for (int type = OBJECT_COMMIT; type <= OBJECT_TAG; type++)
		b->types[type] = bits_make(&b->arena, count);
	for (uint32_t bit = 0; bit < count; bit++)
		bits_add(&b->types[types[bit]], bit);
	return OK;
}

struct frame {
	uint32_t number, parent;
};

/*
 * Orders all commits that selected ones lead to, parents first, and counts the children of each.
 */
static enum err order_make(struct ctx *c, struct building *b, const struct numbers *selected)
{
	struct commit_info *info = NULL;
	VEC_OF(struct frame) stack = {.arena = c->arena};
	uint8_t *seen = NEW_ARRAY(c->arena, uint8_t, b->g->ids.count);
	for (size_t i = 0; i < selected->len; i++) {
		b->selected[selected->at[i]] = 1;
		if (!seen[selected->at[i]])
			*vec_push(&stack) = (struct frame){.number = selected->at[i]};
		seen[selected->at[i]] = 1;
		while (stack.len) {
			struct frame *top = &stack.at[stack.len - 1];
			TRY(graph_commit(c, b->g, top->number, &info));
			if (top->parent == info->parent_count) {
				*vec_push(&b->order) = top->number;
				stack.len--;
				continue;
			}
			uint32_t parent = b->g->parents.at[info->parents + top->parent++];
			b->children[parent]++;
			if (!seen[parent])
				*vec_push(&stack) = (struct frame){.number = parent};
			seen[parent] = 1;
		}
	}
	return OK;
}

static void kept_drop(struct building *b, uint32_t number)
{
	struct kept *k = &b->kept[number];
	if (k->at)
		host_free(k->at, k->len);
	*k = (struct kept){0};
}

static void kept_set(struct building *b, uint32_t number)
{
	b->other.len = 0;
	ewah_append(&b->other, &b->bits, NULL);
	struct kept *k = &b->kept[number];
	k->len = b->other.len;
	k->at = host_alloc(k->len);
	memcpy(k->at, b->other.at, k->len);
}

/* Adds a commit to the set: what is known of it at once, else itself, to be followed. */
static enum err visit(struct ctx *c, struct building *b, uint32_t number)
{
	uint32_t bit = 0;
	TRY(commit_bit(c, b, number, &bit));
	if (bits_has(&b->bits, bit))
		return OK;
	const struct kept *k = &b->kept[number];
	if (k->at) {
		struct str rest = str_from(k->at, k->len);
		struct ewah set;
		TRY(ewah_cut(c, &rest, &set));
		return ewah_or(c, &set, &b->bits);
	}
	bits_add(&b->bits, bit);
	*vec_push(&b->stack) = number;
	*vec_push(&b->fresh) = number;
	return OK;
}

static enum err visit_parents(struct ctx *c, struct building *b, uint32_t number)
{
	struct commit_info *info = NULL;
	TRY(graph_commit(c, b->g, number, &info));
	uint32_t first = info->parents, count = info->parent_count;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t parent = b->g->parents.at[first + i];
		TRY(visit(c, b, parent));
		if (--b->children[parent] == 0)
			kept_drop(b, parent);
	}
	return OK;
}

static uint32_t name_hash(uint32_t hash, struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char byte = name.at[i];
		if (byte != ' ' && byte != '\t' && byte != '\n' && byte != '\r')
			hash = (hash >> 2) + ((uint32_t)(uint8_t)byte << 24);
	}
	return hash;
}

/* Adds what is in a tree, and puts the trees in it that are new on the stack. */
static enum err tree_add(struct ctx *c, struct building *b, struct pending tree)
{
	uint32_t bit = 0;
	struct place place = bitmap_objects_place(b->objects, tree.bit);
	struct object o;
	bool more = true;
	TRY(odb_read_at(c, b->g->reader, &place, &o));
	if (o.type != OBJECT_TREE)
		return fail(
			c, ERR_CORRUPT, "what should be a tree is a %s", object_type_name(o.type));
	struct str rest = o.bytes;
	for (struct tree_entry e; true;) {
		TRY(tree_next(c, b->objects->ids.algo, &rest, &e, &more));
		if (!more)
			return OK;
		if (tree_entry_is_gitlink(&e))
			continue;
		TRY(bit_of(c, b, e.id.hash, &bit));
		if (!bits_add(&b->bits, bit))
			continue;
		uint32_t name = name_hash(tree.name, e.name);
		b->names[b->objects->order[bit]] = name;
		if (tree_entry_is_tree(&e))
			*vec_push(&b->trees) = (struct pending){bit, name_hash(name, STR("/"))};
	}
}

static enum err trees_add(struct ctx *c, struct building *b, uint32_t commit)
{
	struct commit_info *info = NULL;
	struct pending root = {0};
	TRY(graph_commit(c, b->g, commit, &info));
	TRY(commit_bit(c, b, info->tree, &root.bit));
	if (bits_add(&b->bits, root.bit))
		*vec_push(&b->trees) = root;
	while (b->trees.len) {
		struct arena_mark mark = arena_mark(c->arena);
		TRY(tree_add(c, b, b->trees.at[--b->trees.len]));
		arena_rewind(c->arena, mark);
	}
	return OK;
}

/* Makes b->bits all that the commit leads to. */
static enum err set_make(struct ctx *c, struct building *b, uint32_t number)
{
	bits_clear(&b->bits);
	b->fresh.len = 0;
	TRY(visit(c, b, number));
	while (b->stack.len)
		TRY(visit_parents(c, b, b->stack.at[--b->stack.len]));
	for (size_t i = 0; i < b->fresh.len; i++)
		TRY(trees_add(c, b, b->fresh.at[i]));
	return OK;
}

static void best_take(struct building *b, struct made *e, uint32_t back, uint32_t depth)
{
	struct buf shorter = b->other;
	b->other = b->best;
	b->best = shorter;
	e->back = back;
	e->depth = depth;
}

/* Makes an entry of b->bits, whole or as the difference to one of the last, whatever is shorter. */
static enum err entry_make(struct ctx *c, struct building *b, uint32_t number)
{
	uint32_t bit = 0, self = (uint32_t)b->entries.len;
	TRY(commit_bit(c, b, number, &bit));
	struct made e = {.position = b->objects->order[bit]};
	b->best.len = 0;
	ewah_append(&b->best, &b->bits, NULL);
	for (uint32_t back = 1; back <= RING && back <= self; back++) {
		const struct made *base = &b->entries.at[self - back];
		if (base->depth == CHAIN_MAX)
			continue;
		b->other.len = 0;
		ewah_append(&b->other, &b->bits, &b->ring[(self - back) % RING].bits);
		if (b->other.len < b->best.len)
			best_take(b, &e, back, base->depth + 1);
	}
	e.set = str_copy(&b->arena, buf_view(&b->best));
	*vec_push(&b->entries) = e;
	struct recent *slot = &b->ring[self % RING];
	if (!slot->bits.words)
		slot->bits = bits_make(&b->arena, b->bits.count);
	bits_copy(&slot->bits, &b->bits);
	return OK;
}

static enum err entries_make(struct ctx *c, struct building *b)
{
	for (size_t i = 0; i < b->order.len; i++) {
		uint32_t number = b->order.at[i];
		if (i % CHECK_EVERY == 0)
			TRY(ctx_check(c));
		/* With one child, it is walked when that is. */
		if (!b->selected[number] && b->children[number] < 2)
			continue;
		TRY(set_make(c, b, number));
		if (b->children[number])
			kept_set(b, number);
		if (b->selected[number])
			TRY(entry_make(c, b, number));
	}
	return OK;
}

static enum err write_be32(struct ctx *c, struct hashing *out, uint32_t value)
{
	uint8_t bytes[4];
	put_be32(bytes, value);
	return sink_write(c, &out->sink, bytes, sizeof bytes);
}

struct row {
	uint32_t position, entry;
	uint64_t offset;
};

static int row_cmp(const void *a, const void *b, const void *arg)
{
	(void)arg;
	const struct row *x = a, *y = b;
	return (x->position > y->position) - (x->position < y->position);
}

/* Where each entry lies, by position; and in which row that stands which it is the difference to. */
static enum err write_table(
	struct ctx *c, struct building *b, const uint64_t *offsets, struct hashing *out)
{
	size_t count = b->entries.len;
	struct row *rows = arena_raw(c->arena, count * sizeof *rows);
	uint32_t *row_of = arena_raw(c->arena, count * sizeof *row_of);
	for (uint32_t i = 0; i < count; i++)
		rows[i] = (struct row){b->entries.at[i].position, i, offsets[i]};
	sort_array(c->arena, rows, count, sizeof *rows, row_cmp, NULL);
	for (uint32_t i = 0; i < count; i++)
		row_of[rows[i].entry] = i;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t back = b->entries.at[rows[i].entry].back;
		TRY(write_be32(c, out, rows[i].position));
		TRY(write_be32(c, out, (uint32_t)(rows[i].offset >> 32)));
		TRY(write_be32(c, out, (uint32_t)rows[i].offset));
		TRY(write_be32(c, out, back ? row_of[rows[i].entry - back] : 0xffffffff));
	}
	return OK;
}

static enum err write_types(struct ctx *c, struct building *b, struct hashing *out)
{
	for (int type = OBJECT_COMMIT; type <= OBJECT_TAG; type++) {
		b->best.len = 0;
		ewah_append(&b->best, &b->types[type], NULL);
		TRY(sink_write(c, &out->sink, b->best.at, b->best.len));
	}
	return OK;
}

static enum err write_file(struct ctx *c, struct building *b)
{
	struct hashing out;
	uint64_t *offsets = arena_raw(c->arena, b->entries.len * sizeof *offsets);
	hashing_init(c, &out, b->objects->ids.algo, b->w->to);
	TRY(sink_write(c, &out.sink, "BITM\0\1", 6));
	uint8_t options[2] = {0, OPTIONS | (b->w->lookup_table ? OPTION_TABLE : 0)};
	TRY(sink_write(c, &out.sink, options, sizeof options));
	TRY(write_be32(c, &out, (uint32_t)b->entries.len));
	TRY(sink_write(c, &out.sink, b->objects->checksum, hash_size(b->objects->ids.algo)));
	TRY(write_types(c, b, &out));
	for (size_t i = 0; i < b->entries.len; i++) {
		const struct made *e = &b->entries.at[i];
		uint8_t tail[2] = {(uint8_t)e->back, 0};
		offsets[i] = out.bytes;
		TRY(write_be32(c, &out, e->position));
		TRY(sink_write(c, &out.sink, tail, sizeof tail));
		TRY(sink_write(c, &out.sink, e->set.at, e->set.len));
	}
	if (b->w->lookup_table)
		TRY(write_table(c, b, offsets, &out));
	for (uint32_t i = 0; i < b->objects->ids.count; i++)
		TRY(write_be32(c, &out, b->names[i]));
	return hashing_end(c, &out, NULL);
}

static enum err build(struct ctx *c, struct building *b)
{
	struct numbers selected = {.arena = c->arena};
	uint32_t ids = b->g->ids.count;
	TRY(types_make(c, b));
	TRY(bitmap_select(c, b->w, &selected));
	b->selected = NEW_ARRAY(&b->arena, uint8_t, ids);
	b->children = NEW_ARRAY(&b->arena, uint32_t, ids);
	TRY(order_make(c, b, &selected));
	b->names = NEW_ARRAY(&b->arena, uint32_t, b->objects->ids.count);
	b->bits = bits_make(&b->arena, b->objects->ids.count);
	b->kept = NEW_ARRAY(&b->arena, struct kept, ids);
	enum err err = entries_make(c, b);
	for (uint32_t i = 0; i < ids; i++)
		kept_drop(b, i);
	if (err)
		return err;
	b->w->entries = (uint32_t)b->entries.len;
	return write_file(c, b);
}

enum err bitmap_write(struct ctx *c, struct bitmap_write *w)
{
	struct building b = {.w = w, .g = w->graph, .objects = w->objects};
	struct commit_info *info = NULL;
	for (size_t i = 0; i < w->commits->len; i++)
		TRY(graph_commit(c, w->graph, w->commits->at[i], &info));
	arena_init(&b.arena);
	b.order.arena = b.stack.arena = b.fresh.arena = b.trees.arena = &b.arena;
	b.entries.arena = b.best.arena = b.other.arena = &b.arena;
	enum err err = build(c, &b);
	arena_done(&b.arena);
	return err;
}
