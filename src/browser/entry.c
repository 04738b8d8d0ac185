#include "browser/entry.h"

#include "model/schema.h"
#include "view/finder.h"
#include "view/page_diff.h"

static struct arena lasting;
static struct str paths;

char *entry_paths(size_t len)
{
	return entry_room(&lasting, len, &paths);
}

size_t entry_find(size_t len)
{
	static struct finder_hit hits[FINDER_HITS_MAX];
	struct str query = entry_input(len);
	struct str base = str_cut(&query, '\0');
	size_t count = finder_find(paths, query, hits);
	view_finder(entry_output(), base, hits, count);
	return count;
}

int entry_diff(size_t len, int split)
{
	struct ctx c;
	struct diff_page p;
	entry_ctx(&c);
	if (schema_decode(&c, &schema_diff_page, entry_input(len), &p) || !diff_is_sound(&p.diff)) {
		buf_cstr(entry_output(), c.error.text);
		return 0;
	}
	view_diff_page(entry_output(), &p, split);
	return 1;
}
