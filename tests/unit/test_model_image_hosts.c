#include "model/image_hosts.h"

#include "base/buf.h"
#include "unit.h"

static void names_are_read_as_the_policy_of_a_page_wants_them(void **state)
{
	struct ctx *c = *state;
	struct image_hosts all;
	assert_ok(c, image_hosts_parse(c, STR(""), &all));
	assert_int_equal(all.count, 0);
	assert_str(all.sources, "");
	assert_ok(c, image_hosts_parse(c,
			     STR("img.example.org, a-b.example:8443 ,Img.Example.Com:443"), &all));
	assert_int_equal(all.count, 3);
	assert_str(all.sources,
		" https://img.example.org https://a-b.example:8443 https://Img.Example.Com");
}

static void what_is_no_host_is_named(void **state)
{
	struct ctx *c = *state;
	struct image_hosts all;
	static const char *const bad[] = {"https://img.example.org", "img.example.org/a",
		"*.example.org", "*", "a b.example", "a;script-src", "a'b", "-a.example",
		"a-.example", "a..example", ".example", "example.", "a.example:0",
		"a.example:65536", "a.example:", ":8443", "[::1]", "me@a.example", "a_b.example",
		",a.example", "b\xC3\xBC.example"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ctx_clear(c);
		assert_err(c, image_hosts_parse(c, str_of(bad[i]), &all), ERR_INVALID);
		assert_non_null(strstr(c->error.text, "is no host"));
	}
	ctx_clear(c);
	assert_err(c, image_hosts_parse(c, STR("a.example,A.example:443"), &all), ERR_INVALID);
	assert_string_equal(c->error.text, "A.example is there twice");
	struct buf many = {.arena = c->arena};
	for (int i = 0; i <= IMAGE_HOSTS_MAX; i++)
		buf_fmt(&many, "%sh%d.example", i ? "," : "", i);
	assert_err(c, image_hosts_parse(c, buf_view(&many), &all), ERR_INVALID);
	assert_string_equal(c->error.text, "more than 32 hosts");
	ctx_clear(c);
	many.len = 0;
	for (int i = 0; i < HOST_NAME_MAX_BYTES + 1; i++)
		buf_byte(&many, 'a');
	assert_err(c, image_hosts_parse(c, buf_view(&many), &all), ERR_INVALID);
}

static void a_host_is_found_where_a_browser_finds_it(void **state)
{
	(void)state;
	static const char *const all[][2] = {
		{"https://img.example.org/a.png", "img.example.org"},
		{"HTTPS:img.example.org?x", "img.example.org"},
		{"https:////img.example.org#x", "img.example.org"},
		{"https://img.example.org:443/a", "img.example.org"},
		{"http://img.example.org:80/a", "img.example.org"},
		{"http://img.example.org:443/a", "img.example.org:443"},
		{"https://img.example.org:8443", "img.example.org:8443"},
		{"https://good.example@bad.example/", "bad.example"},
		{"https://good.example:x@y@bad.example/", "bad.example"},
		{"https://bad.example/@good.example", "bad.example"},
		{"https://", ""},
		{"ftp://a.example/", ""},
		{"a.example", ""},
		{"", ""},
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		assert_str(image_host_of(str_of(all[i][0])), all[i][1]);
}

static void only_what_is_named_is_allowed_and_by_https(void **state)
{
	struct ctx *c = *state;
	struct image_hosts all;
	assert_ok(c, image_hosts_parse(c, STR("img.example.org,b.example:8443"), &all));
	assert_true(image_hosts_allow(&all, STR("https://img.example.org/a.png")));
	assert_true(image_hosts_allow(&all, STR("https://IMG.example.org:443/a.png")));
	assert_true(image_hosts_allow(&all, STR("https://b.example:8443/a.png")));
	assert_false(image_hosts_allow(&all, STR("https://b.example/a.png")));
	assert_false(image_hosts_allow(&all, STR("http://img.example.org/a.png")));
	assert_false(image_hosts_allow(&all, STR("https://x.img.example.org/a.png")));
	assert_false(image_hosts_allow(&all, STR("https://img.example.org.bad.example/")));
	assert_false(image_hosts_allow(&all, STR("https://img.example.org@bad.example/")));
	assert_false(image_hosts_allow(&all, STR("https:")));
	assert_false(image_hosts_allow(NULL, STR("https://img.example.org/a.png")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(names_are_read_as_the_policy_of_a_page_wants_them),
		UNIT_TEST(what_is_no_host_is_named),
		UNIT_TEST(a_host_is_found_where_a_browser_finds_it),
		UNIT_TEST(only_what_is_named_is_allowed_and_by_https),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
