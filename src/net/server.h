/*
 * The server's parts, inside net/: the server owns loops and pool; a loop owns its connections; the
 * pool owns its worker threads and the queue of connections that are ready to be worked on.
 */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include "base/host.h"
#include "net/conn.h"
#include "os/thread.h"

struct worker;

enum { IP_SLOTS = 1 << 16, LINE_SLOTS = 1 << 12, LIVE_THREADS = 2 };

struct listener {
	int fd;
	bool tls;
};

/* How many exchanges there are of something: under work or waiting for their peer, the latter alone,
 * and in line. */
struct load {
	int busy, blocked, waiting;
};

struct lane {
	struct conn *first, **end; /* in line: the oldest first */
	struct load load;
	int workers, threads, queue_max; /* its bounds; workers 0: none */
};

/*
 * Threads that run exchanges. A thread that waits for its peer does not count as working, so that
 * others may start in its place, up to threads_max; of these, `workers` are kept from exchanges
 * with a body that is still to come, however many slow uploads there are.
 *
 * Who comes next: net/line.c. Flows and groups that fall on one place of their table share its bounds.
 */
struct pool {
	struct http_server *server;
	pthread_mutex_t lock;
	pthread_cond_t gone; /* the last thread has no more to do */
	struct lane lanes[HTTP_LANES];
	struct load flows[LINE_SLOTS], groups[LINE_SLOTS];
	int flow_threads, group_threads, flow_queue_max; /* bounds of each */
	int waiting;
	struct worker *idle; /* the one that ran last first: its caches are warm */
	int threads, blocked, busy, slow_busy;
	bool has_ended;
	struct thread ended;      /* the latest: the next to end joins it */
	struct conn *waiting_for; /* peers, by threads that are blocked */
	bool stop;
};

/* Connections that stay, and wait for a turn: net/live.h. */
struct live_line {
	struct host_lock lock;
	struct conn *first, **end;
	struct thread threads[LIVE_THREADS];
	int started;
	bool stop;
};

struct loop {
	struct http_server *server;
	struct thread thread;
	int epoll, wake, spare; /* spare: a descriptor to give up when there are no others */
	struct conn **conns;
	uint32_t count, cap;
	int64_t sweep_at;
	int64_t accept_at;     /* 0: accepting; else when to try again */
	bool closed;           /* accepts no more */
	struct http_head head; /* scratch */
	struct host_lock lock; /* of: */
	struct conn *mail;     /* connections that workers have done with */
	struct live *woken;    /* and such that are to look what there is */
};

struct http_server {
	struct http_config config; /* with its defaults filled in */
	struct http_limits limits;
	struct listener listeners[2 * HTTP_LISTEN_MAX];
	int listener_count;
	struct loop *loops;
	int loops_started;
	struct pool pool;
	struct live_line live;
	_Atomic bool draining, aborting, stop;
	_Atomic int connections;
	_Atomic size_t buffers;
	_Atomic uint16_t *per_ip;  /* IP_SLOTS counters by the address's hash; NULL: no limit */
	_Atomic uint16_t *shaking; /* the same, of handshakes; NULL: no TLS */
	uint64_t ip_seed;
};

int64_t server_now(const struct http_server *s);

enum err loop_open(struct ctx *c, struct http_server *s, struct loop *l) MUST;
enum err loop_start(struct ctx *c, struct loop *l) MUST;
void loop_close(struct loop *l); /* its thread has been joined */
void loop_wake(struct loop *l);
/* From a worker: the connection is in LINGER or DEAD, and the loop's again. */
void loop_mail(struct loop *l, struct conn *k);
/* Which of poll's events the loop hears of besides that the peer goes away. */
void loop_watch(struct conn *k, short events);
/* The handshake is over, for good or ill. */
void loop_shaken(struct conn *k);

void pool_init(struct pool *p, struct http_server *s);
enum err pool_start(struct ctx *c, struct pool *p) MUST;
void pool_stop(struct pool *p); /* starts nothing more, and waits for all threads to end */
void pool_done(struct pool *p);
/* Takes a READY connection over; or says why not (and it stays the caller's): too many are waiting. */
struct http_fault pool_push(struct pool *p, struct conn *k) MUST;
/* Refuses who has waited for longer than their lane allows. Called now and then, by any loop. */
void pool_expire(struct pool *p);
/* Around a wait for the peer, and when a slow body has been read. */
void pool_block(struct pool *p, struct conn *k);
void pool_unblock(struct pool *p, struct conn *k);

/*
 * While requests wait and every thread is held by a peer that is waited for: cuts off the slowest
 * of those, one for each request, but none that is as fast as a modest line. Called now and then.
 */
void pool_relieve(struct pool *p);
void pool_body_done(struct pool *p, struct conn *k);

/* The line before the pool; all of it under the pool's lock. */
void line_init(struct pool *p);
/* Why nobody more of this flow may stand in it; status 0: they may. */
struct http_fault line_refuses(const struct pool *p, const struct http_flow *flow) MUST;
void line_put(struct pool *p, struct conn *k);
/* Where whoever is next stands; NULL: nobody may begin now. */
struct conn **line_next(struct pool *p, struct lane **lane);
/* Takes them out of it: to work, … */
struct conn *line_take(struct pool *p, struct lane *lane, struct conn **at);
/* … which is over, … */
void line_leave(struct pool *p, const struct http_flow *flow);
/* … or (by 1, -1) waits for the peer meanwhile. */
void line_block(struct pool *p, const struct http_flow *flow, int by);
/* Takes out those who have waited too long, linked by `next`. */
struct conn *line_take_late(struct pool *p, int64_t now);

#endif
