#include "core/compact_parts.h"
#include "core/pack_again.h"
#include "git/walk.h"
#include "meta/ref.h"

/* A list of ids, and what is made of it. */
struct ids {
	VEC_OF(struct oid) list;
	struct odb_reader *reader;
};

static enum err borrowed_window(
	struct ctx *c, struct extent *self, uint64_t at, size_t len, const uint8_t **out)
{
	return extent_window(c, ((struct borrowed *)self)->of, at, len, out);
}

static void borrowed_close(struct extent *self)
{
	(void)self;
}

static struct extent *borrow(struct borrowed *b, struct extent *of)
{
	*b = (struct borrowed){
		{.size = of->size, .window = borrowed_window, .close = borrowed_close}, of};
	return &b->extent;
}

void compact_made_close(struct made *m)
{
	if (m->open)
		pack_unref(m->open);
	struct spool *spools[] = {m->graph, m->bitmap, m->midx, m->idx, m->bytes};
	for (size_t i = 0; i < sizeof spools / sizeof *spools; i++) {
		if (spools[i])
			extent_close(&spools[i]->extent);
	}
	*m = (struct made){0};
}

bool compact_made_has(const struct compacting *k, const struct oid *id)
{
	uint32_t position;
	for (size_t i = 0; i < k->made_count; i++) {
		if (idx_find(&k->made[i].open->idx, id, &position))
			return true;
	}
	return false;
}

/* The next of the new packs, so far empty. */
static enum err made_begin(struct ctx *c, struct compacting *k, enum pack_kind kind,
	struct made **out, struct spool_sink *to)
{
	ASSERT(k->made_count < MADE_MAX);
	struct made *m = &k->made[k->made_count];
	*m = (struct made){.kind = kind, .created = k->now};
	TRY(blob_create(c, k->run->core->blob, &m->bytes));
	spool_sink_init(to, m->bytes);
	*out = m;
	return OK;
}

/* Writes the index of what was received again, and opens both. */
static enum err made_open(
	struct ctx *c, struct compacting *k, struct made *m, const struct pack_received *got)
{
	TRY(blob_create(c, k->run->core->blob, &m->idx));
	struct spool_sink to;
	spool_sink_init(&to, m->idx);
	TRY(idx_write(c, got->algo, got->entries, got->count, got->id.hash, &to.sink));
	m->id = got->id;
	m->count = got->count;
	return pack_open(c, got->algo, borrow(&m->borrowed[0], &m->bytes->extent),
		borrow(&m->borrowed[1], &m->idx->extent), &m->open);
}

/*
 * Nobody's word is taken for it: every object of the new pack is inflated and hashed, and all that
 * it names is in it or in `known`.
 */
static enum err made_check(
	struct ctx *c, struct compacting *k, struct made *m, const struct odb *known)
{
	struct arena_mark mark = arena_mark(c->arena);
	struct pack_again again;
	struct odb_reader reader;
	odb_reader_init(c, &reader, known);
	enum err err = pack_again_receive(c, &again, k->run->core->blob, k->repo.object_format,
		&m->bytes->extent, &k->receive);
	if (!err)
		err = pack_received_connected(c, &again.got, &reader, &k->receive);
	if (!err)
		err = made_open(c, k, m, &again.got);
	pack_again_done(&again);
	arena_rewind(c->arena, mark);
	return err;
}

/*
 * Checks a pack that has been written, by those that were made before it (or, where it is not to
 * stand by itself, by all there is). An empty one is none.
 */
static enum err made_end(struct ctx *c, struct compacting *k, struct made *m)
{
	struct pack *packs[MADE_MAX];
	struct odb before = {.algo = k->repo.object_format, .packs = packs, .count = k->made_count};
	for (size_t i = 0; i < k->made_count; i++)
		packs[i] = k->made[i].open;
	const struct odb *known = m->kind == PACK_COMPACTED ? &k->snapshot->odb : &before;
	TRY_WHILE(c, made_check(c, k, m, known), "checking a new pack");
	if (m->count)
		k->made_count++;
	else
		compact_made_close(m);
	return OK;
}

/*
 * What one of the new packs is made of: all that some refs lead to and no pack before it has. A
 * clone wants the default branch, or all branches and tags: so these are whole packs, which are
 * copied as they lie, and in which no delta needs what the clone does not want.
 */
struct tier {
	enum pack_kind kind;
	struct ids tips;
};

enum { TIERS = 3 };

static void tiers_of(struct ctx *c, const struct compacting *k, struct tier tiers[TIERS])
{
	static const enum pack_kind kinds[TIERS] = {PACK_MAIN, PACK_BRANCHES, PACK_REST};
	const struct snapshot *s = k->snapshot;
	struct ref head;
	for (size_t i = 0; i < TIERS; i++)
		tiers[i] = (struct tier){kinds[i], {.list.arena = c->arena}};
	if (snapshot_ref(s, s->head, &head))
		*vec_push(&tiers[0].tips.list) = head.id;
	for (size_t i = 0; i < s->refs.count; i++) {
		struct ref ref = ref_table_at(&s->refs, i);
		bool branch = str_starts(ref.name, STR("refs/heads/")) ||
			      str_starts(ref.name, STR("refs/tags/"));
		*vec_push(&tiers[branch ? 1 : 2].tips.list) = ref.id;
	}
}

/* One pack of what `tips` lead to and no earlier one has, with a search for deltas. */
static enum err make_searched(struct ctx *c, struct compacting *k, struct repack_work *work,
	enum pack_kind kind, const struct ids *tips)
{
	struct spool_sink to;
	struct made *m = NULL;
	TRY(made_begin(c, k, kind, &m, &to));
	const struct repack_wish wish = {tips->list.at, tips->list.len, &to.sink, &k->repack};
	TRY(repack_write(c, work, &wish));
	return made_end(c, k, m);
}

static enum err add_pack(struct ctx *c, struct compacting *k, struct repack_work *work,
	const struct pack *p, bool aside)
{
	const struct repack_pack pack = {p->name, p->bytes, p->idx_bytes};
	return repack_add(c, work, &pack, aside, &k->repack);
}

static enum err make_all_searched(
	struct ctx *c, struct compacting *k, const struct tier tiers[TIERS])
{
	REPACK_WORK *work = NULL;
	TRY(repack_begin(c, k->run->core->repack, k->repo.object_format, &work));
	for (size_t i = 0; i < k->snapshot->odb.count; i++)
		TRY(add_pack(c, k, work, k->snapshot->odb.packs[i], false));
	for (size_t i = 0; i < TIERS; i++) {
		size_t before = k->made_count;
		if (!tiers[i].tips.list.len)
			continue;
		TRY(make_searched(c, k, work, tiers[i].kind, &tiers[i].tips));
		if (k->made_count > before)
			TRY(add_pack(c, k, work, k->made[before].open, true));
	}
	return OK;
}

/* One pack of a list, its entries copied. */
static enum err make_copied(
	struct ctx *c, struct compacting *k, enum pack_kind kind, struct compact_list *list)
{
	struct spool_sink to;
	struct made *m = NULL;
	TRY(made_begin(c, k, kind, &m, &to));
	TRY(compact_write(c, k, list, &to.sink));
	return made_end(c, k, m);
}

typedef enum err fill_list(
	struct ctx *c, struct compacting *k, struct compact_list *list, const struct ids *ids);

/* A list filled by `fill` out of `odb`, and the pack of it. */
static enum err make_filled(struct ctx *c, struct compacting *k, const struct odb *odb,
	enum pack_kind kind, fill_list *fill, const struct ids *ids)
{
	struct arena_mark mark = arena_mark(c->arena);
	struct odb_reader reader;
	struct graph graph;
	odb_reader_init(c, &reader, odb);
	graph_init(&graph, &reader);
	struct compact_list list = {&graph, {.arena = &graph.arena}};
	enum err err = fill(c, k, &list, ids);
	if (!err && list.objects.len)
		err = make_copied(c, k, kind, &list);
	graph_done(&graph);
	arena_rewind(c->arena, mark);
	return err;
}

static enum err fill_reachable(
	struct ctx *c, struct compacting *k, struct compact_list *list, const struct ids *ids)
{
	return compact_list_reachable(c, list, ids->list.at, ids->list.len, k);
}

/* May this row's objects go, when nothing leads to them? */
static bool may_drop(const struct compacting *k, size_t row)
{
	return k->rows[row].kind == PACK_KEPT &&
	       k->rows[row].created < k->now - compact_retention(k->run->core);
}

typedef enum err object_visit(struct ctx *c, void *arg, const struct oid *id);

/* Visits what lies in packs that are replaced and in none of the new ones; `all`: also what may be
 * dropped. */
static enum err each_left(
	struct ctx *c, struct compacting *k, bool all, object_visit *visit, void *arg)
{
	for (size_t i = 0; i < k->row_count; i++) {
		if (!k->source[i] || (!all && may_drop(k, i)))
			continue;
		struct idx *idx = &k->packs[i]->idx;
		TRY(compact_step(c, k, "Looking for what is left", i, k->row_count));
		TRY(err_stored(c, idx_whole(c, idx)));
		for (uint32_t at = 0; at < idx->count; at++) {
			struct oid id = idx_oid(idx, at);
			if (!compact_made_has(k, &id))
				TRY(visit(c, arg, &id));
		}
	}
	return OK;
}

static enum err list_object(struct ctx *c, void *arg, const struct oid *id)
{
	(void)c;
	compact_list_add(arg, id);
	return OK;
}

static enum err fill_left(
	struct ctx *c, struct compacting *k, struct compact_list *list, const struct ids *ids)
{
	(void)ids;
	return each_left(c, k, true, list_object, list);
}

static enum err take_id(struct ctx *c, void *arg, const struct oid *id)
{
	struct ids *ids = arg;
	bool here;
	TRY(odb_has(c, ids->reader, id, &here));
	if (here)
		*vec_push(&ids->list) = *id;
	return OK;
}

/* What a ref led to within the retention time, what is young, and all that these lead to. */
static enum err fill_protected(
	struct ctx *c, struct compacting *k, struct compact_list *list, const struct ids *unused)
{
	(void)unused;
	struct ids ids = {.list.arena = c->arena, .reader = list->graph->reader};
	int64_t since = k->now - compact_retention(k->run->core);
	DB_TX *tx = NULL;
	TRY(db_begin(c, k->run->core->db, DB_READ, &tx));
	TRY(meta_ref_log_ids(c, tx, &k->repo, since, take_id, &ids));
	db_rollback(&tx);
	TRY(each_left(c, k, false, take_id, &ids));
	return compact_list_reachable(c, list, ids.list.at, ids.list.len, k);
}

static enum err count_object(struct ctx *c, void *arg, const struct oid *id)
{
	(void)c, (void)id;
	++*(uint64_t *)arg;
	return OK;
}

static enum err no_object(struct ctx *c, void *arg, const struct oid *id)
{
	char hex[OID_HEX_MAX];
	(void)arg;
	return fail(c, ERR_CORRUPT, "object %s would be lost", oid_hex(id, hex));
}

static enum err make_kept(struct ctx *c, struct compacting *k)
{
	int64_t oldest = k->now;
	int64_t retention = compact_retention(k->run->core);
	for (size_t i = 0; i < k->row_count; i++) {
		k->drops = k->drops || may_drop(k, i);
		if (k->rows[i].kind == PACK_KEPT && k->rows[i].created < oldest)
			oldest = k->rows[i].created;
	}
	size_t before = k->made_count;
	TRY(make_filled(
		c, k, &k->snapshot->odb, PACK_KEPT, k->drops ? fill_protected : fill_left, NULL));
	/* Looked at again after a tenth of the time, even if all of it is still to be kept. */
	int64_t least = k->now - retention + retention / 10;
	if (k->made_count > before)
		k->made[before].created = oldest > least ? oldest : least;
	return each_left(c, k, true, count_object, &k->run->dropped);
}

/* Every ref leads into the packs that were made for them. */
static enum err check_tips(struct ctx *c, const struct compacting *k, const struct ids *tips)
{
	for (size_t i = 0; i < tips->list.len; i++) {
		if (!compact_made_has(k, &tips->list.at[i]))
			return no_object(c, NULL, &tips->list.at[i]);
	}
	return OK;
}

enum err compact_make_full(struct ctx *c, struct compacting *k)
{
	const struct odb *odb = &k->snapshot->odb;
	struct tier tiers[TIERS];
	tiers_of(c, k, tiers);
	if (k->run->core->repack)
		TRY(make_all_searched(c, k, tiers));
	for (size_t i = 0; i < TIERS && !k->run->core->repack; i++)
		TRY(make_filled(c, k, odb, tiers[i].kind, fill_reachable, &tiers[i].tips));
	for (size_t i = 0; i < TIERS; i++)
		TRY(check_tips(c, k, &tiers[i].tips));
	TRY(make_kept(c, k));
	return each_left(c, k, false, no_object, NULL);
}

enum err compact_make_roll(struct ctx *c, struct compacting *k)
{
	struct odb some = {.algo = k->repo.object_format,
		.packs = NEW_ARRAY(c->arena, struct pack *, k->row_count)};
	for (size_t i = 0; i < k->row_count; i++) {
		if (k->source[i])
			some.packs[some.count++] = k->packs[i];
	}
	TRY(make_filled(c, k, &some, PACK_COMPACTED, fill_left, NULL));
	return each_left(c, k, false, no_object, NULL);
}
