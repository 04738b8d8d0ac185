#include "fuzz/fuzz.h"

#include "driver/driver.h"

static bool has(struct str html, const char *part)
{
	return str_find_str(html, str_of(part)) != html.len;
}

/* Whatever is written: it ends, it is UTF-8, and no tag or attribute of the author's is in it. */
static void fuzz_one(struct ctx *c, struct str input)
{
	const struct markup_base base = {
		STR("/r/blob/m/"), STR("/r/raw/m/"), STR("/r/blob/m/"), STR("/r/raw/m/"), NULL};
	struct buf out = {.arena = c->arena};
	enum err err = markup_render(c, markup_md4c_open(), input, &base, &out);
	ASSERT(err == OK || err == ERR_TOO_BIG);
	struct str html = buf_view(&out);
	ASSERT(str_is_utf8(html));
	ASSERT(!has(html, "<script") && !has(html, "<svg") && !has(html, "<iframe"));
	ASSERT(!has(html, "href=\"javascript") && !has(html, "src=\"data:"));
	ASSERT(!has(html, "\" on") && !has(html, "<style"));
}
