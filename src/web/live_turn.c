/* What a listener is told, and what it says: docs/live.md. */
#include "base/buf.h"
#include "web/api.h"
#include "web/live.h"

enum {
	RETRY_US = 2000000,      /* after which what could not be asked is asked again */
	COME_BACK_MS = 500,      /* after which, at the earliest, … */
	COME_BACK_SPREAD = 4500, /* … and spread over so long, those whom we left come back */
	CODE_ENDED = 4401,
};

struct turn {
	struct listener *l;
	bool over; /* it is being closed */
};

static void begin(struct ctx *c, struct api_reply *reply)
{
	api_begin(c, reply);
	json_begin_object(&reply->w);
}

/* The cursors of all topics, as Last-Event-ID has them. */
static void write_cursors(struct buf *out, const struct listener *l)
{
	for (const struct listening *t = l->first; t; t = t->next)
		buf_fmt(out, "%s%lld", t == l->first ? "" : ",", (long long)t->watch.cursor);
}

static void tell(struct ctx *c, struct turn *t, struct api_reply *reply)
{
	struct buf out = {.arena = c->arena};
	json_end_object(&reply->w);
	if (t->l->kind == LIVE_WEBSOCKET) {
		live_send(t->l->live, buf_view(&reply->out));
		return;
	}
	/* JSON has no line ends. */
	buf_cstr(&out, "id: ");
	write_cursors(&out, t->l);
	buf_cstr(&out, "\ndata: ");
	buf_str(&out, buf_view(&reply->out));
	buf_cstr(&out, "\n\n");
	live_send(t->l->live, buf_view(&out));
}

static struct str topic_of(struct ctx *c, struct str name)
{
	return str_of(arena_fmt(c->arena, "repo:%.*s", STR_FMT(name)));
}

/* `retry` below 0: it is no use. */
static void leave(struct ctx *c, struct turn *t, int code, const char *reason, int64_t retry)
{
	struct api_reply reply;
	if (t->over)
		return;
	t->over = true;
	begin(c, &reply);
	json_key(&reply.w, "closing");
	json_begin_object(&reply.w);
	json_member_int(&reply.w, "code", code);
	json_member_cstr(&reply.w, "reason", reason);
	if (retry < 0)
		json_member_cstr(&reply.w, "retry", NULL);
	else
		json_member_int(&reply.w, "retry", retry);
	json_end_object(&reply.w);
	if (t->l->kind == LIVE_STREAM && retry >= 0)
		live_send(
			t->l->live, str_of(arena_fmt(c->arena, "retry: %lld\n", (long long)retry)));
	tell(c, t, &reply);
	live_close(t->l->live, code, str_of(reason));
}

static int64_t some_time(struct ctx *c)
{
	uint16_t random;
	c->world->random(&random, sizeof random);
	return COME_BACK_MS + random % COME_BACK_SPREAD;
}

/* The context's error, for whoever listens. */
static void send_error(struct ctx *c, struct turn *t, struct str topic)
{
	struct api_reply reply;
	int status = err_http_status(c->error.kind);
	begin(c, &reply);
	json_key(&reply.w, "error");
	json_begin_object(&reply.w);
	json_member_cstr(&reply.w, "type", "about:blank");
	json_member_cstr(&reply.w, "title", http_reason(status));
	json_member_int(&reply.w, "status", status);
	json_member_cstr(&reply.w, "detail", err_told(c));
	json_end_object(&reply.w);
	if (topic.len)
		json_member_str(&reply.w, "topic", topic);
	tell(c, t, &reply);
	ctx_clear(c);
}

static void send_subscribed(
	struct ctx *c, struct turn *t, struct listening *topic, const struct watched *what)
{
	struct api_reply reply;
	topic->told = true;
	begin(c, &reply);
	json_member_str(&reply.w, "subscribed", topic_of(c, topic->watch.name));
	json_member_int(&reply.w, "cursor", what->from);
	json_member_int(&reply.w, "version", what->version);
	tell(c, t, &reply);
}

static enum err send_event(struct ctx *c, struct turn *t, struct listening *topic,
	const struct event *event, enum permission level)
{
	struct api_reply reply;
	struct str name = topic->watch.name;
	begin(c, &reply);
	json_key(&reply.w, "event");
	TRY(event_to_json(
		c, &reply.w, event, str_of(arena_fmt(c->arena, "/%.*s", STR_FMT(name))), level));
	json_member_str(&reply.w, "topic", topic_of(c, name));
	json_member_int(&reply.w, "cursor", event->sequence);
	tell(c, t, &reply);
	return OK;
}

/* An error that ends the connection, or the topic, or that may pass by itself. */
static void on_error(struct ctx *c, struct turn *t, struct listening *topic)
{
	enum err kind = c->error.kind;
	if (kind == ERR_UNAUTH && !actor_is_anonymous(&t->l->who)) {
		leave(c, t, CODE_ENDED, "your session or key has ended: sign in again", -1);
		return;
	}
	if (topic && (kind == ERR_UNAUTH || kind == ERR_NOT_FOUND || kind == ERR_DENIED ||
			     kind == ERR_INVALID)) {
		send_error(c, t, topic_of(c, topic->watch.name));
		listener_remove(t->l, str_copy(c->arena, topic->watch.name));
		if (t->l->kind == LIVE_STREAM && !t->l->first)
			leave(c, t, LIVE_POLICY, "there is nothing left to listen to", -1);
		return;
	}
	/* Only later, not at once: so the mark comes by the next time that it is cared for. */
	ctx_clear(c);
	t->l->care_at = c->world->monotonic() + RETRY_US;
	live_again_at(t->l->live, c->world->monotonic() + RETRY_US);
}

static void read_topic(struct ctx *c, struct turn *t, struct listening *topic)
{
	struct watched what;
	if (listener_read(c, t->l, topic, &what)) {
		on_error(c, t, topic);
		return;
	}
	/* A stream's cursors are those of what was sent. */
	int64_t last = topic->watch.cursor;
	topic->watch.cursor = what.from;
	if (!topic->told)
		send_subscribed(c, t, topic, &what);
	for (size_t i = 0; i < what.count; i++) {
		topic->watch.cursor = what.at[i].sequence;
		/* One that cannot be read is left out: it would keep all that follow from being told. */
		if (send_event(c, t, topic, &what.at[i], what.level))
			ctx_clear(c);
	}
	topic->watch.cursor = last;
}

/* The topics that have news, until that is enough for one turn. */
static void read_topics(struct ctx *c, struct turn *t)
{
	struct live *live = t->l->live;
	for (struct listening *topic = t->l->first, *next; topic && !t->over; topic = next) {
		next = topic->next;
		if (!listening_is_dirty(topic))
			continue;
		if (live_backlog(live) >= LIVE_BATCH_MAX) {
			live_again(live);
			return;
		}
		struct arena_mark mark = arena_mark(c->arena);
		listening_take(topic);
		read_topic(c, t, topic);
		arena_rewind(c->arena, mark);
	}
	for (struct listening *topic = t->l->first; topic && !t->over; topic = topic->next)
		if (listening_is_dirty(topic))
			live_again(live);
}

static bool may_cursor(const struct json *cursor, int64_t *out)
{
	*out = cursor ? cursor->integer : -1;
	return !cursor || (cursor->kind == JSON_INT && cursor->integer >= 0);
}

static enum err subscribe(
	struct ctx *c, struct turn *t, const struct json *topics, const struct json *cursor)
{
	int64_t from;
	if (!may_cursor(cursor, &from))
		return fail(c, ERR_INVALID, "\"cursor\" must be a number that was given out");
	for (const struct json *one = topics->first; one; one = one->next) {
		struct str name;
		if (one->kind != JSON_STRING || !live_topic(one->text, &name))
			return fail(c, ERR_INVALID, "a topic is \"repo:NAME\"");
		if (listener_add(c, t->l, name, from))
			send_error(c, t, str_until(one->text, REPO_NAME_MAX));
	}
	return OK;
}

static enum err unsubscribe(struct ctx *c, struct turn *t, const struct json *topics)
{
	for (const struct json *one = topics->first; one; one = one->next) {
		struct api_reply reply;
		struct str name;
		if (one->kind != JSON_STRING || !live_topic(one->text, &name))
			return fail(c, ERR_INVALID, "a topic is \"repo:NAME\"");
		if (!listener_remove(t->l, name))
			continue;
		begin(c, &reply);
		json_member_str(&reply.w, "unsubscribed", one->text);
		tell(c, t, &reply);
	}
	return OK;
}

static void pong(struct ctx *c, struct turn *t, int64_t number)
{
	struct api_reply reply;
	begin(c, &reply);
	json_member_int(&reply.w, "pong", number);
	tell(c, t, &reply);
}

static enum err obey(struct ctx *c, struct turn *t, struct str text)
{
	struct json *message;
	TRY_WHILE(c, json_parse(c, text, &message), "reading a message");
	const struct json *on = json_get(message, "subscribe"),
			  *cursor = json_get(message, "cursor"),
			  *off = json_get(message, "unsubscribe"),
			  *ping = json_get(message, "ping");
	if (on && on->kind == JSON_ARRAY && message->count == 1u + (cursor != NULL))
		return subscribe(c, t, on, cursor);
	if (off && off->kind == JSON_ARRAY && message->count == 1)
		return unsubscribe(c, t, off);
	if (ping && ping->kind == JSON_INT && message->count == 1) {
		pong(c, t, ping->integer);
		return OK;
	}
	return fail(c, ERR_INVALID,
		"a message is {\"subscribe\": [\"repo:NAME\"], \"cursor\": N}, "
		"{\"unsubscribe\": [\"repo:NAME\"]} or {\"ping\": N}");
}

static void read_messages(struct ctx *c, struct turn *t)
{
	struct str text;
	while (!t->over && live_take(t->l->live, &text)) {
		struct arena_mark mark = arena_mark(c->arena);
		if (!lane_pass_take(t->l->web, &t->l->pass, c->world->monotonic()))
			leave(c, t, LIVE_POLICY, "too many messages: slow down", 60000);
		else if (obey(c, t, text))
			send_error(c, t, STR(""));
		arena_rewind(c->arena, mark);
	}
}

/* Are they still who they were? Then each topic is asked about, too. */
static void take_care(struct ctx *c, struct turn *t)
{
	struct listener *l = t->l;
	struct actor who;
	int64_t now = c->world->monotonic();
	if (!listener_take_care(l) && now < l->care_at)
		return;
	l->care_at = now + LIVE_CARE_US;
	if (listener_actor(c, l, &who) || watch_stands(c, l->web->core, &who, l->session))
		on_error(c, t, NULL);
	else
		listener_mark_all(l);
}

static void turn(struct ctx *c, void *arg, struct live *live)
{
	struct turn t = {.l = arg};
	if (live_is_leaving(live))
		leave(c, &t, LIVE_GOING_AWAY, "this process ends: connect again", some_time(c));
	if (live_is_slow(live))
		leave(c, &t, LIVE_TRY_LATER,
			"you read too slowly: resume from the cursor of the last event that you "
			"read",
			some_time(c));
	if (!t.over)
		take_care(c, &t);
	if (!t.over)
		live_again_at(live, t.l->care_at);
	read_messages(c, &t);
	if (!t.over)
		read_topics(c, &t);
}

static void gone(void *arg)
{
	listener_close(arg);
}

const struct live_ops listener_ops = {.turn = turn, .gone = gone};
