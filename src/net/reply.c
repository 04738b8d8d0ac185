#include "net/exchange.h"

#include "base/date.h"
#include "os/file.h"

enum {
	GATHER_MOST = 4096,    /* longer writes go out at once, from where they are */
	STRETCH_MOST = 1 << 20 /* of a file, before we look whether it is wanted still */
};

static const struct {
	int status;
	const char *words;
} reasons[] = {
	{101, "Switching Protocols"},
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
	return status == 101 || status == 204 || status == 304;
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
	if (status == 101)
		buf_str(b, STR("Connection: Upgrade\r\n"));
	else if (!r->keep_alive)
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
	struct iovec part = {r->backlog.at, r->backlog.len};
	struct conn_out out = {.parts = &part, .count = r->backlog.len ? 1 : 0};
	TRY(conn_send_some(&x->ctx, x->conn, &out, micros));
	r->backlog.len = out.count ? part.iov_len : 0;
	if (out.count)
		memmove(r->backlog.at, part.iov_base, part.iov_len);
	return OK;
}

static enum err hold_back(struct exchange *x, const struct conn_out *out)
{
	struct buf *b = &x->reply.backlog;
	for (int i = 0; i < out->count; i++)
		buf_bytes(b, out->parts[i].iov_base, out->parts[i].iov_len);
	buf_reserve(b, out->file_len);
	TRY(fd_read_all(&x->ctx, out->file.fd, out->file.at, b->at + b->len, out->file_len));
	b->len += out->file_len;
	return OK;
}

static enum err send_out(struct exchange *x, struct conn_out *out)
{
	struct reply *r = &x->reply;
	if (!r->at_once)
		return conn_send(&x->ctx, x->conn, out);
	if (!r->backlog.len)
		TRY(conn_send_some(&x->ctx, x->conn, out, 0));
	return conn_out_is_empty(out) ? OK : hold_back(x, out);
}

/* From now on the peer is waited for. */
static enum err wait_again(struct exchange *x)
{
	struct reply *r = &x->reply;
	struct iovec part = {r->backlog.at, r->backlog.len};
	r->at_once = false;
	r->backlog.len = 0;
	struct conn_out out = {.parts = &part, .count = part.iov_len ? 1 : 0};
	enum err wrong = conn_send(&x->ctx, x->conn, &out);
	if (wrong)
		r->state = REPLY_BROKEN;
	return wrong;
}

/* What comes before `len` more bytes of the body, with what is held back. */
struct lead {
	struct iovec parts[6]; /* room for two more */
	int count;
	size_t body; /* bytes of the body, those to come among them */
	char size[24];
};

static void lead_add(struct lead *l, const void *bytes, size_t len)
{
	if (len)
		l->parts[l->count++] = (struct iovec){(void *)(uintptr_t)bytes, len};
}

static void lead_take(struct exchange *x, struct lead *l, size_t len)
{
	struct reply *r = &x->reply;
	*l = (struct lead){.body = r->held + len};
	lead_add(l, "\r\n", r->in_chunk ? 2 : 0);
	lead_add(l, r->head.at, r->head.len);
	if (r->chunked && l->body)
		lead_add(l, l->size,
			fmt_into(l->size, sizeof l->size, "%llx\r\n", (unsigned long long)l->body));
	lead_add(l, x->worker->out, r->held);
	r->in_chunk = false;
	r->head.len = 0;
	r->held = 0;
}

static enum err send_lead(
	struct exchange *x, struct lead *l, size_t file_len, struct extent_file file)
{
	struct reply *r = &x->reply;
	struct conn_out out = {l->parts, l->count, file_len, file};
	if (conn_out_is_empty(&out))
		return OK;
	r->started = true;
	enum err wrong = send_out(x, &out);
	if (wrong)
		r->state = REPLY_BROKEN;
	else
		r->wire += l->body;
	return wrong;
}

/* Everything held back, `more`, and the end of the body if it is the last: in one system call. */
static enum err send_all(struct exchange *x, const void *more, size_t len, bool last)
{
	struct reply *r = &x->reply;
	struct lead l;
	if (last)
		TRY(wait_again(x));
	lead_take(x, &l, len);
	lead_add(&l, more, len);
	static const char end[] = "\r\n0\r\n\r\n";
	if (r->chunked && l.body)
		lead_add(&l, end, last ? 7 : 2);
	else if (r->chunked && last)
		lead_add(&l, end + 2, 5);
	return send_lead(x, &l, 0, (struct extent_file){.fd = -1});
}

static struct exchange *exchange_of_sink(struct sink *self)
{
	return (struct exchange *)((char *)self - offsetof(struct exchange, reply.sink));
}

/* In the words of whoever asked. */
static enum err told(struct ctx *c, struct exchange *x, enum err wrong)
{
	return wrong && c != &x->ctx ? fail(c, wrong, "%s", x->ctx.error.text) : wrong;
}

static enum err count_down(struct ctx *c, struct reply *r, uint64_t len)
{
	if (r->state != REPLY_OPEN)
		return fail(c, ERR_CANCELED, "the reply is over");
	if (r->left == HTTP_UNKNOWN)
		return OK;
	if (len > r->left)
		return fail(c, ERR_CORRUPT, "there is more to send than was announced");
	r->left -= len;
	return OK;
}

static enum err put(struct exchange *x, const void *bytes, size_t len)
{
	struct reply *r = &x->reply;
	if (len >= GATHER_MOST)
		return send_all(x, bytes, len, false);
	enum err wrong = r->held + len > HTTP_OUT_BYTES ? send_all(x, NULL, 0, false) : OK;
	memcpy(x->worker->out + r->held, bytes, len);
	r->held += len;
	return wrong;
}

static enum err reply_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	struct exchange *x = exchange_of_sink(self);
	TRY(count_down(c, &x->reply, len));
	/* Nobody sees it, but whoever makes it must still learn that it is not wanted any more. */
	return x->reply.mute ? ctx_check(c) : told(c, x, put(x, bytes, len));
}

/* One chunk of a file's bytes; its end goes out with what comes next. */
static enum err put_file(struct exchange *x, struct extent_file file, size_t len)
{
	struct lead l;
	lead_take(x, &l, len);
	x->reply.in_chunk = x->reply.chunked;
	return send_lead(x, &l, len, file);
}

static enum err reply_copy(
	struct ctx *c, struct sink *self, struct extent *from, uint64_t at, uint64_t len)
{
	struct exchange *x = exchange_of_sink(self);
	TRY(count_down(c, &x->reply, len));
	if (x->reply.mute)
		return ctx_check(c);
	for (size_t part; len; at += part, len -= part) {
		struct extent_file file = {.fd = -1};
		const uint8_t *bytes = NULL;
		part = len < STRETCH_MOST ? (size_t)len : STRETCH_MOST;
		TRY(ctx_check(c));
		if (part >= GATHER_MOST && x->conn->transport->takes_files)
			TRY(extent_file(c, from, at, part, &file));
		if (file.fd < 0)
			TRY(extent_window(c, from, at, part, &bytes));
		TRY(told(c, x, bytes ? put(x, bytes, part) : put_file(x, file, part)));
	}
	return OK;
}

static enum err reply_flush(struct ctx *c, struct sink *self)
{
	struct exchange *x = exchange_of_sink(self);
	return told(c, x, reply_push(x));
}

static enum err reply_push_for(struct ctx *c, struct sink *self, int64_t micros, bool *all)
{
	struct reply *r = (struct reply *)self;
	struct exchange *x = exchange_of_sink(self);
	if (r->state != REPLY_OPEN)
		return fail(c, ERR_CANCELED, "the reply is over");
	r->at_once = true;
	/* The end of a chunk is nothing that anybody waits for. */
	enum err wrong = r->head.len || r->held ? send_all(x, NULL, 0, false) : OK;
	if (!wrong && r->backlog.len)
		wrong = send_backlog(x, micros);
	if (wrong)
		r->state = REPLY_BROKEN;
	*all = !r->backlog.len;
	return told(c, x, wrong);
}

void reply_open(struct exchange *x)
{
	x->reply = (struct reply){.sink = {reply_write, reply_flush, reply_push_for, reply_copy},
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

enum err reply_stay(struct exchange *x, int status)
{
	struct reply *r = &x->reply;
	if (r->state != REPLY_NONE)
		return fail(&x->ctx, ERR_CANCELED, "a reply has begun already");
	if (r->bad_field)
		return fail(&x->ctx, ERR_IO, "a header of the reply has a control byte in it");
	write_head(x, status, HTTP_UNKNOWN);
	r->state = REPLY_OPEN;
	x->pub.status = status;
	TRY(send_all(x, NULL, 0, true));
	r->state = REPLY_ENDED;
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
