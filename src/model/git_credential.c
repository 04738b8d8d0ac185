#include "model/git_credential.h"

enum err git_credential_read(struct ctx *c, struct str text, struct git_credential *out)
{
	struct str line;
	*out = (struct git_credential){0};
	if (text.len > GIT_CREDENTIAL_MAX)
		return fail(
			c, ERR_INVALID, "git asks with more than %d KiB", GIT_CREDENTIAL_MAX >> 10);
	if (str_find(text, 0) < text.len)
		return fail(c, ERR_INVALID, "git asks with a zero byte");
	while (str_line(&text, &line) && line.len) {
		struct str value = line;
		struct str key = str_cut(&value, '=');
		if (key.len == line.len)
			return fail(c, ERR_INVALID, "git asks with a line that has no \"=\"");
		if (str_is(key, "protocol"))
			out->protocol = value;
		else if (str_is(key, "host"))
			out->host = value;
		else if (str_is(key, "username"))
			out->username = value;
		else if (str_is(key, "password") || str_is(key, "credential"))
			out->secret = value;
		else if (str_is(key, "capability[]") && str_is(value, "authtype"))
			out->takes_authtype = true;
		else if (str_is(key, "capability[]") && !value.len)
			out->takes_authtype = false; /* an empty one takes back those before */
	}
	return OK;
}

static bool has_only(struct str text, const char *others)
{
	for (size_t i = 0; i < text.len; i++) {
		char b = text.at[i];
		bool word = (b >= 'a' && b <= 'z') || (b >= '0' && b <= '9');
		if (!word && str_find(str_of(others), b) == strlen(others))
			return false;
	}
	return text.len > 0;
}

/* A name, an address, or one of IPv6 in brackets; then a port or none. In lower case. */
static bool is_host(struct str host)
{
	uint64_t port;
	bool six = str_skip(&host, STR("["));
	size_t end = str_find(host, six ? ']' : ':');
	struct str name = str_until(host, end), rest = str_from_index(host, six ? end + 1 : end);
	bool ported = str_skip(&rest, STR(":"));
	if (!has_only(name, six ? ":." : "-._") || (six && end == host.len))
		return false;
	return ported ? rest.len <= 5 && str_to_u64(rest, &port) && port > 0 : !rest.len;
}

/* "127.0.0.1", "localhost" or "[::1]", with a port or without. */
static bool is_this_machine(struct str host)
{
	static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct str rest = host;
		if (str_skip(&rest, str_of(names[i])) && (!rest.len || rest.at[0] == ':'))
			return true;
	}
	return false;
}

static bool make_origin(struct arena *a, struct str protocol, struct str host, struct str *origin)
{
	struct buf out = {.arena = a};
	bool tls = str_eq_nocase(protocol, STR("https"));
	if (!tls && !str_eq_nocase(protocol, STR("http")))
		return false;
	buf_cstr(&out, tls ? "https://" : "http://");
	size_t begin = out.len;
	for (size_t i = 0; i < host.len; i++) {
		char b = host.at[i];
		buf_byte(&out, b >= 'A' && b <= 'Z' ? (char)(b - 'A' + 'a') : b);
	}
	struct str lower = str_from_index(buf_view(&out), begin);
	if (!is_host(lower) || !(tls || is_this_machine(lower)))
		return false;
	(void)str_skip_end(&lower, tls ? STR(":443") : STR(":80"));
	*origin = str_until(buf_view(&out), begin + lower.len);
	return origin->len <= ORIGIN_MAX;
}

bool git_credential_origin(struct arena *a, const struct git_credential *asked, struct str *origin)
{
	return make_origin(a, asked->protocol, asked->host, origin);
}

bool url_origin(struct arena *a, struct str url, struct str *origin)
{
	size_t at = str_find_str(url, STR("://"));
	if (at == url.len)
		return false;
	struct str host = str_from_index(url, at + 3);
	host = str_until(host, str_find(host, '/'));
	return make_origin(a, str_until(url, at), host, origin);
}

void git_credential_write(struct buf *out, const struct git_credential *asked,
	const struct git_credential_answer *answer)
{
	if (asked->takes_authtype)
		buf_fmt(out,
			"capability[]=authtype\nauthtype=Bearer\ncredential=%.*s\nephemeral=1\n",
			STR_FMT(answer->token));
	else
		buf_fmt(out, "username=%.*s\npassword=%.*s\n", STR_FMT(answer->username),
			STR_FMT(answer->token));
	buf_fmt(out, "password_expiry_utc=%lld\n", (long long)answer->ends);
}
