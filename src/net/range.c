#include "net/range.h"

/* The last `count` bytes. */
static enum http_range suffix(uint64_t count, uint64_t size, uint64_t *at, uint64_t *len)
{
	if (!count || !size)
		return HTTP_RANGE_OUTSIDE;
	*len = count < size ? count : size;
	*at = size - *len;
	return HTTP_RANGE_PART;
}

enum http_range http_range(struct str value, uint64_t size, uint64_t *at, uint64_t *len)
{
	struct str last = value;
	uint64_t from = 0, to = UINT64_MAX;
	*at = 0;
	*len = size;
	if (!str_eq_nocase(str_cut(&last, '='), STR("bytes")) || str_find(last, '-') == last.len)
		return HTTP_RANGE_ALL;
	struct str first = str_cut(&last, '-');
	if ((first.len && !str_to_u64(first, &from)) || (last.len && !str_to_u64(last, &to)))
		return HTTP_RANGE_ALL;
	if (!first.len)
		return last.len ? suffix(to, size, at, len) : HTTP_RANGE_ALL;
	if (to < from)
		return HTTP_RANGE_ALL;
	if (from >= size)
		return HTTP_RANGE_OUTSIDE;
	*at = from;
	*len = (to < size - 1 ? to + 1 : size) - from;
	return HTTP_RANGE_PART;
}
