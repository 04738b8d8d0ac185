#include "net/server.h"

#include "net/live_parts.h"
#include "os/thread.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ABORT_MS = 5000 };

int64_t server_now(const struct http_server *s)
{
	return s->config.world->monotonic();
}

static int int_or(int value, int fallback)
{
	return value > 0 ? value : fallback;
}

static uint64_t size_or(uint64_t value, uint64_t fallback)
{
	return value ? value : fallback;
}

int http_workers_default(void)
{
	int cores = thread_cores();
	return cores * 4 > 8 ? cores * 4 : 8;
}

static void fill_defaults(struct http_config *config)
{
	config->loops = int_or(config->loops, 1);
	config->workers = int_or(config->workers, http_workers_default());
	config->threads_max = int_or(config->threads_max, config->workers * 8);
	if (config->threads_max <= config->workers)
		config->threads_max = config->workers + 1;
	config->queue_max = int_or(config->queue_max, 1024);
	config->connections_max = int_or(config->connections_max, 10000);
	config->line_max = size_or(config->line_max, 8 << 10);
	config->head_max = size_or(config->head_max, 32 << 10);
	config->header_max = int_or(config->header_max, 100);
	config->small_body = size_or(config->small_body, 64 << 10);
	config->buffers_max = size_or(config->buffers_max, 64 << 20);
	config->body_max = size_or(config->body_max, HTTP_UNKNOWN);
	config->gunzip_max = size_or(config->gunzip_max, 64 << 20);
	config->handshakes_per_ip = int_or(config->handshakes_per_ip, 1000);
	config->handshake_ms = int_or(config->handshake_ms, 10000);
	config->head_ms = int_or(config->head_ms, 10000);
	config->idle_ms = int_or(config->idle_ms, 60000);
	config->stall_ms = int_or(config->stall_ms, 30000);
	config->rate_min = int_or(config->rate_min, 1024);
	config->linger_ms = int_or(config->linger_ms, 5000);
	config->linger_max = size_or(config->linger_max, 16 << 20);
}

static enum err listen_each(
	struct ctx *c, struct http_server *s, const struct str *addresses, bool tls)
{
	for (int i = 0; i < HTTP_LISTEN_MAX && addresses[i].len; i++) {
		struct listener *l = &s->listeners[s->listener_count];
		TRY(socket_listen(c, addresses[i], &l->fd));
		l->tls = tls;
		s->listener_count++;
	}
	return OK;
}

static enum err listen_all(struct ctx *c, struct http_server *s)
{
	TRY(listen_each(c, s, s->config.listen, false));
	TRY(listen_each(c, s, s->config.listen_tls, true));
	return s->listener_count ? OK : fail(c, ERR_INVALID, "there is no address to listen on");
}

static enum err open_parts(struct ctx *c, struct http_server *s)
{
	TRY(listen_all(c, s));
	s->loops = calloc((size_t)s->config.loops, sizeof *s->loops);
	ASSERT(s->loops);
	for (int i = 0; i < s->config.loops; i++)
		TRY(loop_open(c, s, &s->loops[i]));
	return OK;
}

enum err http_open(struct ctx *c, const struct http_config *config, struct http_server **out)
{
	ASSERT(config->world && config->handler);
	struct http_server *s = calloc(1, sizeof *s);
	ASSERT(s);
	s->config = *config;
	fill_defaults(&s->config);
	s->limits = (struct http_limits){
		s->config.line_max, s->config.head_max, (size_t)s->config.header_max};
	pool_init(&s->pool, s);
	live_line_init(&s->live);
	config->world->random(&s->ip_seed, sizeof s->ip_seed);
	if (config->connections_per_ip > 0) {
		s->per_ip = calloc(IP_SLOTS, sizeof *s->per_ip);
		ASSERT(s->per_ip);
	}
	if (config->listen_tls[0].len) {
		ASSERT(config->tls);
		s->shaking = calloc(IP_SLOTS, sizeof *s->shaking);
		ASSERT(s->shaking);
	}
	enum err wrong = open_parts(c, s);
	if (wrong)
		http_close(s);
	else
		*out = s;
	return wrong;
}

enum err http_start(struct ctx *c, struct http_server *s)
{
	TRY(pool_start(c, &s->pool));
	for (; s->loops_started < s->config.loops; s->loops_started++)
		TRY(loop_start(c, &s->loops[s->loops_started]));
	return OK;
}

int http_port(const struct http_server *s)
{
	return s->listeners[0].tls ? 0 : socket_port(s->listeners[0].fd);
}

int http_port_tls(const struct http_server *s)
{
	for (int i = 0; i < s->listener_count; i++) {
		if (s->listeners[i].tls)
			return socket_port(s->listeners[i].fd);
	}
	return 0;
}

struct http_gauges http_gauges(const struct http_server *s)
{
	struct http_gauges g = {
		.connections = atomic_load(&s->connections), .buffers = atomic_load(&s->buffers)};
	struct pool *p = (struct pool *)(uintptr_t)&s->pool;
	pthread_mutex_lock(&p->lock);
	g.threads = p->threads;
	g.exchanges = p->busy;
	pthread_mutex_unlock(&p->lock);
	return g;
}

bool http_draining(const struct http_server *s)
{
	return atomic_load(&s->draining);
}

static void wake_all(struct http_server *s)
{
	for (int i = 0; i < s->loops_started; i++)
		loop_wake(&s->loops[i]);
}

static bool wait_until_quiet(struct http_server *s, int ms)
{
	int64_t until = server_now(s) + (int64_t)ms * 1000;
	const struct timespec nap = {0, 5000000};
	while (atomic_load(&s->connections) && server_now(s) < until)
		nanosleep(&nap, NULL);
	return atomic_load(&s->connections) == 0;
}

bool http_drain(struct http_server *s, int ms)
{
	atomic_store(&s->draining, true);
	/* From here on a client is refused by the kernel; the descriptors stay ours until
	 * http_close. */
	for (int i = 0; i < s->listener_count; i++)
		shutdown(s->listeners[i].fd, SHUT_RDWR);
	wake_all(s);
	if (s->loops_started == 0 || wait_until_quiet(s, ms))
		return true;
	atomic_store(&s->aborting, true);
	wake_all(s);
	wait_until_quiet(s, ABORT_MS);
	return false;
}

void http_close(struct http_server *s)
{
	atomic_store(&s->aborting, true);
	wake_all(s);
	pool_stop(&s->pool);
	live_line_stop(s);
	atomic_store(&s->stop, true);
	wake_all(s);
	for (int i = 0; i < s->loops_started; i++)
		thread_join(&s->loops[i].thread);
	for (int i = 0; s->loops && i < s->config.loops; i++) {
		if (s->loops[i].server)
			loop_close(&s->loops[i]);
	}
	for (int i = 0; i < s->listener_count; i++)
		close(s->listeners[i].fd);
	pool_done(&s->pool);
	free((void *)(uintptr_t)s->per_ip);
	free((void *)(uintptr_t)s->shaking);
	free(s->loops);
	free(s);
}
