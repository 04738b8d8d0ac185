/* The first line is an expression, the rest the text: a match lies within it, and comes in time. */
#include "fuzz/fuzz.h"

#include "driver/driver.h"

enum { MICROS = 20000, PATIENCE = 2000000 };

static void fuzz_one(struct ctx *c, struct str input)
{
	struct regex *r;
	struct regex_match m;
	struct str pattern = str_cut(&input, '\n'), text = str_until(input, REGEX_TEXT_MAX);
	int64_t begin = c->world->monotonic();
	enum err kind = regex_compile(c, regex_pcre2_open(), pattern, text.len & 1, &r);
	ASSERT(kind == OK || kind == ERR_INVALID);
	if (kind)
		return;
	for (size_t from = 0; from <= text.len; from = m.at + (m.len ? m.len : 1)) {
		kind = regex_find(c, r, text, from, begin + MICROS, &m);
		ASSERT(kind == OK || kind == ERR_TIMEOUT);
		if (kind || !m.found)
			break;
		ASSERT(m.at >= from && m.at + m.len <= text.len);
	}
	regex_close(&r);
	ASSERT(c->world->monotonic() - begin < PATIENCE);
}
