/* Who wrote each line of a file. */
#include "core/browse.h"

#include "base/map.h"
#include "core/browse_parts.h"
#include "git/blame.h"

static const struct blame_limits limits = {
	.commits = 100000, .micros = 4 * 1000 * 1000, .renames = 100};

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
	TRY(blame_file(c, &b->reader, &rev->commit, path, &limits, &blame));
	return fill_parts(c, b, &blame, out);
}
