#include "net/transport.h"

#include "net/conn.h"

#include <sys/socket.h>

static ssize_t plain_read(struct conn *k, const struct iovec *into, int count)
{
	return readv(k->fd, into, count);
}

static ssize_t plain_write(struct conn *k, const struct iovec *parts, int count, bool more)
{
	struct msghdr message = {
		.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = (size_t)count};
	return sendmsg(k->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0));
}

static void plain_finish(struct conn *k)
{
	socket_finish(k->fd);
}

static void plain_close(struct conn *k)
{
	(void)k;
}

const struct transport transport_plain = {
	.read = plain_read,
	.write = plain_write,
	.finish = plain_finish,
	.close = plain_close,
	.takes_files = true,
};
