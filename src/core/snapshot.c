#include "core/snapshot.h"

#include "base/buf.h"
#include "base/host.h"
#include "base/map.h"
#include "meta/pack.h"
#include "meta/ref.h"

/* What is known of one repository. */
struct entry {
	int64_t repo_id;
	struct snapshot *kept; /* the newest version that was loaded; one reference; may be NULL */
	bool loading;          /* by one thread: others wait */
	struct entry *next;    /* used less recently */
};

struct snapshots {
	struct host_lock lock;
	struct entry *first;
	size_t count, keep;
};

struct snapshots *snapshots_open(size_t keep)
{
	struct snapshots *all = host_alloc(sizeof *all);
	memset(all, 0, sizeof *all);
	all->keep = keep ? keep : 1;
	return all;
}

static void snapshot_free(struct snapshot *s)
{
	for (size_t i = 0; i < s->odb.count; i++)
		pack_unref(s->odb.packs[i]);
	ref_table_done(&s->refs);
	arena_done(&s->arena);
	host_free(s, sizeof *s);
}

struct snapshot *snapshot_hold(struct snapshot *s)
{
	if (s)
		__atomic_add_fetch(&s->references, 1, __ATOMIC_RELAXED);
	return s;
}

void snapshot_release(struct snapshot **s)
{
	if (*s && __atomic_sub_fetch(&(*s)->references, 1, __ATOMIC_ACQ_REL) == 0)
		snapshot_free(*s);
	*s = NULL;
}

void snapshots_close(struct snapshots *all)
{
	while (all->first) {
		struct entry *e = all->first;
		ASSERT(!e->loading);
		all->first = e->next;
		snapshot_release(&e->kept);
		host_free(e, sizeof *e);
	}
	host_free(all, sizeof *all);
}

/* Makes room for one more: the entries used least recently go, but for those being loaded. */
static void evict(struct snapshots *all)
{
	while (all->count >= all->keep) {
		struct entry **last = NULL;
		for (struct entry **at = &all->first; *at; at = &(*at)->next) {
			if (!(*at)->loading)
				last = at;
		}
		if (!last)
			return;
		struct entry *gone = *last;
		*last = gone->next;
		all->count--;
		snapshot_release(&gone->kept);
		host_free(gone, sizeof *gone);
	}
}

/* The repository's entry, made where it is new, as the most recently used. Under the lock. */
static struct entry *entry_of(struct snapshots *all, int64_t repo_id)
{
	struct entry **at = &all->first;
	while (*at && (*at)->repo_id != repo_id)
		at = &(*at)->next;
	struct entry *e = *at;
	if (e) {
		*at = e->next;
	} else {
		evict(all);
		e = host_alloc(sizeof *e);
		*e = (struct entry){.repo_id = repo_id};
		all->count++;
	}
	e->next = all->first;
	all->first = e;
	return e;
}

struct loading {
	struct ref_maker maker;
	size_t count;
};

static enum err take_ref(struct ctx *c, void *arg, const struct ref *ref)
{
	struct loading *l = arg;
	if (ref->id.algo)
		ref_maker_put(&l->maker, ref);
	else
		ref_maker_drop(&l->maker, ref->name);
	/* Many refs, and somebody may have gone meanwhile. */
	return ++l->count % 1024 ? OK : ctx_check(c);
}

static enum err load_refs(struct ctx *c, struct db_tx *tx, const struct repo *repo,
	const struct snapshot *previous, struct snapshot *s)
{
	struct loading l = {0};
	enum err kind;
	/* The log leads forward only. */
	if (previous && previous->version > s->version)
		previous = NULL;
	ref_table_init(&s->refs, &s->arena, s->algo);
	ref_maker_init(&l.maker, &s->refs, previous ? &previous->refs : NULL);
	if (previous)
		kind = meta_ref_changed(c, tx, repo, previous->version, take_ref, &l);
	else
		kind = meta_ref_list(c, tx, repo, take_ref, &l);
	if (!kind)
		ref_maker_end(&l.maker);
	ref_maker_done(&l.maker);
	return kind;
}

/* Bytes that lie in memory and belong to the extent. */
struct extent_own {
	struct extent_bytes bytes;
	void *memory;
};

static void extent_own_close(struct extent *self)
{
	struct extent_own *e = (struct extent_own *)self;
	host_free(e->memory, (size_t)self->size);
	host_free(e, sizeof *e);
}

static struct extent *extent_own_open(struct str bytes)
{
	struct extent_own *e = host_alloc(sizeof *e);
	e->memory = host_alloc(bytes.len);
	if (bytes.len)
		memcpy(e->memory, bytes.at, bytes.len);
	extent_bytes_init(&e->bytes, e->memory, bytes.len);
	e->bytes.extent.close = extent_own_close;
	return &e->bytes.extent;
}

/* Where a pack is to be loaded from. */
struct origin {
	struct core *core;
	struct db_tx *tx;
	const struct repo *repo;
};

static enum err open_from_row(
	struct ctx *c, const struct origin *from, const struct oid *id, struct extent *out[2])
{
	struct arena_mark mark = arena_mark(c->arena);
	struct pack_bytes bytes;
	TRY(meta_pack_read(c, from->tx, from->repo->id, id, &bytes));
	out[0] = extent_own_open(bytes.pack);
	out[1] = extent_own_open(bytes.idx);
	arena_rewind(c->arena, mark);
	return OK;
}

static enum err open_from_blobs(
	struct ctx *c, const struct origin *from, const struct oid *id, struct extent *out[2])
{
	const char *instance = from->core->instance;
	const char *key = meta_pack_key(c, instance, from->repo->id, id, "pack");
	TRY(blob_open(c, from->core->blob, key, &out[0]));
	key = meta_pack_key(c, instance, from->repo->id, id, "idx");
	enum err kind = blob_open(c, from->core->blob, key, &out[1]);
	if (kind)
		extent_close(out[0]);
	return kind;
}

/* The blobs of a bitmap and its index, which may be wanted long after the snapshot was made. */
struct bitmap_blobs {
	struct bitmap_source source;
	struct blob *blob;
	char *midx, *bitmap; /* their keys; midx NULL: it is of one pack */
};

static enum err bitmap_blobs_open(struct ctx *c, struct bitmap_source *self, struct extent **bitmap)
{
	const struct bitmap_blobs *b = (struct bitmap_blobs *)self;
	return blob_open(c, b->blob, b->bitmap, bitmap);
}

static enum err bitmap_blobs_open_midx(
	struct ctx *c, struct bitmap_source *self, struct extent **midx)
{
	const struct bitmap_blobs *b = (struct bitmap_blobs *)self;
	return blob_open(c, b->blob, b->midx, midx);
}

static void key_free(char *key)
{
	if (key)
		host_free(key, strlen(key) + 1);
}

static void bitmap_blobs_close(struct bitmap_source *self)
{
	struct bitmap_blobs *b = (struct bitmap_blobs *)self;
	key_free(b->midx);
	key_free(b->bitmap);
	host_free(b, sizeof *b);
}

static char *derived_key(
	struct ctx *c, const struct origin *from, const struct pack_row *row, const char *suffix)
{
	suffix = meta_pack_derived_suffix(c, row->derived, suffix);
	const char *key = meta_pack_key(c, from->core->instance, from->repo->id, &row->id, suffix);
	size_t len = strlen(key) + 1;
	return memcpy(host_alloc(len), key, len);
}

/* Of one pack, or of all those that the index beside it names. */
static void offer_bitmap(
	struct ctx *c, const struct origin *from, const struct pack_row *row, struct pack *p)
{
	struct bitmap_blobs *b = host_alloc(sizeof *b);
	*b = (struct bitmap_blobs){{bitmap_blobs_open, NULL, bitmap_blobs_close}, from->core->blob,
		.bitmap = derived_key(c, from, row, PACK_BITMAP_SUFFIX)};
	if (row->derived & PACK_MIDX) {
		b->source.open_midx = bitmap_blobs_open_midx;
		b->midx = derived_key(c, from, row, PACK_MIDX_SUFFIX);
	}
	pack_offer_bitmap(p, &b->source);
}

static enum err load_graph(
	struct ctx *c, const struct origin *from, const struct pack_row *row, struct pack *p)
{
	struct extent *bytes = NULL;
	const char *suffix = meta_pack_derived_suffix(c, row->derived, PACK_COMMIT_GRAPH_SUFFIX);
	const char *key = meta_pack_key(c, from->core->instance, from->repo->id, &row->id, suffix);
	TRY(blob_open(c, from->core->blob, key, &bytes));
	return pack_take_commits(c, p, bytes);
}

/*
 * What lies beside a pack that has just been opened. It makes things faster, not right: without it,
 * or with a damaged one, all works, and the next version tries again.
 */
static void load_derived(
	struct ctx *c, const struct origin *from, const struct pack_row *row, struct pack *p)
{
	struct error error = c->error;
	enum err err = OK;
	if (row->derived & PACK_BITMAP)
		offer_bitmap(c, from, row, p);
	if (row->derived & PACK_COMMIT_GRAPH)
		err = load_graph(c, from, row, p);
	if (!err)
		p->derived = row->derived;
	else
		c->error = error;
}

static enum err load_pack(
	struct ctx *c, const struct origin *from, const struct pack_row *row, struct pack **out)
{
	char hex[OID_HEX_MAX];
	struct extent *bytes[2];
	enum err kind = row->in_row ? open_from_row(c, from, &row->id, bytes)
				    : open_from_blobs(c, from, &row->id, bytes);
	/* It is in the catalogue, so it is no "not found" to the world. */
	if (kind == ERR_NOT_FOUND)
		return fail(c, ERR_DAMAGED, "the pack %s of \"%.*s\" is lost",
			oid_hex(&row->id, hex), STR_FMT(from->repo->name));
	if (!kind)
		kind = pack_open(c, from->repo->object_format, bytes[0], bytes[1], out);
	kind = err_stored(c, kind);
	if (kind)
		return fail_while(c, kind, "opening the pack %s of \"%.*s\"",
			oid_hex(&row->id, hex), STR_FMT(from->repo->name));
	return OK;
}

enum err snapshot_open_pack(struct ctx *c, struct core *core, struct db_tx *tx,
	const struct repo *repo, const struct pack_row *row, struct pack **out)
{
	const struct origin from = {core, tx, repo};
	return load_pack(c, &from, row, out);
}

/*
 * Packs never change: those that the previous version has open are shared, unless something else lies
 * beside them now.
 */
static enum err load_packs(struct ctx *c, const struct origin *from,
	const struct snapshot *previous, struct snapshot *s)
{
	struct map open = {.arena = c->arena};
	for (size_t i = 0; previous && i < previous->odb.count; i++) {
		struct pack *pack = previous->odb.packs[i];
		*map_put(&open, str_of(pack->name)) = pack;
	}
	struct pack_row *rows;
	size_t count;
	TRY(meta_pack_list(c, from->tx, from->repo, PACK_LIVE, &rows, &count));
	s->odb.algo = s->algo;
	s->odb.packs = NEW_ARRAY(&s->arena, struct pack *, count);
	for (size_t i = 0; i < count; i++) {
		char hex[OID_HEX_MAX];
		struct pack *pack = map_get(&open, str_of(oid_hex(&rows[i].id, hex)));
		if (pack && pack->derived == rows[i].derived)
			pack = pack_ref(pack);
		else
			TRY(load_pack(c, from, &rows[i], &pack));
		if (pack->derived != rows[i].derived)
			load_derived(c, from, &rows[i], pack);
		s->odb.packs[s->odb.count++] = pack;
		if (!s->odb.commits)
			s->odb.commits = pack->commits;
		TRY(ctx_check(c));
	}
	return OK;
}

static enum err load(struct ctx *c, const struct origin *from, const struct snapshot *previous,
	struct snapshot **out)
{
	struct snapshot *s = host_alloc(sizeof *s);
	*s = (struct snapshot){
		.repo_id = from->repo->id,
		.version = from->repo->version,
		.algo = from->repo->object_format,
		.references = 1,
	};
	arena_init(&s->arena);
	s->head = str_copy(&s->arena, from->repo->head);
	enum err kind = load_refs(c, from->tx, from->repo, previous, s);
	if (!kind)
		kind = load_packs(c, from, previous, s);
	if (kind)
		snapshot_free(s);
	else
		*out = s;
	return kind;
}

/*
 * Under the lock. True when *out is the wanted version, or when this thread has to load it: then
 * *out is NULL, and *turn says whether others wait for it.
 */
static bool look_up(
	struct snapshots *all, const struct repo *repo, struct snapshot **out, bool *turn)
{
	struct entry *e = entry_of(all, repo->id);
	*out = NULL;
	*turn = false;
	if (e->kept && e->kept->version == repo->version) {
		*out = snapshot_hold(e->kept);
		return true;
	}
	/* Somebody whose transaction began long ago: the newer one stays. */
	if (e->kept && e->kept->version > repo->version)
		return true;
	if (e->loading)
		return false;
	e->loading = *turn = true;
	return true;
}

/* Hands over what was loaded (NULL: it failed) and lets the others look again. */
static void finish_turn(struct snapshots *all, int64_t repo_id, struct snapshot *loaded)
{
	WITH_LOCK(&all->lock);
	struct entry *e = entry_of(all, repo_id);
	e->loading = false;
	if (loaded && (!e->kept || e->kept->version < loaded->version)) {
		snapshot_release(&e->kept);
		e->kept = snapshot_hold(loaded);
	}
	host_wake(&all->lock);
}

/* As look_up says; whoever waits has a deadline of their own, and may be gone before. */
static enum err await_turn(struct ctx *c, struct snapshots *all, const struct repo *repo,
	struct snapshot **out, bool *turn)
{
	enum { SLICE_MICROSECONDS = 100000 };
	WITH_LOCK(&all->lock);
	while (!look_up(all, repo, out, turn)) {
		host_wait_for(&all->lock, SLICE_MICROSECONDS);
		TRY(ctx_check(c));
	}
	return OK;
}

enum err snapshot_get(struct ctx *c, struct core *core, struct db_tx *tx, const struct repo *repo,
	struct snapshot **out)
{
	struct snapshots *all = core->snapshots;
	SNAPSHOT *previous = NULL;
	bool turn;
	TRY(await_turn(c, all, repo, out, &turn));
	if (*out)
		return OK;
	host_lock(&all->lock);
	previous = snapshot_hold(entry_of(all, repo->id)->kept);
	host_unlock(&all->lock);

	struct origin from = {core, tx, repo};
	enum err kind = load(c, &from, previous, out);
	if (turn)
		finish_turn(all, repo->id, kind ? NULL : *out);
	return kind;
}

bool snapshot_ref(const struct snapshot *s, struct str name, struct ref *out)
{
	return ref_table_find(&s->refs, name, out);
}

void snapshot_drop(struct core *core, int64_t repo_id)
{
	struct snapshots *all = core->snapshots;
	if (!all)
		return;
	WITH_LOCK(&all->lock);
	for (struct entry **at = &all->first; *at; at = &(*at)->next) {
		struct entry *e = *at;
		if (e->repo_id != repo_id || e->loading)
			continue;
		*at = e->next;
		all->count--;
		snapshot_release(&e->kept);
		host_free(e, sizeof *e);
		return;
	}
}
