/*
 * What a peer sends to a connection that is a WebSocket, in pieces as long as the first byte says; or, after 'U', the
 * headers with which it asks for one.
 *
 * Whatever it is, messages come out whole, as UTF-8 and no longer than they may be; what we say are frames; and between
 * messages nothing is kept.
 */
#include "fuzz/fuzz.h"

#include "base/buf.h"
#include "net/live_parts.h"

#include <errno.h>

static struct str input_left;
static size_t piece;
static struct buf said;

static ssize_t fake_read(struct conn *k, const struct iovec *into, int count)
{
	(void)k;
	(void)count;
	size_t len = into->iov_len < piece ? into->iov_len : piece;
	len = len < input_left.len ? len : input_left.len;
	if (!len) {
		errno = EAGAIN;
		return -1;
	}
	memcpy(into->iov_base, input_left.at, len);
	input_left = str_from_index(input_left, len);
	return (ssize_t)len;
}

static ssize_t fake_write(struct conn *k, const struct iovec *parts, int count, bool more)
{
	(void)k;
	(void)count;
	(void)more;
	buf_bytes(&said, parts->iov_base, parts->iov_len);
	return (ssize_t)parts->iov_len;
}

static void fake_finish(struct conn *k)
{
	(void)k;
}

static const struct transport fake = {
	.read = fake_read, .write = fake_write, .finish = fake_finish};

static void ignore_gone(void *arg)
{
	(void)arg;
}

static const struct live_ops ops = {.gone = ignore_gone};

/* Unmasked, whole, and the last is the closing if there is one. */
static void check_frames(struct str bytes)
{
	bool closed = false;
	while (bytes.len) {
		ASSERT(!closed && bytes.len >= 2);
		uint8_t first = (uint8_t)bytes.at[0], second = (uint8_t)bytes.at[1];
		ASSERT((first & 0xf0) == 0x80 && second < 126);
		closed = (first & 15) == WSLAY_CONNECTION_CLOSE;
		ASSERT(closed || (first & 15) == WSLAY_PONG);
		ASSERT(bytes.len >= 2u + second);
		bytes = str_from_index(bytes, 2u + second);
	}
}

static void take_messages(struct live *l)
{
	struct str message;
	while (live_take(l, &message)) {
		ASSERT(message.len <= LIVE_MESSAGE_MAX);
		ASSERT(str_is_utf8(message));
	}
}

static void check_conversation(struct ctx *c, struct str input)
{
	struct http_server server = {
		.config = {.world = c->world, .buffers_max = 1 << 20, .stall_ms = 1000}};
	struct loop loop = {.server = &server};
	struct conn k = {
		.fd = -1, .transport = &fake, .server = &server, .loop = &loop, .phase = CONN_LIVE};
	struct live *l = host_alloc(sizeof *l);
	*l = (struct live){.conn = &k, .ops = &ops, .kind = LIVE_WEBSOCKET};
	k.live = l;
	said = (struct buf){.arena = c->arena};
	input_left = str_from_index(input, 1);
	piece = 1 + (uint8_t)input.at[0];
	for (size_t before = SIZE_MAX; input_left.len != before || k.phase == CONN_READY;) {
		before = input_left.len;
		if (k.phase == CONN_READY)
			k.phase = CONN_LIVE;
		take_messages(l);
		live_advance(&k);
		if (k.phase != CONN_LIVE && k.phase != CONN_READY)
			break;
	}
	if (k.phase == CONN_LIVE)
		ASSERT(!l->ws == (l->fed == l->framed && !l->fragmented));
	check_frames(buf_view(&said));
	live_gone(&k);
	conn_drop_buffer(&k);
	ASSERT(atomic_load(&server.buffers) == 0);
}

static void check_handshake(struct ctx *c, struct str input)
{
	struct http_header headers[8];
	struct http_exchange x = {.ctx = c, .method = STR("GET"), .minor = 1, .headers = headers};
	int status = 0;
	const char *why;
	while (input.len && x.header_count < 8) {
		struct str line = str_cut(&input, '\n'), name = str_cut(&line, ':');
		headers[x.header_count++] = (struct http_header){name, str_trim(line)};
	}
	if (!websocket_is_asked(&x, &status, &why))
		return;
	ASSERT(!why || status == 400 || status == 426);
	struct str key = http_header(&x, "sec-websocket-key");
	ASSERT(why || key.len == 24);
	ASSERT(why || websocket_accept(c->arena, key).len == 28);
}

static void fuzz_one(struct ctx *c, struct str input)
{
	if (input.len && input.at[0] == 'U')
		check_handshake(c, str_from_index(input, 1));
	else if (input.len)
		check_conversation(c, input);
}
