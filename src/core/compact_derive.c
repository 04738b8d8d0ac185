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
		if (!odb_has(g->reader, id))
			continue;
		uint32_t number = graph_add(g, id);
		TRY(graph_type(c, g, number, &type));
		if (type == OBJECT_COMMIT && graph_mark(g, number, MARK_WANTED))
			*vec_push(tips) = number;
	}
	return OK;
}

static enum err write_bitmap(
	struct ctx *c, struct compacting *k, struct graph *g, struct made *main)
{
	struct numbers tips = {0}, commits = {.arena = &g->arena}, none = {.arena = &g->arena};
	struct derived_sink to;
	TRY(tips_of(c, k, g, &tips));
	TRY(walk_new(c, g, &tips, &none, (struct walk_limits){0}, &commits));
	TRY(derived_begin(c, k, &main->bitmap, "Writing the bitmap", &to));
	if (tips.len > BITMAP_TIPS_MAX)
		tips.len = BITMAP_TIPS_MAX;
	struct bitmap_write w = {.graph = g,
		.pack = main->open,
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
	struct derived_sink to;
	TRY(tips_of(c, k, g, &tips));
	TRY(walk_new(c, g, &tips, &none, (struct walk_limits){0}, &commits));
	if (!commits.len)
		return OK;
	TRY(derived_begin(c, k, &last->graph, "Writing the commit-graph", &to));
	struct commit_graph_write w = {.graph = g,
		.commits = &commits,
		.changed_paths = true,
		.before = k->snapshot->odb.commits,
		.to = &to.sink};
	return commit_graph_write(c, &w);
}

typedef enum err derive_one(struct ctx *c, struct compacting *k, struct graph *g, struct made *of);

/* Out of the first `count` new packs, in memory of its own. */
static enum err derive(
	struct ctx *c, struct compacting *k, size_t count, derive_one *one, struct made *of)
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
	enum err err = one(c, k, &graph, of);
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
	if (k->made[0].kind == PACK_MAIN)
		TRY_WHILE(c, derive(c, k, 1, write_bitmap, &k->made[0]), "making a bitmap");
	TRY_WHILE(c, derive(c, k, count, write_commit_graph, &k->made[count - 1]),
		"making a commit-graph");
	return OK;
}
