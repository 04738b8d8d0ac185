#include "git/pack_receive.h"

static const struct idx_entry *find_entry(const struct pack_received *p, const uint8_t *hash)
{
	size_t size = hash_size(p->algo);
	uint32_t low = 0, high = p->entries ? p->count : 0;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = memcmp(p->entries[middle].id.hash, hash, size);
		if (order == 0)
			return &p->entries[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static const struct received *record_at(const struct pack_received *p, uint64_t offset)
{
	uint32_t low = 0, high = p->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (p->records[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	ASSERT(low < p->count);
	return &p->records[low];
}

const struct received *pack_received_find(const struct pack_received *p, const struct oid *id)
{
	const struct idx_entry *entry = find_entry(p, id->hash);
	return entry ? record_at(p, entry->offset) : NULL;
}

static enum err check_link(struct ctx *c, const struct pack_received *p, struct odb_reader *known,
	const struct link *link)
{
	struct oid id = oid_from_bytes(p->algo, link->hash);
	const struct received *record = pack_received_find(p, &id);
	enum object_type type, want = link->type;
	char hex[OID_HEX_MAX];
	if (record)
		type = record->object_type;
	else
		TRY(odb_type(c, known, &id, &type));
	if (!type)
		return fail(c, ERR_INVALID, "%s %s is missing: it was neither sent nor is it here",
			object_type_name(want), oid_hex(&id, hex));
	if (type != want)
		return fail(c, ERR_INVALID, "object %s is a %s where a %s is needed",
			oid_hex(&id, hex), object_type_name(type), object_type_name(want));
	return OK;
}

enum err pack_received_connected(struct ctx *c, const struct pack_received *p,
	struct odb_reader *known, struct receive_progress *progress)
{
	const struct links *links = &p->links;
	uint32_t done = 0;
	for (size_t i = 0; i < links->cap; i++) {
		if (!links->slots[i].type)
			continue;
		TRY(check_link(c, p, known, &links->slots[i]));
		if (++done % 256)
			continue;
		TRY(ctx_check(c));
		if (progress)
			TRY(progress->step(
				c, progress, RECEIVE_LINKS, done, (uint32_t)links->count));
	}
	return progress ? progress->step(c, progress, RECEIVE_LINKS, done, done) : OK;
}
