/* driver/hook_http.c: where it goes, and where it does not. tests/contract/test_hook.c has the rest. */
#include "driver/driver.h"
#include "http_peer.h"

#include <stdatomic.h>

static atomic_int arrived;

static void count(void *arg, const struct peer_request *request, struct buf *out)
{
	(void)request;
	atomic_fetch_add(&arrived, 1);
	buf_cstr(out, arg ? arg : "HTTP/1.1 204 X\r\n\r\n");
}

static enum err post_by(struct ctx *c, const char *hosts, const char *url, struct hook_answer *out)
{
	struct hook *hook;
	const struct hook_post post = {
		.url = str_of(url), .id = STR("1"), .signature = STR("v1,x"), .body = STR("{}")};
	assert_ok(c, hook_http_open(c, hosts, &hook));
	enum err err = hook_post(c, hook, &post, out);
	hook_close(hook);
	return err;
}

static void nothing_goes_to_this_machine_unless_it_may(void **state)
{
	struct ctx *c = *state;
	struct hook_answer got;
	struct http_peer *p = peer_start(c, count, NULL);
	const char *port = strrchr(p->url, ':');
	const char *by_name = arena_fmt(c->arena, "http://localhost%s/", port);
	const char *mapped = arena_fmt(c->arena, "http://[::ffff:127.0.0.1]%s/", port);
	const char *const refused[] = {p->url, by_name, mapped,
		arena_fmt(c->arena, "http://0x7f.1%s/", port),
		arena_fmt(c->arena, "http://2130706433%s/", port),
		arena_fmt(c->arena, "http://0.0.0.0%s/", port)};
	static const char *const elsewhere[] = {"", "10.0.0.0/8, example.org", "::1"};
	atomic_store(&arrived, 0);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		for (size_t k = 0; k < sizeof elsewhere / sizeof *elsewhere; k++) {
			assert_err(c, post_by(c, elsewhere[k], refused[i], &got), ERR_DENIED);
			assert_non_null(strstr(c->error.text, "NIMBUS_WEBHOOK_HOSTS"));
			assert_null(strstr(c->error.text, "127.0.0.1"));
		}
	/* One that is named may be there under its name, and under no other. */
	assert_err(c, post_by(c, "localhost", p->url, &got), ERR_DENIED);
	assert_int_equal(atomic_load(&arrived), 0);
	assert_ok(c, post_by(c, "localhost", by_name, &got));
	assert_ok(c, post_by(c, "127.0.0.0/8", p->url, &got));
	assert_ok(c, post_by(c, "example.org, 127.0.0.1", mapped, &got));
	assert_ok(c, post_by(c, "*", p->url, &got));
	assert_int_equal(atomic_load(&arrived), 4);
	peer_stop(p);
}

static void no_proxy_leads_past_it(void **state)
{
	struct ctx *c = *state;
	struct hook_answer got;
	struct http_peer *p = peer_start(c, count, NULL);
	atomic_store(&arrived, 0);
	setenv("https_proxy", p->url, 1);
	setenv("http_proxy", p->url, 1);
	assert_err(c, post_by(c, "", "https://127.0.0.1:1/", &got), ERR_DENIED);
	assert_err(c, post_by(c, "", "http://127.0.0.1:1/", &got), ERR_DENIED);
	unsetenv("https_proxy");
	unsetenv("http_proxy");
	assert_int_equal(atomic_load(&arrived), 0);
	peer_stop(p);
}

static void a_date_to_come_again_is_by_the_receivers_clock(void **state)
{
	struct ctx *c = *state;
	struct hook_answer got;
	static char late[] = "HTTP/1.1 503 X\r\nContent-Length: 0\r\n"
			     "Date: Mon, 23 Nov 2026 15:34:32 GMT\r\n"
			     "Retry-After: Mon, 23 Nov 2026 15:36:32 GMT\r\n\r\n";
	static char past[] = "HTTP/1.1 503 X\r\nContent-Length: 0\r\n"
			     "Retry-After: Mon, 23 Nov 1998 15:36:32 GMT\r\n\r\n";
	static char nonsense[] = "HTTP/1.1 503 X\r\nContent-Length: 0\r\n"
				 "Retry-After: soon\r\n\r\n";
	struct http_peer *p = peer_start(c, count, late);
	assert_ok(c, post_by(c, "*", p->url, &got));
	assert_int_equal(got.retry_after, 120);
	peer_stop(p);
	p = peer_start(c, count, past);
	assert_ok(c, post_by(c, "*", p->url, &got));
	assert_int_equal(got.retry_after, 0);
	peer_stop(p);
	p = peer_start(c, count, nonsense);
	assert_ok(c, post_by(c, "*", p->url, &got));
	assert_int_equal(got.retry_after, 0);
	peer_stop(p);
}

static void who_does_not_answer_is_not_waited_for(void **state)
{
	struct ctx *c = *state;
	struct hook_answer got;
	int fd;
	assert_ok(c, socket_listen(c, STR("127.0.0.1:0"), &fd));
	const char *url = arena_fmt(c->arena, "http://127.0.0.1:%d", socket_port(fd));
	c->deadline = c->world->monotonic() + 100000;
	assert_err(c, post_by(c, "*", url, &got), ERR_TIMEOUT);
	close(fd);
}

static void hosts_that_make_no_sense_are_named(void **state)
{
	struct ctx *c = *state;
	struct hook *hook;
	static const char *const bad[] = {
		"10.0.0.0/33", "https://example.org", "a b", "*.example.org"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_err(c, hook_http_open(c, bad[i], &hook), ERR_INVALID);
		assert_non_null(strstr(c->error.text, bad[i]));
		assert_non_null(strstr(c->error.text, "NIMBUS_WEBHOOK_HOSTS"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(nothing_goes_to_this_machine_unless_it_may),
		UNIT_TEST(no_proxy_leads_past_it),
		UNIT_TEST(a_date_to_come_again_is_by_the_receivers_clock),
		UNIT_TEST(who_does_not_answer_is_not_waited_for),
		UNIT_TEST(hosts_that_make_no_sense_are_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
