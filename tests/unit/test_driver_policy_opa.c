#include "http_peer.h"

#include "driver/driver.h"
#include "driver/policy_input.h"

#include "base/json.h"

/* What the peer says next, and what it was asked last. */
struct agent {
	const char *says;
	int status, asked;
	char path[200], body[8000], authorization[100];
};

static void answer(void *arg, const struct peer_request *request, struct buf *out)
{
	struct agent *a = arg;
	a->asked++;
	fmt_into(a->path, sizeof a->path, "%.*s", STR_FMT(request->path));
	fmt_into(a->body, sizeof a->body, "%.*s", STR_FMT(request->body));
	fmt_into(a->authorization, sizeof a->authorization, "%.*s",
		STR_FMT(peer_header(request, "authorization")));
	if (a->says)
		peer_say(out, a->status ? a->status : 200, a->says);
}

enum { PATIENCE_MS = 20000 }; /* more than an agent that answers needs on any machine */

static struct policy *connect_for(
	struct ctx *c, const char *url, const char *token, int64_t cache, int64_t timeout)
{
	struct policy *policy;
	const struct policy_opa_options options = {.url = arena_fmt(c->arena, "opa+%s", url),
		.token = {NULL, token},
		.ca = "",
		.cert = "",
		.key = "",
		.timeout = timeout,
		.cache = cache};
	assert_ok(c, policy_opa_open(c, &options, &policy));
	return policy;
}

static struct policy *connect_to(struct ctx *c, const char *url, const char *token, int64_t cache)
{
	return connect_for(c, url, token, cache, PATIENCE_MS);
}

static int64_t now; /* microseconds, which pass when a test says so */

static int64_t told_time(void)
{
	return now;
}

static const struct repo site = {.id = 3, .name = {"site", 4}};
static const struct actor anna = {.user_id = 7,
	.username = {"anna", 4},
	.limit = PERMISSION_ADMIN,
	.via = {"session", 7},
	.peer = {"192.0.2.1", 9}};

static struct policy_question read_site(void)
{
	return (struct policy_question){.who = &anna,
		.operation = OPERATION_REPOSITORY_READ,
		.repo = &site,
		.granted = PERMISSION_READ};
}

static enum err ask(struct ctx *c, struct policy *p, struct policy_answer *out)
{
	const struct policy_question q = read_site();
	return policy_decide(c, p, &q, 1, out);
}

static void a_question_is_told_in_full(void **state)
{
	struct ctx *c = *state;
	struct agent a = {.says = "{\"result\": true, \"decision_id\": \"d-1\"}"};
	struct http_peer *peer = peer_start(c, answer, &a);
	struct policy *p = connect_to(c, peer->url, "hush", 0);
	struct policy_answer got;
	struct json *body;
	assert_true(p->far);
	assert_ok(c, ask(c, p, &got));
	assert_true(got.allowed);
	assert_int_equal(got.level, PERMISSION_READ);
	assert_str(got.decision, "d-1");
	assert_string_equal(a.path, "/v1/data/nimbus/allow?provenance=true");
	assert_string_equal(a.authorization, "Bearer hush");
	assert_ok(c, json_parse(c, str_of(a.body), &body));
	const struct json *input = json_get(body, "input");
	const struct json *principal = json_get(input, "principal");
	assert_int_equal(
		json_get(json_get(input, "nimbus"), "revision")->integer, POLICY_INPUT_REVISION);
	assert_str(json_text(principal, "username"), "anna");
	assert_str(json_text(principal, "credential"), "session");
	assert_str(json_text(principal, "limit"), "admin");
	assert_str(json_text(input, "source_address"), "192.0.2.1");
	assert_str(json_text(input, "operation"), "repository.read");
	assert_str(json_text(input, "granted"), "read");
	assert_str(json_text(json_get(input, "repository"), "name"), "site");
	assert_int_equal(json_get(input, "ref")->kind, JSON_NULL);
	assert_int_equal(json_text(input, "time").len, 20);
	policy_close(p);
	peer_stop(peer);
}

/* Nothing but true allows; and what is no answer is no refusal either. */
static void it_fails_closed(void **state)
{
	struct ctx *c = *state;
	static const struct {
		int status;
		const char *says, *why;
	} wrong[] = {
		{200, "{}", "it has no answer"},
		{200, "{\"result\": 1}", "neither true nor false"},
		{200, "{\"result\": \"true\"}", "neither true nor false"},
		{200, "{\"result\": null}", "neither true nor false"},
		{200, "{\"result\": [true]}", "neither true nor false"},
		{200, "{\"result\": {\"allow\": true}}", "neither true nor false"},
		{200, "true", "it has no answer"},
		{200, "nonsense", "reading OPA's answer"},
		{200, "", "reading OPA's answer"},
		{500, "{\"result\": true}", "status 500"},
		{404, "{\"result\": true}", "status 404"},
		{302, "{\"result\": true}", "status 302"},
		{0, NULL, "cannot be reached"},
	};
	struct agent a = {0};
	struct http_peer *peer = peer_start(c, answer, &a);
	struct policy *p = connect_to(c, peer->url, "", 1000);
	struct policy_answer got;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		a.status = wrong[i].status;
		a.says = wrong[i].says;
		assert_err(c, ask(c, p, &got), ERR_UNAVAILABLE);
		assert_non_null(strstr(c->error.text, "the policy could not be asked"));
		assert_non_null(strstr(c->error.text, wrong[i].why));
	}
	/* None of it was remembered. */
	a.status = 200;
	a.says = "{\"result\": false}";
	assert_ok(c, ask(c, p, &got));
	assert_false(got.allowed);
	assert_int_equal(got.level, PERMISSION_NONE);
	policy_close(p);
	peer_stop(peer);
}

static void too_much_and_too_late_are_no_answers(void **state)
{
	struct ctx *c = *state;
	struct buf much = {.arena = c->arena};
	struct agent a = {0};
	struct policy_answer got;
	struct http_peer *peer = peer_start(c, answer, &a);
	struct policy *p = connect_to(c, peer->url, "", 0);
	buf_cstr(&much, "{\"result\": true, \"more\": \"");
	for (int i = 0; i < 300 << 10; i++)
		buf_byte(&much, 'x');
	buf_cstr(&much, "\"}");
	a.says = buf_text(&much);
	assert_err(c, ask(c, p, &got), ERR_UNAVAILABLE);
	policy_close(p);
	peer_stop(peer);
	/* A listener that accepts, by the system, and says nothing. */
	int fd;
	assert_ok(c, socket_listen(c, STR("127.0.0.1:0"), &fd));
	p = connect_for(c, arena_fmt(c->arena, "http://127.0.0.1:%d", socket_port(fd)), "", 0, 300);
	int64_t began = c->world->monotonic();
	assert_err(c, ask(c, p, &got), ERR_UNAVAILABLE);
	assert_true(c->world->monotonic() - began < PATIENCE_MS * 1000);
	policy_close(p);
	close(fd);
}

static void an_answer_is_good_for_a_while(void **state)
{
	struct ctx *c = *state;
	struct agent a = {.says = "{\"result\": true, \"decision_id\": \"d-1\"}"};
	struct http_peer *peer = peer_start(c, answer, &a);
	struct policy *p = connect_to(c, peer->url, "", 300);
	struct policy_answer got;
	struct world world = *c->world;
	now = 1000000;
	world.monotonic = told_time;
	c->world = &world;
	assert_ok(c, ask(c, p, &got));
	now += 299999;
	a.says = "{\"result\": false}";
	assert_ok(c, ask(c, p, &got));
	assert_true(got.allowed);
	assert_str(got.decision, "d-1");
	assert_int_equal(a.asked, 1);
	/* Of somebody else, from elsewhere, or with another grant it is another question. */
	struct actor bob = anna;
	struct policy_question q = read_site();
	bob.peer = STR("192.0.2.2");
	q.who = &bob;
	assert_ok(c, policy_decide(c, p, &q, 1, &got));
	assert_false(got.allowed);
	q = read_site();
	q.granted = PERMISSION_WRITE;
	assert_ok(c, policy_decide(c, p, &q, 1, &got));
	assert_false(got.allowed);
	assert_int_equal(a.asked, 3);
	now++;
	assert_ok(c, ask(c, p, &got));
	assert_false(got.allowed);
	assert_int_equal(a.asked, 4);
	policy_close(p);
	peer_stop(peer);
}

#define OF_REVISION(revision, result)                                                 \
	"{\"result\": " result ", \"provenance\": {\"version\": \"1\", \"bundles\": " \
	"{\"b\": {\"revision\": \"" revision "\"}}}}"

static void another_revision_ends_what_is_remembered(void **state)
{
	struct ctx *c = *state;
	struct agent a = {.says = OF_REVISION("one", "true")};
	struct http_peer *peer = peer_start(c, answer, &a);
	struct policy *p = connect_to(c, peer->url, "", 60000);
	struct policy_answer got;
	struct policy_question other = read_site();
	other.granted = PERMISSION_WRITE;
	assert_ok(c, ask(c, p, &got));
	a.says = OF_REVISION("two", "false");
	assert_ok(c, ask(c, p, &got));
	assert_true(got.allowed);
	assert_ok(c, policy_decide(c, p, &other, 1, &got)); /* this answer tells */
	assert_ok(c, ask(c, p, &got));
	assert_false(got.allowed);
	assert_int_equal(a.asked, 3);
	policy_close(p);
	peer_stop(peer);
}

static void many_are_one_request(void **state)
{
	struct ctx *c = *state;
	struct agent a = {.says = "{\"result\": [true, false, true], \"decision_id\": \"d\"}"};
	struct http_peer *peer = peer_start(c, answer, &a);
	struct policy *p =
		connect_to(c, arena_fmt(c->arena, "%s/v1/data/my/rule/", peer->url), "", 9000);
	struct policy_question asked[3];
	struct policy_answer got[3];
	struct json *body;
	for (int i = 0; i < 3; i++)
		asked[i] = read_site();
	asked[1].operation = OPERATION_REPOSITORY_PUSH;
	asked[2].operation = OPERATION_REPOSITORY_CHANGE;
	assert_ok(c, policy_decide(c, p, asked, 3, got));
	assert_int_equal(a.asked, 1);
	assert_string_equal(a.path, "/v1/data/my/rule_each?provenance=true");
	assert_true(got[0].allowed && !got[1].allowed && got[2].allowed);
	/* Refused, they still have what was granted; allowed more, they have more. */
	assert_int_equal(got[1].level, PERMISSION_READ);
	assert_int_equal(got[2].level, PERMISSION_ADMIN);
	assert_ok(c, json_parse(c, str_of(a.body), &body));
	const struct json *each = json_get(json_get(body, "input"), "each");
	assert_int_equal(each->count, 3);
	assert_str(json_text(each->first->next, "operation"), "repository.push");
	/* Only what is not known is asked for. */
	a.says = "{\"result\": true}";
	asked[1].granted = PERMISSION_WRITE;
	assert_ok(c, policy_decide(c, p, asked, 3, got));
	assert_int_equal(a.asked, 2);
	assert_string_equal(a.path, "/v1/data/my/rule?provenance=true");
	assert_true(got[1].allowed);
	policy_close(p);
	peer_stop(peer);
}

static void many_need_as_many_answers(void **state)
{
	struct ctx *c = *state;
	static const char *const wrong[] = {"{}", "{\"result\": true}", "{\"result\": [true]}",
		"{\"result\": [true, true, true]}", "{\"result\": [true, 1]}",
		"{\"result\": {\"a\": true, \"b\": true}}"};
	struct agent a = {0};
	struct http_peer *peer = peer_start(c, answer, &a);
	struct policy *p = connect_to(c, peer->url, "", 0);
	const struct policy_question asked[2] = {read_site(), read_site()};
	struct policy_answer got[2];
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		a.says = wrong[i];
		assert_err(c, policy_decide(c, p, asked, 2, got), ERR_UNAVAILABLE);
	}
	policy_close(p);
	peer_stop(peer);
}

static void what_makes_no_sense_names_the_setting(void **state)
{
	struct ctx *c = *state;
	static const char *const wrong[] = {"http://127.0.0.1:8181", "opa", "opa+127.0.0.1:8181",
		"opa+ftp://127.0.0.1", "opa+http://", "opa+http://u:p@127.0.0.1",
		"opa+http://127.0.0.1/v1/policies/x", "opa+http://127.0.0.1/v1/data/a?b"};
	struct policy_opa_options options = {.ca = "", .cert = "", .key = "", .timeout = 1000};
	struct policy *p;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		options.url = wrong[i];
		assert_err(c, policy_opa_open(c, &options, &p), ERR_INVALID);
		assert_non_null(strstr(c->error.text, "NIMBUS_POLICY"));
	}
	/* A token is for nobody on the way. */
	options.url = "opa+http://10.0.0.1:8181";
	assert_ok(c, policy_opa_open(c, &options, &p));
	policy_close(p);
	options.token.reference = "hush";
	assert_err(c, policy_opa_open(c, &options, &p), ERR_INVALID);
	assert_null(strstr(c->error.text, "hush"));
	options.url = "opa+https://10.0.0.1:8181";
	options.ca = "/nowhere/ca.pem";
	assert_err(c, policy_opa_open(c, &options, &p), ERR_INVALID);
	assert_non_null(strstr(c->error.text, "NIMBUS_POLICY_CA"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_question_is_told_in_full),
		UNIT_TEST(it_fails_closed),
		UNIT_TEST(too_much_and_too_late_are_no_answers),
		UNIT_TEST(an_answer_is_good_for_a_while),
		UNIT_TEST(another_revision_ends_what_is_remembered),
		UNIT_TEST(many_are_one_request),
		UNIT_TEST(many_need_as_many_answers),
		UNIT_TEST(what_makes_no_sense_names_the_setting),
	};
	return cmocka_run_group_tests_name("driver/policy_opa", tests, NULL, NULL);
}
