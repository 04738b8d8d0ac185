/* What became of a ref, in words. */
#include "view/page_refs.h"

static bool is_under(const struct activity *a, const char *folder)
{
	return str_starts(a->change.name, str_of(folder));
}

const char *activity_words(const struct activity *a)
{
	bool branch = is_under(a, "refs/heads/"), tag = is_under(a, "refs/tags/");
	if (oid_is_zero(&a->change.old))
		return branch ? "made the branch" : tag ? "made the tag" : "made";
	if (oid_is_zero(&a->change.new))
		return branch ? "deleted the branch" : tag ? "deleted the tag" : "deleted";
	return branch ? "pushed to" : "moved";
}

struct str activity_ref(const struct activity *a)
{
	struct str name = a->change.name;
	if (!str_skip(&name, STR("refs/heads/")))
		(void)str_skip(&name, STR("refs/tags/"));
	return name;
}
