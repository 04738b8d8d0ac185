#include "net/exchange.h"

enum { DIRECT_LEAST = 4096 }; /* a read of the caller's that is worth a place in a system call */

static size_t least(uint64_t a, uint64_t b)
{
	return (size_t)(a < b ? a : b);
}

static void note_end(struct exchange *x)
{
	struct body *b = &x->body;
	b->ended = b->chunked ? http_chunks_done(&b->chunks) : b->left == 0;
	if (b->ended)
		pool_body_done(&x->worker->server->pool, x->conn);
}

static enum err ask_to_go_on(struct exchange *x)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	if (!x->body.expected)
		return OK;
	x->body.expected = false;
	if (x->reply.started || x->conn->len > x->body.at)
		return OK;
	struct iovec part = {(void *)(uintptr_t)go_on, sizeof go_on - 1};
	return conn_send(&x->ctx, x->conn, &(struct conn_out){.parts = &part, .count = 1});
}

/* Bytes of the socket: into `into` up to `cap`, and what follows into the connection's buffer. */
static enum err receive(struct exchange *x, char *into, size_t cap, size_t *got)
{
	struct conn *k = x->conn;
	TRY(ask_to_go_on(x));
	TRY(reply_push(x));
	k->len = x->body.at = k->head_len;
	struct iovec parts[2] = {{into, cap}, {k->bytes + k->len, k->cap - k->len}};
	bool spill = x->body.chunked;
	size_t all;
	TRY(conn_receive(&x->ctx, k, cap ? parts : parts + 1, cap ? 1 + spill : 1, &all));
	*got = least(all, cap);
	k->len += all - *got;
	x->body.wire += all;
	return OK;
}

static enum err read_length(struct exchange *x, char *into, size_t cap, size_t *got)
{
	struct body *b = &x->body;
	size_t here = x->conn->len - b->at;
	*got = least(least(here, cap), b->left);
	if (*got) {
		memcpy(into, x->conn->bytes + b->at, *got);
		b->at += *got;
		b->wire += *got;
	} else if (b->left) {
		TRY(receive(x, into, least(cap, b->left), got));
	}
	b->left -= *got;
	return OK;
}

/* Decodes from the buffer; with cap 0 takes only what frames the data. What is broken stays so. */
static bool decode_here(struct exchange *x, char *into, size_t cap, size_t *got)
{
	struct body *b = &x->body;
	size_t here = x->conn->len - b->at;
	*got = cap;
	b->broken = b->broken ||
		    !http_chunks_decode(&b->chunks, x->conn->bytes + b->at, &here, into, got);
	if (b->broken)
		*got = 0;
	else
		b->at += here;
	return !b->broken;
}

static enum err read_chunks(struct exchange *x, char *into, size_t cap, size_t *got)
{
	struct body *b = &x->body;
	for (;;) {
		if (!decode_here(x, into, cap, got))
			return fail(
				&x->ctx, ERR_INVALID, "the body is not chunked as it should be");
		if (*got || http_chunks_done(&b->chunks))
			return OK;
		size_t ahead = least(http_chunks_ahead(&b->chunks), cap);
		TRY(receive(x, into, ahead >= DIRECT_LEAST ? ahead : 0, got));
		if (*got) {
			http_chunks_skip(&b->chunks, *got);
			return OK;
		}
	}
}

/* What crossed the wire, without its framing. *got is 0 at the end. */
static enum err read_raw(struct exchange *x, char *into, size_t cap, size_t *got)
{
	*got = 0;
	if (x->body.ended || cap == 0)
		return OK;
	enum err wrong =
		x->body.chunked ? read_chunks(x, into, cap, got) : read_length(x, into, cap, got);
	if (!wrong)
		note_end(x);
	return wrong;
}

static enum err fill_packed(struct exchange *x)
{
	struct body *b = &x->body;
	b->packed_at = 0;
	return read_raw(x, b->packed, HTTP_IN_BYTES, &b->packed_len);
}

static enum err read_gzip(struct exchange *x, char *into, size_t cap, size_t *got)
{
	struct body *b = &x->body;
	*got = 0;
	while (*got == 0 && !b->gunzip_done) {
		if (b->packed_at == b->packed_len)
			TRY(fill_packed(x));
		if (b->packed_len == 0)
			return fail(&x->ctx, ERR_INVALID, "the gzip body ends too early");
		struct zip_io io = {
			b->packed + b->packed_at, b->packed_len - b->packed_at, into, cap};
		TRY_WHILE(&x->ctx, inflate_step(&x->ctx, b->gunzip, &io, &b->gunzip_done),
			"unpacking the gzip body");
		b->packed_at += io.in_len;
		*got = io.out_len;
	}
	if (!b->gunzip_done || *got)
		return OK;
	if (b->packed_at == b->packed_len)
		TRY(fill_packed(x));
	if (b->packed_len)
		return fail(&x->ctx, ERR_INVALID, "there is something after the gzip body");
	return OK;
}

static enum err body_read(struct ctx *c, struct source *self, void *into, size_t cap, size_t *got)
{
	struct body *b = (struct body *)self;
	struct exchange *x = (struct exchange *)((char *)b - offsetof(struct exchange, body));
	uint64_t max = x->pub.body_max;
	*got = 0;
	if (cap == 0)
		return OK;
	if (b->gunzip)
		max = max < x->worker->server->config.gunzip_max
			      ? max
			      : x->worker->server->config.gunzip_max;
	else if (!b->chunked && x->pub.body_length > max)
		return fail(c, ERR_TOO_BIG, "the body is over %llu bytes", (unsigned long long)max);
	enum err wrong = b->gunzip ? read_gzip(x, into, cap, got) : read_raw(x, into, cap, got);
	if (wrong) {
		if (c != &x->ctx)
			return fail(c, wrong, "%s", x->ctx.error.text);
		return wrong;
	}
	b->decoded += *got;
	if (b->decoded > max)
		return fail(c, ERR_TOO_BIG, "the body is over %llu bytes", (unsigned long long)max);
	return OK;
}

enum err body_open(struct exchange *x)
{
	struct body *b = &x->body;
	*b = (struct body){.source.read = body_read,
		.at = x->conn->head_len,
		.chunked = x->head.length == HTTP_UNKNOWN,
		.left = x->head.length,
		.expected = x->head.expects_continue};
	x->pub.body = &b->source;
	x->pub.body_length = x->head.length;
	note_end(x);
	struct str coding = http_header(&x->pub, "content-encoding");
	if (coding.len == 0 || str_eq_nocase(coding, STR("identity")) || b->ended)
		return OK;
	if (!str_eq_nocase(coding, STR("gzip")) && !str_eq_nocase(coding, STR("x-gzip")))
		return fail(&x->ctx, ERR_UNSUPPORTED, "the only known Content-Encoding is gzip");
	b->packed = arena_raw(x->ctx.arena, HTTP_IN_BYTES);
	return inflate_open(&x->ctx, ZIP_GZIP, &b->gunzip);
}

void body_close(struct exchange *x)
{
	if (x->body.gunzip)
		inflate_close(x->body.gunzip);
	x->body.gunzip = NULL;
	pool_body_done(&x->worker->server->pool, x->conn);
}

bool body_is_here(struct exchange *x)
{
	struct body *b = &x->body;
	size_t none;
	if (b->ended)
		return true;
	if (b->chunked) {
		if (!decode_here(x, NULL, 0, &none))
			return false;
		note_end(x);
		return b->ended;
	}
	return b->left <= x->conn->len - b->at;
}

size_t body_skip(struct exchange *x)
{
	struct body *b = &x->body;
	if (!b->ended && !b->chunked) {
		b->at += (size_t)b->left;
		b->left = 0;
	}
	return b->at;
}
