#include "fuzz/fuzz.h"

#include "core/browse_text.h"
#include "driver/driver.h"

/* Whatever a file called so holds: it is read to its end or is said to be nothing of the kind, within the caps. */
static void fuzz_one(struct ctx *c, struct str input)
{
	struct core core = {.markup = markup_md4c_open()};
	struct browse b = {.core = &core, .repo.name = STR("r")};
	struct revision rev = {.text = STR("main")};
	struct file file = {.path = STR("a.csv"), .name = STR("a.csv"), .bytes = input};
	const struct text_table *t;
	const struct notebook *n;
	ASSERT(browse_records(c, &file, &t) == OK);
	for (size_t i = 0; t && i < t->count; i++)
		ASSERT(t->at[i].count >= 1 && t->at[i].count <= t->columns && t->columns <= 50);
	ASSERT(browse_notebook(c, &b, &rev, &file, &n) == OK);
	ASSERT(!n || n->count <= n->total);
}
