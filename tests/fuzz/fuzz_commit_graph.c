/*
 * A commit-graph: whatever was parsed can be read at every position, and by windows it says the same.
 *
 * Input: a file; its hash is put right, so that what lies behind the check of it is reached too.
 */
#include "git/commit_graph.h"

#include "fuzz.h"

static bool read_one(
	struct ctx *c, const struct commit_graph *g, uint32_t i, struct commit_graph_entry *out)
{
	struct str filter;
	struct bloom_key key = bloom_key(g->bloom.version, STR("a/b"));
	ASSERT(!commit_graph_filter(c, g, i, &filter));
	if (filter.len)
		bloom_may_hold(&g->bloom, filter, &key);
	enum err err = commit_graph_get(c, g, i, out);
	ASSERT(!err || err == ERR_CORRUPT);
	for (uint32_t k = 0; !err && k < out->parent_count; k++)
		ASSERT(commit_graph_parent(out, k) < g->count);
	return !err;
}

/* The file has all that is looked at: the extent would say so. */
static struct commit_graph from_afar(
	const struct commit_graph *near, struct str file, struct extent_bytes *bytes)
{
	struct commit_graph far = *near;
	extent_bytes_init(bytes, file.at, file.len);
	far.file.bytes = &bytes->extent;
	far.file.all = NULL;
	return far;
}

static void compare(
	struct ctx *c, const struct commit_graph *near, const struct commit_graph *far, bool sound)
{
	for (uint32_t i = 0, at; i < near->count; i++) {
		struct commit_graph_entry x, y;
		struct oid id, same;
		bool found;
		ASSERT(read_one(c, near, i, &x) == read_one(c, far, i, &y));
		ASSERT(!commit_graph_oid(c, near, i, &id) && !commit_graph_oid(c, far, i, &same));
		ASSERT(oid_eq(&id, &same));
		ASSERT(!commit_graph_find(c, near, &id, &at, &found));
		ASSERT(!found || at < near->count);
		ASSERT(!sound || (found && at == i));
		ASSERT(!commit_graph_find(c, far, &id, &at, &found));
		ASSERT(!found || at < near->count);
		ASSERT(!sound || (found && at == i));
	}
}

static void fuzz_one(struct ctx *c, struct str input)
{
	struct commit_graph near, far;
	struct extent_bytes bytes;
	struct str file = str_copy(c->arena, input);
	if (file.len > 20)
		hash_once(HASH_SHA1, file.at, file.len - 20,
			(uint8_t *)(uintptr_t)file.at + file.len - 20);
	for (int verify = 0; verify < 2; verify++) {
		if (commit_graph_parse(c, HASH_SHA1, file, verify, &near))
			continue;
		far = from_afar(&near, file, &bytes);
		compare(c, &near, &far, verify);
	}
}
