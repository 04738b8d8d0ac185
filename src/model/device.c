#include "model/device.h"

#include "base/arena.h"
#include "base/buf.h"

enum { REDIRECT_MAX = 500 };

static const struct client {
	const char *id, *name;
} clients[] = {
	{"nimbus", "Nimbus for git"},
	{"git-credential-oauth", "git-credential-oauth"},
};

const char *device_client_name(struct str client)
{
	for (size_t i = 0; i < sizeof clients / sizeof *clients; i++)
		if (str_is(client, clients[i].id))
			return clients[i].name;
	return NULL;
}

bool user_code_read(struct str typed, char out[USER_CODE_LEN])
{
	size_t len = 0;
	for (size_t i = 0; i < typed.len; i++) {
		char letter = typed.at[i];
		if (letter == '-' || letter == ' ')
			continue;
		if (letter >= 'a' && letter <= 'z')
			letter = (char)(letter - 'a' + 'A');
		if (len == USER_CODE_LEN ||
			!memchr(USER_CODE_LETTERS, letter, sizeof USER_CODE_LETTERS - 1))
			return false;
		out[len++] = letter;
	}
	return len == USER_CODE_LEN;
}

struct str user_code_text(struct arena *a, struct str code)
{
	enum { HALF = USER_CODE_LEN / 2 };
	return str_of(arena_fmt(a, "%.*s-%.*s", STR_FMT(str_until(code, HALF)),
		STR_FMT(str_from_index(code, HALF))));
}

static bool is_word(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char b = text.at[i];
		if (!((b >= '0' && b <= '9') || (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z')))
			return false;
	}
	return true;
}

bool refresh_token_read(struct str text, struct str *family, struct str *secret)
{
	if (!str_skip(&text, STR(REFRESH_PREFIX)) || text.len != REFRESH_FAMILY + REFRESH_SECRET ||
		!is_word(text))
		return false;
	*family = str_until(text, REFRESH_FAMILY);
	*secret = str_from_index(text, REFRESH_FAMILY);
	return true;
}

static bool skip_host(struct str *url)
{
	return str_skip(url, STR("http://127.0.0.1")) || str_skip(url, STR("http://[::1]")) ||
	       str_skip(url, STR("http://localhost"));
}

bool redirect_is_loopback(struct str url)
{
	uint64_t port;
	if (url.len > REDIRECT_MAX || !skip_host(&url))
		return false;
	size_t slash = str_find(url, '/');
	struct str number = str_until(url, slash), path = str_from_index(url, slash);
	if (number.len && (!str_skip(&number, STR(":")) || !str_to_u64(number, &port) ||
				  port == 0 || port > 65535))
		return false;
	for (size_t i = 0; i < path.len; i++)
		if (path.at[i] <= ' ' || path.at[i] >= 0x7f || memchr("#\"'<>\\;,", path.at[i], 8))
			return false;
	return true;
}
