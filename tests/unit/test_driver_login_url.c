#include "unit.h"

#include "driver/login_url.h"

static void the_login_is_put_into_the_url(void **state)
{
	struct ctx *c = *state;
	static const struct {
		const char *url, *user, *password, *is;
	} rows[] = {
		{"postgres://h/n", "", "", "postgres://h/n"},
		{"postgres://u:p@h/n", "", "", "postgres://u:p@h/n"},
		{"postgres://h:5432/n?a=b", "u", "p", "postgres://u:p@h:5432/n?a=b"},
		{"postgres://u:p@h/n", "v", "q", "postgres://v:q@h/n"},
		{"postgres://u@h/n", "", "q", "postgres://u:q@h/n"},
		{"postgres://u%40:p@h", "", "q", "postgres://u%40:q@h"},
		{"postgres://h/n", "v-a@b", "p/:@?#%",
			"postgres://v-a%40b:p%2F%3A%40%3F%23%25@h/n"},
		{"postgres:///n?host=/run/p@q", "u", "p", "postgres://u:p@/n?host=/run/p@q"},
		{"redis://[::1]:6379/0", "", "p", "redis://:p@[::1]:6379/0"},
		{"nonsense", "u", "p", "nonsense"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct secret_values login = {
			.parts = {{str_of(rows[i].url), 0}, {str_of(rows[i].user), 0},
				{str_of(rows[i].password), 0}}};
		assert_string_equal(login_url(c->arena, &login), rows[i].is);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {UNIT_TEST(the_login_is_put_into_the_url)};
	return cmocka_run_group_tests_name("driver/login_url", tests, NULL, NULL);
}
