#include "web/lane.h"

#include "base/address.h"
#include "base/buf.h"
#include "base/host.h"
#include "base/map.h"
#include "core/audit.h"
#include "web/agent.h"
#include "web/credentials.h"
#include "web/internal.h"

enum {
	KNOWN_WAYS = 2,
	KNOWN_SETS = 1024,
	KNOWN_US = 15 * 60 * 1000000,
	FORWARDED_MAX = 512, /* of what proxies say, from its end */
};

/* What a credential proved lately. */
struct known {
	uint64_t credential, flow;
	int64_t until; /* world->monotonic() */
	enum lane lane;
};

struct lanes {
	const struct world *world;
	struct lane_rates rates;
	struct throttle *throttle;
	uint64_t seed;
	struct host_lock lock; /* of: */
	struct known known[KNOWN_SETS][KNOWN_WAYS];
};

static const char *const names[LANE_COUNT] = {"person", "ci", "agent", "anonymous", "crawler"};

_Static_assert((int)LANE_COUNT == (int)HTTP_LANES, "each lane is one of net's");

/* What is sent when there is no worker for it: so it is the same for all, and asks for nothing but what a
 * browser keeps. */
const char lane_busy_page[] =
	"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
	"'self'; "
	"base-uri 'none'; form-action 'none'\">"
	"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
	"<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"robots\" "
	"content=\"noindex\">"
	"<title>Busy · Nimbus Git</title><link rel=\"stylesheet\" "
	"href=\"/assets/nimbus.css\"></head>"
	"<body><main><section class=\"oops\"><p class=\"big\" aria-hidden=\"true\">503</p>"
	"<h1>Clone it instead</h1>"
	"<p>This server is busy, and makes such pages only while nobody else waits. All that they "
	"show "
	"is in the repository, which costs less to send than to show:</p>"
	"<pre>git clone ADDRESS.git</pre>"
	"<p>Or try again in a minute. Who is <a href=\"/sign-in\">signed in</a> is served "
	"first.</p>"
	"</section></main></body></html>\n";

const char *lane_name(enum lane lane)
{
	return names[lane];
}

struct lanes *lanes_open(const struct world *world, const struct lane_rates *rates)
{
	struct lanes *lanes = host_alloc(sizeof *lanes);
	memset(lanes, 0, sizeof *lanes);
	lanes->world = world;
	lanes->rates = *rates;
	lanes->throttle = throttle_open(world);
	world->random(&lanes->seed, sizeof lanes->seed);
	return lanes;
}

void lanes_close(struct lanes *lanes)
{
	if (!lanes)
		return;
	throttle_close(lanes->throttle);
	host_free(lanes, sizeof *lanes);
}

void lanes_share(struct ctx *c, struct lanes *lanes, struct kv *kv)
{
	throttle_share(c, lanes->throttle, kv);
}

static struct str header_of(const struct http_header *headers, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq_nocase(headers[i].name, str_of(name)))
			return headers[i].value;
	return STR("");
}

/* What comes with a request to say whose it is, hashed; 0: nothing does. */
static uint64_t credential_of(
	const struct lanes *lanes, const struct http_header *headers, size_t count)
{
	struct str given = header_of(headers, count, "authorization");
	struct str cookies = header_of(headers, count, "cookie");
	if (!given.len)
		given = credentials_cookie(cookies, STR("__Host-" WEB_COOKIE));
	if (!given.len)
		given = credentials_cookie(cookies, STR(WEB_COOKIE));
	return given.len ? bytes_hash(lanes->seed, given.at, given.len) | 1 : 0;
}

static struct known *set_of(struct lanes *lanes, uint64_t credential)
{
	return lanes->known[(credential >> 1) % KNOWN_SETS];
}

static bool look_up(struct lanes *lanes, uint64_t credential, struct known *out)
{
	int64_t now = lanes->world->monotonic();
	WITH_LOCK(&lanes->lock);
	const struct known *set = set_of(lanes, credential);
	for (size_t i = 0; i < KNOWN_WAYS; i++)
		if (set[i].credential == credential && set[i].until > now) {
			*out = set[i];
			return true;
		}
	return false;
}

static void remember(struct lanes *lanes, const struct known *what)
{
	WITH_LOCK(&lanes->lock);
	struct known *set = set_of(lanes, what->credential), *to = set;
	for (size_t i = 1; i < KNOWN_WAYS; i++)
		if (set[i].until < to->until)
			to = &set[i];
	for (size_t i = 0; i < KNOWN_WAYS; i++)
		if (set[i].credential == what->credential)
			to = &set[i];
	*to = *what;
}

/* Where whoever asks is, by proxies that are trusted. */
static struct str place_of(
	const struct web *web, const struct http_ask *ask, char text[ADDRESS_GROUP_MAX])
{
	char forwarded[FORWARDED_MAX];
	size_t len = 0;
	for (size_t i = ask->header_count; i-- > 0;) {
		struct str value = ask->headers[i].value;
		if (!str_eq_nocase(ask->headers[i].name, STR("x-forwarded-for")))
			continue;
		if (len && len < sizeof forwarded)
			forwarded[sizeof forwarded - ++len] = ',';
		/* What the nearest proxy says is at the end; what is before may be made up. */
		size_t room = sizeof forwarded - len;
		struct str last = str_from_index(value, value.len > room ? value.len - room : 0);
		len += last.len;
		memcpy(forwarded + sizeof forwarded - len, last.at, last.len);
	}
	struct str all = str_from(forwarded + sizeof forwarded - len, len);
	return address_group(proxies_client(&web->proxies, ask->peer, all), text);
}

/* Pages that take long to make: what a crawler would have of each commit and file. */
static bool is_dear(struct str path)
{
	static const char *const kinds[] = {"commits", "commit", "blame", "compare", "archive",
		"search", "paths", "refs", "branches", "history", "activity", "feed", "offline"};
	struct str rest = path;
	if (!str_skip(&rest, STR("/api/v1/repos/")))
		rest = str_from_index(path, 1);
	(void)str_cut(&rest, '/');
	struct str kind = str_cut(&rest, '/');
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (str_is(kind, kinds[i]))
			return true;
	return false;
}

static enum lane lane_of_nobody(const struct http_ask *ask)
{
	struct str agent = header_of(ask->headers, ask->header_count, "user-agent");
	return is_dear(ask->raw_path) || agent_is_crawler(agent) ? LANE_CRAWLER : LANE_ANONYMOUS;
}

static bool is_health(struct str path)
{
	return str_is(path, "/healthz") || str_is(path, "/readyz");
}

/* The repository that it is about, as far as the path tells. */
static uint64_t group_of(const struct lanes *lanes, struct str path)
{
	struct str rest = path;
	if (!str_skip(&rest, STR("/api/v1/repos/")))
		rest = str_from_index(path, 1);
	struct str name = str_until(rest, str_find(rest, '/'));
	(void)str_skip_end(&name, STR(".git"));
	return name.len ? bytes_hash(lanes->seed, name.at, name.len) | 1 : 0;
}

void lane_classify(void *arg, const struct http_ask *ask, struct http_flow *out)
{
	const struct web *web = arg;
	struct lanes *lanes = web->lanes;
	struct known known;
	uint64_t credential = credential_of(lanes, ask->headers, ask->header_count);
	*out = (struct http_flow){.group = group_of(lanes, ask->raw_path)};
	if (credential && look_up(lanes, credential, &known)) {
		out->key = known.flow;
		out->lane = (uint8_t)known.lane;
		return;
	}
	char text[ADDRESS_GROUP_MAX];
	struct str place = place_of(web, ask, text);
	struct str accept = header_of(ask->headers, ask->header_count, "accept");
	enum lane lane = credential ? LANE_ANONYMOUS : lane_of_nobody(ask);
	out->key = bytes_hash(lanes->seed, place.at, place.len);
	out->page = str_find_str(accept, STR("text/html")) < accept.len;
	/* Whoever looks whether we live must be told in time. */
	out->lane = (uint8_t)(is_health(ask->raw_path) ? LANE_PERSON : lane);
}

static struct http_ask ask_of(const struct http_exchange *x)
{
	return (struct http_ask){.method = x->method,
		.raw_path = x->raw_path,
		.peer = x->peer,
		.headers = x->headers,
		.header_count = x->header_count};
}

static enum lane lane_of(const struct http_exchange *x, const struct actor *who)
{
	const struct http_ask ask = ask_of(x);
	if (actor_is_anonymous(who))
		return lane_of_nobody(&ask);
	if (!actor_has_key(who))
		return LANE_PERSON;
	return agent_is_robot(http_header(x, "user-agent")) ? LANE_AGENT : LANE_CI;
}

/* "key 7"; of nobody "address 192.0.2.1", or empty for this machine, behind which may be anybody. */
static struct str address_name(struct ctx *c, const struct web *web, const struct http_exchange *x)
{
	char text[ADDRESS_GROUP_MAX];
	const struct http_ask ask = ask_of(x);
	struct str place = place_of(web, &ask, text);
	if (!place.len || address_group_is_loopback(place))
		return STR("");
	return str_of(arena_fmt(c->arena, "address %.*s", STR_FMT(place)));
}

static struct str name_of(struct ctx *c, const char *kind, int64_t id)
{
	return str_of(arena_fmt(c->arena, "%s %lld", kind, (long long)id));
}

static struct str principal(struct ctx *c, const struct web *web, const struct http_exchange *x,
	const struct actor *who)
{
	if (who->token_id)
		return name_of(c, "token", who->token_id);
	if (who->key_id)
		return name_of(c, "signing-key", who->key_id);
	if (who->device_id)
		return name_of(c, "device", who->device_id);
	if (who->identity_id)
		return name_of(c, "identity", who->identity_id);
	if (who->subject.len)
		return str_of(arena_fmt(c->arena, "machine %.*s", STR_FMT(who->subject)));
	if (!actor_is_anonymous(who))
		return name_of(c, "person", who->user_id);
	return address_name(c, web, x);
}

/* The same words each time: so that the audit log counts them as one. */
static enum err refuse(struct ctx *c, const struct web *web, const struct http_exchange *x,
	const struct actor *who, const struct lane_count *count)
{
	c->retry_after = count->bucket.wait;
	enum err kind = fail(c, ERR_RATE_LIMITED, "more than %u requests in a minute: slow down",
		count->bucket.limit);
	audit_refuse(c, web->core,
		&(struct audit_refusal){.who = actor_is_anonymous(who) ? NULL : who,
			.peer = web_peer(web, x),
			.action = STR(AUDIT_REQUEST),
			.subject = str_of(arena_fmt(c->arena, "rate of %s", count->name)),
			.why = str_of(c->error.text)});
	return kind;
}

/* Takes from a bucket; *tightest becomes it where it has less left than that. */
static enum err take(struct ctx *c, const struct web *web, struct lane_count *tightest,
	struct str bucket, struct lane_count from)
{
	uint32_t limit = from.bucket.limit;
	from.bucket = throttle_take(web->lanes->throttle, bucket, limit, c->world->monotonic());
	const struct throttle_answer *a = &from.bucket, *b = &tightest->bucket;
	if (a->limit && (!b->limit || a->refused ||
				(uint64_t)a->left * b->limit < (uint64_t)b->left * a->limit))
		*tightest = from;
	return a->refused ? ERR_RATE_LIMITED : OK;
}

enum err lane_enter(struct ctx *c, const struct web *web, const struct http_exchange *x)
{
	struct lane_count count = {0};
	const struct lane_count of = {"address", {.limit = web->lanes->rates.address}};
	struct str bucket = address_name(c, web, x);
	/* Another one than that of nobody's lane, which has the address's name alone. */
	if (bucket.len)
		bucket = str_of(arena_fmt(c->arena, "all of %.*s", STR_FMT(bucket)));
	if (take(c, web, &count, bucket, of))
		return refuse(c, web, x, &ACTOR_ANONYMOUS, &count);
	return OK;
}

static void note_known(
	const struct web *web, const struct http_exchange *x, enum lane lane, struct str whose)
{
	struct lanes *lanes = web->lanes;
	struct known known = {
		.credential = credential_of(lanes, x->headers, x->header_count),
		.flow = bytes_hash(lanes->seed, whose.at, whose.len),
		.until = lanes->world->monotonic() + KNOWN_US,
		.lane = lane,
	};
	if (known.credential)
		remember(lanes, &known);
}

enum err lane_admit(struct ctx *c, const struct web *web, const struct http_exchange *x,
	const struct actor *who, struct lane_count *tightest)
{
	struct lane_count least = {0};
	const struct lane_rates *rates = &web->lanes->rates;
	enum lane lane = lane_of(x, who);
	struct str whose = principal(c, web, x, who);
	bool known = !actor_is_anonymous(who);
	if (known)
		note_known(web, x, lane, whose);
	enum err kind = take(c, web, &least, whose,
		(struct lane_count){names[lane], {.limit = rates->lanes[lane]}});
	if (!kind && known)
		kind = take(c, web, &least, name_of(c, "account", who->user_id),
			(struct lane_count){"account", {.limit = rates->account}});
	if (tightest)
		*tightest = least;
	return kind ? refuse(c, web, x, who, &least) : OK;
}

void lane_pass(struct ctx *c, const struct web *web, const struct http_exchange *x,
	const struct actor *who, struct lane_pass *out)
{
	struct str whose = principal(c, web, x, who);
	fmt_into(out->bucket, sizeof out->bucket, "%.*s", STR_FMT(whose));
	out->limit = whose.len ? web->lanes->rates.lanes[lane_of(x, who)] : 0;
}

bool lane_pass_take(const struct web *web, const struct lane_pass *pass, int64_t now)
{
	return !throttle_take(web->lanes->throttle, str_of(pass->bucket), pass->limit, now).refused;
}

struct str lane_client(struct ctx *c, const struct web *web, const struct http_exchange *x,
	const struct actor *who)
{
	return actor_is_anonymous(who) ? address_name(c, web, x)
				       : name_of(c, "account", who->user_id);
}
