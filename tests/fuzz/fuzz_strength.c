/* The first line is what is known of a person, the rest a password: any bytes are judged. */
#include "fuzz/fuzz.h"

#include "driver/driver.h"

static void fuzz_one(struct ctx *c, struct str input)
{
	struct strength *s = strength_zxcvbn_open();
	struct str known = str_cut(&input, '\n');
	struct strength_verdict v = strength_judge(c, s, input, &known, 1);
	ASSERT(v.score >= 0 && v.score <= 4 && v.reason && *v.reason);
	enum err kind = strength_check(c, s, input, &known, 1);
	ASSERT(kind == (v.score < STRENGTH_ENOUGH ? ERR_INVALID : OK));
	strength_close(s);
}
