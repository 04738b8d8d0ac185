/*
 * One connection, inside net/.
 *
 * It has one owner at a time: its loop, or (CONN_BUSY) the pool and then a worker. Only the owner
 * touches its fields; `state` is the exception, through which the loop tells a worker what it sees.
 * Only the loop closes and frees it. While it is idle it owns no buffer.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include "base/extent.h"
#include "net/http_parse.h"
#include "net/transport.h"
#include "os/socket.h"

#include <stdatomic.h>

struct http_server;
struct live;
struct loop;
struct tls_link;

enum {
	CONN_BUSY = 1,  /* owned by the pool or a worker */
	CONN_INPUT = 2, /* bytes came meanwhile that nobody has looked for */
	CONN_GONE = 4,  /* the peer has closed its side, or all of it */
};

enum conn_phase {
	CONN_HANDSHAKE, /* TLS is being agreed on */
	CONN_IDLE,      /* between requests */
	CONN_HEAD,      /* has a part of a head */
	CONN_BODY,      /* has the head and a part of a small body */
	CONN_LIVE,      /* stays, after its exchange (net/live.h) */
	CONN_READY,     /* has what a worker needs to begin; or of one that stays, a turn */
	CONN_LINGER,    /* our last byte is sent; waits for the peer to close */
	CONN_DEAD,      /* to be closed at once */
};

struct conn {
	_Atomic unsigned state;
	int fd;
	const struct transport *transport;
	struct tls_link *tls; /* NULL: plain */
	struct live *live;    /* NULL: it goes from request to request */
	short awaits;         /* which of poll's events the transport needs to go on */
	bool shaking;         /* counted among its address's handshakes */
	struct http_server *server;
	struct loop *loop;
	struct conn *next; /* in the pool's queue, or in the loop's mailbox */
	uint32_t slot;     /* in the loop's table */
	enum conn_phase phase;
	struct http_flow flow; /* of the request that is READY or under work … */
	int64_t queued;        /* … since when it waits for a worker, … */
	int64_t queue_waited;  /* … and how long it did */
	bool slow_body;        /* a worker will have to wait for the body's bytes */
	bool reset;            /* close so that the peer takes nothing for complete */
	int64_t deadline;      /* when the phase ends by itself */
	int64_t began;         /* when the head was complete */
	int64_t credit; /* microseconds that we still wait for the peer; what it does refills it */
	uint64_t moved; /* bytes of this request, by a worker … */
	int64_t waited, wait_began; /* … which waited so long for it, and waits since then */
	struct conn *waiting;       /* the next that waits, in the pool's list */
	bool cut;                   /* for others, that wait for its thread */
	uint64_t linger_left;
	char *bytes;
	size_t len, cap;
	size_t head_len, want; /* of the head; of head and small body */
	struct http_scan scan;
	struct socket_peer peer;
};

/* What is to be sent: bytes in memory, then some of a file. */
struct conn_out {
	struct iovec *parts;
	int count;
	size_t file_len;
	struct extent_file file;
};

static inline bool conn_out_is_empty(const struct conn_out *out)
{
	return !out->count && !out->file_len;
}

/*
 * Reads what is there and moves on through the phases; ends in READY, LINGER or DEAD, or in an
 * earlier one when it has to wait for input. `head` is scratch memory of the calling thread.
 */
enum conn_phase conn_advance(struct conn *k, struct http_head *head);

/* The deadline of the phase has passed: refuses a slow request, closes an idle connection. */
void conn_expire(struct conn *k);

/* Answers with a fault, without a worker, and lingers. */
void conn_refuse(struct conn *k, struct http_fault fault);

/* Ends our side and begins to linger: longer where a part of the request is still on its way. */
void conn_finish(struct conn *k, bool unread);

/* Makes room for `cap` bytes in all; false when the server's memory for buffers is used up. */
bool conn_reserve(struct conn *k, size_t cap) MUST;
void conn_drop_buffer(struct conn *k);

/* Forgets the first `used` bytes and is IDLE, or in HEAD when bytes of the next request are there.
 */
void conn_next_request(struct conn *k, size_t used);

/* For a worker: they wait for the peer within k->credit and the context's deadline. */
enum err conn_receive(struct ctx *c, struct conn *k, struct iovec *into, int count, size_t *got)
	MUST;
/* Sends all, or what the peer takes when it is waited for no longer than `micros`: *out becomes the
 * rest. ERR_DAMAGED and ERR_IO are the file's. */
enum err conn_send(struct ctx *c, struct conn *k, struct conn_out *out) MUST;
enum err conn_send_some(struct ctx *c, struct conn *k, struct conn_out *out, int64_t micros) MUST;

#endif
