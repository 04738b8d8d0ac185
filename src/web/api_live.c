/* What happens, as it happens: a WebSocket, or server-sent events. */
#include "base/uri.h"
#include "core/session.h"
#include "web/api.h"
#include "web/live.h"

enum { STREAM_RETRY_MS = 2000 };

static enum err open_listener(
	struct ctx *c, struct web_request *r, enum live_kind kind, struct listener **out)
{
	struct listener_of of = {.web = r->web,
		.who = &r->who,
		.session = r->session ? r->session->id : STR(""),
		.kind = kind};
	of.client = lane_client(c, r->web, r->http, &r->who);
	lane_pass(c, r->web, r->http, &r->who, &of.pass);
	return listener_open(c, &of, out);
}

static enum err stay(struct web_request *r, struct listener *l)
{
	enum err kind = listener_stay(r->http, l);
	if (kind && !l->live)
		listener_close(l);
	return kind;
}

static enum err begin_websocket(struct ctx *c, struct web_request *r)
{
	struct listener *l;
	TRY(open_listener(c, r, LIVE_WEBSOCKET, &l));
	return stay(r, l);
}

/* One for each topic, or none at all. */
static enum err read_cursors(
	struct ctx *c, struct web_request *r, size_t topics, int64_t cursors[LIVE_TOPICS_MAX])
{
	struct str given = web_request_header(r, "last-event-id");
	if (!given.len)
		given = web_query(c, r, "cursor");
	bool none = !given.len;
	for (size_t i = 0; i < topics; i++) {
		uint64_t number;
		cursors[i] = -1;
		if (none)
			continue;
		r->field = "cursor";
		if (!str_to_u64(str_cut(&given, ','), &number) || number > INT64_MAX)
			return fail(c, ERR_INVALID,
				"the cursor is not one that was given out for these topics");
		cursors[i] = (int64_t)number;
	}
	if (given.len)
		return fail(c, ERR_INVALID, "the cursor has more numbers than there are topics");
	r->field = NULL;
	return OK;
}

static enum err read_topics(
	struct ctx *c, struct web_request *r, struct str names[LIVE_TOPICS_MAX], size_t *count)
{
	struct str rest = r->query;
	*count = 0;
	r->field = "topic";
	while (rest.len) {
		struct str value;
		if (!uri_param(c->arena, str_cut(&rest, '&'), STR("topic"), &value))
			continue;
		if (*count == LIVE_TOPICS_MAX)
			return fail(
				c, ERR_INVALID, "a stream has at most %d topics", LIVE_TOPICS_MAX);
		if (!live_topic(value, &names[(*count)++]))
			return fail(c, ERR_INVALID, "a topic is repo:NAME");
	}
	if (!*count)
		return fail(c, ERR_INVALID, "say what to listen to: ?topic=repo:NAME");
	r->field = NULL;
	return OK;
}

/* Here it can still be said with a status. Where no cursor was given, *cursor is where it begins. */
static enum err may_read(struct ctx *c, struct web_request *r, struct str name, int64_t *cursor)
{
	struct watch watch = {.name = name, .cursor = *cursor};
	struct watched what;
	TRY(watch_read(c, r->core, &r->who, r->session ? r->session->id : STR(""), &watch, &what));
	*cursor = what.from;
	return OK;
}

static void set_stream_headers(struct web_request *r)
{
	http_set(r->http, "Content-Type", STR("text/event-stream"));
	http_set(r->http, "Cache-Control", STR("no-store"));
	http_set(r->http, "X-Accel-Buffering", STR("no"));
	http_set(r->http, "X-Content-Type-Options", STR("nosniff"));
	http_set(r->http, "Cross-Origin-Resource-Policy", STR("same-origin"));
}

static enum err begin_stream(struct ctx *c, struct web_request *r)
{
	struct str names[LIVE_TOPICS_MAX];
	int64_t cursors[LIVE_TOPICS_MAX];
	size_t count;
	struct listener *l;
	TRY(read_topics(c, r, names, &count));
	TRY(read_cursors(c, r, count, cursors));
	for (size_t i = 0; i < count; i++)
		TRY(may_read(c, r, names[i], &cursors[i]));
	TRY(open_listener(c, r, LIVE_STREAM, &l));
	for (size_t i = 0; i < count; i++) {
		enum err kind = listener_add(c, l, names[i], cursors[i]);
		if (kind) {
			listener_close(l);
			return kind;
		}
	}
	set_stream_headers(r);
	return stay(r, l);
}

static bool wants_stream(const struct web_request *r)
{
	struct str accept = web_request_header(r, "accept");
	return str_is(r->http->method, "GET") &&
	       str_find_str(accept, STR("text/event-stream")) < accept.len;
}

enum err api_live(struct ctx *c, struct web_request *r)
{
	int status;
	const char *why;
	TRY(web_check_site(c, r));
	if (websocket_is_asked(r->http, &status, &why)) {
		if (!why)
			return begin_websocket(c, r);
		web_header(r, "Sec-WebSocket-Version", STR("13"));
		return web_problem(c, r, status, why);
	}
	if (wants_stream(r))
		return begin_stream(c, r);
	web_header(r, "Upgrade", STR("websocket"));
	return web_problem(c, r, 426,
		"this is a WebSocket, or with Accept: text/event-stream a stream of events");
}
