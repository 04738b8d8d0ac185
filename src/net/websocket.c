/*
 * RFC 6455 by wslay. What wslay needs for a connection (4 KiB and more) is there only while a frame or a fragmented
 * message is under way: between messages it knows nothing that the next one would miss.
 */
#include "net/live_parts.h"

#include "base/hash.h"
#include "base/hex.h"
#include "net/exchange.h"

#include <errno.h>

enum {
	KEY_LEN = 24,       /* 16 bytes in base64 */
	FRAMES_BURST = 200, /* frames that a peer may send at once … */
	FRAME_US = 100000,  /* … and then one in so long */
};

static bool lists(struct str value, const char *word)
{
	while (value.len)
		if (str_eq_nocase(str_trim(str_cut(&value, ',')), str_of(word)))
			return true;
	return false;
}

static bool is_key(struct str key)
{
	char bytes[KEY_LEN];
	size_t len;
	return key.len == KEY_LEN && base64_decode(key, bytes, &len) && len == 16;
}

bool websocket_is_asked(const struct http_exchange *x, int *status, const char **why)
{
	*why = NULL;
	if (!lists(http_header(x, "upgrade"), "websocket") ||
		!lists(http_header(x, "connection"), "upgrade"))
		return false;
	*status = 400;
	if (!str_is(x->method, "GET") || x->minor == 0)
		*why = "a WebSocket begins with GET and HTTP/1.1";
	else if (!is_key(http_header(x, "sec-websocket-key")))
		*why = "Sec-WebSocket-Key must be 16 bytes in base64";
	else if (!str_is(http_header(x, "sec-websocket-version"), "13")) {
		*why = "the only known version of WebSocket is 13";
		*status = 426;
	}
	return true;
}

/* RFC 6455, 4.2.2: it shows that we know what is asked for. */
struct str websocket_accept(struct arena *a, struct str key)
{
	struct hash hash;
	uint8_t digest[HASH_MAX];
	hash_init(&hash, HASH_SHA1);
	hash_update(&hash, key.at, key.len);
	hash_update(&hash, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36);
	hash_final(&hash, digest);
	return base64_encode(a, str_from(digest, hash_size(HASH_SHA1)));
}

/* Every frame costs the peer some of its time; who has none left is stopped. */
static bool may_send_frame(struct live *l)
{
	int64_t now = server_now(l->conn->server);
	if (l->frames_at < now - (int64_t)FRAMES_BURST * FRAME_US)
		l->frames_at = now - (int64_t)FRAMES_BURST * FRAME_US;
	l->frames_at += FRAME_US;
	return l->frames_at <= now;
}

static ssize_t on_read(
	struct wslay_event_context *ws, uint8_t *into, size_t len, int flags, void *arg)
{
	struct live *l = arg;
	(void)flags;
	bool later = live_bytes_left(&l->in) || live_bytes_left(&l->out) > LIVE_READ_ABOVE;
	ssize_t got = later || l->ending ? -1 : live_read(l, into, len);
	if (got > 0) {
		l->fed += (uint64_t)got;
		return got;
	}
	bool waits = later || l->ending || (got < 0 && errno == EAGAIN);
	if (!waits)
		l->conn->phase = CONN_DEAD;
	wslay_event_set_error(ws, waits ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static ssize_t on_write(
	struct wslay_event_context *ws, const uint8_t *bytes, size_t len, int flags, void *arg)
{
	struct live *l = arg;
	(void)flags;
	if (live_bytes_put(l->conn->server, &l->out, bytes, len))
		return (ssize_t)len;
	wslay_event_set_error(ws, WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static void on_frame(struct wslay_event_context *ws,
	const struct wslay_event_on_frame_recv_start_arg *frame, void *arg)
{
	struct live *l = arg;
	uint64_t len = frame->payload_length;
	(void)ws;
	/* The two first bytes, a longer length where there is one, and the mask. */
	l->framed += 2 + (len < 126 ? 0 : len <= UINT16_MAX ? 2 : 8) + 4 + len;
	if (!wslay_is_ctrl_frame(frame->opcode))
		l->fragmented = !frame->fin;
	if (!may_send_frame(l) && !l->ending)
		websocket_close(l, LIVE_POLICY, STR("too many messages: slow down"));
}

static void on_message(struct wslay_event_context *ws,
	const struct wslay_event_on_msg_recv_arg *message, void *arg)
{
	struct live *l = arg;
	uint32_t len = (uint32_t)message->msg_length;
	(void)ws;
	if (message->opcode == WSLAY_BINARY_FRAME)
		websocket_close(l, LIVE_UNSUPPORTED, STR("messages are text"));
	if (message->opcode != WSLAY_TEXT_FRAME || l->ending)
		return;
	ASSERT(message->msg_length <= LIVE_MESSAGE_MAX);
	struct http_server *s = l->conn->server;
	if (!live_bytes_put(s, &l->in, &len, sizeof len) ||
		!live_bytes_put(s, &l->in, message->msg, len))
		l->conn->phase = CONN_DEAD;
}

static const struct wslay_event_callbacks callbacks = {
	.recv_callback = on_read,
	.send_callback = on_write,
	.on_frame_recv_start_callback = on_frame,
	.on_msg_recv_callback = on_message,
};

static struct wslay_event_context *context_of(struct live *l)
{
	if (l->ws)
		return l->ws;
	if (wslay_event_context_server_init(&l->ws, &callbacks, l) != 0)
		host_panic("out of memory");
	wslay_event_config_set_max_recv_msg_length(l->ws, LIVE_MESSAGE_MAX);
	l->fed = l->framed = 0;
	return l->ws;
}

/* Between messages it goes. */
static void tidy(struct live *l)
{
	if (l->ws && l->fed == l->framed && !l->fragmented && !l->ending)
		websocket_done(l);
}

void websocket_done(struct live *l)
{
	if (l->ws)
		wslay_event_context_free(l->ws);
	l->ws = NULL;
}

/* What wslay has to say: what we told it, and its own answers to pings and to the end. */
static void write_out(struct live *l)
{
	if (wslay_event_send(l->ws) != 0)
		l->conn->phase = CONN_DEAD;
	if (wslay_event_get_close_sent(l->ws))
		l->ending = true;
}

void websocket_read(struct live *l)
{
	int wrong = wslay_event_recv(context_of(l));
	if (l->conn->phase == CONN_DEAD)
		return;
	if (wrong && l->ending)
		return; /* it has been told why already */
	if (wrong) {
		/* Of what is no frame at all, wslay would only say goodbye without a reason. */
		websocket_done(l);
		websocket_close(l, LIVE_PROTOCOL, STR("that is no frame of a WebSocket"));
		return;
	}
	write_out(l);
	tidy(l);
}

void websocket_send(struct live *l, uint8_t opcode, struct str bytes)
{
	const struct wslay_event_msg message = {
		.opcode = opcode, .msg = (const uint8_t *)bytes.at, .msg_length = bytes.len};
	if (wslay_event_queue_msg(context_of(l), &message) != 0)
		l->conn->phase = CONN_DEAD;
	else
		write_out(l);
	tidy(l);
}

void websocket_close(struct live *l, int code, struct str reason)
{
	/* It may be that the peer has begun to close: then wslay has answered already. */
	if (wslay_event_queue_close(
		    context_of(l), (uint16_t)code, (const uint8_t *)reason.at, reason.len) == 0)
		write_out(l);
	l->ending = true;
}
