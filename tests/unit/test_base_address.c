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

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(an_address_of_ipv4_is_a_place),
		UNIT_TEST(so_is_the_64_of_one_of_ipv6),
		UNIT_TEST(what_is_no_address_is_itself),
		UNIT_TEST(this_machine_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
