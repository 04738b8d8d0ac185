#include "main/serve.h"

#include "core/login.h"
#include "core/pack_cache.h"
#include "main/access.h"
#include "main/auditor.h"
#include "main/deliverer.h"
#include "main/dispatch.h"
#include "main/drivers.h"
#include "main/idle.h"
#include "main/lock.h"
#include "main/role.h"
#include "main/secrets.h"
#include "main/url.h"
#include "main/version.h"
#include "main/worker.h"
#include "meta/user.h"
#include "net/tls.h"
#include "os/file.h"
#include "os/log.h"
#include "os/signal.h"
#include "os/thread.h"
#include "os/world.h"
#include "web/about.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { LINK_SECONDS = 15 * 60, TRIM_MS = 2000, START_AGAIN_MS = 500 };

/* What one server is made of; on the stack of serve_run. */
struct serving {
	const struct config *config;
	struct core core;
	struct instance instance;
	struct dispatcher dispatcher;
	struct http_server *http;
	struct tls *tls;
	struct worker worker;
	struct deliverer deliverer;
	struct auditor auditor;
	struct str listen[HTTP_LISTEN_MAX], listen_tls[HTTP_LISTEN_MAX];
};

/*
 * Big requests leave holes; with few arenas and a fixed threshold they go back to the system. Small
 * ones come one after another and need the same few hundred KiB each: it would cost a fifth of a
 * push to give these back each time.
 */
static void tame_malloc(void)
{
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
	mallopt(M_TRIM_THRESHOLD, 4 << 20);
}

static enum err read_addresses(
	struct ctx *c, const char *name, const char *value, struct str out[HTTP_LISTEN_MAX])
{
	size_t count = 0;
	for (struct str rest = str_of(value); rest.len;) {
		struct str address = str_trim(str_cut(&rest, ','));
		if (!address.len)
			continue;
		if (count == HTTP_LISTEN_MAX)
			return fail(c, ERR_INVALID, "%s has more than %d addresses", name,
				HTTP_LISTEN_MAX);
		out[count++] = address;
	}
	return OK;
}

static enum err read_listen(struct ctx *c, struct serving *s)
{
	TRY(read_addresses(c, "NIMBUS_LISTEN", s->config->listen, s->listen));
	TRY(read_addresses(c, "NIMBUS_TLS_LISTEN", s->config->tls_listen, s->listen_tls));
	if (!s->listen[0].len && !s->listen_tls[0].len)
		return fail(c, ERR_INVALID, "NIMBUS_LISTEN is empty");
	return OK;
}

static enum err check_url(struct ctx *c, const char *url)
{
	struct str rest = str_of(url);
	if (!rest.len)
		return OK;
	bool ok = (str_skip(&rest, STR("http://")) || str_skip(&rest, STR("https://"))) &&
		  rest.len > 0 && str_find(rest, '/') == rest.len;
	for (size_t i = 0; i < rest.len; i++)
		ok = ok && (unsigned char)rest.at[i] > ' ' && !strchr("\"<>\\@?#", rest.at[i]);
	if (!ok)
		return fail(c, ERR_INVALID,
			"NIMBUS_URL=%s is not like https://git.example.org (no path, no slash at "
			"the end)",
			url);
	return OK;
}

/* Every setting of TLS is of use only with another: who sets one meant something. */
static enum err check_tls(struct ctx *c, const struct config *config)
{
	bool listens = *config->tls_listen;
	if (listens && !*config->tls_cert)
		return fail(c, ERR_INVALID,
			"NIMBUS_TLS_LISTEN needs a certificate: set NIMBUS_TLS_CERT and "
			"NIMBUS_TLS_KEY");
	if (listens && !*config->tls_key)
		return fail(c, ERR_INVALID, "NIMBUS_TLS_CERT needs its key: set NIMBUS_TLS_KEY");
	const char *idle = *config->tls_cert                         ? "NIMBUS_TLS_CERT"
			   : *config->tls_key                        ? "NIMBUS_TLS_KEY"
			   : strcmp(config->tls_redirect, "on") == 0 ? "NIMBUS_TLS_REDIRECT"
								     : NULL;
	if (!listens && idle)
		return fail(c, ERR_INVALID,
			"%s is set, but nothing listens for https: set NIMBUS_TLS_LISTEN", idle);
	return OK;
}

static enum tls_clients clients_of(const struct config *config)
{
	return strcmp(config->tls_client, "required") == 0   ? TLS_CLIENTS_REQUIRED
	       : strcmp(config->tls_client, "optional") == 0 ? TLS_CLIENTS_OPTIONAL
							     : TLS_CLIENTS_OFF;
}

static enum err check_tls_clients(struct ctx *c, const struct config *config)
{
	bool asks = clients_of(config) != TLS_CLIENTS_OFF;
	const char *idle = *config->tls_client_ca         ? "NIMBUS_TLS_CLIENT_CA"
			   : *config->tls_client_san      ? "NIMBUS_TLS_CLIENT_SAN"
			   : *config->tls_revoked         ? "NIMBUS_TLS_REVOKED"
			   : *config->tls_client_accounts ? "NIMBUS_TLS_CLIENT_ACCOUNTS"
							  : NULL;
	if (asks && !*config->tls_listen)
		return fail(c, ERR_INVALID,
			"NIMBUS_TLS_CLIENT is set, but nothing listens for https: set "
			"NIMBUS_TLS_LISTEN");
	if (asks && !*config->tls_client_ca)
		return fail(c, ERR_INVALID,
			"NIMBUS_TLS_CLIENT needs to know who signs: set NIMBUS_TLS_CLIENT_CA");
	if (!asks && idle)
		return fail(c, ERR_INVALID,
			"%s is set, but no client is asked for a certificate: set "
			"NIMBUS_TLS_CLIENT",
			idle);
	return OK;
}

static enum err open_tls(struct ctx *c, struct serving *s)
{
	const struct config *config = s->config;
	TRY(check_tls(c, config));
	TRY(check_tls_clients(c, config));
	if (!*config->tls_listen)
		return OK;
	const struct tls_config tls = {
		.certs = {"NIMBUS_TLS_CERT", config->tls_cert},
		.keys = {"NIMBUS_TLS_KEY", config->tls_key},
		.clients = clients_of(config),
		.client_ca = {"NIMBUS_TLS_CLIENT_CA", config->tls_client_ca},
		.client_names = {"NIMBUS_TLS_CLIENT_SAN", config->tls_client_san},
		.revoked = {"NIMBUS_TLS_REVOKED", config->tls_revoked},
	};
	return tls_open(c, &tls, &s->tls);
}

static enum err make_web(struct ctx *c, struct serving *s)
{
	const struct config *config = s->config;
	const char *secure = config->secure_cookies;
	struct web *web = &s->dispatcher.web;
	*web = (struct web){
		.core = &s->core,
		.secure = strcmp(secure, "always") == 0  ? SECURE_ALWAYS
			  : strcmp(secure, "never") == 0 ? SECURE_NEVER
							 : SECURE_AUTO,
		.body_max = (uint64_t)config->body_max,
		.upload_max = (uint64_t)config->upload_max,
		.request_micros = config->request_timeout * 1000,
		.version = NIMBUS_VERSION,
		.owner = str_dup(c->arena, s->instance.owner),
	};
	const struct lane_rates rates = {
		.lanes = {[LANE_PERSON] = (uint32_t)config->rate_person,
			[LANE_CI] = (uint32_t)config->rate_ci,
			[LANE_AGENT] = (uint32_t)config->rate_agent,
			[LANE_ANONYMOUS] = (uint32_t)config->rate_anonymous,
			[LANE_CRAWLER] = (uint32_t)config->rate_crawler},
		.account = (uint32_t)config->rate_account,
		.address = (uint32_t)config->rate_address,
	};
	web->lanes = lanes_open(c->world, &rates);
	web->live =
		live_hub_open(&s->core, &(struct live_limits){.connections = (int)config->live_max,
						.per_client = (int)config->live_per_client,
						.poll_us = config->live_poll * 1000});
	TRY_WHILE(c, proxies_parse(c, str_of(config->trusted_proxies), &web->proxies),
		"reading NIMBUS_TRUSTED_PROXIES");
	return OK;
}

/* What the owner is shown of this process. */
static const struct web_about *about(
	struct ctx *c, const struct serving *s, char *const *environment)
{
	struct web_about *out = NEW(c->arena, struct web_about);
	*out = (struct web_about){
		.roles = roles_print(c, s->dispatcher.roles),
		.home = s->config->data,
		.kinds = {s->core.db->ops->dialect == DB_POSTGRES ? "PostgreSQL" : "SQLite",
			s->core.bucket ? "S3, and a cache of it" : "A folder",
			*s->config->kv ? "Redis" : "Memory of this process"},
	};
	out->settings = config_list(environment, s->config, c->arena, &out->setting_count);
	return out;
}

/* What a lane may hold of the workers: as set, else so many quarters of them. */
static int lane_workers(const struct config *config, int64_t set, int quarters)
{
	int64_t workers = config->workers ? config->workers : http_workers_default();
	int64_t part = set ? set : (workers * quarters + 3) / 4;
	return part > 0 ? (int)part : 1;
}

static void set_lanes(const struct config *config, struct http_config *http)
{
	int wait = (int)config->queue_wait;
	http->classify = lane_classify;
	http->flow_workers = lane_workers(config, config->flow_workers, 2);
	http->group_workers = lane_workers(config, config->repo_workers, 3);
	http->lanes[LANE_PERSON] = (struct http_lane){.wait_ms = wait};
	http->lanes[LANE_CI] = (struct http_lane){
		.workers = lane_workers(config, config->lane_ci, 3), .wait_ms = wait};
	http->lanes[LANE_AGENT] = (struct http_lane){
		.workers = lane_workers(config, config->lane_agent, 2), .wait_ms = wait};
	http->lanes[LANE_ANONYMOUS] =
		(struct http_lane){.workers = lane_workers(config, config->lane_anonymous, 2),
			.wait_ms = wait,
			.busy_page = lane_busy_page};
	http->lanes[LANE_CRAWLER] =
		(struct http_lane){.workers = lane_workers(config, config->lane_crawler, 1),
			.wait_ms = wait / 10,
			.busy_page = lane_busy_page};
	for (int i = 0; i < LANE_COUNT; i++)
		http->lanes[i].name = lane_name((enum lane)i);
}

static enum err open_http(struct ctx *c, struct serving *s)
{
	const struct config *config = s->config;
	struct http_config http = {
		.world = c->world,
		.handler = dispatch,
		.access = access_log,
		.arg = &s->dispatcher,
		.loops = (int)config->loops,
		.workers = (int)config->workers,
		.threads_max = (int)config->threads_max,
		.queue_max = (int)config->queue_max,
		.connections_max = (int)config->connections_max,
		.connections_per_ip = (int)config->connections_per_ip,
		.line_max = (size_t)config->line_max,
		.head_max = (size_t)config->header_max,
		.header_max = (int)config->headers_max,
		.buffers_max = (size_t)config->buffers_max,
		.memory_max = (size_t)config->request_memory_max,
		.gunzip_max = (uint64_t)config->gunzip_max,
		.tls = s->tls,
		.handshakes_per_ip = (int)config->tls_handshakes_per_ip,
		.handshake_ms = (int)config->tls_handshake_timeout,
		.head_ms = (int)config->header_timeout,
		.idle_ms = (int)config->idle_timeout,
		.stall_ms = (int)config->stall_timeout,
		.rate_min = (int)config->rate_min,
		.linger_ms = (int)config->linger_timeout,
		.linger_max = (uint64_t)config->linger_max,
	};
	set_lanes(config, &http);
	memcpy(http.listen, s->listen, sizeof http.listen);
	memcpy(http.listen_tls, s->listen_tls, sizeof http.listen_tls);
	TRY(http_open(c, &http, &s->http));
	if (strcmp(config->tls_redirect, "on") == 0)
		s->dispatcher.web.redirect_port = http_port_tls(s->http);
	return OK;
}

/* Of where people find it: plain, if it listens so. */
static int port_of(const struct serving *s)
{
	int port = http_port(s->http);
	return port ? port : http_port_tls(s->http);
}

static void print_welcome(struct ctx *c, const struct serving *s, struct str secret)
{
	const char *url = local_url(c, s->config, port_of(s)), *owner = s->dispatcher.web.owner;
	struct str bare = str_of(url);
	struct str scheme = str_cut(&bare, ':');
	(void)str_skip(&bare, STR("//"));
	fprintf(stderr,
		"\n"
		"  Nimbus Git %s is running at\n\n"
		"      %s\n\n"
		"  Sign in as %s with this link (works once, for 15 minutes)\n\n"
		"      %s/sign-in/%.*s\n\n",
		NIMBUS_VERSION, url, owner, url, STR_FMT(secret));
	if (s->instance.password.len)
		fprintf(stderr,
			"  Later, and with git, the password is (it is shown only this once)\n\n"
			"      %.*s\n\n",
			STR_FMT(s->instance.password));
	fprintf(stderr,
		"  Push a first repository from any folder under git\n\n"
		"      git remote add origin %.*s://%s@%.*s/hello.git\n"
		"      git push -u origin HEAD\n\n"
		"  or begin a new one\n\n"
		"      git init -b main hello && cd hello\n"
		"      echo '# Hello' > README.md && git add . && git commit -m 'Say hello'\n"
		"      git remote add origin %.*s://%s@%.*s/hello.git\n"
		"      git push -u origin main\n\n",
		STR_FMT(scheme), owner, STR_FMT(bare), STR_FMT(scheme), owner, STR_FMT(bare));
}

static enum err welcome(struct ctx *c, struct serving *s, bool wanted)
{
	struct str secret;
	if (!wanted && !s->instance.first)
		return OK;
	TRY(login_link_create(
		c, &s->core, NULL, &(struct login_link){s->instance.owner, LINK_SECONDS}, &secret));
	print_welcome(c, s, secret);
	return OK;
}

static void log_start(struct ctx *c, const struct serving *s)
{
	struct log_line line;
	if (!log_begin(&line, LOG_LEVEL_INFO, "listening"))
		return;
	log_cstr(&line, "version", NIMBUS_VERSION);
	log_cstr(&line, "role", roles_print(c, s->dispatcher.roles));
	log_cstr(&line, "listen", s->config->listen);
	log_int(&line, "port", port_of(s));
	if (s->tls)
		log_cstr(&line, "tls", s->config->tls_listen);
	log_cstr(&line, "data", s->config->data);
	log_cstr(&line, "db", s->core.db->ops->dialect == DB_POSTGRES ? "postgres" : "sqlite");
	log_cstr(&line, "blob", s->core.bucket ? "s3" : "local");
	log_cstr(&line, "kv", *s->config->kv ? "redis" : "memory");
	log_int(&line, "pid", getpid());
	log_end(&line);
}

/* Somebody who asks a second time does not want to wait. */
static void end_on_second_signal(void *arg)
{
	(void)arg;
	while (signal_wait() == SIGHUP)
		;
	log_text(LOG_LEVEL_WARN, "told a second time to end: running requests are cut off");
	_exit(130);
}

/* Certificates are renewed while we run. */
static void refresh_tls(struct serving *s)
{
	struct arena arena;
	struct ctx c;
	bool refreshed = false;
	if (!s->tls)
		return;
	arena_init(&arena);
	ctx_init(&c, &arena, os_world());
	if (tls_refresh(&c, s->tls, &refreshed))
		log_text(LOG_LEVEL_ERROR, "TLS goes on as it was: %s", c.error.text);
	if (refreshed)
		log_text(LOG_LEVEL_INFO, "TLS: read what had changed");
	arena_done(&arena);
}

/* Runs until SIGTERM or SIGINT; gives memory back to the system in quiet moments. */
static void wait_for_end(struct serving *s)
{
	uint64_t trimmed = 0;
	for (;;) {
		uint64_t served = access_count();
		int number = signal_wait_for(TRIM_MS);
		if (number == SIGTERM || number == SIGINT)
			return;
		refresh_tls(s);
		pack_cache_trim(s->core.packs, os_world()->monotonic());
		/* Two seconds without a request, and something since the last time. */
		if (served == access_count() && served != trimmed &&
			http_gauges(s->http).exchanges == 0) {
			malloc_trim(0);
			trimmed = served;
		}
	}
}

static void log_packs(const struct pack_cache_stats *stats)
{
	struct log_line line;
	if (!log_begin(&line, LOG_LEVEL_INFO, "packs"))
		return;
	log_int(&line, "made", (int64_t)stats->made);
	log_int(&line, "joined", (int64_t)stats->joined);
	log_int(&line, "hits", (int64_t)stats->hits);
	log_end(&line);
}

static void drain(struct serving *s)
{
	log_text(LOG_LEVEL_INFO, "draining: no new requests, the running ones may finish");
	web_drain(&s->dispatcher.web);
	worker_stop(&s->worker);
	deliverer_stop(&s->deliverer);
	if (!thread_start_detached("second signal", end_on_second_signal, NULL))
		log_text(LOG_LEVEL_WARN, "no thread to wait for a second signal");
	if (s->config->drain_delay)
		usleep((useconds_t)s->config->drain_delay * 1000);
	bool all = http_drain(s->http, (int)s->config->drain_timeout);
	log_text(all ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "%s",
		all ? "stopped" : "stopped: requests that took too long were cut off");
}

/*
 * The database may start later than this does, or be away just now: then it is waited for. Anything
 * else that is wrong will not get better by itself; a bucket that is away is no error at all.
 */
static enum err open_drivers(struct ctx *c, struct serving *s)
{
	struct arena_mark mark = arena_mark(c->arena);
	bool told = false;
	for (;;) {
		enum err err = drivers_open(c, s->config, true, &s->core, &s->instance);
		bool bucket = s->core.db && !s->core.blob;
		if (err != ERR_UNAVAILABLE || bucket)
			return err;
		drivers_close(&s->core);
		s->core = (struct core){0};
		if (!told)
			log_text(LOG_LEVEL_WARN, "waiting to start: %s", c->error.text);
		told = true;
		if (signal_wait_for(START_AGAIN_MS) != 0)
			return err;
		ctx_clear(c);
		arena_rewind(c->arena, mark);
	}
}

static enum err run_server(struct ctx *c, struct serving *s, const struct run *run)
{
	FD lock = -1;
	TRY(open_tls(c, s));
	TRY(lock_serving(c, s->config->data, &lock));
	TRY(open_drivers(c, s));
	TRY(make_web(c, s));
	s->dispatcher.web.about = about(c, s, run->environment);
	TRY(open_http(c, s));
	s->worker = (struct worker){.core = &s->core, .config = s->config, .http = s->http};
	s->deliverer.core = &s->core;
	if (s->dispatcher.roles & ROLE_WORKER) {
		TRY(worker_start(c, &s->worker));
		TRY(deliverer_start(c, &s->deliverer));
	}
	s->auditor = (struct auditor){.core = &s->core,
		.config = s->config,
		.lanes = s->dispatcher.web.lanes,
		.live = s->dispatcher.web.live};
	TRY(auditor_start(c, &s->auditor));
	TRY(http_start(c, s->http));
	log_start(c, s);
	TRY(welcome(c, s, run_argument(run, "--welcome") != NULL));
	wait_for_end(s);
	drain(s);
	const struct pack_cache_stats stats = pack_cache_stats(s->core.packs);
	log_packs(&stats);
	return OK;
}

enum err serve_run(struct ctx *c, struct run *run)
{
	TRY(run_config_read(c, run));
	struct serving s = {.config = &run->config};
	TRY(roles_parse(c, run_argument(run, "--role"), &s.dispatcher.roles));
	TRY(read_listen(c, &s));
	TRY(check_url(c, run->config.url));
	TRY(config_check_idle(c, &run->config));
	enum log_level level = LOG_LEVEL_INFO;
	ASSERT(log_level_parse(str_of(run->config.log_level), &level));
	log_init(level, STDOUT_FILENO);
	tame_malloc();
	signal_init();
	limit_raise_files();
	enum err e = secrets_open(c, &run->config);
	if (!e)
		e = run_server(c, &s, run);
	worker_stop(&s.worker);
	deliverer_stop(&s.deliverer);
	if (s.http)
		http_close(s.http);
	tls_close(s.tls);
	auditor_stop(&s.auditor);
	live_hub_close(s.dispatcher.web.live);
	lanes_close(s.dispatcher.web.lanes);
	drivers_close(&s.core);
	secrets_close(&run->config);
	return e;
}
