/* The files of a revision as one file to take away. */
#include "core/browse.h"

#include "base/zip.h"
#include "git/archive.h"

enum { GZIP_BUFFER = 64 << 10, GZIP_LEVEL = 6 };

/* Compresses what passes. */
struct gzip {
	struct sink sink;
	struct sink *to;
	struct deflate *stream;
	char *buffer;
};

static void gzip_done(struct gzip *z)
{
	if (z->stream)
		deflate_close(z->stream);
}

static enum err gzip_pass(struct ctx *c, struct gzip *z, const void *bytes, size_t len, bool finish)
{
	struct zip_io io = {.in = bytes, .in_len = len};
	for (bool done = false; io.in_len || (finish && !done);) {
		const char *in = io.in;
		size_t left = io.in_len;
		io.out = z->buffer;
		io.out_len = GZIP_BUFFER;
		TRY(deflate_step(c, z->stream, &io, finish, &done));
		TRY(sink_write(c, z->to, z->buffer, io.out_len));
		io.in = in + io.in_len;
		io.in_len = left - io.in_len;
	}
	return OK;
}

static enum err gzip_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	return gzip_pass(c, (struct gzip *)self, bytes, len, false);
}

enum err browse_archive(
	struct ctx *c, struct browse *b, const struct archive_wish *wish, struct sink *to)
{
	struct commit_full commit;
	__attribute__((cleanup(gzip_done))) struct gzip z = {.sink.write = gzip_write, .to = to};
	struct buf prefix = {.arena = c->arena};
	TRY(browse_commit(c, b, &wish->commit, &commit));
	buf_fmt(&prefix, "%.*s/", STR_FMT(wish->folder));
	struct archive_query query = {.format = ARCHIVE_ZIP,
		.tree = commit.tree,
		.commit = wish->commit,
		.time = commit.committer.when,
		.prefix = buf_view(&prefix)};
	b->reader.object_max = b->core->limits.object_max;
	if (wish->kind == ARCHIVE_KIND_ZIP)
		return archive_write(c, &b->reader, &query, to);
	query.format = ARCHIVE_TAR;
	z.buffer = arena_alloc(c->arena, GZIP_BUFFER);
	TRY(deflate_open(c, ZIP_GZIP, GZIP_LEVEL, &z.stream));
	TRY(archive_write(c, &b->reader, &query, &z.sink));
	return gzip_pass(c, &z, NULL, 0, true);
}
