#include "git/path_log.h"

#include "base/sort.h"

enum { CHECK_EVERY = 16 };

/* Queued once each: as git walks, also where a clock went wrong. */
static enum err enqueue(struct ctx *c, struct path_log *log, uint32_t number)
{
	struct commit_info *info;
	if (!graph_mark(&log->graph, number, MARK_SEEN))
		return OK;
	TRY(graph_commit(c, &log->graph, number, &info));
	commit_queue_push(&log->queue, number, info->date);
	return OK;
}

enum err path_log_open(struct ctx *c, struct path_log *log, struct odb_reader *reader,
	const struct path_log_query *query)
{
	*log = (struct path_log){.query = query};
	graph_init(&log->graph, reader);
	path_watch_init(&log->watch, &log->graph, query->path);
	log->queue.heap.arena = &log->graph.arena;
	log->until = c->world->monotonic() + query->micros;
	if (!query->from_count)
		return enqueue(c, log, graph_add(&log->graph, &query->from));
	for (size_t i = 0; i < query->from_count; i++)
		TRY(enqueue(c, log, graph_add(&log->graph, &query->froms[i])));
	return OK;
}

static int by_turn(const void *a, const void *b, const void *arg)
{
	(void)arg;
	const struct queued *x = a, *y = b;
	return (x->turn > y->turn) - (x->turn < y->turn);
}

void path_log_rest(struct arena *a, const struct path_log *log, struct numbers *out)
{
	size_t count = log->queue.heap.len;
	struct queued *all = NEW_ARRAY(a, struct queued, count + 1);
	*out = (struct numbers){.arena = a};
	for (size_t i = 0; i < count; i++)
		all[i] = log->queue.heap.at[i];
	sort_array(a, all, count, sizeof *all, by_turn, NULL);
	for (size_t i = 0; i < count; i++)
		*vec_push(out) = all[i].number;
}

void path_log_done(struct path_log *log)
{
	graph_done(&log->graph);
}

static enum err follow_all(struct ctx *c, struct path_log *log, uint32_t number)
{
	uint32_t count;
	graph_parents(&log->graph, number, &count);
	for (uint32_t i = 0; i < count; i++) {
		TRY(graph_check(c, &log->graph));
		TRY(enqueue(c, log, graph_parents(&log->graph, number, &count)[i]));
	}
	return OK;
}

/*
 * Goes on to the first ancestor that may have changed the path; *done: there is another than this one,
 * and it is queued. Over those only that would come next out of the queue, so that it makes no
 * difference to the order.
 */
static enum err leap(struct ctx *c, struct path_log *log, uint32_t number, bool *done)
{
	const struct commit_queue *q = &log->queue;
	struct graph_leap leap = {.newer = q->heap.len ? q->heap.at[0].date : INT64_MIN,
		.by_date = true,
		.steps = log->query->steps - log->steps + 1};
	uint32_t to;
	TRY(path_watch_leap(c, &log->watch, number, &leap, &to));
	*done = leap.steps > 0;
	if (!*done)
		return OK;
	log->steps += leap.steps - 1;
	return enqueue(c, log, to);
}

/*
 * Queues the parents that matter to the path: all of them when the commit changed it, else only the
 * first that has it the same, as git simplifies history.
 */
static enum err follow(struct ctx *c, struct path_log *log, uint32_t number, bool *changed)
{
	struct path_seen mine;
	uint32_t count, i;
	bool same = false;
	TRY(leap(c, log, number, &same));
	*changed = false;
	if (same)
		return OK;
	graph_parents(&log->graph, number, &count);
	for (i = 0; i < count && !same; i++) {
		TRY(graph_check(c, &log->graph));
		TRY(path_watch_same(c, &log->watch, number, i, &same));
	}
	*changed = !same;
	if (same)
		return enqueue(c, log, graph_parents(&log->graph, number, &count)[i - 1]);
	if (count)
		return follow_all(c, log, number);
	TRY(path_watch_at(c, &log->watch, number, &mine));
	*changed = mine.mode != 0;
	return OK;
}

static bool is_spent(struct ctx *c, const struct path_log *log)
{
	return log->steps >= log->query->steps || extent_spent(c) ||
	       (log->turns % CHECK_EVERY == 0 && c->world->monotonic() > log->until);
}

static enum err next(struct ctx *c, struct path_log *log, struct oid *out, bool *more)
{
	uint32_t number = 0;
	*more = false;
	while (!*more && !log->cut && commit_queue_pop(&log->queue, &number)) {
		TRY(graph_check(c, &log->graph));
		log->steps++;
		log->turns++;
		*more = true;
		if (log->query->path.len)
			TRY(follow(c, log, number, more));
		else
			TRY(follow_all(c, log, number));
		log->cut = log->queue.heap.len && is_spent(c, log);
	}
	if (*more)
		*out = oidmap_oid(&log->graph.ids, number);
	return OK;
}

enum err path_log_next(struct ctx *c, struct path_log *log, struct oid *out, bool *more)
{
	size_t before = c->afar.around;
	c->afar.around = GRAPH_AROUND;
	enum err err = next(c, log, out, more);
	c->afar.around = before;
	return err;
}
