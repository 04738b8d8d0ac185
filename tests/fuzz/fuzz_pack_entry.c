/*
 * The header of a pack's entry: what is read and written again is the same. And a whole object read
 * through a pack that is made of the input.
 */
#include "git/odb.h"

#include "base/buf.h"
#include "fuzz.h"

struct kept {
	struct sink sink;
	struct buf bytes;
};

static enum err keep(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	(void)c;
	buf_bytes(&((struct kept *)self)->bytes, bytes, len);
	return OK;
}

/* The header has one spelling for each size but for needless zero digits. */
static void check_header(struct ctx *c, struct str input)
{
	struct pack_entry entry, again;
	uint8_t head[10];
	if (pack_entry_parse(c, HASH_SHA1, input, 1 << 20, &entry))
		return;
	ASSERT(entry.data > entry.offset && entry.data <= entry.offset + input.len);
	if (entry.type > OBJECT_TAG)
		return;
	size_t len = pack_entry_header(entry.type, entry.size, head);
	ASSERT(len <= 10 && len <= entry.data - entry.offset);
	ASSERT(!pack_entry_parse(c, HASH_SHA1, str_from(head, len), 1 << 20, &again));
	ASSERT(again.type == entry.type && again.size == entry.size);
}

/* A pack with the input as its only bytes, in which two entries are said to lie. */
static void check_object(struct ctx *c, struct str input)
{
	struct buf pack = {.arena = c->arena};
	struct kept out = {{.write = keep}, {.arena = c->arena}};
	struct idx_entry entries[2] = {{.id = {.hash = {1}, .algo = HASH_SHA1}, .offset = 12},
		{.id = {.hash = {2}, .algo = HASH_SHA1}, .offset = 12 + input.len / 2}};
	static const uint8_t trailer[20];
	buf_bytes(&pack, "PACK\0\0\0\2\0\0\0\2", 12);
	buf_str(&pack, input);
	buf_bytes(&pack, trailer, 20);
	ASSERT(!idx_write(c, HASH_SHA1, entries, 2, trailer, &out.sink));
	struct extent_bytes bytes, idx;
	extent_bytes_init(&bytes, pack.at, pack.len);
	extent_bytes_init(&idx, out.bytes.at, out.bytes.len);
	struct pack *p = NULL;
	ASSERT(!pack_open(c, HASH_SHA1, &bytes.extent, &idx.extent, &p));
	struct odb odb = {.algo = HASH_SHA1, .packs = &p, .count = 1};
	struct odb_reader r;
	odb_reader_init(c, &r, &odb);
	r.object_max = 1 << 20;
	for (int i = 0; i < 2; i++) {
		struct object o;
		enum object_type type = OBJECT_NONE;
		uint64_t size = 0;
		if (odb_read(c, &r, &entries[i].id, &o))
			continue;
		ASSERT(o.bytes.len <= r.object_max);
		if (!odb_stat(c, &r, &entries[i].id, &type, &size))
			ASSERT(type == o.type && size == o.bytes.len);
		out.bytes = (struct buf){.arena = c->arena}; /* the index lies in the old one */
		if (!odb_stream(c, &r, &entries[i].id, &out.sink))
			ASSERT(str_eq(buf_view(&out.bytes), o.bytes));
	}
	pack_unref(p);
}

static void fuzz_one(struct ctx *c, struct str input)
{
	check_header(c, input);
	check_object(c, input);
}
