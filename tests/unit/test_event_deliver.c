/* event/deliver.c: order, times, and who may write down what came of a post. */
#include "event/deliver.h"

#include "base/hex.h"
#include "core/repo.h"
#include "core/webhook.h"
#include "core_house.h"
#include "driver/hook_memory.h"
#include "meta/event.h"
#include "meta/lease.h"
#include "meta/webhook.h"

#define REPO STR("r")

enum { SECOND = 1000000 };

/* A receiver, and who posts to it. */
struct post_house {
	struct ctx *c;
	struct repo repo;
	struct hook *hook;
	struct deliver well, failing;
	/* What the receiver says. */
	int status;
	int64_t retry_after;
	enum err err;
	void (*during)(struct post_house *p); /* before it does */
	/* What was told. */
	int delivered, failed, dead;
};

static enum err answer(
	struct ctx *c, void *arg, const struct hook_post *post, struct hook_answer *out)
{
	struct post_house *p = arg;
	(void)post;
	if (p->during)
		p->during(p);
	*out = (struct hook_answer){p->status, p->retry_after, STR("said so")};
	return p->err ? fail(c, p->err, "nobody is there") : OK;
}

static void told(void *arg, const struct webhook *hook, const struct webhook_delivery *delivery)
{
	struct post_house *p = arg;
	(void)hook;
	p->delivered += delivery->state == WEBHOOK_DELIVERED;
	p->failed += delivery->state == WEBHOOK_WAITING;
	p->dead += delivery->state == WEBHOOK_DEAD;
}

static enum err key(struct ctx *c, void *arg, const struct webhook *hook, struct webhook_key *out)
{
	(void)arg;
	return webhook_key(c, core_of(c), hook, out);
}

static enum err gone(struct ctx *c, void *arg, struct db_tx *tx, const struct webhook *hook)
{
	(void)arg;
	return webhook_gone(c, core_of(c), tx, hook);
}

static struct deliver deliver_as(struct post_house *p, const char *holder, bool failing)
{
	return (struct deliver){
		.db = core_of(p->c)->db,
		.hook = p->hook,
		.holder = str_of(holder),
		.failing = failing,
		.arg = p,
		.key = key,
		.gone = gone,
		.told = told,
	};
}

static struct post_house *post_house(struct ctx *c)
{
	struct post_house *p = NEW(c->arena, struct post_house);
	*p = (struct post_house){.c = c, .status = 204};
	p->hook = hook_memory_open(answer, p);
	p->well = deliver_as(p, "one", false);
	p->failing = deliver_as(p, "two", true);
	p->repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	return p;
}

static struct webhook_made add(struct ctx *c, const char *events)
{
	struct webhook_made made;
	struct str url = STR("https://example.org/hook"), types = str_of(events);
	const struct webhook_wish wish = {.url = &url, .events = &types};
	assert_ok(c, webhook_add(c, core_of(c), &house_of(c)->owner, REPO, &wish, &made));
	return made;
}

static void happen(struct post_house *p, enum event_type type, const char *data)
{
	struct ctx *c = p->c;
	DB_TX *tx = NULL;
	const struct event event = {.repo_id = p->repo.id, .type = type, .data = str_of(data)};
	assert_ok(c, db_begin(c, core_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, meta_event_add(c, tx, &event));
	assert_ok(c, db_commit(c, &tx));
}

static void push(struct post_house *p, int count)
{
	for (int i = 0; i < count; i++)
		happen(p, EVENT_PUSH, "{}");
}

/* All that is due. */
static struct deliver_round go_round(struct post_house *p, const struct deliver *d)
{
	struct deliver_round round = {0};
	assert_ok(p->c, deliver_round(p->c, d, &round));
	return round;
}

static size_t posted(struct post_house *p)
{
	size_t count;
	(void)hook_memory_posts(p->hook, &count);
	return count;
}

/* The sequence of the n-th event that was posted. */
static int64_t sequence_of(struct post_house *p, size_t n)
{
	size_t count;
	uint64_t sequence = 0;
	const struct hook_post *posts = hook_memory_posts(p->hook, &count);
	assert_true(n < count);
	struct str id = posts[n].id;
	(void)str_cut(&id, '/');
	assert_true(str_to_u64(id, &sequence));
	return (int64_t)sequence;
}

static struct webhook get(struct ctx *c, int64_t id)
{
	struct webhook hook;
	assert_ok(c, webhook_get(c, core_of(c), &house_of(c)->owner, REPO, id, &hook));
	return hook;
}

static struct webhook_deliveries deliveries(struct ctx *c, int64_t id)
{
	struct webhook_deliveries out;
	const struct webhook_query query = {.id = id};
	assert_ok(c, webhook_deliveries(c, core_of(c), &house_of(c)->owner, REPO, &query, &out));
	return out;
}

static void close_house(struct post_house *p)
{
	hook_close(p->hook);
}

static void each_event_is_posted_in_order_and_signed(void **state)
{
	struct ctx *c = *state;
	struct post_house *p = post_house(c);
	struct webhook_made made = add(c, "");
	size_t count;
	struct webhook_key own;
	push(p, 3);
	assert_false(go_round(p, &p->well).more);
	const struct hook_post *posts = hook_memory_posts(p->hook, &count);
	assert_int_equal(count, 3);
	for (size_t i = 1; i < count; i++)
		assert_int_equal(sequence_of(p, i), sequence_of(p, i - 1) + 1);
	assert_int_equal(sequence_of(p, 0), made.webhook.cursor + 1);
	struct webhook hook = get(c, made.webhook.id);
	assert_ok(c, webhook_key(c, core_of(c), &hook, &own));
	const struct webhook_signed text = {own.secret, posts[0].id, posts[0].body, posts[0].time};
	assert_true(str_eq(webhook_signature(c->arena, &text), posts[0].signature));
	struct json *body;
	assert_ok(c, json_parse(c, posts[0].body, &body));
	assert_str(json_text(body, "type"), "push");
	assert_str(json_text(body, "source"), "/r");
	assert_true(str_eq(json_text(body, "id"), posts[0].id));
	assert_int_equal(hook.cursor, sequence_of(p, 2));
	assert_int_equal(hook.next, 0);
	assert_int_equal(hook.status, 204);
	assert_str(hook.said, "said so");
	assert_int_equal(deliveries(c, hook.id).count, 3);
	assert_int_equal(deliveries(c, hook.id).at[0].state, WEBHOOK_DELIVERED);
	go_round(p, &p->well);
	assert_int_equal(posted(p), 3);
	assert_int_equal(p->delivered, 3);
	close_house(p);
}

static void only_what_it_is_for_is_posted(void **state)
{
	struct ctx *c = *state;
	struct post_house *p = post_house(c);
	int64_t id = add(c, "ref.created,push").webhook.id;
	happen(p, EVENT_REF_UPDATED, "{}");
	push(p, 1);
	for (int i = 0; i < 100; i++)
		happen(p, EVENT_REF_UPDATED, "{}");
	happen(p, EVENT_REF_CREATED, "{}");
	happen(p, EVENT_REF_DELETED, "{}");
	go_round(p, &p->well);
	assert_int_equal(posted(p), 2);
	assert_int_equal(sequence_of(p, 1), sequence_of(p, 0) + 101);
	assert_int_equal(get(c, id).cursor, sequence_of(p, 1) + 1);
	assert_int_equal(deliveries(c, id).count, 2);
	close_house(p);
}

/* What nobody can tell of a webhook whose events are all passed over is looked for in steps. */
static void very_many_that_it_is_not_for_are_passed_over(void **state)
{
	struct ctx *c = *state;
	struct post_house *p = post_house(c);
	int64_t id = add(c, "push").webhook.id;
	for (int i = 0; i < 600; i++)
		happen(p, EVENT_REF_UPDATED, "{}");
	push(p, 1);
	int rounds = 1;
	while (go_round(p, &p->well).more)
		rounds++;
	assert_true(rounds > 1);
	assert_int_equal(posted(p), 1);
	assert_int_equal(get(c, id).next, 0);
	close_house(p);
}

static void what_fails_is_tried_again_before_what_is_newer(void **state)
{
	struct ctx *c = *state;
	struct post_house *p = post_house(c);
	int64_t id = add(c, "").webhook.id, pause = 10;
	push(p, 2);
	p->status = 500;
	go_round(p, &p->well);
	for (int attempt = 1; attempt <= 4; attempt++, pause *= 2) {
		struct webhook hook = get(c, id);
		assert_int_equal(posted(p), attempt);
		assert_int_equal(hook.failures, attempt);
		assert_int_equal(deliveries(c, id).at[0].attempts, attempt);
		assert_int_equal(deliveries(c, id).at[0].status, 500);
		assert_in_range(
			hook.next - hook.tried, pause * SECOND, (pause * 5 / 4 + 2) * SECOND);
		go_round(p, &p->failing);
		assert_int_equal(posted(p), attempt);
		house_moved += (pause * 5 / 4 + 2) * SECOND;
		go_round(p, &p->well);
		assert_int_equal(posted(p), attempt);
		if (attempt == 4)
			p->status = 200;
		go_round(p, &p->failing);
	}
	assert_int_equal(posted(p), 6);
	assert_int_equal(sequence_of(p, 4), sequence_of(p, 0));
	assert_int_equal(sequence_of(p, 5), sequence_of(p, 0) + 1);
	assert_int_equal(get(c, id).failures, 0);
	assert_int_equal(get(c, id).next, 0);
	assert_int_equal(p->failed, 4);
	assert_int_equal(p->delivered, 2);
	close_house(p);
}

static void after_so_many_attempts_an_event_is_dead_and_the_next_has_its_turn(void **state)
{
	struct ctx *c = *state;
	struct post_house *p = post_house(c);
	int64_t id = add(c, "").webhook.id;
	push(p, 2);
	p->err = ERR_UNAVAILABLE;
	go_round(p, &p->well);
	for (int i = 1; i < DELIVER_ATTEMPTS; i++) {
		assert_int_equal(p->dead, 0);
		house_moved += 3600 * 5 / 4 * (int64_t)SECOND + SECOND;
		go_round(p, &p->failing);
	}
	assert_int_equal(posted(p), DELIVER_ATTEMPTS);
	assert_int_equal(p->dead, 1);
	assert_int_equal(deliveries(c, id).at[0].state, WEBHOOK_DEAD);
	assert_int_equal(deliveries(c, id).at[0].status, 0);
	assert_str(deliveries(c, id).at[0].said, "nobody is there");
	assert_int_equal(get(c, id).cursor, sequence_of(p, 0));
	p->err = OK;
	house_moved += 3600 * 5 / 4 * (int64_t)SECOND + SECOND;
	go_round(p, &p->failing);
	assert_int_equal(posted(p), DELIVER_ATTEMPTS + 1);
	assert_int_equal(sequence_of(p, DELIVER_ATTEMPTS), sequence_of(p, 0) + 1);
	assert_int_equal(get(c, id).failures, 0);
	close_house(p);
}

static void pauses_double_up_to_an_hour(void **state)
{
	struct ctx *c = *state;
	static const int64_t seconds[] = {10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600};
	for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++)
		assert_in_range(deliver_pause(c, (int64_t)i + 1), seconds[i] * SECOND,
			seconds[i] * SECOND * 5 / 4);
	assert_in_range(deliver_pause(c, INT64_MAX), 3600LL * SECOND, 4500LL * SECOND);
}

static void it_waits_as_long_as_it_is_asked_to(void **state)
{
	struct ctx *c = *state;
	static const struct {
		int status;
		int64_t asked, least, most;
	} all[] = {{503, 600, 600, 602}, {429, 30, 30, 32}, {503, 1, 10, 15},
		{429, 1000000, 3600, 3602}, {500, 600, 10, 15}};
	struct post_house *p = post_house(c);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		int64_t id = add(c, "push").webhook.id;
		push(p, 1);
		p->status = all[i].status;
		p->retry_after = all[i].asked;
		go_round(p, &p->well);
		struct webhook hook = get(c, id);
		assert_in_range(
			hook.next - hook.tried, all[i].least * SECOND, all[i].most * SECOND);
		assert_ok(c, webhook_delete(c, core_of(c), &house_of(c)->owner, REPO, id, NULL));
	}
	close_house(p);
}

static void one_that_is_gone_is_switched_off(void **state)
{
	struct ctx *c = *state;
	struct post_house *p = post_house(c);
	int64_t id = add(c, "").webhook.id;
	push(p, 2);
	p->status = 410;
	go_round(p, &p->well);
	assert_int_equal(posted(p), 1);
	assert_false(get(c, id).active);
	assert_int_equal(get(c, id).next, 0);
	assert_int_equal(deliveries(c, id).at[0].state, WEBHOOK_DEAD);
	assert_str(house_audit(c).action, "webhook.changed");
	assert_int_equal(house_audit(c).user_id, 0);
	house_moved += 7200 * (int64_t)SECOND;
	go_round(p, &p->well);
	go_round(p, &p->failing);
	assert_int_equal(posted(p), 1);
	close_house(p);
}

static void take_lease(struct post_house *p, const char *holder)
{
	struct ctx *c = p->c;
	DB_TX *tx = NULL;
	bool taken;
	const struct lease lease = {STR("deliver/1"), str_of(holder)};
	assert_ok(c, db_begin(c, core_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, meta_lease_take(c, tx, &lease, DELIVER_LEASE_SECONDS, &taken));
	assert_true(taken);
	assert_ok(c, db_commit(c, &tx));
}

static void lose_lease(struct post_house *p)
{
	p->during = NULL;
	house_moved += (DELIVER_LEASE_SECONDS + 2) * (int64_t)SECOND;
	take_lease(p, "another");
}

static void who_lost_the_lease_writes_nothing_down(void **state)
{
	struct ctx *c = *state;
	struct post_house *p = post_house(c);
	int64_t id = add(c, "").webhook.id;
	push(p, 2);
	p->during = lose_lease;
	struct webhook before = get(c, id);
	go_round(p, &p->well);
	assert_int_equal(posted(p), 1);
	assert_int_equal(p->delivered, 0);
	assert_int_equal(deliveries(c, id).count, 0);
	assert_int_equal(get(c, id).cursor, before.cursor);
	/* While another has it, nobody else posts; then whoever comes first does. */
	struct deliver third = deliver_as(p, "third", false);
	go_round(p, &third);
	assert_int_equal(posted(p), 1);
	house_moved += (DELIVER_LEASE_SECONDS + 2) * (int64_t)SECOND;
	go_round(p, &third);
	assert_int_equal(posted(p), 3);
	assert_int_equal(sequence_of(p, 1), sequence_of(p, 0));
	assert_int_equal(sequence_of(p, 2), sequence_of(p, 0) + 1);
	close_house(p);
}

static void fail_database(struct post_house *p)
{
	p->during = NULL;
	db_faulty_set(core_of(p->c)->db, 3, ERR_UNAVAILABLE);
}

/* As when the process dies there. */
static void what_could_not_be_written_down_is_posted_again(void **state)
{
	struct ctx *c = *state;
	struct post_house *p = post_house(c);
	struct deliver_round round = {0};
	add(c, "");
	push(p, 1);
	p->during = fail_database;
	assert_err(c, deliver_round(c, &p->well, &round), ERR_UNAVAILABLE);
	assert_int_equal(round.since, 0);
	ctx_clear(c);
	struct deliver third = deliver_as(p, "third", false);
	go_round(p, &third);
	assert_int_equal(posted(p), 1);
	/* What waits is found by its time, though nothing happened of late. */
	house_moved += 120 * (int64_t)SECOND;
	round.since = house_clock();
	assert_ok(c, deliver_round(c, &third, &round));
	assert_int_equal(posted(p), 2);
	assert_int_equal(sequence_of(p, 1), sequence_of(p, 0));
	close_house(p);
}

static void only_where_something_happened_is_looked_at(void **state)
{
	struct ctx *c = *state;
	struct post_house *p = post_house(c);
	struct deliver_round round = {0};
	assert_ok(c, deliver_round(c, &p->well, &round));
	assert_false(round.any);
	add(c, "");
	push(p, 1);
	round.since = house_clock() + 3600 * (int64_t)SECOND;
	assert_ok(c, deliver_round(c, &p->well, &round));
	assert_true(round.any);
	assert_int_equal(posted(p), 0);
	assert_ok(c, deliver_round(c, &p->well, &round));
	assert_int_equal(posted(p), 1);
	close_house(p);
}

static void remove_webhook(struct post_house *p)
{
	p->during = NULL;
	assert_ok(p->c, webhook_delete(p->c, core_of(p->c), &house_of(p->c)->owner, REPO, 1, NULL));
}

static void what_is_removed_meanwhile_ends(void **state)
{
	struct ctx *c = *state;
	struct post_house *p = post_house(c);
	struct repo repo;
	add(c, "");
	push(p, 2);
	p->during = remove_webhook;
	go_round(p, &p->well);
	assert_int_equal(posted(p), 1);
	assert_int_equal(p->delivered, 0);
	int64_t id = add(c, "push").webhook.id;
	push(p, 1);
	assert_ok(c, repo_delete(c, core_of(c), &house_of(c)->owner, REPO, &repo));
	go_round(p, &p->well);
	assert_int_equal(posted(p), 1);
	assert_ok(c, repo_restore(c, core_of(c), &house_of(c)->owner, repo.id, NULL, &repo));
	go_round(p, &p->well);
	assert_int_equal(posted(p), 2);
	assert_int_equal(get(c, id).status, 204);
	close_house(p);
}

static void switch_off_and_on(struct post_house *p)
{
	struct ctx *c = p->c;
	struct webhook_made made;
	bool active = false;
	struct webhook_change change = {.id = 1, .wish.active = &active};
	p->during = NULL;
	assert_ok(c, webhook_change(c, core_of(c), &house_of(c)->owner, REPO, &change, &made));
	active = true;
	assert_ok(c, webhook_change(c, core_of(c), &house_of(c)->owner, REPO, &change, &made));
}

static void a_cursor_never_goes_back(void **state)
{
	struct ctx *c = *state;
	struct post_house *p = post_house(c);
	int64_t id = add(c, "push").webhook.id;
	push(p, 3);
	p->during = switch_off_and_on;
	go_round(p, &p->well);
	go_round(p, &p->well);
	assert_int_equal(posted(p), 1);
	assert_true(get(c, id).cursor >= sequence_of(p, 0) + 2);
	close_house(p);
}

static void what_is_asked_for_again_comes_before_what_is_new(void **state)
{
	struct ctx *c = *state;
	struct post_house *p = post_house(c);
	int64_t id = add(c, "push").webhook.id;
	push(p, 2);
	go_round(p, &p->well);
	int64_t first = sequence_of(p, 0);
	push(p, 1);
	assert_ok(c, webhook_redeliver(c, core_of(c), &house_of(c)->owner, REPO, id, first));
	go_round(p, &p->well);
	assert_int_equal(posted(p), 4);
	assert_int_equal(sequence_of(p, 2), first);
	assert_int_equal(sequence_of(p, 3), first + 2);
	assert_int_equal(get(c, id).cursor, first + 2);
	struct webhook_deliveries all = deliveries(c, id);
	assert_int_equal(all.at[2].sequence, first);
	assert_int_equal(all.at[2].state, WEBHOOK_DELIVERED);
	assert_int_equal(all.at[2].attempts, 1);
	close_house(p);
}

static void a_ping_comes_to_the_one_that_is_meant(void **state)
{
	struct ctx *c = *state;
	struct post_house *p = post_house(c);
	add(c, "ref.deleted");
	int64_t id = add(c, "ref.deleted").webhook.id;
	assert_ok(c, webhook_ping(c, core_of(c), &house_of(c)->owner, REPO, id));
	go_round(p, &p->well);
	assert_int_equal(posted(p), 1);
	assert_int_equal(deliveries(c, id).count, 1);
	assert_str(deliveries(c, id).at[0].type, "webhook.ping");
	close_house(p);
}

static void each_has_its_turn(void **state)
{
	struct ctx *c = *state;
	struct post_house *p = post_house(c);
	int64_t one = add(c, "push").webhook.id, two = add(c, "push").webhook.id;
	push(p, DELIVER_TURN + 5);
	assert_true(go_round(p, &p->well).more);
	assert_int_equal(deliveries(c, one).count, DELIVER_TURN);
	assert_int_equal(deliveries(c, two).count, DELIVER_TURN);
	assert_false(go_round(p, &p->well).more);
	assert_int_equal(posted(p), 2 * (DELIVER_TURN + 5));
	close_house(p);
}

static void old_deliveries_go(void **state)
{
	struct ctx *c = *state;
	struct post_house *p = post_house(c);
	struct webhook_deliveries all;
	DB_TX *tx = NULL;
	int64_t id = add(c, "push").webhook.id;
	push(p, DELIVER_KEPT + 30);
	while (go_round(p, &p->well).more)
		;
	assert_ok(c, db_begin(c, core_of(c)->db, DB_READ, &tx));
	assert_ok(c, meta_webhook_deliveries(c, tx, id, INT64_MAX, 1000, &all));
	db_rollback(&tx);
	assert_int_equal(all.count, DELIVER_KEPT);
	house_moved += (DELIVER_KEPT_DAYS * 86400LL + 60) * SECOND;
	push(p, 1);
	go_round(p, &p->well);
	assert_int_equal(deliveries(c, id).count, 1);
	close_house(p);
}

static void long_data_is_left_out(void **state)
{
	struct ctx *c = *state;
	struct post_house *p = post_house(c);
	size_t count;
	struct json *body;
	char *data = arena_alloc(c->arena, DELIVER_DATA_MAX + 8);
	add(c, "push");
	memset(data, ' ', DELIVER_DATA_MAX + 7);
	data[DELIVER_DATA_MAX + 7] = 0;
	data[0] = '{', data[1] = '}';
	happen(p, EVENT_PUSH, data);
	go_round(p, &p->well);
	assert_ok(c, json_parse(c, hook_memory_posts(p->hook, &count)[0].body, &body));
	assert_true(json_get(body, "dataomitted")->boolean);
	assert_null(json_get(body, "data"));
	close_house(p);
}

static void a_secret_is_sealed_anew_when_the_key_is_old(void **state)
{
	struct ctx *c = *state;
	struct post_house *p = post_house(c);
	struct seal_keys *seals = &core_of(c)->seals;
	int64_t id = add(c, "push").webhook.id;
	struct str sealed = get(c, id).sealed;
	assert_ok(c, seal_keys_add(c, seals, secret_make(c)));
	struct seal_key old = seals->at[0];
	seals->at[0] = seals->at[1];
	seals->at[1] = old;
	push(p, 1);
	go_round(p, &p->well);
	assert_false(str_eq(get(c, id).sealed, sealed));
	/* Without any key for it nothing is posted, and why is told. */
	seals->at[0] = old;
	seals->count = 1;
	push(p, 1);
	go_round(p, &p->well);
	assert_int_equal(posted(p), 1);
	assert_true(str_starts(deliveries(c, id).at[0].said, STR("the key ")));
	assert_int_equal(deliveries(c, id).at[0].state, WEBHOOK_WAITING);
	close_house(p);
}

static bool always(void *arg)
{
	(void)arg;
	return true;
}

static void cancel(struct post_house *p)
{
	p->c->canceled = always;
	p->err = ERR_CANCELED;
}

static void who_is_told_to_end_gives_the_lease_back(void **state)
{
	struct ctx *c = *state;
	struct post_house *p = post_house(c);
	struct deliver_round round = {0};
	int64_t id = add(c, "").webhook.id;
	push(p, 1);
	p->during = cancel;
	assert_err(c, deliver_round(c, &p->well, &round), ERR_CANCELED);
	ctx_clear(c);
	c->canceled = NULL;
	p->during = NULL;
	p->err = OK;
	assert_int_equal(deliveries(c, id).count, 0);
	struct deliver third = deliver_as(p, "third", false);
	go_round(p, &third);
	assert_int_equal(posted(p), 2);
	assert_int_equal(sequence_of(p, 1), sequence_of(p, 0));
	assert_int_equal(get(c, id).failures, 0);
	close_house(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(each_event_is_posted_in_order_and_signed),
		HOUSE_TEST(only_what_it_is_for_is_posted),
		HOUSE_TEST(very_many_that_it_is_not_for_are_passed_over),
		HOUSE_TEST(what_fails_is_tried_again_before_what_is_newer),
		HOUSE_TEST(after_so_many_attempts_an_event_is_dead_and_the_next_has_its_turn),
		HOUSE_TEST(pauses_double_up_to_an_hour),
		HOUSE_TEST(it_waits_as_long_as_it_is_asked_to),
		HOUSE_TEST(one_that_is_gone_is_switched_off),
		HOUSE_TEST(who_lost_the_lease_writes_nothing_down),
		HOUSE_TEST(what_could_not_be_written_down_is_posted_again),
		HOUSE_TEST(only_where_something_happened_is_looked_at),
		HOUSE_TEST(what_is_removed_meanwhile_ends),
		HOUSE_TEST(a_cursor_never_goes_back),
		HOUSE_TEST(what_is_asked_for_again_comes_before_what_is_new),
		HOUSE_TEST(a_ping_comes_to_the_one_that_is_meant),
		HOUSE_TEST(each_has_its_turn),
		HOUSE_TEST(old_deliveries_go),
		HOUSE_TEST(long_data_is_left_out),
		HOUSE_TEST(a_secret_is_sealed_anew_when_the_key_is_old),
		HOUSE_TEST(who_is_told_to_end_gives_the_lease_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
