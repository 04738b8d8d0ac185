#include "git/chunks.h"

#include "base/buf.h"

static struct chunk_place *slot_of(const uint8_t *row, const struct chunk_slot *slots, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (memcmp(row, slots[i].name, 4) == 0)
			return slots[i].out;
	return NULL;
}

enum err chunks_parse(struct ctx *c, const struct chunk_file *file, const struct chunk_slot *slots,
	size_t slot_count)
{
	size_t table = (file->count + 1) * CHUNK_ROW;
	const uint8_t *row = NULL;
	if (file->bytes->size < file->head + file->tail + table)
		return fail(c, ERR_CORRUPT, "a %s ends within its list of chunks", file->what);
	TRY(extent_window(c, file->bytes, file->head, table, &row));
	uint64_t from = get_be64(row + 4), end = file->bytes->size - file->tail;
	if (from < file->head + table)
		return fail(c, ERR_CORRUPT, "a %s has a chunk that is no chunk", file->what);
	for (size_t i = 0; i < file->count; i++, row += CHUNK_ROW) {
		uint64_t to = get_be64(row + CHUNK_ROW + 4);
		struct chunk_place *out = slot_of(row, slots, slot_count);
		if (to < from || to > end)
			return fail(c, ERR_CORRUPT, "a %s has a chunk outside of it", file->what);
		if (out && out->at)
			return fail(c, ERR_CORRUPT, "a %s has a chunk twice", file->what);
		if (out)
			*out = (struct chunk_place){from, to - from};
		from = to;
	}
	if (get_be32(row) != 0)
		return fail(c, ERR_CORRUPT, "a %s has a list of chunks without an end", file->what);
	return OK;
}

size_t chunks_count(const struct chunk *chunks, size_t count)
{
	size_t there = 0;
	for (size_t i = 0; i < count; i++)
		there += chunks[i].name != NULL;
	return there;
}

static enum err write_row(struct ctx *c, const char name[4], uint64_t at, struct sink *to)
{
	uint8_t row[CHUNK_ROW];
	memcpy(row, name, 4);
	put_be64(row + 4, at);
	return sink_write(c, to, row, sizeof row);
}

enum err chunks_write(struct ctx *c, const struct chunk *chunks, size_t count, uint64_t head,
	void *arg, struct sink *to)
{
	uint64_t at = head + (chunks_count(chunks, count) + 1) * CHUNK_ROW;
	for (size_t i = 0; i < count; i++) {
		if (!chunks[i].name)
			continue;
		TRY(write_row(c, chunks[i].name, at, to));
		at += chunks[i].size;
	}
	TRY(write_row(c, "\0\0\0", at, to));
	for (size_t i = 0; i < count; i++)
		if (chunks[i].name)
			TRY(chunks[i].write(c, arg));
	return OK;
}
