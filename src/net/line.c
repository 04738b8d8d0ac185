/*
 * Who comes next: the line before the pool. Whoever has little under work goes before whoever has much, so
 * that a loop of requests waits for itself and nobody else does.
 *
 * Who waits is looked through one by one. There are few, or there is more to do than can be done.
 */
#include "net/server.h"

enum { FLOW_QUEUE_PART = 8 }; /* of the line, for one flow: at most one in so many */

static struct load *load_of(struct load *slots, uint64_t key)
{
	return &slots[(key * 0x9e3779b97f4a7c15u >> 40) % LINE_SLOTS];
}

static int working(const struct load *load)
{
	return load->busy - load->blocked;
}

static int at_least_one(int64_t count)
{
	return count > 0 ? (int)count : 1;
}

void line_init(struct pool *p)
{
	const struct http_config *config = &p->server->config;
	for (size_t i = 0; i < HTTP_LANES; i++) {
		struct lane *lane = &p->lanes[i];
		int workers = config->lanes[i].workers;
		int64_t part = workers ? workers : config->workers;
		lane->end = &lane->first;
		lane->workers = workers;
		lane->threads = at_least_one(config->threads_max * part / config->workers);
		lane->queue_max = at_least_one(config->queue_max * part / config->workers);
	}
	p->flow_threads =
		at_least_one((int64_t)config->threads_max * config->flow_workers / config->workers);
	p->group_threads = at_least_one(
		(int64_t)config->threads_max * config->group_workers / config->workers);
	p->flow_queue_max = at_least_one(
		config->flow_workers ? config->queue_max / FLOW_QUEUE_PART : config->queue_max);
}

static bool has_room(const struct load *load, int workers, int threads)
{
	return !workers || (working(load) < workers && load->busy < threads);
}

static bool may_begin(struct pool *p, const struct lane *lane, const struct conn *k)
{
	const struct http_config *config = &p->server->config;
	if (k->slow_body && p->slow_busy >= config->threads_max - config->workers)
		return false;
	if (!has_room(load_of(p->flows, k->flow.key), config->flow_workers, p->flow_threads))
		return false;
	return !k->flow.group || !lane->workers ||
	       has_room(load_of(p->groups, k->flow.group), config->group_workers, p->group_threads);
}

/* Of those of whose flow the least is under work, who came first. */
static struct conn **next_of(struct pool *p, struct lane *lane)
{
	struct conn **best = NULL;
	int least = INT32_MAX;
	for (struct conn **at = &lane->first; *at && least > 0; at = &(*at)->next) {
		int has = working(load_of(p->flows, (*at)->flow.key));
		if (has < least && may_begin(p, lane, *at)) {
			best = at;
			least = has;
		}
	}
	return best;
}

/* Has `a` less of what it may have? */
static bool has_less(const struct pool *p, const struct lane *a, const struct lane *b)
{
	int most = p->server->config.workers;
	int64_t ours = a->workers ? a->workers : most, theirs = b->workers ? b->workers : most;
	return working(&a->load) * theirs < working(&b->load) * ours;
}

struct conn **line_next(struct pool *p, struct lane **lane)
{
	struct conn **best = NULL;
	for (size_t i = 0; i < HTTP_LANES; i++) {
		struct lane *l = &p->lanes[i];
		if (!l->first || !has_room(&l->load, l->workers, l->threads) ||
			(best && !has_less(p, l, *lane)))
			continue;
		struct conn **at = next_of(p, l);
		if (at) {
			best = at;
			*lane = l;
		}
	}
	return best;
}

struct http_fault line_refuses(const struct pool *p, const struct http_flow *flow)
{
	const struct lane *lane = &p->lanes[flow->lane];
	const struct load *load = load_of((struct load *)(uintptr_t)p->flows, flow->key);
	if (p->stop || p->waiting >= p->server->config.queue_max ||
		lane->load.waiting >= lane->queue_max)
		return (struct http_fault){503, "the server has more to do than it can"};
	if (load->waiting >= p->flow_queue_max)
		return (struct http_fault){429, "too many of your requests wait already"};
	return (struct http_fault){0};
}

static void count_waiting(struct pool *p, const struct http_flow *flow, int by)
{
	p->waiting += by;
	p->lanes[flow->lane].load.waiting += by;
	load_of(p->flows, flow->key)->waiting += by;
}

static void count_busy(struct pool *p, const struct http_flow *flow, int by)
{
	p->busy += by;
	p->lanes[flow->lane].load.busy += by;
	load_of(p->flows, flow->key)->busy += by;
	if (flow->group)
		load_of(p->groups, flow->group)->busy += by;
}

void line_put(struct pool *p, struct conn *k)
{
	struct lane *lane = &p->lanes[k->flow.lane];
	k->queued = server_now(p->server);
	k->next = NULL;
	*lane->end = k;
	lane->end = &k->next;
	count_waiting(p, &k->flow, 1);
}

static struct conn *take_out(struct pool *p, struct lane *lane, struct conn **at)
{
	struct conn *k = *at;
	*at = k->next;
	if (!k->next)
		lane->end = at;
	k->next = NULL;
	k->queue_waited = server_now(p->server) - k->queued;
	count_waiting(p, &k->flow, -1);
	return k;
}

struct conn *line_take(struct pool *p, struct lane *lane, struct conn **at)
{
	struct conn *k = take_out(p, lane, at);
	p->slow_busy += k->slow_body;
	count_busy(p, &k->flow, 1);
	return k;
}

void line_leave(struct pool *p, const struct http_flow *flow)
{
	count_busy(p, flow, -1);
}

void line_block(struct pool *p, const struct http_flow *flow, int by)
{
	p->blocked += by;
	p->lanes[flow->lane].load.blocked += by;
	load_of(p->flows, flow->key)->blocked += by;
	if (flow->group)
		load_of(p->groups, flow->group)->blocked += by;
}

struct conn *line_take_late(struct pool *p, int64_t now)
{
	struct conn *late = NULL;
	for (size_t i = 0; i < HTTP_LANES; i++) {
		struct lane *lane = &p->lanes[i];
		int64_t most = (int64_t)p->server->config.lanes[i].wait_ms * 1000;
		while (most && lane->first && now - lane->first->queued >= most) {
			struct conn *k = take_out(p, lane, &lane->first);
			k->next = late;
			late = k;
		}
	}
	return late;
}
