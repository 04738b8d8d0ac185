/* Who wrote each line of a file. */
#include "core/browse.h"

#include "base/buf.h"
#include "base/map.h"
#include "core/browse_parts.h"
#include "core/made_cache.h"
#include "git/blame.h"

static const struct blame_limits limits = {
	.commits = 100000, .micros = 4 * 1000 * 1000, .renames = 100};

/* What is kept of a blame: how many ranges, these, and then their paths, one behind the other. */
struct kept_range {
	uint32_t at, count, source_at, path_len;
	struct oid commit;
};

static void keep(struct ctx *c, struct browse *b, struct str key, const struct blame *blame)
{
	struct buf value = {.arena = c->arena};
	buf_bytes(&value, &blame->count, sizeof blame->count);
	for (size_t i = 0; i < blame->count; i++) {
		const struct blame_range *r = &blame->at[i];
		const struct kept_range kept = {.at = r->at,
			.count = r->count,
			.source_at = r->source_at,
			.path_len = (uint32_t)r->path.len,
			.commit = r->commit};
		buf_bytes(&value, &kept, sizeof kept);
	}
	for (size_t i = 0; i < blame->count; i++)
		buf_str(&value, blame->at[i].path);
	made_cache_put(b->core->made, key, buf_view(&value));
}

static void take(struct ctx *c, struct str kept, struct blame *out)
{
	*out = (struct blame){0};
	memcpy(&out->count, kept.at, sizeof out->count);
	out->at = NEW_ARRAY(c->arena, struct blame_range, out->count);
	struct str ranges = str_from_index(kept, sizeof out->count);
	struct str paths = str_from_index(ranges, out->count * sizeof(struct kept_range));
	for (size_t i = 0; i < out->count; i++) {
		struct kept_range k;
		memcpy(&k, ranges.at + i * sizeof k, sizeof k);
		out->at[i] = (struct blame_range){.at = k.at,
			.count = k.count,
			.source_at = k.source_at,
			.commit = k.commit,
			.path = str_until(paths, k.path_len)};
		paths = str_from_index(paths, k.path_len);
	}
}

/* A commit's history never changes, so what was found once stays so; unless time was short. */
static enum err blame_of(struct ctx *c, struct browse *b, const struct oid *commit, struct str path,
	struct blame *out)
{
	char hex[OID_HEX_MAX];
	struct str kept;
	struct str key =
		str_of(arena_fmt(c->arena, "blame %s %.*s", oid_hex(commit, hex), STR_FMT(path)));
	if (made_cache_get(c, b->core->made, key, &kept)) {
		take(c, kept, out);
		return OK;
	}
	TRY(blame_file(c, &b->reader, commit, path, &limits, out));
	if (!out->cut)
		keep(c, b, key, out);
	return OK;
}

/* A commit writes many parts: its line is read once. */
static enum err line_of(struct ctx *c, struct browse *b, struct map *known, const struct oid *id,
	const struct commit_line **out)
{
	void **place = map_put(known, str_from(id->hash, HASH_MAX));
	if (!*place) {
		struct commit_line *line = NEW(c->arena, struct commit_line);
		TRY(browse_line(c, b, id, line));
		*place = line;
	}
	*out = *place;
	return OK;
}

static enum err fill_parts(
	struct ctx *c, struct browse *b, const struct blame *blame, struct file_blame *out)
{
	struct map known = {.arena = c->arena};
	struct blame_part *parts = NEW_ARRAY(c->arena, struct blame_part, blame->count + 1);
	c->world->random(&known.seed, sizeof known.seed);
	for (size_t i = 0; i < blame->count; i++) {
		const struct blame_range *r = &blame->at[i];
		parts[i] = (struct blame_part){.line = r->at + 1,
			.count = r->count,
			.source_line = r->source_at + 1,
			.path = r->path,
			.unsure = r->unsure};
		TRY(line_of(c, b, &known, &r->commit, &parts[i].commit));
	}
	out->at = parts;
	out->count = blame->count;
	out->cut = blame->cut;
	b->partial = b->partial || blame->cut;
	return OK;
}

enum err browse_blame(struct ctx *c, struct browse *b, const struct revision *rev, struct str path,
	struct file_blame *out)
{
	struct blame blame;
	*out = (struct file_blame){0};
	TRY(browse_file(c, b, rev, path, &out->file));
	if (out->file.kind != FILE_TEXT)
		return OK;
	TRY(browse_highlight(c, b, &out->file));
	TRY(blame_of(c, b, &rev->commit, path, &blame));
	return fill_parts(c, b, &blame, out);
}
