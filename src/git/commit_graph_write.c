#include "git/commit_graph_write.h"

#include "base/buf.h"
#include "base/sort.h"
#include "git/chunks.h"
#include "git/hashing.h"
#include "git/tree_diff.h"

enum {
	HEAD = 8,
	BLOOM_HEAD = 12,
	PARENT_NONE = 0x70000000,
	LEVEL_MAX = 0x3fffffff,
	CHECK_EVERY = 256,
};

static const uint32_t more_flag = 0x80000000, large_flag = 0x80000000, last_flag = 0x80000000;
static const uint64_t offset_max = 0x7fffffff;
/* The format has 34 bits for a date. */
static const uint64_t date_max = 0x3ffffffff;

/* One commit, at its position. */
struct row {
	uint32_t number; /* in the graph */
	uint32_t level;  /* 0: not known yet */
	uint64_t corrected;
	struct str filter;
};

struct writing {
	struct commit_graph_write *w;
	struct graph *g;
	struct row *rows;
	uint32_t count;
	uint32_t *positions; /* of the graph's numbers; OIDMAP_NONE: none of these commits */
	uint64_t edge_count, large_count, filter_bytes;
	struct hashing out;
};

static int number_cmp(const void *a, const void *b, const void *arg)
{
	const struct oidmap *ids = arg;
	const uint32_t *x = a, *y = b;
	return memcmp(oidmap_hash(ids, *x), oidmap_hash(ids, *y), hash_size(ids->algo));
}

static struct commit_info *info_at(const struct writing *s, uint32_t position)
{
	const struct node *node = graph_node(s->g, s->rows[position].number);
	return &s->g->commits.at[node->commit];
}

static uint64_t date_at(const struct writing *s, uint32_t position)
{
	int64_t date = info_at(s, position)->date;
	if (date < 0)
		return 0;
	return (uint64_t)date > date_max ? date_max : (uint64_t)date;
}

/* The position of a commit's parent, grafts or not. */
static uint32_t parent_at(const struct writing *s, const struct commit_info *info, uint32_t index)
{
	return s->positions[s->g->parents.at[info->parents + index]];
}

static enum err rows_make(struct ctx *c, struct writing *s)
{
	const struct numbers *commits = s->w->commits;
	struct commit_info *info = NULL;
	char hex[OID_HEX_MAX];
	ASSERT(commits->len < PARENT_NONE);
	for (size_t i = 0; i < commits->len; i++)
		TRY(graph_commit(c, s->g, commits->at[i], &info));
	uint32_t *sorted = arena_raw(c->arena, commits->len * sizeof *sorted);
	memcpy(sorted, commits->at, commits->len * sizeof *sorted);
	sort_array(c->arena, sorted, commits->len, sizeof *sorted, number_cmp, &s->g->ids);
	s->positions = arena_raw(c->arena, s->g->ids.count * sizeof *s->positions);
	memset(s->positions, 0xff, s->g->ids.count * sizeof *s->positions);
	s->count = (uint32_t)commits->len;
	s->rows = NEW_ARRAY(c->arena, struct row, s->count);
	for (uint32_t i = 0; i < s->count; i++) {
		s->rows[i].number = sorted[i];
		ASSERT(s->positions[sorted[i]] == OIDMAP_NONE);
		s->positions[sorted[i]] = i;
	}
	for (uint32_t i = 0; i < s->count; i++) {
		info = info_at(s, i);
		s->edge_count += info->parent_count > 2 ? info->parent_count - 1 : 0;
		for (uint32_t k = 0; k < info->parent_count; k++) {
			if (parent_at(s, info, k) != OIDMAP_NONE)
				continue;
			struct oid id = oidmap_oid(&s->g->ids, s->rows[i].number);
			return fail(c, ERR_NOT_FOUND, "a parent of commit %s is missing",
				oid_hex(&id, hex));
		}
	}
	return OK;
}

/* Level and corrected date, from the parents'; false while one of these is not known. */
static bool generation_of(struct writing *s, uint32_t position, uint32_t *unknown)
{
	const struct commit_info *info = info_at(s, position);
	uint64_t corrected = 0;
	uint32_t level = 0;
	for (uint32_t k = 0; k < info->parent_count; k++) {
		uint32_t at = parent_at(s, info, k);
		const struct row *parent = &s->rows[at];
		*unknown = at;
		if (!parent->level)
			return false;
		level = parent->level > level ? parent->level : level;
		corrected = parent->corrected > corrected ? parent->corrected : corrected;
	}
	uint64_t date = date_at(s, position);
	struct row *row = &s->rows[position];
	row->level = level < LEVEL_MAX ? level + 1 : LEVEL_MAX;
	row->corrected = date > corrected ? date : corrected + 1;
	s->large_count += row->corrected - date > offset_max;
	return true;
}

static enum err generations_make(struct ctx *c, struct writing *s)
{
	struct numbers stack = {.arena = c->arena};
	for (uint32_t i = 0; i < s->count; i++) {
		if (i % CHECK_EVERY == 0)
			TRY(ctx_check(c));
		if (!s->rows[i].level)
			*vec_push(&stack) = i;
		while (stack.len) {
			uint32_t unknown = 0;
			if (stack.len > s->count)
				return fail(c, ERR_CORRUPT, "commits lead to themselves");
			if (generation_of(s, stack.at[stack.len - 1], &unknown))
				stack.len--;
			else
				*vec_push(&stack) = unknown;
		}
	}
	return OK;
}

static enum err filter_make(struct ctx *c, struct writing *s, uint32_t position, struct arena *kept)
{
	const struct commit_info *info = info_at(s, position);
	struct oid tree = oidmap_oid(&s->g->ids, info->tree), before;
	struct tree_changes changes;
	struct arena_mark mark = arena_mark(c->arena);
	if (info->parent_count)
		before = oidmap_oid(&s->g->ids, info_at(s, parent_at(s, info, 0))->tree);
	TRY(tree_diff(c, s->g->reader, info->parent_count ? &before : NULL, &tree,
		BLOOM_PATHS_MAX + 1, &changes));
	s->rows[position].filter = bloom_make(c, &BLOOM_SETTINGS, &changes, kept);
	arena_rewind(c->arena, mark);
	s->w->filters_made++;
	return OK;
}

/* What cannot be read is made anew. */
static bool filter_keep(struct ctx *c, struct writing *s, uint32_t position)
{
	const struct commit_graph *before = s->w->before;
	struct oid id = oidmap_oid(&s->g->ids, s->rows[position].number);
	struct str *out = &s->rows[position].filter;
	uint32_t at = 0;
	bool found;
	if (!before || before->bloom.version != BLOOM_SETTINGS.version ||
		before->bloom.hashes != BLOOM_SETTINGS.hashes ||
		before->bloom.bits_per_path != BLOOM_SETTINGS.bits_per_path)
		return false;
	enum err err = commit_graph_find(c, before, &id, &at, &found);
	if (!err && found)
		err = commit_graph_filter(c, before, at, out);
	if (err)
		ctx_clear(c);
	return out->len > 0;
}

static enum err filters_make(struct ctx *c, struct writing *s, struct arena *kept)
{
	/* In the order of the list, neighbours have trees in common. */
	for (uint32_t i = 0; s->w->changed_paths && i < s->count; i++) {
		uint32_t position = s->positions[s->w->commits->at[i]];
		if (i % CHECK_EVERY == 0)
			TRY(ctx_check(c));
		if (!filter_keep(c, s, position))
			TRY(filter_make(c, s, position, kept));
		s->filter_bytes += s->rows[position].filter.len;
	}
	if (s->filter_bytes > UINT32_MAX)
		return fail(c, ERR_TOO_BIG, "the changed-path filters are over 4 GiB");
	return OK;
}

static enum err write_be32(struct ctx *c, struct writing *s, uint32_t value)
{
	uint8_t bytes[4];
	put_be32(bytes, value);
	return sink_write(c, &s->out.sink, bytes, sizeof bytes);
}

static enum err write_be64(struct ctx *c, struct writing *s, uint64_t value)
{
	uint8_t bytes[8];
	put_be64(bytes, value);
	return sink_write(c, &s->out.sink, bytes, sizeof bytes);
}

static enum err write_fanout(struct ctx *c, void *arg)
{
	struct writing *s = arg;
	uint32_t at = 0;
	for (unsigned byte = 0; byte < 256; byte++) {
		while (at < s->count && oidmap_hash(&s->g->ids, s->rows[at].number)[0] <= byte)
			at++;
		TRY(write_be32(c, s, at));
	}
	return OK;
}

static enum err write_ids(struct ctx *c, void *arg)
{
	struct writing *s = arg;
	for (uint32_t i = 0; i < s->count; i++)
		TRY(sink_write(c, &s->out.sink, oidmap_hash(&s->g->ids, s->rows[i].number),
			hash_size(s->g->ids.algo)));
	return OK;
}

static enum err write_data(struct ctx *c, void *arg)
{
	struct writing *s = arg;
	uint32_t edges = 0;
	for (uint32_t i = 0; i < s->count; i++) {
		const struct commit_info *info = info_at(s, i);
		uint32_t first = PARENT_NONE, second = PARENT_NONE;
		if (info->parent_count > 0)
			first = parent_at(s, info, 0);
		if (info->parent_count == 2)
			second = parent_at(s, info, 1);
		if (info->parent_count > 2) {
			second = more_flag | edges;
			edges += info->parent_count - 1;
		}
		TRY(sink_write(c, &s->out.sink, oidmap_hash(&s->g->ids, info->tree),
			hash_size(s->g->ids.algo)));
		TRY(write_be32(c, s, first));
		TRY(write_be32(c, s, second));
		TRY(write_be64(c, s, (uint64_t)s->rows[i].level << 34 | date_at(s, i)));
	}
	return OK;
}

static enum err write_offsets(struct ctx *c, void *arg)
{
	struct writing *s = arg;
	uint32_t larges = 0;
	for (uint32_t i = 0; i < s->count; i++) {
		uint64_t offset = s->rows[i].corrected - date_at(s, i);
		TRY(write_be32(
			c, s, offset > offset_max ? large_flag | larges++ : (uint32_t)offset));
	}
	return OK;
}

static enum err write_large_offsets(struct ctx *c, void *arg)
{
	struct writing *s = arg;
	for (uint32_t i = 0; i < s->count; i++) {
		uint64_t offset = s->rows[i].corrected - date_at(s, i);
		if (offset > offset_max)
			TRY(write_be64(c, s, offset));
	}
	return OK;
}

static enum err write_edges(struct ctx *c, void *arg)
{
	struct writing *s = arg;
	for (uint32_t i = 0; i < s->count; i++) {
		const struct commit_info *info = info_at(s, i);
		for (uint32_t k = 1; info->parent_count > 2 && k < info->parent_count; k++) {
			uint32_t last = k + 1 == info->parent_count ? last_flag : 0;
			TRY(write_be32(c, s, parent_at(s, info, k) | last));
		}
	}
	return OK;
}

static enum err write_filter_ends(struct ctx *c, void *arg)
{
	struct writing *s = arg;
	uint32_t end = 0;
	for (uint32_t i = 0; i < s->count; i++) {
		end += (uint32_t)s->rows[i].filter.len;
		TRY(write_be32(c, s, end));
	}
	return OK;
}

static enum err write_filters(struct ctx *c, void *arg)
{
	struct writing *s = arg;
	TRY(write_be32(c, s, BLOOM_SETTINGS.version));
	TRY(write_be32(c, s, BLOOM_SETTINGS.hashes));
	TRY(write_be32(c, s, BLOOM_SETTINGS.bits_per_path));
	for (uint32_t i = 0; i < s->count; i++)
		TRY(sink_write(c, &s->out.sink, s->rows[i].filter.at, s->rows[i].filter.len));
	return OK;
}

static enum err write_file(struct ctx *c, struct writing *s)
{
	uint64_t count = s->count, size = hash_size(s->g->ids.algo);
	bool larges = s->large_count > 0, edges = s->edge_count > 0, paths = s->w->changed_paths;
	const struct chunk chunks[] = {
		{"OIDF", FANOUT_SIZE, write_fanout},
		{"OIDL", count * size, write_ids},
		{"CDAT", count * (size + 16), write_data},
		{"GDA2", count * 4, write_offsets},
		{larges ? "GDO2" : NULL, s->large_count * 8, write_large_offsets},
		{edges ? "EDGE" : NULL, s->edge_count * 4, write_edges},
		{paths ? "BIDX" : NULL, count * 4, write_filter_ends},
		{paths ? "BDAT" : NULL, BLOOM_HEAD + s->filter_bytes, write_filters},
	};
	size_t slots = sizeof chunks / sizeof *chunks;
	uint8_t head[HEAD] = {'C', 'G', 'P', 'H', 1, s->g->ids.algo == HASH_SHA256 ? 2 : 1};
	head[6] = (uint8_t)chunks_count(chunks, slots);
	TRY(sink_write(c, &s->out.sink, head, sizeof head));
	TRY(chunks_write(c, chunks, slots, HEAD, s, &s->out.sink));
	return hashing_end(c, &s->out, NULL);
}

enum err commit_graph_write(struct ctx *c, struct commit_graph_write *w)
{
	struct writing s = {.w = w, .g = w->graph};
	struct arena kept;
	w->filters_made = 0;
	TRY(rows_make(c, &s));
	TRY(generations_make(c, &s));
	arena_init(&kept);
	hashing_init(c, &s.out, w->graph->ids.algo, w->to);
	enum err err = filters_make(c, &s, &kept);
	if (!err)
		err = write_file(c, &s);
	arena_done(&kept);
	return err;
}
