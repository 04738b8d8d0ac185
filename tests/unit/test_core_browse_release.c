/* core/browse_release.c: annotated tags as releases. */
#include "refs_house.h"

static void the_newest_release_comes_first(void **state)
{
	struct ctx *c = *state;
	struct browse b = {0};
	struct release_list list;
	refs_open(c, &b);
	core_of(c)->markup = markup_md4c_open();
	assert_ok(c, browse_releases(c, &b, 0, RELEASES_PAGE, &list));
	assert_int_equal(list.total, 2);
	assert_int_equal(list.count, 2);
	assert_str(list.at[0].name, "v2");
	assert_str(list.at[1].name, "v1");
	assert_ok(c, browse_releases(c, &b, 1, 1, &list));
	assert_int_equal(list.count, 1);
	assert_int_equal(list.skip, 1);
	assert_str(list.at[0].name, "v1");
	assert_ok(c, browse_releases(c, &b, 9, 1, &list));
	assert_int_equal(list.count, 0);
	browse_close(&b);
	markup_close(core_of(c)->markup);
}

static void a_release_says_what_its_tag_says(void **state)
{
	struct ctx *c = *state;
	struct browse b = {0};
	struct release release;
	refs_open(c, &b);
	core_of(c)->markup = markup_md4c_open();
	assert_ok(c, browse_release(c, &b, STR("v2"), &release));
	assert_str(release.title, "Second");
	assert_str(release.text, "With more.");
	assert_str(release.html, "<p>With more.</p>\n");
	assert_true(release.is_signed);
	assert_true(oid_eq(&release.commit, &refs_ids[1]));
	assert_str(release.tagger.name, "owner");
	assert_str(release.tagger.email, "owner@example.org");
	assert_ok(c, browse_release(c, &b, STR("v1"), &release));
	assert_false(release.is_signed);
	assert_int_equal(release.text.len, 0);
	static const char *const none[] = {"light", "v3", "", "main"};
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_err(c, browse_release(c, &b, str_of(none[i]), &release), ERR_NOT_FOUND);
	browse_close(&b);
	markup_close(core_of(c)->markup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(the_newest_release_comes_first),
		HOUSE_TEST(a_release_says_what_its_tag_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
