/* Two revisions side by side: where they went apart, and what one has done since. */
#include "core/browse.h"

#include "core/browse_parts.h"
#include "git/merge_base.h"

enum { COMMITS_SHOWN = 250, RELATE_MICROS = 3 * 1000 * 1000 };

static enum err resolve_side(struct ctx *c, struct browse *b, struct str text, struct revision *out)
{
	struct str path = STR("");
	if (text.len == 0)
		return browse_head(c, b, out);
	TRY(browse_resolve(c, b, text, out, &path));
	if (path.len)
		return fail(c, ERR_NOT_FOUND, "there is no branch, tag or commit \"%.*s\"",
			STR_FMT(text));
	return OK;
}

static enum err list_commits(struct ctx *c, struct browse *b, struct graph *g,
	const struct numbers *all, struct comparison *out)
{
	size_t shown = all->len < COMMITS_SHOWN ? all->len : COMMITS_SHOWN;
	struct commit_line *lines = NEW_ARRAY(c->arena, struct commit_line, shown + 1);
	for (size_t i = 0; i < shown; i++) {
		struct oid id = oidmap_oid(&g->ids, all->at[i]);
		TRY(extent_check(c));
		TRY(browse_line(c, b, &id, &lines[i]));
	}
	out->log = (struct commit_log){
		.at = lines, .count = shown, .head = out->head.commit, .more = all->len > shown};
	return OK;
}

static enum err relate(struct ctx *c, struct browse *b, struct comparison *out)
{
	__attribute__((cleanup(graph_done))) struct graph g;
	struct numbers bases, ahead, behind;
	graph_init(&g, &b->reader);
	uint32_t base = graph_add(&g, &out->base.commit), head = graph_add(&g, &out->head.commit);
	TRY(merge_bases(c, &g, base, head, &bases));
	TRY(commits_between(c, &g, base, head, &ahead));
	TRY(commits_between(c, &g, head, base, &behind));
	if (bases.len)
		out->fork = oidmap_oid(&g.ids, bases.at[0]);
	out->ahead = ahead.len;
	out->behind = behind.len;
	return list_commits(c, b, &g, &ahead, out);
}

/* Within a budget: what could not be found out in time, or from afar, is not known. */
static enum err relate_in_time(struct ctx *c, struct browse *b, struct comparison *out)
{
	int64_t deadline = c->deadline, until = c->world->monotonic() + RELATE_MICROS;
	if (!deadline || until < deadline)
		c->deadline = until;
	enum err err = relate(c, b, out);
	bool mine = c->deadline == until;
	c->deadline = deadline;
	if (err != ERR_TIMEOUT || !(mine || extent_spent(c)))
		return err;
	ctx_clear(c);
	out->cut = b->partial = true;
	out->fork = (struct oid){0};
	return OK;
}

/* "A...B", "A..B", "B": no name has two dots in it. */
static enum err resolve(struct ctx *c, struct browse *b, struct str text, struct comparison *out)
{
	size_t at = str_find_str(text, STR("..")), dots = 2;
	if (at == text.len) {
		TRY(resolve_side(c, b, STR(""), &out->base));
		return resolve_side(c, b, text, &out->head);
	}
	dots += str_starts(str_from_index(text, at + 2), STR("."));
	out->direct = dots == 2;
	TRY(resolve_side(c, b, str_until(text, at), &out->base));
	return resolve_side(c, b, str_from_index(text, at + dots), &out->head);
}

enum err browse_compare(struct ctx *c, struct browse *b, struct str text,
	const struct diff_limits *limits, struct comparison *out)
{
	*out = (struct comparison){0};
	TRY(resolve(c, b, text, out));
	if (!limits->micros)
		c->afar.bytes_max = 0;
	TRY(relate_in_time(c, b, out));
	const struct oid *from = out->direct ? &out->base.commit : &out->fork;
	if (!from->algo)
		return OK;
	return browse_diff_between(c, b, from, &out->head.commit, limits, &out->diff);
}
