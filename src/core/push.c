#include "core/push.h"

#include "base/host.h"
#include "core/permit.h"
#include "core/push_parts.h"

struct permit_need push_need(struct str name, enum db_mode mode)
{
	return (struct permit_need){name, OPERATION_REPOSITORY_PUSH, .mode = mode};
}

enum err push_begin(struct ctx *c, struct core *core, const struct actor *who,
	const struct permit_need *need, struct db_tx **tx, struct push_target *out)
{
	*out = (struct push_target){0};
	enum err err = permit_begin(c, core, who, need, tx, &out->on);
	if (err && !(err == ERR_NOT_FOUND && out->on.may_create))
		return err;
	out->now = db_now(*tx);
	if (!err)
		return OK;
	ctx_clear(c);
	TRY(repo_name_check(c, need->name));
	out->create = true;
	out->on.repo = (struct repo){
		.name = need->name,
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
	const struct permit_need need = push_need(name, DB_READ);
	DB_TX *tx = NULL;
	*out = (struct push){.core = core, .who = who};
	TRY(push_begin(c, core, who, &need, &tx, &out->target));
	if (!out->target.create)
		TRY(snapshot_get(c, core, tx, &out->target.on.repo, &out->snapshot));
	out->nothing.algo = out->target.on.repo.object_format;
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

enum err push_pack(struct ctx *c, struct push *p, struct source *from, bool to_end)
{
	const struct pack_receive receive = {
		.algo = p->target.on.repo.object_format,
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
	struct spool_sink to;
	spool_sink_init(&to, p->idx);
	return idx_write(
		c, p->pack.algo, p->pack.entries, p->pack.count, p->pack.id.hash, &to.sink);
}
