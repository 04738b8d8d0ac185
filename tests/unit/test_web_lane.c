#include "core/core.h"
#include "driver/driver.h"
#include "web/agent.h"
#include "web/internal.h"

#include "unit.h"

/* A site, and what comes to it. */
struct door {
	struct core core;
	struct web web;
	struct http_header headers[4];
	struct http_exchange http;
};

static struct door *door_open(struct ctx *c, struct lane_rates rates)
{
	struct door *d = NEW(c->arena, struct door);
	*d = (struct door){.core = {.base_url = ""}};
	d->web = (struct web){.core = &d->core, .lanes = lanes_open(os_world(), &rates)};
	assert_ok(c, proxies_parse(c, STR("10.0.0.0/8"), &d->web.proxies));
	d->http = (struct http_exchange){.ctx = c,
		.method = STR("GET"),
		.raw_path = STR("/one"),
		.peer = STR("192.0.2.1"),
		.headers = d->headers};
	return d;
}

static void with(struct door *d, const char *name, const char *value)
{
	d->headers[d->http.header_count++] = (struct http_header){str_of(name), str_of(value)};
}

static struct http_flow flow_of(struct door *d, const char *path)
{
	struct http_flow flow;
	const struct http_ask ask = {.method = d->http.method,
		.raw_path = str_of(path),
		.peer = d->http.peer,
		.headers = d->headers,
		.header_count = d->http.header_count};
	lane_classify(&d->web, &ask, &flow);
	return flow;
}

static struct actor person(int64_t id)
{
	return (struct actor){.user_id = id, .username = STR("anna"), .limit = PERMISSION_ADMIN};
}

static void nobody_stands_by_what_they_ask_for(void **state)
{
	struct ctx *c = *state;
	struct door *d = door_open(c, (struct lane_rates){0});
	static const struct {
		const char *path;
		enum lane lane;
	} rows[] = {
		{"/", LANE_ANONYMOUS},
		{"/one", LANE_ANONYMOUS},
		{"/one/tree/main", LANE_ANONYMOUS},
		{"/one.git/git-upload-pack", LANE_ANONYMOUS},
		{"/one/commits/main", LANE_CRAWLER},
		{"/one/commit/abc", LANE_CRAWLER},
		{"/one/blame/main/file", LANE_CRAWLER},
		{"/one/compare", LANE_CRAWLER},
		{"/one/archive/main.zip", LANE_CRAWLER},
		{"/one/search", LANE_CRAWLER},
		{"/one/search/main?q=x", LANE_CRAWLER},
		{"/one/paths/abc", LANE_CRAWLER},
		{"/one/refs", LANE_CRAWLER},
		{"/one/history", LANE_CRAWLER},
		{"/one/activity", LANE_CRAWLER},
		{"/one/feed/commits", LANE_CRAWLER},
		{"/api/v1/repos/one", LANE_ANONYMOUS},
		{"/api/v1/repos/one/commits", LANE_CRAWLER},
		{"/api/v1/repos/one/blame/file", LANE_CRAWLER},
		{"/healthz", LANE_PERSON},
		{"/readyz", LANE_PERSON},
		{"*", LANE_ANONYMOUS},
		{"", LANE_ANONYMOUS},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(flow_of(d, rows[i].path).lane, rows[i].lane);
	with(d, "User-Agent", "Mozilla/5.0 (compatible; SomeBot/1.0)");
	assert_int_equal(flow_of(d, "/one").lane, LANE_CRAWLER);
	lanes_close(d->web.lanes);
}

static void a_repository_is_one_however_it_is_asked_for(void **state)
{
	struct ctx *c = *state;
	struct door *d = door_open(c, (struct lane_rates){0});
	uint64_t one = flow_of(d, "/one").group;
	assert_true(one != 0);
	assert_int_equal(flow_of(d, "/one.git/info/refs").group, one);
	assert_int_equal(flow_of(d, "/one/tree/main").group, one);
	assert_int_equal(flow_of(d, "/api/v1/repos/one/history").group, one);
	assert_true(flow_of(d, "/two").group != one);
	assert_int_equal(flow_of(d, "/").group, 0);
	lanes_close(d->web.lanes);
}

static void only_what_proved_somebody_is_in_their_lane(void **state)
{
	struct ctx *c = *state;
	struct door *d = door_open(c, (struct lane_rates){0});
	struct http_flow nobody = flow_of(d, "/one");
	with(d, "Authorization", "Bearer nbs_one");
	assert_int_equal(flow_of(d, "/one").lane, LANE_ANONYMOUS);
	assert_int_equal(flow_of(d, "/one").key, nobody.key);
	struct actor key = person(7);
	key.token_id = 3;
	assert_ok(c, lane_admit(c, &d->web, &d->http, &key, NULL));
	struct http_flow known = flow_of(d, "/one/commits/main");
	assert_int_equal(known.lane, LANE_CI);
	assert_true(known.key != nobody.key && !known.page);
	d->headers[0].value = STR("Bearer nbs_two");
	assert_int_equal(flow_of(d, "/one").key, nobody.key);
	/* An agent says what it is. */
	with(d, "User-Agent", "Some-Agent/2.0");
	assert_ok(c, lane_admit(c, &d->web, &d->http, &key, NULL));
	assert_int_equal(flow_of(d, "/one").lane, LANE_AGENT);
	assert_int_equal(flow_of(d, "/one").key, known.key);
	/* So is a browser of somebody's. */
	d->headers[0] = (struct http_header){STR("Cookie"), STR("a=b; nimbus=secret")};
	struct actor anna = person(7);
	assert_ok(c, lane_admit(c, &d->web, &d->http, &anna, NULL));
	assert_int_equal(flow_of(d, "/one").lane, LANE_PERSON);
	d->headers[0].value = STR("nimbus=other");
	assert_int_equal(flow_of(d, "/one").lane, LANE_ANONYMOUS);
	lanes_close(d->web.lanes);
}

static void behind_a_proxy_each_address_is_one(void **state)
{
	struct ctx *c = *state;
	struct door *d = door_open(c, (struct lane_rates){0});
	uint64_t direct = flow_of(d, "/one").key;
	with(d, "X-Forwarded-For", "203.0.113.1");
	assert_int_equal(flow_of(d, "/one").key, direct); /* from no proxy of ours */
	d->http.peer = STR("10.1.1.1");
	uint64_t first = flow_of(d, "/one").key;
	assert_true(first != direct);
	d->headers[0].value = STR("192.0.2.1");
	assert_int_equal(flow_of(d, "/one").key, direct);
	with(d, "X-Forwarded-For", "203.0.113.1, 10.9.9.9");
	assert_int_equal(flow_of(d, "/one").key, first);
	/* Who makes up a long one is still where the proxy says. */
	char longer[1000];
	memset(longer, ',', sizeof longer);
	memcpy(longer + sizeof longer - sizeof ", 203.0.113.1", ", 203.0.113.1",
		sizeof ", 203.0.113.1");
	d->headers[1].value = str_of(longer);
	assert_int_equal(flow_of(d, "/one").key, first);
	lanes_close(d->web.lanes);
}

static void who_is_over_is_told_when(void **state)
{
	struct ctx *c = *state;
	struct lane_rates rates = {.account = 5, .address = 100};
	rates.lanes[LANE_CI] = 3;
	struct door *d = door_open(c, rates);
	struct lane_count count;
	struct actor one = person(7), other = person(7), stranger = person(8);
	one.token_id = 1;
	other.token_id = 2;
	stranger.token_id = 3;
	for (int i = 0; i < 3; i++)
		assert_ok(c, lane_admit(c, &d->web, &d->http, &one, &count));
	assert_string_equal(count.name, "ci");
	assert_int_equal(count.bucket.left, 0);
	assert_err(c, lane_admit(c, &d->web, &d->http, &one, &count), ERR_RATE_LIMITED);
	assert_int_equal(c->retry_after, 20);
	/* The account's other key has what is left of the account's. */
	assert_ok(c, lane_admit(c, &d->web, &d->http, &other, &count));
	assert_ok(c, lane_admit(c, &d->web, &d->http, &other, &count));
	assert_err(c, lane_admit(c, &d->web, &d->http, &other, &count), ERR_RATE_LIMITED);
	assert_string_equal(count.name, "account");
	assert_ok(c, lane_admit(c, &d->web, &d->http, &stranger, &count));
	for (int i = 0; i < 100; i++)
		assert_ok(c, lane_enter(c, &d->web, &d->http));
	assert_err(c, lane_enter(c, &d->web, &d->http), ERR_RATE_LIMITED);
	/* Behind this machine's own address may be anybody. */
	d->http.peer = STR("127.0.0.1");
	for (int i = 0; i < 200; i++)
		assert_ok(c, lane_enter(c, &d->web, &d->http));
	lanes_close(d->web.lanes);
}

/* A person's own requests are not counted with what comes by a device, a provider's token or a machine. */
static void each_way_in_has_its_own_bucket(void **state)
{
	struct ctx *c = *state;
	struct lane_rates rates = {0};
	rates.lanes[LANE_CI] = 1;
	rates.lanes[LANE_PERSON] = 1;
	struct door *d = door_open(c, rates);
	struct actor ways[8];
	for (size_t i = 0; i < 8; i++)
		ways[i] = person(7);
	ways[1].device_id = 1;
	ways[2].device_id = 2;
	ways[3].identity_id = 1;
	ways[4].identity_id = 2;
	ways[5].subject = STR("dns:a.example.org");
	ways[6].subject = STR("dns:b.example.org");
	ways[7].subject = STR("7");
	for (size_t i = 0; i < 8; i++)
		assert_ok(c, lane_admit(c, &d->web, &d->http, &ways[i], NULL));
	for (size_t i = 0; i < 8; i++)
		assert_err(c, lane_admit(c, &d->web, &d->http, &ways[i], NULL), ERR_RATE_LIMITED);
	lanes_close(d->web.lanes);
}

static void robots_say_so(void **state)
{
	(void)state;
	assert_true(agent_is_crawler(STR("GPTBot/1.2")));
	assert_true(agent_is_crawler(STR("my-Crawler")));
	assert_false(agent_is_crawler(STR("git/2.39.5")));
	assert_false(agent_is_crawler(STR("")));
	assert_true(agent_is_robot(STR("Claude-Code/1.0")));
	assert_true(agent_is_robot(STR("git/2.39 (MCP)")));
	assert_false(agent_is_robot(STR("git/2.39.5")));
	assert_false(agent_is_robot(STR("curl/7.88.1")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(nobody_stands_by_what_they_ask_for),
		UNIT_TEST(a_repository_is_one_however_it_is_asked_for),
		UNIT_TEST(only_what_proved_somebody_is_in_their_lane),
		UNIT_TEST(behind_a_proxy_each_address_is_one),
		UNIT_TEST(who_is_over_is_told_when),
		UNIT_TEST(each_way_in_has_its_own_bucket),
		UNIT_TEST(robots_say_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
