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

enum { IP_SLOTS = 1 << 16 };

struct listener {
	int fd;
	bool tls;
};

struct queue {
	struct conn *first, *last;
};

/*
 * Threads that run exchanges. A thread that waits for its peer does not count as working, so that
 * others may start in its place, up to threads_max; of these, `workers` are kept from exchanges
 * with a body that is still to come, however many slow uploads there are.
 */
struct pool {
	struct http_server *server;
	pthread_mutex_t lock;
	pthread_cond_t gone;      /* the last thread has no more to do */
	struct queue quick, slow; /* waiting; slow: with a body to wait for */
	bool slow_turn;
	int waiting;
	struct worker *idle; /* the one that ran last first: its caches are warm */
	int threads, blocked, busy, slow_busy;
	bool has_ended;
	struct thread ended;      /* the latest: the next to end joins it */
	struct conn *waiting_for; /* peers, by threads that are blocked */
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
};

struct http_server {
	struct http_config config; /* with its defaults filled in */
	struct http_limits limits;
	struct listener listeners[2 * HTTP_LISTEN_MAX];
	int listener_count;
	struct loop *loops;
	int loops_started;
	struct pool pool;
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
/* Takes a READY connection over; false (and it stays the caller's) when too many are waiting. */
bool pool_push(struct pool *p, struct conn *k) MUST;
/* Around a wait for the peer, and when a slow body has been read. */
void pool_block(struct pool *p, struct conn *k);
void pool_unblock(struct pool *p, struct conn *k);

/*
 * While requests wait and every thread is held by a peer that is waited for: cuts off the slowest
 * of those, one for each request, but none that is as fast as a modest line. Called now and then.
 */
void pool_relieve(struct pool *p);
void pool_body_done(struct pool *p, struct conn *k);

#endif
