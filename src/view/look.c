#include "base/uri.h"
#include "view/page_diff.h"

static struct str value_of(struct arena *a, struct str query, const char *name)
{
	struct str value;
	return uri_param(a, query, str_of(name), &value) ? value : STR("");
}

void view_look_read(struct arena *a, struct str query, struct diff_look *out)
{
	struct str white = value_of(a, query, "w");
	uint64_t context, parent;
	*out = (struct diff_look){.split = str_is(value_of(a, query, "view"), "split")};
	if (str_is(white, "1"))
		out->wish.white = DIFF_WHITE_NONE;
	else if (str_is(white, "end"))
		out->wish.white = DIFF_WHITE_WITHIN;
	if (str_to_u64(value_of(a, query, "context"), &context) && context <= DIFF_CONTEXT_MAX)
		out->wish.context = (uint32_t)context;
	out->wish.only = value_of(a, query, "file");
	if (str_to_u64(value_of(a, query, "parent"), &parent) && parent <= UINT32_MAX)
		out->wish.parent = (uint32_t)parent;
}
