/* What the files of connections that stay share, inside net/. */
#ifndef NET_LIVE_PARTS_H
#define NET_LIVE_PARTS_H

#include "net/live.h"
#include "net/server.h"

#include <wslay/wslay.h>

enum { LIVE_READ_ABOVE = 4 << 10 }; /* who does not take what we say is not listened to either */

/* Bytes that wait, in memory that is counted with the server's other buffers. */
struct live_bytes {
	char *at;
	size_t first, len, cap; /* they are at[first..len) */
};

/* The owner of the connection is the owner of this, but for the last two members. */
struct live {
	struct conn *conn;
	const struct live_ops *ops;
	void *arg;
	enum live_kind kind;
	struct live_bytes out; /* not taken by the peer yet */
	struct live_bytes
		in;   /* messages not taken in a turn yet: each its length, then its bytes */
	size_t taken; /* of the message that the turn looks at */
	bool ending, leaving, slow, pinged, watches_output;
	int64_t due;       /* when it has a turn by itself; 0: never */
	int64_t heard;     /* when the peer was heard last … */
	int64_t moved;     /* … and when it took something last */
	int64_t frames_at; /* up to when its frames are accounted for */
	/* Only while a frame or a message is under way: */
	struct wslay_event_context *ws;
	uint64_t fed, framed; /* bytes that wslay was given; and in whole frames */
	bool fragmented;
	_Atomic bool woken;
	bool listed;       /* in its loop's list … */
	struct live *next; /* … under that loop's lock */
};

/* After the exchange that began it, of whose request `used` bytes are done with: it is the loop's from now on. */
void live_begin(struct conn *k, size_t used);
/* conn_advance of what stays: flushes, reads, and is READY when it should have a turn. */
enum conn_phase live_advance(struct conn *k);
/* Its deadline has passed. */
void live_expire(struct conn *k);
/* The server ends. */
void live_leave(struct conn *k);
/* By its loop, before it frees the connection. */
void live_gone(struct conn *k);

/* A READY one stands in line for its turn. */
void live_push(struct conn *k);
void live_line_init(struct live_line *line);
enum err live_line_start(struct ctx *c, struct http_server *s) MUST;
void live_line_stop(struct http_server *s);

/* False when the server's memory for buffers is used up. */
bool live_bytes_put(struct http_server *s, struct live_bytes *b, const void *bytes, size_t len)
	MUST;
void live_bytes_drop(struct http_server *s, struct live_bytes *b);
void live_bytes_skip(struct http_server *s, struct live_bytes *b, size_t len);
static inline size_t live_bytes_left(const struct live_bytes *b)
{
	return b->len - b->first;
}

/* What the peer sent, as far as it is to be read: 0 at the end, -1 and errno. */
ssize_t live_read(struct live *l, void *into, size_t len);

/* What shows the peer that its key was understood (RFC 6455, 4.2.2). */
struct str websocket_accept(struct arena *a, struct str key);

/* A WebSocket's: reads what is there; sends a frame; forgets what it can. */
void websocket_read(struct live *l);
void websocket_send(struct live *l, uint8_t opcode, struct str bytes);
void websocket_close(struct live *l, int code, struct str reason);
void websocket_done(struct live *l);

#endif
