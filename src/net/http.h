/*
 * The HTTP/1.1 server: connections, limits, and one exchange (request and reply) at a time for a
 * handler.
 *
 * Loop threads own idle and slow connections and parse heads, strictly; a worker thread gets an
 * exchange whose head (and small body) is there, and runs the handler: straight-line code that
 * blocks in source_read and sink_write, which is the back-pressure both ways. A peer that stalls
 * gives ERR_TIMEOUT, one that went away ERR_CANCELED (from ctx_check too). Nothing here knows what
 * is served.
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include "base/ctx.h"
#include "base/str.h"
#include "base/stream.h"
#include "net/lane.h"

/* A body whose length nobody knows before its end: sent, or received, in chunks. */
#define HTTP_UNKNOWN UINT64_MAX

struct http_header {
	struct str name, value; /* the value without white space around it */
};

/* What a handler gets. One worker thread uses it until the handler returns; all of it lives as
 * long. */
struct http_exchange {
	struct ctx *ctx;   /* arena of this exchange, request id, cancellation; set the deadline at
			      will */
	struct str method; /* as sent; "get" is not "GET" */
	struct str target; /* as sent */
	struct str raw_path; /* of the target, still percent-encoded: "/a%20b"; "*" for OPTIONS */
	struct str path;     /* decoded: no NUL, and no segment is "." or ".." */
	struct str query;    /* as sent, without the '?' */
	struct str host;     /* "git.example.org:8080"; empty only from an HTTP/1.0 client */
	struct str peer;     /* the IP address at the other end */
	int peer_port;
	bool secure;       /* it came in TLS */
	struct str client; /* the name that the client's certificate proves: "dns:a.example.org" or
			      "uri:…". Empty: none that was asked for */
	int minor;         /* 1 for HTTP/1.1, 0 for HTTP/1.0 */
	const struct http_header *headers;
	size_t header_count;
	struct source
		*body; /* decoded: of chunks and of gzip. Ends at once where there is no body */
	uint64_t body_length; /* as announced and encoded: 0, a length, or HTTP_UNKNOWN */
	uint64_t body_max; /* ERR_TOO_BIG beyond, in decoded bytes. The handler may change it before
			      it reads */
	int status;        /* of the reply that has begun; 0: none yet */
	const char *who, *what; /* the handler may set them, in the arena: for http_access only */
};

typedef void http_handler(void *arg, struct http_exchange *x);

/* The first header of that name, in any case; an empty string where there is none. */
struct str http_header(const struct http_exchange *x, const char *name);

/*
 * Adds a header to the reply to come, which has Date, X-Request-Id, Connection and what frames the
 * body by itself. A value with a control byte in it makes the reply a 500: no input can write
 * headers of its own.
 */
void http_set(struct http_exchange *x, const char *name, struct str value);

/*
 * Begins the reply with a body of `length` bytes, or HTTP_UNKNOWN; then write to *out (which drops
 * it all for HEAD), then http_end. Small writes are gathered: http_flush sends what is held back,
 * and so does waiting for more of the request's body. It may come before the request's body has
 * been read: what is unread then is dropped, or the connection closed so that the client still sees
 * the reply.
 */
enum err http_begin(struct http_exchange *x, int status, uint64_t length, struct sink **out) MUST;
enum err http_flush(struct http_exchange *x) MUST;

/* Without this the client is shown a broken-off reply: so just return after an error while
 * streaming. */
enum err http_end(struct http_exchange *x) MUST;

/* A whole reply from memory: begin, write, end. `type` may be NULL where `body` is empty. */
enum err http_reply(struct http_exchange *x, int status, const char *type, struct str body) MUST;

/* "404 Not Found" for 404: the words only. */
const char *http_reason(int status);

/* What happened, once the last byte has been handed to the kernel or the exchange has failed. */
struct http_access {
	struct str method, target; /* cut as they came; empty when the head could not be read */
	struct str peer, user_agent;
	struct str client;      /* as in the exchange */
	const char *id;         /* request id; "" when refused before there was one */
	const char *who, *what; /* as the handler left them in the exchange; may be NULL */
	int status;             /* 0: the client left without an answer */
	uint64_t in, out;       /* bytes of bodies as they crossed the wire */
	int64_t micros;         /* from the head's last byte to here, with the wait for a worker */
	int64_t waited;         /* of these, for a worker */
	const char *lane;       /* its name; NULL: there are none, or it was not asked */
	enum err error;         /* of the context when the handler returned */
	const char *error_text;
	const char
		*decision; /* by which a policy's own log knows what it said; NULL, "": nothing */
};

enum { HTTP_LISTEN_MAX = 4 };

struct tls;

/* Zero is the default that stands beside it. Times are in milliseconds, sizes in bytes. */
struct http_config {
	const struct world *world;              /* required */
	struct str listen[HTTP_LISTEN_MAX];     /* "127.0.0.1:8080"; see os/socket.h */
	struct str listen_tls[HTTP_LISTEN_MAX]; /* the same, for https */
	struct tls *tls;       /* required by these; it stays the caller's (net/tls.h) */
	http_handler *handler; /* required */
	void (*access)(void *arg, const struct http_access *access); /* any thread; may be NULL */
	void *arg;                                                   /* of both */
	int loops;                                                   /* 1 */
	int workers;             /* exchanges being worked on at once: max(8, 4 per core) */
	int threads_max;         /* and those that wait for their peer besides: 8 * workers */
	int queue_max;           /* exchanges waiting for a worker, 503 beyond: 1024 */
	http_classify *classify; /* with `arg`; NULL: there is one flow, without bounds */
	struct http_lane lanes[HTTP_LANES];
	int flow_workers;       /* exchanges of one flow that are worked on at once: no limit … */
	int group_workers;      /* … and of one group: no limit */
	int connections_max;    /* 503 beyond: 10000 */
	int connections_per_ip; /* 0: no limit. An IPv6 /64 counts as one */
	int handshakes_per_ip;  /* of TLS, under way: 1000 */
	size_t line_max;        /* of the request line, 414 beyond: 8 KiB */
	size_t head_max;        /* 431 beyond: 32 KiB */
	int header_max;         /* headers, 431 beyond: 100 */
	size_t small_body;      /* bodies up to this are read before a worker is taken: 64 KiB */
	size_t buffers_max;     /* memory for heads and small bodies of all, 503 beyond: 64 MiB */
	uint64_t body_max;      /* start value of http_exchange.body_max: no limit */
	size_t memory_max;      /* memory_max of every exchange's ctx: no limit */
	uint64_t gunzip_max;    /* of a gzip body, decoded: 64 MiB */
	int handshake_ms;       /* of TLS, in all: 10 s */
	int head_ms;            /* from a head's first byte to its last: 10 s */
	int idle_ms;            /* between requests: 60 s */
	int stall_ms;           /* a peer that takes or gives nothing: 30 s. */
	int rate_min;        /* bytes a second on the average of such a time, or it stalls: 1 KiB */
	int linger_ms;       /* for the rest of a request after an early reply: 5 s */
	uint64_t linger_max; /* of that rest: 16 MiB */
};

struct http_server;

/* How many workers there are where `workers` is 0. */
int http_workers_default(void);

/* Binds and listens, so that the address is ours or the caller hears why not. Serves nothing yet.
 */
enum err http_open(struct ctx *c, const struct http_config *config, struct http_server **out) MUST;

/* Starts the threads and returns. */
enum err http_start(struct ctx *c, struct http_server *s) MUST;

/* The port of the first address, and of the first for https; 0 where there is none. */
int http_port(const struct http_server *s);
int http_port_tls(const struct http_server *s);

/* Connections open now; threads alive; exchanges being worked on. For metrics. */
struct http_gauges {
	int connections, threads, exchanges;
	size_t buffers;
};
struct http_gauges http_gauges(const struct http_server *s);

/* True from the beginning of http_drain on: /readyz says so. */
bool http_draining(const struct http_server *s);

/*
 * Stops accepting, closes idle connections, lets exchanges finish and tells their clients
 * "Connection: close". After `ms` the rest is aborted. Returns when all is quiet: true when nothing
 * had to be aborted.
 */
bool http_drain(struct http_server *s, int ms);

/* After http_drain (or without http_start). A handler that ignores cancellation keeps this waiting.
 */
void http_close(struct http_server *s);

#endif
