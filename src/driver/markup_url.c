#include "driver/markup_url.h"

/* The length of "scheme" in "scheme:…", or 0. White space and controls never get as far as here. */
static size_t scheme_len(struct str url)
{
	size_t colon = str_find(url, ':');
	if (colon == url.len)
		return 0;
	for (size_t i = 0; i < colon; i++)
		if (memchr("/?#", url.at[i], 3))
			return 0;
	return colon;
}

/* Browsers drop tabs and newlines inside of a URL, and controls and spaces around it: so do we. */
static struct str cleaned(struct arena *a, struct str url)
{
	struct buf out = {.arena = a};
	for (size_t i = 0; i < url.len; i++)
		if ((unsigned char)url.at[i] >= ' ' && url.at[i] != 0x7f)
			buf_byte(&out, url.at[i]);
	return str_trim(buf_view(&out));
}

/* Backslashes are slashes to a browser: written as what they are, so that nobody is misled. */
static void put_encoded(struct buf *out, struct str url)
{
	for (size_t i = 0; i < url.len; i++) {
		unsigned char byte = (unsigned char)url.at[i];
		if (byte <= ' ' || byte >= 0x7f || memchr("\"<>\\^`{|}", byte, 9))
			buf_fmt(out, "%%%02x", byte);
		else
			buf_byte(out, (char)byte);
	}
}

static bool allowed(struct str scheme, bool image)
{
	if (str_eq_nocase(scheme, STR("https")) || str_eq_nocase(scheme, STR("http")))
		return true;
	return !image && str_eq_nocase(scheme, STR("mailto"));
}

enum markup_url markup_url(
	struct buf *out, const struct markup_base *base, struct str url, bool image)
{
	url = cleaned(out->arena, url);
	size_t scheme = scheme_len(url);
	if (scheme || (url.len && url.at[0] == ':')) {
		if (!allowed(str_until(url, scheme), image))
			return URL_REFUSED;
		put_encoded(out, url);
		return URL_ELSEWHERE;
	}
	if (str_starts(url, STR("//"))) {
		buf_cstr(out, "https:");
		put_encoded(out, url);
		return URL_ELSEWHERE;
	}
	if (url.len && url.at[0] == '#') {
		put_encoded(out, url);
		return image ? URL_REFUSED : URL_LOCAL;
	}
	bool root = str_skip(&url, STR("/"));
	while (str_skip(&url, STR("./")) || (root && str_skip(&url, STR("/"))))
		;
	if (image)
		buf_str(out, root ? base->images_root : base->images);
	else
		buf_str(out, root ? base->links_root : base->links);
	put_encoded(out, url);
	return URL_LOCAL;
}
