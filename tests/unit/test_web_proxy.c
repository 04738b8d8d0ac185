#include "web/proxy.h"

#include "unit.h"

static struct proxies parsed(struct ctx *c, const char *text)
{
	struct proxies all;
	assert_ok(c, proxies_parse(c, str_of(text), &all));
	return all;
}

static void networks_and_addresses_of_both_families_are_known(void **state)
{
	struct ctx *c = *state;
	struct proxies all = parsed(c, "10.0.0.0/8, 192.0.2.7,2001:db8::/33, ::1");
	assert_int_equal(all.count, 4);
	assert_true(proxies_trust(&all, STR("10.255.0.1")));
	assert_true(proxies_trust(&all, STR("192.0.2.7")));
	assert_false(proxies_trust(&all, STR("192.0.2.8")));
	assert_true(proxies_trust(&all, STR("2001:db8:7fff::1")));
	assert_false(proxies_trust(&all, STR("2001:db8:8000::1")));
	assert_true(proxies_trust(&all, STR("::1")));
	assert_false(proxies_trust(&all, STR("11.0.0.1")));
	assert_false(proxies_trust(&all, STR("nonsense")));
}

static void nobody_is_trusted_by_default(void **state)
{
	struct ctx *c = *state;
	struct proxies none = parsed(c, "");
	assert_false(proxies_trust(&none, STR("127.0.0.1")));
	assert_str(proxies_client(&none, STR("127.0.0.1"), STR("192.0.2.1")), "127.0.0.1");
}

static void what_is_no_network_is_named(void **state)
{
	struct ctx *c = *state;
	struct proxies all;
	assert_err(c, proxies_parse(c, STR("10.0.0.0/33"), &all), ERR_INVALID);
	assert_err(c, proxies_parse(c, STR("::/129"), &all), ERR_INVALID);
	assert_err(c, proxies_parse(c, STR("10.0.0.0/"), &all), ERR_INVALID);
	assert_err(c, proxies_parse(c, STR("localhost"), &all), ERR_INVALID);
	assert_err(c, proxies_parse(c, STR("10.0.0.1,,10.0.0.2"), &all), ERR_INVALID);
}

static void the_client_is_the_last_who_is_no_proxy(void **state)
{
	struct ctx *c = *state;
	struct proxies all = parsed(c, "10.0.0.0/8");
	struct str peer = STR("10.0.0.1");
	assert_str(proxies_client(&all, peer, STR("203.0.113.9")), "203.0.113.9");
	assert_str(
		proxies_client(&all, peer, STR("1.2.3.4, 203.0.113.9, 10.0.0.2")), "203.0.113.9");
	assert_str(proxies_client(&all, peer, STR("10.0.0.3, 10.0.0.2")), "10.0.0.3");
	assert_str(proxies_client(&all, peer, STR("")), "10.0.0.1");
	assert_str(proxies_client(&all, peer, STR("1.2.3.4, unknown")), "10.0.0.1");
	assert_str(proxies_client(&all, STR("203.0.113.1"), STR("1.2.3.4")), "203.0.113.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(networks_and_addresses_of_both_families_are_known),
		UNIT_TEST(nobody_is_trusted_by_default),
		UNIT_TEST(what_is_no_network_is_named),
		UNIT_TEST(the_client_is_the_last_who_is_no_proxy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
