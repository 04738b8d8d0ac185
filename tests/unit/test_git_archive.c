/* git/archive*.c: its limits; tests/tools/test_reading.py holds its bytes beside git's. */
#include "unit.h"

#include "git/archive.h"
#include "odb_make.h"

static void folders_nested_without_end_are_refused(void **state)
{
	struct ctx *c = *state;
	for (int format = ARCHIVE_TAR; format <= ARCHIVE_ZIP; format++) {
		struct odb_make *m = odb_make(c, HASH_SHA1);
		struct odb_reader reader;
		struct memory_sink out = memory_sink(c->arena);
		struct oid id = odb_make_object(m, OBJECT_BLOB, STR("x"));
		id = odb_make_tree(m, "100644 x", id, NULL, id);
		for (int i = 0; i < ARCHIVE_DEPTH_MAX; i++)
			id = odb_make_tree(m, "40000 d", id, NULL, id);
		odb_make_pack(m);
		odb_reader_init(c, &reader, &m->odb);
		struct archive_query query = {.format = (enum archive_format)format, .tree = id};
		assert_err(c, archive_write(c, &reader, &query, &out.sink), ERR_TOO_BIG);
		ctx_clear(c);
		odb_make_done(m);
	}
}

static void a_file_that_is_lost_is_an_error(void **state)
{
	struct ctx *c = *state;
	for (int format = ARCHIVE_TAR; format <= ARCHIVE_ZIP; format++) {
		struct odb_make *m = odb_make(c, HASH_SHA256);
		struct odb_reader reader;
		struct memory_sink out = memory_sink(c->arena);
		struct oid lost = {.hash = {1}, .algo = HASH_SHA256};
		struct oid tree = odb_make_tree(m, "100644 x", lost, NULL, lost);
		odb_make_pack(m);
		odb_reader_init(c, &reader, &m->odb);
		struct archive_query query = {.format = (enum archive_format)format, .tree = tree};
		assert_err(c, archive_write(c, &reader, &query, &out.sink), ERR_NOT_FOUND);
		ctx_clear(c);
		odb_make_done(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(folders_nested_without_end_are_refused),
		UNIT_TEST(a_file_that_is_lost_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
