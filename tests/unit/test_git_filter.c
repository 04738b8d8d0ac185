#include "git/filter.h"

#include "unit.h"

#include "base/buf.h"

static void filters_are_read(void **state)
{
	struct ctx *c = *state;
	struct filter f = FILTER_ALL;
	assert_true(filter_blobs(&f) && filter_trees(&f) && !f.active);
	assert_ok(c, filter_parse(c, STR("blob:none"), &f));
	assert_true(f.active && !filter_blobs(&f) && filter_trees(&f));
	f = FILTER_ALL;
	assert_ok(c, filter_parse(c, STR("blob:limit=3k"), &f));
	assert_int_equal(f.blob_limit, 3072);
	assert_ok(c, filter_parse(c, STR("blob:limit=1G"), &f));
	assert_int_equal(f.blob_limit, 3072);
	f = FILTER_ALL;
	assert_ok(c, filter_parse(c, STR("tree:0"), &f));
	assert_true(!filter_blobs(&f) && !filter_trees(&f) && filter_type(&f, OBJECT_COMMIT));
	f = FILTER_ALL;
	assert_ok(c, filter_parse(c, STR("object:type=blob"), &f));
	assert_true(filter_blobs(&f) && filter_trees(&f) && !filter_type(&f, OBJECT_TREE));
	f = FILTER_ALL;
	assert_ok(c, filter_parse(c, STR("sparse:oid=main:file"), &f));
	assert_true(f.active && filter_blobs(&f) && filter_trees(&f) && f.sparse.len == 1);
	assert_true(str_is(f.sparse.at[0], "main:file"));
}

static void combined_filters_all_hold(void **state)
{
	struct ctx *c = *state;
	struct filter f = FILTER_ALL;
	assert_ok(c, filter_parse(c, STR("combine:blob%3Alimit=5+combine:tree:3%2Btree:7"), &f));
	assert_int_equal(f.blob_limit, 5);
	assert_int_equal(f.tree_depth, 3);
	f = FILTER_ALL;
	assert_ok(c, filter_parse(c, STR("combine:object:type=blob+object:type=tree"), &f));
	assert_true(!filter_type(&f, OBJECT_BLOB) && !filter_type(&f, OBJECT_TREE));
	f = FILTER_ALL;
	assert_ok(c, filter_parse(c, STR("combine:sparse%3Aoid=a%2Bb+sparse:oid=m%3Ax:y"), &f));
	assert_int_equal(f.sparse.len, 2);
	assert_true(str_is(f.sparse.at[0], "m:x:y") && str_is(f.sparse.at[1], "a+b"));
}

static void what_is_no_filter_is_refused(void **state)
{
	static const char *const bad[] = {"", "blob", "blob:", "blob:limit=", "blob:limit=x",
		"blob:limit=99999999999999g", "tree:", "tree:-1", "object:type=thing",
		"combine:", "combine:%zz", "combine:+", "sparse:oid=", "sparse:x"};
	struct ctx *c = *state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct filter f = FILTER_ALL;
		assert_err(c, filter_parse(c, str_of(bad[i]), &f), ERR_INVALID);
	}
	struct filter f = FILTER_ALL;
	assert_err(c, filter_parse(c, STR("sparse:path=x"), &f), ERR_UNSUPPORTED);
	struct buf many = {.arena = c->arena};
	buf_cstr(&many, "combine:tree:1");
	for (int i = 0; i < 100; i++)
		buf_cstr(&many, "+tree:1");
	assert_err(c, filter_parse(c, buf_view(&many), &f), ERR_TOO_BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(filters_are_read),
		UNIT_TEST(combined_filters_all_hold),
		UNIT_TEST(what_is_no_filter_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
