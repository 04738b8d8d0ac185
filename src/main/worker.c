#include "main/worker.h"

#include "core/compact.h"
#include "core/prepare.h"
#include "main/access.h"
#include "meta/repo.h"
#include "os/wake.h"
#include "os/world.h"

#include <malloc.h>

enum {
	WAKE_PUSHED = 1 << 0,
	WAKE_STOP = 1 << 1,
	NICE = 10,
	PAGE = 50,
	LOOK_MS = 60 * 1000, /* for pushes that came in by other processes */
	ALL_MICROSECONDS =
		3600000000LL, /* everything is looked at, and what is past its time goes */
	SLACK_SECONDS = 5,    /* pushes that were under way */
	BUSY_MS = 200,
	BUSY_TRIES = 150, /* a server that is never idle is compacted nevertheless */
};

static struct wake wake = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};

void worker_poke(void)
{
	wake_set(&wake, WAKE_PUSHED);
}

static bool stopping(void *arg)
{
	(void)arg;
	return wake_look(&wake, WAKE_STOP) != 0;
}

static void wait_while_busy(const struct worker *w)
{
	int most = thread_cores();
	for (int i = 0; i < BUSY_TRIES && http_gauges(w->http).exchanges > most; i++) {
		if (wake_wait(&wake, WAKE_STOP, BUSY_MS))
			return;
	}
}

static enum log_level level_of(enum err kind)
{
	switch (kind) {
	case ERR_CANCELED:
	case ERR_CONFLICT:
	case ERR_UNAVAILABLE: return LOG_LEVEL_INFO;
	case ERR_DAMAGED: return LOG_LEVEL_ERROR;
	default: return LOG_LEVEL_WARN;
	}
}

static void log_failure(struct ctx *c, const char *what, struct str repo)
{
	struct log_line line;
	if (log_begin(&line, level_of(c->error.kind), what)) {
		if (repo.len)
			log_str(&line, "repo", repo);
		access_log_error(&line, c->error.kind, c->error.text);
		log_end(&line);
	}
	ctx_clear(c);
}

static void log_compacted(const struct compact_run *run, struct str repo, int64_t micros)
{
	struct log_line line;
	if (!log_begin(&line, LOG_LEVEL_INFO, "compacted"))
		return;
	log_str(&line, "repo", repo);
	log_cstr(&line, "kind", run->kind == COMPACT_FULL ? "full" : "roll");
	log_int(&line, "packs_before", (int64_t)run->packs_before);
	log_int(&line, "packs_after", (int64_t)run->packs_after);
	log_int(&line, "bytes_before", (int64_t)run->bytes_before);
	log_int(&line, "bytes_after", (int64_t)run->bytes_after);
	log_int(&line, "dropped", (int64_t)run->dropped);
	log_int(&line, "micros", micros);
	log_end(&line);
}

/* True when it is worth another try soon: somebody else was at it, or came in between. */
static bool compact_one(struct ctx *c, const struct worker *w, const struct repo *repo)
{
	bool again = false;
	struct compact_run run = {.core = w->core};
	int64_t begin = c->world->monotonic();
	c->deadline = begin + w->config->compact_timeout * 1000;
	if (compact_repo(c, &run, repo)) {
		again = c->error.kind == ERR_CONFLICT || c->error.kind == ERR_UNAVAILABLE ||
			c->error.kind == ERR_NOT_FOUND; /* deleted meanwhile */
		log_failure(c, "not compacted", repo->name);
	} else if (run.kind != COMPACT_NOTHING) {
		log_compacted(&run, repo->name, c->world->monotonic() - begin);
	}
	c->deadline = 0;
	return again;
}

/* What fleets of builds will ask for now, when somebody has just pushed. */
static void prepare_one(
	struct ctx *c, const struct worker *w, const struct repo *repo, int64_t fresh)
{
	struct log_line line;
	size_t made = 0;
	int64_t begin = c->world->monotonic();
	if (repo->pushed < fresh)
		return;
	wait_while_busy(w);
	c->deadline = begin + w->config->compact_timeout * 1000;
	if (prepare_packs(c, w->core, repo, &made))
		log_failure(c, "no packs prepared", repo->name);
	else if (made && log_begin(&line, LOG_LEVEL_INFO, "prepared")) {
		log_str(&line, "repo", repo->name);
		log_int(&line, "packs", (int64_t)made);
		log_int(&line, "micros", c->world->monotonic() - begin);
		log_end(&line);
	}
	c->deadline = 0;
}

/* Which repositories a look is at. Times are seconds since 1970, by the database's clock. */
struct round {
	int64_t since; /* those that were pushed to since */
	int64_t fresh; /* and of these, those whose clones are prepared */
	int64_t began;
	bool again; /* some of them are worth another look soon */
};

static enum err list(struct ctx *c, const struct worker *w, struct round *r, int64_t after,
	struct repo **out, size_t *count)
{
	DB_TX *tx = NULL;
	*count = PAGE;
	TRY(db_begin(c, w->core->db, DB_READ, &tx));
	TRY(meta_repo_pushed_since(c, tx, r->since, after, out, count));
	if (!after)
		r->began = db_now(tx);
	return OK;
}

static enum err look(struct ctx *c, const struct worker *w, struct round *r)
{
	int64_t after = 0;
	r->again = false;
	for (size_t count = PAGE; count == PAGE;) {
		struct arena_mark mark = arena_mark(c->arena);
		struct repo *repos = NULL;
		TRY(list(c, w, r, after, &repos, &count));
		for (size_t i = 0; i < count; i++) {
			wait_while_busy(w);
			TRY(ctx_check(c));
			r->again |= compact_one(c, w, &repos[i]);
			prepare_one(c, w, &repos[i], r->fresh);
			malloc_trim(0);
			after = repos[i].id;
		}
		arena_rewind(c->arena, mark);
	}
	return OK;
}

static enum err sweep(struct ctx *c, const struct worker *w)
{
	struct compact_swept n;
	struct log_line line;
	TRY(compact_sweep(c, w->core, &n));
	if ((n.repos || n.packs || n.blobs) && log_begin(&line, LOG_LEVEL_INFO, "swept")) {
		log_int(&line, "repos", (int64_t)n.repos);
		log_int(&line, "packs", (int64_t)n.packs);
		log_int(&line, "blobs", (int64_t)n.blobs);
		log_end(&line);
	}
	return OK;
}

static void work(void *arg)
{
	const struct worker *w = arg;
	struct round round = {.fresh = w->started};
	int64_t all = 0;
	/* The threads that help are for who waits for an answer. */
	struct world alone = *os_world();
	alone.parallel = NULL;
	thread_nice(NICE);
	while (!wake_wait(&wake, WAKE_STOP, (long)w->config->compact_delay)) {
		struct arena arena;
		struct ctx c;
		arena_init(&arena);
		ctx_init(&c, &arena, &alone);
		c.canceled = stopping;
		wake_clear(&wake, WAKE_PUSHED);
		int64_t begin = c.world->monotonic();
		bool everything = !all || begin > all + ALL_MICROSECONDS;
		if (everything) {
			all = begin;
			round.since = 0;
			if (sweep(&c, w))
				log_failure(&c, "not swept", (struct str){0});
		}
		if (look(&c, w, &round))
			log_failure(&c, "not looked for what to compact", (struct str){0});
		else if (!round.again)
			round.since = round.fresh =
				round.began - SLACK_SECONDS - w->config->compact_delay / 1000;
		arena_done(&arena);
		wake_wait(&wake, WAKE_PUSHED | WAKE_STOP, LOOK_MS);
	}
}

static enum err look_at_clock(struct ctx *c, struct worker *w)
{
	DB_TX *tx = NULL;
	TRY(db_begin(c, w->core->db, DB_READ, &tx));
	TRY(db_ask_time(c, tx));
	w->started = db_now(tx);
	return OK;
}

enum err worker_start(struct ctx *c, struct worker *w)
{
	if (strcmp(w->config->compact, "off") == 0)
		return OK;
	wake_init(&wake);
	TRY(look_at_clock(c, w));
	TRY(thread_start(c, "worker", work, w, &w->thread));
	w->runs = true;
	return OK;
}

void worker_stop(struct worker *w)
{
	if (!w->runs)
		return;
	wake_set(&wake, WAKE_STOP);
	thread_join(&w->thread);
	w->runs = false;
}
