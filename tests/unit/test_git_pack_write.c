#include "git/pack_write.h"

#include "unit.h"

#include "git/bitmap.h"
#include "git/delta.h"
#include "git/enumerate.h"
#include "history_make.h"

/* What a pack holds, read the simple way. */
struct content {
	struct oidmap ids;
	struct object objects[2000];
	uint64_t offsets[2000];
	uint32_t ofs, ref;
};

static const struct object *base_of(struct ctx *c, struct content *to, struct odb_reader *client,
	const struct pack_entry *entry)
{
	if (entry->type == OBJECT_OFS_DELTA) {
		for (uint32_t i = 0; i < to->ids.count; i++)
			if (to->offsets[i] == entry->base_offset)
				return &to->objects[i];
		fail_msg("a delta's base is at no entry");
	}
	uint32_t at = oidmap_find(&to->ids, entry->base.hash);
	if (at != OIDMAP_NONE)
		return &to->objects[at];
	struct object *o = NEW(c->arena, struct object);
	assert_non_null(client);
	assert_ok(c, odb_read(c, client, &entry->base, o));
	return o;
}

/* Reads a pack in which bases come before their deltas; `client` is where others may lie. */
static struct content *content_of(
	struct ctx *c, enum hash_algo algo, struct str pack, struct odb_reader *client)
{
	struct content *to = NEW(c->arena, struct content);
	uint8_t digest[HASH_MAX];
	size_t size = hash_size(algo);
	uint64_t at = 12;
	oidmap_init(&to->ids, c->arena, algo);
	hash_once(algo, pack.at, pack.len - size, digest);
	assert_memory_equal(digest, pack.at + pack.len - size, size);
	assert_memory_equal(pack.at, "PACK\0\0\0\2", 8);
	for (uint32_t left = get_be32(pack.at + 8); left; left--) {
		struct pack_entry entry;
		size_t used = 0;
		struct str rest = str_from_index(str_until(pack, pack.len - size), at);
		assert_ok(c, pack_entry_parse(c, algo, rest, at, &entry));
		struct str data = str_from_index(rest, entry.data - at);
		char *bytes = arena_raw(c->arena, entry.size);
		assert_ok(c, zip_inflate(c, data.at, data.len, bytes, entry.size, &used));
		struct object o = {entry.type, str_from(bytes, entry.size)};
		if (entry.type > OBJECT_TAG) {
			const struct object *base = base_of(c, to, client, &entry);
			uint64_t base_size = 0, result = 0;
			struct str head = o.bytes;
			assert_ok(c, delta_sizes(c, &head, &base_size, &result));
			char *made = arena_raw(c->arena, result);
			assert_ok(c, delta_apply(c, base->bytes, o.bytes, made, result));
			o = (struct object){base->type, str_from(made, result)};
			to->ofs += entry.type == OBJECT_OFS_DELTA;
			to->ref += entry.type == OBJECT_REF_DELTA;
		}
		struct oid id;
		object_hash(algo, &o, &id);
		uint32_t number = oidmap_put(&to->ids, id.hash);
		assert_int_equal(number, to->ids.count - 1);
		to->objects[number] = o;
		to->offsets[number] = at;
		at = entry.data + used;
	}
	assert_int_equal(at, pack.len - size);
	return to;
}

struct parts {
	const struct oid *wants;
	size_t want_count;
	const struct oid *haves;
	size_t have_count;
	bool ofs_delta, thin;
};

static struct content *write_pack(
	struct ctx *c, struct odb_reader *r, const struct parts *parts, struct pack_write *w)
{
	struct graph g;
	struct progress silent = {0};
	struct memory_sink out = memory_sink(c->arena);
	graph_init(&g, r);
	struct enumerate e = {.graph = &g,
		.filter = FILTER_ALL,
		.wants = parts->wants,
		.want_count = parts->want_count,
		.haves = parts->haves,
		.have_count = parts->have_count,
		.progress = &silent};
	assert_ok(c, enumerate_run(c, &e));
	*w = (struct pack_write){.graph = &g,
		.objects = &e.send,
		.ofs_delta = parts->ofs_delta,
		.thin = parts->thin,
		.progress = &silent,
		.to = &out.sink};
	assert_ok(c, pack_write_run(c, w));
	assert_int_equal(w->bytes + hash_size(r->odb->algo), out.bytes.len);
	struct content *got = content_of(c, r->odb->algo, buf_view(&out.bytes), r);
	assert_int_equal(got->ids.count, e.send.len);
	for (size_t i = 0; i < e.send.len; i++)
		assert_true(
			oidmap_find(&got->ids, oidmap_hash(&g.ids, e.send.at[i])) != OIDMAP_NONE);
	graph_done(&g);
	return got;
}

static void what_is_written_is_what_was_asked(void **state)
{
	struct ctx *c = *state;
	for (unsigned seed = 1; seed < 6; seed++) {
		struct history *h = history_make(c, seed, 60, false);
		struct parts all = {.wants = h->commits, .want_count = 60, .ofs_delta = true};
		struct pack_write first;
		/* Then what the packs begin with is copied as it lies, as far as it is asked for. */
		if (seed > 2)
			write_pack(c, &h->reader, &all, &first);
		for (int round = 0; round < 6; round++) {
			struct pack_write w;
			struct parts parts = {.wants = &h->commits[history_random(h, 60)],
				.want_count = 1,
				.haves = &h->commits[history_random(h, 60)],
				.have_count = (size_t)round % 2,
				.ofs_delta = round % 3 > 0};
			write_pack(c, &h->reader, &parts, &w);
			assert_int_equal(w.counts.reused, w.objects->len);
		}
		history_done(h);
	}
}

/* Blobs in a chain of deltas, each in a commit of its own, with something between them. */
struct chain {
	struct odb_make *make;
	struct odb_reader reader;
	struct oid commits[6], blobs[6];
};

static struct chain *chain_make(struct ctx *c, bool by_id)
{
	struct chain *k = NEW(c->arena, struct chain);
	struct odb_make *m = k->make = odb_make(c, HASH_SHA1);
	struct buf whole = {.arena = c->arena};
	for (int i = 0; i < 100; i++)
		buf_fmt(&whole, "line %d\n", i);
	uint64_t at = 0;
	for (int i = 0; i < 6; i++) {
		const char *text = arena_fmt(c->arena, "more %d\n", i);
		struct str delta = delta_append(c->arena, whole.len, text);
		if (i == 0) {
			k->blobs[0] = odb_make_object(m, OBJECT_BLOB, buf_view(&whole));
			at = odb_make_last(m);
		} else {
			buf_cstr(&whole, text);
			at = by_id ? pack_make_ref_delta(&m->pack, &k->blobs[i - 1], delta)
				   : pack_make_ofs_delta(&m->pack, at, delta);
			k->blobs[i] = odb_make_entry(
				m, at, OBJECT_BLOB, str_copy(c->arena, buf_view(&whole)));
		}
		struct oid tree = odb_make_tree(m, "100644 file", k->blobs[i], NULL, k->blobs[0]);
		k->commits[i] =
			odb_make_commit(m, tree, i ? PARENTS(k->commits[i - 1]) : NULL, 1000 + i);
	}
	odb_make_pack(m);
	odb_reader_init(c, &k->reader, &m->odb);
	return k;
}

static void deltas_are_kept_as_the_client_can_take_them(void **state)
{
	struct ctx *c = *state;
	for (int by_id = 0; by_id < 2; by_id++) {
		struct chain *k = chain_make(c, by_id);
		struct pack_write w;
		struct parts all = {.wants = &k->commits[5], .want_count = 1, .ofs_delta = true};
		struct content *got = write_pack(c, &k->reader, &all, &w);
		assert_int_equal(got->ref, 0);
		assert_int_equal(got->ofs, 5);
		assert_int_equal(w.counts.reused, w.objects->len);
		/* Once it is known that bases come first, they are copied as they lie. */
		assert_int_equal(w.counts.whole, 0);
		got = write_pack(c, &k->reader, &all, &w);
		assert_int_equal(w.counts.whole, by_id ? 3 : w.objects->len);
		assert_int_equal(got->ref, 0);
		assert_int_equal(got->ofs, 5);
		assert_int_equal(w.counts.reused, w.objects->len);
		all.ofs_delta = false;
		got = write_pack(c, &k->reader, &all, &w);
		assert_int_equal(got->ofs, 0);
		assert_int_equal(got->ref, 5);
		odb_make_done(k->make);
	}
}

static void what_a_pack_begins_with_is_looked_at_once(void **state)
{
	struct ctx *c = *state;
	struct chain *k = chain_make(c, false);
	const uint32_t whole[][2] = {{2, 0}, {5, 9}, {3, 12}, {5, 18}}; /* of three objects each */
	for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
		struct pack_write w;
		struct parts parts = {
			.wants = &k->commits[whole[i][0]], .want_count = 1, .ofs_delta = true};
		struct content *got = write_pack(c, &k->reader, &parts, &w);
		assert_int_equal(w.counts.whole, whole[i][1]);
		assert_int_equal(w.objects->len, (whole[i][0] + 1) * 3);
		assert_int_equal(got->ofs, whole[i][0]);
	}
	/* Not from its first entry on: each is looked at. */
	struct pack_write w;
	struct parts parts = {.wants = &k->commits[5],
		.want_count = 1,
		.haves = &k->commits[0],
		.have_count = 1,
		.ofs_delta = true};
	write_pack(c, &k->reader, &parts, &w);
	assert_int_equal(w.counts.whole, 0);
	odb_make_done(k->make);
}

/* The pack of these bits of a pack, which is read and compared with them. */
static void write_bits(
	struct ctx *c, struct odb_reader *r, struct bitmap *b, const struct bits *bits)
{
	struct graph g;
	struct progress silent = {0};
	struct numbers none = {.arena = c->arena};
	struct memory_sink out = memory_sink(c->arena);
	graph_init(&g, r);
	struct pack_write w = {.graph = &g,
		.objects = &none,
		.bitmap = b,
		.packed = bits,
		.ofs_delta = true,
		.progress = &silent,
		.to = &out.sink};
	assert_ok(c, pack_write_run(c, &w));
	struct content *got = content_of(c, r->odb->algo, buf_view(&out.bytes), r);
	assert_int_equal(got->ids.count, bits_count(bits));
	BITS_EACH(bit, bits)
	{
		const uint8_t *hash = bitmap_objects_hash(&b->objects, bit);
		assert_true(oidmap_find(&got->ids, hash) != OIDMAP_NONE);
	}
	assert_int_equal(got->ref, 0);
	graph_done(&g);
}

/* Also where the first ones are copied in one go, and what comes behind them has its base among them. */
static void any_objects_of_a_bitmap_are_a_pack(void **state)
{
	struct ctx *c = *state;
	for (int by_id = 0; by_id < 2; by_id++) {
		struct chain *k = chain_make(c, by_id);
		struct pack *pack = k->make->odb.packs[0];
		struct bitmap b = {0};
		assert_ok(c, bitmap_objects_of_pack(c, c->arena, pack, &b.objects));
		struct bits bits = bits_make(c->arena, pack->idx.count);
		for (uint32_t bit = 0; bit < bits.count; bit++)
			bits_add(&bits, bit);
		write_bits(c, &k->reader, &b, &bits);
		assert_int_equal(pack->plain, by_id ? 3 : bits.count);
		for (uint32_t first = 0; first < bits.count; first++) {
			for (uint32_t end = first + 1; end <= bits.count; end++) {
				struct bits some = bits_make(c->arena, bits.count);
				bits_copy(&some, &bits);
				bits_remove_all(&some, first, end);
				if (bits_count(&some))
					write_bits(c, &k->reader, &b, &some);
			}
		}
		odb_make_done(k->make);
	}
}

static void a_base_that_the_client_has_serves_a_thin_pack_only(void **state)
{
	struct ctx *c = *state;
	for (int by_id = 0; by_id < 2; by_id++) {
		struct chain *k = chain_make(c, by_id);
		struct pack_write w;
		struct parts parts = {.wants = &k->commits[5],
			.want_count = 1,
			.haves = &k->commits[2],
			.have_count = 1,
			.ofs_delta = true,
			.thin = true};
		struct content *got = write_pack(c, &k->reader, &parts, &w);
		assert_int_equal(got->ids.count, 9);
		assert_int_equal(got->ofs + got->ref, 3);
		assert_true(got->ref >= 1);
		assert_int_equal(w.counts.reused, 9);
		parts.thin = false;
		got = write_pack(c, &k->reader, &parts, &w);
		assert_int_equal(got->ofs + got->ref, 2);
		assert_int_equal(w.counts.reused, 8);
		odb_make_done(k->make);
	}
}

static void what_lies_in_two_packs_is_sent_once(void **state)
{
	struct ctx *c = *state;
	struct odb_make *m = odb_make(c, HASH_SHA1);
	struct odb_reader r;
	struct oid blob = {0}, tree = {0}, commit = {0};
	for (int i = 0; i < 3; i++) {
		blob = odb_make_object(m, OBJECT_BLOB, STR("the same in all\n"));
		tree = odb_make_tree(m, "100644 a", blob, NULL, blob);
		if (i == 1)
			commit = odb_make_commit(m, tree, NULL, 5);
		odb_make_pack(m);
	}
	odb_reader_init(c, &r, &m->odb);
	struct pack_write w;
	struct parts parts = {.wants = &commit, .want_count = 1, .ofs_delta = true};
	struct content *got = write_pack(c, &r, &parts, &w);
	assert_int_equal(got->ids.count, 3);
	odb_make_done(m);
}

/* As the server completes a thin pack; content_of knows only bases that came before. */
static void a_base_behind_its_deltas_is_written_before_them(void **state)
{
	struct ctx *c = *state;
	struct odb_make *m = odb_make(c, HASH_SHA1);
	struct odb_reader r;
	struct object base = {OBJECT_BLOB, STR("a base that lies at the end\n")};
	struct oid base_id, blobs[3];
	object_hash(HASH_SHA1, &base, &base_id);
	for (int i = 0; i < 3; i++) {
		const char *text = arena_fmt(c->arena, "more %d\n", i);
		struct buf whole = {.arena = c->arena};
		buf_str(&whole, base.bytes);
		buf_cstr(&whole, text);
		uint64_t at = pack_make_ref_delta(
			&m->pack, &base_id, delta_append(c->arena, base.bytes.len, text));
		blobs[i] = odb_make_entry(m, at, OBJECT_BLOB, buf_view(&whole));
	}
	struct oid tree = odb_make_tree(m, "100644 a", blobs[0], "100644 b", blobs[1]);
	struct oid first = odb_make_commit(m, tree, NULL, 5);
	tree = odb_make_tree(m, "100644 a", blobs[2], "100644 b", base_id);
	struct oid last = odb_make_commit(m, tree, PARENTS(first), 6);
	odb_make_object(m, OBJECT_BLOB, base.bytes);
	odb_make_pack(m);
	odb_reader_init(c, &r, &m->odb);
	for (int ofs = 0; ofs < 2; ofs++) {
		struct pack_write w;
		struct parts parts = {.wants = &last, .want_count = 1, .ofs_delta = ofs};
		struct content *got = write_pack(c, &r, &parts, &w);
		assert_int_equal(got->ids.count, 8);
		assert_int_equal(ofs ? got->ofs : got->ref, 3);
		assert_int_equal(w.counts.reused, 8);
	}
	odb_make_done(m);
}

static void an_empty_pack_is_one(void **state)
{
	struct ctx *c = *state;
	struct history *h = history_make(c, 4, 10, false);
	struct pack_write w;
	struct parts parts = {
		.wants = &h->commits[3], .want_count = 1, .haves = &h->commits[3], .have_count = 1};
	struct content *got = write_pack(c, &h->reader, &parts, &w);
	assert_int_equal(got->ids.count, 0);
	history_done(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_is_written_is_what_was_asked),
		UNIT_TEST(deltas_are_kept_as_the_client_can_take_them),
		UNIT_TEST(what_a_pack_begins_with_is_looked_at_once),
		UNIT_TEST(any_objects_of_a_bitmap_are_a_pack),
		UNIT_TEST(a_base_that_the_client_has_serves_a_thin_pack_only),
		UNIT_TEST(what_lies_in_two_packs_is_sent_once),
		UNIT_TEST(a_base_behind_its_deltas_is_written_before_them),
		UNIT_TEST(an_empty_pack_is_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
