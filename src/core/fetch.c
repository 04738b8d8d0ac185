#include "core/fetch.h"

#include "base/buf.h"
#include "base/sort.h"
#include "core/pack_cache.h"
#include "core/permit.h"
#include "git/enumerate_bitmap.h"
#include "git/pack_write.h"
#include "meta/repo.h"

static void fetch_init(struct ctx *c, struct core *core, struct fetch *f)
{
	struct oids none = {.arena = c->arena};
	*f = (struct fetch){.core = core,
		.filter = FILTER_ALL,
		.wants = none,
		.haves = none,
		.shallow = none,
		.nots = none,
		.patterns = none,
		.apart = none};
}

/* Sees the repository as it is in the transaction. */
static enum err fetch_look(struct ctx *c, struct fetch *f, struct db_tx *tx)
{
	TRY(snapshot_get(c, f->core, tx, &f->repo, &f->snapshot));
	odb_reader_init(c, &f->reader, &f->snapshot->odb);
	graph_init(&f->graph, &f->reader);
	return OK;
}

enum err fetch_open(
	struct ctx *c, struct core *core, const struct actor *who, struct str name, struct fetch *f)
{
	DB_TX *tx = NULL;
	fetch_init(c, core, f);
	const struct permit_need need = {name, OPERATION_REPOSITORY_FETCH, .mode = DB_READ};
	TRY(permit_begin_repo(c, core, who, &need, &tx, &f->repo));
	return fetch_look(c, f, tx);
}

enum err fetch_open_repo(struct ctx *c, struct core *core, const struct repo *repo, struct fetch *f)
{
	DB_TX *tx = NULL;
	fetch_init(c, core, f);
	TRY(db_begin(c, core->db, DB_READ, &tx));
	TRY(meta_repo_get(c, tx, repo->id, &f->repo));
	return fetch_look(c, f, tx);
}

void fetch_close(struct fetch *f)
{
	graph_done(&f->graph);
	snapshot_release(&f->snapshot);
}

enum err fetch_want(struct ctx *c, struct fetch *f, const struct oid *id)
{
	char hex[OID_HEX_MAX];
	bool here;
	TRY(odb_has(c, &f->reader, id, &here));
	if (!here)
		return fail(c, ERR_NOT_FOUND, "upload-pack: not our ref %s", oid_hex(id, hex));
	*vec_push(&f->wants) = *id;
	return OK;
}

static bool ref_find(const struct fetch *f, struct str name, struct ref *out)
{
	if (ref_is_hidden(name))
		return false;
	return snapshot_ref(f->snapshot, str_is(name, "HEAD") ? f->snapshot->head : name, out);
}

static int printed(struct str name)
{
	return name.len > 200 ? 200 : (int)name.len;
}

enum err fetch_want_ref(struct ctx *c, struct fetch *f, struct str name, struct oid *id)
{
	struct ref ref;
	if (!ref_find(f, name, &ref))
		return fail(c, ERR_NOT_FOUND, "unknown ref %.*s", printed(name), name.at);
	*id = ref.id;
	*vec_push(&f->wants) = *id;
	return OK;
}

enum err fetch_have(struct ctx *c, struct fetch *f, const struct oid *id, bool *here)
{
	TRY(odb_has(c, &f->reader, id, here));
	if (*here)
		*vec_push(&f->haves) = *id;
	return OK;
}

/* A ref by the name that a person would use. */
static bool ref_guess(struct ctx *c, const struct fetch *f, struct str name, struct oid *id)
{
	static const char *const prefixes[] = {"", "refs/", "refs/tags/", "refs/heads/"};
	bool found = false;
	struct ref ref;
	for (size_t i = 0; i < 4 && !found && name.len <= REF_NAME_MAX; i++)
		found = ref_find(
			f, str_of(arena_fmt(c->arena, "%s%.*s", prefixes[i], STR_FMT(name))), &ref);
	if (found)
		*id = ref.id;
	return found;
}

enum err fetch_deepen_not(struct ctx *c, struct fetch *f, struct str name)
{
	struct oid id;
	bool found = ref_guess(c, f, name, &id);
	if (!found && oid_parse(f->snapshot->algo, name, &id))
		TRY(odb_has(c, &f->reader, &id, &found));
	if (!found)
		return fail(
			c, ERR_NOT_FOUND, "deepen-not is not a ref: %.*s", printed(name), name.at);
	*vec_push(&f->nots) = id;
	return OK;
}

/* The object that "REVISION" or "REVISION:PATH" names, as git's server takes it. */
static enum err object_find(struct ctx *c, struct fetch *f, struct str name, struct oid *id)
{
	struct str path = name, revision = str_cut(&path, ':');
	struct tree_entry entry = {0};
	enum object_type type = OBJECT_NONE;
	struct oid tree;
	if (!oid_parse(f->snapshot->algo, revision, id) && !ref_guess(c, f, revision, id))
		return fail(c, ERR_NOT_FOUND, "there is no such revision");
	if (revision.len == name.len)
		return OK;
	TRY(odb_peel(c, &f->reader, id, OBJECT_TREE, &tree, &type));
	TRY(odb_tree_path(c, &f->reader, &tree, path, &entry));
	*id = entry.id;
	return OK;
}

enum err fetch_filter(struct ctx *c, struct fetch *f, const struct filter *filter)
{
	f->filter = *filter;
	if (!filter->sparse.len)
		return OK;
	f->sparse = NEW(c->arena, struct sparse);
	sparse_init(c, f->sparse, &f->graph.arena);
	for (size_t i = 0; i < filter->sparse.len; i++) {
		struct str name = filter->sparse.at[i];
		struct oid *id = vec_push(&f->patterns);
		TRY_WHILE(c, object_find(c, f, name, id), "looking for the sparse patterns '%.*s'",
			printed(name), name.at);
		TRY_WHILE(c, sparse_read(c, f->sparse, &f->reader, id),
			"reading the sparse patterns '%.*s'", printed(name), name.at);
	}
	return OK;
}

/* The commits that ids lead to; what leads to none has no history to be judged by. */
static enum err commits_of(
	struct ctx *c, struct fetch *f, const struct oids *ids, struct numbers *out)
{
	*out = (struct numbers){.arena = &f->graph.arena};
	for (size_t i = 0; i < ids->len; i++) {
		struct oid id;
		enum object_type type = OBJECT_NONE;
		TRY(odb_peel(c, &f->reader, &ids->at[i], OBJECT_NONE, &id, &type));
		if (type == OBJECT_COMMIT)
			*vec_push(out) = graph_add(&f->graph, &id);
	}
	return OK;
}

enum err fetch_ready(struct ctx *c, struct fetch *f, bool *ready)
{
	struct numbers wants, haves;
	if (!f->ready && f->haves.len > f->judged) {
		TRY(commits_of(c, f, &f->wants, &wants));
		TRY(commits_of(c, f, &f->haves, &haves));
		TRY(walk_all_reach(c, &f->graph, &wants, &haves, &f->ready));
		f->judged = f->haves.len;
	}
	*ready = f->ready;
	return OK;
}

static void to_oids(const struct graph *g, const struct numbers *from, struct oids *to)
{
	for (size_t i = 0; i < from->len; i++)
		*vec_push(to) = oidmap_oid(&g->ids, from->at[i]);
}

enum err fetch_shallow(struct ctx *c, struct fetch *f, struct oids *shallow, struct oids *unshallow)
{
	struct shallow_request request = {.client = f->shallow.at,
		.client_count = f->shallow.len,
		.wants = f->wants.at,
		.want_count = f->wants.len,
		.depth = f->depth,
		.relative = f->relative,
		.since = f->since,
		.nots = f->nots.at,
		.not_count = f->nots.len};
	struct shallow_reply reply;
	*shallow = *unshallow = (struct oids){.arena = c->arena};
	if (!request.client_count && !fetch_is_deepening(f))
		return OK;
	TRY(shallow_apply(c, &f->graph, &request, &reply));
	to_oids(&f->graph, &reply.shallow, shallow);
	to_oids(&f->graph, &reply.unshallow, unshallow);
	to_oids(&f->graph, &reply.wants, &f->wants);
	f->unshallow = *unshallow;
	return OK;
}

/* Tags whose commit is being sent go along, with the tags that they lead over. */
static enum err add_tags(struct ctx *c, struct fetch *f, struct enumerate *e)
{
	const struct snapshot *s = f->snapshot;
	size_t i = ref_table_lower_bound(&s->refs, STR("refs/tags/"));
	size_t end = ref_table_prefix_end(&s->refs, STR("refs/tags/"));
	for (; i < end; i++) {
		const struct ref ref = ref_table_at(&s->refs, i);
		if (!ref.peeled.algo)
			continue;
		if (!enumerate_has(e, &ref.peeled))
			continue;
		struct oid id = ref.id;
		while (!oid_eq(&id, &ref.peeled)) {
			struct arena_mark mark = arena_mark(c->arena);
			struct str bytes = {0};
			struct tag tag;
			enumerate_add(e, graph_add(&f->graph, &id));
			TRY(odb_read_as(c, &f->reader, &id, OBJECT_TAG, &bytes));
			TRY(tag_parse(c, s->algo, bytes, &tag));
			id = tag.target;
			arena_rewind(c->arena, mark);
		}
	}
	return OK;
}

static enum err say_total(struct ctx *c, const struct pack_counts *counts, struct sink *progress)
{
	char text[160];
	size_t len = fmt_into(text, sizeof text,
		"Total %u (delta %u), reused %u (delta %u), pack-reused %u\n", counts->objects,
		counts->deltas, counts->reused - counts->whole, counts->deltas, counts->whole);
	return progress ? sink_write(c, progress, text, len) : OK;
}

/* What the client lacks. */
static enum err find_objects(
	struct ctx *c, struct fetch *f, struct progress *progress, struct enumerate *e)
{
	*e = (struct enumerate){.graph = &f->graph,
		.filter = f->filter,
		.sparse = f->sparse,
		.wants = f->wants.at,
		.want_count = f->wants.len,
		.haves = f->haves.at,
		.have_count = f->haves.len,
		.keep_bits = true,
		.progress = progress};
	TRY(enumerate_run(c, e));
	return f->include_tag ? add_tags(c, f, e) : OK;
}

/* A fetch as the one who makes the pack sees it. */
struct making {
	struct pack_job job;
	struct fetch *fetch;
};

static enum err make_pack(
	struct ctx *c, struct pack_job *job, struct sink *to, struct pack_counts *counts)
{
	struct making *m = (struct making *)job;
	struct fetch *f = m->fetch;
	struct progress shown = {.to = job->notes}, silent = {0};
	struct enumerate all, *e = f->found;
	if (!e)
		TRY(find_objects(c, f, &shown, e = &all));
	/* A client with a filter may lack what its haves lead to, and then a base too. */
	struct pack_write w = {.graph = &f->graph,
		.objects = &e->send,
		.bitmap = e->bitmap,
		.packed = &e->packed,
		.known = &e->packed_known,
		.ofs_delta = f->ofs_delta,
		.patient = f->patient,
		.thin = f->thin && !f->filter.active,
		.progress = &silent,
		.to = to};
	TRY(pack_write_run(c, &w));
	*counts = w.counts;
	return OK;
}

static bool has_large_pack(const struct bitmap *b, uint64_t least)
{
	bool large = false;
	for (size_t i = 0; b && i < b->objects.part_count; i++)
		large = large || b->objects.parts[i].pack->bytes->size >= least;
	return large;
}

/* A pack of which every object is to be sent is left out as a whole. */
static enum err leave_out(
	struct ctx *c, struct fetch *f, struct enumerate *e, const struct bitmap_part *part)
{
	uint32_t end = part->first + part->pack->idx.count;
	if (!bits_has_all(&e->packed, part->first, end))
		return OK;
	if (!oid_parse(f->snapshot->algo, str_of(part->pack->name), vec_push(&f->apart)))
		return fail(c, ERR_CORRUPT, "a pack has the name %s", part->pack->name);
	bits_remove_all(&e->packed, part->first, end);
	return OK;
}

enum err fetch_apart(struct ctx *c, struct fetch *f, uint64_t least)
{
	struct progress silent = {0};
	const struct bitmap *all;
	/* Whoever has something, or does not want all, may not want all of a pack either. */
	if (f->haves.len || f->shallow.len || f->filter.active || fetch_is_deepening(f) ||
		!f->ofs_delta)
		return OK;
	TRY(enumerate_bitmap_of(c, &f->snapshot->odb, &all));
	if (!has_large_pack(all, least))
		return OK;
	f->found = NEW(c->arena, struct enumerate);
	TRY(find_objects(c, f, &silent, f->found));
	const struct bitmap *b = f->found->bitmap;
	for (size_t i = 0; b && i < b->objects.part_count; i++) {
		const struct bitmap_part *part = &b->objects.parts[i];
		if (part->pack->bytes->size >= least)
			TRY(leave_out(c, f, f->found, part));
	}
	return OK;
}

static int by_id(const void *a, const void *b, const void *arg)
{
	(void)arg;
	return oid_cmp(a, b);
}

/* A list in whatever order, each id once. */
static void hash_ids(struct ctx *c, struct hash *h, const struct oids *ids)
{
	struct arena_mark mark = arena_mark(c->arena);
	struct oid *sorted = arena_raw(c->arena, ids->len * sizeof *sorted + 1);
	uint64_t count = 0;
	if (ids->len)
		memcpy(sorted, ids->at, ids->len * sizeof *sorted);
	sort_array(c->arena, sorted, ids->len, sizeof *sorted, by_id, NULL);
	for (size_t i = 0; i < ids->len; i++) {
		if (i && oid_eq(&sorted[i], &sorted[i - 1]))
			continue;
		hash_update(h, sorted[i].hash, HASH_MAX);
		count++;
	}
	hash_update(h, &count, sizeof count);
	arena_rewind(c->arena, mark);
}

/* All that decides, beside the version of the repository, which bytes come out. */
static void hash_request(struct ctx *c, const struct fetch *f, uint8_t key[HASH_MAX])
{
	const uint64_t numbers[] = {f->depth, (uint64_t)f->since, f->relative, f->filter.active,
		f->filter.blob_limit, f->filter.tree_depth, f->filter.type, f->filter.nothing,
		f->thin && f->haves.len, f->ofs_delta, f->include_tag};
	struct hash h;
	hash_init(&h, HASH_SHA256);
	hash_update(&h, numbers, sizeof numbers);
	hash_ids(c, &h, &f->wants);
	hash_ids(c, &h, &f->haves);
	hash_ids(c, &h, &f->shallow);
	hash_ids(c, &h, &f->unshallow);
	hash_ids(c, &h, &f->nots);
	hash_ids(c, &h, &f->patterns);
	hash_ids(c, &h, &f->apart);
	hash_final(&h, key);
}

static void making_init(struct ctx *c, struct making *m, struct fetch *f, struct sink *progress)
{
	*m = (struct making){
		.job = {.snapshot = f->snapshot, .make = make_pack, .progress = progress},
		.fetch = f};
	for (size_t i = 0; i < f->unshallow.len; i++)
		*vec_push(&f->haves) = f->unshallow.at[i];
	hash_request(c, f, m->job.key);
}

static enum err nowhere_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	(void)self, (void)bytes, (void)len;
	return ctx_check(c);
}

enum err fetch_prepare(struct ctx *c, struct fetch *f, bool *made)
{
	struct sink nowhere = {.write = nowhere_write};
	struct pack_counts counts;
	struct making m;
	f->patient = true;
	making_init(c, &m, f, NULL);
	m.job.unattended = true;
	*made = false;
	if (pack_cache_holds(c, f->core->packs, &m.job))
		return OK;
	enum err err = err_stored(c, pack_cache_send(c, f->core, &m.job, &nowhere, &counts));
	*made = !err;
	if (err != ERR_TOO_BIG && err != ERR_CANCELED)
		return err;
	/* Too large to be kept, or a client came first. */
	ctx_clear(c);
	return ctx_check(c);
}

enum err fetch_send(struct ctx *c, struct fetch *f, struct sink *to, struct sink *progress)
{
	struct pack_counts counts;
	struct making m;
	making_init(c, &m, f, progress);
	TRY(err_stored(c, pack_cache_send(c, f->core, &m.job, to, &counts)));
	return say_total(c, &counts, progress);
}

enum err fetch_stat(struct ctx *c, struct fetch *f, const struct oid *id, enum object_type *type,
	uint64_t *size)
{
	return odb_stat(c, &f->reader, id, type, size);
}
