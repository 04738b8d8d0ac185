/* What the endpoints of OAuth are sent as a form, and what of it is read further: a body, as it came. */
#include "fuzz/fuzz.h"

#include "base/uri.h"
#include "model/device.h"

static void check_code(struct ctx *c, struct str typed)
{
	char code[USER_CODE_LEN], again[USER_CODE_LEN];
	if (!user_code_read(typed, code))
		return;
	for (size_t i = 0; i < USER_CODE_LEN; i++)
		ASSERT(memchr(USER_CODE_LETTERS, code[i], sizeof USER_CODE_LETTERS - 1));
	struct str text = user_code_text(c->arena, str_from(code, USER_CODE_LEN));
	ASSERT(user_code_read(text, again) && !memcmp(code, again, USER_CODE_LEN));
}

static void check_refresh(struct str text)
{
	struct str family, secret;
	if (!refresh_token_read(text, &family, &secret))
		return;
	ASSERT(family.len == REFRESH_FAMILY && secret.len == REFRESH_SECRET);
	ASSERT(secret.at == family.at + family.len && secret.at + secret.len == text.at + text.len);
}

/* A browser is sent nowhere but to this machine, whatever follows. */
static void check_redirect(struct str url)
{
	if (!redirect_is_loopback(url))
		return;
	ASSERT(str_skip(&url, STR("http://")));
	ASSERT(str_skip(&url, STR("127.0.0.1")) || str_skip(&url, STR("[::1]")) ||
		str_skip(&url, STR("localhost")));
	ASSERT(!url.len || url.at[0] == ':' || url.at[0] == '/');
	for (size_t i = 0; i < url.len; i++)
		ASSERT(url.at[i] > ' ' && url.at[i] < 0x7f);
}

static void fuzz_one(struct ctx *c, struct str input)
{
	static const char *const names[] = {"user_code", "refresh_token", "redirect_uri", "limits"};
	struct str value[4] = {{0}};
	struct scope scope;
	for (size_t i = 0; i < 4; i++)
		if (!uri_param(c->arena, input, str_of(names[i]), &value[i]))
			value[i] = input;
	check_code(c, value[0]);
	check_refresh(value[1]);
	check_redirect(value[2]);
	if (scope_parse(c, value[3], &scope))
		ASSERT(c->error.kind == ERR_INVALID || c->error.kind == ERR_TOO_BIG);
}
