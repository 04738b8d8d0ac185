#include "core/webhook.h"

#include "base/buf.h"
#include "core/permit.h"
#include "core/record.h"
#include "meta/event.h"
#include "meta/webhook.h"

/* A change of the repository's webhooks; DB_READ: only a look at them. */
static struct permit_need change_of(struct str repo, enum db_mode mode)
{
	return (struct permit_need){repo, OPERATION_REPOSITORY_CHANGE, .mode = mode};
}

static struct seal_bound bound_to(const struct webhook *hook)
{
	return (struct seal_bound){"webhook", hook->id};
}

static void make_secret(struct ctx *c, const struct core *core, struct webhook_made *made)
{
	uint8_t bytes[WEBHOOK_SECRET];
	const struct str secret = str_from(bytes, sizeof bytes);
	const struct seal_bound bound = bound_to(&made->webhook);
	c->world->random(bytes, sizeof bytes);
	made->secret = webhook_secret_text(c->arena, secret);
	made->webhook.sealed = seal_make(c, &core->seals, &bound, secret);
}

/* `hook`: as it is now; `deleted`: as it was. */
static struct str data_of(struct ctx *c, const struct webhook *hook, bool deleted)
{
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	json_begin_object(&w);
	json_member_int(&w, "id", hook->id);
	json_member_bool(&w, "deleted", deleted);
	json_member_str(&w, "url", webhook_url_shown(hook->url));
	json_key(&w, "events");
	webhook_events_to_json(&w, hook->events);
	json_member_bool(&w, "active", hook->active);
	json_end_object(&w);
	return buf_view(&b);
}

static enum err record_change(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct repo *repo, struct str data)
{
	return record_add(c, tx,
		&(struct record){
			.who = who, .type = EVENT_WEBHOOK_CHANGED, .repo = repo, .data = data});
}

enum err webhook_list(struct ctx *c, struct core *core, const struct actor *who, struct str repo,
	struct webhooks *out)
{
	DB_TX *tx = NULL;
	struct repo found;
	const struct permit_need need = change_of(repo, DB_READ);
	TRY(permit_begin_repo(c, core, who, &need, &tx, &found));
	return meta_webhook_list(c, tx, found.id, out);
}

static enum err apply(struct ctx *c, const struct webhook_wish *wish, struct webhook *hook)
{
	if (wish->url)
		hook->url = *wish->url;
	if (wish->events)
		hook->events = *wish->events;
	if (wish->active)
		hook->active = *wish->active;
	return webhook_url_check(c, hook->url);
}

enum err webhook_add(struct ctx *c, struct core *core, const struct actor *who, struct str repo,
	const struct webhook_wish *wish, struct webhook_made *out)
{
	DB_TX *tx = NULL;
	struct repo found;
	struct webhooks others;
	struct webhook *hook = &out->webhook;
	const struct permit_need need = change_of(repo, DB_WRITE);
	TRY(permit_begin_repo(c, core, who, &need, &tx, &found));
	*hook = (struct webhook){.repo_id = found.id, .active = true, .created = db_now(tx)};
	TRY(apply(c, wish, hook));
	TRY(meta_webhook_list(c, tx, found.id, &others));
	if (others.count >= WEBHOOKS_MAX)
		return fail(c, ERR_INVALID, "a repository has at most %d webhooks", WEBHOOKS_MAX);
	TRY(meta_webhook_next_id(c, tx, &hook->id));
	make_secret(c, core, out);
	TRY(record_change(c, tx, who, &found, data_of(c, hook, false)));
	TRY(meta_event_last(c, tx, found.id, &hook->cursor));
	TRY(meta_webhook_add(c, tx, hook));
	return db_commit(c, &tx);
}

/* Where a webhook is, and in what transaction it is wanted. */
struct place {
	struct str repo;
	int64_t id;
	enum db_mode mode;
};

struct found {
	struct repo repo;
	struct webhook hook;
};

static enum err find(struct ctx *c, struct core *core, const struct actor *who,
	const struct place *place, struct db_tx **tx, struct found *out)
{
	const struct permit_need need = change_of(place->repo, place->mode);
	TRY(permit_begin_repo(c, core, who, &need, tx, &out->repo));
	return meta_webhook_get(c, *tx, out->repo.id, place->id, &out->hook);
}

enum err webhook_get(struct ctx *c, struct core *core, const struct actor *who, struct str repo,
	int64_t id, struct webhook *out)
{
	DB_TX *tx = NULL;
	struct found found;
	TRY(find(c, core, who, &(struct place){repo, id, DB_READ}, &tx, &found));
	*out = found.hook;
	return OK;
}

enum err webhook_change(struct ctx *c, struct core *core, const struct actor *who, struct str repo,
	const struct webhook_change *change, struct webhook_made *out)
{
	DB_TX *tx = NULL;
	struct found found;
	struct webhook *hook = &out->webhook;
	TRY(find(c, core, who, &(struct place){repo, change->id, DB_WRITE}, &tx, &found));
	TRY(expected_webhook(c, change->expected, &found.hook));
	*out = (struct webhook_made){.webhook = found.hook};
	TRY(apply(c, &change->wish, hook));
	if (change->wish.new_secret)
		make_secret(c, core, out);
	TRY(record_change(c, tx, who, &found.repo, data_of(c, hook, false)));
	if (!found.hook.active || !hook->active)
		TRY(meta_event_last(c, tx, found.repo.id, &hook->cursor));
	hook->failures = 0;
	hook->next = hook->active ? tx->began : 0;
	TRY(meta_webhook_set(c, tx, hook));
	return db_commit(c, &tx);
}

enum err webhook_delete(struct ctx *c, struct core *core, const struct actor *who, struct str repo,
	int64_t id, struct expected *expected)
{
	DB_TX *tx = NULL;
	struct found found;
	TRY(find(c, core, who, &(struct place){repo, id, DB_WRITE}, &tx, &found));
	TRY(expected_webhook(c, expected, &found.hook));
	TRY(meta_webhook_delete(c, tx, found.repo.id, id));
	TRY(record_change(c, tx, who, &found.repo, data_of(c, &found.hook, true)));
	return db_commit(c, &tx);
}

enum err webhook_deliveries(struct ctx *c, struct core *core, const struct actor *who,
	struct str repo, const struct webhook_query *query, struct webhook_deliveries *out)
{
	DB_TX *tx = NULL;
	struct found found;
	int64_t before = query->before ? query->before : INT64_MAX;
	size_t limit =
		query->limit && query->limit < WEBHOOK_PAGE_MAX ? query->limit : WEBHOOK_PAGE_MAX;
	TRY(find(c, core, who, &(struct place){repo, query->id, DB_READ}, &tx, &found));
	/* One more: is there more? */
	TRY(meta_webhook_deliveries(c, tx, query->id, before, limit + 1, out));
	out->more = out->count > limit;
	if (out->more)
		out->count = limit;
	return OK;
}

static enum err check_active(struct ctx *c, const struct webhook *hook)
{
	if (!hook->active)
		return fail(c, ERR_INVALID, "webhook %lld is switched off: switch it on first",
			(long long)hook->id);
	return OK;
}

static enum err record_redelivery(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct repo *repo, const struct webhook_delivery *delivery)
{
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	json_begin_object(&w);
	json_member_int(&w, "id", delivery->webhook_id);
	json_member_int(&w, "sequence", delivery->sequence);
	json_end_object(&w);
	struct audit entry = {.chain = repo->id,
		.action = STR(AUDIT_WEBHOOK_REDELIVERED),
		.subject = repo->name,
		.detail = buf_view(&b)};
	return record_audit(c, tx, who, &entry, NULL);
}

enum err webhook_redeliver(struct ctx *c, struct core *core, const struct actor *who,
	struct str repo, int64_t id, int64_t sequence)
{
	DB_TX *tx = NULL;
	struct found found;
	struct webhook_delivery delivery;
	TRY(find(c, core, who, &(struct place){repo, id, DB_WRITE}, &tx, &found));
	TRY(check_active(c, &found.hook));
	TRY(meta_webhook_delivery(c, tx, id, sequence, &delivery));
	delivery.state = WEBHOOK_WAITING;
	delivery.attempts = 0;
	found.hook.failures = 0;
	found.hook.next = tx->began;
	TRY(meta_webhook_delivery_put(c, tx, &delivery));
	TRY(meta_webhook_set(c, tx, &found.hook));
	TRY(record_redelivery(c, tx, who, &found.repo, &delivery));
	return db_commit(c, &tx);
}

enum err webhook_ping(
	struct ctx *c, struct core *core, const struct actor *who, struct str repo, int64_t id)
{
	DB_TX *tx = NULL;
	struct found found;
	TRY(find(c, core, who, &(struct place){repo, id, DB_WRITE}, &tx, &found));
	TRY(check_active(c, &found.hook));
	const char *data = arena_fmt(c->arena, "{\"id\":%lld}", (long long)id);
	TRY(record_add(c, tx,
		&(struct record){.who = who,
			.type = EVENT_WEBHOOK_PING,
			.repo = &found.repo,
			.data = str_of(data)}));
	return db_commit(c, &tx);
}

enum err webhook_key(struct ctx *c, void *core, const struct webhook *hook, struct webhook_key *out)
{
	const struct core *own = core;
	const struct seal_bound bound = bound_to(hook);
	*out = (struct webhook_key){0};
	TRY(seal_open(c, &own->seals, &bound, hook->sealed, &out->secret));
	if (seal_is_old(&own->seals, hook->sealed))
		out->sealed = seal_make(c, &own->seals, &bound, out->secret);
	return OK;
}

enum err webhook_gone(struct ctx *c, void *core, struct db_tx *tx, const struct webhook *hook)
{
	struct repo repo;
	(void)core;
	TRY(meta_repo_get(c, tx, hook->repo_id, &repo));
	return record_change(c, tx, NULL, &repo, data_of(c, hook, false));
}
