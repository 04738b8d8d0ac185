#include "main/role.h"

#include "unit.h"
#include "web/router.h"

static void a_list_is_a_set(void **state)
{
	struct ctx *c = *state;
	unsigned roles;
	assert_ok(c, roles_parse(c, NULL, &roles));
	assert_int_equal(roles, ROLE_GIT | ROLE_WEB | ROLE_AUTH | ROLE_WORKER);
	assert_ok(c, roles_parse(c, "git", &roles));
	assert_int_equal(roles, ROLE_GIT);
	assert_ok(c, roles_parse(c, "worker,web,worker", &roles));
	assert_int_equal(roles, ROLE_WEB | ROLE_WORKER);
	assert_string_equal(roles_print(c, roles), "web,worker");
}

static void what_is_no_role_is_told_with_those_that_are(void **state)
{
	struct ctx *c = *state;
	unsigned roles;
	assert_int_equal(roles_parse(c, "git,cook", &roles), ERR_INVALID);
	assert_string_equal(
		c->error.text, "--role: there is no role \"cook\", only git,web,auth,worker");
	ctx_clear(c);
	assert_int_equal(roles_parse(c, "git,,web", &roles), ERR_INVALID);
	ctx_clear(c);
	assert_int_equal(roles_parse(c, "", &roles), ERR_INVALID);
	assert_string_equal(c->error.text, "--role names none: there are git,web,auth,worker");
}

static void a_path_is_for_one_role(void **state)
{
	(void)state;
	assert_int_equal(roles_for(STR("/r.git/info/refs"), true), ROLE_GIT);
	assert_int_equal(roles_for(STR("/r"), false), ROLE_WEB);
	assert_int_equal(roles_for(STR("/"), false), ROLE_WEB);
	assert_int_equal(roles_for(STR("/sign-in"), false), ROLE_AUTH);
	assert_int_equal(roles_for(STR("/sign-in/secret"), false), ROLE_AUTH);
	assert_int_equal(roles_for(STR("/sign-instead"), false), ROLE_WEB);
	assert_int_equal(roles_for(STR("/api/v1/user/sessions"), false), ROLE_AUTH);
	assert_int_equal(roles_for(STR("/api/v1/repos"), false), ROLE_WEB);
	assert_int_equal(roles_for(STR("/readyz"), false), ROLE_ANY);
}

/* Whose path has no route would be a role's for nothing. */
static void every_path_leads_somewhere(void **state)
{
	static const char *const paths[] = {
#define PATH(kind, path) path,
#include "main/role.def"
	};
	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		size_t fits = 0;
		for (size_t k = 0; k < route_count; k++)
			fits += str_starts(str_of(routes[k].pattern), str_of(paths[i]));
		if (!fits)
			fail_msg("%s has no route", paths[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_list_is_a_set),
		UNIT_TEST(what_is_no_role_is_told_with_those_that_are),
		UNIT_TEST(a_path_is_for_one_role),
		UNIT_TEST(every_path_leads_somewhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
