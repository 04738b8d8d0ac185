#include "base/buf.h"
#include "net/live_parts.h"
#include "net/tls_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	EVENTS = 256,
	ACCEPTS = 64,      /* at most in a row, so that others are served too */
	SWEEP_US = 250000, /* how exact deadlines are */
	DRAIN_SWEEP_US = 20000,
	ACCEPT_PAUSE_US = 100000, /* when the machine has no room for more connections */
};

static int64_t no_later(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* An IPv6 customer has a /64 to himself; an IPv4 address stands in the last four bytes. */
static _Atomic uint16_t *ip_counter(
	const struct http_server *s, _Atomic uint16_t *counters, const struct socket_peer *peer)
{
	bool v4 = IN6_IS_ADDR_V4MAPPED(&peer->address);
	uint64_t key[2];
	memcpy(key, &peer->address, sizeof key);
	uint64_t hash = s->ip_seed ^ key[v4 ? 1 : 0];
	hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15u;
	hash = (hash ^ hash >> 29) * 0xbf58476d1ce4e5b9u;
	return &counters[(hash >> 40) & (IP_SLOTS - 1)];
}

/* In TLS a refusal can be said only after the handshake, which is what we want to be spared. */
static void refuse_at_door(int fd, bool tls, const char *why)
{
	char text[256];
	size_t len = fmt_into(text, sizeof text,
		"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n"
		"Content-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s\n",
		strlen(why) + 1, why);
	ssize_t ignored = tls ? 0 : send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)ignored;
	close(fd);
}

/* Counts the connection in, or sends it away. */
static bool admit(struct http_server *s, int fd, bool tls, const struct socket_peer *peer)
{
	if (atomic_fetch_add(&s->connections, 1) >= s->config.connections_max) {
		atomic_fetch_sub(&s->connections, 1);
		refuse_at_door(fd, tls, "there are too many connections");
		return false;
	}
	if (s->per_ip && atomic_fetch_add(ip_counter(s, s->per_ip, peer), 1) >=
				 s->config.connections_per_ip) {
		atomic_fetch_sub(ip_counter(s, s->per_ip, peer), 1);
		atomic_fetch_sub(&s->connections, 1);
		refuse_at_door(fd, tls, "there are too many connections from your address");
		return false;
	}
	return true;
}

static void table_add(struct loop *l, struct conn *k)
{
	if (l->count == l->cap) {
		uint32_t cap = l->cap ? l->cap * 2 : 64;
		struct conn **conns = host_alloc(cap * sizeof(struct conn *));
		if (l->conns) {
			memcpy(conns, l->conns, l->count * sizeof(struct conn *));
			host_free(l->conns, l->cap * sizeof(struct conn *));
		}
		l->conns = conns;
		l->cap = cap;
	}
	k->slot = l->count;
	l->conns[l->count++] = k;
}

static void close_conn(struct loop *l, struct conn *k)
{
	struct http_server *s = l->server;
	/* A child that has not come to its exec yet may have a copy: then closing ours is not enough. */
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, k->fd, NULL);
	if (k->reset)
		socket_reset(k->fd);
	else
		close(k->fd);
	if (k->live)
		live_gone(k);
	conn_drop_buffer(k);
	loop_shaken(k);
	k->transport->close(k);
	l->conns[k->slot] = l->conns[--l->count];
	l->conns[k->slot]->slot = k->slot;
	if (s->per_ip)
		atomic_fetch_sub(ip_counter(s, s->per_ip, &k->peer), 1);
	host_free(k, sizeof *k);
	atomic_fetch_sub(&s->connections, 1);
}

/* False when the address has too many under way. */
static bool begin_handshake(struct conn *k)
{
	struct http_server *s = k->server;
	k->phase = CONN_HANDSHAKE;
	k->deadline = server_now(s) + (int64_t)s->config.handshake_ms * 1000;
	k->shaking = true;
	int others = atomic_fetch_add(ip_counter(s, s->shaking, &k->peer), 1);
	if (others >= s->config.handshakes_per_ip || !tls_link_open(k, s->config.tls))
		return false;
	k->transport = &transport_tls;
	return true;
}

void loop_shaken(struct conn *k)
{
	if (k->shaking)
		atomic_fetch_sub(ip_counter(k->server, k->server->shaking, &k->peer), 1);
	k->shaking = false;
}

static void open_conn(struct loop *l, int fd, bool tls, const struct socket_peer *peer)
{
	struct http_server *s = l->server;
	struct conn *k = host_alloc(sizeof *k);
	*k = (struct conn){.fd = fd,
		.transport = &transport_plain,
		.server = s,
		.loop = l,
		.phase = CONN_IDLE,
		.peer = *peer};
	k->deadline = server_now(s) + (int64_t)s->config.idle_ms * 1000;
	table_add(l, k);
	if (tls && !begin_handshake(k)) {
		close_conn(l, k);
		return;
	}
	/* Edge-triggered and never changed for small requests: no system call to give a connection
	 * to a worker and back. */
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = k};
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		close_conn(l, k);
}

void loop_watch(struct conn *k, short events)
{
	struct epoll_event event = {
		.events = EPOLLRDHUP | EPOLLET | (unsigned)events, .data.ptr = k};
	int failed = epoll_ctl(k->loop->epoll, EPOLL_CTL_MOD, k->fd, &event);
	ASSERT(!failed);
}

/* Acts on what a connection of ours has come to. */
static void settle(struct loop *l, struct conn *k)
{
	if (k->phase == CONN_READY && k->live) {
		atomic_fetch_or(&k->state, CONN_BUSY);
		live_push(k);
		return;
	}
	if (k->phase == CONN_READY) {
		if (k->slow_body)
			loop_watch(k, 0);
		atomic_fetch_or(&k->state, CONN_BUSY);
		struct http_fault fault = pool_push(&l->server->pool, k);
		if (!fault.status)
			return;
		atomic_fetch_and(&k->state, ~(unsigned)CONN_BUSY);
		if (k->slow_body)
			loop_watch(k, POLLIN);
		conn_refuse(k, fault);
		conn_advance(k, &l->head);
	}
	if (k->phase == CONN_DEAD)
		close_conn(l, k);
}

static void on_conn(struct loop *l, struct conn *k, uint32_t events)
{
	unsigned bits = CONN_INPUT;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		bits |= CONN_GONE;
	if (atomic_fetch_or(&k->state, bits) & CONN_BUSY)
		return;
	atomic_fetch_and(&k->state, ~(unsigned)CONN_INPUT);
	conn_advance(k, &l->head);
	settle(l, k);
}

static void listen_events(struct loop *l, int operation)
{
	struct http_server *s = l->server;
	for (int i = 0; i < s->listener_count; i++) {
		struct epoll_event event = {
			.events = EPOLLIN | (s->config.loops > 1 ? (unsigned)EPOLLEXCLUSIVE : 0),
			.data.ptr = &s->listeners[i]};
		epoll_ctl(l->epoll, operation, s->listeners[i].fd, &event);
	}
}

/*
 * Out of descriptors: the client would hang in the backlog and the listener wake us for ever. So
 * give one up to take it and close it, and then pause.
 */
static void shed(struct loop *l, const struct listener *listener)
{
	struct socket_peer peer;
	if (l->spare >= 0)
		close(l->spare);
	int fd = socket_accept(listener->fd, &peer);
	if (fd >= 0)
		refuse_at_door(fd, listener->tls, "the server is out of file descriptors");
	l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	listen_events(l, EPOLL_CTL_DEL);
	l->accept_at = server_now(l->server) + ACCEPT_PAUSE_US;
}

static void on_listener(struct loop *l, const struct listener *listener)
{
	for (int i = 0; i < ACCEPTS; i++) {
		struct socket_peer peer;
		int fd = socket_accept(listener->fd, &peer);
		if (fd >= 0) {
			if (admit(l->server, fd, listener->tls, &peer))
				open_conn(l, fd, listener->tls, &peer);
			continue;
		}
		if (errno == ECONNABORTED || errno == EINTR)
			continue;
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			shed(l, listener);
		return;
	}
}

static void on_mail(struct loop *l)
{
	struct conn *mail;
	{
		WITH_LOCK(&l->lock);
		mail = l->mail;
		l->mail = NULL;
	}
	while (mail) {
		struct conn *k = mail;
		mail = k->next;
		atomic_fetch_and(&k->state, ~(unsigned)CONN_BUSY);
		conn_advance(k, &l->head);
		settle(l, k);
	}
}

static struct conn *take_woken(struct loop *l)
{
	WITH_LOCK(&l->lock);
	struct live *live = l->woken;
	if (!live)
		return NULL;
	l->woken = live->next;
	live->listed = false;
	return live->conn;
}

/* As if there were input: it looks for more than that. */
static void on_woken(struct loop *l)
{
	struct conn *k;
	while ((k = take_woken(l)))
		on_conn(l, k, 0);
}

/* Looks at every connection: which has run out of time, and which to close because we are going. */
static void sweep(struct loop *l, int64_t now)
{
	struct http_server *s = l->server;
	bool draining = atomic_load(&s->draining), aborting = atomic_load(&s->aborting);
	for (uint32_t i = l->count; i-- > 0;) {
		struct conn *k = l->conns[i];
		if (atomic_load(&k->state) & CONN_BUSY) {
			if (aborting) {
				atomic_fetch_or(&k->state, CONN_GONE);
				shutdown(k->fd, SHUT_RDWR);
			}
			continue;
		}
		if (aborting || (draining && k->phase <= CONN_IDLE))
			k->phase = CONN_DEAD;
		else if (draining && k->phase == CONN_LIVE)
			live_leave(k);
		else if (now >= k->deadline)
			conn_expire(k);
		settle(l, k);
	}
}

/* Until something is due by itself; -1 while nothing is. */
static int sleep_millis(const struct loop *l)
{
	if (!l->count && !l->accept_at)
		return -1;
	int64_t due = l->count ? l->sweep_at : l->accept_at;
	if (l->accept_at)
		due = no_later(due, l->accept_at);
	int64_t micros = due - server_now(l->server);
	return micros > 0 ? (int)((micros + 999) / 1000) : 0;
}

static void on_time(struct loop *l)
{
	struct http_server *s = l->server;
	int64_t now = server_now(s);
	bool draining = atomic_load(&s->draining);
	if (draining && !l->closed) {
		listen_events(l, EPOLL_CTL_DEL);
		l->closed = true;
		l->accept_at = 0;
		l->sweep_at = now;
	}
	if (l->accept_at && now >= l->accept_at) {
		l->accept_at = 0;
		listen_events(l, EPOLL_CTL_ADD);
	}
	if (now >= l->sweep_at) {
		sweep(l, now);
		pool_relieve(&s->pool);
		pool_expire(&s->pool);
		l->sweep_at = now + (draining ? DRAIN_SWEEP_US : SWEEP_US);
	}
}

static void on_event(struct loop *l, const struct epoll_event *event)
{
	struct http_server *s = l->server;
	void *what = event->data.ptr;
	if (what == l) {
		uint64_t ticks;
		ssize_t ignored = read(l->wake, &ticks, sizeof ticks);
		(void)ignored;
	} else if (what >= (void *)s->listeners &&
		   what < (void *)(s->listeners + 2 * HTTP_LISTEN_MAX)) {
		if (!l->closed)
			on_listener(l, what);
	} else {
		on_conn(l, what, event->events);
	}
}

static void loop_main(void *arg)
{
	struct loop *l = arg;
	struct http_server *s = l->server;
	struct epoll_event events[EVENTS];
	while (!atomic_load(&s->stop)) {
		int count = epoll_wait(l->epoll, events, EVENTS, sleep_millis(l));
		for (int i = 0; i < count; i++)
			on_event(l, &events[i]);
		/* After the events, so that none of them is for a connection that this has closed.
		 */
		on_mail(l);
		on_woken(l);
		on_time(l);
	}
}

void loop_wake(struct loop *l)
{
	uint64_t one = 1;
	ssize_t ignored = write(l->wake, &one, sizeof one);
	(void)ignored;
}

void loop_mail(struct loop *l, struct conn *k)
{
	bool first;
	{
		WITH_LOCK(&l->lock);
		first = !l->mail;
		k->next = l->mail;
		l->mail = k;
	}
	if (first)
		loop_wake(l);
}

enum err loop_open(struct ctx *c, struct http_server *s, struct loop *l)
{
	*l = (struct loop){.server = s};
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	l->head.headers = host_alloc(s->limits.header_max * sizeof(struct http_header));
	if (l->epoll < 0 || l->wake < 0 || l->spare < 0)
		return fail(c, ERR_UNAVAILABLE, "cannot open an event queue: %s",
			strerrordesc_np(errno));
	return OK;
}

enum err loop_start(struct ctx *c, struct loop *l)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = l};
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->wake, &event) != 0)
		return fail(
			c, ERR_UNAVAILABLE, "cannot watch for events: %s", strerrordesc_np(errno));
	listen_events(l, EPOLL_CTL_ADD);
	return thread_start(c, "http-loop", loop_main, l, &l->thread);
}

void loop_close(struct loop *l)
{
	while (l->count)
		close_conn(l, l->conns[0]);
	if (l->conns)
		host_free(l->conns, l->cap * sizeof(struct conn *));
	host_free(l->head.headers, l->server->limits.header_max * sizeof(struct http_header));
	const int fds[] = {l->epoll, l->wake, l->spare};
	for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}
