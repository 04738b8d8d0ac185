#include "main/url.h"

#include "unit.h"

static const char *url_of(struct ctx *c, const char *listen, int port)
{
	struct config config = {.listen = listen, .url = ""};
	return local_url(c, &config, port);
}

static void the_first_address_is_how_to_get_there(void **state)
{
	struct ctx *c = *state;
	assert_string_equal(url_of(c, "127.0.0.1:8080", 0), "http://127.0.0.1:8080");
	assert_string_equal(url_of(c, "[::1]:80,127.0.0.1:81", 0), "http://[::1]:80");
	assert_string_equal(url_of(c, "127.0.0.1:0", 4711), "http://127.0.0.1:4711");
}

static void every_address_means_this_machine(void **state)
{
	struct ctx *c = *state;
	assert_string_equal(url_of(c, "0.0.0.0:80", 0), "http://127.0.0.1:80");
	assert_string_equal(url_of(c, ":80", 0), "http://127.0.0.1:80");
	assert_string_equal(url_of(c, "[::]:80", 0), "http://[::1]:80");
}

static void https_counts_where_nothing_else_listens(void **state)
{
	struct ctx *c = *state;
	struct config config = {.listen = ":80", .tls_listen = "[::]:443", .url = ""};
	assert_string_equal(local_url(c, &config, 0), "http://127.0.0.1:80");
	config.listen = " ";
	assert_string_equal(local_url(c, &config, 0), "https://[::1]:443");
	assert_string_equal(local_url(c, &config, 4711), "https://[::1]:4711");
}

static void what_is_configured_comes_first(void **state)
{
	struct ctx *c = *state;
	struct config config = {.listen = ":80", .url = "https://git.example.org"};
	assert_string_equal(local_url(c, &config, 80), "https://git.example.org");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(the_first_address_is_how_to_get_there),
		UNIT_TEST(every_address_means_this_machine),
		UNIT_TEST(https_counts_where_nothing_else_listens),
		UNIT_TEST(what_is_configured_comes_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
