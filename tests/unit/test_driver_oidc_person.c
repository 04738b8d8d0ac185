#include "driver/oidc_person.h"

#include "unit.h"

static const struct oidc_role roles[] = {{{"staff", 5}, PERMISSION_READ, {"*", 1}},
	{{"chiefs", 6}, PERMISSION_ADMIN, {"*", 1}}, {{"cooks", 5}, PERMISSION_WRITE, {"*", 1}},
	{{"cooks", 5}, PERMISSION_ADMIN, {"menu-*", 6}}};
static const struct oidc_mapping mapping = {"login", "teams", roles, 4};

static enum err read_claims(
	struct ctx *c, const char *claims, const char *more, struct provider_person *out)
{
	struct json *first, *second = NULL;
	assert_ok(c, json_parse(c, str_of(claims), &first));
	if (more)
		assert_ok(c, json_parse(c, str_of(more), &second));
	*out = (struct provider_person){0};
	return oidc_person_read(c, &mapping, first, second, out);
}

static void roles_are_read(void **state)
{
	struct ctx *c = *state;
	const struct oidc_role *read;
	size_t count;
	assert_ok(
		c, oidc_roles_parse(c, "R", STR("staff=read, a=b=write ,*=admin"), &read, &count));
	assert_int_equal(count, 3);
	assert_str(read[0].group, "staff");
	assert_int_equal(read[0].permission, PERMISSION_READ);
	assert_str(read[1].group, "a=b");
	assert_int_equal(read[1].permission, PERMISSION_WRITE);
	assert_str(read[2].group, "*");
	assert_str(read[2].pattern, "*");
	assert_ok(c, oidc_roles_parse(c, "R", STR("a:b=write: web-* , c=read:x?"), &read, &count));
	assert_int_equal(count, 2);
	assert_str(read[0].group, "a:b");
	assert_int_equal(read[0].permission, PERMISSION_WRITE);
	assert_str(read[0].pattern, "web-*");
	assert_str(read[1].pattern, "x?");
	assert_ok(c, oidc_roles_parse(c, "R", STR(""), &read, &count));
	assert_int_equal(count, 0);
	static const char *const bad[] = {"staff", "=read", "staff=", "staff=none", "staff=Read",
		"staff=read,,", "staff=owner", ",", "staff=read:", "staff=read:a/b", "staff=:a",
		"staff=read:[a]"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_err(c, oidc_roles_parse(c, "NIMBUS_R", str_of(bad[i]), &read, &count),
			ERR_INVALID);
		assert_non_null(strstr(c->error.text, "NIMBUS_R: "));
	}
}

static void the_most_of_all_groups_is_given(void **state)
{
	struct ctx *c = *state;
	struct provider_person who;
	assert_ok(c, read_claims(c, "{\"sub\":\"1\",\"teams\":[\"cooks\",\"staff\",\"x\"]}", NULL,
			     &who));
	assert_int_equal(who.grant_count, 2);
	assert_str(who.grants[0].pattern, "*");
	assert_int_equal(who.grants[0].level, PERMISSION_WRITE);
	assert_str(who.grants[1].pattern, "menu-*");
	assert_int_equal(who.grants[1].level, PERMISSION_ADMIN);
	assert_int_equal(who.group_count, 3);
	assert_ok(c, read_claims(c, "{\"sub\":\"1\",\"teams\":\"chiefs\"}", NULL, &who));
	assert_int_equal(who.grant_count, 1);
	assert_int_equal(who.grants[0].level, PERMISSION_ADMIN);
	assert_ok(c, read_claims(c, "{\"sub\":\"1\",\"teams\":[\"Chiefs\"]}", NULL, &who));
	assert_int_equal(who.grant_count, 0);
	assert_ok(c, read_claims(c, "{\"sub\":\"1\",\"teams\":null}", NULL, &who));
	assert_int_equal(who.group_count, 0);
}

static void the_first_source_is_asked_first(void **state)
{
	struct ctx *c = *state;
	struct provider_person who;
	assert_ok(c, read_claims(c, "{\"sub\":\"1\",\"login\":\"anna\",\"email\":\"a@b\"}",
			     "{\"sub\":\"1\",\"login\":\"eve\",\"email\":\"e@b\",\"email_"
			     "verified\":true,\"teams\":[\"staff\"]}",
			     &who));
	assert_str(who.username, "anna");
	assert_str(who.email, "a@b");
	assert_false(who.email_verified);
	assert_int_equal(who.grants[0].level, PERMISSION_READ);
	assert_ok(c, read_claims(c, "{\"sub\":\"1\"}",
			     "{\"email\":\"e@b\",\"email_verified\":true}", &who));
	assert_true(who.email_verified);
	assert_ok(c, read_claims(c, "{\"sub\":\"1\",\"email\":\"e@b\",\"email_verified\":\"true\"}",
			     NULL, &who));
	assert_false(who.email_verified);
}

static void claims_that_are_none_are_refused(void **state)
{
	struct ctx *c = *state;
	struct provider_person who;
	static const char *const bad[] = {"{}", "{\"sub\":7}", "{\"sub\":\"\"}",
		"{\"sub\":\"1\",\"login\":7}", "{\"sub\":\"1\",\"login\":\"a\\nb\"}",
		"{\"sub\":\"1\",\"login\":\"a\\u0000b\"}", "{\"sub\":\"1\",\"name\":[]}",
		"{\"sub\":\"1\",\"email\":{}}", "{\"sub\":\"1\",\"teams\":7}",
		"{\"sub\":\"1\",\"teams\":[7]}", "{\"sub\":\"1\",\"teams\":{\"staff\":true}}",
		"{\"sub\":\"1\",\"teams\":[null]}"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_err(c, read_claims(c, bad[i], NULL, &who), ERR_UNAUTH);
}

static void claims_have_caps(void **state)
{
	struct ctx *c = *state;
	struct provider_person who;
	char *name = arena_alloc(c->arena, PROVIDER_TEXT_MAX + 2);
	memset(name, 'a', PROVIDER_TEXT_MAX);
	assert_ok(c, read_claims(c, arena_fmt(c->arena, "{\"sub\":\"1\",\"login\":\"%s\"}", name),
			     NULL, &who));
	name[PROVIDER_TEXT_MAX] = 'a';
	assert_err(c,
		read_claims(c, arena_fmt(c->arena, "{\"sub\":\"1\",\"login\":\"%s\"}", name), NULL,
			&who),
		ERR_UNAUTH);
	struct buf many = {.arena = c->arena};
	buf_cstr(&many, "{\"sub\":\"1\",\"teams\":[\"g\"");
	for (int i = 1; i < PROVIDER_GROUPS_MAX; i++)
		buf_cstr(&many, ",\"g\"");
	size_t fits = many.len;
	buf_cstr(&many, "]}");
	assert_ok(c, read_claims(c, buf_text(&many), NULL, &who));
	assert_int_equal(who.group_count, PROVIDER_GROUPS_MAX);
	many.len = fits;
	buf_cstr(&many, ",\"g\"]}");
	assert_err(c, read_claims(c, buf_text(&many), NULL, &who), ERR_UNAUTH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(roles_are_read),
		UNIT_TEST(the_most_of_all_groups_is_given),
		UNIT_TEST(the_first_source_is_asked_first),
		UNIT_TEST(claims_that_are_none_are_refused),
		UNIT_TEST(claims_have_caps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
