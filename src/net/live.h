/*
 * Connections that stay after their exchange: a WebSocket (RFC 6455, framed by wslay), or a reply whose body goes
 * on as long as both want (server-sent events).
 *
 * Such a connection is its loop's, and costs no thread and no buffer while nothing happens. When a message
 * came, or somebody called live_wake, one of the server's few threads for this takes it for a turn, in which
 * its owner says what there is to say. Nobody waits for the peer: what it does not take stays in a bounded buffer, and it
 * has no further turn until it took that; of one that takes nothing for `stall_ms` the owner is told (live_is_slow),
 * so that it can take leave. Who is silent for long is asked whether it is there.
 */
#ifndef NET_LIVE_H
#define NET_LIVE_H

#include "net/http.h"

enum {
	LIVE_MESSAGE_MAX = 8 << 10, /* of the peer; closed with 1009 beyond */
	LIVE_REASON_MAX = 123,      /* of a closing, in bytes */
};

/* How a WebSocket ends: RFC 6455, 7.4.1. */
enum {
	LIVE_GOING_AWAY = 1001,
	LIVE_PROTOCOL = 1002,
	LIVE_UNSUPPORTED = 1003,
	LIVE_POLICY = 1008,
	LIVE_TOO_BIG = 1009,
	LIVE_TRY_LATER = 1013,
};

enum live_kind { LIVE_WEBSOCKET, LIVE_STREAM };

struct live;

struct live_ops {
	/* One at a time for each connection, in a thread that may wait for others than the peer. `c` is
	 * of this turn. */
	void (*turn)(struct ctx *c, void *arg, struct live *l);
	/* It is being closed, after its last turn: forget it. In its loop's thread, so it waits for nothing. */
	void (*gone)(void *arg);
};

/* Does the client want a WebSocket here? *why: what is wrong with how it asks, and *status to refuse it
 * with; NULL: nothing. */
bool websocket_is_asked(const struct http_exchange *x, int *status, const char **why);

/*
 * In a handler, in place of a reply: 101, or for LIVE_STREAM 200, with what http_set added. On OK `arg` is the
 * connection's until `gone`, and *out is there until then; the first turn is not before the handler returns.
 */
enum err http_stay(struct http_exchange *x, enum live_kind kind, const struct live_ops *ops,
	void *arg, struct live **out) MUST;

/* From any thread, as long as `gone` has not returned: it is to have a turn soon. */
void live_wake(struct live *l);

/*
 * In a turn. live_take: the next message, good until the next call; false when there is none. live_send: a
 * message, or some bytes of a stream. live_close: after what was sent; 1 to LIVE_REASON_MAX bytes of
 * reason, cut there; nothing can be sent after it.
 */
bool live_take(struct live *l, struct str *message);
void live_send(struct live *l, struct str bytes);
void live_close(struct live *l, int code, struct str reason);

/* Bytes that the peer has not taken, those of this turn too. */
size_t live_backlog(const struct live *l);
/* It is to have another turn soon; or at the latest at this time (world->monotonic()), if none is sooner. */
void live_again(struct live *l);
void live_again_at(struct live *l, int64_t time);

/* Why this turn is the last: the server ends; the peer is too slow. Then close it. */
bool live_is_leaving(const struct live *l);
bool live_is_slow(const struct live *l);

#endif
