#include "git/archive_parts.h"

/* POSIX ustar with pax headers (IEEE Std 1003.1), with the fields that `git archive` fills. */

enum { BLOCK = 512, RECORD = 20 * BLOCK, NAME_FIELD = 100, PREFIX_MAX = 155 };

static const char zeros[RECORD];

static uint32_t permissions(const struct archive_entry *e)
{
	if (archive_is_folder(e))
		return 0775;
	if (archive_is_link(e))
		return 0777;
	return e->mode & 0100 ? 0775 : 0664;
}

/* `size` bytes: digits and a NUL. False where it does not fit. */
static bool put_octal(char *at, size_t size, uint64_t value)
{
	at[--size] = 0;
	while (size) {
		at[--size] = (char)('0' + value % 8);
		value /= 8;
	}
	return value == 0;
}

/* Where a path may be cut in two, as the format allows: the index of a '/', or 0. */
static size_t cut_of(struct str path)
{
	size_t at = path.len - (path.at[path.len - 1] == '/');
	at = at < PREFIX_MAX ? at : PREFIX_MAX;
	while (at > 0 && path.at[--at] != '/')
		continue;
	return path.len - at - 1 <= NAME_FIELD ? at : 0;
}

struct header {
	struct str path, link;
	uint32_t mode;
	uint64_t size;
	char type;
};

static enum err put_header(struct ctx *c, struct archive *a, const struct header *h)
{
	char block[BLOCK] = {0};
	struct str name = h->path;
	size_t cut = name.len > NAME_FIELD ? cut_of(name) : 0;
	if (cut) {
		memcpy(block + 345, name.at, cut);
		name = str_from_index(name, cut + 1);
	}
	memcpy(block, name.at, name.len < NAME_FIELD ? name.len : NAME_FIELD);
	memcpy(block + 157, h->link.at ? h->link.at : "", h->link.len);
	bool fits = put_octal(block + 100, 8, h->mode) && put_octal(block + 108, 8, 0) &&
		    put_octal(block + 116, 8, 0) && put_octal(block + 124, 12, h->size) &&
		    put_octal(block + 136, 12, a->query->time < 0 ? 0 : (uint64_t)a->query->time);
	if (!fits)
		return fail(
			c, ERR_TOO_BIG, "\"%.*s\" does not fit into a tar file", STR_FMT(h->path));
	block[156] = h->type;
	memcpy(block + 257, "ustar\00000", 8);
	memcpy(block + 265, "root", 4);
	memcpy(block + 297, "root", 4);
	put_octal(block + 329, 8, 0);
	put_octal(block + 337, 8, 0);
	memset(block + 148, ' ', 8);
	unsigned sum = 0;
	for (int i = 0; i < BLOCK; i++)
		sum += (unsigned char)block[i];
	put_octal(block + 148, 8, sum);
	return archive_put(c, a, block, BLOCK);
}

static enum err pad(struct ctx *c, struct archive *a, size_t to)
{
	size_t over = a->written % to;
	return over ? archive_put(c, a, zeros, to - over) : OK;
}

static enum err put_block(struct ctx *c, struct archive *a, const struct header *h, struct str body)
{
	TRY(put_header(c, a, h));
	TRY(archive_put(c, a, body.at, body.len));
	return pad(c, a, BLOCK);
}

/* "LENGTH key=value\n", whose length counts its own digits. */
static void put_record(struct buf *out, const char *key, struct str value)
{
	size_t rest = strlen(key) + value.len + 3, length = rest + 1, digits = 1;
	for (size_t bound = 10; length >= bound; bound *= 10)
		length = rest + ++digits;
	buf_fmt(out, "%zu %s=%.*s\n", length, key, STR_FMT(value));
}

enum err tar_begin(struct ctx *c, struct archive *a)
{
	char hex[OID_HEX_MAX];
	struct buf text = {.arena = c->arena};
	if (!a->query->commit.algo)
		return OK;
	put_record(&text, "comment", str_of(oid_hex(&a->query->commit, hex)));
	struct header h = {.path = STR("pax_global_header"), .mode = 0666, .type = 'g'};
	h.size = text.len;
	return put_block(c, a, &h, buf_view(&text));
}

/* Names that are too long for a header stand before it. */
static enum err put_long_names(
	struct ctx *c, struct archive *a, const struct archive_entry *e, struct header *h)
{
	struct buf text = {.arena = c->arena};
	char hex[OID_HEX_MAX];
	struct str name = str_of(arena_fmt(c->arena, "%s.data", oid_hex(&e->id, hex)));
	if (h->path.len > NAME_FIELD && !cut_of(h->path)) {
		put_record(&text, "path", h->path);
		h->path = name;
	}
	if (h->link.len > NAME_FIELD) {
		put_record(&text, "linkpath", h->link);
		h->link = str_of(arena_fmt(c->arena, "see %s.paxheader", hex));
	}
	if (text.len == 0)
		return OK;
	struct header before = {.mode = 0666, .type = 'x', .size = text.len};
	before.path = str_of(arena_fmt(c->arena, "%s.paxheader", oid_hex(&e->id, hex)));
	return put_block(c, a, &before, buf_view(&text));
}

enum err tar_entry(struct ctx *c, struct archive *a, const struct archive_entry *e)
{
	struct header h = {.path = e->path, .mode = permissions(e), .type = '0'};
	enum object_type type;
	if (archive_is_folder(e)) {
		h.type = '5';
	} else if (archive_is_link(e)) {
		h.type = '2';
		TRY(odb_read_as(c, a->reader, &e->id, OBJECT_BLOB, &h.link));
		if (h.link.len > ARCHIVE_PATH_MAX)
			return fail(c, ERR_TOO_BIG, "a link of %zu bytes", h.link.len);
	} else {
		TRY(odb_stat(c, a->reader, &e->id, &type, &h.size));
	}
	TRY(put_long_names(c, a, e, &h));
	TRY(put_header(c, a, &h));
	if (h.type != '0')
		return OK;
	a->written += h.size;
	TRY(odb_stream(c, a->reader, &e->id, a->to));
	return pad(c, a, BLOCK);
}

enum err tar_end(struct ctx *c, struct archive *a)
{
	TRY(archive_put(c, a, zeros, 2 * (size_t)BLOCK));
	return pad(c, a, RECORD);
}
