#include "core/push_spool.h"

#include "base/host.h"

struct push_spool {
	struct spool spool;
	struct blob *blob;
	uint8_t *memory; /* stays when the bytes move on: windows may point into it */
	size_t cap;
	struct spool *file; /* NULL: all is in memory */
};

static enum err push_spool_window(
	struct ctx *c, struct extent *self, uint64_t at, size_t len, const uint8_t **out)
{
	struct push_spool *s = (struct push_spool *)self;
	if (s->file)
		return extent_window(c, &s->file->extent, at, len, out);
	if (at > self->size || len > self->size - at)
		return fail(c, ERR_CORRUPT, "bytes beyond the end were asked for");
	*out = s->memory + at;
	return OK;
}

static void push_spool_close(struct extent *self)
{
	struct push_spool *s = (struct push_spool *)self;
	if (s->file)
		extent_close(&s->file->extent);
	if (s->memory)
		host_free(s->memory, s->cap);
	host_free(s, sizeof *s);
}

static enum err move_to_file(struct ctx *c, struct push_spool *s)
{
	struct spool *file = NULL;
	if (s->file)
		return OK;
	TRY(blob_create(c, s->blob, &file));
	enum err err = spool_append(c, file, s->memory, (size_t)s->spool.extent.size);
	if (err) {
		extent_close(&file->extent);
		return err;
	}
	s->file = file;
	return OK;
}

static enum err push_spool_append(struct ctx *c, struct spool *self, const void *bytes, size_t len)
{
	struct push_spool *s = (struct push_spool *)self;
	if (!s->file && len > s->cap - self->extent.size)
		TRY(move_to_file(c, s));
	if (s->file)
		TRY(spool_append(c, s->file, bytes, len));
	else if (len)
		memcpy(s->memory + self->extent.size, bytes, len);
	self->extent.size += len;
	return OK;
}

static enum err push_spools_make(struct ctx *c, struct spool_maker *self, struct spool **out)
{
	struct push_spools *all = (struct push_spools *)self;
	struct push_spool *s = host_alloc(sizeof *s);
	(void)c;
	*s = (struct push_spool){
		.spool = {.extent = {.window = push_spool_window, .close = push_spool_close},
			.append = push_spool_append},
		.blob = all->blob,
		.cap = (size_t)all->memory_max + 1,
	};
	s->memory = host_alloc(s->cap);
	*out = &s->spool;
	return OK;
}

void push_spools_init(struct push_spools *s, struct blob *blob, uint64_t memory_max)
{
	*s = (struct push_spools){{push_spools_make}, blob, memory_max};
}

bool push_spool_bytes(const struct spool *spool, struct str *out)
{
	const struct push_spool *s = (const struct push_spool *)spool;
	*out = str_from(s->memory, (size_t)spool->extent.size);
	return !s->file;
}

enum err push_spool_publish(struct ctx *c, struct spool *spool, const char *key)
{
	struct push_spool *s = (struct push_spool *)spool;
	TRY(move_to_file(c, s));
	return blob_publish(c, s->blob, s->file, key);
}
