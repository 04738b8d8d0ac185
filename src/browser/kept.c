#include "browser/kept.h"

#include "base/host.h"
#include "base/vec.h"
#include "core/repo.h"
#include "git/pack_receive.h"

static const uint64_t object_max = 512u << 20; /* as much as is ever read, git/odb.h */
static const uint64_t page_blob_max = 1 << 20;

/* A spool in memory. */
struct memory {
	struct spool spool;
	uint8_t *bytes;
	size_t cap;
};

struct memory_maker {
	struct spool_maker maker;
	size_t next; /* the room of the next one: of the pack it is known */
};

static enum err memory_window(
	struct ctx *c, struct extent *self, uint64_t at, size_t len, const uint8_t **out)
{
	struct memory *m = (struct memory *)self;
	if (at > self->size || len > self->size - at)
		return fail(c, ERR_CORRUPT, "bytes beyond the end were asked for");
	*out = m->bytes + at;
	return OK;
}

static void memory_close(struct extent *self)
{
	struct memory *m = (struct memory *)self;
	host_free(m->bytes, m->cap);
	host_free(m, sizeof *m);
}

static enum err memory_append(struct ctx *c, struct spool *self, const void *bytes, size_t len)
{
	struct memory *m = (struct memory *)self;
	size_t have = (size_t)self->extent.size;
	(void)c;
	if (len > m->cap - have) {
		size_t cap = have + len + have / 2;
		uint8_t *bigger = host_alloc(cap);
		memcpy(bigger, m->bytes, have);
		host_free(m->bytes, m->cap);
		m->bytes = bigger;
		m->cap = cap;
	}
	if (len)
		memcpy(m->bytes + have, bytes, len);
	self->extent.size += len;
	return OK;
}

static enum err memory_make(struct ctx *c, struct spool_maker *self, struct spool **out)
{
	enum { FIRST = 4096 };
	struct memory_maker *maker = (struct memory_maker *)self;
	struct memory *m = host_alloc(sizeof *m);
	(void)c;
	*m = (struct memory){.spool = {.extent = {.window = memory_window, .close = memory_close},
				     .append = memory_append},
		.cap = maker->next};
	m->bytes = host_alloc(m->cap);
	maker->next = FIRST;
	*out = &m->spool;
	return OK;
}

struct buf_sink {
	struct sink sink;
	struct buf *to;
};

static enum err buf_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	(void)c;
	buf_bytes(((struct buf_sink *)self)->to, bytes, len);
	return OK;
}

enum err kept_index(struct ctx *c, enum hash_algo algo, struct str pack, struct buf *idx)
{
	const struct odb nothing = {.algo = algo};
	struct odb_reader known;
	struct memory_maker spools = {{memory_make}, pack.len + 1};
	struct source_bytes from;
	struct pack_received got;
	struct buf_sink to = {{.write = buf_write}, idx};
	odb_reader_init(c, &known, &nothing);
	source_bytes_init(&from, pack.at, pack.len);
	const struct pack_receive in = {.algo = algo,
		.from = &from.source,
		.to_end = true,
		.spools = &spools.maker,
		.known = &known,
		.object_max = object_max,
		.pack_max = pack.len};
	enum err err = pack_receive(c, &in, &got);
	if (!err)
		err = idx_write(c, algo, got.entries, got.count, got.id.hash, &to.sink);
	pack_received_done(&got);
	return err;
}

/* There is no library for it here: it is shown as it is written, as what is too long to be rendered. */
static enum err markup_refuse(struct ctx *c, struct markup *self, struct str text,
	const struct markup_base *base, struct buf *html)
{
	(void)self, (void)text, (void)base, (void)html;
	return fail(c, ERR_TOO_BIG, "Markdown is not rendered offline");
}

static const struct markup_ops no_markup_ops = {.render = markup_refuse};
static struct markup no_markup = {&no_markup_ops};

static enum err read_facts(struct ctx *c, struct str facts, struct kept *k)
{
	uint64_t when = 0;
	struct repo *repo = &k->browse.repo;
	repo->name = str_cut(&facts, '\0');
	repo->description = str_cut(&facts, '\0');
	bool good = visibility_parse(str_cut(&facts, '\0'), &repo->visibility);
	k->tip.kind = REVISION_BRANCH;
	k->tip.text = str_cut(&facts, '\0');
	struct str hex = str_cut(&facts, '\0');
	repo->object_format = hex.len == 2 * hash_size(HASH_SHA256) ? HASH_SHA256 : HASH_SHA1;
	good = oid_parse(repo->object_format, hex, &k->tip.commit) && good;
	good = str_to_u64(str_cut(&facts, '\0'), &when) && when < INT64_MAX && good;
	good = str_to_u64(str_cut(&facts, '\0'), &k->depth) && good;
	k->css = str_cut(&facts, '\0');
	k->icon = str_cut(&facts, '\0');
	k->origin = str_cut(&facts, '\0');
	k->when = (int64_t)when;
	if (!good || !k->tip.text.len || repo_name_check(c, repo->name))
		return fail(c, ERR_INVALID, "what is said of this copy makes no sense");
	return OK;
}

enum err kept_open(
	struct ctx *c, struct str facts, struct str pack, struct str idx, struct kept *out)
{
	bool here;
	*out = (struct kept){.core = {.markup = &no_markup}};
	out->core.limits.page_blob_max = page_blob_max;
	TRY(read_facts(c, facts, out));
	enum hash_algo algo = out->browse.repo.object_format;
	extent_bytes_init(&out->bytes, pack.at, pack.len);
	extent_bytes_init(&out->idx, idx.at, idx.len);
	TRY(pack_open(c, algo, &out->bytes.extent, &out->idx.extent, &out->pack));
	out->snapshot.algo = algo;
	out->snapshot.odb =
		(struct odb){.algo = algo, .packs = &out->pack, .count = 1, .partial = true};
	out->browse.core = &out->core;
	out->browse.snapshot = &out->snapshot;
	odb_reader_init(c, &out->browse.reader, &out->snapshot.odb);
	TRY(odb_has(c, &out->browse.reader, &out->tip.commit, &here));
	return here ? OK : fail(c, ERR_CORRUPT, "the pack has not the commit that it is of");
}

void kept_close(struct kept *k)
{
	if (k->pack)
		pack_unref(k->pack);
	k->pack = NULL;
}
