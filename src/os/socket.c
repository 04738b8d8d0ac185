#include "os/socket.h"

#include "base/buf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

/* "[::1]:8080" -> "::1", "8080"; an empty host means every address. */
static enum err split_address(struct ctx *c, struct str address, char host[256], char port[8])
{
	size_t colon = str_find_last(address, ':');
	struct str name = str_until(address, colon);
	struct str number = str_from_index(address, colon + 1);
	uint64_t value;
	if (colon == address.len || !str_to_u64(number, &value) || value > 65535)
		return fail(c, ERR_INVALID, "the address %.*s is not HOST:PORT", STR_FMT(address));
	if (name.len >= 2 && name.at[0] == '[' && name.at[name.len - 1] == ']')
		name = str_from(name.at + 1, name.len - 2);
	if (name.len >= 256 || memchr(name.at, 0, name.len))
		return fail(c, ERR_INVALID, "the host name in an address is too long");
	fmt_into(host, 256, "%.*s", STR_FMT(name));
	fmt_into(port, 8, "%u", (unsigned)value);
	return OK;
}

static int listen_on(const struct addrinfo *info)
{
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	int on = 1, off = 0;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (info->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	/* Accepted sockets inherit this. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

enum err socket_listen(struct ctx *c, struct str address, int *fd)
{
	char host[256], port[8];
	TRY(split_address(c, address, host, port));
	struct addrinfo hints = {.ai_family = host[0] ? AF_UNSPEC : AF_INET6,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *list = NULL;
	int error = getaddrinfo(host[0] ? host : NULL, port, &hints, &list);
	if (error)
		return fail(c, ERR_INVALID, "no address %.*s: %s", STR_FMT(address),
			gai_strerror(error));
	*fd = -1;
	for (struct addrinfo *at = list; at && *fd < 0; at = at->ai_next)
		*fd = listen_on(at);
	int why = errno;
	freeaddrinfo(list);
	if (*fd < 0 && !host[0] && why == EAFNOSUPPORT)
		return socket_listen(c, str_of(arena_fmt(c->arena, "0.0.0.0:%s", port)), fd);
	if (*fd < 0)
		return fail(c, ERR_UNAVAILABLE, "cannot listen on %.*s: %s", STR_FMT(address),
			strerrordesc_np(why));
	return OK;
}

uint16_t socket_port(int fd)
{
	struct sockaddr_in6 address = {0};
	socklen_t len = sizeof address;
	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return 0;
	if (address.sin6_family == AF_INET)
		return ntohs(((struct sockaddr_in *)(void *)&address)->sin_port);
	return address.sin6_family == AF_INET6 ? ntohs(address.sin6_port) : 0;
}

int socket_accept(int listener, struct socket_peer *peer)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof address;
	int fd = accept4(listener, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return -1;
	*peer = (struct socket_peer){.port = 0};
	if (address.ss_family == AF_INET6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;
		peer->address = in6->sin6_addr;
		peer->port = ntohs(in6->sin6_port);
	} else if (address.ss_family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)&address;
		memset(peer->address.s6_addr + 10, 0xff, 2);
		memcpy(peer->address.s6_addr + 12, &in->sin_addr, 4);
		peer->port = ntohs(in->sin_port);
	}
	return fd;
}

size_t socket_peer_text(const struct socket_peer *peer, char text[SOCKET_TEXT_MAX])
{
	bool v4 = IN6_IS_ADDR_V4MAPPED(&peer->address);
	const void *from = v4 ? (const void *)(peer->address.s6_addr + 12) : &peer->address;
	if (!inet_ntop(v4 ? AF_INET : AF_INET6, from, text, SOCKET_TEXT_MAX))
		text[0] = 0;
	return strlen(text);
}

int socket_wait(int fd, short events, int64_t micros)
{
	struct pollfd one = {fd, events, 0};
	int64_t millis = micros <= 0 ? 0 : (micros + 999) / 1000;
	int count = poll(&one, 1, millis > 1 << 30 ? 1 << 30 : (int)millis);
	if (count < 0)
		return errno == EINTR ? 0 : POLLERR;
	return count ? one.revents : 0;
}

void socket_finish(int fd)
{
	shutdown(fd, SHUT_WR);
}

void socket_reset(int fd)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(fd);
}
