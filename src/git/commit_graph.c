#include "git/commit_graph.h"

#include "base/buf.h"
#include "git/chunks.h"

enum { HEAD = 8, BLOOM_HEAD = 12, PARENT_NONE = 0x70000000 };

static const uint32_t more_flag = 0x80000000, large_flag = 0x80000000, last_flag = 0x80000000;

struct chunks {
	struct str fanout, ids, data, offsets, large_offsets, edges, filter_ends, filters;
};

static enum err head_parse(struct ctx *c, enum hash_algo algo, struct str bytes)
{
	const uint8_t *at = (const uint8_t *)bytes.at;
	if (bytes.len < HEAD + CHUNK_ROW + hash_size(algo) || memcmp(at, "CGPH\1", 5) != 0)
		return fail(c, ERR_CORRUPT, "this is no commit-graph of version 1");
	if (at[5] != (algo == HASH_SHA256 ? 2 : 1))
		return fail(c, ERR_CORRUPT, "a commit-graph is of another kind of ids");
	if (at[7])
		return fail(c, ERR_UNSUPPORTED, "a commit-graph is one of several files");
	return OK;
}

static enum err chunks_find(
	struct ctx *c, enum hash_algo algo, struct str bytes, struct chunks *out)
{
	*out = (struct chunks){0};
	const struct chunk_slot slots[] = {
		{"OIDF", &out->fanout},
		{"OIDL", &out->ids},
		{"CDAT", &out->data},
		{"GDA2", &out->offsets},
		{"GDO2", &out->large_offsets},
		{"EDGE", &out->edges},
		{"BIDX", &out->filter_ends},
		{"BDAT", &out->filters},
	};
	const struct chunk_file file = {
		"commit-graph", bytes, HEAD, (uint8_t)bytes.at[6], hash_size(algo)};
	return chunks_parse(c, &file, slots, sizeof slots / sizeof *slots);
}

/* A chunk's bytes; NULL where the file has none. */
static const uint8_t *bytes_of(struct str chunk)
{
	return (const uint8_t *)chunk.at;
}

static enum err filters_take(struct ctx *c, const struct chunks *all, struct commit_graph *g)
{
	if (!all->filter_ends.at || !all->filters.at)
		return OK;
	if (all->filter_ends.len != (uint64_t)g->ids.count * 4 || all->filters.len < BLOOM_HEAD)
		return fail(c, ERR_CORRUPT, "a commit-graph has filters of a wrong size");
	const uint8_t *head = bytes_of(all->filters);
	g->bloom = (struct bloom_settings){get_be32(head), get_be32(head + 4), get_be32(head + 8)};
	if (g->bloom.version < 1 || g->bloom.version > 2 || g->bloom.hashes < 1 ||
		g->bloom.hashes > BLOOM_HASHES_MAX)
		return OK; /* of a kind that is not known: as if there were none */
	g->filter_ends = bytes_of(all->filter_ends);
	g->filters = head + BLOOM_HEAD;
	g->filter_bytes = all->filters.len - BLOOM_HEAD;
	return OK;
}

static enum err chunks_take(
	struct ctx *c, enum hash_algo algo, const struct chunks *all, struct commit_graph *g)
{
	size_t size = hash_size(algo);
	if (!all->fanout.at || all->fanout.len != FANOUT_SIZE || !all->ids.at || !all->data.at)
		return fail(c, ERR_CORRUPT, "a commit-graph lacks a chunk that it must have");
	TRY(fanout_parse(c, algo, bytes_of(all->fanout), &g->ids));
	g->ids.ids = bytes_of(all->ids);
	uint64_t count = g->ids.count;
	if (all->ids.len != count * size || all->data.len != count * (size + 16))
		return fail(c, ERR_CORRUPT,
			"a commit-graph of %u commits has chunks of other sizes", g->ids.count);
	g->data = bytes_of(all->data);
	g->edges = bytes_of(all->edges);
	g->edge_count = all->edges.len / 4;
	if (all->offsets.at && all->offsets.len != count * 4)
		return fail(c, ERR_CORRUPT, "a commit-graph has dates of a wrong size");
	g->offsets = bytes_of(all->offsets);
	g->large_offsets = bytes_of(all->large_offsets);
	g->large_count = all->large_offsets.len / 8;
	return filters_take(c, all, g);
}

static enum err graph_verify(struct ctx *c, const struct commit_graph *g, struct str bytes)
{
	size_t size = hash_size(g->ids.algo);
	uint8_t digest[HASH_MAX];
	hash_once(g->ids.algo, bytes.at, bytes.len - size, digest);
	if (memcmp(digest, bytes.at + bytes.len - size, size) != 0)
		return fail(c, ERR_CORRUPT, "a commit-graph does not have the hash that it says");
	TRY(fanout_verify(c, &g->ids));
	for (uint32_t i = 0; i < g->ids.count; i++) {
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
	struct chunks chunks;
	*out = (struct commit_graph){0};
	TRY(head_parse(c, algo, bytes));
	TRY(chunks_find(c, algo, bytes, &chunks));
	TRY(chunks_take(c, algo, &chunks, out));
	return verify ? graph_verify(c, out, bytes) : OK;
}

bool commit_graph_find(const struct commit_graph *g, const struct oid *id, uint32_t *position)
{
	return id->algo == g->ids.algo && fanout_find(&g->ids, id->hash, position);
}

struct oid commit_graph_oid(const struct commit_graph *g, uint32_t position)
{
	return oid_from_bytes(g->ids.algo, fanout_hash(&g->ids, position));
}

static enum err parent_check(struct ctx *c, const struct commit_graph *g, uint32_t position)
{
	if (position >= g->ids.count)
		return fail(c, ERR_CORRUPT, "a commit-graph has a parent that is not in it");
	return OK;
}

/* Parents from the second on, where there are more than two. */
static enum err edges_take(
	struct ctx *c, const struct commit_graph *g, uint32_t first, struct commit_graph_entry *out)
{
	uint64_t at = first;
	for (bool last = false; !last; at++) {
		if (at >= g->edge_count || at - first == COMMIT_GRAPH_PARENTS_MAX)
			return fail(
				c, ERR_CORRUPT, "a commit-graph has a list of parents without end");
		uint32_t edge = get_be32(g->edges + at * 4);
		last = edge & last_flag;
		TRY(parent_check(c, g, edge & ~last_flag));
	}
	out->edges = g->edges + (size_t)first * 4;
	out->parent_count = 1 + (uint32_t)(at - first);
	return OK;
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

enum err commit_graph_get(struct ctx *c, const struct commit_graph *g, uint32_t position,
	struct commit_graph_entry *out)
{
	size_t size = hash_size(g->ids.algo);
	const uint8_t *data = g->data + position * (size + 16);
	*out = (struct commit_graph_entry){.tree = oid_from_bytes(g->ids.algo, data)};
	TRY(parents_take(c, g, data + size, out));
	uint64_t packed = get_be64(data + size + 8);
	out->date = (int64_t)(packed & 0x3ffffffff);
	out->level = (uint32_t)(packed >> 34);
	out->generation = out->level;
	if (!g->offsets)
		return OK;
	uint64_t offset = get_be32(g->offsets + (size_t)position * 4);
	if (offset & large_flag) {
		offset &= ~large_flag;
		if (offset >= g->large_count)
			return fail(c, ERR_CORRUPT, "a commit-graph has a date that is not there");
		offset = get_be64(g->large_offsets + (size_t)offset * 8);
	}
	out->generation = (uint64_t)out->date + offset;
	return OK;
}

uint32_t commit_graph_parent(const struct commit_graph_entry *e, uint32_t index)
{
	ASSERT(index < e->parent_count);
	if (!e->edges || index == 0)
		return e->parents[index];
	return get_be32(e->edges + (size_t)(index - 1) * 4) & ~last_flag;
}

bool commit_graph_filter(const struct commit_graph *g, uint32_t position, struct str *out)
{
	if (!g->filters)
		return false;
	const uint8_t *end = g->filter_ends + (size_t)position * 4;
	uint32_t from = position ? get_be32(end - 4) : 0, to = get_be32(end);
	if (from >= to || to > g->filter_bytes)
		return false;
	*out = str_from(g->filters + from, to - from);
	return true;
}
