#include "core/keep.h"

#include "base/hex.h"
#include "base/host.h"
#include "core/backup.h"

enum { HOLDER_BYTES = 12, LOOK_AGAIN_US = 20000, PATIENCE_US = (REMOVE_SECONDS + 1) * 1000000 };

static struct str random_holder(struct ctx *c)
{
	uint8_t random[HOLDER_BYTES];
	char *text = arena_alloc(c->arena, 2 * sizeof random + 1);
	c->world->random(random, sizeof random);
	hex_encode(random, sizeof random, text);
	return str_from(text, 2 * sizeof random);
}

/* A while later; ERR_UNAVAILABLE past `until`. */
static enum err look_again(struct ctx *c, int64_t until)
{
	struct host_lock lock = {0};
	TRY(ctx_check(c));
	if (c->world->monotonic() > until)
		return fail(c, ERR_UNAVAILABLE,
			"what is to be stored is just being removed: try again");
	WITH_LOCK(&lock);
	host_wait_for(&lock, LOOK_AGAIN_US);
	return OK;
}

static enum err try_to_keep(struct ctx *c, struct keep *k, struct str removal, bool *taken)
{
	bool removing;
	DB_TX *tx = NULL;
	TRY(db_begin_on(c, k->db, k->repo_id, &tx));
	TRY(meta_lease_any(c, tx, removal, &removing));
	if (removing)
		return OK;
	TRY(meta_lease_take(c, tx, &k->lease, KEEP_SECONDS, taken));
	return db_commit(c, &tx);
}

enum err keep_take(
	struct ctx *c, struct db *db, int64_t repo_id, const struct oid *id, struct keep *out)
{
	char hex[OID_HEX_MAX];
	bool taken = false;
	int64_t until = c->world->monotonic() + PATIENCE_US;
	struct str holder = random_holder(c);
	const char *pack = arena_fmt(c->arena, "%lld/%s", (long long)repo_id, oid_hex(id, hex));
	struct str removal = str_of(arena_fmt(c->arena, "remove/%s", pack));
	struct keep k = {.db = db, .repo_id = repo_id, .lease.holder = holder};
	k.lease.name = str_of(arena_fmt(c->arena, "keep/%s/%.*s", pack, STR_FMT(holder)));
	*out = (struct keep){0};
	for (;;) {
		TRY(try_to_keep(c, &k, removal, &taken));
		if (taken)
			break;
		TRY(look_again(c, until));
	}
	*out = k;
	return OK;
}

enum err keep_end(struct ctx *c, struct db_tx *tx, struct keep *k)
{
	bool held = true;
	if (!k->lease.name.len)
		return OK;
	TRY(meta_lease_any(c, tx, k->lease.name, &held));
	if (!held)
		return fail(c, ERR_CONFLICT, "to store it took too long: try again");
	TRY(meta_lease_give(c, tx, &k->lease));
	*k = (struct keep){0};
	return OK;
}

static void give(struct ctx *c, struct db *db, int64_t repo_id, const struct lease *lease)
{
	struct error before = c->error;
	DB_TX *tx = NULL;
	enum err err = db_begin_on(c, db, repo_id, &tx);
	if (!err)
		err = meta_lease_give(c, tx, lease);
	if (!err)
		err = db_commit(c, &tx);
	(void)err;
	c->error = before;
}

void keep_give(struct ctx *c, struct keep *k)
{
	if (k->lease.name.len)
		give(c, k->db, k->repo_id, &k->lease);
	*k = (struct keep){0};
}

enum err removal_take(struct ctx *c, struct db_tx *tx, int64_t repo_id, struct str hash,
	struct removal *out, bool *kept)
{
	bool taken = false;
	const char *pack = arena_fmt(c->arena, "%lld/%.*s", (long long)repo_id, STR_FMT(hash));
	*out = (struct removal){.db = tx->db, .repo_id = repo_id};
	out->lease.holder = random_holder(c);
	out->lease.name = str_of(arena_fmt(c->arena, "remove/%s", pack));
	TRY(backup_guarded(c, tx, kept));
	if (!*kept)
		TRY(meta_lease_any(c, tx, str_of(arena_fmt(c->arena, "keep/%s/%%", pack)), kept));
	if (*kept)
		return OK;
	TRY(meta_lease_take(c, tx, &out->lease, REMOVE_SECONDS, &taken));
	*kept = !taken;
	return OK;
}

/* In half of the lease's time: then what is on its way has the other half. */
void removal_begin(struct ctx *c, struct removal *r)
{
	int64_t until = c->world->monotonic() + REMOVE_SECONDS * (int64_t)500000;
	r->deadline = c->deadline;
	if (!c->deadline || c->deadline > until)
		c->deadline = until;
}

enum err removal_end(struct ctx *c, struct removal *r, enum err result)
{
	c->deadline = r->deadline;
	if (!result)
		give(c, r->db, r->repo_id, &r->lease);
	return result;
}

enum err removals_wait(struct ctx *c, struct db *db)
{
	int64_t until = c->world->monotonic() + PATIENCE_US;
	for (bool any = true;;) {
		DB_TX *tx = NULL;
		TRY(db_begin(c, db, DB_READ, &tx));
		TRY(meta_lease_any(c, tx, STR("remove/%"), &any));
		if (!any)
			return OK;
		db_rollback(&tx);
		TRY(look_again(c, until));
	}
}
