#include "base/address.h"

#include "unit.h"

static void assert_group(const char *address, const char *group)
{
	char text[ADDRESS_GROUP_MAX];
	struct str got = address_group(str_of(address), text);
	assert_true(got.at == text);
	assert_str(got, group);
}

static void an_address_of_ipv4_is_a_place(void **state)
{
	(void)state;
	assert_group("192.0.2.1", "192.0.2.1");
	assert_group("::ffff:192.0.2.1", "192.0.2.1");
	assert_group("::ffff:c000:0201", "192.0.2.1");
	assert_group("0:0:0:0:0:FFFF:192.0.2.1", "192.0.2.1");
}

static void so_is_the_64_of_one_of_ipv6(void **state)
{
	(void)state;
	assert_group("2001:db8:0:1::1", "2001:db8:0:1::/64");
	assert_group("2001:DB8::1:2:3:4", "2001:db8:0:0::/64");
	assert_group("2001:db8::", "2001:db8:0:0::/64");
	assert_group("1::2:3:4:5:6:7", "1:0:2:3::/64");
	assert_group("::2:3:4:5:6:7:8", "0:2:3:4::/64");
	assert_group("1:2:3:4:5:6:7:8", "1:2:3:4::/64");
	assert_group("64:ff9b::192.0.2.33", "64:ff9b:0:0::/64");
	assert_group("::1", "::1");
	assert_group("0:0:0:0:0:0:0:1", "::1");
}

static void what_is_no_address_is_itself(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "unix", "1:2:3", "1:2:3:4:5:6:7:8:9", "1::2::3",
		"::12345", "fe80::1%eth0", ":1", "1:2:3:4:5:6:7:", "::ffff:192.0.2",
		"::ffff:1.2.3.256", "1:2:3:4:5:6:7::8", "g::"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_group(texts[i], texts[i]);
	char text[ADDRESS_GROUP_MAX], many[200];
	memset(many, 'x', sizeof many);
	assert_int_equal(
		address_group(str_from(many, sizeof many), text).len, ADDRESS_GROUP_MAX - 1);
}

static void this_machine_is_known(void **state)
{
	(void)state;
	assert_true(address_group_is_loopback(STR("127.0.0.1")));
	assert_true(address_group_is_loopback(STR("::1")));
	assert_false(address_group_is_loopback(STR("128.0.0.1")));
	assert_false(address_group_is_loopback(STR("")));
}

static bool is_public(const char *text)
{
	uint8_t address[ADDRESS_BYTES];
	assert_true(address_parse(str_of(text), address));
	return address_is_public(address);
}

static void what_anybody_may_reach_is_public(void **state)
{
	(void)state;
	static const char *const open[] = {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255",
		"100.128.0.0", "126.255.255.255", "128.0.0.1", "169.253.0.1", "169.255.0.1",
		"172.15.255.255", "172.32.0.0", "192.0.3.1", "192.167.0.1", "192.169.0.1",
		"198.17.0.1", "198.20.0.1", "223.255.255.255", "::ffff:8.8.8.8", "2606:4700::1111",
		"2001:4860:4860::8888", "2001:200::1", "64:ff9b::8.8.8.8"};
	static const char *const closed[] = {"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255",
		"100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.0.9", "169.254.169.254",
		"172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1",
		"192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.9",
		"224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255", "::", "::1",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
		"fe80::1", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1",
		"2001::1", "2002:7f00:1::", "3fff::1", "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1",
		"64:ff9b:1::1", "100::1", "4000::1"};
	for (size_t i = 0; i < sizeof open / sizeof *open; i++)
		if (!is_public(open[i]))
			fail_msg("%s is public", open[i]);
	for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
		if (is_public(closed[i]))
			fail_msg("%s is not public", closed[i]);
}

static void networks_hold_addresses(void **state)
{
	(void)state;
	struct network network;
	uint8_t address[ADDRESS_BYTES];
	static const struct {
		const char *network, *address;
		bool in;
	} all[] = {{"10.0.0.0/8", "10.1.2.3", true}, {"10.0.0.0/8", "11.0.0.0", false},
		{"10.0.0.0/8", "::ffff:10.1.2.3", true}, {"192.0.2.7", "192.0.2.7", true},
		{"192.0.2.7", "192.0.2.8", false}, {"fd00::/9", "fd7f::1", true},
		{"fd00::/9", "fd80::1", false}, {"::1", "::1", true}, {"::/0", "fe80::1", true},
		{"0.0.0.0/0", "1.2.3.4", true}, {"0.0.0.0/0", "::1", false}};
	static const char *const none[] = {"", "localhost", "10.0.0.0/33", "::/129", "10.0.0.0/",
		"10.0.0/8", "/8", "010.0.0.1", "10.0.0.1/8/8", "1.2.3.4.5"};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		assert_true(network_parse(str_of(all[i].network), &network));
		assert_true(address_parse(str_of(all[i].address), address));
		if (network_has(&network, address) != all[i].in)
			fail_msg("%s in %s", all[i].address, all[i].network);
	}
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		if (network_parse(str_of(none[i]), &network))
			fail_msg("%s is no network", none[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(an_address_of_ipv4_is_a_place),
		UNIT_TEST(so_is_the_64_of_one_of_ipv6),
		UNIT_TEST(what_is_no_address_is_itself),
		UNIT_TEST(this_machine_is_known),
		UNIT_TEST(what_anybody_may_reach_is_public),
		UNIT_TEST(networks_hold_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
