/* driver/markup_*.c: what people write comes out, what could harm their readers does not. */
#include "unit.h"

#include "driver/driver.h"

static const struct markup_base base = {STR("/r/blob/main/docs/"), STR("/r/raw/main/docs/"),
	STR("/r/blob/main/"), STR("/r/raw/main/"), NULL, NULL};

static struct str render(struct ctx *c, const char *text)
{
	struct buf out = {.arena = c->arena};
	assert_ok(c, markup_render(c, markup_md4c_open(), str_of(text), &base, &out));
	return buf_view(&out);
}

static void assert_has(struct str html, const char *part)
{
	if (str_find_str(html, str_of(part)) == html.len)
		fail_msg("no %s in %.*s", part, STR_FMT(html));
}

static void assert_lacks(struct str html, const char *part)
{
	if (str_find_str(html, str_of(part)) != html.len)
		fail_msg("%s in %.*s", part, STR_FMT(html));
}

static void the_dialect_is_the_one_people_know(void **state)
{
	struct ctx *c = *state;
	assert_str(render(c, "a **b** _c_ ~~d~~ `e<`\n"),
		"<p>a <strong>b</strong> <em>c</em> <del>d</del> <code>e&lt;</code></p>\n");
	assert_str(render(c, "```c++\nint <a>;\n```\n"),
		"<pre tabindex=\"0\"><code class=\"language-c++\">int &lt;a&gt;;\n</code></pre>\n");
	struct str html = render(c, "|a|b|\n|:-:|--:|\n|1|2|\n\n- [x] done\n- [ ] open\n");
	assert_has(html, "<th class=\"mid\">a</th><th class=\"far\">b</th>");
	assert_has(html, "disabled checked aria-label=\"done\">");
	assert_has(render(c, "www.example.com"), "href=\"http://www.example.com\"");
}

static void headings_have_anchors_and_no_two_alike(void **state)
{
	struct ctx *c = *state;
	struct str html = render(c, "# Getting `started`!\n\n## Getting started\n");
	assert_has(html,
		"<h1 id=\"getting-started\">Getting <code>started</code>! <a class=\"anchor\"");
	assert_has(html, "<h2 id=\"getting-started-1\">");
}

static void relative_links_lead_into_the_repository(void **state)
{
	struct ctx *c = *state;
	assert_has(render(c, "[a](x/y.md)"), "<a href=\"/r/blob/main/docs/x/y.md\">a</a>");
	assert_has(render(c, "[a](./x.md#z)"), "<a href=\"/r/blob/main/docs/x.md#z\">");
	assert_has(render(c, "[a](/top.md)"), "<a href=\"/r/blob/main/top.md\">");
	assert_has(render(c, "[a](#here)"), "<a href=\"#here\">");
	assert_has(render(c, "![p](i.png)"), "<img src=\"/r/raw/main/docs/i.png\" alt=\"p\"");
	assert_has(render(c, "![*p* q](/i.png)"), "<img src=\"/r/raw/main/i.png\" alt=\"p q\"");
}

static void only_addresses_of_the_web_and_of_mail_become_links(void **state)
{
	struct ctx *c = *state;
	static const char *const bad[] = {"[a](javascript:alert(1))", "[a](JaVaScRiPt:alert(1))",
		"[a](java&#10;script:alert(1))", "[a](&#x6A;avascript:alert(1))",
		"[a](data:text/html,x)", "[a](vbscript:x)", "[a](<\x01javascript:x>)",
		"<javascript:alert(1)>", "[a](file:///etc)", "[a](java\\script:x)"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct str html = render(c, bad[i]);
		if (str_find_str(html, STR("href=\"/r/blob")) == html.len)
			assert_lacks(html, "href");
	}
	assert_lacks(render(c, "![a](http://x.example/i.png)"), "<img");
	assert_lacks(render(c, "![a](data:image/svg+xml,x)"), "<img");
	assert_has(render(c, "[a](//x.example)"), "href=\"https://x.example\"");
	assert_has(render(c, "[a](https://x.example/?q=\"b\")"),
		"<a rel=\"nofollow noreferrer\" href=\"https://x.example/?q=%22b%22\">");
	assert_has(render(c, "<a@b.example>"), "href=\"mailto:a@b.example\"");
}

static void of_html_only_words_and_pictures_are_kept(void **state)
{
	struct ctx *c = *state;
	struct str html = render(c, "<p align=\"center\" onclick=\"x()\">\nHello &amp; <b>you</b>\n"
				    "<img src=\"logo.png\" alt='L\"' onerror=alert(1)>\n</p>\n");
	assert_has(html, "Hello &amp; you");
	assert_has(
		html, "<img src=\"/r/raw/main/docs/logo.png\" alt=\"L&quot;\" loading=\"lazy\">");
	assert_lacks(html, "onclick");
	assert_lacks(html, "onerror");
	assert_lacks(html, "<b>");
	assert_lacks(render(c, "<script>alert(1)</script>\n"), "alert");
	assert_lacks(render(c, "a <script>alert(1)</script> b\n"), "<script");
	assert_lacks(render(c, "<!-- secret -->\n"), "secret");
	assert_lacks(render(c, "<style>x{}</style>\n"), "x{}");
	assert_lacks(render(c, "<img src=x onerror=alert(1)//\n"), "<img");
	assert_lacks(render(c, "<svg/onload=alert(1)>\n"), "<svg");
}

/* It would be told who reads this. */
static void a_picture_of_another_host_is_a_link(void **state)
{
	struct ctx *c = *state;
	assert_str(render(c, "![build *ok*](https://img.example.org/b.svg?x=\"1)"),
		"<p><a class=\"picture\" rel=\"nofollow noreferrer\" "
		"href=\"https://img.example.org/b.svg?x=%221\" title=\"Picture at "
		"img.example.org\">build ok <small>img.example.org</small></a></p>\n");
	static const char *const elsewhere[] = {"![](https://img.example.org/a)",
		"![](http://img.example.org/a)", "![](//img.example.org/a)",
		"![](HTTPS:img.example.org/a)", "![](https:\\\\img.example.org/a)",
		"![][x]\n\n[x]: https://img.example.org/a", "![](&#104;ttps://img.example.org/a)",
		"![](https://me@img.example.org:443/a)", "<img src=https://img.example.org/a>",
		"a <IMG SRC='//img.example.org/a'> b",
		"<picture><source srcset=https://img.example.org/b><img "
		"src=\"https://img.example.org/a\" srcset=\"https://img.example.org/b "
		"2x\"></picture>",
		"# ![](https://img.example.org/a)", "|![](https://img.example.org/a)|\n|-|\n",
		"x[^1]\n\n[^1]: ![](https://img.example.org/a)"};
	for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
		struct str html = render(c, elsewhere[i]);
		assert_lacks(html, "src");
		assert_has(html, "img.example.org</small></a>");
	}
	assert_str(render(c, "![a](https://)"), "<p>a</p>\n");
}

static void nor_is_there_a_link_in_a_link(void **state)
{
	struct ctx *c = *state;
	assert_str(render(c, "[![a](https://img.example.org/a)](x)![b](//b.example)"),
		"<p><a href=\"/r/blob/main/docs/x\"><span class=\"picture\" title=\"Picture at "
		"img.example.org\">a <small>img.example.org</small></span></a>"
		"<a class=\"picture\" rel=\"nofollow noreferrer\" href=\"https://b.example\" "
		"title=\"Picture at b.example\">b <small>b.example</small></a></p>\n");
	struct str html = render(c, "[<img src=//b.example/x>](x)");
	assert_has(html, "<span class=\"picture\"");
	assert_lacks(html, "class=\"picture\" rel");
	assert_has(render(c, "[![a](//b.example)](javascript:x)"), "<a class=\"picture\"");
}

static void a_host_that_the_owner_named_is_loaded_from(void **state)
{
	struct ctx *c = *state;
	struct image_hosts hosts;
	struct markup_base named = base;
	struct buf out = {.arena = c->arena};
	named.image_hosts = &hosts;
	assert_ok(c, image_hosts_parse(c, STR("img.example.org"), &hosts));
	assert_ok(c, markup_render(c, markup_md4c_open(),
			     STR("![a](//img.example.org/a) ![b](https://b.example/) "
				 "[![c](http://img.example.org/c)](x)\n"),
			     &named, &out));
	assert_str(buf_view(&out),
		"<p><img src=\"https://img.example.org/a\" alt=\"a\" loading=\"lazy\" "
		"referrerpolicy=\"no-referrer\"> <a class=\"picture\" rel=\"nofollow "
		"noreferrer\" href=\"https://b.example/\" title=\"Picture at b.example\">b "
		"<small>b.example</small></a> <a href=\"/r/blob/main/docs/x\"><span "
		"class=\"picture\" title=\"Picture at img.example.org\">c "
		"<small>img.example.org</small></span></a></p>\n");
}

static void attributes_cannot_be_broken_out_of(void **state)
{
	struct ctx *c = *state;
	struct str html = render(c, "```x\"onclick=y\ncode\n```\n\n# \" onclick=x '\n\n"
				    "[a](b\"onclick=x) ![\"><script>](c)\n");
	assert_lacks(html, "\"onclick");
	assert_lacks(html, "<script");
	assert_has(html, "&quot;");
}

static void a_small_text_cannot_become_a_huge_page(void **state)
{
	struct ctx *c = *state;
	static const char *const starts[] = {"https://x.example/", "javascript:", "data:"};
	static const char *const uses[] = {"[x] ", "[x] ", "![x] "};
	for (size_t k = 0; k < 3; k++) {
		struct buf text = {.arena = c->arena}, out = {.arena = c->arena};
		buf_fmt(&text, "[x]: %s", starts[k]);
		for (int i = 0; i < 20000; i++)
			buf_cstr(&text, "aaaaaaaa");
		buf_cstr(&text, "\n\n");
		for (int i = 0; i < 20000; i++)
			buf_cstr(&text, uses[k]);
		size_t before = c->arena->bytes;
		assert_err(c, markup_render(c, markup_md4c_open(), buf_view(&text), &base, &out),
			ERR_TOO_BIG);
		assert_int_equal(out.len, 0);
		assert_true(c->arena->bytes - before < 64 << 20);
		ctx_clear(c);
	}
}

static void nor_a_deep_one(void **state)
{
	struct ctx *c = *state;
	struct buf text = {.arena = c->arena}, out = {.arena = c->arena};
	for (int i = 0; i < 5000; i++)
		buf_cstr(&text, "> ");
	buf_byte(&text, 'a');
	assert_err(
		c, markup_render(c, markup_md4c_open(), buf_view(&text), &base, &out), ERR_TOO_BIG);
	ctx_clear(c);
	text.len = 0;
	for (int i = 0; i < 1100000; i++)
		buf_byte(&text, 'a');
	assert_err(
		c, markup_render(c, markup_md4c_open(), buf_view(&text), &base, &out), ERR_TOO_BIG);
}

/* What lies behind it in memory is somebody else's. */
static void what_lies_behind_the_text_is_not_read(void **state)
{
	struct ctx *c = *state;
	static const char *const ends[] = {"[a](#b", "![a](b", "[a](#b \"c\"", "[a](<b>", "[a]("};
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct buf out = {.arena = c->arena};
		const char *longer = arena_fmt(c->arena, "%s) stolen", ends[i]);
		struct str text = str_from(longer, strlen(ends[i]));
		assert_ok(c, markup_render(c, markup_md4c_open(), text, &base, &out));
		assert_lacks(buf_view(&out), "<a ");
		assert_lacks(buf_view(&out), "<img");
		assert_lacks(buf_view(&out), "stolen");
	}
}

static void footnotes_stand_at_the_end(void **state)
{
	struct ctx *c = *state;
	struct str html = render(c, "A[^b] and[^a], again[^b], not[^x].\n\n[^a]: First "
				    "*one*\n[^b]: Second, see[^a]\n    more\n\n"
				    "[^un]: used by nobody\n\nRest\n");
	assert_has(html, "A<sup><a href=\"#@note-1\" id=\"@note-of-1\" aria-label=\"Footnote "
			 "1\">1</a></sup>");
	assert_has(html, "again<sup><a href=\"#@note-1\" aria-label");
	assert_has(html, "not[^x].");
	assert_has(html, "<li id=\"@note-1\"><p>Second, see<sup><a href=\"#@note-2\"");
	assert_has(html, "\nmore</p>");
	assert_has(html, "<li id=\"@note-2\"><p>First <em>one</em></p>");
	assert_has(html, "<p>Rest</p>");
	assert_lacks(html, "nobody");
	html = render(c, "```\n[^a]: code\n```\n\n`[^a]` [^a]\n");
	assert_has(html, "[^a]: code");
	assert_lacks(html, "<sup>");
}

static void a_note_may_refer_to_itself(void **state)
{
	struct ctx *c = *state;
	struct str html = render(c, "x[^a]\n\n[^a]: y[^a]\n\n[^a]: two words\n");
	assert_has(html, "<li id=\"@note-1\"><p>y<sup>");
	assert_lacks(render(c, "[^a]: <script>x</script>\n\n[^a]"), "<script");
}

static void alerts_have_a_name(void **state)
{
	struct ctx *c = *state;
	assert_str(render(c, "> [!NOTE]\n> Mind *this*.\n"),
		"<div class=\"alert note-box\">\n<p class=\"alert-name\">Note</p>\n<p>Mind "
		"<em>this</em>.</p>\n</div>\n");
	assert_has(render(c, "> [!warning]\n>\n> > inner\n"), "warning-box");
	assert_has(render(c, "> [!warning]\n>\n> > inner\n"),
		"<blockquote>\n<p>inner</p>\n</blockquote>\n</div>");
	assert_lacks(render(c, "> [!NOTE] here\n"), "alert");
	assert_lacks(render(c, "> a\n> [!NOTE]\n"), "alert");
	assert_lacks(render(c, "> - [!NOTE]\n"), "alert");
	assert_lacks(render(c, "[!NOTE]\n"), "alert");
}

static void a_table_scrolls_in_a_box_of_its_own(void **state)
{
	struct ctx *c = *state;
	assert_has(render(c, "|a|b|\n|---|---|\n|1|2|\n"),
		"<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table>");
}

#ifdef NIMBUS_HIGHLIGHT
static void blocks_of_code_are_in_colour(void **state)
{
	struct ctx *c = *state;
	struct markup_base lit = base;
	struct buf out = {.arena = c->arena};
	lit.highlight = highlight_tree_sitter_open();
	assert_ok(c, markup_render(c, markup_md4c_open(),
			     STR("```c\nreturn 1; // <b>\n```\n\n```x\n<i>\n```\n"), &lit, &out));
	assert_has(buf_view(&out), "<code class=\"language-x\">&lt;i&gt;\n</code>");
	assert_lacks(buf_view(&out), "<b>");
	struct spans spans;
	assert_ok(c, highlight_spans(c, lit.highlight, "c", STR("return 1;"), &spans));
	if (spans.count)
		assert_has(buf_view(&out), "<i class=\"K\">return</i>");
	highlight_close(lit.highlight);
}
#endif

static void hostile_notes_take_linear_time(void **state)
{
	struct ctx *c = *state;
	static const char *const pieces[] = {
		"[^a]", "[^a]: [^a]\n", "[^", "[^a]: x\n    ", "> [!NOTE]\n\n", "```\n[^a]:\n"};
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		struct buf text = {.arena = c->arena}, out = {.arena = c->arena};
		buf_cstr(&text, "[^a]: x\n\n");
		while (text.len < 200000)
			buf_cstr(&text, pieces[i]);
		int64_t begin = c->world->monotonic();
		enum err err = markup_render(c, markup_md4c_open(), buf_view(&text), &base, &out);
		assert_true(err == OK || err == ERR_TOO_BIG);
		ctx_clear(c);
		assert_true(c->world->monotonic() - begin < 10000000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(the_dialect_is_the_one_people_know),
		UNIT_TEST(headings_have_anchors_and_no_two_alike),
		UNIT_TEST(relative_links_lead_into_the_repository),
		UNIT_TEST(only_addresses_of_the_web_and_of_mail_become_links),
		UNIT_TEST(of_html_only_words_and_pictures_are_kept),
		UNIT_TEST(a_picture_of_another_host_is_a_link),
		UNIT_TEST(nor_is_there_a_link_in_a_link),
		UNIT_TEST(a_host_that_the_owner_named_is_loaded_from),
		UNIT_TEST(attributes_cannot_be_broken_out_of),
		UNIT_TEST(a_small_text_cannot_become_a_huge_page),
		UNIT_TEST(nor_a_deep_one),
		UNIT_TEST(what_lies_behind_the_text_is_not_read),
		UNIT_TEST(footnotes_stand_at_the_end),
		UNIT_TEST(a_note_may_refer_to_itself),
		UNIT_TEST(alerts_have_a_name),
		UNIT_TEST(a_table_scrolls_in_a_box_of_its_own),
#ifdef NIMBUS_HIGHLIGHT
		UNIT_TEST(blocks_of_code_are_in_colour),
#endif
		UNIT_TEST(hostile_notes_take_linear_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
