#include "driver/driver.h"
#include "main/admin.h"
#include "main/copy.h"
#include "main/lock.h"
#include "main/place.h"
#include "main/seals.h"
#include "meta/migrate.h"
#include "os/file.h"

enum { LEAVING_TRIES = 30, LEAVING_US = 100000 };

enum err admin_migrate(struct ctx *c, struct admin *admin)
{
	int64_t from, to = meta_schema_version();
	TRY(drivers_database(c, &admin->run->config, false, &admin->core.db));
	TRY(meta_migrate_from(c, admin->core.db, &from));
	if (from == to)
		print("The schema is %lld: there was nothing to do.\n", (long long)to);
	else
		print("The schema was %lld and is %lld now.\n", (long long)from, (long long)to);
	return OK;
}

struct moving {
	struct db *from, *to;
	struct backup blobs;
	bool moves_blobs;
	struct str instance;
	int64_t rows;
};

/* A server's connections end a moment after itself. */
static enum err need_alone(struct ctx *c, struct db *db)
{
	int64_t others = 0;
	if (db->ops->dialect != DB_POSTGRES)
		return OK;
	for (int i = 0; i < LEAVING_TRIES; i++) {
		TRY(db_postgres_others(c, db, &others));
		if (others <= 0)
			return OK;
		usleep(LEAVING_US);
	}
	return fail(c, ERR_CONFLICT,
		"the database has %lld connections of servers of this instance: stop all of them "
		"first, and do not start one again before this is done",
		(long long)others);
}

static enum err open_source(struct ctx *c, const struct config *config, struct moving *m)
{
	int64_t version;
	TRY(drivers_database(c, config, false, &m->from));
	TRY(need_alone(c, m->from));
	TRY(meta_schema_read(c, m->from, &version));
	if (version != meta_schema_version())
		return fail(c, ERR_UNSUPPORTED,
			"the database has schema %lld and this program has %lld: `nimbus admin "
			"migrate` first, or run a newer program",
			(long long)version, (long long)meta_schema_version());
	return copy_instance(c, m->from, &m->instance);
}

static enum err open_blobs(
	struct ctx *c, const struct admin *admin, const char *to, struct moving *m)
{
	const char *own = drivers_blob_place(c, &admin->run->config);
	const char *place = run_argument(admin->run, "--blob-to");
	if (!place && place_is_server(to))
		return OK;
	if (!place)
		place = arena_fmt(c->arena, "%s/blob", to);
	TRY(place_blobs(c, &admin->run->config, place, true, &m->blobs.to));
	m->moves_blobs = !place_same(own, place);
	if (m->moves_blobs)
		TRY(place_blobs(c, &admin->run->config, own, false, &m->blobs.from));
	return OK;
}

static enum err move_blobs(struct ctx *c, struct moving *m)
{
	m->blobs.database = m->from;
	m->blobs.instance = str_dup(c->arena, m->instance);
	m->blobs.check_all = true;
	m->blobs.progress = copy_show_repo;
	enum err e = backup_blobs(c, &m->blobs);
	copy_done();
	return e;
}

/* The rows come last, and all at once: a target that has them has all. */
static enum err move_all(struct ctx *c, struct admin *admin, const char *to, struct moving *m)
{
	FD alone = -1;
	const struct config *config = &admin->run->config;
	TRY(open_source(c, config, m));
	TRY(lock_alone(c, config->data, &alone));
	TRY_WHILE(c, place_database(c, to, &m->to), "opening the target");
	TRY_WHILE(c, meta_migrate(c, m->to), "preparing the target");
	TRY(copy_need_empty(c, m->to));
	TRY(open_blobs(c, admin, to, m));
	if (m->moves_blobs)
		TRY(move_blobs(c, m));
	TRY(copy_rows(c, m->from, m->to, true, &m->rows));
	return seals_move(c, config, m->to, to);
}

static void tell(struct ctx *c, const struct moving *m)
{
	print("%s were copied and compared.\n", admin_count(c, (uint64_t)m->rows, "row", "rows"));
	if (m->moves_blobs)
		print("%s of %llu bytes were copied and compared.\n",
			admin_count(c, m->blobs.packs, "pack", "packs"),
			(unsigned long long)m->blobs.bytes);
	else
		print("The packs stay where they are.\n");
	print("This instance is as it was: from now on serve only the new one.\n");
}

enum err admin_move(struct ctx *c, struct admin *admin)
{
	const char *to = run_argument(admin->run, "--to");
	struct moving m = {0};
	if (!to)
		return fail(c, ERR_INVALID, "--to is missing: say where to");
	enum err e = move_all(c, admin, to, &m);
	blob_close(m.blobs.from);
	blob_close(m.blobs.to);
	db_close(m.to);
	db_close(m.from);
	TRY(e);
	tell(c, &m);
	return OK;
}
