#include "fuzz/fuzz.h"

#include "base/date.h"

/* What is read as a time is written, within the years that four digits can say, and read again. */
static void fuzz_one(struct ctx *c, struct str input)
{
	const int64_t first = -62135596800, last = 253402300799;
	int64_t seconds = 0, again = 0;
	char text[24];
	(void)c;
	if (!date_parse(input, &seconds) || seconds < first || seconds > last)
		return;
	date_rfc3339(seconds, text);
	ASSERT(date_parse(str_of(text), &again) && again == seconds);
}
