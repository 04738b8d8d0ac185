/* core/ref_names.h: refs by name, page by page. */
#include "core/ref_names.h"

#include "refs_house.h"

static void names_are(
	struct ctx *c, struct browse *b, struct ref_names_query query, const char *want, bool more)
{
	struct ref_names list;
	struct buf names = {.arena = c->arena};
	assert_ok(c, ref_names(c, b, &query, &list));
	for (size_t i = 0; i < list.count; i++)
		buf_fmt(&names, "%.*s ", STR_FMT(list.at[i].ref.name));
	assert_str(buf_view(&names), want);
	assert_int_equal(list.more, more);
}

static void refs_come_by_name_and_page_by_page(void **state)
{
	struct ctx *c = *state;
	struct browse b = {0};
	const struct str heads = STR("refs/heads/"), none = {0};
	refs_open(c, &b);
	names_are(c, &b, (struct ref_names_query){heads, none, none, 10},
		"refs/heads/far refs/heads/main refs/heads/side ", false);
	names_are(c, &b, (struct ref_names_query){heads, none, none, 2},
		"refs/heads/far refs/heads/main ", true);
	names_are(c, &b, (struct ref_names_query){heads, STR("refs/heads/main"), none, 2},
		"refs/heads/side ", false);
	/* One that is gone meanwhile is a place, too; one before the prefix is none. */
	names_are(c, &b, (struct ref_names_query){heads, STR("refs/heads/gone"), none, 1},
		"refs/heads/main ", true);
	names_are(c, &b, (struct ref_names_query){heads, STR("refs/a"), none, 1}, "refs/heads/far ",
		true);
	names_are(c, &b, (struct ref_names_query){STR("refs/"), none, STR("n"), 10},
		"refs/heads/main refs/notes/n ", false);
	names_are(c, &b, (struct ref_names_query){STR("refs/none/"), none, none, 10}, "", false);
	browse_close(&b);
}

static void each_has_what_it_leads_to(void **state)
{
	struct ctx *c = *state;
	struct browse b = {0};
	struct named_ref got;
	refs_open(c, &b);
	assert_ok(c, ref_names_get(c, &b, STR("refs/heads/main"), &got));
	assert_true(got.is_default && oid_eq(&got.commit.id, &refs_ids[1]));
	assert_ok(c, ref_names_get(c, &b, STR("refs/tags/v1"), &got));
	assert_true(!got.is_default && oid_eq(&got.commit.id, &refs_ids[1]));
	assert_true(oid_eq(&got.ref.peeled, &refs_ids[1]) && !oid_eq(&got.ref.id, &refs_ids[1]));
	assert_err(c, ref_names_get(c, &b, STR("refs/heads/none"), &got), ERR_NOT_FOUND);
	assert_err(c, ref_names_get(c, &b, STR("refs/nimbus/x"), &got), ERR_NOT_FOUND);
	browse_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(refs_come_by_name_and_page_by_page),
		HOUSE_TEST(each_has_what_it_leads_to),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
