#include "browser/entry_kept.h"

#include "browser/kept.h"

static struct arena pack_arena, index_arena, lasting;
static struct str pack, idx;
static struct kept kept;

char *entry_pack(size_t len)
{
	return entry_room(&pack_arena, len, &pack);
}

char *entry_index(size_t len)
{
	return entry_room(&index_arena, len, &idx);
}

int entry_make_index(int algo)
{
	struct ctx c;
	struct buf *out = entry_output();
	(void)entry_begin(0);
	entry_ctx(&c);
	if (kept_index(&c, algo == HASH_SHA256 ? HASH_SHA256 : HASH_SHA1, pack, out) == OK)
		return 1;
	out->len = 0;
	buf_cstr(out, c.error.text);
	return 0;
}

/* What is opened outlives the call, and so does the copy of the facts. */
int entry_open(size_t len)
{
	struct ctx c, lasts;
	struct str facts;
	entry_ctx(&c);
	lasts = c;
	lasts.arena = &lasting;
	struct str input = entry_input(len);
	memcpy(entry_room(&lasting, input.len, &facts), input.at, input.len);
	if (kept_open(&lasts, facts, pack, idx, &kept) == OK)
		return 1;
	buf_cstr(entry_output(), lasts.error.text);
	return 0;
}

int entry_page(size_t len)
{
	struct ctx c;
	struct str rest = entry_input(len);
	struct kept_ask ask = {.path = str_cut(&rest, '\0')};
	uint64_t now = 0;
	entry_ctx(&c);
	ask.query = str_cut(&rest, '\0');
	(void)str_to_u64(rest, &now);
	ask.now = (int64_t)now;
	return kept_page(&c, &kept, &ask, entry_output());
}
