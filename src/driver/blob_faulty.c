/* A decorator that lets a chosen operation on blobs fail, windows and appends included. */
#include "driver/driver.h"
#include "driver/faulty.h"

struct blob_faulty {
	struct blob blob;
	struct blob *inner;
	struct faulty faulty;
};

struct faulty_file {
	struct spool spool; /* or its extent alone */
	struct extent *inner;
	struct blob_faulty *store;
};

static enum err file_window(
	struct ctx *c, struct extent *self, uint64_t at, size_t len, const uint8_t **out)
{
	struct faulty_file *f = (struct faulty_file *)self;
	TRY(faulty_pass(c, &f->store->faulty, "reading a blob"));
	return extent_window(c, f->inner, at, len, out);
}

static enum err file_file(
	struct ctx *c, struct extent *self, uint64_t at, size_t len, struct extent_file *out)
{
	struct faulty_file *f = (struct faulty_file *)self;
	TRY(faulty_pass(c, &f->store->faulty, "reading a blob"));
	return extent_file(c, f->inner, at, len, out);
}

static void file_close(struct extent *self)
{
	struct faulty_file *f = (struct faulty_file *)self;
	extent_close(f->inner);
	host_free(f, sizeof *f);
}

static enum err file_append(struct ctx *c, struct spool *self, const void *bytes, size_t len)
{
	struct faulty_file *f = (struct faulty_file *)self;
	TRY(faulty_pass(c, &f->store->faulty, "writing a blob"));
	TRY(spool_append(c, (struct spool *)f->inner, bytes, len));
	self->extent.size = f->inner->size;
	return OK;
}

static struct faulty_file *wrap(struct blob_faulty *store, struct extent *inner)
{
	struct faulty_file *f = host_alloc(sizeof *f);
	*f = (struct faulty_file){
		.spool = {{inner->size, file_window, file_close, file_file, false}, file_append},
		.inner = inner,
		.store = store,
	};
	return f;
}

static enum err faulty_open(struct ctx *c, struct blob *self, const char *key, struct extent **out)
{
	struct blob_faulty *store = (struct blob_faulty *)self;
	TRY(faulty_pass(c, &store->faulty, "opening a blob"));
	struct extent *inner;
	TRY(blob_open(c, store->inner, key, &inner));
	*out = &wrap(store, inner)->spool.extent;
	return OK;
}

static enum err faulty_create(struct ctx *c, struct blob *self, struct spool **out)
{
	struct blob_faulty *store = (struct blob_faulty *)self;
	TRY(faulty_pass(c, &store->faulty, "making a blob"));
	struct spool *inner;
	TRY(blob_create(c, store->inner, &inner));
	*out = &wrap(store, &inner->extent)->spool;
	return OK;
}

static enum err faulty_publish(
	struct ctx *c, struct blob *self, struct spool *spool, const char *key)
{
	struct blob_faulty *store = (struct blob_faulty *)self;
	TRY(faulty_pass(c, &store->faulty, "publishing a blob"));
	struct faulty_file *f = (struct faulty_file *)spool;
	return blob_publish(c, store->inner, (struct spool *)f->inner, key);
}

static enum err faulty_remove(struct ctx *c, struct blob *self, const char *key)
{
	struct blob_faulty *store = (struct blob_faulty *)self;
	TRY(faulty_pass(c, &store->faulty, "removing a blob"));
	return blob_remove(c, store->inner, key);
}

static enum err faulty_list(
	struct ctx *c, struct blob *self, const char *prefix, blob_visit *visit, void *arg)
{
	struct blob_faulty *store = (struct blob_faulty *)self;
	TRY(faulty_pass(c, &store->faulty, "listing blobs"));
	return blob_list(c, store->inner, prefix, visit, arg);
}

static void faulty_close(struct blob *self)
{
	host_free(self, sizeof(struct blob_faulty));
}

static const struct blob_ops faulty_ops = {
	.open = faulty_open,
	.create = faulty_create,
	.publish = faulty_publish,
	.remove = faulty_remove,
	.list = faulty_list,
	.close = faulty_close,
};

struct blob *blob_faulty_open(struct blob *inner)
{
	struct blob_faulty *store = host_alloc(sizeof *store);
	*store = (struct blob_faulty){.blob.ops = &faulty_ops, .inner = inner};
	return &store->blob;
}

void blob_faulty_set(struct blob *faulty, int64_t n, enum err kind)
{
	faulty_set(&((struct blob_faulty *)faulty)->faulty, n, kind);
}

int64_t blob_faulty_count(struct blob *faulty)
{
	return faulty_count(&((struct blob_faulty *)faulty)->faulty);
}
