#include "git/pack_new.h"

#include "base/buf.h"
#include "git/pack.h"

enum { PACK_HEAD = 12, PACK_VERSION = 2, LEVEL = 6, PIECE = 64 << 10 };

enum err pack_new_begin(
	struct ctx *c, struct pack_new *p, enum hash_algo algo, uint32_t count, struct sink *to)
{
	uint8_t head[PACK_HEAD] = "PACK";
	*p = (struct pack_new){.left = count, .buffer = arena_raw(c->arena, PIECE)};
	hashing_init(c, &p->out, algo, to);
	put_be32(head + 4, PACK_VERSION);
	put_be32(head + 8, count);
	return sink_write(c, &p->out.sink, head, sizeof head);
}

/* One step of the stream: its lengths say what it took. */
static enum err squeeze(
	struct ctx *c, struct pack_new *p, struct zip_io *io, bool finish, bool *done)
{
	io->out = p->buffer;
	io->out_len = PIECE;
	TRY(deflate_step(c, p->zip, io, finish, done));
	return sink_write(c, &p->out.sink, p->buffer, io->out_len);
}

static enum err deflate_all(struct ctx *c, struct pack_new *p, struct extent *content)
{
	bool done = false;
	for (uint64_t at = 0; !done;) {
		uint64_t left = content->size - at;
		size_t len = left < PIECE ? (size_t)left : PIECE;
		const uint8_t *bytes = NULL;
		if (len)
			TRY(extent_window(c, content, at, len, &bytes));
		struct zip_io io = {.in = bytes, .in_len = len};
		TRY(squeeze(c, p, &io, left == len, &done));
		at += io.in_len;
		TRY(ctx_check(c));
	}
	return OK;
}

enum err pack_new_object(
	struct ctx *c, struct pack_new *p, enum object_type type, struct extent *content)
{
	uint8_t head[10];
	ASSERT(p->left);
	p->left--;
	size_t len = pack_entry_header(type, content->size, head);
	TRY(sink_write(c, &p->out.sink, head, len));
	deflate_close(p->zip);
	p->zip = NULL;
	TRY(deflate_open(c, ZIP_ZLIB, LEVEL, &p->zip));
	return deflate_all(c, p, content);
}

enum err pack_new_end(struct ctx *c, struct pack_new *p)
{
	ASSERT(p->left == 0);
	return hashing_end(c, &p->out, NULL);
}

void pack_new_close(struct pack_new *p)
{
	deflate_close(p->zip);
	p->zip = NULL;
}
