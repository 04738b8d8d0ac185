/*
 * TCP sockets: listening, accepting, waiting. All of them are non-blocking and closed on exec;
 * whoever gets a descriptor owns it.
 */
#ifndef OS_SOCKET_H
#define OS_SOCKET_H

#include "base/ctx.h"
#include "base/str.h"

#include <netinet/in.h>

/* Who is at the other end. An IPv4 address is kept as ::ffff:a.b.c.d. */
struct socket_peer {
	struct in6_addr address;
	uint16_t port;
};

enum { SOCKET_TEXT_MAX = INET6_ADDRSTRLEN };

/*
 * Listens on "127.0.0.1:8080", "[::1]:8080", "localhost:8080", or on every address with ":8080".
 * Port 0 takes a free one (see socket_port). ERR_INVALID: no such address; ERR_UNAVAILABLE: it is
 * taken or not ours.
 */
enum err socket_listen(struct ctx *c, struct str address, int *fd) MUST;

/* The local port of a socket; 0 where it has none. */
uint16_t socket_port(int fd);

/* A connection, or -1 with errno. Small writes leave at once (TCP_NODELAY). */
int socket_accept(int listener, struct socket_peer *peer);

/* The address as text: "192.0.2.1" or "2001:db8::1". Returns its length. */
size_t socket_peer_text(const struct socket_peer *peer, char text[SOCKET_TEXT_MAX]);

/* Waits up to `micros` for one of poll's `events`. What happened, or 0 when the time is over. */
int socket_wait(int fd, short events, int64_t micros);

/* Tells the peer that we write no more; it still may. */
void socket_finish(int fd);

/* Closes so that the peer sees an error (RST) and cannot take what it got for complete. */
void socket_reset(int fd);

#endif
