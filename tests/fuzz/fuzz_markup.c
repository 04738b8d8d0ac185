#include "fuzz/fuzz.h"

#include "driver/driver.h"

static bool has(struct str html, const char *part)
{
	return str_find_str(html, str_of(part)) != html.len;
}

/* Each picture is the repository's own, or of a host that was named. */
static bool tells_nobody(struct str html, const struct image_hosts *hosts)
{
	struct str src = STR("src=\"");
	for (size_t at; at = str_find_str(html, src), at < html.len;) {
		html = str_from_index(html, at + src.len);
		if (!str_starts(html, STR("/r/raw/m/")) &&
			!image_hosts_allow(hosts, str_until(html, str_find(html, '"'))))
			return false;
	}
	return true;
}

/* Whatever is written: it ends, it is UTF-8, and no tag or attribute of the author's is in it. */
static void fuzz_one(struct ctx *c, struct str input)
{
	struct image_hosts hosts;
	ASSERT(image_hosts_parse(c, STR("img.example.org,b.example:8443"), &hosts) == OK);
	const struct markup_base base = {
		.links = STR("/r/blob/m/"),
		.images = STR("/r/raw/m/"),
		.links_root = STR("/r/blob/m/"),
		.images_root = STR("/r/raw/m/"),
		.image_hosts = input.len % 2 ? &hosts : NULL,
	};
	struct buf out = {.arena = c->arena};
	enum err err = markup_render(c, markup_md4c_open(), input, &base, &out);
	ASSERT(err == OK || err == ERR_TOO_BIG);
	struct str html = buf_view(&out);
	ASSERT(str_is_utf8(html));
	ASSERT(!has(html, "<script") && !has(html, "<svg") && !has(html, "<iframe"));
	ASSERT(!has(html, "href=\"javascript") && !has(html, "src=\"data:"));
	ASSERT(!has(html, "\" on") && !has(html, "<style"));
	ASSERT(tells_nobody(html, base.image_hosts));
}
