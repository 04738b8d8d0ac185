/*
 * Packs made by hand for tests, right or wrong, and spools in memory. Everything lies in the arena
 * of the builder or of the maker.
 */
#ifndef TESTS_PACK_MAKE_H
#define TESTS_PACK_MAKE_H

#include "base/buf.h"
#include "base/zip.h"
#include "git/pack_receive.h"

struct pack_make {
	enum hash_algo algo;
	struct buf bytes;
	uint32_t count;
};

static inline void pack_make_init(struct pack_make *m, struct arena *a, enum hash_algo algo)
{
	*m = (struct pack_make){.algo = algo, .bytes.arena = a};
	buf_bytes(&m->bytes, "PACK\0\0\0\2\0\0\0\0", 12);
}

/* An entry of any kind: `size` is what its header claims, `body` is deflated behind `base`. */
static inline uint64_t pack_make_entry(
	struct pack_make *m, int type, uint64_t size, struct str base, struct str body)
{
	uint64_t offset = m->bytes.len;
	uint8_t byte = (uint8_t)(type << 4 | (size & 15));
	for (size >>= 4; size; size >>= 7) {
		buf_byte(&m->bytes, (char)(byte | 0x80));
		byte = size & 0x7f;
	}
	buf_byte(&m->bytes, (char)byte);
	buf_str(&m->bytes, base);
	size_t cap = zip_deflate_bound(body.len);
	buf_reserve(&m->bytes, cap);
	m->bytes.len += zip_deflate(body.at, body.len, m->bytes.at + m->bytes.len, cap, 6);
	m->count++;
	return offset;
}

/* A whole object; returns where it lies and its id. */
static inline uint64_t pack_make_object(
	struct pack_make *m, enum object_type type, struct str body, struct oid *id)
{
	struct object o = {type, body};
	if (id)
		object_hash(m->algo, &o, id);
	return pack_make_entry(m, type, body.len, STR(""), body);
}

static inline uint64_t pack_make_ref_delta(
	struct pack_make *m, const struct oid *base, struct str delta)
{
	struct str id = str_from(base->hash, hash_size(m->algo));
	return pack_make_entry(m, OBJECT_REF_DELTA, delta.len, id, delta);
}

static inline uint64_t pack_make_ofs_delta(struct pack_make *m, uint64_t base, struct str delta)
{
	uint8_t digits[10];
	size_t at = sizeof digits;
	uint64_t back = m->bytes.len - base;
	digits[--at] = back & 0x7f;
	while (back >>= 7)
		digits[--at] = (uint8_t)(0x80 | (--back & 0x7f));
	return pack_make_entry(
		m, OBJECT_OFS_DELTA, delta.len, str_from(digits + at, sizeof digits - at), delta);
}

/* A delta of the two sizes, and instructions as they are. */
static inline struct str delta_make(
	struct arena *a, uint64_t base_size, uint64_t size, struct str instructions)
{
	struct buf b = {.arena = a};
	uint64_t sizes[2] = {base_size, size};
	for (int i = 0; i < 2; i++) {
		for (; sizes[i] > 0x7f; sizes[i] >>= 7)
			buf_byte(&b, (char)(0x80 | (sizes[i] & 0x7f)));
		buf_byte(&b, (char)sizes[i]);
	}
	buf_str(&b, instructions);
	return buf_view(&b);
}

/* One that copies a base of `size` < 64 KiB bytes and adds a short text. */
static inline struct str delta_append(struct arena *a, size_t size, const char *text)
{
	struct buf b = {.arena = a};
	buf_byte(&b, (char)0xb0);
	buf_byte(&b, (char)(size & 0xff));
	buf_byte(&b, (char)(size >> 8));
	buf_byte(&b, (char)strlen(text));
	buf_cstr(&b, text);
	return delta_make(a, size, size + strlen(text), buf_view(&b));
}

/* The finished pack: count and checksum put right. */
static inline struct str pack_make_end(struct pack_make *m)
{
	uint8_t digest[HASH_MAX];
	put_be32(m->bytes.at + 8, m->count);
	hash_once(m->algo, m->bytes.at, m->bytes.len, digest);
	buf_bytes(&m->bytes, digest, hash_size(m->algo));
	return buf_view(&m->bytes);
}

static inline void tree_line(struct buf *b, const char *mode_and_name, const struct oid *id)
{
	buf_cstr(b, mode_and_name);
	buf_byte(b, 0);
	buf_bytes(b, id->hash, hash_size((enum hash_algo)id->algo));
}

#define IDENT "A <a@b> 1700000000 +0000\n"

static inline struct str commit_make(
	struct arena *a, const struct oid *tree, const struct oid *parent)
{
	char hex[OID_HEX_MAX];
	struct buf b = {.arena = a};
	buf_fmt(&b, "tree %s\n", oid_hex(tree, hex));
	if (parent)
		buf_fmt(&b, "parent %s\n", oid_hex(parent, hex));
	buf_cstr(&b, "author " IDENT "committer " IDENT "\nmessage\n");
	return buf_view(&b);
}

struct memory_spool {
	struct spool spool;
	struct buf bytes;
};

static inline enum err memory_window(
	struct ctx *c, struct extent *self, uint64_t at, size_t len, const uint8_t **out)
{
	struct memory_spool *s = (struct memory_spool *)self;
	if (at > self->size || len > self->size - at)
		return fail(c, ERR_CORRUPT, "past the end of a spool in memory");
	*out = (const uint8_t *)s->bytes.at + at;
	return OK;
}

static inline enum err memory_append(
	struct ctx *c, struct spool *self, const void *bytes, size_t len)
{
	(void)c;
	buf_bytes(&((struct memory_spool *)self)->bytes, bytes, len);
	self->extent.size += len;
	return OK;
}

static inline void memory_close(struct extent *self)
{
	(void)self;
}

struct memory_spools {
	struct spool_maker maker;
	struct arena *arena;
	int made;
};

static inline enum err memory_make(struct ctx *c, struct spool_maker *self, struct spool **out)
{
	struct memory_spools *all = (struct memory_spools *)self;
	struct memory_spool *s = NEW(all->arena, struct memory_spool);
	(void)c;
	*s = (struct memory_spool){
		{{.window = memory_window, .close = memory_close}, memory_append},
		{.arena = all->arena}};
	all->made++;
	*out = &s->spool;
	return OK;
}

#endif
