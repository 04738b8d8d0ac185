#include "fuzz/fuzz.h"

#include "net/range.h"

/* The size is what stands before the first '\n'. */
static void fuzz_one(struct ctx *c, struct str input)
{
	struct str value = input, text = str_cut(&value, '\n');
	uint64_t size = 0, at = 1, len = 1;
	(void)c;
	(void)str_to_u64(text, &size);
	switch (http_range(value, size, &at, &len)) {
	case HTTP_RANGE_ALL: ASSERT(at == 0 && len == size); break;
	case HTTP_RANGE_PART: ASSERT(len && at < size && len <= size - at); break;
	case HTTP_RANGE_OUTSIDE: break;
	}
}
