#include "driver/login_url.h"

#include "base/uri.h"

/* What is in the URL is encoded already. */
static void put(struct buf *out, struct str text, struct str own)
{
	if (text.len)
		uri_encode(out, text);
	else
		buf_str(out, own);
}

const char *login_url(struct arena *a, const struct secret_values *login)
{
	struct str url = login->parts[0].text, user = login->parts[1].text;
	struct str password = login->parts[2].text, own = {0};
	size_t begin = str_find_str(url, STR("://")) + 3, end = begin;
	if (begin > url.len || (!user.len && !password.len))
		return str_dup(a, url);
	while (end < url.len && !memchr("/?#", url.at[end], 3))
		end++;
	struct str place = str_from(url.at + begin, end - begin);
	size_t at = str_find_last(place, '@');
	if (at < place.len) {
		own = str_until(place, at);
		place = str_from_index(place, at + 1);
	}
	struct str own_user = str_cut(&own, ':');
	struct buf out = {.arena = a};
	buf_str(&out, str_until(url, begin));
	put(&out, user, own_user);
	buf_byte(&out, ':');
	put(&out, password, own);
	buf_byte(&out, '@');
	buf_str(&out, place);
	buf_str(&out, str_from_index(url, end));
	return buf_text(&out);
}
