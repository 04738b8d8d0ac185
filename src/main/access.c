#include "main/access.h"

#include "core/secret.h"

#include <stdatomic.h>

static atomic_uint_fast64_t ended;

uint64_t access_count(void)
{
	return atomic_load_explicit(&ended, memory_order_relaxed);
}

static enum log_level level_of(const struct http_access *a)
{
	if (str_is(a->target, "/healthz") || str_is(a->target, "/readyz"))
		return LOG_LEVEL_DEBUG;
	bool ours = a->status >= 500 || (a->error && err_is_internal(a->error));
	if (ours && a->error != ERR_CANCELED)
		return LOG_LEVEL_ERROR;
	return LOG_LEVEL_INFO;
}

void access_log(void *arg, const struct http_access *a)
{
	(void)arg;
	atomic_fetch_add_explicit(&ended, 1, memory_order_relaxed);
	struct log_line line;
	if (!log_begin(&line, level_of(a), "request"))
		return;
	log_cstr(&line, "request", a->id);
	log_str(&line, "method", a->method);
	log_str(&line, "path", secret_hidden(a->target));
	log_int(&line, "status", a->status);
	log_cstr(&line, "user", a->who);
	log_cstr(&line, "repo", a->what);
	log_int(&line, "in", (int64_t)a->in);
	log_int(&line, "out", (int64_t)a->out);
	log_int(&line, "micros", a->micros);
	if (a->lane) {
		log_cstr(&line, "lane", a->lane);
		log_int(&line, "waited", a->waited);
	}
	log_str(&line, "peer", a->peer);
	if (a->client.len)
		log_str(&line, "client", a->client);
	log_str(&line, "agent", a->user_agent);
	if (a->decision && *a->decision)
		log_cstr(&line, "decision", a->decision);
	if (a->error)
		access_log_error(&line, a->error, a->error_text);
	log_end(&line);
}

void access_log_error(struct log_line *line, enum err kind, const char *text)
{
	log_cstr(line, "error", err_name(kind));
	log_cstr(line, "why", text);
	if (kind == ERR_DAMAGED)
		log_cstr(line, "help",
			"`nimbus admin fsck` finds all that is damaged; a backup has it whole");
}
