#include "net/conn.h"

#include "base/buf.h"
#include "net/live_parts.h"
#include "net/tls_parts.h"

#include <errno.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

enum {
	BUFFER_FIRST = 2048,
	FINISH_MS = 1000,
	PACE_US = 8000000, /* of waiting, over which a peer's pace is averaged */
};

static int64_t micros(int millis)
{
	return (int64_t)millis * 1000;
}

bool conn_reserve(struct conn *k, size_t cap)
{
	if (cap <= k->cap)
		return true;
	struct http_server *s = k->server;
	size_t more = cap - k->cap;
	if (atomic_fetch_add(&s->buffers, more) + more > s->config.buffers_max) {
		atomic_fetch_sub(&s->buffers, more);
		return false;
	}
	char *bytes = host_alloc(cap);
	if (k->len)
		memcpy(bytes, k->bytes, k->len);
	if (k->bytes)
		host_free(k->bytes, k->cap);
	k->bytes = bytes;
	k->cap = cap;
	return true;
}

void conn_drop_buffer(struct conn *k)
{
	if (!k->bytes)
		return;
	host_free(k->bytes, k->cap);
	atomic_fetch_sub(&k->server->buffers, k->cap);
	k->bytes = NULL;
	k->len = k->cap = 0;
}

static void enter(struct conn *k, enum conn_phase phase, int64_t deadline)
{
	k->phase = phase;
	k->deadline = deadline;
}

void conn_finish(struct conn *k, bool unread)
{
	struct http_config *config = &k->server->config;
	k->transport->finish(k);
	conn_drop_buffer(k);
	k->linger_left = config->linger_max;
	enter(k, CONN_LINGER,
		server_now(k->server) + micros(unread ? config->linger_ms : FINISH_MS));
}

static void report(struct conn *k, struct http_fault fault, uint64_t out)
{
	const struct http_config *config = &k->server->config;
	char peer[SOCKET_TEXT_MAX];
	if (!config->access)
		return;
	size_t peer_len = socket_peer_text(&k->peer, peer);
	config->access(config->arg, &(struct http_access){.peer = str_from(peer, peer_len),
					    .id = "",
					    .lane = config->lanes[k->flow.lane].name,
					    .status = fault.status,
					    .out = out,
					    .error = ERR_INVALID,
					    .error_text = fault.why});
}

/* TLS has told the peer, as far as it is told; this tells the operator. */
static void refuse_handshake(struct conn *k, const char *why)
{
	char text[256];
	fmt_into(text, sizeof text, "no TLS: %s", why);
	report(k, (struct http_fault){0, text}, 0);
	conn_finish(k, false);
}

void conn_refuse(struct conn *k, struct http_fault fault)
{
	char text[4096];
	const struct http_lane *lane = &k->server->config.lanes[k->flow.lane];
	bool later = fault.status == 503 || fault.status == 429;
	bool page = later && k->flow.page && lane->busy_page;
	const char *body = page ? lane->busy_page : fault.why, *end = page ? "" : "\n";
	size_t body_len = strlen(body) + strlen(end);
	size_t len = fmt_into(text, sizeof text,
		"HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: text/%s\r\n%s"
		"Content-Length: %zu\r\n\r\n%s%s",
		fault.status, http_reason(fault.status), page ? "html; charset=utf-8" : "plain",
		later ? "Retry-After: 1\r\nCache-Control: no-store\r\n" : "", body_len, body, end);
	/* It fits the empty buffer of a socket that we have not written to, or the peer does not
	 * read. */
	struct iovec part = {text, len};
	ssize_t put = k->transport->write(k, &part, 1, false);
	report(k, fault, put > 0 ? body_len : 0);
	/* Who was too slow gets no more time. */
	conn_finish(k, fault.status != 408);
}

void conn_expire(struct conn *k)
{
	if (k->phase == CONN_HEAD)
		conn_refuse(k, (struct http_fault){408, "the headers took too long"});
	else if (k->phase == CONN_BODY)
		conn_refuse(k, (struct http_fault){408, "the body took too long"});
	else if (k->phase == CONN_LIVE)
		live_expire(k);
	else
		k->phase = CONN_DEAD;
}

void conn_next_request(struct conn *k, size_t used)
{
	ASSERT(used <= k->len);
	k->len -= used;
	if (k->len)
		memmove(k->bytes, k->bytes + used, k->len);
	else
		conn_drop_buffer(k);
	if (k->transport->holds && k->transport->holds(k))
		atomic_fetch_or(&k->state, CONN_INPUT);
	k->scan = (struct http_scan){0};
	k->head_len = k->want = 0;
	enter(k, CONN_IDLE, server_now(k->server) + micros(k->server->config.idle_ms));
}

static struct http_flow flow_of(const struct conn *k, const struct http_head *head)
{
	const struct http_config *config = &k->server->config;
	struct http_flow flow = {0};
	char peer[SOCKET_TEXT_MAX];
	if (!config->classify)
		return flow;
	const struct http_ask ask = {.method = head->method,
		.raw_path = head->raw_path,
		.peer = {peer, socket_peer_text(&k->peer, peer)},
		.headers = head->headers,
		.header_count = head->header_count};
	config->classify(config->arg, &ask, &flow);
	return flow;
}

/* The head is there: is there more to wait for before a worker is taken? */
static void judge_head(struct conn *k, struct http_head *head)
{
	struct http_server *s = k->server;
	struct http_fault fault =
		http_head_parse(str_from(k->bytes, k->head_len), &s->limits, head);
	if (fault.status) {
		conn_refuse(k, fault);
		return;
	}
	k->began = server_now(s);
	k->flow = flow_of(k, head);
	size_t there = k->len - k->head_len;
	k->slow_body = head->length > there;
	bool small = head->length <= s->config.small_body && !head->expects_continue;
	if (!k->slow_body || !small) {
		k->phase = CONN_READY;
		return;
	}
	k->slow_body = false;
	k->want = k->head_len + (size_t)head->length;
	enter(k, CONN_BODY, k->began + micros(s->config.stall_ms));
}

/* Moves on with the bytes that are there; `fresh` of them are new. */
static void look(struct conn *k, struct http_head *head, size_t fresh)
{
	struct http_server *s = k->server;
	if (k->phase == CONN_IDLE && k->len)
		enter(k, CONN_HEAD, server_now(s) + micros(s->config.head_ms));
	if (k->phase == CONN_HEAD) {
		struct http_fault fault =
			http_scan(&k->scan, str_from(k->bytes, k->len), &s->limits, &k->head_len);
		if (fault.status)
			conn_refuse(k, fault);
		else if (k->head_len)
			judge_head(k, head);
	} else if (k->phase == CONN_BODY) {
		int64_t most = server_now(s) + micros(s->config.stall_ms);
		int64_t longer = k->deadline + (int64_t)fresh * 1000000 / s->config.rate_min;
		k->deadline = longer < most ? longer : most;
		if (k->len >= k->want)
			k->phase = CONN_READY;
	}
}

/* Room for the next bytes, without more than the phase may need. */
static bool make_room(struct conn *k)
{
	size_t most = k->phase == CONN_BODY ? k->want : k->server->limits.head_max + 1;
	size_t cap = k->cap ? k->cap * 2 : BUFFER_FIRST;
	if (k->len < k->cap)
		return true;
	return conn_reserve(k, cap < most ? cap : most);
}

static void discard_input(struct conn *k)
{
	for (;;) {
		/* MSG_TRUNC: TCP drops the bytes without copying them. */
		ssize_t got = recv(k->fd, NULL, 1 << 20, MSG_TRUNC | MSG_DONTWAIT);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0 || (uint64_t)got >= k->linger_left) {
			k->phase = CONN_DEAD;
			return;
		}
		k->linger_left -= (uint64_t)got;
	}
}

/* One recv. False when there is nothing more to do now. */
static bool read_some(struct conn *k, struct http_head *head)
{
	if (!make_room(k)) {
		conn_refuse(
			k, (struct http_fault){503, "the server is out of memory for requests"});
		return false;
	}
	size_t room = k->cap - k->len;
	struct iovec part = {k->bytes + k->len, room};
	ssize_t got = k->transport->read(k, &part, 1);
	if (got < 0 && errno == EINTR)
		return true;
	if (got < 0 && errno == EAGAIN) {
		if (k->len == 0)
			conn_drop_buffer(k);
		return false;
	}
	if (got <= 0) {
		k->phase = CONN_DEAD;
		return false;
	}
	k->len += (size_t)got;
	look(k, head, (size_t)got);
	/* A read that gives less than it could has seen the end of what is there: but not in TLS, of which
	 * it has seen the end of a record. */
	bool more = (size_t)got == room || k->tls || (atomic_load(&k->state) & CONN_GONE);
	if (more && k->phase == CONN_READY)
		atomic_fetch_or(&k->state, CONN_INPUT);
	return more;
}

/* The loop hears of room for our bytes only while the handshake waits for that. */
static void await_handshake(struct conn *k, bool watched)
{
	bool output = k->awaits == POLLOUT;
	if (output != watched)
		loop_watch(k, output ? POLLIN | POLLOUT : POLLIN);
}

static void shake(struct conn *k)
{
	struct http_config *config = &k->server->config;
	bool watched = k->awaits == POLLOUT;
	const char *why = NULL;
	switch (tls_link_shake(k, &why)) {
	case TLS_WAITS: await_handshake(k, watched); return;
	case TLS_SHAKEN:
		k->awaits = POLLIN;
		await_handshake(k, watched);
		enter(k, CONN_IDLE, server_now(k->server) + micros(config->idle_ms));
		break;
	case TLS_SPEAKS_HTTP:
		k->transport->close(k);
		k->transport = &transport_plain;
		conn_refuse(k, (struct http_fault){400,
				       "this port speaks https: the address begins with https://"});
		break;
	case TLS_REFUSED: refuse_handshake(k, why); break;
	case TLS_LEFT: k->phase = CONN_DEAD; break;
	}
	loop_shaken(k);
}

enum conn_phase conn_advance(struct conn *k, struct http_head *head)
{
	if (k->phase == CONN_HANDSHAKE)
		shake(k);
	if (k->phase == CONN_HANDSHAKE)
		return k->phase;
	if (k->phase == CONN_LIVE)
		return live_advance(k);
	if (k->phase < CONN_READY && k->len)
		look(k, head, 0);
	while (k->phase < CONN_READY && read_some(k, head))
		;
	if (k->phase == CONN_LINGER)
		discard_input(k);
	return k->phase;
}

/*
 * Waits until the peer gives or takes, but no longer than `patience`. It may keep us waiting for the
 * credit that it has: as much as stall_ms, refilled by what it moves, so that a trickle below
 * rate_min runs out of it as well.
 */
static enum err wait_for_peer(struct ctx *c, struct conn *k, short events, int64_t patience)
{
	struct http_server *s = k->server;
	int64_t before = server_now(s);
	if (atomic_load(&s->aborting))
		return fail(c, ERR_CANCELED, "the server is shutting down");
	if (k->credit <= 0)
		return fail(c, ERR_TIMEOUT, "the other side %s too slowly",
			events & POLLIN ? "sends" : "takes what it asked for");
	if (c->deadline && c->deadline <= before)
		return fail(c, ERR_TIMEOUT, "the time for this request is over");
	if (k->credit < patience)
		patience = k->credit;
	if (c->deadline && c->deadline - before < patience)
		patience = c->deadline - before;
	k->wait_began = before;
	pool_block(&s->pool, k);
	socket_wait(k->fd, k->awaits, patience);
	pool_unblock(&s->pool, k);
	k->credit -= server_now(s) - before;
	k->waited += server_now(s) - before;
	/* What was long ago counts less and less. */
	if (k->waited > PACE_US) {
		k->waited /= 2;
		k->moved /= 2;
	}
	if (k->cut)
		return fail(c, ERR_CANCELED, "others wait, and the other side is too slow");
	return OK;
}

static void earn_credit(struct conn *k, size_t moved)
{
	struct http_config *config = &k->server->config;
	k->moved += moved;
	k->credit += (int64_t)moved * 1000000 / config->rate_min;
	if (k->credit > micros(config->stall_ms))
		k->credit = micros(config->stall_ms);
}

enum err conn_receive(struct ctx *c, struct conn *k, struct iovec *into, int count, size_t *got)
{
	for (;;) {
		k->awaits = POLLIN;
		ssize_t have = k->transport->read(k, into, count);
		if (have > 0) {
			earn_credit(k, (size_t)have);
			*got = (size_t)have;
			return OK;
		}
		if (have < 0 && errno == EAGAIN)
			TRY(wait_for_peer(c, k, POLLIN, INT64_MAX));
		else if (have == 0 || errno != EINTR)
			return fail(c, ERR_CANCELED,
				"the other side left in the middle of its request");
	}
}

static void skip_parts(struct conn_out *out, size_t len)
{
	while (out->count && len >= out->parts->iov_len) {
		len -= out->parts->iov_len;
		out->parts++;
		out->count--;
	}
	if (len) {
		out->parts->iov_base = (char *)out->parts->iov_base + len;
		out->parts->iov_len -= len;
	}
}

/* What comes before bytes of a file goes out in one segment with the first of them. */
static ssize_t send_parts(struct conn *k, struct conn_out *out)
{
	k->awaits = POLLOUT;
	ssize_t put = k->transport->write(k, out->parts, out->count, out->file_len > 0);
	if (put > 0)
		skip_parts(out, (size_t)put);
	return put;
}

/* From the page cache to the socket: nobody maps, faults or copies. */
static ssize_t send_file(struct conn *k, struct conn_out *out)
{
	off_t at = (off_t)out->file.at;
	k->awaits = POLLOUT;
	ssize_t put = sendfile(k->fd, out->file.fd, &at, out->file_len);
	if (put > 0) {
		out->file.at += (uint64_t)put;
		out->file_len -= (size_t)put;
	}
	return put;
}

/* Sends what the peer takes at once; *out becomes the rest. */
static enum err send_now(struct ctx *c, struct conn *k, struct conn_out *out)
{
	while (!conn_out_is_empty(out)) {
		bool file = !out->count;
		ssize_t put = file ? send_file(k, out) : send_parts(k, out);
		if (put > 0)
			earn_credit(k, (size_t)put);
		else if (put < 0 && errno == EAGAIN)
			return OK;
		else if (file && put == 0)
			return fail(c, ERR_DAMAGED, "a stored file is shorter than it was");
		else if (file && errno == EIO)
			return fail(c, ERR_IO, "a stored file cannot be read");
		else if (errno != EINTR)
			return fail(c, ERR_CANCELED, "the other side went away");
	}
	return OK;
}

enum err conn_send(struct ctx *c, struct conn *k, struct conn_out *out)
{
	for (;;) {
		TRY(send_now(c, k, out));
		if (conn_out_is_empty(out))
			return OK;
		TRY(wait_for_peer(c, k, POLLOUT, INT64_MAX));
	}
}

enum err conn_send_some(struct ctx *c, struct conn *k, struct conn_out *out, int64_t micros)
{
	TRY(send_now(c, k, out));
	if (conn_out_is_empty(out) || micros <= 0)
		return OK;
	TRY(wait_for_peer(c, k, POLLOUT, micros));
	return send_now(c, k, out);
}
