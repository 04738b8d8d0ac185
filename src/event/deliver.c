#include "event/deliver.h"

#include "base/buf.h"
#include "meta/event.h"
#include "meta/lease.h"
#include "meta/repo.h"
#include "meta/webhook.h"

enum {
	PAGE = 50,   /* webhooks that are looked for at once */
	EVENTS = 20, /* events that are read at once … */
	EVENTS_PAGES =
		25, /* … and how often in one transaction, where a webhook wants none of them */
	MARGIN_SECONDS = 5,
	STATUS_GONE = 410,
	STATUS_TOO_MANY = 429,
	STATUS_UNAVAILABLE = 503,
};

static const int64_t SECOND = 1000000;
/* Whose receiver takes longer than this has had its turn: others wait. */
static const int64_t LONG = 1000000;
static const int64_t DAY = 86400 * 1000000LL;
/* A transaction is of the time at which it began, and may be committed so much later. */
static const int64_t OVERLAP = 30 * 1000000;

/* One webhook's turn. */
struct turn {
	const struct deliver *d;
	const struct meta_webhook_due *due;
	struct lease lease;
	int64_t renewed; /* when the lease was last taken: by the machine's clock … */
	int64_t now;     /* … and by the database's */
	int64_t began;   /* the turn, by the machine's */
	int left;        /* so many events more */
	struct repo repo;
	struct webhook hook;
	struct meta_events page; /* what is behind the cursor, and how much of it is done with */
	size_t page_at;
	struct event event; /* what is to be posted now */
	struct webhook_delivery delivery;
	struct webhook_key key;
	struct str sealed; /* with which it was opened */
};

int64_t deliver_pause(struct ctx *c, int64_t failures)
{
	uint32_t random;
	int64_t pause = DELIVER_FIRST_SECONDS;
	for (int64_t i = 1; i < failures && pause < DELIVER_LONGEST_SECONDS; i++)
		pause *= 2;
	if (pause > DELIVER_LONGEST_SECONDS)
		pause = DELIVER_LONGEST_SECONDS;
	c->world->random(&random, sizeof random);
	return pause * SECOND + random % (pause * SECOND / 4);
}

static bool is_ok(int64_t status)
{
	return status >= 200 && status < 300;
}

/* The first of the page that is wanted. */
static bool next_on_page(struct ctx *c, struct turn *t)
{
	while (t->page_at < t->page.count) {
		const struct event *event = &t->page.at[t->page_at++];
		if (event->sequence > t->hook.cursor && webhook_wants(c, &t->hook, event)) {
			t->event = *event;
			t->delivery = (struct webhook_delivery){
				.webhook_id = t->hook.id,
				.sequence = event->sequence,
				.type = str_of(event_type_name(event->type)),
			};
			return true;
		}
	}
	return false;
}

static enum err read_events(struct ctx *c, struct db_tx *tx, const struct turn *t, int64_t after,
	size_t limit, struct meta_events *out)
{
	const struct meta_event_page page = {t->repo.id, after, limit, DELIVER_DATA_MAX};
	return meta_event_page(c, tx, &page, out);
}

/* The next event behind the cursor, which passes over what is not wanted. */
static enum err find_new(struct ctx *c, struct db_tx *tx, struct turn *t, bool *found)
{
	for (int i = 0; i < EVENTS_PAGES; i++) {
		*found = next_on_page(c, t);
		if (*found)
			return OK;
		if (t->page.last > t->hook.cursor)
			t->hook.cursor = t->page.last;
		t->page_at = 0;
		TRY(read_events(c, tx, t, t->hook.cursor, EVENTS, &t->page));
		if (t->page.last == t->hook.cursor)
			return OK;
	}
	t->left = 0;
	return OK;
}

/* An event that waits already: the next, or one that somebody wants to be posted again. */
static enum err find_waiting(struct ctx *c, struct db_tx *tx, struct turn *t, bool *found)
{
	for (;;) {
		struct webhook_deliveries waiting;
		struct meta_events events;
		TRY(meta_webhook_waiting(c, tx, t->hook.id, 1, &waiting));
		*found = waiting.count > 0;
		if (!*found)
			return OK;
		t->delivery = waiting.at[0];
		TRY(read_events(c, tx, t, t->delivery.sequence - 1, 1, &events));
		if (events.count && events.at[0].sequence == t->delivery.sequence) {
			t->event = events.at[0];
			return OK;
		}
		t->delivery.state = WEBHOOK_DEAD;
		t->delivery.said = STR("this server does not know this event any more");
		TRY(meta_webhook_delivery_put(c, tx, &t->delivery));
	}
}

/* Finds what is to be done now, keeps the lease for it or gives it back, and writes down how the webhook stands. */
static enum err go_on(struct ctx *c, struct db_tx *tx, struct turn *t, bool *work)
{
	bool taken;
	*work = false;
	if (t->hook.active && t->hook.next <= tx->began) {
		TRY(find_waiting(c, tx, t, work));
		if (!*work)
			TRY(find_new(c, tx, t, work));
		/* Somebody else sees that something waits, should this one end here. */
		t->hook.next = *work || !t->left ? tx->began : 0;
	}
	*work = *work && t->left > 0;
	TRY(meta_webhook_set(c, tx, &t->hook));
	if (!*work)
		return meta_lease_give(c, tx, &t->lease);
	t->renewed = c->world->monotonic();
	t->now = tx->began;
	return meta_lease_take(c, tx, &t->lease, DELIVER_LEASE_SECONDS, &taken);
}

/* The webhook and its repository as they are now. *there false: nothing is to be delivered any more. */
static enum err look(struct ctx *c, struct db_tx *tx, struct turn *t, bool *there)
{
	int64_t cursor = t->hook.cursor;
	enum err err = meta_repo_get(c, tx, t->due->repo_id, &t->repo);
	if (!err)
		err = meta_webhook_get(c, tx, t->repo.id, t->due->id, &t->hook);
	*there = !err && !t->repo.deleted;
	if (err == ERR_NOT_FOUND) {
		ctx_clear(c);
		return OK;
	}
	/* It never goes back, and may have been set forward meanwhile. */
	if (cursor > t->hook.cursor)
		t->hook.cursor = cursor;
	return err;
}

static enum err begin(struct ctx *c, struct turn *t, bool *work)
{
	DB_TX *tx = NULL;
	bool taken, there;
	*work = false;
	TRY(db_begin_on(c, t->d->db, t->due->repo_id, &tx));
	TRY(meta_lease_take(c, tx, &t->lease, DELIVER_LEASE_SECONDS, &taken));
	if (!taken)
		return OK;
	TRY(look(c, tx, t, &there));
	if (!there || (t->hook.failures > 0) != t->d->failing)
		return OK;
	TRY(go_on(c, tx, t, work));
	return db_commit(c, &tx);
}

static enum err write_body(struct ctx *c, const struct turn *t, struct str *out)
{
	struct buf body = {.arena = c->arena};
	struct json_writer w = {.out = &body};
	const char *source = arena_fmt(c->arena, "/%.*s", STR_FMT(t->repo.name));
	TRY(event_to_json(c, &w, &t->event, str_of(source), PERMISSION_ADMIN));
	*out = buf_view(&body);
	return OK;
}

static enum err post(struct ctx *c, struct turn *t, struct hook_answer *answer)
{
	struct str body;
	const char *id = arena_fmt(
		c->arena, "%lld/%lld", (long long)t->repo.id, (long long)t->event.sequence);
	TRY(write_body(c, t, &body));
	TRY(t->d->key(c, t->d->arg, &t->hook, &t->key));
	const struct webhook_signed text = {.secret = t->key.secret,
		.id = str_of(id),
		.body = body,
		.time = t->delivery.time / SECOND};
	const struct hook_post what = {
		.url = t->hook.url,
		.id = text.id,
		.time = text.time,
		.signature = webhook_signature(c->arena, &text),
		.body = body,
	};
	return hook_post(c, t->d->hook, &what, answer);
}

/* One attempt, whatever comes of it. */
static enum err attempt(struct ctx *c, struct turn *t, struct hook_answer *answer)
{
	int64_t began = c->world->monotonic();
	*answer = (struct hook_answer){0};
	t->key = (struct webhook_key){0};
	t->sealed = t->hook.sealed;
	TRY(ctx_check(c));
	t->delivery.time = t->now + began - t->renewed;
	enum err err = post(c, t, answer);
	if (err == ERR_CANCELED)
		return err;
	t->delivery.attempts++;
	t->delivery.duration = c->world->monotonic() - began;
	t->delivery.status = err ? 0 : answer->status;
	t->delivery.said = err ? webhook_said(c->arena, str_of(c->error.text))
			       : webhook_said(c->arena, answer->body);
	t->delivery.state = !err && is_ok(answer->status) ? WEBHOOK_DELIVERED : WEBHOOK_WAITING;
	ctx_clear(c);
	return OK;
}

/* When to try again: not before the receiver says, where that is no time without end. */
static int64_t next_try(
	struct ctx *c, const struct turn *t, int64_t now, const struct hook_answer *answer)
{
	int64_t pause = deliver_pause(c, t->hook.failures), asked = answer->retry_after;
	bool may_ask = answer->status == STATUS_TOO_MANY || answer->status == STATUS_UNAVAILABLE;
	if (asked > DELIVER_LONGEST_SECONDS)
		asked = DELIVER_LONGEST_SECONDS;
	if (may_ask && asked * SECOND > pause)
		pause = asked * SECOND;
	return now + pause;
}

/* What the attempt means for the webhook, as it is now. */
static enum err judge(
	struct ctx *c, struct db_tx *tx, struct turn *t, const struct hook_answer *answer)
{
	struct webhook *hook = &t->hook;
	struct webhook_delivery *delivery = &t->delivery;
	bool gone = delivery->status == STATUS_GONE && hook->active;
	hook->tried = delivery->time;
	hook->status = delivery->status;
	hook->said = delivery->said;
	if (delivery->state == WEBHOOK_DELIVERED) {
		hook->failures = hook->next = 0;
	} else {
		hook->failures++;
		hook->next = next_try(c, t, tx->began, answer);
		if (gone || delivery->attempts >= DELIVER_ATTEMPTS)
			delivery->state = WEBHOOK_DEAD;
	}
	if (gone) {
		hook->active = false;
		TRY(t->d->gone(c, t->d->arg, tx, hook));
	}
	if (!hook->active)
		hook->next = 0;
	if (delivery->state != WEBHOOK_WAITING && delivery->sequence > hook->cursor)
		hook->cursor = delivery->sequence;
	return OK;
}

static enum err write_down(
	struct ctx *c, struct db_tx *tx, struct turn *t, const struct hook_answer *answer)
{
	if (t->key.sealed.len && str_eq(t->hook.sealed, t->sealed))
		t->hook.sealed = t->key.sealed;
	TRY(judge(c, tx, t, answer));
	TRY(meta_webhook_delivery_put(c, tx, &t->delivery));
	if (t->delivery.attempts > 1)
		return OK;
	return meta_webhook_delivery_trim(
		c, tx, t->hook.id, DELIVER_KEPT, tx->began - DELIVER_KEPT_DAYS * DAY);
}

/* *work false too where the lease was lost meanwhile: then whoever has it posts this again. */
static enum err settle(struct ctx *c, struct turn *t, const struct hook_answer *answer, bool *work)
{
	DB_TX *tx = NULL;
	bool held, there;
	*work = false;
	TRY(db_begin_on(c, t->d->db, t->due->repo_id, &tx));
	TRY(meta_lease_held(c, tx, &t->lease, &held));
	if (!held)
		return OK;
	TRY(look(c, tx, t, &there));
	if (!there) {
		TRY(meta_lease_give(c, tx, &t->lease));
		return db_commit(c, &tx);
	}
	TRY(write_down(c, tx, t, answer));
	struct webhook hook = t->hook;
	struct webhook_delivery done = t->delivery;
	t->left = c->world->monotonic() - t->began < LONG ? t->left - 1 : 0;
	TRY(go_on(c, tx, t, work));
	TRY(db_commit(c, &tx));
	t->d->told(t->d->arg, &hook, &done);
	return OK;
}

/* Could the lease end while a post is under way? A process may have stood still for any time. */
static bool is_late(const struct ctx *c, const struct turn *t)
{
	int64_t most = DELIVER_LEASE_SECONDS - HOOK_SECONDS - MARGIN_SECONDS;
	return c->world->monotonic() - t->renewed > most * SECOND;
}

/* Of who is told to end, so that another need not wait for the lease's time. */
static void release(struct ctx *c, const struct turn *t)
{
	struct error error = c->error;
	bool (*canceled)(void *) = c->canceled;
	DB_TX *tx = NULL;
	c->canceled = NULL;
	c->deadline = c->world->monotonic() + SECOND;
	enum err err = db_begin_on(c, t->d->db, t->due->repo_id, &tx);
	if (!err)
		err = meta_lease_give(c, tx, &t->lease);
	if (!err)
		err = db_commit(c, &tx);
	(void)err;
	c->deadline = 0;
	c->canceled = canceled;
	c->error = error;
}

static enum err take_turn(
	struct ctx *c, const struct deliver *d, const struct meta_webhook_due *due, bool *more)
{
	bool work;
	const char *name = arena_fmt(c->arena, "deliver/%lld", (long long)due->id);
	struct turn t = {.d = d,
		.due = due,
		.lease = {str_of(name), d->holder},
		.left = DELIVER_TURN,
		.began = c->world->monotonic()};
	TRY(begin(c, &t, &work));
	while (work && !is_late(c, &t)) {
		struct hook_answer answer;
		enum err err = attempt(c, &t, &answer);
		if (err)
			release(c, &t);
		TRY(err);
		TRY(settle(c, &t, &answer, &work));
	}
	*more = *more || work || !t.left;
	return OK;
}

/* Which there are, a page at a time; the round then is of the time of the first. */
static enum err find_due(struct ctx *c, const struct deliver *d,
	const struct meta_webhook_look *look, struct deliver_round *round,
	struct meta_webhook_due **out, size_t *count)
{
	DB_TX *tx = NULL;
	*count = 0;
	TRY(db_begin(c, d->db, DB_READ, &tx));
	TRY(meta_webhook_any(c, tx, &round->any));
	if (!look->after)
		round->since = tx->began;
	return round->any ? meta_webhook_due(c, tx, look, out, count) : OK;
}

static enum err go_round(struct ctx *c, const struct deliver *d, struct deliver_round *round)
{
	struct meta_webhook_look look = {
		.holder = d->holder,
		.failing = d->failing,
		.since = round->since ? round->since - OVERLAP : 0,
		.limit = PAGE,
	};
	for (size_t count = PAGE; count == PAGE;) {
		struct meta_webhook_due *due;
		struct arena_mark mark = arena_mark(c->arena);
		TRY(find_due(c, d, &look, round, &due, &count));
		for (size_t i = 0; i < count; i++) {
			struct arena_mark turn = arena_mark(c->arena);
			if (!due[i].busy)
				TRY(take_turn(c, d, &due[i], &round->more));
			look.after = due[i].id;
			arena_rewind(c->arena, turn);
		}
		arena_rewind(c->arena, mark);
	}
	return OK;
}

enum err deliver_round(struct ctx *c, const struct deliver *d, struct deliver_round *round)
{
	int64_t since = round->since;
	round->more = false;
	enum err err = go_round(c, d, round);
	if (err)
		round->since = since;
	return err;
}
