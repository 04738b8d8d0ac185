#include "base/map.h"
#include "core/audit.h"
#include "model/scope.h"
#include "web/internal.h"
#include "web/live.h"

struct live_hub {
	struct core *core;
	struct live_limits limits;
	struct kv_sub *heard;
	int64_t poll_at, since; /* of the thread that polls */
	struct host_lock lock;  /* of: */
	struct listener *first;
	int count;
	int64_t instance; /* the last event of the instance that was seen */
	struct listening *buckets[LIVE_BUCKETS];
};

static struct listening **bucket_of(struct live_hub *hub, int64_t repo_id)
{
	return &hub->buckets[(uint64_t)repo_id * 0x9e3779b97f4a7c15u >> 54];
}

/* Under the lock. */
static void wake(struct listening *topic)
{
	topic->dirty = true;
	if (topic->of->live)
		live_wake(topic->of->live);
}

static void wake_all(struct live_hub *hub)
{
	for (struct listener *l = hub->first; l; l = l->next) {
		/* Whether they still may is asked first. */
		l->care_now = true;
		if (l->live)
			live_wake(l->live);
	}
}

static void hear(void *arg, struct str message)
{
	struct live_hub *hub = arg;
	uint64_t repo_id;
	if (!message.at || !str_to_u64(message, &repo_id))
		return; /* what was missed is found by polling */
	WITH_LOCK(&hub->lock);
	if (!repo_id)
		wake_all(hub);
	for (struct listening *t = *bucket_of(hub, (int64_t)repo_id); t; t = t->next_in)
		if (t->watch.repo_id == (int64_t)repo_id)
			wake(t);
}

struct live_hub *live_hub_open(struct core *core, const struct live_limits *limits)
{
	struct live_hub *hub = host_alloc(sizeof *hub);
	*hub = (struct live_hub){.core = core, .limits = *limits};
	return hub;
}

void live_hub_close(struct live_hub *hub)
{
	if (!hub)
		return;
	ASSERT(!hub->first);
	kv_unsubscribe(hub->heard);
	host_free(hub, sizeof *hub);
}

static void find(struct live_hub *hub, const struct meta_event_head *head)
{
	WITH_LOCK(&hub->lock);
	if (!head->repo_id && head->sequence > hub->instance) {
		/* The first look only finds out where we are. */
		if (hub->instance)
			wake_all(hub);
		hub->instance = head->sequence;
	}
	for (struct listening *t = *bucket_of(hub, head->repo_id); t; t = t->next_in)
		if (t->watch.repo_id == head->repo_id && t->seen < head->sequence)
			wake(t);
}

/* With the first listener, who then looks for what was not heard before. */
static void begin_to_hear(struct ctx *c, struct live_hub *hub)
{
	if (hub->heard)
		return;
	if (watch_listen(c, hub->core, hear, hub, &hub->heard))
		ctx_clear(c);
	WITH_LOCK(&hub->lock);
	wake_all(hub);
}

static bool has_listeners(struct live_hub *hub)
{
	WITH_LOCK(&hub->lock);
	return hub->first;
}

void live_hub_poll(struct ctx *c, struct live_hub *hub)
{
	struct meta_event_head *heads;
	size_t count;
	int64_t now = c->world->monotonic();
	if (!has_listeners(hub)) {
		hub->since = 0;
		return;
	}
	if (now < hub->poll_at)
		return;
	hub->poll_at = now + hub->limits.poll_us;
	begin_to_hear(c, hub);
	if (watch_recent(c, hub->core, &hub->since, &heads, &count)) {
		ctx_clear(c);
		return;
	}
	for (size_t i = 0; i < count; i++)
		find(hub, &heads[i]);
}

/* Under the lock. */
static enum err check_counts(struct ctx *c, const struct live_hub *hub, uint64_t client)
{
	int same = 0;
	for (const struct listener *l = hub->first; client && l; l = l->next)
		same += l->client == client;
	c->retry_after = 60;
	if (hub->count >= hub->limits.connections)
		return fail(
			c, ERR_UNAVAILABLE, "there are too many live connections: ask again later");
	if (same >= hub->limits.per_client)
		return fail(c, ERR_RATE_LIMITED, "more than %d live connections at once",
			hub->limits.per_client);
	return OK;
}

static struct str keep(char **to, struct str text)
{
	char *at = *to;
	if (text.len)
		memcpy(at, text.at, text.len);
	*to += text.len;
	return str_from(at, text.len);
}

enum err listener_open(struct ctx *c, const struct listener_of *of, struct listener **out)
{
	struct live_hub *hub = of->web->live;
	struct str scope = of->who->scope ? scope_text(c->arena, of->who->scope) : STR("");
	const struct actor *who = of->who;
	uint64_t client = of->client.len ? bytes_hash(0, of->client.at, of->client.len) | 1 : 0;
	size_t size = sizeof(struct listener) + scope.len + of->session.len + who->username.len +
		      who->minted.len + who->via.len + who->peer.len + who->subject.len +
		      who->groups.len;
	WITH_LOCK(&hub->lock);
	TRY(check_counts(c, hub, client));
	struct listener *l = host_alloc(size);
	char *text = (char *)(l + 1);
	*l = (struct listener){.web = of->web,
		.kind = of->kind,
		.who = *who,
		.pass = of->pass,
		.client = client,
		.size = size};
	l->scope = keep(&text, scope);
	l->session = keep(&text, of->session);
	l->who.scope = NULL;
	l->who.username = keep(&text, who->username);
	l->who.minted = keep(&text, who->minted);
	l->who.via = keep(&text, who->via);
	l->who.peer = keep(&text, who->peer);
	l->who.subject = keep(&text, who->subject);
	l->who.groups = keep(&text, who->groups);
	l->next = hub->first;
	l->at = &hub->first;
	if (l->next)
		l->next->at = &l->next;
	hub->first = l;
	hub->count++;
	*out = l;
	return OK;
}

static void unlink_topic(struct listening *topic)
{
	if (!topic->at)
		return;
	*topic->at = topic->next_in;
	if (topic->next_in)
		topic->next_in->at = topic->at;
	topic->at = NULL;
}

static void link_topic(struct live_hub *hub, struct listening *topic)
{
	struct listening **at = bucket_of(hub, topic->watch.repo_id);
	topic->next_in = *at;
	topic->at = at;
	if (*at)
		(*at)->at = &topic->next_in;
	*at = topic;
}

static size_t size_of(const struct listening *topic)
{
	return sizeof *topic + topic->watch.name.len;
}

void listener_close(struct listener *l)
{
	struct live_hub *hub = l->web->live;
	{
		WITH_LOCK(&hub->lock);
		for (struct listening *t = l->first; t; t = t->next)
			unlink_topic(t);
		*l->at = l->next;
		if (l->next)
			l->next->at = l->at;
		hub->count--;
	}
	while (l->first) {
		struct listening *t = l->first;
		l->first = t->next;
		host_free(t, size_of(t));
	}
	host_free(l, l->size);
}

enum err listener_stay(struct http_exchange *x, struct listener *l)
{
	struct live_hub *hub = l->web->live;
	struct live *live;
	TRY(http_stay(x, l->kind, &listener_ops, l, &live));
	WITH_LOCK(&hub->lock);
	l->live = live;
	live_wake(live);
	return OK;
}

enum err listener_add(struct ctx *c, struct listener *l, struct str name, int64_t cursor)
{
	listener_remove(l, name);
	if (l->topics == LIVE_TOPICS_MAX)
		return fail(c, ERR_INVALID, "a connection has at most %d topics", LIVE_TOPICS_MAX);
	if (!name.len || name.len > REPO_NAME_MAX)
		return fail(c, ERR_NOT_FOUND, "there is no repository of such a name here");
	struct listening *t = host_alloc(sizeof *t + name.len);
	*t = (struct listening){.of = l, .dirty = true};
	memcpy(t->name, name.at, name.len);
	t->watch = (struct watch){.name = str_from(t->name, name.len), .cursor = cursor};
	/* In their order: a stream's cursors have it too. */
	struct listening **end = &l->first;
	while (*end)
		end = &(*end)->next;
	*end = t;
	l->topics++;
	return OK;
}

bool listener_remove(struct listener *l, struct str name)
{
	struct live_hub *hub = l->web->live;
	struct listening **at = &l->first;
	while (*at && !str_eq_nocase((*at)->watch.name, name))
		at = &(*at)->next;
	struct listening *t = *at;
	if (!t)
		return false;
	{
		WITH_LOCK(&hub->lock);
		unlink_topic(t);
	}
	*at = t->next;
	l->topics--;
	host_free(t, size_of(t));
	return true;
}

enum err listener_actor(struct ctx *c, const struct listener *l, struct actor *out)
{
	*out = l->who;
	if (!l->scope.len)
		return OK;
	struct scope *scope = NEW(c->arena, struct scope);
	TRY(scope_parse(c, l->scope, scope));
	out->scope = scope;
	return OK;
}

enum err listener_read(
	struct ctx *c, struct listener *l, struct listening *topic, struct watched *out)
{
	struct live_hub *hub = l->web->live;
	struct actor who;
	TRY(listener_actor(c, l, &who));
	enum err kind = watch_read(c, hub->core, &who, l->session, &topic->watch, out);
	if (kind)
		audit_error(c, hub->core, &who, STR("GET"), STR("/api/v1/live"));
	TRY(kind);
	WITH_LOCK(&hub->lock);
	topic->seen = topic->watch.cursor;
	topic->dirty |= out->more;
	if (!topic->at) {
		link_topic(hub, topic);
		/* Between the reading and this nobody would have woken it. */
		topic->dirty = true;
	}
	return OK;
}

bool listening_take(struct listening *topic)
{
	WITH_LOCK(&topic->of->web->live->lock);
	bool dirty = topic->dirty;
	topic->dirty = false;
	return dirty;
}

bool listening_is_dirty(struct listening *topic)
{
	WITH_LOCK(&topic->of->web->live->lock);
	return topic->dirty;
}

void listening_mark(struct listening *topic)
{
	WITH_LOCK(&topic->of->web->live->lock);
	topic->dirty = true;
}

void listener_mark_all(struct listener *l)
{
	WITH_LOCK(&l->web->live->lock);
	for (struct listening *t = l->first; t; t = t->next)
		t->dirty = true;
}

bool listener_take_care(struct listener *l)
{
	WITH_LOCK(&l->web->live->lock);
	bool now = l->care_now;
	l->care_now = false;
	return now;
}

bool live_topic(struct str topic, struct str *name)
{
	*name = topic;
	return str_skip(name, STR("repo:"));
}
