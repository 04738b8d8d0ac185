#include "git/shallow.h"

enum { CHECK_EVERY = 1024 };

struct shallow {
	struct graph *g;
	const struct shallow_request *request;
	struct numbers heads;  /* commits that were wanted */
	struct numbers client; /* the client's ends that exist here */
	struct numbers ends;   /* where its history shall end; what lies before is MARK_DONE */
};

/* Adds the commits that ids lead to through tags; others, and what does not exist, are left out. */
static enum err commits_of(
	struct ctx *c, struct graph *g, const struct oid *ids, size_t count, struct numbers *out)
{
	for (size_t i = 0; i < count; i++) {
		struct oid id;
		enum object_type type = OBJECT_NONE;
		bool here;
		TRY(odb_has(c, g->reader, &ids[i], &here));
		if (!here)
			continue;
		TRY(odb_peel(c, g->reader, &ids[i], OBJECT_NONE, &id, &type));
		if (type == OBJECT_COMMIT)
			*vec_push(out) = graph_add(g, &id);
	}
	return OK;
}

/* The commit's true parents, graft or not, as a range of g->parents. */
static enum err parents_of(
	struct ctx *c, struct graph *g, uint32_t number, uint32_t *first, uint32_t *end)
{
	struct commit_info *info = NULL;
	TRY(graph_commit(c, g, number, &info));
	*first = info->parents;
	*end = info->parents + info->parent_count;
	return OK;
}

static enum err visit(
	struct ctx *c, struct graph *g, struct numbers *queue, uint32_t number, uint32_t distance)
{
	struct commit_info *info = NULL;
	if (!graph_mark(g, number, MARK_SEEN))
		return OK;
	TRY(graph_commit(c, g, number, &info));
	info->distance = distance;
	*vec_push(queue) = number;
	return OK;
}

/* Walks in breadth from `heads`, which are at distance 1; ends at `depth`. */
static enum err by_depth(
	struct ctx *c, struct shallow *s, const struct numbers *heads, uint32_t depth)
{
	struct graph *g = s->g;
	struct numbers queue = {.arena = &g->arena};
	for (size_t i = 0; i < heads->len; i++)
		TRY(visit(c, g, &queue, heads->at[i], 1));
	for (size_t i = 0; i < queue.len; i++) {
		uint32_t first = 0, end = 0, number = queue.at[i];
		uint32_t distance = g->commits.at[graph_node(g, number)->commit].distance;
		if (i % CHECK_EVERY == 0)
			TRY(graph_check(c, g));
		if (distance >= depth) {
			*vec_push(&s->ends) = number;
			continue;
		}
		graph_mark(g, number, MARK_DONE);
		TRY(parents_of(c, g, number, &first, &end));
		for (uint32_t k = first; k < end; k++)
			TRY(visit(c, g, &queue, g->parents.at[k], distance + 1));
	}
	return OK;
}

/* Those of the client's ends that the wanted commits lead to. */
static enum err reachable_ends(struct ctx *c, struct shallow *s, struct numbers *out)
{
	struct graph *g = s->g;
	struct shallow all = {.g = g, .ends.arena = &g->arena};
	TRY(by_depth(c, &all, &s->heads, SHALLOW_INFINITE));
	*out = (struct numbers){.arena = &g->arena};
	for (size_t i = 0; i < s->client.len; i++)
		if (graph_has(g, s->client.at[i], MARK_SEEN))
			*vec_push(out) = s->client.at[i];
	graph_unmark_all(g, MARK_SEEN | MARK_DONE);
	return OK;
}

/* The ends are the commits of the limited list that have a parent outside of it. */
static enum err by_limits(struct ctx *c, struct shallow *s)
{
	struct graph *g = s->g;
	struct numbers nots = {.arena = &g->arena}, list;
	TRY(commits_of(c, g, s->request->nots, s->request->not_count, &nots));
	TRY(walk_new(
		c, g, &s->heads, &nots, (struct walk_limits){.since = s->request->since}, &list));
	graph_unmark_all(g, MARK_KNOWN);
	if (list.len == 0)
		return fail(c, ERR_NOT_FOUND, "no commits selected for shallow requests");
	for (size_t i = 0; i < list.len; i++)
		graph_mark(g, list.at[i], MARK_DONE);
	for (size_t i = 0; i < list.len; i++) {
		uint32_t at = 0, end = 0;
		TRY(parents_of(c, g, list.at[i], &at, &end));
		while (at < end && graph_has(g, g->parents.at[at], MARK_DONE))
			at++;
		if (at < end)
			*vec_push(&s->ends) = list.at[i];
	}
	for (size_t i = 0; i < s->ends.len; i++)
		graph_node(g, s->ends.at[i])->marks &= (uint8_t)~MARK_DONE;
	return OK;
}

static enum err find_ends(struct ctx *c, struct shallow *s)
{
	const struct shallow_request *r = s->request;
	struct numbers heads = s->heads;
	bool limits = r->since || r->not_count;
	if (limits && r->depth)
		return fail(c, ERR_INVALID,
			"deepen and deepen-since (or deepen-not) cannot be used together");
	if (limits)
		return by_limits(c, s);
	if (r->depth >= SHALLOW_INFINITE) {
		for (size_t i = 0; i < s->client.len; i++)
			graph_mark(s->g, s->client.at[i], MARK_DONE);
		return OK;
	}
	if (!r->relative)
		return by_depth(c, s, &heads, r->depth);
	TRY(reachable_ends(c, s, &heads));
	return by_depth(c, s, &heads, r->depth + 1);
}

enum err shallow_apply(struct ctx *c, struct graph *g, const struct shallow_request *request,
	struct shallow_reply *out)
{
	struct numbers none = {.arena = &g->arena};
	struct shallow s = {
		.g = g, .request = request, .heads = none, .client = none, .ends = none};
	*out = (struct shallow_reply){none, none, none};
	TRY(commits_of(c, g, request->client, request->client_count, &s.client));
	if (request->depth || request->since || request->not_count) {
		TRY(commits_of(c, g, request->wants, request->want_count, &s.heads));
		TRY(find_ends(c, &s));
	}
	for (size_t i = 0; i < s.client.len; i++) {
		uint32_t at = 0, end = 0, number = s.client.at[i];
		if (!graph_mark(g, number, MARK_GRAFT) || !graph_has(g, number, MARK_DONE))
			continue;
		*vec_push(&out->unshallow) = number;
		TRY(parents_of(c, g, number, &at, &end));
		for (; at < end; at++)
			*vec_push(&out->wants) = g->parents.at[at];
	}
	for (size_t i = 0; i < s.ends.len; i++)
		if (graph_mark(g, s.ends.at[i], MARK_GRAFT))
			*vec_push(&out->shallow) = s.ends.at[i];
	graph_unmark_all(g, MARK_SEEN | MARK_DONE);
	return OK;
}
