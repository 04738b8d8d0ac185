#include "contract/contract.h"

#include "driver/driver.h"
#include "driver/hook_memory.h"
#include "http_peer.h"

/* Who is posted to: what it says, and what it was told. */
struct receiver {
	struct unit unit; /* first, so that *state is its context */
	const struct driver *driver;
	struct hook *hook;
	struct http_peer *peer; /* of the driver that needs one */
	const char *url;
	int status;
	int64_t retry_after;
	const char *location, *body;
	int posts;
	char id[80], signature[80], time[80], text[80];
};

struct driver {
	const char *name;
	void (*open)(struct receiver *r);
};

static void keep(char out[80], struct str text)
{
	snprintf(out, 80, "%.*s", STR_FMT(text));
}

static void say(void *arg, const struct peer_request *request, struct buf *out)
{
	struct receiver *r = arg;
	r->posts++;
	assert_str(request->method, "POST");
	assert_str(peer_header(request, "Content-Type"), "application/cloudevents+json");
	keep(r->id, peer_header(request, "webhook-id"));
	keep(r->time, peer_header(request, "webhook-timestamp"));
	keep(r->signature, peer_header(request, "webhook-signature"));
	keep(r->text, request->body);
	buf_fmt(out, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n", r->status, strlen(r->body));
	if (r->retry_after)
		buf_fmt(out, "Retry-After: %lld\r\n", (long long)r->retry_after);
	if (r->location)
		buf_fmt(out, "Location: %s\r\n", r->location);
	buf_fmt(out, "\r\n%s", r->body);
}

static enum err answer(
	struct ctx *c, void *arg, const struct hook_post *post, struct hook_answer *out)
{
	struct receiver *r = arg;
	if (!str_starts(post->url, str_of(r->url)))
		return fail(c, ERR_UNAVAILABLE, "nobody is there");
	r->posts++;
	keep(r->id, post->id);
	keep(r->signature, post->signature);
	snprintf(r->time, sizeof r->time, "%lld", (long long)post->time);
	keep(r->text, post->body);
	*out = (struct hook_answer){
		r->status, r->retry_after, str_until(str_of(r->body), HOOK_BODY_MAX)};
	return OK;
}

static void open_http(struct receiver *r)
{
	struct ctx *c = &r->unit.ctx;
	r->peer = peer_start(c, say, r);
	r->url = r->peer->url;
	assert_ok(c, hook_http_open(c, "127.0.0.1", &r->hook));
}

static void open_memory(struct receiver *r)
{
	r->url = "https://example.org";
	r->hook = hook_memory_open(answer, r);
}

static const struct driver drivers[] = {{"http", open_http}, {"memory", open_memory}};

static const char *name_of(const void *driver)
{
	return ((const struct driver *)driver)->name;
}

static int setup(void **state)
{
	struct receiver *r = calloc(1, sizeof *r);
	r->driver = *state;
	arena_init(&r->unit.arena);
	ctx_init(&r->unit.ctx, &r->unit.arena, os_world());
	r->status = 204;
	r->body = "";
	r->driver->open(r);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct receiver *r = *state;
	hook_close(r->hook);
	if (r->peer)
		peer_stop(r->peer);
	arena_done(&r->unit.arena);
	free(r);
	return 0;
}

static enum err post_to(struct receiver *r, const char *url, struct hook_answer *out)
{
	const struct hook_post post = {
		.url = str_of(url),
		.id = STR("3/17"),
		.time = 1795448072,
		.signature = STR("v1,c2lnbmVk"),
		.body = STR("{\"type\":\"push\"}"),
	};
	return hook_post(&r->unit.ctx, r->hook, &post, out);
}

static void what_is_posted_arrives_as_it_is(void **state)
{
	struct receiver *r = *state;
	struct ctx *c = &r->unit.ctx;
	struct hook_answer got;
	assert_ok(c, post_to(r, arena_fmt(c->arena, "%s/hook?a=b", r->url), &got));
	assert_int_equal(got.status, 204);
	assert_int_equal(got.retry_after, 0);
	assert_int_equal(got.body.len, 0);
	assert_string_equal(r->id, "3/17");
	assert_string_equal(r->time, "1795448072");
	assert_string_equal(r->signature, "v1,c2lnbmVk");
	assert_string_equal(r->text, "{\"type\":\"push\"}");
}

static void any_status_is_an_answer(void **state)
{
	struct receiver *r = *state;
	struct ctx *c = &r->unit.ctx;
	static const int statuses[] = {200, 202, 400, 404, 410, 429, 500, 503};
	r->body = "so it is";
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		struct hook_answer got;
		r->status = statuses[i];
		assert_ok(c, post_to(r, r->url, &got));
		assert_int_equal(got.status, statuses[i]);
		assert_str(got.body, "so it is");
	}
	assert_int_equal(r->posts, sizeof statuses / sizeof *statuses);
}

static void a_redirect_is_not_followed(void **state)
{
	struct receiver *r = *state;
	struct ctx *c = &r->unit.ctx;
	struct hook_answer got;
	r->status = 307;
	r->location = r->url;
	assert_ok(c, post_to(r, r->url, &got));
	assert_int_equal(got.status, 307);
	assert_int_equal(r->posts, 1);
}

static void when_to_come_again_is_told(void **state)
{
	struct receiver *r = *state;
	struct ctx *c = &r->unit.ctx;
	struct hook_answer got;
	r->status = 503;
	r->retry_after = 120;
	assert_ok(c, post_to(r, r->url, &got));
	assert_int_equal(got.retry_after, 120);
}

static void of_a_long_answer_the_beginning_is_enough(void **state)
{
	struct receiver *r = *state;
	struct ctx *c = &r->unit.ctx;
	struct hook_answer got;
	size_t len = 200000;
	char *body = arena_alloc(c->arena, len + 1);
	memset(body, 'x', len);
	body[len] = 0;
	r->body = body;
	r->status = 200;
	assert_ok(c, post_to(r, r->url, &got));
	assert_int_equal(got.status, 200);
	assert_int_equal(got.body.len, HOOK_BODY_MAX);
	r->body = "short";
	assert_ok(c, post_to(r, r->url, &got));
	assert_str(got.body, "short");
}

static void that_nobody_is_there_is_an_error(void **state)
{
	struct receiver *r = *state;
	struct ctx *c = &r->unit.ctx;
	struct hook_answer got;
	assert_err(c, post_to(r, "http://127.0.0.1:1/", &got), ERR_UNAVAILABLE);
}

static bool always(void *arg)
{
	(void)arg;
	return true;
}

static void who_has_gone_posts_nothing(void **state)
{
	struct receiver *r = *state;
	struct ctx *c = &r->unit.ctx;
	struct hook_answer got;
	c->canceled = always;
	assert_err(c, post_to(r, r->url, &got), ERR_CANCELED);
	assert_int_equal(r->posts, 0);
}

int main(void)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(what_is_posted_arrives_as_it_is),
		CONTRACT_TEST(any_status_is_an_answer),
		CONTRACT_TEST(a_redirect_is_not_followed),
		CONTRACT_TEST(when_to_come_again_is_told),
		CONTRACT_TEST(of_a_long_answer_the_beginning_is_enough),
		CONTRACT_TEST(that_nobody_is_there_is_an_error),
		CONTRACT_TEST(who_has_gone_posts_nothing),
	};
	static const struct contract contract = CONTRACT(drivers, setup, teardown);
	return contract_run(&contract, tests, sizeof tests / sizeof *tests);
}
