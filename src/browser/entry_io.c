#include "browser/entry_io.h"

#include <string.h>

static struct arena arena;
static struct buf out;
static struct str input;

static int64_t no_time(void)
{
	return 0;
}

static void no_random(void *bytes, size_t count)
{
	memset(bytes, 0, count);
}

/* What is drawn here asks neither what time it is nor for chance: nobody else has a say in its tables. */
static const struct world world = {no_time, no_time, no_random, NULL};

char *entry_room(struct arena *a, size_t len, struct str *what)
{
	arena_done(a);
	arena_init(a);
	char *at = arena_raw(a, len + 1);
	*what = str_from(at, len);
	return at;
}

char *entry_begin(size_t len)
{
	char *at = entry_room(&arena, len, &input);
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

struct str entry_input(size_t len)
{
	return str_until(input, len);
}

struct buf *entry_output(void)
{
	return &out;
}

void entry_ctx(struct ctx *c)
{
	ctx_init(c, &arena, &world);
}
