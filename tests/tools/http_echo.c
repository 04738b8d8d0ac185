/*
 * A server with nothing behind it, to test the HTTP edge by: it echoes, counts, streams, sleeps and fails.
 *
 *	http_echo head_ms=500 workers=2 …
 *
 * Prints "PORT\n" when it listens, and JSON access lines afterwards. SIGTERM drains it for drain_ms.
 */
#include "base/buf.h"
#include "base/extent.h"
#include "base/uri.h"
#include "net/http.h"
#include "os/file.h"
#include "os/log.h"
#include "os/signal.h"
#include "os/world.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static struct http_server *server;
static _Atomic int canceled, timed_out, running;

static uint64_t number(struct http_exchange *x, const char *name, uint64_t fallback)
{
	struct str value;
	uint64_t out = fallback;
	if (uri_param(x->ctx->arena, x->query, str_of(name), &value) && !str_to_u64(value, &out))
		return fallback;
	return out;
}

static void nap(uint64_t millis)
{
	struct timespec time = {(time_t)(millis / 1000), (long)(millis % 1000) * 1000000};
	nanosleep(&time, NULL);
}

static enum err do_hello(struct http_exchange *x)
{
	return http_reply(x, 200, "text/plain", STR("hello\n"));
}

static enum err do_info(struct http_exchange *x)
{
	struct buf b = {.arena = x->ctx->arena};
	buf_fmt(&b, "method=%.*s\ntarget=%.*s\nraw_path=%.*s\npath=%.*s\nquery=%.*s\nhost=%.*s\n",
		STR_FMT(x->method), STR_FMT(x->target), STR_FMT(x->raw_path), STR_FMT(x->path),
		STR_FMT(x->query), STR_FMT(x->host));
	buf_fmt(&b, "peer=%.*s\nid=%s\nheaders=%zu\n", STR_FMT(x->peer), x->ctx->id,
		x->header_count);
	return http_reply(x, 200, "text/plain", buf_view(&b));
}

static enum err do_stats(struct http_exchange *x)
{
	struct http_gauges g = http_gauges(server);
	return http_reply(x, 200, "application/json",
		str_of(arena_fmt(x->ctx->arena,
			"{\"connections\":%d,\"threads\":%d,\"exchanges\":%d,\"buffers\":%zu,"
			"\"canceled\":%d,\"timed_out\":%d,\"running\":%d}\n",
			g.connections, g.threads, g.exchanges, g.buffers, canceled, timed_out,
			running)));
}

/* Sends back what comes, while it comes. */
static enum err do_echo(struct http_exchange *x)
{
	struct sink *out;
	TRY(http_begin(x, 200, HTTP_UNKNOWN, &out));
	char *bytes = arena_raw(x->ctx->arena, 65536);
	size_t got = 1;
	while (got) {
		TRY(source_read(x->ctx, x->body, bytes, 65536, &got));
		TRY(sink_write(x->ctx, out, bytes, got));
	}
	return http_end(x);
}

/* Reads everything, `ms` after each piece, and says how much and its sum. */
static enum err do_count(struct http_exchange *x)
{
	x->body_max = number(x, "max", x->body_max);
	uint64_t ms = number(x, "ms", 0), count = 0, sum = 0;
	unsigned char *bytes = arena_raw(x->ctx->arena, 65536);
	size_t got = 1;
	while (got) {
		TRY(source_read(x->ctx, x->body, bytes, 65536, &got));
		for (size_t i = 0; i < got; i++)
			sum = (sum * 31 + bytes[i]) & 0xffffffff;
		count += got;
		if (ms)
			nap(ms);
	}
	return http_reply(x, 200, "text/plain",
		str_of(arena_fmt(x->ctx->arena, "%llu %llu\n", (unsigned long long)count,
			(unsigned long long)sum)));
}

/* Sends `bytes` bytes in pieces of `piece`, `ms` after each; their length is announced when length=1. */
static enum err do_stream(struct http_exchange *x)
{
	uint64_t left = number(x, "bytes", UINT64_MAX), ms = number(x, "ms", 0);
	uint64_t piece = number(x, "piece", 65536);
	if (piece > 1 << 20 || piece == 0)
		return fail(x->ctx, ERR_INVALID, "piece is 1 to 1048576");
	char *bytes = arena_raw(x->ctx->arena, piece);
	memset(bytes, 'x', piece);
	struct sink *out;
	TRY(http_begin(x, 200, number(x, "length", 0) ? left : HTTP_UNKNOWN, &out));
	while (left) {
		size_t len = (size_t)(left < piece ? left : piece);
		TRY(sink_write(x->ctx, out, bytes, len));
		if (left != UINT64_MAX)
			left -= len;
		if (ms) {
			TRY(http_flush(x));
			nap(ms);
			TRY(ctx_check(x->ctx));
		}
	}
	return http_end(x);
}

/*
 * The same, but waits for the peer no longer than `ms` at a time, and ends with how often it did so in
 * vain.
 */
static enum err do_push(struct http_exchange *x)
{
	uint64_t left = number(x, "bytes", 0), ms = number(x, "ms", 0), vain = 0;
	uint64_t piece = number(x, "piece", 65536);
	if (piece > 8 << 20 || piece == 0)
		return fail(x->ctx, ERR_INVALID, "piece is 1 to 8388608");
	char *bytes = arena_raw(x->ctx->arena, piece);
	memset(bytes, 'x', piece);
	struct sink *out;
	TRY(http_begin(x, 200, HTTP_UNKNOWN, &out));
	while (left) {
		size_t len = (size_t)(left < piece ? left : piece);
		bool all;
		TRY(sink_push(x->ctx, out, (int64_t)ms * 1000, &all));
		if (all) {
			TRY(sink_write(x->ctx, out, bytes, len));
			left -= len;
			continue;
		}
		TRY(ctx_check(x->ctx));
		vain++;
		if (!ms)
			nap(1);
	}
	const char *end = arena_fmt(x->ctx->arena, "%llu", (unsigned long long)vain);
	TRY(sink_write(x->ctx, out, end, strlen(end)));
	return http_end(x);
}

/* A nameless file of the numbers 0, 1, 2 … in four bytes each, and its last `cut` bytes are missing. */
struct numbers_file {
	struct extent extent;
	int fd;
	char *bytes;
};

static enum err numbers_window(
	struct ctx *c, struct extent *self, uint64_t at, size_t len, const uint8_t **out)
{
	(void)c, (void)len;
	*out = (uint8_t *)((struct numbers_file *)self)->bytes + at;
	return OK;
}

static enum err numbers_place(
	struct ctx *c, struct extent *self, uint64_t at, size_t len, struct extent_file *out)
{
	(void)c, (void)len;
	*out = (struct extent_file){((struct numbers_file *)self)->fd, at};
	return OK;
}

static enum err numbers_open(
	struct ctx *c, struct numbers_file *f, int fd, uint64_t size, uint64_t cut)
{
	*f = (struct numbers_file){
		.extent = {.size = size, .window = numbers_window, .file = numbers_place},
		.fd = fd,
		.bytes = arena_raw(c->arena, size + 4)};
	for (uint32_t i = 0; i < size; i += 4)
		memcpy(f->bytes + i, &i, 4);
	return fd_write_all(c, fd, f->bytes, size - cut);
}

/* A line "part\n" and a piece of the file, over and over; waits no longer than `ms` at a time if push=1. */
static enum err send_copies(struct http_exchange *x, struct extent *from, struct sink *out)
{
	uint64_t piece = number(x, "piece", 65515);
	for (uint64_t at = 0; at < from->size;) {
		uint64_t len = from->size - at < piece ? from->size - at : piece;
		bool all = true;
		if (number(x, "push", 0))
			TRY(sink_push(x->ctx, out, (int64_t)number(x, "ms", 0) * 1000, &all));
		TRY(ctx_check(x->ctx));
		if (!all)
			continue;
		TRY(sink_write(x->ctx, out, "part\n", 5));
		TRY(sink_copy(x->ctx, out, from, at, len));
		at += len;
	}
	return http_end(x);
}

/* Sends `bytes` bytes of a file; the length of it all is announced when it is given. */
static enum err do_copy(struct http_exchange *x)
{
	uint64_t bytes = number(x, "bytes", 0);
	struct numbers_file f;
	struct sink *out;
	if (bytes > 64 << 20)
		return fail(x->ctx, ERR_INVALID, "bytes is at most 67108864");
	FD fd = memfd_create("numbers", MFD_CLOEXEC);
	TRY(numbers_open(x->ctx, &f, fd, bytes, number(x, "cut", 0)));
	TRY(http_begin(x, 200, number(x, "length", HTTP_UNKNOWN), &out));
	return send_copies(x, &f.extent, out);
}

/* Computes for `ms`, as far as anybody can tell. */
static enum err do_work(struct http_exchange *x)
{
	for (uint64_t ms = number(x, "ms", 1000); ms; ms -= ms < 5 ? ms : 5) {
		TRY(ctx_check(x->ctx));
		nap(5);
	}
	return do_hello(x);
}

static enum err do_early(struct http_exchange *x)
{
	http_set(x, "WWW-Authenticate", STR("Basic realm=\"test\""));
	return http_reply(x, 401, "text/plain", STR("sign in first\n"));
}

/* Takes one byte, answers, and leaves the rest of the body alone. */
static enum err do_first(struct http_exchange *x)
{
	char byte = 0;
	size_t got;
	TRY(source_read(x->ctx, x->body, &byte, 1, &got));
	return http_reply(x, 200, "text/plain", str_from(&byte, got));
}

static enum err do_break(struct http_exchange *x)
{
	struct sink *out;
	TRY(http_begin(x, 200, number(x, "length", 0) ? 100000 : HTTP_UNKNOWN, &out));
	TRY(sink_write(x->ctx, out, "the beginning", 13));
	if (number(x, "flush", 1))
		TRY(http_flush(x));
	return fail(x->ctx, ERR_CORRUPT, "it broke in the middle");
}

/* Announces 100 bytes and writes `bytes`. */
static enum err do_lie(struct http_exchange *x)
{
	struct sink *out;
	uint64_t bytes = number(x, "bytes", 0);
	TRY(http_begin(x, 200, 100, &out));
	TRY(sink_write(x->ctx, out, "the beginning", 13));
	TRY(http_flush(x));
	for (uint64_t i = 13; i < bytes; i++)
		TRY(sink_write(x->ctx, out, "x", 1));
	return http_end(x);
}

static enum err do_fail(struct http_exchange *x)
{
	return fail(x->ctx, (enum err)number(x, "kind", ERR_IO), "it failed at once");
}

static enum err do_header(struct http_exchange *x)
{
	struct str value;
	if (uri_param(x->ctx->arena, x->query, STR("value"), &value))
		http_set(x, "X-Value", value);
	return do_hello(x);
}

static enum err do_empty(struct http_exchange *x)
{
	return http_reply(x, (int)number(x, "status", 204), NULL, STR(""));
}

static const struct {
	const char *path;
	enum err (*run)(struct http_exchange *x);
} routes[] = {
	{"/hello", do_hello},
	{"/info", do_info},
	{"/stats", do_stats},
	{"/echo", do_echo},
	{"/count", do_count},
	{"/stream", do_stream},
	{"/push", do_push},
	{"/copy", do_copy},
	{"/work", do_work},
	{"/early", do_early},
	{"/first", do_first},
	{"/break", do_break},
	{"/lie", do_lie},
	{"/fail", do_fail},
	{"/header", do_header},
	{"/empty", do_empty},
};

static void handle(void *arg, struct http_exchange *x)
{
	(void)arg;
	enum err wrong = ERR_NOT_FOUND;
	bool found = false;
	running++;
	for (size_t i = 0; i < sizeof routes / sizeof routes[0] && !found; i++) {
		found = str_is(x->path, routes[i].path);
		if (found)
			wrong = routes[i].run(x);
	}
	if (!found)
		wrong = str_starts(x->path, STR("/info/")) || str_is(x->path, "*")
				? do_info(x)
				: fail(x->ctx, ERR_NOT_FOUND, "no route");
	canceled += wrong == ERR_CANCELED;
	timed_out += wrong == ERR_TIMEOUT;
	running--;
}

static void log_access(void *arg, const struct http_access *a)
{
	(void)arg;
	struct log_line line;
	if (!log_begin(&line, LOG_LEVEL_INFO, "request"))
		return;
	log_str(&line, "method", a->method);
	log_str(&line, "target", a->target);
	log_int(&line, "status", a->status);
	log_int(&line, "in", (int64_t)a->in);
	log_int(&line, "out", (int64_t)a->out);
	log_int(&line, "micros", a->micros);
	log_cstr(&line, "id", a->id);
	log_str(&line, "peer", a->peer);
	log_cstr(&line, "error", a->error ? a->error_text : NULL);
	log_end(&line);
}

static int drain_ms = 5000;

static bool set_limit(struct http_config *config, struct str name, int value)
{
	const struct {
		const char *name;
		int *at;
	} limits[] = {
		{"drain_ms", &drain_ms},
		{"loops", &config->loops},
		{"workers", &config->workers},
		{"threads_max", &config->threads_max},
		{"queue_max", &config->queue_max},
		{"connections_max", &config->connections_max},
		{"connections_per_ip", &config->connections_per_ip},
		{"head_ms", &config->head_ms},
		{"idle_ms", &config->idle_ms},
		{"stall_ms", &config->stall_ms},
		{"rate_min", &config->rate_min},
		{"linger_ms", &config->linger_ms},
	};
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		if (str_is(name, limits[i].name)) {
			*limits[i].at = value;
			return true;
		}
	}
	if (str_is(name, "gunzip_max"))
		config->gunzip_max = (uint64_t)value;
	else if (str_is(name, "buffers_max"))
		config->buffers_max = (size_t)value;
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	struct http_config config = {
		.world = os_world(), .handler = handle, .listen = {STR("127.0.0.1:0")}};
	bool quiet = false;
	for (int i = 1; i < argc; i++) {
		struct str rest = str_of(argv[i]), name = str_cut(&rest, '=');
		uint64_t value;
		if (str_is(name, "quiet"))
			quiet = true;
		else if (!str_to_u64(rest, &value) || !set_limit(&config, name, (int)value))
			return fprintf(stderr, "what is %s?\n", argv[i]), 2;
	}
	if (!quiet)
		config.access = log_access;
	signal_init();
	limit_raise_files();
	struct arena arena;
	arena_init(&arena);
	struct ctx c;
	ctx_init(&c, &arena, os_world());
	if (http_open(&c, &config, &server) != OK || http_start(&c, server) != OK)
		return fprintf(stderr, "%s\n", c.error.text), 1;
	printf("%d\n", http_port(server));
	fflush(stdout);
	signal_wait();
	bool clean = http_drain(server, drain_ms);
	http_close(server);
	arena_done(&arena);
	return clean ? 0 : 3;
}
