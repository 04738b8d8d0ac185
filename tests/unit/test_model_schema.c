#include "model/schema.h"

#include "unit.h"

static struct str encoded(struct ctx *c, const struct schema *schema, const void *model)
{
	struct buf *out = NEW(c->arena, struct buf);
	out->arena = c->arena;
	schema_encode(out, schema, model);
	return buf_view(out);
}

static const char *json_of(struct ctx *c, const struct schema *schema, const void *model)
{
	struct buf out = {.arena = c->arena};
	struct json_writer w = {.out = &out};
	schema_json(&w, schema, model);
	return buf_text(&out);
}

static const struct diff_mark marks[] = {{1, 2}, {4, 1}};
static const struct diff_line lines[] = {
	{.kind = ' ', .old_line = 3, .new_line = 3, .text = {"same", 4}},
	{.kind = '-',
		.old_line = 4,
		.text = {"a \"old\"\0<b>", 11},
		.marks = marks,
		.mark_count = 2},
	{.kind = '+', .new_line = 4, .text = {"", 0}, .no_newline = true},
};
static const struct diff_hunk hunks[] = {{3, 2, 3, 2, {"main()", 6}, lines, 3}};
static const struct diff_file files[] = {
	{.change = DIFF_RENAMED,
		.old_path = {"a.c", 3},
		.new_path = {"\xff.c", 3},
		.old_mode = 0100644,
		.new_mode = 0100755,
		.old_id = {.algo = HASH_SHA1, .hash = {1}},
		.new_id = {.algo = HASH_SHA256, .hash = {[31] = 2}},
		.similarity = 90,
		.added = 1,
		.removed = 1,
		.hunks = hunks,
		.hunk_count = 1},
	{.change = DIFF_ADDED, .without = DIFF_BINARY, .new_mode = 0100644},
};
static const struct diff sample = {files, 2, 7, 1ull << 40, 1, false};

static void a_model_comes_back_as_it_went(void **state)
{
	struct ctx *c = *state;
	struct str bytes = encoded(c, &schema_diff, &sample);
	struct diff back;
	assert_int_equal(schema_decode(c, &schema_diff, bytes, &back), OK);
	assert_int_equal(back.total, 7);
	assert_int_equal(back.added, 1ull << 40);
	assert_int_equal(back.files[0].hunks[0].lines[1].marks[1].at, 4);
	assert_true(oid_eq(&back.files[0].new_id, &files[0].new_id));
	assert_true(str_eq(encoded(c, &schema_diff, &back), bytes));

	struct commit_line last = {.subject = STR("s"), .when = -1};
	struct listing_entry entries[] = {
		{.kind = ENTRY_FILE, .last = &last}, {.kind = ENTRY_TREE}};
	struct listing list = {STR("src"), entries, 2, 2}, read;
	assert_int_equal(
		schema_decode(c, &schema_listing, encoded(c, &schema_listing, &list), &read), OK);
	assert_int_equal(read.at[0].last->when, -1);
	assert_null(read.at[1].last);
}

static void what_is_cut_or_goes_on_is_refused(void **state)
{
	struct ctx *c = *state;
	struct str bytes = encoded(c, &schema_diff, &sample);
	struct diff back;
	for (size_t len = 0; len < bytes.len; len++)
		assert_int_equal(
			schema_decode(c, &schema_diff, str_until(bytes, len), &back), ERR_INVALID);
	struct buf more = {.arena = c->arena};
	buf_str(&more, bytes);
	buf_byte(&more, 0);
	assert_int_equal(schema_decode(c, &schema_diff, buf_view(&more), &back), ERR_INVALID);
	more.at[0]++;
	assert_int_equal(
		schema_decode(c, &schema_diff, str_until(buf_view(&more), bytes.len), &back),
		ERR_INVALID);
	assert_non_null(strstr(c->error.text, "another version"));
}

/* Of any byte that is changed something else is read, or it is refused; a count that is a lie costs no memory. */
static void every_byte_may_be_wrong(void **state)
{
	struct ctx *c = *state;
	struct str bytes = encoded(c, &schema_diff, &sample);
	char *copy = arena_strndup(c->arena, bytes.at, bytes.len);
	size_t refused = 0;
	for (size_t i = 0; i < bytes.len; i++) {
		struct arena_mark mark = arena_mark(c->arena);
		struct diff back;
		copy[i] ^= (char)0xff;
		refused += schema_decode(c, &schema_diff, str_from(copy, bytes.len), &back) ==
			   ERR_INVALID;
		copy[i] ^= (char)0xff;
		arena_rewind(c->arena, mark);
	}
	assert_in_range(refused, bytes.len / 8, bytes.len);
}

static void json_has_what_programs_want(void **state)
{
	struct ctx *c = *state;
	assert_string_equal(json_of(c, &schema_diff_hunk, hunks),
		"{\"old_at\":3,\"old_count\":2,\"new_at\":3,\"new_count\":2,\"heading\":\"main()\","
		"\"lines\":["
		"{\"kind\":\" \",\"text\":\"same\",\"old_line\":3,\"new_line\":3},"
		"{\"kind\":\"-\",\"text\":\"a \\\"old\\\"\\u0000<b>\",\"old_line\":4},"
		"{\"kind\":\"+\",\"text\":\"\",\"new_line\":4,\"no_newline\":true}]}");
	assert_string_equal(json_of(c, &schema_diff_file, &files[1]),
		"{\"change\":\"added\",\"old_path\":\"\",\"new_path\":\"\",\"old_mode\":null,\"new_"
		"mode\":\"100644\","
		"\"old_id\":null,\"new_id\":null,\"added\":0,\"removed\":0,\"without\":\"binary\","
		"\"hunks\":[]}");
	struct oid parents[] = {{.algo = HASH_SHA1, .hash = {0xab}}};
	struct commit_full commit = {.parents = parents, .parent_count = 1, .subject = STR("s")};
	assert_string_equal(json_of(c, &schema_commit_full, &commit),
		"{\"id\":null,\"tree\":null,\"parents\":["
		"\"ab00000000000000000000000000000000000000\"],"
		"\"author\":{\"name\":\"\",\"email\":\"\",\"time\":\"1970-01-01T00:00:00Z\","
		"\"offset_minutes\":0},"
		"\"committer\":{\"name\":\"\",\"email\":\"\",\"time\":\"1970-01-01T00:00:00Z\","
		"\"offset_minutes\":0},"
		"\"subject\":\"s\",\"body\":\"\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_model_comes_back_as_it_went),
		UNIT_TEST(what_is_cut_or_goes_on_is_refused),
		UNIT_TEST(every_byte_may_be_wrong),
		UNIT_TEST(json_has_what_programs_want),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
