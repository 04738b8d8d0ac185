#include "git/commit_graph.h"

#include "base/buf.h"

enum {
	HEAD = 8,
	BLOOM_HEAD = 12,
	PARENT_NONE = 0x70000000,
	AT_ONCE = 2 << 20, /* what is larger, and far away, is not read whole */
	A_LOOK = 2 << 20,  /* bytes that come as fast as the up to five pieces that one asks for */
};

static const uint32_t more_flag = 0x80000000, large_flag = 0x80000000, last_flag = 0x80000000;

/* Here or not. */
static struct fanout ids_of(const struct commit_graph *g)
{
	const struct fanout list = {
		.algo = g->algo, .count = g->count, .table = g->fanout_table, .at = g->ids.at};
	return lookup_ids(&g->file, list);
}

static enum err chunks_find(struct ctx *c, struct commit_graph *g)
{
	const uint8_t *at = NULL;
	const struct chunk_slot slots[] = {
		{"OIDF", &g->fanout},
		{"OIDL", &g->ids},
		{"CDAT", &g->data},
		{"GDA2", &g->offsets},
		{"GDO2", &g->large_offsets},
		{"EDGE", &g->edges},
		{"BIDX", &g->filter_ends},
		{"BDAT", &g->filters},
	};
	if (g->file.size < HEAD + CHUNK_ROW + hash_size(g->algo))
		return fail(c, ERR_CORRUPT, "this is no commit-graph of version 1");
	TRY(lookup_window(c, &g->file, 0, HEAD, &at));
	if (memcmp(at, "CGPH\1", 5) != 0)
		return fail(c, ERR_CORRUPT, "this is no commit-graph of version 1");
	if (at[5] != (g->algo == HASH_SHA256 ? 2 : 1))
		return fail(c, ERR_CORRUPT, "a commit-graph is of another kind of ids");
	if (at[7])
		return fail(c, ERR_UNSUPPORTED, "a commit-graph is one of several files");
	const struct chunk_file file = {
		"commit-graph", g->file.bytes, HEAD, at[6], hash_size(g->algo)};
	return chunks_parse(c, &file, slots, sizeof slots / sizeof *slots);
}

static enum err filters_take(struct ctx *c, struct commit_graph *g)
{
	const uint8_t *head = NULL;
	if (g->filter_ends.at && g->filters.at) {
		if (g->filter_ends.size != (uint64_t)g->count * 4 || g->filters.size < BLOOM_HEAD)
			return fail(c, ERR_CORRUPT, "a commit-graph has filters of a wrong size");
		TRY(chunk_window(c, &g->file, &g->filters, 0, BLOOM_HEAD, &head));
		g->bloom = (struct bloom_settings){
			get_be32(head), get_be32(head + 4), get_be32(head + 8)};
	}
	/* Of a kind that is not known: as if there were none. */
	if (g->bloom.version < 1 || g->bloom.version > 2 || g->bloom.hashes < 1 ||
		g->bloom.hashes > BLOOM_HASHES_MAX)
		g->filters = (struct chunk_place){0};
	return OK;
}

static enum err chunks_take(struct ctx *c, struct commit_graph *g)
{
	size_t size = hash_size(g->algo);
	struct fanout ids;
	if (g->fanout.size != FANOUT_SIZE || !g->ids.at || !g->data.at)
		return fail(c, ERR_CORRUPT, "a commit-graph lacks a chunk that it must have");
	TRY(chunk_window(c, &g->file, &g->fanout, 0, FANOUT_SIZE, &g->fanout_table));
	TRY(fanout_parse(c, g->algo, g->fanout_table, &ids));
	g->count = ids.count;
	uint64_t count = ids.count;
	if (g->ids.size != count * size || g->data.size != count * (size + 16))
		return fail(c, ERR_CORRUPT,
			"a commit-graph of %u commits has chunks of other sizes", g->count);
	if (g->offsets.at && g->offsets.size != count * 4)
		return fail(c, ERR_CORRUPT, "a commit-graph has dates of a wrong size");
	return filters_take(c, g);
}

enum err commit_graph_whole(struct ctx *c, struct commit_graph *g)
{
	return lookup_whole(c, &g->file);
}

bool commit_graph_whole_pays(const struct commit_graph *g, size_t looks)
{
	return !lookup_all(&g->file) && looks >= g->file.size / A_LOOK;
}

size_t commit_graph_rest(const struct commit_graph *g)
{
	if (lookup_all(&g->file))
		return 0;
	uint64_t rest = g->file.size - (g->data.at + g->data.size);
	return rest <= AT_ONCE ? (size_t)rest : 0;
}

enum err commit_graph_bring_rest(struct ctx *c, const struct commit_graph *g)
{
	const uint8_t *rest = NULL;
	size_t len = commit_graph_rest(g);
	return len ? lookup_window(c, &g->file, g->file.size - len, len, &rest) : OK;
}

enum err commit_graph_open(
	struct ctx *c, enum hash_algo algo, struct extent *bytes, struct commit_graph *out)
{
	*out = (struct commit_graph){.algo = algo};
	TRY(lookup_open(c, "a commit-graph", bytes, AT_ONCE, &out->file));
	TRY(chunks_find(c, out));
	return chunks_take(c, out);
}

static enum err graph_verify(struct ctx *c, const struct commit_graph *g, struct str bytes)
{
	size_t size = hash_size(g->algo);
	struct fanout ids = ids_of(g);
	uint8_t digest[HASH_MAX];
	hash_once(g->algo, bytes.at, bytes.len - size, digest);
	if (memcmp(digest, bytes.at + bytes.len - size, size) != 0)
		return fail(c, ERR_CORRUPT, "a commit-graph does not have the hash that it says");
	TRY(fanout_verify(c, &ids));
	for (uint32_t i = 0; i < g->count; i++) {
		struct commit_graph_entry entry, parent;
		TRY(commit_graph_get(c, g, i, &entry));
		for (uint32_t k = 0; k < entry.parent_count; k++) {
			TRY(commit_graph_get(c, g, commit_graph_parent(&entry, k), &parent));
			if (parent.level >= entry.level || parent.generation >= entry.generation)
				return fail(c, ERR_CORRUPT,
					"a commit-graph has a commit that is no later than its "
					"parent");
		}
	}
	return OK;
}

enum err commit_graph_parse(
	struct ctx *c, enum hash_algo algo, struct str bytes, bool verify, struct commit_graph *out)
{
	struct extent_bytes here;
	extent_bytes_init(&here, bytes.at, bytes.len);
	TRY(commit_graph_open(c, algo, &here.extent, out));
	out->file.bytes = NULL;
	return verify ? graph_verify(c, out, bytes) : OK;
}

enum err commit_graph_find(struct ctx *c, const struct commit_graph *g, const struct oid *id,
	uint32_t *position, bool *found)
{
	struct fanout ids = ids_of(g);
	*found = false;
	return id->algo == g->algo ? fanout_look_up(c, &ids, id->hash, position, found) : OK;
}

enum err commit_graph_oid(
	struct ctx *c, const struct commit_graph *g, uint32_t position, struct oid *out)
{
	struct fanout ids = ids_of(g);
	const uint8_t *hash = NULL;
	TRY(fanout_id_at(c, &ids, position, &hash));
	*out = oid_from_bytes(g->algo, hash);
	return OK;
}

static enum err parent_check(struct ctx *c, const struct commit_graph *g, uint32_t position)
{
	if (position >= g->count)
		return fail(c, ERR_CORRUPT, "a commit-graph has a parent that is not in it");
	return OK;
}

/* Parents from the second on, where there are more than two. */
static enum err edges_take(
	struct ctx *c, const struct commit_graph *g, uint32_t first, struct commit_graph_entry *out)
{
	uint64_t at = first;
	for (bool last = false; !last; at++) {
		const uint8_t *edge = NULL;
		if (at >= g->edges.size / 4 || at - first == COMMIT_GRAPH_PARENTS_MAX)
			return fail(
				c, ERR_CORRUPT, "a commit-graph has a list of parents without end");
		TRY(chunk_window(c, &g->file, &g->edges, at * 4, 4, &edge));
		last = get_be32(edge) & last_flag;
		TRY(parent_check(c, g, get_be32(edge) & ~last_flag));
	}
	out->parent_count = 1 + (uint32_t)(at - first);
	return chunk_window(
		c, &g->file, &g->edges, (uint64_t)first * 4, (size_t)(at - first) * 4, &out->edges);
}

static enum err parents_take(struct ctx *c, const struct commit_graph *g, const uint8_t *data,
	struct commit_graph_entry *out)
{
	uint32_t first = get_be32(data), second = get_be32(data + 4);
	if (first == PARENT_NONE)
		return OK;
	TRY(parent_check(c, g, first));
	out->parents[0] = first;
	out->parent_count = 1;
	if (second == PARENT_NONE)
		return OK;
	if (second & more_flag)
		return edges_take(c, g, second & ~more_flag, out);
	TRY(parent_check(c, g, second));
	out->parents[1] = second;
	out->parent_count = 2;
	return OK;
}

/* What is to be added to the date. */
static enum err offset_take(
	struct ctx *c, const struct commit_graph *g, uint32_t position, uint64_t *out)
{
	const uint8_t *at = NULL;
	TRY(chunk_window(c, &g->file, &g->offsets, (uint64_t)position * 4, 4, &at));
	*out = get_be32(at);
	if (!(*out & large_flag))
		return OK;
	uint64_t number = *out & ~large_flag;
	if (number >= g->large_offsets.size / 8)
		return fail(c, ERR_CORRUPT, "a commit-graph has a date that is not there");
	TRY(chunk_window(c, &g->file, &g->large_offsets, number * 8, 8, &at));
	*out = get_be64(at);
	return OK;
}

/* A commit's row but for the tree, which it begins with. */
static enum err row_take(struct ctx *c, const struct commit_graph *g, const uint8_t *row,
	struct commit_graph_entry *out)
{
	uint64_t packed = get_be64(row + 8);
	out->date = (int64_t)(packed & 0x3ffffffff);
	out->level = (uint32_t)(packed >> 34);
	out->generation = out->level;
	out->parent_count = 0;
	out->edges = NULL;
	return parents_take(c, g, row, out);
}

enum err commit_graph_pass(struct ctx *c, const struct commit_graph *g, uint32_t position,
	bool generation, struct commit_graph_entry *out)
{
	size_t size = hash_size(g->algo);
	const uint8_t *row = NULL;
	uint64_t offset = 0;
	TRY(chunk_window(c, &g->file, &g->data, position * (size + 16) + size, 16, &row));
	TRY(row_take(c, g, row, out));
	if (!generation || !g->offsets.at)
		return OK;
	TRY(offset_take(c, g, position, &offset));
	out->generation = (uint64_t)out->date + offset;
	return OK;
}

enum err commit_graph_get(struct ctx *c, const struct commit_graph *g, uint32_t position,
	struct commit_graph_entry *out)
{
	size_t size = hash_size(g->algo);
	const uint8_t *data = NULL;
	*out = (struct commit_graph_entry){0};
	TRY(chunk_window(c, &g->file, &g->data, position * (size + 16), size + 16, &data));
	out->tree = oid_from_bytes(g->algo, data);
	return commit_graph_pass(c, g, position, true, out);
}

uint32_t commit_graph_parent(const struct commit_graph_entry *e, uint32_t index)
{
	ASSERT(index < e->parent_count);
	if (!e->edges || index == 0)
		return e->parents[index];
	return get_be32(e->edges + (size_t)(index - 1) * 4) & ~last_flag;
}

enum err commit_graph_filter(
	struct ctx *c, const struct commit_graph *g, uint32_t position, struct str *out)
{
	const uint8_t *ends = NULL, *filter = NULL;
	uint64_t at = (uint64_t)position * 4, before = position ? 4 : 0;
	*out = (struct str){0};
	if (!g->filters.at)
		return OK;
	TRY(chunk_window(c, &g->file, &g->filter_ends, at - before, 4 + before, &ends));
	uint32_t from = before ? get_be32(ends) : 0, to = get_be32(ends + before);
	if (from >= to || to > g->filters.size - BLOOM_HEAD)
		return OK;
	TRY(chunk_window(
		c, &g->file, &g->filters, BLOOM_HEAD + (uint64_t)from, to - from, &filter));
	*out = str_from(filter, to - from);
	return OK;
}
