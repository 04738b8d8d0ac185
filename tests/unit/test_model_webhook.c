#include "model/webhook.h"

#include "base/buf.h"
#include "base/hex.h"
#include "unit.h"

static void addresses_are_judged(void **state)
{
	struct ctx *c = *state;
	static const char *const good[] = {"https://example.org", "http://example.org/hook?token=1",
		"https://example.org:8443/a@b", "https://[2001:db8::1]:443/", "http://10.0.0.1"};
	static const struct {
		const char *url, *why;
	} bad[] = {
		{"", "does not begin"},
		{"example.org/hook", "does not begin"},
		{"ftp://example.org", "does not begin"},
		{"HTTPS://example.org", "does not begin"},
		{"https:///hook", "names no host"},
		{"https://:80/", "names no host"},
		{"https://me:secret@example.org/", "a name or a password"},
		{"https://example.org\\@evil.org/", "a backslash"},
		{"https://example.org;.evil.org/", "names no host"},
		{"https://ex%61mple.org/", "names no host"},
		{"https://[::1/", "names no host"},
		{"https://[::1]x/", "names no host"},
		{"https://example.org:0/", "a port"},
		{"https://example.org:65536/", "a port"},
		{"https://example.org:http/", "a port"},
		{"https://example.org/#a", "a fragment"},
		{"https://example.org/a b", "a space"},
		{"https://ex\xc3\xa4mple.org/", "%-encoded"},
		{"https://example.org/\r\nHost: x", "a control character"},
	};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_ok(c, webhook_url_check(c, str_of(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_err(c, webhook_url_check(c, str_of(bad[i].url)), ERR_INVALID);
		if (!strstr(c->error.text, bad[i].why))
			fail_msg("%s: %s", bad[i].url, c->error.text);
		assert_null(strstr(c->error.text, "secret"));
	}
	char *url = arena_alloc(c->arena, WEBHOOK_URL_MAX + 1);
	memset(url, 'a', WEBHOOK_URL_MAX + 1);
	memcpy(url, "https://a/", 10);
	assert_ok(c, webhook_url_check(c, str_from(url, WEBHOOK_URL_MAX)));
	assert_err(c, webhook_url_check(c, str_from(url, WEBHOOK_URL_MAX + 1)), ERR_INVALID);
}

static void what_is_secret_in_an_address_is_not_shown(void **state)
{
	(void)state;
	assert_str(
		webhook_url_shown(STR("https://example.org/a?token=1")), "https://example.org/a");
	assert_str(webhook_url_host(STR("https://example.org:8443/a")), "example.org");
	assert_str(webhook_url_host(STR("http://[::1]:80?x")), "::1");
	assert_str(webhook_url_host(STR("http://localhost")), "localhost");
}

static void types_are_known_ones_each_once(void **state)
{
	struct ctx *c = *state;
	struct str events;
	struct json *array;
	assert_ok(c, webhook_events_parse(c, STR(" push, ref.created\npush,"), &events));
	assert_str(events, "push,ref.created");
	assert_ok(c, webhook_events_parse(c, STR(""), &events));
	assert_int_equal(events.len, 0);
	assert_err(c, webhook_events_parse(c, STR("push,pull"), &events), ERR_INVALID);
	assert_non_null(strstr(c->error.text, "\"pull\""));
	assert_err(c, webhook_events_parse(c, STR("token.created"), &events), ERR_INVALID);
	assert_err(c, webhook_events_parse(c, STR("webhook.ping"), &events), ERR_INVALID);
	assert_ok(c, json_parse(c, STR("[\"push\",\"ref.deleted\"]"), &array));
	assert_ok(c, webhook_events_from_json(c, array, &events));
	assert_str(events, "push,ref.deleted");
	assert_ok(c, webhook_events_from_json(c, NULL, &events));
	assert_int_equal(events.len, 0);
	assert_ok(c, json_parse(c, STR("[1]"), &array));
	assert_err(c, webhook_events_from_json(c, array, &events), ERR_INVALID);
	assert_ok(c, json_parse(c, STR("\"push\""), &array));
	assert_err(c, webhook_events_from_json(c, array, &events), ERR_INVALID);
}

static void a_ping_is_for_one_whatever_it_wants(void **state)
{
	struct ctx *c = *state;
	const struct webhook all = {.id = 7}, some = {.id = 8, .events = STR("push,ref.created")};
	const struct event push = {.type = EVENT_PUSH, .data = STR("{}")};
	const struct event moved = {.type = EVENT_REF_UPDATED, .data = STR("{}")};
	const struct event ping = {.type = EVENT_WEBHOOK_PING, .data = STR("{\"id\":8}")};
	assert_true(webhook_wants(c, &all, &push));
	assert_true(webhook_wants(c, &some, &push));
	assert_true(webhook_wants(c, &all, &moved));
	assert_false(webhook_wants(c, &some, &moved));
	assert_false(webhook_wants(c, &all, &ping));
	assert_true(webhook_wants(c, &some, &ping));
}

static void what_is_said_is_text_and_cut(void **state)
{
	struct ctx *c = *state;
	char many[3000];
	memset(many, 'x', sizeof many);
	assert_str(webhook_said(c->arena, STR(" ok\r\n")), "ok");
	assert_str(webhook_said(c->arena, str_from("a\0b\xff"
						   "c",
						  5)),
		"a b c");
	assert_str(webhook_said(c->arena, STR("\xc3\xa4")), "\xc3\xa4");
	assert_int_equal(webhook_said(c->arena, str_from(many, sizeof many)).len, WEBHOOK_SAID_MAX);
	memset(many, 0xc3, sizeof many);
	for (size_t i = 1; i < sizeof many; i += 2)
		many[i] = '\xa4';
	struct str said = webhook_said(c->arena, str_from(many + 1, sizeof many - 1));
	assert_true(said.len <= WEBHOOK_SAID_MAX);
	assert_true(str_is_utf8(said));
}

/* The example of the Standard Webhooks specification, which its libraries test too. */
static void the_signature_is_as_specified(void **state)
{
	struct ctx *c = *state;
	char secret[64];
	size_t len;
	assert_true(base64_decode(STR("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), secret, &len));
	const struct webhook_signed what = {
		.secret = str_from(secret, len),
		.id = STR("msg_p5jXN8AQM9LWM0D4loKWxJek"),
		.time = 1614265330,
		.body = STR("{\"test\": 2432232314}"),
	};
	assert_str(webhook_signature(c->arena, &what),
		"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
	assert_str(webhook_secret_text(c->arena, what.secret),
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
}

static void json_tells_how_it_fares_and_no_secret(void **state)
{
	struct ctx *c = *state;
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	const struct webhook hook = {.id = 3,
		.url = STR("https://x/"),
		.events = STR("push,ref.created"),
		.sealed = STR("sealed"),
		.active = true,
		.created = 1,
		.failures = 2,
		.next = 61000000,
		.status = 500,
		.said = STR("no")};
	const struct webhook_delivery delivery = {.webhook_id = 3,
		.sequence = 9,
		.type = STR("push"),
		.state = WEBHOOK_DEAD,
		.attempts = 2,
		.time = 2000000,
		.duration = 4500,
		.status = 500,
		.said = STR("no")};
	json_begin_object(&w);
	webhook_to_json(&w, &hook);
	json_end_object(&w);
	struct json *told;
	assert_ok(c, json_parse(c, buf_view(&b), &told));
	assert_str(json_text(told, "url"), "https://x/");
	assert_str(json_text(told, "last_said"), "no");
	assert_int_equal(json_get(told, "failures")->integer, 2);
	assert_int_equal(json_get(told, "events")->count, 2);
	assert_true(str_find_str(buf_view(&b), STR("sealed")) == b.len);
	b.len = 0;
	w = (struct json_writer){.out = &b};
	json_begin_object(&w);
	webhook_delivery_to_json(&w, &delivery);
	json_end_object(&w);
	assert_ok(c, json_parse(c, buf_view(&b), &told));
	assert_str(json_text(told, "type"), "push");
	assert_str(json_text(told, "state"), "dead");
	assert_int_equal(json_get(told, "duration_ms")->integer, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(addresses_are_judged),
		UNIT_TEST(what_is_secret_in_an_address_is_not_shown),
		UNIT_TEST(types_are_known_ones_each_once),
		UNIT_TEST(a_ping_is_for_one_whatever_it_wants),
		UNIT_TEST(what_is_said_is_text_and_cut),
		UNIT_TEST(the_signature_is_as_specified),
		UNIT_TEST(json_tells_how_it_fares_and_no_secret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
