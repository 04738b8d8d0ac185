#include "core/push.h"

#include "base/host.h"
#include "core/permit.h"
#include "core/push_parts.h"
#include "model/scope.h"

enum err push_permit(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who,
	struct str name, struct push_target *out)
{
	struct permit_need need = {name, OPERATION_REPOSITORY_PUSH};
	struct permitted on;
	*out = (struct push_target){0};
	enum err err = permit_operation(c, core, tx, who, need, &on);
	out->repo = on.repo;
	out->granted = on.granted;
	out->level = on.level;
	out->audit = on.audit;
	if (err && err != ERR_NOT_FOUND)
		return err;
	TRY(db_ask_time(c, tx)); /* nothing was asked where it cannot be a name */
	out->now = db_now(tx);
	if (!err)
		return OK;
	struct error unknown = c->error;
	if (!scope_has_repo(c->arena, who->scope, name) || permit_owner_early(c, who)) {
		c->error = unknown;
		return ERR_NOT_FOUND;
	}
	ctx_clear(c);
	TRY(repo_name_check(c, name));
	out->create = true;
	out->repo = (struct repo){
		.name = name,
		.description = STR(""),
		.visibility = VISIBILITY_PRIVATE,
		.object_format = HASH_SHA1,
		.head = STR("refs/heads/main"),
	};
	return OK;
}

enum err push_open(struct ctx *c, struct core *core, const struct actor *who, struct str name,
	struct push *out)
{
	*out = (struct push){.core = core, .who = who};
	DB_TX *tx = NULL;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	TRY(push_permit(c, core, tx, who, name, &out->target));
	if (!out->target.create)
		TRY(snapshot_get(c, core, tx, &out->target.repo, &out->snapshot));
	out->nothing.algo = out->target.repo.object_format;
	odb_reader_init(c, &out->known, out->snapshot ? &out->snapshot->odb : &out->nothing);
	push_spools_init(&out->spools, core->blob, core->limits.pack_inline_max);
	return OK;
}

void push_close(struct push *p)
{
	if (p->has_pack)
		pack_received_done(&p->pack);
	if (p->idx)
		extent_close(&p->idx->extent);
	snapshot_release(&p->snapshot);
	*p = (struct push){0};
}

/* A sink into the spool of the index. */
struct idx_sink {
	struct sink sink;
	struct spool *spool;
};

static enum err idx_sink_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	TRY(ctx_check(c));
	return spool_append(c, ((struct idx_sink *)self)->spool, bytes, len);
}

enum err push_pack(struct ctx *c, struct push *p, struct source *from, bool to_end)
{
	const struct pack_receive receive = {
		.algo = p->target.repo.object_format,
		.from = from,
		.to_end = to_end,
		.spools = &p->spools.maker,
		.known = &p->known,
		.object_max = p->core->limits.object_max,
		.pack_max = p->core->limits.pack_max,
		.objects_max = p->core->limits.push_objects_max,
		.progress = p->progress,
	};
	p->has_pack = true;
	TRY(pack_receive(c, &receive, &p->pack));
	TRY(pack_received_connected(c, &p->pack, &p->known, p->progress));
	TRY(p->spools.maker.make(c, &p->spools.maker, &p->idx));
	struct idx_sink to = {{.write = idx_sink_write}, p->idx};
	return idx_write(
		c, p->pack.algo, p->pack.entries, p->pack.count, p->pack.id.hash, &to.sink);
}
