/*
 * Repositories made by hand for tests: objects into packs, packs into an odb. All in an arena but
 * the packs' handles, which odb_make_done closes.
 */
#ifndef TESTS_ODB_MAKE_H
#define TESTS_ODB_MAKE_H

#include "pack_make.h"

#include "base/vec.h"
#include "git/odb.h"

struct odb_make {
	struct ctx *c;
	struct pack_make pack; /* the one being filled */
	VEC_OF(struct idx_entry) entries;
	struct odb odb;
	struct pack *packs[8];
};

struct memory_sink {
	struct sink sink;
	struct buf bytes;
};

static inline enum err memory_sink_write(
	struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	(void)c;
	buf_bytes(&((struct memory_sink *)self)->bytes, bytes, len);
	return OK;
}

static inline struct memory_sink memory_sink(struct arena *a)
{
	return (struct memory_sink){.sink.write = memory_sink_write, .bytes.arena = a};
}

static inline struct odb_make *odb_make(struct ctx *c, enum hash_algo algo)
{
	struct odb_make *m = NEW(c->arena, struct odb_make);
	m->c = c;
	m->entries.arena = c->arena;
	m->odb = (struct odb){.algo = algo, .packs = m->packs};
	pack_make_init(&m->pack, c->arena, algo);
	return m;
}

static inline struct oid odb_make_object(struct odb_make *m, enum object_type type, struct str body)
{
	struct oid id;
	uint64_t offset = pack_make_object(&m->pack, type, body, &id);
	*vec_push(&m->entries) = (struct idx_entry){.id = id, .offset = offset};
	return id;
}

/* The offset of the object that was made last. */
static inline uint64_t odb_make_last(const struct odb_make *m)
{
	return m->entries.at[m->entries.len - 1].offset;
}

/* What lies at `offset` since is the object `whole`, as a delta of some kind. */
static inline struct oid odb_make_entry(
	struct odb_make *m, uint64_t offset, enum object_type type, struct str whole)
{
	struct object o = {type, whole};
	struct oid id;
	object_hash(m->odb.algo, &o, &id);
	*vec_push(&m->entries) = (struct idx_entry){.id = id, .offset = offset};
	return id;
}

static inline struct str odb_make_idx(struct odb_make *m, struct str pack)
{
	struct memory_sink out = memory_sink(m->c->arena);
	size_t size = hash_size(m->odb.algo);
	assert_ok(m->c, idx_write(m->c, m->odb.algo, m->entries.at, (uint32_t)m->entries.len,
				(const uint8_t *)pack.at + pack.len - size, &out.sink));
	return buf_view(&out.bytes);
}

static inline struct extent *odb_make_extent(struct odb_make *m, struct str bytes)
{
	struct extent_bytes *e = NEW(m->c->arena, struct extent_bytes);
	extent_bytes_init(e, bytes.at, bytes.len);
	return &e->extent;
}

/* Ends the pack being filled, puts it into the odb, and begins another one. */
static inline struct pack *odb_make_pack(struct odb_make *m)
{
	struct str pack = pack_make_end(&m->pack), idx = odb_make_idx(m, pack);
	struct pack **out = &m->packs[m->odb.count++];
	assert_ok(m->c, pack_open(m->c, m->odb.algo, odb_make_extent(m, pack),
				odb_make_extent(m, idx), out));
	pack_make_init(&m->pack, m->c->arena, m->odb.algo);
	m->entries.len = 0;
	return *out;
}

static inline void odb_make_done(struct odb_make *m)
{
	for (size_t i = 0; i < m->odb.count; i++)
		pack_unref(m->packs[i]);
}

/* A commit with a date, seconds since 1970. `parents` ends with one of algo 0. */
static inline struct oid odb_make_commit(
	struct odb_make *m, struct oid tree, const struct oid *parents, int64_t date)
{
	char hex[OID_HEX_MAX];
	struct buf b = {.arena = m->c->arena};
	buf_fmt(&b, "tree %s\n", oid_hex(&tree, hex));
	for (; parents && parents->algo; parents++)
		buf_fmt(&b, "parent %s\n", oid_hex(parents, hex));
	buf_fmt(&b, "author A <a@b> %lld +0000\ncommitter A <a@b> %lld +0000\n\nmessage\n",
		(long long)date, (long long)date);
	return odb_make_object(m, OBJECT_COMMIT, buf_view(&b));
}

/* A tree of up to two entries, whose names must be in order. */
static inline struct oid odb_make_tree(struct odb_make *m, const char *first, struct oid first_id,
	const char *second, struct oid second_id)
{
	struct buf b = {.arena = m->c->arena};
	if (first)
		tree_line(&b, first, &first_id);
	if (second)
		tree_line(&b, second, &second_id);
	return odb_make_object(m, OBJECT_TREE, buf_view(&b));
}

#define PARENTS(...)                      \
	(const struct oid[])              \
	{                                 \
		__VA_ARGS__, (struct oid) \
		{                         \
			.algo = 0         \
		}                         \
	}

#endif
