#include "model/scope.h"

#include "unit.h"

static struct scope scope_of(struct ctx *c, const char *text)
{
	struct scope scope;
	assert_ok(c, scope_parse(c, str_of(text), &scope));
	return scope;
}

static void what_is_left_out_is_not_limited(void **state)
{
	struct ctx *c = *state;
	static const char *const texts[] = {"", "{}", "null", "{\"refs\": null}"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct scope scope = scope_of(c, texts[i]);
		assert_true(scope_is_empty(&scope));
		assert_true(scope_has_repo(c->arena, &scope, STR("any")));
		assert_true(scope_has_ref(c->arena, &scope, STR("refs/heads/any")));
		assert_true(scope_has_path(c->arena, &scope, STR("a/b")));
		for (unsigned o = 0; o < OPERATION_COUNT; o++)
			assert_true(scope_has_operation(&scope, (enum operation)o));
		assert_int_equal(scope_text(c->arena, &scope).len, 0);
	}
	assert_true(scope_has_repo(c->arena, NULL, STR("any")));
	assert_true(scope_has_operation(NULL, OPERATION_INSTANCE_ADMIN));
}

static void names_of_repositories_fit_in_any_case(void **state)
{
	struct ctx *c = *state;
	struct scope scope = scope_of(c, "{\"repositories\": [\"team-*\", \"Docs\"]}");
	assert_true(scope_has_repo(c->arena, &scope, STR("team-a")));
	assert_true(scope_has_repo(c->arena, &scope, STR("Team-B")));
	assert_true(scope_has_repo(c->arena, &scope, STR("docs")));
	assert_false(scope_has_repo(c->arena, &scope, STR("docs2")));
	assert_false(scope_has_repo(c->arena, &scope, STR("a-team-a")));
	assert_false(scope_has_repo(c->arena, &scope, STR("")));
}

static void refs_without_a_kind_are_branches(void **state)
{
	struct ctx *c = *state;
	struct scope scope = scope_of(c, "{\"refs\": [\"agent/**\", \"main\", \"refs/tags/v*\"]}");
	static const char *const yes[] = {"refs/heads/agent/a", "refs/heads/agent/a/b",
		"refs/heads/main", "refs/tags/v1", "refs/tags/v"};
	static const char *const no[] = {"refs/heads/agent", "refs/tags/main", "refs/heads/main2",
		"refs/tags/v1/x", "refs/heads/refs/tags/v1", "main", ""};
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
		assert_true(scope_has_ref(c->arena, &scope, str_of(yes[i])));
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		assert_false(scope_has_ref(c->arena, &scope, str_of(no[i])));
}

static void a_folder_is_all_that_is_in_it(void **state)
{
	struct ctx *c = *state;
	struct scope scope = scope_of(c, "{\"paths\": [\"/docs/\", \"src/*.c\", \"**/README\"]}");
	static const char *const yes[] = {
		"docs", "docs/a", "docs/a/b", "src/x.c", "src/x.c/odd", "README", "a/b/README"};
	static const char *const no[] = {"docs2", "a/docs", "src/x.h", "src/a/x.c", "READMES", ""};
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
		assert_true(scope_has_path(c->arena, &scope, str_of(yes[i])));
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		assert_false(scope_has_path(c->arena, &scope, str_of(no[i])));
}

static void doing_something_to_refs_is_pushing(void **state)
{
	struct ctx *c = *state;
	struct scope some = scope_of(c, "{\"operations\": [\"ref.create\"]}");
	struct scope push = scope_of(c, "{\"operations\": [\"repository.push\"]}");
	assert_true(scope_has_operation(&some, OPERATION_REPOSITORY_PUSH));
	assert_true(scope_has_operation(&some, OPERATION_REF_CREATE));
	assert_false(scope_has_operation(&some, OPERATION_REF_FORCE));
	assert_false(scope_has_operation(&some, OPERATION_REPOSITORY_FETCH));
	assert_true(scope_has_operation(&push, OPERATION_REF_DELETE));
	assert_false(scope_has_operation(&push, OPERATION_REPOSITORY_READ));
}

static void a_key_for_a_repository_is_for_no_account(void **state)
{
	struct ctx *c = *state;
	static const enum operation beyond[] = {OPERATION_ACCOUNT_CHANGE, OPERATION_INSTANCE_ADMIN};
	struct scope some = scope_of(c, "{\"repositories\": [\"a\"]}");
	struct scope bytes = scope_of(c, "{\"bytes\": 1}");
	struct scope named = scope_of(c, "{\"repositories\": [\"a\"], \"operations\": "
					 "[\"account.change\", \"instance.admin\"]}");
	for (int i = 0; i < 2; i++) {
		assert_false(scope_has_operation(&some, beyond[i]));
		assert_true(scope_has_operation(&bytes, beyond[i]));
		assert_true(scope_has_operation(&named, beyond[i]));
	}
	assert_true(scope_has_operation(&some, OPERATION_REPOSITORY_DELETE));
}

static void a_key_for_a_part_is_for_no_whole_repository(void **state)
{
	struct ctx *c = *state;
	static const enum operation whole[] = {OPERATION_REPOSITORY_CHANGE,
		OPERATION_REPOSITORY_DELETE, OPERATION_PERMISSION_CHANGE};
	struct scope refs = scope_of(c, "{\"refs\": [\"agent/**\"]}");
	struct scope paths = scope_of(c, "{\"paths\": [\"docs\"]}");
	struct scope named = scope_of(c, "{\"refs\": [\"agent/**\"], \"operations\": "
					 "[\"repository.change\", \"repository.delete\", "
					 "\"permission.change\"]}");
	for (int i = 0; i < 3; i++) {
		assert_false(scope_has_operation(&refs, whole[i]));
		assert_false(scope_has_operation(&paths, whole[i]));
		assert_true(scope_has_operation(&named, whole[i]));
	}
	assert_true(scope_has_operation(&refs, OPERATION_REPOSITORY_FETCH));
	assert_true(scope_has_operation(&paths, OPERATION_REF_DELETE));
}

static void it_is_read_as_it_is_written(void **state)
{
	struct ctx *c = *state;
	static const char text[] =
		"{\"repositories\":[\"a\",\"b-*\"],\"refs\":[\"main\"],\"paths\":[\"docs\"],"
		"\"operations\":[\"repository.read\",\"repository.fetch\"],\"bytes\":1000}";
	struct scope scope = scope_of(c, text);
	assert_int_equal(scope.bytes, 1000);
	struct str again = scope_text(c->arena, &scope);
	assert_int_equal(again.len, sizeof text - 1);
	assert_memory_equal(again.at, text, again.len);
}

static void what_is_not_understood_is_refused(void **state)
{
	struct ctx *c = *state;
	static const char *const texts[] = {"[]", "1", "\"a\"", "{\"repository\": [\"a\"]}",
		"{\"repositories\": \"a\"}", "{\"repositories\": []}", "{\"repositories\": [1]}",
		"{\"repositories\": [\"\"]}", "{\"refs\": [\"a\\nb\"]}", "{\"paths\": {}}",
		"{\"operations\": []}", "{\"operations\": [\"everything\"]}",
		"{\"operations\": [7]}", "{\"bytes\": 0}", "{\"bytes\": -1}", "{\"bytes\": 1.5}",
		"{\"bytes\": \"9\"}", "{", "{\"refs\":[\"a\"],\"refs\":[\"b\"]}"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct scope scope;
		assert_err(c, scope_parse(c, str_of(texts[i]), &scope), ERR_INVALID);
	}
}

static void operations_have_names_and_needs(void **state)
{
	(void)state;
	for (unsigned i = 0; i < OPERATION_COUNT; i++) {
		enum operation back;
		assert_true(operation_parse(str_of(operation_name((enum operation)i)), &back));
		assert_int_equal(back, i);
		assert_true(strlen(operation_text((enum operation)i)) > 0);
	}
	enum operation none;
	assert_false(operation_parse(STR("Repository.read"), &none));
	assert_int_equal(operation_level(OPERATION_REPOSITORY_FETCH), PERMISSION_READ);
	assert_int_equal(operation_level(OPERATION_REF_FORCE), PERMISSION_WRITE);
	assert_int_equal(operation_level(OPERATION_REPOSITORY_DELETE), PERMISSION_ADMIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_is_left_out_is_not_limited),
		UNIT_TEST(names_of_repositories_fit_in_any_case),
		UNIT_TEST(refs_without_a_kind_are_branches),
		UNIT_TEST(a_folder_is_all_that_is_in_it),
		UNIT_TEST(doing_something_to_refs_is_pushing),
		UNIT_TEST(a_key_for_a_repository_is_for_no_account),
		UNIT_TEST(a_key_for_a_part_is_for_no_whole_repository),
		UNIT_TEST(it_is_read_as_it_is_written),
		UNIT_TEST(what_is_not_understood_is_refused),
		UNIT_TEST(operations_have_names_and_needs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
