#include "core/offline.h"

#include "core/fetch.h"
#include "core/push_spool.h"

enum { MEMORY_MAX = 256 << 10, WORTH_TRYING = 4 };

/* Of history, from which the first that fits is taken. */
static const uint32_t depths[] = {0, 1000, 50, 1};
enum { DEPTHS = sizeof depths / sizeof *depths };

/* Ends the making as soon as it is more than may be. */
struct bounded {
	struct sink sink;
	struct spool *to;
	uint64_t most;
	bool full;
};

static enum err bounded_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	struct bounded *b = (struct bounded *)self;
	b->full = b->full || len > b->most - b->to->extent.size;
	if (b->full)
		return fail(c, ERR_TOO_BIG, "the copy is over the limit of %llu bytes",
			(unsigned long long)b->most);
	return spool_append(c, b->to, bytes, len);
}

static enum err open(struct ctx *c, struct core *core, const struct actor *who, struct str name,
	const struct oid *tip, struct fetch *f)
{
	struct ref ref;
	TRY(fetch_open(c, core, who, name, f));
	if (!snapshot_ref(f->snapshot, f->snapshot->head, &ref) || !oid_eq(&ref.id, tip))
		return fail(c, ERR_NOT_FOUND,
			"the default branch is not at that commit any more: load its page again");
	f->ofs_delta = true;
	return fetch_want(c, f, tip);
}

#define FETCH __attribute__((cleanup(fetch_close_if_open))) struct fetch

static void fetch_close_if_open(struct fetch *f)
{
	if (f->snapshot)
		fetch_close(f);
}

enum err offline_permit(struct ctx *c, struct core *core, const struct actor *who, struct str name,
	const struct oid *tip)
{
	FETCH f = {0};
	return open(c, core, who, name, tip, &f);
}

/* What is far over the limit in the server's packs will not fit: it costs no try. */
static bool is_hopeless(const struct fetch *f, uint64_t most)
{
	uint64_t all = 0;
	for (size_t i = 0; i < f->snapshot->odb.count; i++)
		all += f->snapshot->odb.packs[i]->bytes->size;
	return !f->depth && all / WORTH_TRYING > most;
}

static enum err make(struct ctx *c, struct fetch *f, struct bounded *to)
{
	struct oids ends, none;
	if (f->depth)
		TRY(fetch_shallow(c, f, &ends, &none));
	return fetch_send(c, f, &to->sink, NULL);
}

/* *fits false: it would be too large. */
static enum err try_depth(struct ctx *c, struct fetch *f, struct offline_copy *out, bool *fits)
{
	struct push_spools spools;
	struct bounded to = {{.write = bounded_write}, .most = f->core->limits.offline_max};
	*fits = !is_hopeless(f, to.most);
	if (!*fits)
		return OK;
	push_spools_init(&spools, f->core->blob, MEMORY_MAX);
	TRY(spool_make(c, &spools.maker, &out->pack));
	to.to = out->pack;
	enum err err = make(c, f, &to);
	*fits = !to.full;
	if (!to.full)
		return err;
	ctx_clear(c);
	offline_done(out);
	return OK;
}

enum err offline_make(struct ctx *c, struct core *core, const struct actor *who, struct str name,
	const struct oid *tip, struct offline_copy *out)
{
	bool fits = false;
	*out = (struct offline_copy){0};
	for (size_t i = 0; i < DEPTHS && !fits; i++) {
		FETCH f = {0};
		TRY(open(c, core, who, name, tip, &f));
		f.depth = out->depth = depths[i];
		TRY(try_depth(c, &f, out, &fits));
	}
	if (!fits)
		return fail(c, ERR_TOO_BIG,
			"the newest commit alone has more than the %llu MiB that a copy for "
			"reading offline may have: clone it with git instead",
			(unsigned long long)(core->limits.offline_max >> 20));
	return OK;
}

void offline_done(struct offline_copy *copy)
{
	if (copy->pack)
		extent_close(&copy->pack->extent);
	copy->pack = NULL;
}
