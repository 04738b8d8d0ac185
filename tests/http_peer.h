/*
 * A service that drivers ask over HTTP, played by a thread of the test: what it answers is up to a
 * function of the test, which runs in that thread, one request after the other.
 */
#ifndef TESTS_HTTP_PEER_H
#define TESTS_HTTP_PEER_H

#include "unit.h"

#include "base/buf.h"
#include "os/socket.h"
#include "os/thread.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PEER_CONNECTIONS = 16, PEER_REQUEST_MAX = 64 << 10 };

struct peer_request {
	struct str method, path; /* the path with its query */
	struct str head, body;
};

/* Appends the whole answer; nothing: the connection is closed. */
typedef void peer_answer(void *arg, const struct peer_request *request, struct buf *out);

struct peer_connection {
	int fd;
	size_t len;
	char at[PEER_REQUEST_MAX];
};

struct http_peer {
	peer_answer *answer;
	void *arg;
	const char *url; /* "http://127.0.0.1:PORT" */
	int listener;
	atomic_bool stopping;
	atomic_int accepted; /* connections so far */
	struct thread thread;
	struct peer_connection *connections[PEER_CONNECTIONS];
};

/* The value of a header of the request; {0} where there is none. */
static inline struct str peer_header(const struct peer_request *request, const char *name)
{
	struct str rest = request->head, line;
	while (str_line(&rest, &line)) {
		struct str found = str_cut(&line, ':');
		if (str_eq_nocase(found, str_of(name)))
			return str_trim(line);
	}
	return (struct str){0};
}

/* An answer as most are. */
static inline void peer_say(struct buf *out, int status, const char *body)
{
	buf_fmt(out,
		"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		status, strlen(body), body);
}

/* A whole request at the beginning of what came? *len is how long it is. */
static inline bool peer_read_request(
	const struct peer_connection *conn, struct peer_request *out, size_t *len)
{
	struct str all = str_from(conn->at, conn->len);
	size_t end = str_find_str(all, STR("\r\n\r\n"));
	if (end == all.len)
		return false;
	uint64_t body = 0;
	struct str line, rest = str_until(all, end + 2);
	(void)str_line(&rest, &line);
	*out = (struct peer_request){.head = rest};
	out->method = str_cut(&line, ' ');
	out->path = str_cut(&line, ' ');
	(void)str_to_u64(peer_header(out, "content-length"), &body);
	*len = end + 4 + (size_t)body;
	out->body = str_until(str_from_index(all, end + 4), (size_t)body);
	return *len <= conn->len;
}

/* False: the connection has ended. */
static inline bool peer_serve(struct http_peer *p, struct peer_connection *conn)
{
	struct peer_request request;
	size_t len;
	ssize_t got = recv(conn->fd, conn->at + conn->len, sizeof conn->at - conn->len, 0);
	if (got <= 0)
		return false;
	conn->len += (size_t)got;
	while (peer_read_request(conn, &request, &len)) {
		struct arena arena;
		arena_init(&arena);
		struct buf out = {.arena = &arena};
		p->answer(p->arg, &request, &out);
		bool sent = out.len > 0;
		for (size_t at = 0; sent && at < out.len;) {
			ssize_t put = send(conn->fd, out.at + at, out.len - at, MSG_NOSIGNAL);
			if (put < 0)
				sent = socket_wait(conn->fd, POLLOUT, 1000000) != 0;
			else
				at += (size_t)put;
		}
		arena_done(&arena);
		if (!sent)
			return false;
		memmove(conn->at, conn->at + len, conn->len - len);
		conn->len -= len;
	}
	return true;
}

static inline void peer_hang_up(struct peer_connection **conn)
{
	close((*conn)->fd);
	free(*conn);
	*conn = NULL;
}

static inline void peer_accept(struct http_peer *p)
{
	struct socket_peer who;
	int fd = socket_accept(p->listener, &who);
	for (size_t i = 0; fd >= 0 && i < PEER_CONNECTIONS; i++)
		if (!p->connections[i]) {
			p->connections[i] = malloc(sizeof **p->connections);
			p->connections[i]->fd = fd;
			p->connections[i]->len = 0;
			atomic_fetch_add(&p->accepted, 1);
			return;
		}
	if (fd >= 0)
		close(fd);
}

static inline void peer_main(void *arg)
{
	struct http_peer *p = arg;
	while (!atomic_load(&p->stopping)) {
		struct pollfd fds[PEER_CONNECTIONS + 1] = {{p->listener, POLLIN, 0}};
		for (size_t i = 0; i < PEER_CONNECTIONS; i++) {
			int fd = p->connections[i] ? p->connections[i]->fd : -1;
			fds[i + 1] = (struct pollfd){fd, POLLIN, 0};
		}
		if (poll(fds, PEER_CONNECTIONS + 1, 20) <= 0)
			continue;
		for (size_t i = 0; i < PEER_CONNECTIONS; i++)
			if (fds[i + 1].revents && !peer_serve(p, p->connections[i]))
				peer_hang_up(&p->connections[i]);
		if (fds[0].revents)
			peer_accept(p);
	}
	for (size_t i = 0; i < PEER_CONNECTIONS; i++)
		if (p->connections[i])
			peer_hang_up(&p->connections[i]);
}

static inline struct http_peer *peer_start(struct ctx *c, peer_answer *answer, void *arg)
{
	struct http_peer *p = calloc(1, sizeof *p);
	p->answer = answer;
	p->arg = arg;
	assert_ok(c, socket_listen(c, STR("127.0.0.1:0"), &p->listener));
	p->url = arena_fmt(c->arena, "http://127.0.0.1:%d", socket_port(p->listener));
	assert_ok(c, thread_start(c, "peer", peer_main, p, &p->thread));
	return p;
}

static inline void peer_stop(struct http_peer *p)
{
	atomic_store(&p->stopping, true);
	thread_join(&p->thread);
	close(p->listener);
	free(p);
}

#endif
