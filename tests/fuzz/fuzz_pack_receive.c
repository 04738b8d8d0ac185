/*
 * A pack from outside. Input: a byte of options, then the pack, whose checksum is put right so that the
 * inside is reached. What is accepted must be readable through its own index, object by object.
 */
#include "../pack_make.h"
#include "fuzz.h"
#include "git/odb.h"

static enum err to_spool(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	return spool_append(c, *(struct spool **)(self + 1), bytes, len);
}

static void check_accepted(struct ctx *c, struct pack_received *got, struct memory_spools *spools)
{
	struct {
		struct sink sink;
		struct spool *spool;
	} to = {{.write = to_spool}, NULL};
	struct pack *pack;
	struct odb_reader reader;
	ASSERT(memory_make(c, &spools->maker, &to.spool) == OK);
	ASSERT(idx_write(c, got->algo, got->entries, got->count, got->id.hash, &to.sink) == OK);
	ASSERT(pack_open(c, got->algo, &got->pack->extent, &to.spool->extent, &pack) == OK);
	struct odb odb = {.algo = got->algo, .packs = &pack, .count = 1};
	odb_reader_init(c, &reader, &odb);
	for (uint32_t i = 0; i < got->count; i++) {
		struct object o;
		struct oid id;
		ASSERT(odb_read(c, &reader, &got->entries[i].id, &o) == OK);
		object_hash(got->algo, &o, &id);
		ASSERT(oid_eq(&id, &got->entries[i].id));
	}
	pack_unref(pack);
}

/* Knows nothing, and is made once: its cache is big. */
static struct odb_reader *reader_of_nothing(enum hash_algo algo)
{
	static struct arena arena;
	static struct odb nothing[2];
	static struct odb_reader readers[2];
	int at = algo == HASH_SHA256;
	if (!nothing[at].algo) {
		struct ctx c;
		if (!nothing[!at].algo)
			arena_init(&arena);
		ctx_init(&c, &arena, os_world());
		nothing[at].algo = algo;
		odb_reader_init(&c, &readers[at], &nothing[at]);
	}
	return &readers[at];
}

static void fuzz_one(struct ctx *c, struct str input)
{
	if (input.len < 34)
		return;
	enum hash_algo algo = input.at[0] & 1 ? HASH_SHA256 : HASH_SHA1;
	size_t size = hash_size(algo), body = input.len - 1;
	char *bytes = arena_raw(c->arena, body + size);
	uint8_t digest[HASH_MAX];
	memcpy(bytes, input.at + 1, body);
	hash_once(algo, bytes, body, digest);
	memcpy(bytes + body, digest, size);
	struct source_bytes from;
	source_bytes_init(&from, bytes, body + size);
	struct memory_spools spools = {{memory_make}, c->arena, 0};
	struct odb_reader *known = reader_of_nothing(algo);
	const struct pack_receive in = {.algo = algo,
		.from = &from.source,
		.to_end = true,
		.spools = &spools.maker,
		.known = known,
		.object_max = 1 << 20,
		.pack_max = 1 << 20};
	struct pack_received got;
	enum err err = pack_receive(c, &in, &got);
	ASSERT(err == OK || c->error.kind == err);
	if (!err) {
		enum err connected = pack_received_connected(c, &got, known, NULL);
		ASSERT(connected == OK || connected == ERR_INVALID);
		check_accepted(c, &got, &spools);
	}
	pack_received_done(&got);
}
