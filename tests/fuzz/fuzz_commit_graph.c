/*
 * A commit-graph: whatever was parsed can be read at every position.
 *
 * Input: a file; its hash is put right, so that what lies behind the check of it is reached too.
 */
#include "git/commit_graph.h"

#include "fuzz.h"

static void read_all(struct ctx *c, const struct commit_graph *g)
{
	for (uint32_t i = 0; i < g->ids.count; i++) {
		struct commit_graph_entry e;
		struct str filter;
		struct bloom_key key = bloom_key(g->bloom.version, STR("a/b"));
		if (commit_graph_filter(g, i, &filter))
			bloom_may_hold(&g->bloom, filter, &key);
		if (commit_graph_get(c, g, i, &e))
			continue;
		for (uint32_t k = 0; k < e.parent_count; k++)
			ASSERT(commit_graph_parent(&e, k) < g->ids.count);
	}
}

static void fuzz_one(struct ctx *c, struct str input)
{
	struct commit_graph g;
	struct str file = str_copy(c->arena, input);
	if (file.len > 20)
		hash_once(HASH_SHA1, file.at, file.len - 20,
			(uint8_t *)(uintptr_t)file.at + file.len - 20);
	if (!commit_graph_parse(c, HASH_SHA1, file, false, &g)) {
		struct oid id = oid_zero(HASH_SHA1);
		uint32_t position;
		commit_graph_find(&g, &id, &position);
		read_all(c, &g);
	}
	if (!commit_graph_parse(c, HASH_SHA1, file, true, &g))
		for (uint32_t i = 0, at; i < g.ids.count; i++) {
			struct oid id = commit_graph_oid(&g, i);
			ASSERT(commit_graph_find(&g, &id, &at) && at == i);
		}
}
