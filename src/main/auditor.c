#include "main/auditor.h"

#include "core/audit.h"
#include "main/access.h"
#include "os/log.h"
#include "os/wake.h"
#include "os/world.h"

enum {
	WAKE_STOP = 1 << 0,
	FLUSH_MS = 500, /* how late a refusal may be written */
	LAST_US = 5000000,
	CARE_US = 60 * 1000000, /* how often it is asked whether an anchor is due */
};

static struct wake wake = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};

static void log_failure(struct ctx *c, const char *what)
{
	struct log_line line;
	if (log_begin(&line, c->error.kind == ERR_UNAVAILABLE ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
		    what)) {
		access_log_error(&line, c->error.kind, c->error.text);
		log_end(&line);
	}
	ctx_clear(c);
}

/* The log lies elsewhere than the database: who can change the one need not be able to change both. */
static void anchor(struct ctx *c, const struct auditor *a)
{
	struct log_line line;
	size_t count;
	const char *head = NULL;
	if (audit_anchor(c, a->core, a->config->audit_anchor / 1000, &count, &head)) {
		log_failure(c, "the audit log was not anchored");
		return;
	}
	if (!head || !log_begin(&line, LOG_LEVEL_INFO, "audit anchored"))
		return;
	log_int(&line, "chains", (int64_t)count);
	log_cstr(&line, "head", head);
	log_end(&line);
}

static void cut(struct ctx *c, const struct auditor *a)
{
	struct log_line line;
	int64_t count;
	if (!a->config->audit_retention)
		return;
	if (audit_cut(c, a->core, a->config->audit_retention / 1000, &count)) {
		log_failure(c, "the audit log was not cut");
		return;
	}
	if (!count || !log_begin(&line, LOG_LEVEL_INFO, "audit cut"))
		return;
	log_int(&line, "entries", count);
	log_end(&line);
}

static const int64_t HOUR_US = 3600000000LL;

static int64_t care_of(const struct auditor *a)
{
	int64_t often = a->config->audit_anchor * 1000;
	return often < CARE_US ? often : CARE_US;
}

static void work(void *arg)
{
	const struct auditor *a = arg;
	int64_t next_anchor = 0, next_cut = 0;
	for (bool stop = false; !stop;) {
		struct arena arena;
		struct ctx c;
		stop = wake_wait(&wake, WAKE_STOP, FLUSH_MS) != 0;
		arena_init(&arena);
		ctx_init(&c, &arena, os_world());
		int64_t now = c.world->monotonic();
		if (stop)
			c.deadline = now + LAST_US;
		if (audit_flush(&c, a->core, stop))
			log_failure(&c, "refusals were not written into the audit log");
		if (!stop)
			lanes_share(&c, a->lanes, a->core->kv);
		if (!stop)
			live_hub_poll(&c, a->live);
		if (!stop && now >= next_cut) {
			next_cut = now + HOUR_US;
			cut(&c, a);
		}
		if (!stop && now >= next_anchor) {
			next_anchor = now + care_of(a);
			anchor(&c, a);
		}
		arena_done(&arena);
	}
}

enum err auditor_start(struct ctx *c, struct auditor *a)
{
	wake_init(&wake);
	TRY(thread_start(c, "audit", work, a, &a->thread));
	a->runs = true;
	return OK;
}

void auditor_stop(struct auditor *a)
{
	if (!a->runs)
		return;
	wake_set(&wake, WAKE_STOP);
	thread_join(&a->thread);
	a->runs = false;
}
