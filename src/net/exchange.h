/*
 * One exchange on a worker thread, inside net/: the public half that the handler sees, the
 * request's body and the reply. The worker owns all of it and its arena; the connection is the
 * worker's until it returns.
 */
#ifndef NET_EXCHANGE_H
#define NET_EXCHANGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/zip.h"
#include "net/server.h"

enum { HTTP_OUT_BYTES = 16 << 10, HTTP_IN_BYTES = 16 << 10 };

/* The request's body: of the connection's buffer first, then of its socket. */
struct body {
	struct source source;                  /* what the handler reads: decoded and counted */
	size_t at;                             /* in conn->bytes: what is not consumed yet */
	uint64_t left;                         /* of a body with a length */
	bool chunked, ended, broken, expected; /* expected: the client waits for our 100 */
	struct http_chunks chunks;
	uint64_t wire, decoded; /* bytes so far */
	struct inflate *gunzip; /* NULL: not compressed */
	bool gunzip_done;
	char *packed; /* gzip bytes not inflated yet: HTTP_IN_BYTES in the arena */
	size_t packed_at, packed_len;
};

enum reply_state { REPLY_NONE, REPLY_OPEN, REPLY_ENDED, REPLY_BROKEN };

struct reply {
	struct sink sink;
	enum reply_state state;
	struct buf fields; /* headers of the handler */
	struct buf head;   /* to be sent before the first byte of the body; emptied then */
	bool bad_field, started, chunked, mute, keep_alive;
	bool in_chunk; /* the line end behind the last chunk is still to be sent */
	uint64_t left; /* of a body with a length */
	uint64_t wire; /* bytes of the body sent */
	size_t held;   /* in worker->out */
	bool at_once;  /* nobody waits for the peer: what it does not take goes into: */
	struct buf backlog;
};

struct exchange {
	struct http_exchange pub; /* first: what the handler has a pointer to */
	struct ctx ctx;
	struct worker *worker;
	struct conn *conn;
	struct http_head head;
	struct body body;
	struct reply reply;
	char peer[SOCKET_TEXT_MAX];
};

struct worker {
	struct http_server *server;
	struct worker *next; /* of the idle ones */
	pthread_cond_t wake;
	struct conn *job;
	struct arena arena;
	struct arena_mark mark; /* what outlives an exchange is before it */
	struct arena replies;   /* of heads: a handler may rewind the other one meanwhile */
	struct arena_mark replies_mark;
	struct http_head head; /* scratch for looking at the next request */
	struct http_header *headers;
	int64_t date_second;
	char date[32];
	char *out;
};

static inline struct exchange *exchange_of(struct http_exchange *x)
{
	return (struct exchange *)x;
}

struct worker *worker_open(struct http_server *s);
void worker_close(struct worker *w);

/* Runs what the connection is ready for, and gives it back to its loop, or to the pool's queue. */
void worker_serve(struct worker *w, struct conn *k);

/* ERR_UNSUPPORTED for a Content-Encoding that nobody knows. Then x->pub.body is there. */
enum err body_open(struct exchange *x) MUST;
void body_close(struct exchange *x);

/* True when the rest of the body is in memory: takes note of it, without taking data from the
 * handler. */
bool body_is_here(struct exchange *x);
/* After the handler, when body_is_here: skips it. Where the next request begins in conn->bytes. */
size_t body_skip(struct exchange *x);

void reply_open(struct exchange *x);
/* After the handler: answers in its place if it did not. True: the connection can go on. */
bool reply_close(struct exchange *x);
/* Sends what is held back before we wait for the client, who may wait for it. */
enum err reply_push(struct exchange *x) MUST;
/* The head of a reply after which the connection goes on in its own way: net/live.h. */
enum err reply_stay(struct exchange *x, int status) MUST;

#endif
