/* core/search.c: found, passed over, cut, and gone on from. */
#include "core/search.h"

#include "core/edit.h"
#include "core/needle.h"
#include "core_house.h"

enum { FILES = 12 };

static const char *const scene[FILES][2] = {
	{"README.md", "One needle here.\nNEEDLE there\r\nnone\nneedleneedle"},
	{"a-b/x.c", "needle"},
	{"a/binary", ""},
	{"a/deep/er/y.c", "no\nno\nneedle\n"},
	{"a/n.h", "nothing"},
	{"a/needle.txt", "nothing"},
	{"a.c", "needle"},
	{"long.js", ""},
	{"many.txt", ""},
	{"n\xc3\xbc.txt", "\xc3\xbc\xc3\xbc needle \xc3\xbc"},
	{"z/1", "needle"},
	{"z/2", "needle"},
};

static void set_scene(struct ctx *c)
{
	static struct edit_change changes[FILES];
	static struct extent_bytes bytes[FILES];
	struct core_limits *limits = &core_of(c)->limits;
	struct buf longer = {.arena = c->arena}, many = {.arena = c->arena};
	struct edited out;
	limits->object_max = limits->pack_max = limits->pack_inline_max = 1 << 20;
	limits->page_blob_max = 1 << 16;
	for (size_t i = 0; i < 1000; i++)
		buf_cstr(&longer, i == 500 ? "needle" : "\xc3\xbc, ");
	for (size_t i = 0; i < 20; i++)
		buf_cstr(&many, "a needle\n");
	for (size_t i = 0; i < FILES; i++) {
		struct str text = str_of(scene[i][1]);
		text = str_is(str_of(scene[i][0]), "long.js")    ? buf_view(&longer)
		       : str_is(str_of(scene[i][0]), "many.txt") ? buf_view(&many)
		       : i == 2                                  ? STR("needle\0")
								 : text;
		extent_bytes_init(&bytes[i], text.at, text.len);
		changes[i] = (struct edit_change){.path = str_of(scene[i][0]),
			.content = &bytes[i].extent,
			.place = EDIT_NEW};
	}
	house_repo(c, "r", VISIBILITY_PRIVATE);
	const struct edit what = {.repo = STR("r"),
		.branch = STR("main"),
		.message = STR("x"),
		.host = STR("h"),
		.changes = changes,
		.count = FILES};
	assert_ok(c, edit_commit(c, core_of(c), &house_of(c)->owner, &what, &out));
}

static int64_t step; /* microseconds */

static int64_t stepping_clock(void)
{
	house_moved += step;
	return house_moved;
}

/* From now on time passes with each look at the clock, and by nothing else. */
static void time_passes_by_looking(struct ctx *c, int64_t micros)
{
	step = micros;
	house_of(c)->world.monotonic = stepping_clock;
}

static struct search_query query_of(const char *words)
{
	return (struct search_query){.words = str_of(words), .files = 100, .micros = 60000000};
}

/* "PATH:1,3+2 OTHER* " (+: more lines, *: by its name), all pages of it. */
static const char *find(struct ctx *c, struct search_query q)
{
	BROWSE b = {0};
	struct revision rev;
	struct search found;
	struct buf out = {.arena = c->arena};
	assert_ok(c, browse_open(c, core_of(c), &house_of(c)->owner, STR("r"), &b));
	assert_ok(c, browse_head(c, &b, &rev));
	do {
		assert_ok(c, search_files(c, &b, &rev, &q, &found));
		assert_true(found.count <= q.files);
		for (size_t i = 0; i < found.count; i++) {
			const struct search_file *f = &found.files[i];
			buf_fmt(&out, "%.*s%s", STR_FMT(f->path), f->by_name ? "*" : "");
			for (uint32_t k = 0; k < f->count; k++)
				buf_fmt(&out, "%c%u", k ? ',' : ':', f->lines[k].number);
			buf_fmt(&out, f->more ? "+%u " : " ", f->more);
		}
		assert_true(str_cmp(q.after, found.after) < 0 || !found.after.len);
		q.after = found.after;
	} while (q.after.len);
	return buf_text(&out);
}

#define ALL                                                                        \
	"README.md:1,2,4 a-b/x.c:1 a.c:1 a/deep/er/y.c:3 a/needle.txt* long.js:1 " \
	"many.txt:1,2,3,4,5,6,7,8+12 n\xc3\xbc.txt:1 z/1:1 z/2:1 "

static void texts_and_names_are_found_page_by_page(void **state)
{
	struct ctx *c = *state;
	set_scene(c);
	for (size_t files = 1; files < 13; files++) {
		struct search_query q = query_of("neeDLE");
		q.files = files;
		assert_string_equal(find(c, q), ALL);
	}
	/* Cut at once, again and again, it still comes to its end. */
	struct search_query q = query_of("needle");
	q.micros = 0;
	assert_string_equal(find(c, q), ALL);
	q = query_of("NEEDLE");
	q.exact_case = true;
	assert_string_equal(find(c, q), "README.md:2 ");
	q = query_of("needle");
	q.names_only = true;
	assert_string_equal(find(c, q), "a/needle.txt* ");
	assert_string_equal(find(c, query_of("never")), "");
}

static void an_expression_is_found_within_lines(void **state)
{
	struct ctx *c = *state;
	static const char *const finds[][2] = {
		{"^needle$", "a-b/x.c:1 a.c:1 a/deep/er/y.c:3 z/1:1 z/2:1 "},
		{"^NEEDLE there$", "README.md:2 "},
		{"(needle){2}", "README.md:4 "},
		{"needle\\s+none", ""},
		{"^a/[a-z]+\\.txt$", "a/needle.txt* "},
		{"\\bb.?needle|^z/[2]", "z/2* "},
		{"a* needle", "README.md:1 long.js:1 many.txt:1,2,3,4,5,6,7,8+12 n\xc3\xbc.txt:1 "},
		{"^\xc3\xbc{2} ", "n\xc3\xbc.txt:1 "},
	};
	set_scene(c);
	time_passes_by_looking(c, 0);
	core_of(c)->regex = regex_pcre2_open();
	for (size_t i = 0; i < sizeof finds / sizeof *finds; i++) {
		struct search_query q = query_of(finds[i][0]);
		q.regex = true;
		assert_string_equal(find(c, q), finds[i][1]);
		q.micros = 0;
		q.files = 1;
		assert_string_equal(find(c, q), finds[i][1]);
	}
}

static void a_hard_expression_takes_its_time_and_no_more(void **state)
{
	struct ctx *c = *state;
	BROWSE b = {0};
	struct revision rev;
	struct search found;
	struct search_query q = query_of("(\xc3\xbc|,| |. )+$");
	set_scene(c);
	q.regex = true;
	assert_ok(c, browse_open(c, core_of(c), &house_of(c)->owner, STR("r"), &b));
	assert_ok(c, browse_head(c, &b, &rev));
	assert_err(c, search_files(c, &b, &rev, &q, &found), ERR_UNSUPPORTED);
	core_of(c)->regex = regex_pcre2_open();
	time_passes_by_looking(c, 100);
	int64_t begin = house_moved;
	assert_ok(c, search_files(c, &b, &rev, &q, &found));
	assert_int_equal(found.hard, 1);
	assert_false(found.cut);
	/* A quarter of a second for the one file, and next to nothing for the others. */
	assert_in_range(house_moved - begin, 250000, 300000);
	q.words = STR("a(b");
	assert_err(c, search_files(c, &b, &rev, &q, &found), ERR_INVALID);
	assert_string_equal(
		c->error.text, "this is no regular expression: missing closing parenthesis at 3");
}

/* Nothing that is wanted in very many folders: it says so, and goes on from there until it was in all. */
static void the_walk_itself_is_cut_and_gone_on_from(void **state)
{
	struct ctx *c = *state;
	BROWSE b = {0};
	struct revision rev;
	struct search found;
	struct search_query q = query_of("needle");
	size_t looks = 0;
	set_scene(c);
	q.path = STR("*.never");
	q.micros = 0;
	assert_ok(c, browse_open(c, core_of(c), &house_of(c)->owner, STR("r"), &b));
	assert_ok(c, browse_head(c, &b, &rev));
	do {
		assert_ok(c, search_files(c, &b, &rev, &q, &found));
		assert_int_equal(found.count + found.looked_at, 0);
		assert_int_equal(found.cut, found.after.len > 0);
		assert_true(str_cmp(q.after, found.after) < 0 || !found.after.len);
		q.after = found.after;
		looks++;
	} while (q.after.len);
	assert_int_equal(looks, FILES + 1);
}

static void a_path_narrows_it_down(void **state)
{
	struct ctx *c = *state;
	static const char *const paths[][2] = {
		{"z", "z/1:1 z/2:1 "},
		{"a", "a/deep/er/y.c:3 a/needle.txt* "},
		{"a/deep", "a/deep/er/y.c:3 "},
		{"z/2", "z/2:1 "},
		{"*.c", "a-b/x.c:1 a.c:1 a/deep/er/y.c:3 "},
		{"a/**/*.c", "a/deep/er/y.c:3 "},
		{"never", ""},
	};
	set_scene(c);
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct search_query q = query_of("needle");
		q.path = str_of(paths[i][0]);
		assert_string_equal(find(c, q), paths[i][1]);
	}
}

static void lines_are_marked_and_cut_between_characters(void **state)
{
	struct ctx *c = *state;
	BROWSE b = {0};
	struct revision rev;
	struct search found;
	struct search_query q = query_of("needle");
	set_scene(c);
	assert_ok(c, browse_open(c, core_of(c), &house_of(c)->owner, STR("r"), &b));
	assert_ok(c, browse_head(c, &b, &rev));
	assert_ok(c, search_files(c, &b, &rev, &q, &found));
	const struct search_line *line = &found.files[0].lines[1];
	assert_str(line->text, "NEEDLE there");
	assert_int_equal(line->mark_count, 1);
	line = &found.files[0].lines[2];
	assert_int_equal(line->mark_count, 2);
	assert_int_equal(line->marks[1].at, 6);
	assert_str(found.files[5].path, "long.js");
	line = &found.files[5].lines[0];
	assert_true(line->text.len <= 240 && str_is_utf8(line->text));
	assert_str(str_from(line->text.at + line->marks[0].at, line->marks[0].len), "needle");
	assert_int_equal(found.passed, 1);
	assert_false(found.cut);
	q.words = STR("x");
	assert_err(c, search_files(c, &b, &rev, &q, &found), ERR_INVALID);
	char *text = arena_alloc(c->arena, SEARCH_WORDS_MAX + 1);
	q.words = str_from(text, SEARCH_WORDS_MAX + 1);
	assert_err(c, search_files(c, &b, &rev, &q, &found), ERR_INVALID);
}

static void a_needle_is_found_where_it_is(void **state)
{
	(void)state;
	struct needle n;
	needle_init(&n, STR("aBab"), false);
	assert_int_equal(needle_find(&n, STR("ababab"), 0), 0);
	assert_int_equal(needle_find(&n, STR("abaABAB"), 1), 3);
	assert_int_equal(needle_find(&n, STR("aba"), 0), 3);
	needle_init(&n, STR("aBab"), true);
	assert_int_equal(needle_find(&n, STR("abab aBab"), 0), 5);
	needle_init(&n, STR("\xff\x00"), false);
	assert_int_equal(needle_find(&n, STR("\xfe\xff\xff\x00"), 0), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(texts_and_names_are_found_page_by_page),
		HOUSE_TEST(an_expression_is_found_within_lines),
		HOUSE_TEST(a_hard_expression_takes_its_time_and_no_more),
		HOUSE_TEST(the_walk_itself_is_cut_and_gone_on_from),
		HOUSE_TEST(a_path_narrows_it_down),
		HOUSE_TEST(lines_are_marked_and_cut_between_characters),
		HOUSE_TEST(a_needle_is_found_where_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
