#include "http_peer.h"

#include "driver/http_call.h"

static const struct http_client_options options = {
	.service = "the oracle", .address = "NIMBUS_ORACLE", .ca_name = "NIMBUS_ORACLE_CA"};

static struct http_client *client(struct ctx *c)
{
	struct http_client *h;
	assert_ok(c, http_client_open(c, &options, &h));
	return h;
}

/* What was asked, said back. */
static void echo(void *arg, const struct peer_request *request, struct buf *out)
{
	struct str all = {request->method.at, 0};
	(void)arg;
	all.len = (size_t)(request->body.at + request->body.len - all.at);
	buf_fmt(out,
		"HTTP/1.1 207 Fine\r\nX-Told: one \r\nx-told: two\r\nContent-Length: %zu\r\n\r\n",
		all.len);
	buf_str(out, all);
}

/* The same answer to everything. */
static void repeat(void *arg, const struct peer_request *request, struct buf *out)
{
	(void)request;
	buf_str(out, *(struct str *)arg);
}

static enum err get(struct ctx *c, const char *url, size_t most, struct http_answer *out)
{
	struct http_client *h = client(c);
	const struct http_call call = {
		.method = "GET", .url = url, .timeout_ms = 20000, .body_max = most};
	enum err kind = http_call(c, h, &call, out);
	http_client_close(h);
	return kind;
}

/* What is made of a peer that says this. */
static enum err hear(struct ctx *c, struct str said, size_t most, struct http_answer *out)
{
	struct http_peer *p = peer_start(c, repeat, &said);
	enum err kind = get(c, p->url, most, out);
	peer_stop(p);
	return kind;
}

static void a_request_goes_out_as_it_was_made(void **state)
{
	struct ctx *c = *state;
	struct http_peer *p = peer_start(c, echo, NULL);
	struct http_client *h = client(c);
	struct http_answer answer;
	const struct http_header headers[] = {
		{STR("X-Vault-Token"), STR("s.1")}, {STR("Content-Type"), STR("application/json")}};
	struct http_call call = {.method = "POST",
		.url = arena_fmt(c->arena, "%s/v1/a?b=c", p->url),
		.headers = headers,
		.header_count = 2,
		.body = STR("{\"a\":1}")};
	assert_ok(c, http_call(c, h, &call, &answer));
	assert_int_equal(answer.status, 207);
	assert_str(http_answer_header(&answer, "X-TOLD"), "one");
	assert_null(http_answer_header(&answer, "x-other").at);
	assert_true(str_starts(answer.body, STR("POST /v1/a?b=c HTTP/1.1\r\n")));
	assert_true(str_find_str(answer.body, STR("X-Vault-Token: s.1\r\n")) < answer.body.len);
	assert_true(str_find_str(answer.body, STR("User-Agent: nimbus-git\r\n")) < answer.body.len);
	assert_true(str_ends(answer.body, STR("\r\n\r\n{\"a\":1}")));
	call = (struct http_call){.method = "PUT", .url = p->url};
	assert_ok(c, http_call(c, h, &call, &answer));
	assert_true(str_find_str(answer.body, STR("Content-Length: 0\r\n")) < answer.body.len);
	call = (struct http_call){.method = "GET", .url = p->url};
	assert_ok(c, http_call(c, h, &call, &answer));
	assert_true(str_starts(answer.body, STR("GET / HTTP/1.1\r\n")));
	assert_int_equal(p->accepted, 1); /* one connection was enough for all of it */
	http_client_close(h);
	peer_stop(p);
}

static void a_header_cannot_smuggle_another(void **state)
{
	struct ctx *c = *state;
	struct http_client *h = client(c);
	struct http_answer answer;
	const struct http_header header = {STR("X-Vault-Token"), STR("s.1\r\nX-Other: 1")};
	const struct http_call call = {.method = "GET",
		.url = "http://127.0.0.1:1",
		.headers = &header,
		.header_count = 1};
	assert_err(c, http_call(c, h, &call, &answer), ERR_INVALID);
	assert_null(strstr(c->error.text, "s.1"));
	http_client_close(h);
}

static void where_it_may_go(void **state)
{
	struct ctx *c = *state;
	static const char *const good[] = {"https://vault.example.org",
		"https://[2001:db8::1]:8200/v1", "https://x?y", "http://127.0.0.1:8200",
		"http://127.9.9.9/x", "http://localhost:1", "http://[::1]:8200/",
		"http://LOCALHOST"};
	static const char *const bad[] = {"", "vault", "ftp://x", "file:///etc/passwd", "HTTPS//x",
		"https://", "https:///v1", "https://:8200", "http://vault.example.org",
		"http://10.0.0.1:8200", "http://127.0.0.1.example.org", "http://1270.0.0.1",
		"http://localhost.example.org", "http://127.0.0.1@example.org/",
		"https://u:hush@vault.example.org", "http://example.org\\@127.0.0.1/",
		"https://a b", "https://a\r\nHost: b", "https://\xc3\xa9"};
	struct http_client *h = client(c), *plain;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_ok(c, http_client_check(c, h, good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_err(c, http_client_check(c, h, bad[i]), ERR_INVALID);
		assert_null(strstr(c->error.text, "hush"));
	}
	assert_err(c, http_client_check(c, h, "http://10.0.0.1"), ERR_INVALID);
	assert_string_equal(c->error.text,
		"NIMBUS_ORACLE=http://10.0.0.1 must be https:// where it is "
		"not this machine itself");
	struct http_client_options open = options;
	open.plain = true;
	assert_ok(c, http_client_open(c, &open, &plain));
	assert_ok(c, http_client_check(c, plain, "http://10.0.0.1:8200"));
	assert_err(c, http_client_check(c, plain, "gopher://10.0.0.1:8200"), ERR_INVALID);
	http_client_close(plain);
	http_client_close(h);
}

static void a_redirect_is_not_followed(void **state)
{
	struct ctx *c = *state;
	struct http_answer answer;
	struct str said = STR("HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/x\r\n"
			      "Content-Length: 0\r\n\r\n");
	assert_ok(c, hear(c, said, 0, &answer));
	assert_int_equal(answer.status, 307);
	assert_str(http_answer_header(&answer, "location"), "http://127.0.0.1:1/x");
}

static void an_answer_has_its_caps(void **state)
{
	struct ctx *c = *state;
	struct http_answer answer;
	assert_ok(
		c, hear(c, STR("HTTP/1.1 200 X\r\nContent-Length: 8\r\n\r\n12345678"), 8, &answer));
	assert_str(answer.body, "12345678");
	assert_err(c,
		hear(c, STR("HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\n123456789"), 8, &answer),
		ERR_TOO_BIG);
	struct buf long_head = {.arena = c->arena};
	buf_cstr(&long_head, "HTTP/1.1 200 X\r\n");
	for (int i = 0; i < 2000; i++)
		buf_fmt(&long_head, "X-%d: 0123456789012345678901234567890123456789\r\n", i);
	buf_cstr(&long_head, "Content-Length: 0\r\n\r\n");
	assert_err(c, hear(c, buf_view(&long_head), 0, &answer), ERR_TOO_BIG);
}

static void what_is_no_answer_is_none(void **state)
{
	struct ctx *c = *state;
	struct http_answer answer;
	assert_err(c, hear(c, STR(""), 0, &answer), ERR_UNAVAILABLE);
	assert_err(c, hear(c, STR("SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n"), 0, &answer), ERR_UNAVAILABLE);
	assert_err(c, hear(c, STR("HTTP/1.1 200 X\r\nContent-Length: -1\r\n\r\n"), 0, &answer),
		ERR_UNAVAILABLE);
	/* Where nobody listens. */
	assert_err(c, get(c, "http://127.0.0.1:1", 0, &answer), ERR_UNAVAILABLE);
	assert_non_null(strstr(c->error.text, "the oracle cannot be reached"));
}

static bool has_gone(void *arg)
{
	(void)arg;
	return true;
}

/* A listener that accepts, by the system, and says nothing. */
static void silence_ends_in_time(void **state)
{
	struct ctx *c = *state;
	struct http_client *h = client(c);
	struct http_answer answer;
	int fd;
	assert_ok(c, socket_listen(c, STR("127.0.0.1:0"), &fd));
	struct http_call call = {.method = "GET",
		.url = arena_fmt(c->arena, "http://127.0.0.1:%d", socket_port(fd)),
		.timeout_ms = 100};
	assert_err(c, http_call(c, h, &call, &answer), ERR_TIMEOUT);
	call.timeout_ms = 600000;
	c->deadline = c->world->monotonic() + 100000;
	assert_err(c, http_call(c, h, &call, &answer), ERR_TIMEOUT);
	c->deadline = 0;
	c->canceled = has_gone;
	assert_err(c, http_call(c, h, &call, &answer), ERR_CANCELED);
	close(fd);
	http_client_close(h);
}

static void a_file_of_certificates_must_be_there(void **state)
{
	struct ctx *c = *state;
	struct http_client_options bad = options;
	struct http_client *h;
	bad.ca = "/nowhere/ca.pem";
	assert_err(c, http_client_open(c, &bad, &h), ERR_INVALID);
	assert_string_equal(c->error.text, "NIMBUS_ORACLE_CA=/nowhere/ca.pem cannot be read");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_request_goes_out_as_it_was_made),
		UNIT_TEST(a_header_cannot_smuggle_another),
		UNIT_TEST(where_it_may_go),
		UNIT_TEST(a_redirect_is_not_followed),
		UNIT_TEST(an_answer_has_its_caps),
		UNIT_TEST(what_is_no_answer_is_none),
		UNIT_TEST(silence_ends_in_time),
		UNIT_TEST(a_file_of_certificates_must_be_there),
	};
	return cmocka_run_group_tests_name("driver/http_call", tests, NULL, NULL);
}
