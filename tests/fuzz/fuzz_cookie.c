/* A Cookie header: the value lies in it, after the name, up to the next ';'. */
#include "fuzz/fuzz.h"

#include "web/credentials.h"

static void fuzz_one(struct ctx *c, struct str input)
{
	(void)c;
	static const struct str name = {"nimbus", 6};
	struct str value = credentials_cookie(input, name);
	if (!value.len)
		return;
	ASSERT(value.at >= input.at + name.len + 1);
	ASSERT(value.at + value.len <= input.at + input.len);
	ASSERT(str_find(value, ';') == value.len);
	ASSERT(value.at[-1] == '=' && str_eq(str_from(value.at - 1 - name.len, name.len), name));
	const char *before = value.at - 1 - name.len;
	while (before > input.at &&
		(before[-1] == ' ' || (before[-1] >= '\t' && before[-1] <= '\r')))
		before--;
	ASSERT(before == input.at || before[-1] == ';');
}
