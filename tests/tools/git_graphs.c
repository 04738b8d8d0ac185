/*
 * Commit-graphs and bitmaps by hand, for tests that compare them with git's.
 *
 *	git_graphs graph-write sha1 PACK OUT     the commits that ids on stdin lead to, from one pack
 *	git_graphs graph-dump sha1 FILE          checks it and prints a line for each commit:
 *	                                         id tree date level generation filter parents…
 *	git_graphs graph-filter sha1 FILE PATH   the commits that may have changed a path
 *	git_graphs bitmap-write sha1 PACK OUT    of the pack, with an entry for each commit on stdin;
 *	git_graphs bitmap-table sha1 PACK OUT    with a lookup table
 *	git_graphs bitmap-dump sha1 PACK FILE    checks it and prints a line for each entry: the commit,
 *	                                         how many commits, trees, blobs it leads to, a hash of
 *	                                         all their ids in order; and one with all types
 *	git_graphs send sha1 PACK BITMAP GRAPH FILTER OUT
 *	                                         writes the pack of what ids on stdin lead to, and ids
 *	                                         behind a ^ do not; "-": without it
 *	git_graphs list sha1 PACK BITMAP GRAPH FILTER
 *	                                         the ids of what that pack would have
 *
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

enum { FILE_MAX = 1 << 30, LINE_CAP = 256 };

struct tool {
	struct ctx *c;
	enum hash_algo algo;
	char **args;
	struct pack *pack;
	struct odb odb;
	struct odb_reader reader;
	struct graph graph;
};

struct file_sink {
	struct pack_sink pack;
	FILE *file;
};

static enum err file_sink_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	if (fwrite(bytes, 1, len, ((struct file_sink *)self)->file) != len)
		return fail(c, ERR_IO, "cannot write");
	return OK;
}

/* PACK is the path of the .pack; the .idx lies beside it. */
static enum err tool_open_pack(struct tool *t, const char *path)
{
	struct ctx *c = t->c;
	struct str bytes, idx, name = str_of(path);
	struct extent_bytes *extents = NEW_ARRAY(c->arena, struct extent_bytes, 2);
	str_skip_end(&name, STR(".pack"));
	TRY(file_read(c, path, FILE_MAX, &bytes));
	TRY(file_read(c, arena_fmt(c->arena, "%.*s.idx", STR_FMT(name)), FILE_MAX, &idx));
	extent_bytes_init(&extents[0], bytes.at, bytes.len);
	extent_bytes_init(&extents[1], idx.at, idx.len);
	TRY(pack_open(c, t->algo, &extents[0].extent, &extents[1].extent, &t->pack));
	t->odb = (struct odb){.algo = t->algo, .packs = &t->pack, .count = 1};
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
	struct file_sink to = {.pack.sink.write = file_sink_write};
	TRY(tool_open_pack(t, t->args[0]));
	TRY(read_tips(t, &tips));
	TRY(walk_new(t->c, &t->graph, &tips, &none, (struct walk_limits){0}, &all));
	to.file = fopen(t->args[1], "wb");
	if (!to.file)
		return fail_errno(t->c, "open", t->args[1]);
	struct commit_graph_write w = {
		.graph = &t->graph, .commits = &all, .changed_paths = true, .to = &to.pack.sink};
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
	for (uint32_t i = 0; i < g.ids.count; i++) {
		struct commit_graph_entry e;
		struct oid id = commit_graph_oid(&g, i);
		char hex[OID_HEX_MAX], tree[OID_HEX_MAX];
		char filter[2 * BLOOM_PATHS_MAX * 2 + 1] = "-";
		struct str bits = {0};
		TRY(commit_graph_get(t->c, &g, i, &e));
		if (commit_graph_filter(&g, i, &bits) && bits.len < sizeof filter / 2) {
			hex_encode(bits.at, bits.len, filter);
			filter[2 * bits.len] = 0;
		}
		printf("%s %s %lld %u %llu %s", oid_hex(&id, hex), oid_hex(&e.tree, tree),
			(long long)e.date, e.level, (unsigned long long)e.generation, filter);
		for (uint32_t k = 0; k < e.parent_count; k++) {
			id = commit_graph_oid(&g, commit_graph_parent(&e, k));
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
	for (uint32_t i = 0; i < g.ids.count; i++) {
		char hex[OID_HEX_MAX];
		struct oid id = commit_graph_oid(&g, i);
		struct str bits = {0};
		if (!commit_graph_filter(&g, i, &bits) || bloom_may_hold(&g.bloom, bits, &key))
			printf("%s\n", oid_hex(&id, hex));
	}
	return OK;
}

static enum err bitmap_make(struct tool *t, bool table)
{
	struct numbers tips, none = {.arena = &t->graph.arena}, all;
	struct file_sink to = {.pack.sink.write = file_sink_write};
	TRY(tool_open_pack(t, t->args[0]));
	TRY(read_tips(t, &tips));
	TRY(walk_new(t->c, &t->graph, &tips, &none, (struct walk_limits){0}, &all));
	to.file = fopen(t->args[1], "wb");
	if (!to.file)
		return fail_errno(t->c, "open", t->args[1]);
	struct bitmap_write w = {.graph = &t->graph,
		.pack = t->pack,
		.tips = &tips,
		.commits = &all,
		.lookup_table = table,
		.to = &to.pack.sink};
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

static enum err tool_bitmap_dump(struct tool *t)
{
	struct str bytes;
	struct bitmap *b = NULL;
	TRY(tool_open_pack(t, t->args[0]));
	TRY(file_read(t->c, t->args[1], FILE_MAX, &bytes));
	TRY(bitmap_open(t->c, t->pack, bytes, true, &b));
	enum err err = dump(t, b);
	bitmap_close(b);
	return err;
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

/* Opens the pack, with what belongs to it. */
static enum err open_all(struct tool *t)
{
	struct commit_graph *g = NEW(t->c->arena, struct commit_graph);
	struct extent *bytes = NULL;
	struct str graph;
	TRY(tool_open_pack(t, t->args[0]));
	if (strcmp(t->args[1], "-") != 0) {
		TRY(extent_read(t, t->args[1], &bytes));
		TRY(pack_take_bitmap(t->c, t->pack, bytes));
	}
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
	struct file_sink to = {.pack.sink.write = file_sink_write};
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
		.to = &to.pack};
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
	if (t.pack) {
		graph_done(&t.graph);
		pack_unref(t.pack);
	}
	arena_done(&arena);
	return err ? 1 : 0;
}
