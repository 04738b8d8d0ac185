/* git/diff_versions.c: it says what diff_lines says of the same texts, however they were cut. */
#include "unit.h"

#include "base/buf.h"
#include "git/diff_versions.h"

static uint32_t next(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % below;
}

static void line(struct buf *out, uint32_t *seed)
{
	buf_fmt(out, "%s %u\n", next(seed, 9) ? "line" : "", next(seed, 300));
}

/* What comes after a text: some lines out, some in; sometimes nothing is left, or the last newline is not. */
static struct str changed(struct ctx *c, struct str text, uint32_t *seed)
{
	struct buf out = {.arena = c->arena};
	struct str rest = text, kept;
	uint32_t rate = 1 + next(seed, 200);
	if (next(seed, 40) == 0)
		return STR("");
	for (bool more = true; more;) {
		if (next(seed, rate) == 0)
			line(&out, seed);
		more = str_line(&rest, &kept);
		if (more && next(seed, rate))
			buf_fmt(&out, "%.*s\n", STR_FMT(kept));
	}
	if (out.len && next(seed, 5) == 0)
		out.len--;
	return buf_view(&out);
}

static void same_edits(const struct diff_script *got, const struct diff_script *want)
{
	assert_int_equal(got->count, want->count);
	for (size_t i = 0; i < got->count; i++) {
		assert_int_equal(got->edits[i].old_at, want->edits[i].old_at);
		assert_int_equal(got->edits[i].old_count, want->edits[i].old_count);
		assert_int_equal(got->edits[i].new_at, want->edits[i].new_at);
		assert_int_equal(got->edits[i].new_count, want->edits[i].new_count);
	}
}

static void judge(struct ctx *c, struct diff_classes *classes, const struct diff_version *old,
	const struct diff_version *new)
{
	struct str old_text = old->text, new_text = new->text;
	struct diff_script got, want;
	diff_cut_tail(&old_text, &new_text);
	assert_ok(c, diff_lines(c, old_text, new_text, &want));
	assert_ok(c, diff_versions(c, classes, old, new, &got));
	same_edits(&got, &want);
}

static void check_lines(const struct diff_version *v)
{
	struct str rest = v->text;
	for (uint32_t i = 0; i < v->lines.count; i++) {
		struct str want = str_until(rest, str_find(rest, '\n') + 1);
		assert_true(str_eq(v->lines.at[i], want) && v->lines.at[i].at == want.at);
		rest = str_from_index(rest, want.len);
	}
	assert_int_equal(rest.len, 0);
}

static void versions_differ_as_their_texts_do(void **state)
{
	enum { VERSIONS = 60 };
	struct ctx *c = *state;
	for (uint32_t seed = 1, start = 1; start < 9; seed = ++start) {
		struct diff_version v[VERSIONS];
		struct diff_classes classes;
		struct buf first = {.arena = c->arena};
		for (uint32_t i = 0; i < 100 * start; i++)
			line(&first, &seed);
		diff_classes_init(c, &classes, c->arena);
		assert_ok(
			c, diff_version_open(c, &classes, c->arena, buf_view(&first), NULL, &v[0]));
		for (int i = 1; i < VERSIONS; i++) {
			struct str text = changed(c, v[i - 1].text, &seed);
			const struct diff_version *like = &v[next(&seed, (uint32_t)i)];
			assert_ok(c, diff_version_open(c, &classes, c->arena, text, like, &v[i]));
			check_lines(&v[i]);
			judge(c, &classes, &v[i - 1], &v[i]);
			judge(c, &classes, &v[i], &v[next(&seed, (uint32_t)i)]);
		}
	}
}

static void a_line_that_goes_on_is_another(void **state)
{
	struct ctx *c = *state;
	struct diff_classes classes;
	struct diff_version old, new;
	static const char *const pairs[][2] = {{"a\nb", "a\nb\n"}, {"a\nb\n", "a\nb"},
		{"b\n", "ab\n"}, {"ab\n", "b\n"}, {"a\na\n", "a\n"}, {"a\n", "a\na\n"},
		{"a\nb\nb\nc\n", "a\nb\nc\n"}, {"", "a"}, {"a", ""}, {"\n", "\n\n"}, {"", ""}};
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		diff_classes_init(c, &classes, c->arena);
		assert_ok(c,
			diff_version_open(c, &classes, c->arena, str_of(pairs[i][0]), NULL, &old));
		assert_ok(c,
			diff_version_open(c, &classes, c->arena, str_of(pairs[i][1]), &old, &new));
		check_lines(&new);
		judge(c, &classes, &old, &new);
	}
}

static void too_many_lines_are_refused(void **state)
{
	struct ctx *c = *state;
	struct diff_classes classes;
	struct diff_version v, again;
	size_t len = DIFF_LINES_MAX + 1;
	char *lines = arena_alloc(c->arena, len);
	memset(lines, '\n', len);
	diff_classes_init(c, &classes, c->arena);
	assert_ok(c, diff_version_open(c, &classes, c->arena, str_from(lines, len - 1), NULL, &v));
	assert_err(c, diff_version_open(c, &classes, c->arena, str_from(lines, len), &v, &again),
		ERR_TOO_BIG);
	ctx_clear(c);
	assert_err(c, diff_version_open(c, &classes, c->arena, str_from(lines, len), NULL, &again),
		ERR_TOO_BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(versions_differ_as_their_texts_do),
		UNIT_TEST(a_line_that_goes_on_is_another),
		UNIT_TEST(too_many_lines_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
