#include "net/exchange.h"
#include "net/server.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

enum {
	SURPLUS_S = 10,     /* how long a thread over `workers` stays without work */
	JUDGE_US = 3000000, /* of waiting, before a peer's pace is judged */
	MODEST = 64,        /* times rate_min: a faster line is never cut off */
	CUTS_MOST = 8,      /* at once */
};

/* Takes it, counted as begun. */
static struct conn *next_job(struct pool *p)
{
	struct lane *lane = NULL;
	struct conn **at = p->stop ? NULL : line_next(p, &lane);
	return at ? line_take(p, lane, at) : NULL;
}

static void worker_main(void *arg);

static bool grow(struct pool *p)
{
	struct worker *w = worker_open(p->server);
	struct ctx c = {0};
	struct thread thread;
	bool started = thread_start(&c, "http-worker", worker_main, w, &thread) == OK;
	p->threads += started;
	if (!started)
		worker_close(w);
	return started;
}

/*
 * Gives what may start to idle threads, or to a new one while too few are working. A thread takes
 * the next one by itself when it has done, so one new thread at a time is enough. Under the lock.
 */
static void dispatch(struct pool *p)
{
	struct http_config *config = &p->server->config;
	if (p->stop)
		return;
	struct lane *lane = NULL;
	struct conn *job;
	while (p->idle && (job = next_job(p))) {
		struct worker *w = p->idle;
		p->idle = w->next;
		w->job = job;
		pthread_cond_signal(&w->wake);
	}
	if (p->threads < config->threads_max && p->threads - p->blocked < config->workers &&
		line_next(p, &lane))
		grow(p);
}

struct http_fault pool_push(struct pool *p, struct conn *k)
{
	pthread_mutex_lock(&p->lock);
	struct http_fault fault = line_refuses(p, &k->flow);
	if (!fault.status) {
		line_put(p, k);
		dispatch(p);
	}
	pthread_mutex_unlock(&p->lock);
	return fault;
}

void pool_expire(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	struct conn *late = p->waiting ? line_take_late(p, server_now(p->server)) : NULL;
	pthread_mutex_unlock(&p->lock);
	while (late) {
		struct conn *k = late;
		late = k->next;
		if (k->slow_body)
			loop_watch(k, POLLIN);
		conn_refuse(k,
			(struct http_fault){503, "the server has more to do than it can just now"});
		loop_mail(k->loop, k);
	}
}

void pool_block(struct pool *p, struct conn *k)
{
	pthread_mutex_lock(&p->lock);
	line_block(p, &k->flow, 1);
	k->waiting = p->waiting_for;
	p->waiting_for = k;
	dispatch(p);
	pthread_mutex_unlock(&p->lock);
}

void pool_unblock(struct pool *p, struct conn *k)
{
	pthread_mutex_lock(&p->lock);
	struct conn **at = &p->waiting_for;
	while (*at != k)
		at = &(*at)->waiting;
	*at = k->waiting;
	line_block(p, &k->flow, -1);
	pthread_mutex_unlock(&p->lock);
}

/*
 * Bytes a second that the peer moves when it is waited for; too early to say: very many. What lies
 * in the kernel is not moved yet, and may be megabytes.
 */
static uint64_t pace_of(const struct conn *k, int64_t now)
{
	int held = 0;
	int64_t waited = k->waited + now - k->wait_began;
	if (waited < JUDGE_US)
		return UINT64_MAX;
	if (ioctl(k->fd, SIOCOUTQ, &held) != 0 || (uint64_t)held > k->moved)
		return 0;
	return (k->moved - (uint64_t)held) * 1000 / (uint64_t)(waited / 1000);
}

static struct conn *slowest(const struct pool *p, int64_t now, uint64_t *pace)
{
	struct conn *worst = NULL;
	*pace = UINT64_MAX;
	for (struct conn *k = p->waiting_for; k; k = k->waiting) {
		uint64_t its = k->cut ? UINT64_MAX : pace_of(k, now);
		if (its < *pace) {
			*pace = its;
			worst = k;
		}
	}
	return worst;
}

/* How many wait in line whose thread would not have to wait for a body: as far as CUTS_MOST. */
static int count_quick(const struct pool *p)
{
	int count = 0;
	for (size_t i = 0; i < HTTP_LANES; i++)
		for (const struct conn *k = p->lanes[i].first; k && count < CUTS_MOST; k = k->next)
			count += !k->slow_body;
	return count;
}

/* A thread that waits is in the list, so its connection is there until it has taken itself off. */
void pool_relieve(struct pool *p)
{
	struct http_config *config = &p->server->config;
	pthread_mutex_lock(&p->lock);
	int64_t now = server_now(p->server);
	bool full = p->threads >= config->threads_max && !p->idle;
	for (int wanted = full ? count_quick(p) : 0; wanted; wanted--) {
		uint64_t pace;
		struct conn *k = slowest(p, now, &pace);
		if (!k || pace >= MODEST * (uint64_t)config->rate_min)
			break;
		k->cut = true;
		shutdown(k->fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&p->lock);
}

void pool_body_done(struct pool *p, struct conn *k)
{
	if (!k->slow_body)
		return;
	pthread_mutex_lock(&p->lock);
	k->slow_body = false;
	p->slow_busy--;
	dispatch(p);
	pthread_mutex_unlock(&p->lock);
}

static void idle_remove(struct pool *p, struct worker *w)
{
	struct worker **at = &p->idle;
	while (*at && *at != w)
		at = &(*at)->next;
	if (*at)
		*at = w->next;
}

/* Under the lock: waits for a job. False when this thread is no longer needed. */
static bool wait_for_job(struct pool *p, struct worker *w)
{
	w->job = next_job(p);
	/* What has just ended may have kept several from beginning. */
	if (p->waiting)
		dispatch(p);
	if (w->job || p->stop)
		return w->job;
	w->next = p->idle;
	p->idle = w;
	while (!w->job && !p->stop) {
		struct timespec until;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += SURPLUS_S;
		int late = pthread_cond_timedwait(&w->wake, &p->lock, &until);
		if (late && !w->job && p->threads > p->server->config.workers)
			break;
	}
	if (!w->job)
		idle_remove(p, w);
	return w->job;
}

/*
 * Threads come and go, and nobody waits for one: who ends joins who ended before, and pool_stop the last.
 * So with that all have ended, and what libraries keep for each thread is freed before they are.
 */
static void worker_main(void *arg)
{
	struct worker *w = arg;
	struct pool *p = &w->server->pool;
	pthread_mutex_lock(&p->lock);
	while (wait_for_job(p, w)) {
		pthread_mutex_unlock(&p->lock);
		struct http_flow flow = w->job->flow; /* the connection may be gone afterwards */
		worker_serve(w, w->job);
		pthread_mutex_lock(&p->lock);
		line_leave(p, &flow);
	}
	worker_close(w);
	bool joins = p->has_ended;
	struct thread before = p->ended;
	p->has_ended = true;
	p->ended = (struct thread){pthread_self()};
	p->threads--;
	pthread_cond_broadcast(&p->gone);
	pthread_mutex_unlock(&p->lock);
	if (joins)
		thread_join(&before);
}

void pool_init(struct pool *p, struct http_server *s)
{
	memset(p, 0, sizeof *p);
	p->server = s;
	line_init(p);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->gone, NULL);
}

enum err pool_start(struct ctx *c, struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	/* One at least is there from now on, so that no request waits for a thread that cannot be
	 * had. */
	bool started = grow(p);
	pthread_mutex_unlock(&p->lock);
	return started ? OK : fail(c, ERR_UNAVAILABLE, "cannot start a worker thread");
}

void pool_stop(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	for (struct worker *w = p->idle; w; w = w->next)
		pthread_cond_signal(&w->wake);
	while (p->threads)
		pthread_cond_wait(&p->gone, &p->lock);
	bool joins = p->has_ended;
	p->has_ended = false;
	pthread_mutex_unlock(&p->lock);
	if (joins)
		thread_join(&p->ended);
}

void pool_done(struct pool *p)
{
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->gone);
}
