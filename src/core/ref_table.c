#include "core/ref_table.h"

#include "base/buf.h"
#include "base/hex.h"
#include "base/host.h"

enum {
	CHUNK_LINES = 64 << 10, /* as much as one packet of a socket takes well */
	LINE_MAX = 4 + 2 * (2 * HASH_MAX + 1) + REF_NAME_MAX + 32,
	REFS_MAX = CHUNK_LINES / 16,
};

struct ref_chunk {
	int references;
	uint32_t count;
	size_t size;              /* of this struct and all behind it */
	const char *lines, *tags; /* "ID NAME\n" of all; "ID NAME peeled:ID\n" of annotated tags */
	const uint32_t *at, *tag; /* where the lines of each are: count + 1; one without is empty */
};

/* The chunk that is being filled. */
struct ref_pending {
	uint32_t count;
	uint32_t at[REFS_MAX + 1], tag[REFS_MAX + 1];
	char lines[CHUNK_LINES + LINE_MAX], tags[2 * CHUNK_LINES + LINE_MAX];
};

void ref_table_init(struct ref_table *t, struct arena *arena, enum hash_algo algo)
{
	*t = (struct ref_table){.algo = algo, .parts.arena = arena};
}

static void chunk_unref(struct ref_chunk *chunk)
{
	if (__atomic_sub_fetch(&chunk->references, 1, __ATOMIC_ACQ_REL) == 0)
		host_free(chunk, chunk->size);
}

void ref_table_done(struct ref_table *t)
{
	for (size_t i = 0; i < t->parts.len; i++)
		chunk_unref(t->parts.at[i].chunk);
	t->parts.len = t->count = 0;
}

static struct str chunk_name(const struct ref_table *t, const struct ref_chunk *chunk, uint32_t i)
{
	size_t skip = 4 + 2 * hash_size(t->algo) + 1;
	return str_from(
		chunk->lines + chunk->at[i] + skip, chunk->at[i + 1] - chunk->at[i] - skip - 1);
}

static bool chunk_is_tag(const struct ref_chunk *chunk, uint32_t i)
{
	return chunk->tag[i] != chunk->tag[i + 1];
}

static struct ref chunk_ref(const struct ref_table *t, const struct ref_chunk *chunk, uint32_t i)
{
	size_t digits = 2 * hash_size(t->algo);
	struct ref ref = {.name = chunk_name(t, chunk, i)};
	bool ok = oid_parse(t->algo, str_from(chunk->lines + chunk->at[i] + 4, digits), &ref.id);
	if (chunk_is_tag(chunk, i))
		ok &= oid_parse(t->algo,
			str_from(chunk->tags + chunk->tag[i + 1] - 1 - digits, digits),
			&ref.peeled);
	ASSERT(ok);
	return ref;
}

/* The part that has the ref at `i`; of i == count the last. */
static const struct ref_part *part_of(const struct ref_table *t, size_t i)
{
	size_t low = 0, high = t->parts.len - 1;
	while (low < high) {
		size_t middle = low + (high - low + 1) / 2;
		if (t->parts.at[middle].before <= i)
			low = middle;
		else
			high = middle - 1;
	}
	return &t->parts.at[low];
}

struct ref ref_table_at(const struct ref_table *t, size_t i)
{
	ASSERT(i < t->count);
	const struct ref_part *part = part_of(t, i);
	return chunk_ref(t, part->chunk, (uint32_t)(i - part->before));
}

/* The first ref that is not before `name`; with `past`, that does not start with it either. */
static size_t bound(const struct ref_table *t, struct str name, bool past)
{
	size_t low = 0, high = t->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct ref_part *part = part_of(t, middle);
		struct str other = chunk_name(t, part->chunk, (uint32_t)(middle - part->before));
		if (str_cmp(other, name) < 0 || (past && str_starts(other, name)))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t ref_table_lower_bound(const struct ref_table *t, struct str prefix)
{
	return bound(t, prefix, false);
}

size_t ref_table_prefix_end(const struct ref_table *t, struct str prefix)
{
	return bound(t, prefix, true);
}

bool ref_table_find(const struct ref_table *t, struct str name, struct ref *out)
{
	size_t i = bound(t, name, false);
	if (i == t->count)
		return false;
	const struct ref_part *part = part_of(t, i);
	uint32_t at = (uint32_t)(i - part->before);
	if (!str_eq(chunk_name(t, part->chunk, at), name))
		return false;
	*out = chunk_ref(t, part->chunk, at);
	return true;
}

size_t ref_table_bytes(const struct ref_table *t)
{
	size_t bytes = 0;
	for (size_t i = 0; i < t->parts.len; i++)
		bytes += t->parts.at[i].chunk->size;
	return bytes;
}

static void length_write(size_t len, char out[4])
{
	uint8_t bytes[2] = {(uint8_t)(len >> 8), (uint8_t)len};
	hex_encode(bytes, 2, out);
}

/* Version 0 says what a tag points at in a line of its own, which is made from that of version 2. */
static enum err write_v0_tag(struct ctx *c, const struct ref_table *t,
	const struct ref_chunk *chunk, uint32_t i, struct sink *out)
{
	char line[LINE_MAX];
	size_t digits = 2 * hash_size(t->algo), len = 4;
	struct str name = chunk_name(t, chunk, i);
	memcpy(line + len, chunk->tags + chunk->tag[i + 1] - 1 - digits, digits);
	len += digits;
	line[len++] = ' ';
	memcpy(line + len, name.at, name.len);
	len += name.len;
	memcpy(line + len, "^{}\n", 4);
	len += 4;
	length_write(len, line);
	return sink_write(c, out, line, len);
}

/* Runs of refs with, and of refs without, an own line of tags, each as one piece. */
static enum err write_runs(
	struct ctx *c, const struct ref_chunk *chunk, uint32_t from, uint32_t to, struct sink *out)
{
	while (from < to) {
		uint32_t end = from + 1;
		bool tag = chunk_is_tag(chunk, from);
		while (end < to && chunk_is_tag(chunk, end) == tag)
			end++;
		const char *lines = tag ? chunk->tags : chunk->lines;
		const uint32_t *at = tag ? chunk->tag : chunk->at;
		TRY(sink_write(c, out, lines + at[from], at[end] - at[from]));
		from = end;
	}
	return OK;
}

static enum err write_v0(struct ctx *c, const struct ref_table *t, const struct ref_chunk *chunk,
	uint32_t from, uint32_t to, struct sink *out)
{
	while (from < to) {
		uint32_t end = from + 1;
		while (end < to && !chunk_is_tag(chunk, end - 1))
			end++;
		TRY(sink_write(
			c, out, chunk->lines + chunk->at[from], chunk->at[end] - chunk->at[from]));
		if (chunk_is_tag(chunk, end - 1))
			TRY(write_v0_tag(c, t, chunk, end - 1, out));
		from = end;
	}
	return OK;
}

enum err ref_table_write(struct ctx *c, const struct ref_table *t, size_t from, size_t to,
	enum ref_lines how, struct sink *out)
{
	ASSERT(to <= t->count);
	while (from < to) {
		const struct ref_part *part = part_of(t, from);
		const struct ref_chunk *chunk = part->chunk;
		uint32_t first = (uint32_t)(from - part->before), end = chunk->count;
		if (to - part->before < end)
			end = (uint32_t)(to - part->before);
		bool tags = how != REF_LINES_PLAIN && chunk->tag[first] != chunk->tag[end];
		if (!tags)
			TRY(sink_write(c, out, chunk->lines + chunk->at[first],
				chunk->at[end] - chunk->at[first]));
		else if (how == REF_LINES_V2)
			TRY(write_runs(c, chunk, first, end, out));
		else
			TRY(write_v0(c, t, chunk, first, end, out));
		from = part->before + end;
	}
	return OK;
}

void ref_maker_init(struct ref_maker *m, struct ref_table *into, const struct ref_table *base)
{
	ASSERT(into->count == 0);
	*m = (struct ref_maker){.into = into, .base = base};
	arena_init(&m->arena);
	m->pending = arena_raw(&m->arena, sizeof *m->pending);
	m->pending->count = m->pending->at[0] = m->pending->tag[0] = 0;
}

void ref_maker_done(struct ref_maker *m)
{
	arena_done(&m->arena);
}

static void table_add(struct ref_table *t, struct ref_chunk *chunk)
{
	*vec_push(&t->parts) = (struct ref_part){chunk, t->count};
	t->count += chunk->count;
}

static void pending_close(struct ref_maker *m)
{
	struct ref_pending *p = m->pending;
	size_t offsets = (p->count + 1) * sizeof *p->at;
	size_t lines = p->at[p->count], tags = p->tag[p->count];
	if (p->count == 0)
		return;
	size_t size = sizeof(struct ref_chunk) + 2 * offsets + lines + tags;
	struct ref_chunk *chunk = host_alloc(size);
	char *behind = (char *)(chunk + 1);
	memcpy(behind, p->at, offsets);
	memcpy(behind + offsets, p->tag, offsets);
	memcpy(behind + 2 * offsets, p->lines, lines);
	memcpy(behind + 2 * offsets + lines, p->tags, tags);
	*chunk = (struct ref_chunk){.references = 1,
		.count = p->count,
		.size = size,
		.at = (const uint32_t *)(const void *)behind,
		.tag = (const uint32_t *)(const void *)(behind + offsets),
		.lines = behind + 2 * offsets,
		.tags = behind + 2 * offsets + lines};
	table_add(m->into, chunk);
	p->count = 0;
}

/* One more; its lines begin where `*line` and `*tag` will point. */
static void pending_begin(struct ref_maker *m, char **line, char **tag)
{
	struct ref_pending *p = m->pending;
	if (p->count == REFS_MAX || p->at[p->count] >= CHUNK_LINES ||
		p->tag[p->count] >= 2 * CHUNK_LINES)
		pending_close(m);
	*line = p->lines + p->at[p->count];
	*tag = p->tags + p->tag[p->count];
}

static void pending_end(struct ref_maker *m, size_t line, size_t tag)
{
	struct ref_pending *p = m->pending;
	p->at[p->count + 1] = p->at[p->count] + (uint32_t)line;
	p->tag[p->count + 1] = p->tag[p->count] + (uint32_t)tag;
	p->count++;
}

static size_t line_write(char *line, const struct ref *ref, bool peeled)
{
	size_t digits = hash_size((enum hash_algo)ref->id.algo), len = 4;
	hex_encode(ref->id.hash, digits, line + len);
	len += 2 * digits;
	line[len++] = ' ';
	memcpy(line + len, ref->name.at, ref->name.len);
	len += ref->name.len;
	if (peeled) {
		memcpy(line + len, " peeled:", 8);
		hex_encode(ref->peeled.hash, digits, line + len + 8);
		len += 8 + 2 * digits;
	}
	line[len++] = '\n';
	length_write(len, line);
	return len;
}

static void add(struct ref_maker *m, const struct ref *ref)
{
	char *line, *tag;
	ASSERT(ref->name.len <= REF_NAME_MAX && ref->id.algo == m->into->algo);
	pending_begin(m, &line, &tag);
	bool peeled = ref->peeled.algo != 0;
	pending_end(m, line_write(line, ref, false), peeled ? line_write(tag, ref, true) : 0);
}

static void copy(struct ref_maker *m, const struct ref_chunk *from, uint32_t i)
{
	char *line, *tag;
	size_t len = from->at[i + 1] - from->at[i], tag_len = from->tag[i + 1] - from->tag[i];
	pending_begin(m, &line, &tag);
	memcpy(line, from->lines + from->at[i], len);
	memcpy(tag, from->tags + from->tag[i], tag_len);
	pending_end(m, len, tag_len);
}

/* A whole chunk of the base: shared, unless what is pending is little and it fits in there too. */
static void take_chunk(struct ref_maker *m, struct ref_chunk *chunk)
{
	struct ref_pending *p = m->pending;
	uint32_t held = p->at[p->count], lines = chunk->at[chunk->count];
	if (held && held < CHUNK_LINES / 4 && held + lines < CHUNK_LINES) {
		for (uint32_t i = 0; i < chunk->count; i++)
			copy(m, chunk, i);
		return;
	}
	pending_close(m);
	__atomic_add_fetch(&chunk->references, 1, __ATOMIC_RELAXED);
	table_add(m->into, chunk);
}

/* Takes what the base has before `name`, which is not empty; NULL: all. */
static void take_until(struct ref_maker *m, const struct str *name)
{
	while (m->base && m->part < m->base->parts.len) {
		struct ref_chunk *chunk = m->base->parts.at[m->part].chunk;
		uint32_t last = chunk->count - 1;
		bool whole = !name || str_cmp(chunk_name(m->base, chunk, last), *name) < 0;
		if (whole && m->ref == 0) {
			take_chunk(m, chunk);
			m->part++;
			continue;
		}
		while (m->ref <= last &&
			(whole || str_cmp(chunk_name(m->base, chunk, m->ref), *name) < 0))
			copy(m, chunk, m->ref++);
		if (m->ref <= last)
			return;
		m->part++;
		m->ref = 0;
	}
}

/* Passes over the ref of that name in the base, where there is one. */
static void skip(struct ref_maker *m, struct str name)
{
	take_until(m, &name);
	if (!m->base || m->part == m->base->parts.len)
		return;
	const struct ref_chunk *chunk = m->base->parts.at[m->part].chunk;
	if (!str_eq(chunk_name(m->base, chunk, m->ref), name))
		return;
	if (++m->ref == chunk->count) {
		m->part++;
		m->ref = 0;
	}
}

void ref_maker_put(struct ref_maker *m, const struct ref *ref)
{
	skip(m, ref->name);
	add(m, ref);
}

void ref_maker_drop(struct ref_maker *m, struct str name)
{
	skip(m, name);
}

void ref_maker_end(struct ref_maker *m)
{
	take_until(m, NULL);
	pending_close(m);
}
