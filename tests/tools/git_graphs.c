/*
 * Commit-graphs and bitmaps by hand, for tests that compare them with git's.
 *
 *	git_graphs graph-write sha1 PACK OUT     the commits that ids on stdin lead to, from one pack
 *	git_graphs graph-dump sha1 FILE          checks it and prints a line for each commit:
 *	                                         id tree date level generation filter parents…
 *	git_graphs graph-filter sha1 FILE PATH   the commits that may have changed a path
 *	git_graphs bitmap-write sha1 PACKS FILE  of the packs, with an entry for each commit on stdin;
 *	git_graphs bitmap-table sha1 PACKS FILE  with a lookup table
 *	git_graphs bitmap-dump sha1 PACKS FILE   checks it and prints a line for each entry: the commit,
 *	                                         how many commits, trees, blobs it leads to, a hash of
 *	                                         all their ids in order; and one with all types
 *	git_graphs send sha1 PACKS BITMAP GRAPH FILTER OUT
 *	                                         writes the pack of what ids on stdin lead to, and ids
 *	                                         behind a ^ do not; "-": without it
 *	git_graphs list sha1 PACKS BITMAP GRAPH FILTER
 *	                                         the ids of what that pack would have
 *	git_graphs midx-write sha1 PACKS OUT     the index of several packs, the preferred one first
 *
 * PACKS of several have commas between them; BITMAP, and the FILE of a bitmap, are then MIDX,BITMAP.
 * Prints what it did and how long it took on stderr.
 */
#include "base/buf.h"
#include "base/hex.h"
#include "git/bitmap_write.h"
#include "git/commit_graph_write.h"
#include "git/enumerate.h"
#include "git/pack_write.h"
#include "os/file.h"
#include "os/world.h"

#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 1 << 30, LINE_CAP = 256, PACKS_MAX = 8 };

struct tool {
	struct ctx *c;
	enum hash_algo algo;
	char **args;
	struct pack *packs[PACKS_MAX];
	struct odb odb;
	struct odb_reader reader;
	struct graph graph;
};

struct file_sink {
	struct sink sink;
	FILE *file;
};

static enum err file_sink_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	if (fwrite(bytes, 1, len, ((struct file_sink *)self)->file) != len)
		return fail(c, ERR_IO, "cannot write");
	return OK;
}

static enum err extent_read(struct tool *t, const char *path, struct extent **out)
{
	struct extent_bytes *e = NEW(t->c->arena, struct extent_bytes);
	struct str bytes;
	TRY(file_read(t->c, path, FILE_MAX, &bytes));
	extent_bytes_init(e, bytes.at, bytes.len);
	*out = &e->extent;
	return OK;
}

/* PACKS are paths of .pack files; the .idx lie beside them. */
static enum err tool_open_packs(struct tool *t, const char *paths)
{
	struct ctx *c = t->c;
	struct str rest = str_of(paths);
	t->odb = (struct odb){.algo = t->algo, .packs = t->packs};
	while (rest.len && t->odb.count < PACKS_MAX) {
		struct extent *bytes = NULL, *idx = NULL;
		struct str name = str_cut(&rest, ',');
		str_skip_end(&name, STR(".pack"));
		TRY(extent_read(t, arena_fmt(c->arena, "%.*s.pack", STR_FMT(name)), &bytes));
		TRY(extent_read(t, arena_fmt(c->arena, "%.*s.idx", STR_FMT(name)), &idx));
		TRY(pack_open(c, t->algo, bytes, idx, &t->packs[t->odb.count++]));
	}
	odb_reader_init(c, &t->reader, &t->odb);
	graph_init(&t->graph, &t->reader);
	return OK;
}

/* The commits that the ids on stdin (of commits) lead to. */
static enum err read_tips(struct tool *t, struct numbers *tips)
{
	char line[LINE_CAP];
	struct oid id;
	*tips = (struct numbers){.arena = &t->graph.arena};
	while (fgets(line, sizeof line, stdin)) {
		if (!oid_parse(t->algo, str_trim(str_of(line)), &id))
			return fail(t->c, ERR_INVALID, "no id: %s", line);
		*vec_push(tips) = graph_add(&t->graph, &id);
	}
	return OK;
}

static enum err tool_graph_write(struct tool *t)
{
	struct numbers tips, none = {.arena = &t->graph.arena}, all;
	struct file_sink to = {.sink.write = file_sink_write};
	TRY(tool_open_packs(t, t->args[0]));
	TRY(read_tips(t, &tips));
	TRY(walk_new(t->c, &t->graph, &tips, &none, (struct walk_limits){0}, &all));
	to.file = fopen(t->args[1], "wb");
	if (!to.file)
		return fail_errno(t->c, "open", t->args[1]);
	struct commit_graph_write w = {
		.graph = &t->graph, .commits = &all, .changed_paths = true, .to = &to.sink};
	enum err err = commit_graph_write(t->c, &w);
	fclose(to.file);
	fprintf(stderr, "%zu commits, %u filters\n", all.len, w.filters_made);
	return err;
}

static enum err open_graph(struct tool *t, struct commit_graph *g)
{
	struct str bytes;
	TRY(file_read(t->c, t->args[0], FILE_MAX, &bytes));
	return commit_graph_parse(t->c, t->algo, bytes, true, g);
}

static enum err tool_graph_dump(struct tool *t)
{
	struct commit_graph g;
	TRY(open_graph(t, &g));
	for (uint32_t i = 0; i < g.count; i++) {
		struct commit_graph_entry e;
		struct oid id;
		char hex[OID_HEX_MAX], tree[OID_HEX_MAX];
		char filter[2 * BLOOM_PATHS_MAX * 2 + 1] = "-";
		struct str bits = {0};
		TRY(commit_graph_oid(t->c, &g, i, &id));
		TRY(commit_graph_get(t->c, &g, i, &e));
		TRY(commit_graph_filter(t->c, &g, i, &bits));
		if (bits.len && bits.len < sizeof filter / 2) {
			hex_encode(bits.at, bits.len, filter);
			filter[2 * bits.len] = 0;
		}
		printf("%s %s %lld %u %llu %s", oid_hex(&id, hex), oid_hex(&e.tree, tree),
			(long long)e.date, e.level, (unsigned long long)e.generation, filter);
		for (uint32_t k = 0; k < e.parent_count; k++) {
			TRY(commit_graph_oid(t->c, &g, commit_graph_parent(&e, k), &id));
			printf(" %s", oid_hex(&id, hex));
		}
		printf("\n");
	}
	return OK;
}

static enum err tool_graph_filter(struct tool *t)
{
	struct commit_graph g;
	TRY(open_graph(t, &g));
	struct bloom_key key = bloom_key(g.bloom.version, str_of(t->args[1]));
	for (uint32_t i = 0; i < g.count; i++) {
		char hex[OID_HEX_MAX];
		struct oid id;
		struct str bits = {0};
		TRY(commit_graph_oid(t->c, &g, i, &id));
		TRY(commit_graph_filter(t->c, &g, i, &bits));
		if (!bits.len || bloom_may_hold(&g.bloom, bits, &key))
			printf("%s\n", oid_hex(&id, hex));
	}
	return OK;
}

/* What the bits of a bitmap stand for: `file` is its path, or MIDX,BITMAP. Then *file is BITMAP. */
static enum err objects_of(struct tool *t, const char **file, struct bitmap_objects *out)
{
	struct ctx *c = t->c;
	struct midx midx;
	struct str bytes, rest = str_of(*file), first = str_cut(&rest, ',');
	struct pack *packs[PACKS_MAX];
	if (!rest.len)
		return bitmap_objects_of_pack(c, c->arena, t->packs[0], out);
	*file = rest.at;
	TRY(file_read(c, str_dup(c->arena, first), FILE_MAX, &bytes));
	TRY(midx_parse(c, t->algo, bytes, true, &midx));
	ASSERT(midx.pack_count <= PACKS_MAX);
	TRY(midx_packs(c, &midx, t->packs, t->odb.count, packs));
	return bitmap_objects_of_midx(c, c->arena, &midx, packs, out);
}

static enum err bitmap_make(struct tool *t, bool table)
{
	const char *path = t->args[1];
	struct numbers tips, none = {.arena = &t->graph.arena}, all;
	struct file_sink to = {.sink.write = file_sink_write};
	TRY(tool_open_packs(t, t->args[0]));
	TRY(read_tips(t, &tips));
	TRY(walk_new(t->c, &t->graph, &tips, &none, (struct walk_limits){0}, &all));
	struct bitmap_objects objects;
	TRY(objects_of(t, &path, &objects));
	to.file = fopen(path, "wb");
	if (!to.file)
		return fail_errno(t->c, "open", path);
	struct bitmap_write w = {.graph = &t->graph,
		.objects = &objects,
		.tips = &tips,
		.commits = &all,
		.lookup_table = table,
		.to = &to.sink};
	enum err err = bitmap_write(t->c, &w);
	fclose(to.file);
	fprintf(stderr, "%zu commits, %u entries\n", all.len, w.entries);
	return err;
}

static enum err tool_bitmap_write(struct tool *t)
{
	return bitmap_make(t, false);
}

static enum err tool_bitmap_table(struct tool *t)
{
	return bitmap_make(t, true);
}

static void print_set(const struct bitmap *b, const char *name, const struct bits *set)
{
	uint32_t counts[BITMAP_TYPES + 1] = {0};
	uint8_t digest[HASH_MAX];
	char hex[2 * 8 + 1] = "";
	struct hash hash;
	hash_init(&hash, HASH_SHA256);
	/* In the order of the ids. */
	for (uint32_t i = 0; i < b->objects.ids.count; i++) {
		if (!bits_has(set, b->objects.bit_of[i]))
			continue;
		counts[bitmap_type(b, b->objects.bit_of[i])]++;
		hash_update(&hash, fanout_hash(&b->objects.ids, i), hash_size(b->objects.ids.algo));
	}
	hash_final(&hash, digest);
	hex_encode(digest, 8, hex);
	printf("%s %u %u %u %u %s\n", name, counts[OBJECT_COMMIT], counts[OBJECT_TREE],
		counts[OBJECT_BLOB], counts[OBJECT_TAG], hex);
}

static enum err dump(struct tool *t, const struct bitmap *b)
{
	struct bits set = bitmap_bits(b, t->c->arena), work = bitmap_bits(b, t->c->arena);
	for (uint32_t i = 0; i < b->entry_count; i++) {
		struct oid id = oid_from_bytes(
			t->algo, bitmap_objects_hash(&b->objects, b->entries[i].bit));
		char hex[OID_HEX_MAX];
		bits_clear(&set);
		TRY(bitmap_add(t->c, b, i, &work, &set));
		print_set(b, oid_hex(&id, hex), &set);
	}
	bits_clear(&set);
	for (int type = OBJECT_COMMIT; type <= OBJECT_TAG; type++)
		bits_or(&set, &b->types[type]);
	print_set(b, "all", &set);
	return OK;
}

/* Gives the last pack its bitmap: BITMAP or MIDX,BITMAP. */
static enum err take_bitmap(struct tool *t, const char *file)
{
	struct ctx *c = t->c;
	struct extent *bytes[2] = {NULL};
	struct pack *last = t->packs[t->odb.count - 1];
	struct str rest = str_of(file), first = str_cut(&rest, ',');
	TRY(extent_read(t, str_dup(c->arena, first), &bytes[0]));
	if (!rest.len)
		return pack_take_bitmap(c, last, bytes[0]);
	TRY(extent_read(t, rest.at, &bytes[1]));
	return pack_take_midx(c, last, t->packs, t->odb.count, bytes);
}

static enum err tool_bitmap_dump(struct tool *t)
{
	TRY(tool_open_packs(t, t->args[0]));
	TRY(take_bitmap(t, t->args[1]));
	return dump(t, t->packs[t->odb.count - 1]->bitmap);
}

static enum err tool_midx_write(struct tool *t)
{
	struct file_sink to = {.sink.write = file_sink_write};
	TRY(tool_open_packs(t, t->args[0]));
	to.file = fopen(t->args[1], "wb");
	if (!to.file)
		return fail_errno(t->c, "open", t->args[1]);
	enum err err = midx_write(t->c, t->algo, t->packs, t->odb.count, &to.sink);
	fclose(to.file);
	return err;
}

/* Opens the packs, with what belongs to them. */
static enum err open_all(struct tool *t)
{
	struct commit_graph *g = NEW(t->c->arena, struct commit_graph);
	struct str graph;
	TRY(tool_open_packs(t, t->args[0]));
	if (strcmp(t->args[1], "-") != 0)
		TRY(take_bitmap(t, t->args[1]));
	if (strcmp(t->args[2], "-") != 0) {
		TRY(file_read(t->c, t->args[2], FILE_MAX, &graph));
		TRY(commit_graph_parse(t->c, t->algo, graph, false, g));
		t->odb.commits = g;
	}
	return OK;
}

struct oid_list {
	VEC_OF(struct oid) wants, haves;
};

static enum err read_ids(struct tool *t, struct oid_list *out)
{
	char line[LINE_CAP];
	out->wants.arena = out->haves.arena = t->c->arena;
	while (fgets(line, sizeof line, stdin)) {
		struct str hex = str_trim(str_of(line));
		bool have = str_skip(&hex, STR("^"));
		struct oid *to = have ? vec_push(&out->haves) : vec_push(&out->wants);
		if (!oid_parse(t->algo, hex, to))
			return fail(t->c, ERR_INVALID, "no id: %s", line);
	}
	return OK;
}

static enum err read_filter(struct tool *t, const char *text, struct enumerate *e)
{
	struct oid id;
	if (strcmp(text, "-") == 0)
		return OK;
	TRY(filter_parse(t->c, str_of(text), &e->filter));
	if (e->filter.sparse.len)
		sparse_init(t->c, e->sparse = NEW(t->c->arena, struct sparse), &t->graph.arena);
	for (size_t i = 0; i < e->filter.sparse.len; i++) {
		if (!oid_parse(t->algo, e->filter.sparse.at[i], &id))
			return fail(t->c, ERR_INVALID, "no id in %s", text);
		TRY(sparse_read(t->c, e->sparse, &t->reader, &id));
	}
	return OK;
}

static enum err tool_send(struct tool *t)
{
	struct oid_list ids = {0};
	struct progress silent = {0};
	struct file_sink to = {.sink.write = file_sink_write};
	TRY(open_all(t));
	TRY(read_ids(t, &ids));
	struct enumerate e = {.graph = &t->graph,
		.filter = FILTER_ALL,
		.wants = ids.wants.at,
		.want_count = ids.wants.len,
		.haves = ids.haves.at,
		.have_count = ids.haves.len,
		.always_by_bitmap = true,
		.keep_bits = true,
		.progress = &silent};
	TRY(read_filter(t, t->args[3], &e));
	int64_t start = t->c->world->monotonic();
	TRY(enumerate_run(t->c, &e));
	int64_t listed = t->c->world->monotonic(), middle = listed;
	struct pack_write w = {.graph = &t->graph,
		.objects = &e.send,
		.bitmap = e.bitmap,
		.packed = &e.packed,
		.known = &e.packed_known,
		.ofs_delta = true,
		.progress = &silent,
		.to = &to.sink};
	/* Once more: it may know now that the pack can be copied as a whole. */
	for (int round = 0; round < 2; round++) {
		middle = t->c->world->monotonic();
		to.file = fopen(t->args[4], "wb");
		if (!to.file)
			return fail_errno(t->c, "open", t->args[4]);
		enum err err = pack_write_run(t->c, &w);
		fclose(to.file);
		if (err)
			return err;
	}
	fprintf(stderr, "enumerate %lld ms, write %lld ms, %zu objects, %u reused, %u whole\n",
		(long long)(listed - start) / 1000,
		(long long)(t->c->world->monotonic() - middle) / 1000, enumerate_count(&e),
		w.counts.reused, w.counts.whole);
	return OK;
}

static enum err tool_list(struct tool *t)
{
	struct oid_list ids = {0};
	struct progress silent = {0};
	char hex[OID_HEX_MAX];
	TRY(open_all(t));
	TRY(read_ids(t, &ids));
	struct enumerate e = {.graph = &t->graph,
		.filter = FILTER_ALL,
		.wants = ids.wants.at,
		.want_count = ids.wants.len,
		.haves = ids.haves.at,
		.have_count = ids.haves.len,
		.progress = &silent};
	TRY(read_filter(t, t->args[3], &e));
	TRY(enumerate_run(t->c, &e));
	for (size_t i = 0; i < e.send.len; i++) {
		struct oid id = oidmap_oid(&t->graph.ids, e.send.at[i]);
		printf("%s\n", oid_hex(&id, hex));
	}
	return OK;
}

static const struct verb {
	const char *name;
	int args;
	enum err (*run)(struct tool *t);
} verbs[] = {
	{"graph-write", 2, tool_graph_write},
	{"graph-dump", 1, tool_graph_dump},
	{"graph-filter", 2, tool_graph_filter},
	{"bitmap-write", 2, tool_bitmap_write},
	{"bitmap-table", 2, tool_bitmap_table},
	{"bitmap-dump", 2, tool_bitmap_dump},
	{"midx-write", 2, tool_midx_write},
	{"send", 5, tool_send},
	{"list", 4, tool_list},
};

int main(int count, char **args)
{
	struct arena arena;
	struct ctx c;
	struct tool t = {.c = &c, .args = args + 3};
	enum err err = ERR_INVALID;
	arena_init(&arena);
	ctx_init(&c, &arena, os_world());
	int64_t start = c.world->monotonic();
	if (count > 3)
		t.algo = strcmp(args[2], "sha256") == 0 ? HASH_SHA256 : HASH_SHA1;
	for (size_t i = 0; count > 3 && i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(args[1], verbs[i].name) == 0 && count == verbs[i].args + 3)
			err = verbs[i].run(&t);
	if (err)
		fprintf(stderr, "%s: %s\n", err_name(err), c.error.text);
	else
		fprintf(stderr, "%lld ms\n", (long long)(c.world->monotonic() - start) / 1000);
	if (t.reader.odb)
		graph_done(&t.graph);
	for (size_t i = 0; i < t.odb.count; i++)
		pack_unref(t.packs[i]);
	arena_done(&arena);
	return err ? 1 : 0;
}
