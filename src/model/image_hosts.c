#include "model/image_hosts.h"

#include "base/buf.h"

static bool is_letter_or_digit(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9');
}

/* RFC 1123, 2.1: labels of letters, digits and hyphens inside. */
static bool is_host_name(struct str name)
{
	char before = '.';
	for (size_t i = 0; i < name.len; i++) {
		char byte = name.at[i];
		bool inside = is_letter_or_digit(byte) || (byte == '-' && before != '.') ||
			      (byte == '.' && before != '.' && before != '-');
		if (!inside)
			return false;
		before = byte;
	}
	return name.len && name.len <= HOST_NAME_MAX_BYTES && is_letter_or_digit(before);
}

static bool is_host(struct str host)
{
	uint64_t port;
	struct str rest = host, name = str_cut(&rest, ':');
	bool has_port = name.len < host.len;
	return is_host_name(name) &&
	       (!has_port || (str_to_u64(rest, &port) && port && port <= UINT16_MAX));
}

static bool is_among(const struct image_hosts *all, struct str host)
{
	for (size_t i = 0; i < all->count; i++)
		if (str_eq_nocase(all->at[i], host))
			return true;
	return false;
}

enum err image_hosts_parse(struct ctx *c, struct str text, struct image_hosts *out)
{
	struct str *hosts = NEW_ARRAY(c->arena, struct str, IMAGE_HOSTS_MAX);
	struct buf sources = {.arena = c->arena};
	*out = (struct image_hosts){.at = hosts};
	while (text.len) {
		struct str host = str_trim(str_cut(&text, ','));
		(void)str_skip_end(&host, STR(":443"));
		if (!is_host(host))
			return fail(c, ERR_INVALID,
				"\"%.*s\" is no host: its name alone is expected, such as "
				"img.example.org, or with a port, img.example.org:8443",
				STR_FMT(host));
		if (is_among(out, host))
			return fail(c, ERR_INVALID, "%.*s is there twice", STR_FMT(host));
		if (out->count == IMAGE_HOSTS_MAX)
			return fail(c, ERR_INVALID, "more than %d hosts", IMAGE_HOSTS_MAX);
		hosts[out->count++] = host;
		buf_fmt(&sources, " https://%.*s", STR_FMT(host));
	}
	out->sources = buf_view(&sources);
	return OK;
}

/* The length of "https:" or "http:", or 0. */
static size_t scheme_len(struct str url)
{
	struct str secure = STR("https:"), plain = STR("http:");
	if (str_eq_nocase(str_until(url, secure.len), secure))
		return secure.len;
	return str_eq_nocase(str_until(url, plain.len), plain) ? plain.len : 0;
}

struct str image_host_of(struct str url)
{
	size_t scheme = scheme_len(url), end = 0;
	url = str_from_index(url, scheme);
	/* Any number of slashes is two to a browser. */
	while (scheme && str_skip(&url, STR("/")))
		;
	while (scheme && end < url.len && !memchr("/?#", url.at[end], 3))
		end++;
	struct str host = str_until(url, end);
	size_t at = str_find_last(host, '@');
	if (at < host.len)
		host = str_from_index(host, at + 1);
	(void)str_skip_end(&host, scheme == STR("https:").len ? STR(":443") : STR(":80"));
	return host;
}

bool image_hosts_allow(const struct image_hosts *all, struct str url)
{
	struct str secure = STR("https:");
	return all && str_eq_nocase(str_until(url, secure.len), secure) &&
	       is_among(all, image_host_of(url));
}
