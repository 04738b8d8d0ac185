/* The browser's module and this machine draw the same bytes from the same model; the module runs in node. */
#include "model/schema.h"
#include "view/finder.h"
#include "view/page_diff.h"

#include "unit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODELS = 120 };

static uint64_t seed = 42;

static uint32_t chance(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

/* Words that want to be markup, bytes that are no text, and what UTF-8 has. */
static struct str some_text(struct ctx *c)
{
	static const struct str words[] = {STR("<script>alert(1)</script>"), STR("\"'&<>"),
		STR("\xff\xfe"), STR("\0\x1b[31m"), STR("\xe2\x80\xae"), STR("\xed\xa0\x80"),
		STR("\xf0\x9f\x92\xa9"), STR("int main(void)"), STR("\t\r"), STR("über"),
		STR("</td></table>"), STR("a/b c%2e?#"), STR(" ")};
	struct buf out = {.arena = c->arena};
	for (uint32_t i = chance(7); i; i--)
		buf_str(&out, words[chance(sizeof words / sizeof *words)]);
	return buf_view(&out);
}

static struct oid some_id(void)
{
	struct oid id = {.algo = (uint8_t)(1 + chance(2))};
	for (size_t i = 0; i < hash_size(id.algo); i++)
		id.hash[i] = (uint8_t)chance(256);
	return id;
}

static struct diff_line some_line(struct ctx *c)
{
	struct diff_line line = {
		.kind = " -+"[chance(3)], .text = some_text(c), .no_newline = !chance(9)};
	line.old_line = line.kind == '+' ? 0 : 1 + chance(100000);
	line.new_line = line.kind == '-' ? 0 : 1 + chance(100000);
	struct diff_mark *marks = NEW_ARRAY(c->arena, struct diff_mark, 3);
	uint32_t at = 0;
	while (line.mark_count < chance(4) && at < line.text.len) {
		struct diff_mark *m = &marks[line.mark_count++];
		m->at = at + chance((uint32_t)line.text.len - at);
		m->len = chance((uint32_t)line.text.len - m->at + 1);
		at = m->at + m->len;
	}
	line.marks = marks;
	return line;
}

static struct diff_file some_file(struct ctx *c)
{
	struct diff_file file = {.change = chance(4),
		.without = chance(5),
		.old_path = some_text(c),
		.new_path = some_text(c),
		.old_id = some_id(),
		.new_id = some_id(),
		.similarity = 50 + (int)chance(51),
		.added = chance(1000),
		.removed = chance(1000),
		.is_lfs = !chance(5),
		.is_image = !chance(5)};
	file.old_mode = file.change == DIFF_ADDED ? 0 : 0100644;
	file.new_mode = file.change == DIFF_DELETED ? 0 : chance(2) ? 0100755 : 0100644;
	file.hunk_count = file.without == DIFF_TEXT ? chance(4) : 0;
	struct diff_hunk *hunks = NEW_ARRAY(c->arena, struct diff_hunk, file.hunk_count);
	for (size_t i = 0; i < file.hunk_count; i++) {
		hunks[i] = (struct diff_hunk){chance(99), chance(99), chance(99), chance(99),
			some_text(c), NULL, chance(40)};
		struct diff_line *lines =
			NEW_ARRAY(c->arena, struct diff_line, hunks[i].line_count);
		for (size_t k = 0; k < hunks[i].line_count; k++)
			lines[k] = some_line(c);
		hunks[i].lines = lines;
	}
	file.hunks = hunks;
	return file;
}

static struct diff_page some_page(struct ctx *c)
{
	struct diff_page p = {.repo = STR("repo"), .head = some_id(), .has_text = chance(2)};
	p.diff.count = chance(6);
	p.diff.cut = !chance(9);
	if (chance(2))
		p.base = some_id();
	p.wish = (struct diff_wish){
		chance(3), chance(40), chance(3) ? STR("") : some_text(c), chance(4)};
	struct diff_file *files = NEW_ARRAY(c->arena, struct diff_file, p.diff.count);
	for (size_t i = 0; i < p.diff.count; i++)
		files[i] = some_file(c);
	p.diff.files = files;
	p.diff.total = p.diff.count + chance(3);
	p.diff.added = chance(9999);
	return p;
}

static void keep(struct ctx *c, const char *folder, int number, const char *end, struct str bytes)
{
	FILE *file = fopen(arena_fmt(c->arena, "%s/%d.%s", folder, number, end), "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes.at ? bytes.at : "", 1, bytes.len, file), bytes.len);
	fclose(file);
}

static void keep_diff(struct ctx *c, const char *folder, int number)
{
	struct diff_page p = some_page(c);
	struct buf bytes = {.arena = c->arena}, html = {.arena = c->arena};
	bool split = chance(2);
	assert_true(diff_is_sound(&p.diff));
	schema_encode(&bytes, &schema_diff_page, &p);
	view_diff_page(&html, &p, split);
	keep(c, folder, number, "in", buf_view(&bytes));
	keep(c, folder, number, "out", buf_view(&html));
	keep(c, folder, number, "call", split ? STR("diff 1") : STR("diff 0"));
}

static void keep_find(struct ctx *c, const char *folder, int number)
{
	static const struct str queries[] = {
		STR(""), STR("m"), STR("abc"), STR("scr al"), STR("ub"), STR("a/b")};
	static struct finder_hit hits[FINDER_HITS_MAX];
	struct buf paths = {.arena = c->arena}, html = {.arena = c->arena},
		   input = {.arena = c->arena};
	for (uint32_t i = chance(200); i; i--) {
		struct str path = some_text(c), part;
		part = str_cut(&path, '\0');
		buf_str(&paths, part);
		buf_byte(&paths, 0);
	}
	struct str query = queries[chance(6)], base = STR("/r/blob/x/");
	buf_str(&input, base);
	buf_byte(&input, 0);
	buf_str(&input, query);
	view_finder(&html, base, hits, finder_find(buf_view(&paths), query, hits));
	keep(c, folder, number, "paths", buf_view(&paths));
	keep(c, folder, number, "in", buf_view(&input));
	keep(c, folder, number, "out", buf_view(&html));
	keep(c, folder, number, "call", STR("find"));
}

static const char *module_path(struct ctx *c)
{
	char self[4096] = "";
	if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
		return "";
	char *slash = strrchr(self, '/');
	*slash = 0;
	return arena_fmt(c->arena, "%s/../nimbus.wasm", self);
}

static void the_module_draws_the_same_bytes(void **state)
{
	struct ctx *c = *state;
	char folder[] = "/tmp/nimbus-module-XXXXXX";
	if (access(module_path(c), R_OK) || system("command -v node >/dev/null")) {
		print_message("skip: node, or clang and lld for nimbus.wasm, are not installed\n");
		skip();
	}
	assert_non_null(mkdtemp(folder));
	for (int i = 0; i < MODELS; i++)
		keep_diff(c, folder, i);
	for (int i = 0; i < MODELS; i++)
		keep_find(c, folder, MODELS + i);
	int code = system(
		arena_fmt(c->arena, "node tests/browser/module.mjs %s %s", module_path(c), folder));
	(void)!system(arena_fmt(c->arena, "rm -r %s", folder));
	assert_int_equal(code, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {UNIT_TEST(the_module_draws_the_same_bytes)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
