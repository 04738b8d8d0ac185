#include "core/prepare.h"

#include "core/fetch.h"

enum {
	OBJECTS_LEAST = 2000, /* of fewer, all that is asked for is made in a moment */
	REFS_MOST = 10000,    /* more are not all cloned by fleets */
};

/* One request as a client makes it. */
struct wish {
	uint32_t depth;
	bool no_blobs, all, tags; /* tags: those of what is sent go along */
};

static const struct wish wishes[] = {
	{.depth = 1, .tags = true},       /* git clone --depth 1 */
	{.depth = 1},                     /* git fetch --no-tags --depth 1 */
	{.all = true},                    /* git clone: tags are asked for */
	{.tags = true},                   /* git clone --single-branch */
	{.no_blobs = true, .all = true},  /* git clone --filter=blob:none */
	{.no_blobs = true, .tags = true}, /* … --single-branch */
};

static bool is_branch_or_tag(struct str name)
{
	return str_starts(name, STR("refs/heads/")) || str_starts(name, STR("refs/tags/"));
}

static void want_all(struct fetch *f)
{
	const struct ref_table *refs = &f->snapshot->refs;
	for (size_t i = 0; i < refs->count; i++) {
		struct ref ref = ref_table_at(refs, i);
		if (is_branch_or_tag(ref.name))
			*vec_push(&f->wants) = ref.id;
	}
}

static enum err ask(struct ctx *c, struct fetch *f, const struct wish *wish, bool *made)
{
	struct oids shallow, unshallow;
	struct filter filter = FILTER_ALL;
	struct oid head;
	TRY(fetch_want_ref(c, f, f->snapshot->head, &head));
	if (wish->all)
		want_all(f);
	if (wish->no_blobs)
		TRY(filter_parse(c, STR("blob:none"), &filter));
	TRY(fetch_filter(c, f, &filter));
	f->depth = wish->depth;
	f->include_tag = wish->tags;
	f->ofs_delta = true;
	TRY(fetch_shallow(c, f, &shallow, &unshallow));
	return fetch_prepare(c, f, made);
}

static bool is_worth_it(const struct fetch *f, const struct wish *wish)
{
	const struct snapshot *s = f->snapshot;
	uint64_t objects = 0;
	struct ref head;
	for (size_t i = 0; i < s->odb.count; i++)
		objects += s->odb.packs[i]->idx.count;
	return objects >= OBJECTS_LEAST && (!wish->all || s->refs.count <= REFS_MOST) &&
	       snapshot_ref(s, s->head, &head);
}

static enum err prepare_one(struct ctx *c, struct core *core, const struct repo *repo,
	const struct wish *wish, size_t *made)
{
	struct fetch f;
	bool one = false;
	TRY(fetch_open_repo(c, core, repo, &f));
	enum err err = is_worth_it(&f, wish) ? ask(c, &f, wish, &one) : OK;
	fetch_close(&f);
	*made += one;
	return err;
}

enum err prepare_packs(struct ctx *c, struct core *core, const struct repo *repo, size_t *made)
{
	*made = 0;
	for (size_t i = 0; core->packs && i < sizeof wishes / sizeof *wishes; i++) {
		struct arena_mark mark = arena_mark(c->arena);
		TRY(prepare_one(c, core, repo, &wishes[i], made));
		arena_rewind(c->arena, mark);
	}
	return OK;
}
