#include "model/repo.h"

static bool is_alnum(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9');
}

/* First segments of our own paths, now or soon: a repository of that name could not be reached. */
static bool is_reserved(struct str name)
{
	static const char *const words[] = {"account", "admin", "api", "assets", "auth",
		"collaborators", "device", "events", "explore", "favicon.ico", "healthz", "help",
		"internal", "invitation", "login", "logout", "metrics", "new", "new-password",
		"oauth", "plugins", "prove", "readyz", "robots.txt", "search", "settings",
		"sign-in", "sign-out", "static", "tokens", "users"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (str_eq_nocase(name, str_of(words[i])))
			return true;
	}
	return false;
}

static bool ends_nocase(struct str name, struct str suffix)
{
	return name.len >= suffix.len &&
	       str_eq_nocase(str_from_index(name, name.len - suffix.len), suffix);
}

enum err repo_name_check(struct ctx *c, struct str name)
{
	if (name.len == 0)
		return fail(c, ERR_INVALID, "a repository's name cannot be empty");
	if (name.len > REPO_NAME_MAX)
		return fail(c, ERR_INVALID,
			"a repository's name has at most %d characters, this one %zu",
			REPO_NAME_MAX, name.len);
	for (size_t i = 0; i < name.len; i++) {
		char byte = name.at[i];
		if (!is_alnum(byte) && byte != '.' && byte != '_' && byte != '-')
			return fail(c, ERR_INVALID,
				"a repository's name consists of letters, digits, '.', '_' and "
				"'-'");
	}
	if (!is_alnum(name.at[0]))
		return fail(c, ERR_INVALID, "the name \"%.*s\" must begin with a letter or digit",
			STR_FMT(name));
	if (name.at[name.len - 1] == '.' || ends_nocase(name, STR(".git")) ||
		ends_nocase(name, STR(".lock")))
		return fail(c, ERR_INVALID, "the name \"%.*s\" ends in '.', \".git\" or \".lock\"",
			STR_FMT(name));
	if (str_find_str(name, STR("..")) < name.len)
		return fail(c, ERR_INVALID, "the name \"%.*s\" holds \"..\"", STR_FMT(name));
	if (is_reserved(name))
		return fail(c, ERR_INVALID, "\"%.*s\" is a word that Nimbus uses itself",
			STR_FMT(name));
	return OK;
}

static bool ref_byte_ok(char byte)
{
	unsigned char b = (unsigned char)byte;
	return b > ' ' && b != 0x7f && !memchr("~^:?*[\\", b, 7);
}

static bool ref_component_ok(struct str part)
{
	if (part.len == 0 || part.at[0] == '.' || str_ends(part, STR(".lock")))
		return false;
	for (size_t i = 0; i < part.len; i++) {
		if (!ref_byte_ok(part.at[i]))
			return false;
	}
	return true;
}

bool ref_name_ok(struct str name)
{
	struct str rest = name;
	if (name.len > REF_NAME_MAX || !str_skip(&rest, STR("refs/")) || rest.len == 0)
		return false;
	if (name.at[name.len - 1] == '.' || name.at[name.len - 1] == '/')
		return false;
	if (str_find_str(name, STR("..")) < name.len || str_find_str(name, STR("@{")) < name.len)
		return false;
	while (rest.len) {
		if (!ref_component_ok(str_cut(&rest, '/')))
			return false;
	}
	return true;
}

enum err ref_name_check(struct ctx *c, struct str name)
{
	if (ref_name_ok(name))
		return OK;
	size_t shown = name.len < 200 ? name.len : 200;
	return fail(c, ERR_INVALID, "\"%.*s\" is not a valid ref name", (int)shown, name.at);
}

const char *visibility_name(enum visibility v)
{
	return v == VISIBILITY_PUBLIC ? "public" : "private";
}

bool visibility_parse(struct str text, enum visibility *out)
{
	bool public = str_is(text, "public");
	if (!public && !str_is(text, "private"))
		return false;
	*out = public ? VISIBILITY_PUBLIC : VISIBILITY_PRIVATE;
	return true;
}

const char *object_format_name(enum hash_algo algo)
{
	return algo == HASH_SHA256 ? "sha256" : "sha1";
}

bool object_format_parse(struct str text, enum hash_algo *out)
{
	bool sha256 = str_is(text, "sha256");
	if (!sha256 && !str_is(text, "sha1"))
		return false;
	*out = sha256 ? HASH_SHA256 : HASH_SHA1;
	return true;
}
