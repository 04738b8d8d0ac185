#include "net/peer_names.h"

#include "base/buf.h"
#include "unit.h"

static void fits(const char *patterns, const char *name)
{
	if (!peer_patterns_fit(str_of(patterns), str_of(name)))
		fail_msg("%s should fit %s", name, patterns);
}

static void does_not_fit(const char *patterns, const char *name)
{
	if (peer_patterns_fit(str_of(patterns), str_of(name)))
		fail_msg("%s should not fit %s", name, patterns);
}

static void a_name_fits_one_of_the_patterns(void **state)
{
	(void)state;
	fits("dns:git.example.org", "dns:git.example.org");
	fits("dns:GIT.example.org", "dns:git.EXAMPLE.org");
	fits("uri:spiffe://x/a, dns:b", "dns:b");
	fits("uri:spiffe://x/role/git", "uri:spiffe://x/role/git");
	fits("uri:a/", "uri:a/");
	does_not_fit("", "dns:a");
	does_not_fit(" , ", "dns:a");
	does_not_fit("dns:a", "dns:b");
	does_not_fit("dns:a", "dns:a.b");
	does_not_fit("dns:a.b", "dns:a");
	does_not_fit("dns:a", "uri:a");
	does_not_fit("uri:a", "dns:a");
	does_not_fit("a", "a");
	does_not_fit("uri:SPIFFE://x", "uri:spiffe://x");
	does_not_fit("uri:a", "uri:a/");
	does_not_fit("uri:a/", "uri:a");
}

static void a_star_is_one_part(void **state)
{
	(void)state;
	fits("dns:*.nodes.example.org", "dns:a.nodes.example.org");
	fits("dns:a.*.org", "dns:a.b.org");
	fits("uri:spiffe://x/role/*", "uri:spiffe://x/role/git.web");
	fits("uri:spiffe://*/role", "uri:spiffe://x/role");
	does_not_fit("dns:*.nodes.example.org", "dns:nodes.example.org");
	does_not_fit("dns:*.nodes.example.org", "dns:.nodes.example.org");
	does_not_fit("dns:*.nodes.example.org", "dns:a.b.nodes.example.org");
	does_not_fit("dns:*", "dns:a.b");
	does_not_fit("uri:spiffe://x/role/*", "uri:spiffe://x/role/");
	does_not_fit("uri:spiffe://x/role/*", "uri:spiffe://x/role/a/b");
	does_not_fit("uri:spiffe://x/role/*", "uri:spiffe://x/role");
	does_not_fit("dns:a", "dns:*");
}

static void a_name_that_is_not_plain_fits_nothing(void **state)
{
	(void)state;
	does_not_fit("dns:*", "dns:a b");
	does_not_fit("dns:*", "dns:a\nb");
	does_not_fit("dns:*", "dns:\xc3\xa4");
	does_not_fit("dns:*", "dns:");
	assert_false(peer_patterns_fit(STR("dns:*"), STR("dns:a\0b")));
	assert_true(peer_name_is_plain(STR("uri:a,b*")));
	assert_false(peer_name_is_plain(STR("uri:")));
	assert_false(peer_name_is_plain(STR("email:a")));
}

static void a_bad_pattern_is_named(void **state)
{
	struct ctx *c = *state;
	static const char *const bad[] = {"a", "dns:", "uri:", "dns:a*.b", "dns:**", "uri:x/a*",
		"email:a@b", "dns:a b", "DNS:a", "dns:a,b", "*"};
	assert_ok(c, peer_patterns_check(c, STR("")));
	assert_ok(c, peer_patterns_check(c, STR("dns:*.a.b, uri:x://*/y ,,dns:c")));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_err(c, peer_patterns_check(c, str_of(bad[i])), ERR_INVALID);
}

static bool has(const struct serials *all, const char *bytes, size_t len)
{
	return serials_have(all, (const uint8_t *)bytes, len);
}

static void serial_numbers_are_read_as_openssl_prints_them(void **state)
{
	struct ctx *c = *state;
	struct serials all;
	assert_ok(c, serials_parse(c,
			     STR("# whom we lost\n\n0A:1b:ff\r\n  7  # old\n00000000000000000000"
				 "0000000000000000000000000000001234\n"
				 "ffeeddccbbaa99887766554433221100ffeeddcc"),
			     &all));
	assert_int_equal(all.count, 4);
	assert_true(has(&all, "\x0a\x1b\xff", 3));
	assert_true(has(&all, "\0\x0a\x1b\xff", 4));
	assert_true(has(&all, "\x07", 1));
	assert_true(has(&all, "\x12\x34", 2));
	assert_true(has(&all,
		"\0\xff\xee\xdd\xcc\xbb\xaa\x99\x88\x77\x66\x55\x44\x33\x22\x11\x00\xff\xee\xdd"
		"\xcc",
		21));
	assert_false(has(&all, "\x0a\x1b", 2));
	assert_false(has(&all, "\x07\x00", 2));
	assert_false(has(&all, "", 0));
	assert_false(has(&all,
		"\x01"
		"23456789012345678901",
		21));
}

static void an_empty_list_has_nothing(void **state)
{
	struct ctx *c = *state;
	struct serials all;
	assert_ok(c, serials_parse(c, STR("# nobody\n"), &all));
	assert_int_equal(all.count, 0);
	assert_false(has(&all, "\x07", 1));
}

static void a_bad_line_is_told(void **state)
{
	struct ctx *c = *state;
	struct serials all;
	static const char *const bad[] = {
		"x", "0x1", "1 2", ":", "-1", "1ffeeddccbbaa99887766554433221100ffeeddcc"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const char *text = arena_fmt(c->arena, "1\n2\n%s\n", bad[i]);
		assert_err(c, serials_parse(c, str_of(text), &all), ERR_INVALID);
		ctx_clear(c);
		assert_int_equal(serials_parse(c, str_of(text), &all), ERR_INVALID);
		assert_non_null(strstr(c->error.text, "line 3"));
		ctx_clear(c);
	}
}

static void there_may_be_only_so_many(void **state)
{
	struct ctx *c = *state;
	struct serials all;
	struct buf text = {.arena = c->arena};
	for (int i = 1; i <= SERIALS_MAX; i++)
		buf_fmt(&text, "%x\n", i);
	assert_ok(c, serials_parse(c, buf_view(&text), &all));
	assert_true(has(&all, "\x01\x86\xa0", 3));
	buf_cstr(&text, "1\n");
	assert_err(c, serials_parse(c, buf_view(&text), &all), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_name_fits_one_of_the_patterns),
		UNIT_TEST(a_star_is_one_part),
		UNIT_TEST(a_name_that_is_not_plain_fits_nothing),
		UNIT_TEST(a_bad_pattern_is_named),
		UNIT_TEST(serial_numbers_are_read_as_openssl_prints_them),
		UNIT_TEST(an_empty_list_has_nothing),
		UNIT_TEST(a_bad_line_is_told),
		UNIT_TEST(there_may_be_only_so_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
