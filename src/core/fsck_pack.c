#include "core/fsck_pack.h"

#include "core/pack_again.h"

struct again_progress {
	struct receive_progress progress;
	const struct fsck_pack *what;
};

static enum err again_step(struct ctx *c, struct receive_progress *self, enum receive_stage stage,
	uint32_t done, uint32_t all)
{
	const struct fsck_pack *what = ((struct again_progress *)self)->what;
	uint64_t objects = what->pack->idx.count;
	(void)stage, (void)done, (void)all;
	if (what->run->progress && stage == RECEIVE_OBJECTS && (done % 256 == 0 || done == all))
		what->run->progress(what->run->arg, what->repo->name, done, objects);
	return ctx_check(c);
}

/* The index says of every object what we found. */
static enum err compare_index(
	struct ctx *c, const struct fsck_pack *what, const struct pack_received *got)
{
	const uint8_t *bytes;
	struct idx idx;
	char hex[OID_HEX_MAX];
	size_t size = (size_t)what->pack->idx_bytes->size;
	TRY(extent_window(c, what->pack->idx_bytes, 0, size, &bytes));
	TRY(idx_parse(c, what->pack->algo, str_from(bytes, size), true, &idx));
	if (idx.count != got->count)
		return fail(c, ERR_CORRUPT, "the index has %u objects and the pack %u", idx.count,
			got->count);
	for (uint32_t i = 0; i < idx.count; i++) {
		const struct idx_entry *entry = &got->entries[i];
		struct oid id = idx_oid(&idx, i);
		if (!oid_eq(&id, &entry->id) || idx_offset(&idx, i) != entry->offset ||
			idx_crc(&idx, i) != entry->crc)
			return fail(c, ERR_CORRUPT, "the index is wrong about object %s",
				oid_hex(&entry->id, hex));
	}
	return OK;
}

/* A pack is checked by receiving it once more. */
static enum err receive_again(struct ctx *c, const struct fsck_pack *what)
{
	struct pack_again again;
	struct again_progress progress = {{again_step}, what};
	enum err err = pack_again_receive(c, &again, what->run->core->blob, what->pack->algo,
		what->pack->bytes, &progress.progress);
	if (!err)
		err = compare_index(c, what, &again.got);
	if (!err)
		err = pack_received_connected(c, &again.got, what->all, NULL);
	pack_again_done(&again);
	return err;
}

enum err fsck_pack(struct ctx *c, const struct fsck_pack *what)
{
	struct arena_mark mark = arena_mark(c->arena);
	enum err err = receive_again(c, what);
	arena_rewind(c->arena, mark);
	return err ? fail_while(c, err, "checking pack %s", what->pack->name) : OK;
}
