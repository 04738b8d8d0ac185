#include "driver/blob_key.h"

#include "base/str.h"

static bool segment_ok(struct str s)
{
	if (s.len == 0 || str_is(s, ".") || str_is(s, ".."))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char b = s.at[i];
		if (!((b >= 'a' && b <= 'z') || (b >= '0' && b <= '9') || b == '.' || b == '_' ||
			    b == '-'))
			return false;
	}
	return true;
}

enum err blob_key_check(struct ctx *c, const char *key)
{
	struct str rest = str_of(key);
	bool ok = rest.len > 0 && rest.len <= BLOB_KEY_MAX && rest.at[rest.len - 1] != '/';
	while (ok && rest.len)
		ok = segment_ok(str_cut(&rest, '/'));
	return ok ? OK : fail(c, ERR_INVALID, "\"%.100s\" is not a key of a blob", key);
}
