#include "base/date.h"
#include "base/zip.h"
#include "git/archive_parts.h"

/* APPNOTE.TXT 6.3, with its 64-bit records where they are needed. */

enum {
	LOCAL_HEADER = 0x04034b50,
	LIST_HEADER = 0x02014b50,
	LIST_END = 0x06054b50,
	LIST_END_64 = 0x06064b50,
	LOCATOR_64 = 0x07064b50,
	STORED = 0,
	DEFLATED = 8,
	NAME_IS_UTF8 = 0x800,
	MADE_BY_UNIX = 3 << 8 | 45,
	NEEDS = 20,
	NEEDS_64 = 45,
	WHOLE_MAX = 8 << 20, /* longer files are stored as they are */
	LEVEL = 6,
	ZLIB_HEAD = 2, /* around the deflated bytes */
	ZLIB_TAIL = 4,
};

static void put_number(struct buf *b, size_t bytes, uint64_t value)
{
	for (size_t i = 0; i < bytes; i++, value >>= 8)
		buf_byte(b, (char)(value & 0xff));
}

static uint32_t two_digits(const char *at)
{
	return (uint32_t)(at[0] - '0') * 10 + (uint32_t)(at[1] - '0');
}

/* As DOS counts it: from 1980, in steps of two seconds. */
static uint32_t dos_time(int64_t seconds)
{
	const int64_t year_1980 = 315532800, year_2100 = 4102444800;
	char text[24];
	date_rfc3339(seconds < year_1980   ? year_1980
		     : seconds > year_2100 ? year_2100
					   : seconds,
		text);
	uint32_t year = two_digits(text) * 100 + two_digits(text + 2);
	return (year - 1980) << 25 | two_digits(text + 5) << 21 | two_digits(text + 8) << 16 |
	       two_digits(text + 11) << 11 | two_digits(text + 14) << 5 | two_digits(text + 17) / 2;
}

void zip_begin(struct archive *a)
{
	a->dos_time = dos_time(a->query->time);
}

struct member {
	const struct archive_entry *entry;
	unsigned method;
	uint32_t crc;
	uint64_t size, packed;
	uint64_t offset;
	struct str bytes; /* packed; at NULL: streamed from the store */
};

/* What the header before the file and the row in the list have in common. */
static void put_common(struct buf *b, const struct archive *a, const struct member *m)
{
	put_number(b, 2, m->offset >= UINT32_MAX ? NEEDS_64 : NEEDS);
	put_number(b, 2, str_is_utf8(m->entry->path) ? NAME_IS_UTF8 : 0);
	put_number(b, 2, m->method);
	put_number(b, 4, a->dos_time);
	put_number(b, 4, m->crc);
	put_number(b, 4, m->packed);
	put_number(b, 4, m->size);
	put_number(b, 2, m->entry->path.len);
}

static uint32_t unix_mode(const struct archive_entry *e)
{
	if (archive_is_folder(e))
		return MODE_TREE | 0775;
	if (archive_is_link(e))
		return MODE_SYMLINK | 0777;
	return 0100000 | (e->mode & 0100 ? 0775 : 0664);
}

static void add_to_list(struct archive *a, const struct member *m)
{
	bool far = m->offset >= UINT32_MAX;
	put_number(&a->list, 4, LIST_HEADER);
	put_number(&a->list, 2, MADE_BY_UNIX);
	put_common(&a->list, a, m);
	put_number(&a->list, 2, far ? 12 : 0); /* extra */
	put_number(&a->list, 2, 0);            /* comment */
	put_number(&a->list, 2, 0);            /* disk */
	put_number(&a->list, 2, 0);            /* no text */
	put_number(&a->list, 4,
		(uint64_t)unix_mode(m->entry) << 16 | (archive_is_folder(m->entry) ? 0x10 : 0));
	put_number(&a->list, 4, far ? UINT32_MAX : m->offset);
	buf_str(&a->list, m->entry->path);
	if (far) {
		put_number(&a->list, 2, 1);
		put_number(&a->list, 2, 8);
		put_number(&a->list, 8, m->offset);
	}
}

/* A sink that keeps the sum of what passes. */
struct summing {
	struct sink sink;
	uint32_t crc;
};

static enum err sum_up(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	struct summing *s = (struct summing *)self;
	(void)c;
	s->crc = zip_crc32(s->crc, bytes, len);
	return OK;
}

static enum err prepare_long(struct ctx *c, struct archive *a, struct member *m)
{
	struct summing sum = {.sink.write = sum_up};
	if (m->size >= UINT32_MAX)
		return fail(c, ERR_TOO_BIG, "\"%.*s\" does not fit into a zip file",
			STR_FMT(m->entry->path));
	TRY(odb_stream(c, a->reader, &m->entry->id, &sum.sink));
	m->crc = sum.crc;
	m->packed = m->size;
	return OK;
}

static enum err prepare(struct ctx *c, struct archive *a, struct member *m)
{
	enum object_type type;
	struct str bytes;
	TRY(odb_stat(c, a->reader, &m->entry->id, &type, &m->size));
	if (m->size > WHOLE_MAX)
		return prepare_long(c, a, m);
	TRY(odb_read_as(c, a->reader, &m->entry->id, OBJECT_BLOB, &bytes));
	size_t cap = zip_deflate_bound(bytes.len);
	char *packed = arena_raw(c->arena, cap);
	size_t len = zip_deflate(bytes.at, bytes.len, packed, cap, LEVEL);
	m->crc = zip_crc32(0, bytes.at, bytes.len);
	m->bytes = bytes;
	if (len - ZLIB_HEAD - ZLIB_TAIL < bytes.len) {
		m->method = DEFLATED;
		m->bytes = str_from(packed + ZLIB_HEAD, len - ZLIB_HEAD - ZLIB_TAIL);
	}
	m->packed = m->bytes.len;
	return OK;
}

enum err zip_entry(struct ctx *c, struct archive *a, const struct archive_entry *e)
{
	struct member m = {.entry = e, .method = STORED, .offset = a->written};
	struct buf header = {.arena = c->arena};
	if (!archive_is_folder(e))
		TRY(prepare(c, a, &m));
	put_number(&header, 4, LOCAL_HEADER);
	put_common(&header, a, &m);
	put_number(&header, 2, 0);
	buf_str(&header, e->path);
	TRY(archive_put(c, a, header.at, header.len));
	add_to_list(a, &m);
	if (m.bytes.at || m.size == 0)
		return archive_put(c, a, m.bytes.at, m.bytes.len);
	a->written += m.size;
	return odb_stream(c, a->reader, &e->id, a->to);
}

static void put_end_64(struct buf *b, const struct archive *a, uint64_t list_at)
{
	uint64_t end = list_at + a->list.len;
	put_number(b, 4, LIST_END_64);
	put_number(b, 8, 44);
	put_number(b, 2, MADE_BY_UNIX);
	put_number(b, 2, NEEDS_64);
	put_number(b, 8, 0); /* both disks */
	put_number(b, 8, a->files);
	put_number(b, 8, a->files);
	put_number(b, 8, a->list.len);
	put_number(b, 8, list_at);
	put_number(b, 4, LOCATOR_64);
	put_number(b, 4, 0);
	put_number(b, 8, end);
	put_number(b, 4, 1);
}

static uint64_t at_most(uint64_t value, uint64_t most)
{
	return value < most ? value : most;
}

enum err zip_end(struct ctx *c, struct archive *a)
{
	struct buf end = {.arena = c->arena};
	char hex[OID_HEX_MAX] = "";
	uint64_t list_at = a->written;
	if (a->query->commit.algo)
		oid_hex(&a->query->commit, hex);
	TRY(archive_put(c, a, a->list.at, a->list.len));
	if (a->files >= UINT16_MAX || list_at + a->list.len >= UINT32_MAX)
		put_end_64(&end, a, list_at);
	put_number(&end, 4, LIST_END);
	put_number(&end, 4, 0); /* both disks */
	put_number(&end, 2, at_most(a->files, UINT16_MAX));
	put_number(&end, 2, at_most(a->files, UINT16_MAX));
	put_number(&end, 4, at_most(a->list.len, UINT32_MAX));
	put_number(&end, 4, at_most(list_at, UINT32_MAX));
	put_number(&end, 2, strlen(hex));
	buf_cstr(&end, hex);
	return archive_put(c, a, end.at, end.len);
}
