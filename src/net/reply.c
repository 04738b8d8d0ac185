#include "net/exchange.h"

#include "base/date.h"

enum { GATHER_MOST = 4096 }; /* longer writes go out at once, from where they are */

static const struct {
	int status;
	const char *words;
} reasons[] = {
	{200, "OK"},
	{201, "Created"},
	{202, "Accepted"},
	{204, "No Content"},
	{206, "Partial Content"},
	{301, "Moved Permanently"},
	{302, "Found"},
	{303, "See Other"},
	{304, "Not Modified"},
	{307, "Temporary Redirect"},
	{308, "Permanent Redirect"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{408, "Request Timeout"},
	{409, "Conflict"},
	{410, "Gone"},
	{411, "Length Required"},
	{412, "Precondition Failed"},
	{413, "Content Too Large"},
	{414, "URI Too Long"},
	{415, "Unsupported Media Type"},
	{416, "Range Not Satisfiable"},
	{417, "Expectation Failed"},
	{421, "Misdirected Request"},
	{422, "Unprocessable Content"},
	{426, "Upgrade Required"},
	{428, "Precondition Required"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
	{505, "HTTP Version Not Supported"},
	{507, "Insufficient Storage"},
};

const char *http_reason(int status)
{
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
		if (reasons[i].status == status)
			return reasons[i].words;
	}
	return "Status";
}

void http_set(struct http_exchange *pub, const char *name, struct str value)
{
	struct reply *r = &exchange_of(pub)->reply;
	ASSERT(http_is_token(str_of(name)));
	if (!http_is_value(value)) {
		r->bad_field = true;
		return;
	}
	buf_cstr(&r->fields, name);
	buf_str(&r->fields, STR(": "));
	buf_str(&r->fields, value);
	buf_str(&r->fields, STR("\r\n"));
}

static const char *date_now(struct worker *w)
{
	int64_t second = w->server->config.world->clock() / 1000000;
	if (second != w->date_second) {
		date_http(second, w->date);
		w->date_second = second;
	}
	return w->date;
}

static bool has_no_body(int status)
{
	return status == 204 || status == 304;
}

static void write_head(struct exchange *x, int status, uint64_t length)
{
	struct reply *r = &x->reply;
	struct buf *b = &r->head;
	b->len = 0;
	buf_reserve(b, 256 + r->fields.len);
	buf_fmt(b, "HTTP/1.1 %d %s\r\nDate: %s\r\nX-Request-Id: %s\r\n", status,
		http_reason(status), date_now(x->worker), x->ctx.id);
	if (r->chunked)
		buf_str(b, STR("Transfer-Encoding: chunked\r\n"));
	else if (length != HTTP_UNKNOWN && !has_no_body(status))
		buf_fmt(b, "Content-Length: %llu\r\n", (unsigned long long)length);
	if (!r->keep_alive)
		buf_str(b, STR("Connection: close\r\n"));
	else if (x->pub.minor == 0)
		buf_str(b, STR("Connection: keep-alive\r\n"));
	buf_str(b, buf_view(&r->fields));
	buf_str(b, STR("\r\n"));
}

/* Waits no longer than `micros` for the peer to take what it did not take before. */
static enum err send_backlog(struct exchange *x, int64_t micros)
{
	struct reply *r = &x->reply;
	struct iovec part = {r->backlog.at, r->backlog.len}, *rest = &part;
	int count = r->backlog.len ? 1 : 0;
	TRY(conn_send_some(&x->ctx, x->conn, &rest, &count, micros));
	r->backlog.len = count ? part.iov_len : 0;
	if (count)
		memmove(r->backlog.at, part.iov_base, part.iov_len);
	return OK;
}

static enum err send_parts(struct exchange *x, struct iovec *parts, int count)
{
	struct reply *r = &x->reply;
	if (!r->at_once)
		return conn_send(&x->ctx, x->conn, parts, count);
	if (!r->backlog.len)
		TRY(conn_send_some(&x->ctx, x->conn, &parts, &count, 0));
	for (int i = 0; i < count; i++)
		buf_bytes(&r->backlog, parts[i].iov_base, parts[i].iov_len);
	return OK;
}

/* From now on the peer is waited for. */
static enum err wait_again(struct exchange *x)
{
	struct reply *r = &x->reply;
	struct iovec part = {r->backlog.at, r->backlog.len};
	r->at_once = false;
	r->backlog.len = 0;
	enum err wrong = part.iov_len ? conn_send(&x->ctx, x->conn, &part, 1) : OK;
	if (wrong)
		r->state = REPLY_BROKEN;
	return wrong;
}

/* Everything held back, `more`, and the end of the body if it is the last: in one system call. */
static enum err send_all(struct exchange *x, const void *more, size_t len, bool last)
{
	struct reply *r = &x->reply;
	struct iovec parts[5];
	char size[24];
	int count = 0;
	if (last)
		TRY(wait_again(x));
	size_t body = r->held + len;
	if (r->head.len)
		parts[count++] = (struct iovec){r->head.at, r->head.len};
	if (r->chunked && body)
		parts[count++] = (struct iovec){
			size, fmt_into(size, sizeof size, "%llx\r\n", (unsigned long long)body)};
	if (r->held)
		parts[count++] = (struct iovec){x->worker->out, r->held};
	if (len)
		parts[count++] = (struct iovec){(void *)(uintptr_t)more, len};
	static const char end[] = "\r\n0\r\n\r\n";
	if (r->chunked && body)
		parts[count++] = (struct iovec){(void *)(uintptr_t)end, last ? 7 : 2};
	else if (r->chunked && last)
		parts[count++] = (struct iovec){(void *)(uintptr_t)(end + 2), 5};
	if (count == 0)
		return OK;
	r->started = true;
	r->head.len = 0;
	r->held = 0;
	enum err wrong = send_parts(x, parts, count);
	if (wrong)
		r->state = REPLY_BROKEN;
	else
		r->wire += body;
	return wrong;
}

static enum err reply_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	struct reply *r = (struct reply *)self;
	struct exchange *x = (struct exchange *)((char *)r - offsetof(struct exchange, reply));
	if (r->state != REPLY_OPEN)
		return fail(c, ERR_CANCELED, "the reply is over");
	if (r->left != HTTP_UNKNOWN) {
		if (len > r->left)
			return fail(c, ERR_CORRUPT, "there is more to send than was announced");
		r->left -= len;
	}
	/* Nobody sees it, but whoever makes it must still learn that it is not wanted any more. */
	if (r->mute)
		return ctx_check(c);
	enum err wrong = OK;
	if (len < GATHER_MOST) {
		if (r->held + len > HTTP_OUT_BYTES)
			wrong = send_all(x, NULL, 0, false);
		memcpy(x->worker->out + r->held, bytes, len);
		r->held += len;
	} else {
		wrong = send_all(x, bytes, len, false);
	}
	return wrong && c != &x->ctx ? fail(c, wrong, "%s", x->ctx.error.text) : wrong;
}

static enum err reply_flush(struct ctx *c, struct sink *self)
{
	struct reply *r = (struct reply *)self;
	struct exchange *x = (struct exchange *)((char *)r - offsetof(struct exchange, reply));
	enum err wrong = reply_push(x);
	return wrong && c != &x->ctx ? fail(c, wrong, "%s", x->ctx.error.text) : wrong;
}

static enum err reply_push_for(struct ctx *c, struct sink *self, int64_t micros, bool *all)
{
	struct reply *r = (struct reply *)self;
	struct exchange *x = (struct exchange *)((char *)r - offsetof(struct exchange, reply));
	if (r->state != REPLY_OPEN)
		return fail(c, ERR_CANCELED, "the reply is over");
	r->at_once = true;
	enum err wrong = send_all(x, NULL, 0, false);
	if (!wrong && r->backlog.len)
		wrong = send_backlog(x, micros);
	if (wrong)
		r->state = REPLY_BROKEN;
	*all = !r->backlog.len;
	return wrong && c != &x->ctx ? fail(c, wrong, "%s", x->ctx.error.text) : wrong;
}

void reply_open(struct exchange *x)
{
	x->reply = (struct reply){.sink = {reply_write, reply_flush, reply_push_for},
		.fields.arena = &x->worker->replies,
		.head.arena = &x->worker->replies,
		.backlog.arena = &x->worker->replies};
}

enum err reply_push(struct exchange *x)
{
	if (x->reply.state != REPLY_OPEN)
		return OK;
	TRY(wait_again(x));
	return send_all(x, NULL, 0, false);
}

/* Decides how the reply's end will be known, and whether the connection goes on after it. */
static void frame(struct exchange *x, int status, uint64_t length)
{
	struct reply *r = &x->reply;
	bool unknown = length == HTTP_UNKNOWN;
	bool draining = atomic_load(&x->worker->server->draining);
	r->mute = str_is(x->pub.method, "HEAD") || has_no_body(status);
	r->chunked = unknown && !r->mute && x->pub.minor > 0;
	r->left = has_no_body(status) ? 0 : length;
	r->keep_alive = x->head.keep_alive && !draining && !x->body.expected && body_is_here(x) &&
			(!unknown || r->mute || r->chunked);
}

enum err http_begin(struct http_exchange *pub, int status, uint64_t length, struct sink **out)
{
	struct exchange *x = exchange_of(pub);
	struct reply *r = &x->reply;
	ASSERT(status >= 200 && status <= 599);
	ASSERT(!has_no_body(status) || length == 0 || length == HTTP_UNKNOWN);
	if (r->state != REPLY_NONE)
		return fail(&x->ctx, ERR_CANCELED, "a reply has begun already");
	if (r->bad_field)
		return fail(&x->ctx, ERR_IO, "a header of the reply has a control byte in it");
	frame(x, status, length);
	write_head(x, status, length);
	r->state = REPLY_OPEN;
	pub->status = status;
	*out = &r->sink;
	return OK;
}

enum err http_flush(struct http_exchange *pub)
{
	return reply_push(exchange_of(pub));
}

enum err http_end(struct http_exchange *pub)
{
	struct exchange *x = exchange_of(pub);
	struct reply *r = &x->reply;
	if (r->state != REPLY_OPEN)
		return fail(&x->ctx, ERR_CANCELED, "the reply is over");
	if (!r->mute && r->left != 0 && r->left != HTTP_UNKNOWN)
		return fail(&x->ctx, ERR_CORRUPT, "there is less to send than was announced");
	TRY(send_all(x, NULL, 0, true));
	r->state = REPLY_ENDED;
	return OK;
}

enum err http_reply(struct http_exchange *pub, int status, const char *type, struct str body)
{
	struct sink *out;
	struct exchange *x = exchange_of(pub);
	if (type)
		http_set(pub, "Content-Type", str_of(type));
	TRY(http_begin(pub, status, body.len, &out));
	/* Into one system call with the head, however long it is. */
	struct reply *r = &x->reply;
	r->left = 0;
	TRY(send_all(x, body.at, r->mute ? 0 : body.len, true));
	r->state = REPLY_ENDED;
	return OK;
}

/* The handler failed or forgot: an error in its place, as long as nothing has been sent. */
static void answer_instead(struct exchange *x)
{
	struct error error = x->ctx.error;
	int status = error.kind ? err_http_status(error.kind) : 500;
	bool ours = status >= 500 || status == 499;
	const char *text = ours && error.kind != ERR_UNAVAILABLE ? "the server failed" : error.text;
	reply_open(x);
	text = arena_fmt(x->ctx.arena, "%s\n", text);
	if (http_reply(&x->pub, status == 499 ? 503 : status, "text/plain; charset=utf-8",
		    str_of(text)) != OK)
		x->reply.state = REPLY_BROKEN;
	if (error.kind)
		x->ctx.error = error;
}

bool reply_close(struct exchange *x)
{
	struct reply *r = &x->reply;
	bool gone = atomic_load(&x->conn->state) & CONN_GONE;
	if (r->state == REPLY_NONE && gone && x->ctx.error.kind == ERR_CANCELED)
		return false;
	if (r->state == REPLY_NONE || (r->state == REPLY_OPEN && !r->started))
		answer_instead(x);
	if (r->state == REPLY_ENDED)
		return r->keep_alive;
	if (r->state == REPLY_OPEN && reply_push(x) != OK)
		r->state = REPLY_BROKEN;
	/* Where only the end of the connection ends the body, an orderly end would be a lie. */
	if (x->pub.minor == 0 || x->ctx.error.kind == ERR_TIMEOUT)
		x->conn->reset = true;
	return false;
}
