#include "browser/entry.h"

#include "model/schema.h"
#include "view/finder.h"
#include "view/page_diff.h"

static struct arena arena, lasting;
static struct buf out;
static struct str input, paths;

static int64_t no_time(void)
{
	return 0;
}

static void no_random(void *bytes, size_t count)
{
	memset(bytes, 0, count);
}

/* Views and decoders ask neither what time it is nor for chance. */
static const struct world world = {no_time, no_time, no_random, NULL};

static char *room(struct arena *a, size_t len, struct str *what)
{
	arena_done(a);
	arena_init(a);
	char *at = arena_raw(a, len + 1);
	*what = str_from(at, len);
	return at;
}

char *entry_begin(size_t len)
{
	char *at = room(&arena, len, &input);
	out = (struct buf){.arena = &arena};
	return at;
}

const char *entry_out(void)
{
	return out.at;
}

size_t entry_out_len(void)
{
	return out.len;
}

char *entry_paths(size_t len)
{
	return room(&lasting, len, &paths);
}

size_t entry_find(size_t len)
{
	static struct finder_hit hits[FINDER_HITS_MAX];
	struct str query = str_until(input, len);
	struct str base = str_cut(&query, '\0');
	size_t count = finder_find(paths, query, hits);
	view_finder(&out, base, hits, count);
	return count;
}

int entry_diff(size_t len, int split)
{
	struct ctx c;
	struct diff_page p;
	ctx_init(&c, &arena, &world);
	if (schema_decode(&c, &schema_diff_page, str_until(input, len), &p) ||
		!diff_is_sound(&p.diff)) {
		buf_cstr(&out, c.error.text);
		return 0;
	}
	view_diff_page(&out, &p, split);
	return 1;
}
