#include "main/deliverer.h"

#include "base/hex.h"
#include "core/watch.h"
#include "core/webhook.h"
#include "event/deliver.h"
#include "main/access.h"
#include "os/log.h"
#include "os/world.h"

enum {
	WAKE_TOLD = 1 << 0,
	WAKE_STOP = 1 << 1,
	LOOK_MS = 2000,
	IDLE_MS = 60 * 1000,       /* where there are no webhooks */
	BREATH_MS = 50,            /* what happens meanwhile is looked for together */
	ALL_US = 60 * 1000 * 1000, /* how often all are looked at */
	HOLDER_BYTES = 12,
};

static bool stopping(void *arg)
{
	const struct deliverer_lane *lane = arg;
	return wake_look(&lane->wake, WAKE_STOP) != 0;
}

static void hear(void *arg, struct str message)
{
	struct deliverer *d = arg;
	(void)message;
	/* Who was told and did not look yet will see this too: each push comes by here. */
	for (int i = 0; i < DELIVERER_LANES; i++)
		if (!wake_look(&d->lanes[i].wake, WAKE_TOLD))
			wake_set(&d->lanes[i].wake, WAKE_TOLD);
}

static enum log_level level_of(enum webhook_state state)
{
	switch (state) {
	case WEBHOOK_DELIVERED: return LOG_LEVEL_DEBUG;
	case WEBHOOK_DEAD: return LOG_LEVEL_WARN;
	default: return LOG_LEVEL_INFO;
	}
}

static const char *message_of(enum webhook_state state)
{
	switch (state) {
	case WEBHOOK_DELIVERED: return "webhook delivered";
	case WEBHOOK_DEAD: return "webhook gave up an event";
	default: return "webhook failed";
	}
}

static void told(void *arg, const struct webhook *hook, const struct webhook_delivery *delivery)
{
	struct log_line line;
	(void)arg;
	if (!log_begin(&line, level_of(delivery->state), message_of(delivery->state)))
		return;
	log_int(&line, "webhook", hook->id);
	log_int(&line, "repo_id", hook->repo_id);
	log_str(&line, "url", webhook_url_shown(hook->url));
	log_int(&line, "sequence", delivery->sequence);
	log_str(&line, "type", delivery->type);
	log_int(&line, "attempt", delivery->attempts);
	log_int(&line, "status", delivery->status);
	log_int(&line, "micros", delivery->duration);
	if (!delivery->status)
		log_str(&line, "error", delivery->said);
	if (delivery->state != WEBHOOK_DELIVERED && !hook->active)
		log_cstr(&line, "webhook_is", "switched off");
	log_end(&line);
}

static void log_failure(struct ctx *c)
{
	struct log_line line;
	bool passes = c->error.kind == ERR_UNAVAILABLE || c->error.kind == ERR_CONFLICT ||
		      c->error.kind == ERR_CANCELED;
	if (log_begin(&line, passes ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
		    "webhooks were not looked after")) {
		access_log_error(&line, c->error.kind, c->error.text);
		log_end(&line);
	}
	ctx_clear(c);
}

static struct str holder_make(char text[2 * HOLDER_BYTES])
{
	uint8_t bytes[HOLDER_BYTES];
	os_world()->random(bytes, sizeof bytes);
	hex_encode(bytes, sizeof bytes, text);
	return str_from(text, 2 * HOLDER_BYTES);
}

/* One round, in memory of its own. */
static void go_round(
	struct deliverer_lane *lane, const struct deliver *d, struct deliver_round *round)
{
	struct arena arena;
	struct ctx c;
	arena_init(&arena);
	ctx_init(&c, &arena, os_world());
	c.canceled = stopping;
	c.canceled_arg = lane;
	if (deliver_round(&c, d, round) && !stopping(lane))
		log_failure(&c);
	watch_tell(&c, lane->core);
	arena_done(&arena);
}

static void rest(struct deliverer_lane *lane, bool any)
{
	wake_wait(&lane->wake, WAKE_STOP, any ? BREATH_MS : LOOK_MS);
	wake_wait(&lane->wake, WAKE_TOLD | WAKE_STOP, any ? LOOK_MS : IDLE_MS);
}

static void work(void *arg)
{
	struct deliverer_lane *lane = arg;
	char text[2 * HOLDER_BYTES];
	const struct deliver d = {
		.db = lane->core->db,
		.hook = lane->core->hook,
		.holder = holder_make(text),
		.failing = lane->failing,
		.arg = lane->core,
		.key = webhook_key,
		.gone = webhook_gone,
		.told = told,
	};
	struct deliver_round round = {0};
	int64_t all = os_world()->monotonic();
	while (!stopping(lane)) {
		int64_t now = os_world()->monotonic();
		wake_clear(&lane->wake, WAKE_TOLD);
		if (now > all + ALL_US) {
			all = now;
			round.since = 0;
		}
		go_round(lane, &d, &round);
		if (!round.more)
			rest(lane, round.any);
	}
}

enum err deliverer_start(struct ctx *c, struct deliverer *d)
{
	static const char *const names[DELIVERER_LANES] = {"webhooks", "webhooks again"};
	for (int i = 0; i < DELIVERER_LANES; i++) {
		struct deliverer_lane *lane = &d->lanes[i];
		lane->core = d->core;
		lane->failing = i > 0;
		wake_init(&lane->wake);
		TRY(thread_start(c, names[i], work, lane, &lane->thread));
		lane->runs = true;
	}
	return watch_listen(c, d->core, hear, d, &d->sub);
}

void deliverer_stop(struct deliverer *d)
{
	kv_unsubscribe(d->sub);
	d->sub = NULL;
	for (int i = 0; i < DELIVERER_LANES; i++)
		if (d->lanes[i].runs)
			wake_set(&d->lanes[i].wake, WAKE_STOP);
	for (int i = 0; i < DELIVERER_LANES; i++) {
		if (d->lanes[i].runs)
			thread_join(&d->lanes[i].thread);
		d->lanes[i].runs = false;
	}
}
