#include "core/pack_again.h"

struct again_source {
	struct source source;
	struct extent *bytes;
	uint64_t at;
};

static enum err again_append(struct ctx *c, struct spool *self, const void *bytes, size_t len)
{
	(void)c, (void)bytes;
	self->extent.size += len;
	return OK;
}

static enum err again_window(
	struct ctx *c, struct extent *self, uint64_t at, size_t len, const uint8_t **out)
{
	return extent_window(c, ((struct pack_again_spool *)self)->bytes, at, len, out);
}

static void again_close(struct extent *self)
{
	(void)self;
}

static enum err again_make(struct ctx *c, struct spool_maker *self, struct spool **out)
{
	struct pack_again *a = (struct pack_again *)self;
	if (a->given)
		return a->scratch.maker.make(c, &a->scratch.maker, out);
	a->given = true;
	*out = &a->own.spool;
	return OK;
}

static enum err again_read(struct ctx *c, struct source *self, void *into, size_t cap, size_t *got)
{
	struct again_source *s = (struct again_source *)self;
	const uint8_t *bytes;
	uint64_t left = s->bytes->size - s->at;
	*got = left < cap ? (size_t)left : cap;
	if (!*got)
		return OK;
	TRY(extent_window(c, s->bytes, s->at, *got, &bytes));
	memcpy(into, bytes, *got);
	s->at += *got;
	return OK;
}

enum err pack_again_receive(struct ctx *c, struct pack_again *a, struct blob *scratch,
	enum hash_algo algo, struct extent *bytes, struct receive_progress *progress)
{
	struct odb nothing = {.algo = algo};
	struct odb_reader known;
	struct again_source from = {{again_read}, bytes, 0};
	*a = (struct pack_again){
		.maker = {again_make},
		.own = {{.extent = {.window = again_window, .close = again_close},
				.append = again_append},
			bytes},
	};
	push_spools_init(&a->scratch, scratch, 0);
	odb_reader_init(c, &known, &nothing);
	const struct pack_receive in = {
		.algo = algo,
		.from = &from.source,
		.to_end = true,
		.spools = &a->maker,
		.known = &known,
		.object_max = UINT64_MAX >> 1,
		.pack_max = UINT64_MAX >> 1,
		.progress = progress,
	};
	return pack_receive(c, &in, &a->got);
}

void pack_again_done(struct pack_again *a)
{
	if (a->got.algo)
		pack_received_done(&a->got);
	a->got = (struct pack_received){0};
}
