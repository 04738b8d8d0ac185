#include "net/exchange.h"
#include "net/server.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

enum {
	SURPLUS_S = 10,     /* how long a thread over `workers` stays without work */
	JUDGE_US = 3000000, /* of waiting, before a peer's pace is judged */
	MODEST = 64,        /* times rate_min: a faster line is never cut off */
	CUTS_MOST = 8,      /* at once */
};

static void queue_put(struct queue *q, struct conn *k)
{
	k->next = NULL;
	if (q->last)
		q->last->next = k;
	else
		q->first = k;
	q->last = k;
}

static struct conn *queue_take(struct queue *q)
{
	struct conn *k = q->first;
	q->first = k->next;
	if (!q->first)
		q->last = NULL;
	return k;
}

/* The queue whose first may start now, turn by turn; NULL where there is none. */
static struct queue *next_queue(struct pool *p)
{
	struct http_config *config = &p->server->config;
	bool slow = p->slow.first && p->slow_busy < config->threads_max - config->workers;
	if (slow && (!p->quick.first || p->slow_turn))
		return &p->slow;
	return p->quick.first ? &p->quick : NULL;
}

/* Takes it, counted as begun. */
static struct conn *next_job(struct pool *p)
{
	struct queue *from = p->stop ? NULL : next_queue(p);
	if (!from)
		return NULL;
	p->slow_turn = from == &p->quick;
	p->slow_busy += from == &p->slow;
	p->waiting--;
	p->busy++;
	return queue_take(from);
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
	while (p->idle && next_queue(p)) {
		struct worker *w = p->idle;
		p->idle = w->next;
		w->job = next_job(p);
		pthread_cond_signal(&w->wake);
	}
	if (next_queue(p) && p->threads < config->threads_max &&
		p->threads - p->blocked < config->workers)
		grow(p);
}

bool pool_push(struct pool *p, struct conn *k)
{
	pthread_mutex_lock(&p->lock);
	bool room = !p->stop && p->waiting < p->server->config.queue_max;
	if (room) {
		p->waiting++;
		queue_put(k->slow_body ? &p->slow : &p->quick, k);
		dispatch(p);
	}
	pthread_mutex_unlock(&p->lock);
	return room;
}

void pool_block(struct pool *p, struct conn *k)
{
	pthread_mutex_lock(&p->lock);
	p->blocked++;
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
	p->blocked--;
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

/* A thread that waits is in the list, so its connection is there until it has taken itself off. */
void pool_relieve(struct pool *p)
{
	struct http_config *config = &p->server->config;
	pthread_mutex_lock(&p->lock);
	int64_t now = server_now(p->server);
	int wanted = p->threads < config->threads_max || p->idle ? 0 : CUTS_MOST;
	for (struct conn *job = p->quick.first; job && wanted; job = job->next, wanted--) {
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
		worker_serve(w, w->job);
		pthread_mutex_lock(&p->lock);
		p->busy--;
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
	*p = (struct pool){.server = s};
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
