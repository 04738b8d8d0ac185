/* main/client_call.c: from a row of client.def and arguments to a request. */
#include "main/client.h"

#include "unit.h"

static const struct command usage = {"x",
	"[REPO] [PATH] [--ref REVISION] [--flag] [--ttl TIME] [--json JSON] [--method METHOD] "
	"[--body JSON]",
	NULL, "", ""};

#define W(word) ((char *)(uintptr_t)(word))
#define WORDS(...) ((char *const[]){__VA_ARGS__, NULL})

static enum err make(
	struct ctx *c, struct client_row row, char *const *words, struct client_request *out)
{
	struct run run = {0};
	assert_ok(c, command_read(c, &usage, words, &run));
	return client_request_make(c, &run, &row, out);
}

static void asks(struct ctx *c, struct client_row row, char *const *words, const char *path,
	const char *body)
{
	struct client_request got;
	assert_ok(c, make(c, row, words, &got));
	assert_string_equal(got.method, row.method);
	assert_str(got.path, path);
	assert_str(got.body, body);
}

static void arguments_are_encoded_where_they_stand(void **state)
{
	struct ctx *c = *state;
	const struct client_row row = {
		"GET", "/repos/{REPO}/contents/{PATH/}?ref={--ref}&x=1", "", ""};
	asks(c, row, WORDS(W("a?b/c"), W("d e/f")), "/repos/a%3Fb%2Fc/contents/d%20e/f?x=1", "");
	asks(c, row, WORDS(W("r"), W("p"), W("--ref"), W("a&b")),
		"/repos/r/contents/p?ref=a%26b&x=1", "");
}

static void what_has_a_default_takes_it(void **state)
{
	struct ctx *c = *state;
	const struct client_row row = {"GET", "/{PATH/|}?ref={--ref|HEAD}", "", ""};
	asks(c, row, WORDS(W("r")), "/?ref=HEAD", "");
	asks(c, row, WORDS(W("r"), W("a/b"), W("--ref=x")), "/a/b?ref=x", "");
}

static void a_body_has_what_is_given(void **state)
{
	struct ctx *c = *state;
	const struct client_row row = {"POST", "/x",
		"name={REPO} ref={--ref} force:=true?--flag list:={--json} ttl%={--ttl}", ""};
	asks(c, row, WORDS(W("a\"b")), "/x", "{\"name\":\"a\\\"b\"}");
	asks(c, row,
		WORDS(W("a"), W("--flag"), W("--json"), W("[1, {\"x\": null}]"), W("--ttl"),
			W("2h"), W("--ref=HEAD")),
		"/x",
		"{\"name\":\"a\",\"ref\":\"HEAD\",\"force\":true,\"list\":[1,{\"x\":null}],\"ttl\":"
		"7200}");
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct ctx *c = *state;
	struct client_request got;
	const struct client_row path = {"GET", "/{REPO}/{PATH}", "", ""};
	const struct client_row body = {"POST", "/x", "list:={--json} ttl%={--ttl}", ""};
	assert_err(c, make(c, path, WORDS(W("a")), &got), ERR_INVALID);
	assert_err(c, make(c, body, WORDS(W("--json"), W("{")), &got), ERR_INVALID);
	static const char *const times[] = {"soon", "0s", "-1h", "999ms"};
	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		assert_err(c, make(c, body, WORDS(W("--ttl"), W(times[i])), &got), ERR_INVALID);
}

static void anything_can_be_asked_for(void **state)
{
	struct ctx *c = *state;
	struct client_request got;
	const struct client_row any = {"", "{REPO}", "{--body}", ""};
	assert_ok(c, make(c, any, WORDS(W("/repos?q=a%20b")), &got));
	assert_string_equal(got.method, "GET");
	assert_str(got.path, "/repos?q=a%20b");
	assert_int_equal(got.body.len, 0);
	assert_ok(c, make(c, any, WORDS(W("/repos"), W("--body"), W("{\"name\":\"x\"}")), &got));
	assert_string_equal(got.method, "POST");
	assert_str(got.body, "{\"name\":\"x\"}");
	assert_ok(c, make(c, any, WORDS(W("/repos/x"), W("--method"), W("DELETE")), &got));
	assert_string_equal(got.method, "DELETE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(arguments_are_encoded_where_they_stand),
		UNIT_TEST(what_has_a_default_takes_it),
		UNIT_TEST(a_body_has_what_is_given),
		UNIT_TEST(what_makes_no_sense_is_refused),
		UNIT_TEST(anything_can_be_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
