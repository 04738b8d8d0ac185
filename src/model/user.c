#include "model/user.h"

#include "model/minted.h"
#include "model/token.h"

static bool is_alnum_lower(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}

enum err username_check(struct ctx *c, struct str username)
{
	if (username.len == 0)
		return fail(c, ERR_INVALID, "a username cannot be empty");
	if (username.len > USERNAME_MAX)
		return fail(c, ERR_INVALID, "a username has at most %d characters, this one %zu",
			USERNAME_MAX, username.len);
	for (size_t i = 0; i < username.len; i++) {
		char byte = username.at[i];
		if (!is_alnum_lower(byte) && byte != '-' && byte != '_' && byte != '.')
			return fail(c, ERR_INVALID,
				"a username consists of a-z, 0-9, '-', '_' and '.', in lower case");
	}
	if (!is_alnum_lower(username.at[0]))
		return fail(c, ERR_INVALID,
			"the username \"%.*s\" must begin with a letter or digit",
			STR_FMT(username));
	return OK;
}

static char as_in_username(char byte)
{
	if (byte >= 'A' && byte <= 'Z')
		return (char)(byte - 'A' + 'a');
	return is_alnum_lower(byte) || byte == '.' || byte == '_' ? byte : '-';
}

/* What is of another alphabet falls away; of what is between, one mark is left. */
struct str username_derive(struct arena *a, struct str said)
{
	char *name = arena_alloc(a, USERNAME_DERIVED_MAX);
	size_t len = 0;
	said = str_until(said, str_find(said, '@'));
	for (size_t i = 0; i < said.len && len < USERNAME_DERIVED_MAX; i++) {
		char byte = as_in_username(said.at[i]);
		bool mark = !is_alnum_lower(byte);
		if ((unsigned char)said.at[i] >= 0x80)
			continue;
		if (!mark || (len && is_alnum_lower(name[len - 1])))
			name[len++] = byte;
	}
	while (len && !is_alnum_lower(name[len - 1]))
		len--;
	return len ? str_from(name, len) : STR("user");
}

/* As people count: a byte that is no UTF-8 is one too. */
static size_t count_characters(struct str text)
{
	size_t count = 0;
	for (; text.len; count++) {
		size_t len = str_utf8_len(text);
		text = str_from_index(text, len ? len : 1);
	}
	return count;
}

enum err password_check(struct ctx *c, struct str password)
{
	if (count_characters(password) < PASSWORD_MIN)
		return fail(c, ERR_INVALID, "a password has at least %d characters", PASSWORD_MIN);
	if (password.len > PASSWORD_MAX)
		return fail(c, ERR_INVALID, "a password has at most %d bytes", PASSWORD_MAX);
	if (memchr(password.at, 0, password.len))
		return fail(c, ERR_INVALID, "a password cannot hold a zero byte");
	if (secret_is_key(password))
		return fail(c, ERR_INVALID,
			"a password cannot begin with \"%s\" or \"%s\": that is how API keys begin",
			TOKEN_PREFIX, MINTED_PREFIX);
	return OK;
}
