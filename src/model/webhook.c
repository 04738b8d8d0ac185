#include "model/webhook.h"

#include "base/buf.h"
#include "base/date.h"
#include "base/hex.h"
#include "base/hmac.h"

static const char *const states[] = {
	[WEBHOOK_WAITING] = "waiting", [WEBHOOK_DELIVERED] = "delivered", [WEBHOOK_DEAD] = "dead"};

const char *webhook_state_name(enum webhook_state state)
{
	return states[state];
}

static enum err bad_url(struct ctx *c, const char *what)
{
	return fail(c, ERR_INVALID,
		"a webhook's address %s: it is like https://example.org/hook, of at most %d bytes",
		what, WEBHOOK_URL_MAX);
}

/* What stands between the scheme and the path: "example.org:8080", "[::1]". */
static struct str place_of(struct str rest)
{
	size_t end = 0;
	while (end < rest.len && rest.at[end] != '/' && rest.at[end] != '?')
		end++;
	return str_until(rest, end);
}

/* "example.org", "[::1]". */
static struct str host_of(struct str place)
{
	size_t bracket = str_find(place, ']');
	struct str after = bracket < place.len ? str_from_index(place, bracket) : place;
	return str_until(place, place.len - after.len + str_find(after, ':'));
}

/* All who read the address must take the same for its host: whether it may be connected to can hang on that. */
static bool is_host(struct str host)
{
	bool brackets = str_skip(&host, STR("[")) && str_skip_end(&host, STR("]"));
	struct str marks = brackets ? STR(":.") : STR(".-_");
	for (size_t i = 0; i < host.len; i++) {
		char byte = host.at[i];
		bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
		if (!letter && !(byte >= '0' && byte <= '9') && str_find(marks, byte) == marks.len)
			return false;
	}
	return host.len > 0;
}

static enum err place_check(struct ctx *c, struct str place)
{
	uint64_t port = 1;
	struct str host = host_of(place);
	struct str digits = str_from_index(place, host.len + 1);
	if (str_find(place, '@') < place.len)
		return bad_url(c, "has a name or a password in it");
	if (!is_host(host))
		return bad_url(c, "names no host");
	if (host.len < place.len && (!str_to_u64(digits, &port) || !port || port > 65535))
		return bad_url(c, "has a port that is none");
	return OK;
}

static bool skip_scheme(struct str *url)
{
	return str_skip(url, STR("https://")) || str_skip(url, STR("http://"));
}

enum err webhook_url_check(struct ctx *c, struct str url)
{
	struct str rest = url;
	if (url.len > WEBHOOK_URL_MAX)
		return bad_url(c, "is too long");
	for (size_t i = 0; i < url.len; i++)
		if (url.at[i] <= ' ' || url.at[i] >= 0x7f || url.at[i] == '\\')
			return bad_url(c, "holds a space, a control character, a backslash or a "
					  "letter that must be %-encoded");
	if (!skip_scheme(&rest))
		return bad_url(c, "does not begin with https:// or http://");
	if (str_find(rest, '#') < rest.len)
		return bad_url(c, "has a fragment (#), which is never sent");
	return place_check(c, place_of(rest));
}

struct str webhook_url_host(struct str url)
{
	(void)skip_scheme(&url);
	struct str host = host_of(place_of(url));
	if (str_skip(&host, STR("[")))
		(void)str_skip_end(&host, STR("]"));
	return host;
}

struct str webhook_url_shown(struct str url)
{
	return str_cut(&url, '?');
}

static bool lists(struct str events, struct str type)
{
	while (events.len)
		if (str_eq(str_cut(&events, ','), type))
			return true;
	return false;
}

static enum err add_type(struct ctx *c, struct buf *events, struct str name)
{
	enum event_type type;
	if (!event_type_parse(name, &type) || !event_is_of_repository(type))
		return fail(c, ERR_INVALID, "\"%.*s\" is no type of an event in a repository",
			STR_FMT(str_until(name, 60)));
	if (!lists(buf_view(events), name))
		buf_fmt(events, "%s%.*s", events->len ? "," : "", STR_FMT(name));
	return OK;
}

static bool is_between(char byte)
{
	return byte == ',' || byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

enum err webhook_events_parse(struct ctx *c, struct str text, struct str *out)
{
	struct buf events = {.arena = c->arena};
	while (text.len) {
		size_t len = 0;
		while (len < text.len && !is_between(text.at[len]))
			len++;
		if (len)
			TRY(add_type(c, &events, str_until(text, len)));
		text = str_from_index(text, len + 1);
	}
	*out = buf_view(&events);
	return OK;
}

enum err webhook_events_from_json(struct ctx *c, const struct json *array, struct str *out)
{
	struct buf events = {.arena = c->arena};
	if (array && array->kind != JSON_NULL && array->kind != JSON_ARRAY)
		return fail(c, ERR_INVALID, "\"events\" is a list of types of events");
	for (const struct json *item = array ? array->first : NULL; item; item = item->next) {
		if (item->kind != JSON_STRING)
			return fail(c, ERR_INVALID, "\"events\" is a list of types of events");
		TRY(add_type(c, &events, item->text));
	}
	*out = buf_view(&events);
	return OK;
}

static bool is_pinged(struct ctx *c, const struct webhook *hook, const struct event *event)
{
	struct json *data;
	if (json_parse(c, event->data, &data)) {
		ctx_clear(c);
		return false;
	}
	const struct json *id = json_get(data, "id");
	return id && id->kind == JSON_INT && id->integer == hook->id;
}

bool webhook_wants(struct ctx *c, const struct webhook *hook, const struct event *event)
{
	if (event->type == EVENT_WEBHOOK_PING)
		return is_pinged(c, hook, event);
	return !hook->events.len || lists(hook->events, str_of(event_type_name(event->type)));
}

struct str webhook_said(struct arena *a, struct str bytes)
{
	struct buf out = {.arena = a};
	while (bytes.len) {
		size_t len = str_utf8_len(bytes);
		bool plain = len && (uint8_t)bytes.at[0] >= ' ' && bytes.at[0] != 0x7f;
		len = len ? len : 1;
		if (out.len + len > WEBHOOK_SAID_MAX)
			break;
		buf_str(&out, plain ? str_until(bytes, len) : STR(" "));
		bytes = str_from_index(bytes, len);
	}
	return str_trim(buf_view(&out));
}

struct str webhook_secret_text(struct arena *a, struct str secret)
{
	return str_of(arena_fmt(a, "whsec_%.*s", STR_FMT(base64_encode(a, secret))));
}

struct str webhook_signature(struct arena *a, const struct webhook_signed *what)
{
	uint8_t digest[HASH_MAX];
	struct buf text = {.arena = a};
	buf_fmt(&text, "%.*s.%lld.", STR_FMT(what->id), (long long)what->time);
	buf_str(&text, what->body);
	hmac_sha256(what->secret, buf_view(&text), digest);
	struct str code = base64_encode(a, str_from(digest, hash_size(HASH_SHA256)));
	return str_of(arena_fmt(a, "v1,%.*s", STR_FMT(code)));
}

void webhook_events_to_json(struct json_writer *w, struct str events)
{
	json_begin_array(w);
	while (events.len)
		json_string(w, str_cut(&events, ','));
	json_end_array(w);
}

/* Null for 0. */
static void member_time(struct json_writer *w, const char *key, int64_t seconds)
{
	char text[24];
	date_rfc3339(seconds, text);
	json_member_cstr(w, key, seconds ? text : NULL);
}

/* Null where nothing answered. */
static void member_status(struct json_writer *w, const char *key, int64_t status)
{
	if (status)
		json_member_int(w, key, status);
	else
		json_member_cstr(w, key, NULL);
}

void webhook_to_json(struct json_writer *w, const struct webhook *hook)
{
	json_member_int(w, "id", hook->id);
	json_member_str(w, "url", hook->url);
	json_key(w, "events");
	webhook_events_to_json(w, hook->events);
	json_member_bool(w, "active", hook->active);
	member_time(w, "created_at", hook->created);
	json_member_int(w, "failures", hook->failures);
	member_time(w, "next_attempt_at", hook->next / 1000000);
	member_time(w, "last_attempt_at", hook->tried / 1000000);
	member_status(w, "last_status", hook->status);
	json_member_str(w, "last_said", hook->said);
}

void webhook_delivery_to_json(struct json_writer *w, const struct webhook_delivery *delivery)
{
	json_member_int(w, "sequence", delivery->sequence);
	json_member_str(w, "type", delivery->type);
	json_member_cstr(w, "state", webhook_state_name(delivery->state));
	json_member_int(w, "attempts", delivery->attempts);
	member_time(w, "last_attempt_at", delivery->time / 1000000);
	json_member_int(w, "duration_ms", delivery->duration / 1000);
	member_status(w, "status", delivery->status);
	json_member_str(w, "said", delivery->said);
}
