/* core/browse_refs.c: branches and tags as lists, and how branches lie to the default one. */
#include "refs_house.h"

static void those_that_have_a_text_are_found_whatever_the_case(void **state)
{
	struct ctx *c = *state;
	struct browse b = {0};
	struct ref_list list;
	refs_open(c, &b);
	assert_ok(c, browse_refs_like(c, &b, STR("refs/heads/"), STR("SI"), 0, &list));
	assert_int_equal(list.count, 1);
	assert_str(list.at[0].name, "side");
	assert_ok(c, browse_refs_like(c, &b, STR("refs/heads/"), STR("heads"), 0, &list));
	assert_int_equal(list.total, 0);
	assert_ok(c, browse_refs(c, &b, STR("refs/tags/"), 1, &list));
	assert_int_equal(list.total, 3);
	assert_int_equal(list.count, 2);
	assert_int_equal(list.skip, 1);
	browse_close(&b);
}

static const struct ref_line *find(const struct ref_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (str_is(list->at[i].name, name))
			return &list->at[i];
	fail_msg("there is no %s", name);
	return NULL;
}

static void branches_lie_ahead_and_behind(void **state)
{
	struct ctx *c = *state;
	struct browse b = {0};
	struct ref_list list;
	refs_open(c, &b);
	/* Once found out, once remembered. */
	for (int i = 0; i < 2; i++) {
		assert_ok(c, browse_refs(c, &b, STR("refs/heads/"), 0, &list));
		assert_false(find(&list, "side")->related);
		assert_ok(c, browse_ahead(c, &b, &list));
		assert_false(find(&list, "main")->related);
		assert_true(find(&list, "side")->related);
		assert_int_equal(find(&list, "side")->ahead, 1);
		assert_int_equal(find(&list, "side")->behind, 1);
		assert_int_equal(find(&list, "far")->ahead, 0);
		assert_int_equal(find(&list, "far")->behind, 1);
	}
	browse_close(&b);
}

static void without_a_default_branch_nothing_is_related(void **state)
{
	struct ctx *c = *state;
	struct browse b = {0};
	struct repo repo;
	struct ref_list list;
	const struct str unborn = STR("unborn");
	const struct repo_change change = {.default_branch = &unborn};
	refs_open(c, &b);
	browse_close(&b);
	assert_ok(c, repo_update(c, core_of(c), &house_of(c)->owner, STR("r"), &change, &repo));
	assert_ok(c, browse_open(c, core_of(c), &house_of(c)->owner, STR("r"), &b));
	assert_ok(c, browse_refs(c, &b, STR("refs/heads/"), 0, &list));
	assert_ok(c, browse_ahead(c, &b, &list));
	assert_int_equal(c->error.kind, OK);
	assert_false(find(&list, "side")->related);
	browse_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(those_that_have_a_text_are_found_whatever_the_case),
		HOUSE_TEST(branches_lie_ahead_and_behind),
		HOUSE_TEST(without_a_default_branch_nothing_is_related),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
