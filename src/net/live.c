#include "net/live.h"

#include "net/live_parts.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

enum {
	BYTES_FIRST = 512,
	SILENCE_US = 30 * 1000000, /* after which a peer is asked whether it is there */
	FINISH_US = 5 * 1000000,   /* for what was said before the end */
};

bool live_bytes_put(struct http_server *s, struct live_bytes *b, const void *bytes, size_t len)
{
	size_t cap = b->cap ? b->cap : BYTES_FIRST;
	while (cap - b->len < len)
		cap *= 2;
	if (cap > b->cap) {
		size_t more = cap - b->cap;
		if (atomic_fetch_add(&s->buffers, more) + more > s->config.buffers_max) {
			atomic_fetch_sub(&s->buffers, more);
			return false;
		}
		char *at = host_alloc(cap);
		if (b->len)
			memcpy(at, b->at, b->len);
		if (b->at)
			host_free(b->at, b->cap);
		b->at = at;
		b->cap = cap;
	}
	if (len)
		memcpy(b->at + b->len, bytes, len);
	b->len += len;
	return true;
}

void live_bytes_drop(struct http_server *s, struct live_bytes *b)
{
	if (b->at)
		host_free(b->at, b->cap);
	atomic_fetch_sub(&s->buffers, b->cap);
	*b = (struct live_bytes){0};
}

void live_bytes_skip(struct http_server *s, struct live_bytes *b, size_t len)
{
	b->first += len;
	if (b->first == b->len)
		live_bytes_drop(s, b);
}

static bool is_gone(const struct conn *k)
{
	return atomic_load(&k->state) & CONN_GONE;
}

/* What came with the request comes first. */
ssize_t live_read(struct live *l, void *into, size_t len)
{
	struct conn *k = l->conn;
	struct iovec part = {into, len};
	ssize_t got = (ssize_t)(k->len < len ? k->len : len);
	if (got) {
		memcpy(into, k->bytes, (size_t)got);
		k->len -= (size_t)got;
		memmove(k->bytes, k->bytes + got, k->len);
	} else {
		k->awaits = POLLIN;
		do
			got = k->transport->read(k, &part, 1);
		while (got < 0 && errno == EINTR);
	}
	if (!k->len)
		conn_drop_buffer(k);
	if (got > 0) {
		l->heard = server_now(k->server);
		l->pinged = false;
	}
	return got;
}

/* A stream's peer has nothing to say. */
static void discard(struct live *l)
{
	char bytes[512];
	ssize_t got;
	do
		got = live_read(l, bytes, sizeof bytes);
	while (got > 0);
	if (got == 0 || errno != EAGAIN)
		l->conn->phase = CONN_DEAD;
}

static void flush(struct live *l)
{
	struct conn *k = l->conn;
	while (live_bytes_left(&l->out)) {
		struct iovec part = {l->out.at + l->out.first, live_bytes_left(&l->out)};
		k->awaits = POLLOUT;
		ssize_t put = k->transport->write(k, &part, 1, false);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && errno == EAGAIN)
			return;
		if (put <= 0) {
			k->phase = CONN_DEAD;
			return;
		}
		l->moved = server_now(k->server);
		live_bytes_skip(k->server, &l->out, (size_t)put);
		k->awaits = POLLIN;
	}
}

static bool has_news(const struct live *l)
{
	return live_bytes_left(&l->in) || l->leaving || atomic_load(&l->woken);
}

/* The loop hears of room for our bytes only while we wait for that. */
static void watch_output(struct live *l)
{
	struct conn *k = l->conn;
	bool wanted = live_bytes_left(&l->out) || k->awaits == POLLOUT;
	if (wanted == l->watches_output)
		return;
	l->watches_output = wanted;
	loop_watch(k, wanted ? POLLIN | POLLOUT : POLLIN);
}

static int64_t sooner(int64_t a, int64_t b)
{
	return b && b < a ? b : a;
}

static void set_deadline(struct live *l)
{
	struct conn *k = l->conn;
	int64_t stall = (int64_t)k->server->config.stall_ms * 1000;
	if (live_bytes_left(&l->out))
		k->deadline = l->moved + (l->ending ? FINISH_US : stall);
	else
		k->deadline = sooner(l->heard + SILENCE_US, l->due);
}

enum conn_phase live_advance(struct conn *k)
{
	struct live *l = k->live;
	if (k->phase != CONN_LIVE)
		return k->phase;
	if (is_gone(k)) {
		k->phase = CONN_DEAD;
		return k->phase;
	}
	flush(l);
	if (k->phase == CONN_LIVE && !l->ending)
		l->kind == LIVE_WEBSOCKET ? websocket_read(l) : discard(l);
	flush(l);
	if (k->phase != CONN_LIVE)
		return k->phase;
	bool waits = live_bytes_left(&l->out);
	if (!waits && l->ending)
		conn_finish(k, true);
	else if (!waits && has_news(l))
		k->phase = CONN_READY;
	if (k->phase == CONN_LIVE) {
		watch_output(l);
		set_deadline(l);
	}
	return k->phase;
}

void live_expire(struct conn *k)
{
	struct live *l = k->live;
	int64_t now = server_now(k->server);
	bool waits = live_bytes_left(&l->out);
	if (l->ending || (waits && l->slow) || (!waits && l->pinged)) {
		k->phase = CONN_DEAD;
	} else if (waits) {
		/* Whatever it did not take: its owner has a last word. */
		l->slow = true;
		l->moved = now;
		k->phase = CONN_READY;
	} else if (l->due && now >= l->due) {
		l->due = 0;
		atomic_store(&l->woken, true);
		live_advance(k);
	} else {
		l->heard = now;
		/* Who listens to a stream says nothing: TCP tells whether it takes this. */
		l->pinged = l->kind == LIVE_WEBSOCKET;
		if (l->pinged)
			websocket_send(l, WSLAY_PING, STR(""));
		else
			live_send(l, STR(":\n\n"));
		live_advance(k);
	}
}

void live_leave(struct conn *k)
{
	struct live *l = k->live;
	if (l->leaving || l->ending)
		return;
	l->leaving = true;
	/* Who is behind with what it was told hears no more. */
	if (live_bytes_left(&l->out))
		k->phase = CONN_DEAD;
	else
		live_advance(k);
}

void live_gone(struct conn *k)
{
	struct live *l = k->live;
	struct loop *loop = k->loop;
	l->ops->gone(l->arg);
	if (l->kind == LIVE_WEBSOCKET)
		websocket_done(l);
	{
		WITH_LOCK(&loop->lock);
		struct live **at = &loop->woken;
		while (l->listed && *at != l)
			at = &(*at)->next;
		if (l->listed)
			*at = l->next;
	}
	live_bytes_drop(k->server, &l->in);
	live_bytes_drop(k->server, &l->out);
	host_free(l, sizeof *l);
	k->live = NULL;
}

void live_begin(struct conn *k, size_t used)
{
	struct live *l = k->live;
	k->phase = CONN_LIVE;
	k->len -= used;
	memmove(k->bytes, k->bytes + used, k->len);
	if (!k->len || l->kind == LIVE_STREAM) {
		k->len = 0;
		conn_drop_buffer(k);
	}
	l->heard = l->moved = server_now(k->server);
	set_deadline(l);
}

void live_wake(struct live *l)
{
	struct loop *loop = l->conn->loop;
	bool first;
	if (atomic_exchange(&l->woken, true))
		return;
	{
		WITH_LOCK(&loop->lock);
		if (l->listed)
			return;
		first = !loop->woken;
		l->listed = true;
		l->next = loop->woken;
		loop->woken = l;
	}
	if (first)
		loop_wake(loop);
}

bool live_take(struct live *l, struct str *message)
{
	struct http_server *s = l->conn->server;
	uint32_t len;
	if (l->taken)
		live_bytes_skip(s, &l->in, l->taken);
	l->taken = 0;
	if (l->ending || live_bytes_left(&l->in) < sizeof len)
		return false;
	memcpy(&len, l->in.at + l->in.first, sizeof len);
	*message = str_from(l->in.at + l->in.first + sizeof len, len);
	l->taken = sizeof len + len;
	return true;
}

void live_send(struct live *l, struct str bytes)
{
	if (l->ending)
		return;
	if (l->kind == LIVE_WEBSOCKET)
		websocket_send(l, WSLAY_TEXT_FRAME, bytes);
	else if (!live_bytes_put(l->conn->server, &l->out, bytes.at, bytes.len))
		l->ending = true;
}

void live_close(struct live *l, int code, struct str reason)
{
	if (l->ending)
		return;
	if (l->kind == LIVE_WEBSOCKET)
		websocket_close(l, code, str_until(reason, LIVE_REASON_MAX));
	l->ending = true;
}

size_t live_backlog(const struct live *l)
{
	return live_bytes_left(&l->out);
}

void live_again(struct live *l)
{
	atomic_store(&l->woken, true);
}

void live_again_at(struct live *l, int64_t time)
{
	l->due = time;
}

bool live_is_leaving(const struct live *l)
{
	return l->leaving;
}

bool live_is_slow(const struct live *l)
{
	return l->slow;
}
