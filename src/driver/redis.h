/*
 * One Redis server: where it is, whether it is there, and connections to it.
 *
 * hiredis connects and reads RESP2, TLS is redis_link.h; sockets do not block, so that all waiting is
 * ours and ends in time. A connection is one thread's at a time, struct redis everybody's. What is logged of a loss
 * is logged here, once for all who notice.
 *
 * Only the look-up of a host's name takes the time that the system's resolver takes.
 */
#ifndef DRIVER_REDIS_H
#define DRIVER_REDIS_H

#include "base/buf.h"
#include "base/ctx.h"
#include "base/host.h"
#include "driver/redis_link.h"
#include "port/secret.h"

enum {
	REDIS_PATIENCE_US = 1000000, /* for a connection and its answers together */
	REDIS_PAUSE_US = 500000,     /* after a failure, before it is tried again */
};

struct redis {
	const struct world *world;
	struct arena arena; /* of the texts */
	const char *host, *user, *password, *database;
	struct secret_set
		login;     /* where user and password are looked up; fixed: they are those above */
	const char *where; /* "host:port" */
	int port;
	bool secret; /* over TLS */
	struct redis_trust trust;
	struct host_lock lock;
	bool lost;
	int64_t lost_at, next_try, reminded, refused; /* world->monotonic() */
	int64_t failed;                               /* calls since it is lost */
};

enum redis_kind { REDIS_NIL, REDIS_NUMBER, REDIS_TEXT, REDIS_REFUSAL, REDIS_LIST };

/* In the arena of the context that received it. */
struct redis_reply {
	enum redis_kind kind;
	int64_t number;
	struct str text; /* a refusal's too */
	size_t count;
	struct redis_reply *items;
};

/*
 * Reads redis://[[USER][:PASSWORD]@]HOST[:PORT][/DATABASE], or rediss://, which is the same over TLS;
 * connects to nothing. ERR_INVALID; no message has the password in it.
 */
enum err redis_init(struct ctx *c, struct redis *r, const char *url, const struct world *world)
	MUST;
/* The same with a login that may change: a URL, a user, a password; and whose certificates are trusted
 * (redis_link.h). */
enum err redis_init_as(struct ctx *c, struct redis *r, const struct secret_set *login,
	const struct redis_files *files, const struct world *world) MUST;
void redis_done(struct redis *r);

/* When a call that begins now has to end: c->deadline, or when patience does. */
int64_t redis_limit(const struct ctx *c, const struct redis *r);

/* ERR_UNAVAILABLE at once while the server is lost, but for one caller after each pause. */
enum err redis_try(struct ctx *c, struct redis *r) MUST;
/* What the caller found out: c->error tells of a failure. */
void redis_lost(struct ctx *c, struct redis *r);
void redis_back(struct redis *r);
/* ERR_UNAVAILABLE, of a server that is there and refuses; logged once a minute. */
enum err redis_refused(struct ctx *c, struct redis *r, struct str text);

/* Connects and signs in. This and the rest: ERR_UNAVAILABLE, or ERR_TIMEOUT at c->deadline; then the
 * connection is good for nothing but redis_disconnect. */
enum err redis_connect(struct ctx *c, struct redis *r, int64_t limit, struct redis_link **out) MUST;
/* NULL is OK. */
void redis_disconnect(struct redis_link *conn);
/* False when the other side closed it, or said what nobody asked for. */
bool redis_is_idle(struct redis_link *conn);

/* Appends a command of `count` words. */
void redis_command(struct buf *out, size_t count, const struct str *words);
enum err redis_send(struct ctx *c, struct redis *r, struct redis_link *conn, struct str commands,
	int64_t limit) MUST;
enum err redis_receive(struct ctx *c, struct redis *r, struct redis_link *conn, int64_t limit,
	struct redis_reply *out) MUST;
/* The same without waiting: *there is false when no whole reply has come. */
enum err redis_receive_now(struct ctx *c, struct redis *r, struct redis_link *conn, bool *there,
	struct redis_reply *out) MUST;

#endif
