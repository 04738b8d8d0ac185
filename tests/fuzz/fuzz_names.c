/* Names from outside: what passes is harmless in a path, a URL, a log line and a blob key. */
#include "fuzz/fuzz.h"

#include "base/buf.h"
#include "driver/blob_key.h"
#include "model/repo.h"
#include "model/user.h"

static bool holds(struct str s, const char *part)
{
	return str_find_str(s, str_of(part)) < s.len;
}

static bool harmless(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char b = (unsigned char)s.at[i];
		if (b <= ' ' || b == 0x7f || b == '\\' || b == ':')
			return false;
	}
	return s.len > 0 && !holds(s, "..") && s.at[0] != '/' && s.at[s.len - 1] != '/' &&
	       s.at[0] != '-' && s.at[0] != '.';
}

static void fuzz_one(struct ctx *c, struct str input)
{
	if (repo_name_check(c, input) == OK)
		ASSERT(harmless(input) && !holds(input, "/") && input.len <= REPO_NAME_MAX &&
			!str_ends(input, STR(".git")));
	if (username_check(c, input) == OK)
		ASSERT(!holds(input, "/") && input.len <= USERNAME_MAX && str_is_utf8(input));
	if (ref_name_check(c, input) == OK)
		ASSERT(harmless(input) && str_starts(input, STR("refs/")) && !holds(input, "//") &&
			!holds(input, "/.") && !holds(input, ".lock/") && !holds(input, "@{") &&
			input.len <= REF_NAME_MAX);
	if (blob_key_check(c, str_dup(c->arena, input)) == OK && !memchr(input.at, 0, input.len))
		ASSERT(!holds(input, "/../") && !str_starts(input, STR("../")) &&
			!str_ends(input, STR("/..")) && !str_is(input, "..") &&
			!str_starts(input, STR("/")));
}
