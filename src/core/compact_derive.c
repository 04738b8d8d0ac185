#include "core/compact_parts.h"
#include "git/bitmap_write.h"
#include "git/commit_graph_write.h"

/* A sink into a spool, by which time shows that it passes. */
struct derived_sink {
	struct sink sink;
	struct compacting *k;
	struct spool *spool;
	const char *stage;
};

static enum err derived_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	struct derived_sink *s = (struct derived_sink *)self;
	TRY(compact_step(c, s->k, s->stage, 0, 0));
	return spool_append(c, s->spool, bytes, len);
}

static enum err derived_begin(struct ctx *c, struct compacting *k, struct spool **spool,
	const char *stage, struct derived_sink *to)
{
	TRY(compact_step(c, k, stage, 0, 0));
	TRY(blob_create(c, k->run->core->blob, spool));
	*to = (struct derived_sink){
		.sink.write = derived_write, .k = k, .spool = *spool, .stage = stage};
	return OK;
}

/* The commits that refs are or stand for, of those that the graph's packs have. */
static enum err tips_of(
	struct ctx *c, const struct compacting *k, struct graph *g, struct numbers *tips)
{
	const struct ref_table *refs = &k->snapshot->refs;
	tips->arena = &g->arena;
	for (size_t i = 0; i < refs->count; i++) {
		struct ref ref = ref_table_at(refs, i);
		const struct oid *id = ref.peeled.algo ? &ref.peeled : &ref.id;
		enum object_type type = OBJECT_NONE;
		bool here;
		TRY(odb_has(c, g->reader, id, &here));
		if (!here)
			continue;
		uint32_t number = graph_add(g, id);
		TRY(graph_type(c, g, number, &type));
		if (type == OBJECT_COMMIT && graph_mark(g, number, MARK_WANTED))
			*vec_push(tips) = number;
	}
	return OK;
}

/* The whole of a spool, as long as that is open. */
static enum err spool_whole(struct ctx *c, struct spool *spool, struct str *out)
{
	const uint8_t *bytes = NULL;
	size_t size = (size_t)spool->extent.size;
	TRY(extent_window(c, &spool->extent, 0, size, &bytes));
	*out = str_from(bytes, size);
	return OK;
}

/* What the bits of all packs stand for: of several, they need an index, which is written. */
static enum err objects_of(struct ctx *c, struct compacting *k, struct graph *g, struct made *last,
	struct bitmap_objects *out)
{
	const struct odb *odb = g->reader->odb;
	struct derived_sink to;
	struct str bytes;
	struct midx midx;
	if (odb->count == 1)
		return bitmap_objects_of_pack(c, &g->arena, odb->packs[0], out);
	TRY(derived_begin(c, k, &last->midx, "Writing the multi-pack index", &to));
	TRY(midx_write(c, odb->algo, odb->packs, odb->count, &to.sink));
	TRY(spool_whole(c, last->midx, &bytes));
	TRY(midx_parse(c, odb->algo, bytes, false, &midx));
	struct pack **packs = NEW_ARRAY(&g->arena, struct pack *, midx.pack_count);
	TRY(midx_packs(c, &midx, odb->packs, odb->count, packs));
	return bitmap_objects_of_midx(c, &g->arena, &midx, packs, out);
}

static enum err write_bitmap(
	struct ctx *c, struct compacting *k, struct graph *g, struct made *last)
{
	struct numbers tips = {0}, commits = {.arena = &g->arena}, none = {.arena = &g->arena};
	struct bitmap_objects objects;
	struct derived_sink to;
	TRY(tips_of(c, k, g, &tips));
	TRY(walk_new(c, g, &tips, &none, (struct walk_limits){0}, &commits));
	if (!commits.len)
		return OK;
	TRY(objects_of(c, k, g, last, &objects));
	TRY(derived_begin(c, k, &last->bitmap, "Writing the bitmap", &to));
	struct bitmap_write w = {.graph = g,
		.objects = &objects,
		.tips = &tips,
		.commits = &commits,
		.lookup_table = true,
		.to = &to.sink};
	return bitmap_write(c, &w);
}

static enum err write_commit_graph(
	struct ctx *c, struct compacting *k, struct graph *g, struct made *last)
{
	struct numbers tips = {0}, commits = {.arena = &g->arena}, none = {.arena = &g->arena};
	struct commit_graph *before = k->snapshot->odb.commits;
	struct derived_sink to;
	TRY(tips_of(c, k, g, &tips));
	TRY(walk_new(c, g, &tips, &none, (struct walk_limits){0}, &commits));
	if (!commits.len)
		return OK;
	if (before && commit_graph_whole(c, before)) {
		ctx_clear(c);
		before = NULL;
	}
	TRY(derived_begin(c, k, &last->graph, "Writing the commit-graph", &to));
	struct commit_graph_write w = {.graph = g,
		.commits = &commits,
		.changed_paths = true,
		.before = before,
		.to = &to.sink};
	return commit_graph_write(c, &w);
}

typedef enum err derive_one(
	struct ctx *c, struct compacting *k, struct graph *g, struct made *last);

/* Out of the first `count` new packs, in memory of its own; lies beside the last. */
static enum err derive(struct ctx *c, struct compacting *k, size_t count, derive_one *one)
{
	struct arena_mark mark = arena_mark(c->arena);
	struct pack *packs[MADE_MAX];
	struct odb odb = {.algo = k->repo.object_format, .packs = packs, .count = count};
	struct odb_reader reader;
	struct graph graph;
	for (size_t i = 0; i < count; i++)
		packs[i] = k->made[i].open;
	odb_reader_init(c, &reader, &odb);
	graph_init(&graph, &reader);
	enum err err = one(c, k, &graph, &k->made[count - 1]);
	graph_done(&graph);
	arena_rewind(c->arena, mark);
	return err;
}

enum err compact_derive(struct ctx *c, struct compacting *k)
{
	size_t count = 0;
	while (count < k->made_count && k->made[count].kind != PACK_KEPT)
		count++;
	if (!count)
		return OK;
	TRY_WHILE(c, derive(c, k, count, write_bitmap), "making a bitmap");
	TRY_WHILE(c, derive(c, k, count, write_commit_graph), "making a commit-graph");
	return OK;
}
