/* How an instance fares: what there is, what it takes, and whether what it rests on answers. */
#include "core/instance_state.h"

#include "core/factor.h"
#include "core/instance.h"
#include "core/permit.h"
#include "core/record.h"
#include "meta/instance.h"
#include "meta/pack.h"
#include "meta/repo.h"

enum { PROBE_US = 2000000 };

/* Past the cache, which would answer by itself. */
static enum err ask_blob(struct ctx *c, struct core *core)
{
	struct extent *none = NULL;
	struct blob *store = core->bucket ? core->bucket : core->blob;
	TRY(blob_open(c, store, arena_fmt(c->arena, "%s/probe", core->instance), &none));
	extent_close(none);
	return OK;
}

static enum err ask_kv(struct ctx *c, struct core *core)
{
	struct str none;
	return kv_get(c, core->kv, STR("probe"), &none);
}

/* What is asked for is nowhere: that this is told, is the answer. */
static void probe(struct ctx *c, struct core *core, const char *name,
	enum err (*ask)(struct ctx *c, struct core *core), struct instance_port *out)
{
	int64_t deadline = c->deadline, begin = c->world->monotonic();
	if (!deadline || deadline > begin + PROBE_US)
		c->deadline = begin + PROBE_US;
	enum err err = ask(c, core);
	*out = (struct instance_port){.name = name, .micros = c->world->monotonic() - begin};
	if (err && err != ERR_NOT_FOUND)
		out->why = str_of(arena_strdup(c->arena, c->error.text));
	ctx_clear(c);
	c->deadline = deadline;
}

enum err instance_state(
	struct ctx *c, struct core *core, const struct actor *who, struct instance_state *out)
{
	DB_TX *tx = NULL;
	*out = (struct instance_state){0};
	TRY(permit_begin_owner(c, core, who, DB_READ, &tx));
	TRY(meta_instance_counts(c, tx, &out->counts));
	TRY(meta_pack_counts(c, tx, &out->counts));
	TRY(factor_is_required(c, tx, &out->second_factor_required));
	db_rollback(&tx);
	probe(c, core, "database", instance_ready, &out->ports[0]);
	probe(c, core, "blob store", ask_blob, &out->ports[1]);
	probe(c, core, "kv", ask_kv, &out->ports[2]);
	out->cached = blob_kept(core->blob, &out->kept);
	return OK;
}

enum err instance_storage(struct ctx *c, struct core *core, const struct actor *who,
	struct str after, size_t limit, struct instance_storage_list *out)
{
	DB_TX *tx = NULL;
	ASSERT(limit && limit <= INSTANCE_PAGE_MAX);
	const struct meta_storage_page page = {.after = after, .limit = limit + 1};
	struct meta_storage *rows;
	TRY(permit_begin_owner(c, core, who, DB_READ, &tx));
	TRY(meta_pack_storage(c, tx, &page, &rows, &out->count));
	out->more = out->count > limit;
	if (out->more)
		out->count = limit;
	out->at = NEW_ARRAY(c->arena, struct instance_storage, out->count + 1);
	for (size_t i = 0; i < out->count; i++)
		out->at[i] = rows[i].repo;
	out->next = out->more ? rows[limit - 1].key : STR("");
	return OK;
}

static enum err find_repo(struct ctx *c, struct core *core, const struct actor *who,
	struct str name, struct repo *out)
{
	DB_TX *tx = NULL;
	TRY(permit_begin_owner(c, core, who, DB_READ, &tx));
	enum err err = meta_repo_get_by_name(c, tx, name, out);
	if (err == ERR_NOT_FOUND)
		return fail(c, err, "there is no repository \"%.*s\"", STR_FMT(name));
	return err;
}

static enum err record_compacted(struct ctx *c, struct core *core, const struct actor *who,
	const struct repo *repo, const struct compact_run *run)
{
	DB_TX *tx = NULL;
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	json_begin_object(&w);
	json_member_int(&w, "packs_before", (int64_t)run->packs_before);
	json_member_int(&w, "packs_after", (int64_t)run->packs_after);
	json_member_int(&w, "bytes_before", (int64_t)run->bytes_before);
	json_member_int(&w, "bytes_after", (int64_t)run->bytes_after);
	json_end_object(&w);
	TRY(permit_begin_owner(c, core, who, DB_WRITE, &tx));
	TRY(record_add(c, tx,
		&(struct record){.who = who,
			.type = EVENT_REPOSITORY_COMPACTED,
			.repo = repo,
			.data = buf_view(&b)}));
	return db_commit(c, &tx);
}

enum err instance_compact(struct ctx *c, struct core *core, const struct actor *who,
	struct str name, struct compact_run *run)
{
	struct repo repo;
	*run = (struct compact_run){.core = core, .full = true};
	TRY(find_repo(c, core, who, name, &repo));
	TRY(compact_repo(c, run, &repo));
	return record_compacted(c, core, who, &repo, run);
}
