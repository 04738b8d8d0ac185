#include "core/fsck.h"

#include "base/buf.h"
#include "base/vec.h"
#include "core/fsck_pack.h"
#include "core/snapshot.h"
#include "meta/pack.h"
#include "meta/ref.h"
#include "meta/repo.h"

/* What is looked at of one repository, read in one transaction. */
struct look {
	struct fsck_run *run;
	const struct repo *repo;
	struct odb odb;
	VEC_OF(struct ref) refs;
};

/* A problem of the repository is counted; what stops the whole run is passed on. */
static enum err note(struct ctx *c, struct look *l, enum err err)
{
	switch (err) {
	case OK: return OK;
	case ERR_CANCELED:
	case ERR_TIMEOUT:
	case ERR_UNAVAILABLE: return err;
	default: break;
	}
	l->run->problems++;
	l->run->problem(l->run->arg, l->repo->name, c->error.text);
	ctx_clear(c);
	return OK;
}

static enum err take_ref(struct ctx *c, void *arg, const struct ref *ref)
{
	struct look *l = arg;
	struct ref *to = vec_push(&l->refs);
	(void)c;
	*to = *ref;
	to->name = str_copy(l->refs.arena, ref->name);
	return OK;
}

static enum err load(struct ctx *c, struct look *l, struct db_tx *tx)
{
	struct pack_row *rows;
	size_t count;
	TRY(meta_pack_list(c, tx, l->repo, PACK_LIVE, &rows, &count));
	l->odb.algo = l->repo->object_format;
	l->odb.packs = NEW_ARRAY(c->arena, struct pack *, count);
	for (size_t i = 0; i < count; i++) {
		struct pack *pack;
		enum err err = snapshot_open_pack(c, l->run->core, tx, l->repo, &rows[i], &pack);
		TRY(note(c, l, err));
		if (err)
			continue;
		l->odb.packs[l->odb.count++] = pack;
		l->run->bytes += rows[i].bytes;
		if (pack->idx.count != rows[i].objects || pack->bytes->size != rows[i].bytes)
			TRY(note(c, l,
				fail(c, ERR_CORRUPT, "pack %s is not as the catalogue describes it",
					pack->name)));
	}
	return meta_ref_list(c, tx, l->repo, take_ref, l);
}

static enum err check_ref(struct ctx *c, struct odb_reader *reader, const struct ref *ref)
{
	char hex[OID_HEX_MAX];
	enum object_type type;
	struct oid peeled;
	TRY(odb_type(c, reader, &ref->id, &type));
	if (!type)
		return fail(c, ERR_CORRUPT, "%.*s points at %s, which is missing",
			STR_FMT(ref->name), oid_hex(&ref->id, hex));
	if (type != OBJECT_COMMIT && str_starts(ref->name, STR("refs/heads/")))
		return fail(c, ERR_CORRUPT, "%.*s points at a %s", STR_FMT(ref->name),
			object_type_name(type));
	if (type != OBJECT_TAG)
		return OK;
	TRY(odb_peel(c, reader, &ref->id, OBJECT_NONE, &peeled, &type));
	if (!oid_eq(&peeled, &ref->peeled))
		return fail(c, ERR_CORRUPT, "%.*s is recorded with another target than it has",
			STR_FMT(ref->name));
	return OK;
}

static enum err check(struct ctx *c, struct look *l)
{
	struct odb_reader reader;
	odb_reader_init(c, &reader, &l->odb);
	for (size_t i = 0; i < l->odb.count; i++) {
		struct fsck_pack what = {l->run, l->repo, l->odb.packs[i], &reader};
		TRY(note(c, l, fsck_pack(c, &what)));
		l->run->packs++;
		l->run->objects += l->odb.packs[i]->idx.count;
	}
	for (size_t i = 0; i < l->refs.len; i++)
		TRY(note(c, l, check_ref(c, &reader, &l->refs.at[i])));
	l->run->refs += l->refs.len;
	return OK;
}

static enum err load_and_check(struct ctx *c, struct look *l)
{
	DB_TX *tx = NULL;
	struct repo now;
	TRY(db_begin(c, l->run->core->db, DB_READ, &tx));
	enum err err = meta_repo_get(c, tx, l->repo->id, &now);
	if (err == ERR_NOT_FOUND) {
		/* Deleted since somebody listed it. */
		ctx_clear(c);
		return OK;
	}
	TRY(err);
	TRY(load(c, l, tx));
	db_rollback(&tx);
	return check(c, l);
}

enum err fsck_repo(struct ctx *c, struct fsck_run *run, const struct repo *repo)
{
	struct arena arena, *request = c->arena;
	struct look l = {.run = run, .repo = repo, .refs.arena = &arena};
	arena_init(&arena);
	c->arena = &arena;
	enum err err = load_and_check(c, &l);
	c->arena = request;
	for (size_t i = 0; i < l.odb.count; i++)
		pack_unref(l.odb.packs[i]);
	arena_done(&arena);
	run->repos++;
	return err;
}
