#include "model/repo.h"
#include "web/router.h"

#include "unit.h"

static enum route_answer find(
	struct ctx *c, const char *method, const char *path, struct route_match *m)
{
	return route_find(c->arena, str_of(method), str_of(path), m);
}

static void finds(struct ctx *c, const char *method, const char *path, const char *pattern)
{
	struct route_match m;
	assert_int_equal(find(c, method, path, &m), ROUTE_FOUND);
	assert_string_equal(m.route->pattern, pattern);
}

static void fixed_paths_and_parameters_are_found(void **state)
{
	struct ctx *c = *state;
	struct route_match m;
	finds(c, "GET", "/", "/");
	finds(c, "GET", "/healthz", "/healthz");
	finds(c, "GET", "/hello", "/{name}");
	finds(c, "GET", "/hello/tree/main", "/{name}/tree/{path...}");
	assert_int_equal(find(c, "PUT", "/api/v1/repos/a%20b/permissions/ada", &m), ROUTE_FOUND);
	assert_int_equal(m.param_count, 2);
	assert_str(m.params[0].name, "name");
	assert_str(m.params[0].value, "a b");
	assert_str(m.params[1].name, "username");
	assert_str(m.params[1].value, "ada");
}

static void the_rest_keeps_its_slashes(void **state)
{
	struct ctx *c = *state;
	struct route_match m;
	assert_int_equal(find(c, "GET", "/hello/tree/main/a%2Fb/c", &m), ROUTE_FOUND);
	assert_str(m.params[1].name, "path");
	assert_str(m.params[1].value, "main/a/b/c");
}

static void head_comes_with_get(void **state)
{
	finds(*state, "HEAD", "/api/v1/repos", "/api/v1/repos");
}

static void another_method_is_told_what_there_is(void **state)
{
	struct ctx *c = *state;
	struct route_match m;
	assert_int_equal(find(c, "DELETE", "/api/v1/repos", &m), ROUTE_WRONG_METHOD);
	assert_string_equal(m.allow, "GET, HEAD, POST");
	assert_int_equal(find(c, "get", "/", &m), ROUTE_WRONG_METHOD);
	/* a fixed word is not taken for a repository's name by another method */
	assert_int_equal(find(c, "DELETE", "/sign-in", &m), ROUTE_WRONG_METHOD);
}

static void what_is_not_there_is_missing(void **state)
{
	struct ctx *c = *state;
	struct route_match m;
	assert_int_equal(find(c, "GET", "/api/v1/nothing", &m), ROUTE_MISSING);
	assert_int_equal(find(c, "GET", "/hello/nothing/there", &m), ROUTE_MISSING);
	assert_int_equal(find(c, "GET", "//hello", &m), ROUTE_MISSING);
	assert_int_equal(find(c, "GET", "/hello//tree", &m), ROUTE_MISSING);
	assert_int_equal(find(c, "GET", "/hello/tree", &m), ROUTE_MISSING);
	assert_int_equal(find(c, "GET", "", &m), ROUTE_MISSING);
	assert_int_equal(find(c, "OPTIONS", "*", &m), ROUTE_MISSING);
}

static void slashes_at_the_end_are_one_too_many(void **state)
{
	struct ctx *c = *state;
	struct route_match m;
	assert_int_equal(find(c, "GET", "/hello/", &m), ROUTE_WRONG_SLASH);
	assert_int_equal(find(c, "GET", "/hello/tree/main//", &m), ROUTE_WRONG_SLASH);
	assert_int_equal(find(c, "GET", "/nothing/there/", &m), ROUTE_MISSING);
}

static void a_bad_escape_is_told(void **state)
{
	struct ctx *c = *state;
	struct route_match m;
	assert_int_equal(find(c, "GET", "/hel%zzlo", &m), ROUTE_BAD_ESCAPE);
	assert_int_equal(find(c, "GET", "/hello%00", &m), ROUTE_BAD_ESCAPE);
}

/* The path that a pattern stands for, parameters by their names. */
static const char *example_of(struct ctx *c, const char *pattern)
{
	struct buf path = {.arena = c->arena};
	for (; *pattern; pattern++)
		if (!strchr("{}.", *pattern))
			buf_byte(&path, *pattern);
	return buf_text(&path);
}

static void no_row_is_hidden_by_an_earlier_one(void **state)
{
	struct ctx *c = *state;
	for (size_t i = 0; i < route_count; i++) {
		struct route_match m;
		if (strchr(routes[i].pattern, '.') && !strstr(routes[i].pattern, "..."))
			continue; /* robots.txt: its dot is its own */
		const char *path = example_of(c, routes[i].pattern);
		if (find(c, routes[i].method, path, &m) != ROUTE_FOUND || m.route != &routes[i])
			fail_msg("%s %s is not found as %s", routes[i].method, path,
				routes[i].pattern);
	}
}

static void no_repository_can_have_the_name_of_a_path_of_ours(void **state)
{
	struct ctx *c = *state;
	for (size_t i = 0; i < route_count; i++) {
		struct str rest = str_of(routes[i].pattern + 1);
		struct str word = str_cut(&rest, '/');
		if (word.len == 0 || word.at[0] == '{')
			continue;
		assert_true(route_is_reserved(word));
		if (repo_name_check(c, word) != ERR_INVALID)
			fail_msg("a repository may be called %.*s", STR_FMT(word));
	}
	assert_false(route_is_reserved(STR("hello")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(fixed_paths_and_parameters_are_found),
		UNIT_TEST(the_rest_keeps_its_slashes),
		UNIT_TEST(head_comes_with_get),
		UNIT_TEST(another_method_is_told_what_there_is),
		UNIT_TEST(what_is_not_there_is_missing),
		UNIT_TEST(slashes_at_the_end_are_one_too_many),
		UNIT_TEST(a_bad_escape_is_told),
		UNIT_TEST(no_row_is_hidden_by_an_earlier_one),
		UNIT_TEST(no_repository_can_have_the_name_of_a_path_of_ours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
