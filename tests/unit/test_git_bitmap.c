/* git/bitmap.c, git/bitmap_write.c, git/bitmap_select.c: over random histories in one pack. */
#include "unit.h"

#include "git/bitmap_write.h"
#include "history_make.h"

struct world_of {
	struct history *h;
	struct pack *pack;
	struct odb odb;
	struct odb_reader reader;
	struct graph graph;
	struct numbers tips, commits;
};

/* All objects of a history, each once, in one pack. */
static struct pack *repacked(struct ctx *c, struct history *h)
{
	struct odb_make *m = odb_make(c, h->make->odb.algo);
	struct oidmap ids;
	oidmap_init(&ids, c->arena, h->make->odb.algo);
	for (size_t k = 0; k < h->make->odb.count; k++) {
		const struct idx *idx = &h->make->packs[k]->idx;
		for (uint32_t i = 0; i < idx->count; i++) {
			struct oid id = idx_oid(idx, i);
			struct object o;
			uint32_t count = ids.count;
			if (oidmap_put(&ids, id.hash) < count)
				continue;
			assert_ok(c, odb_read(c, &h->reader, &id, &o));
			odb_make_object(m, o.type, o.bytes);
		}
	}
	return odb_make_pack(m);
}

static struct world_of *begin(struct ctx *c, unsigned seed, int count)
{
	struct world_of *w = NEW(c->arena, struct world_of);
	struct numbers none = {.arena = c->arena};
	w->h = history_make(c, seed, count, seed % 3 == 0);
	w->pack = repacked(c, w->h);
	w->odb = (struct odb){.algo = w->h->make->odb.algo, .packs = &w->pack, .count = 1};
	odb_reader_init(c, &w->reader, &w->odb);
	graph_init(&w->graph, &w->reader);
	w->tips.arena = c->arena;
	for (int i = 0; i < 4; i++)
		*vec_push(&w->tips) =
			graph_add(&w->graph, &w->h->commits[count - 1 - i * count / 4]);
	assert_ok(c, walk_new(c, &w->graph, &w->tips, &none, (struct walk_limits){0}, &w->commits));
	return w;
}

static void end(struct world_of *w)
{
	graph_done(&w->graph);
	pack_unref(w->pack);
	history_done(w->h);
}

static struct str written(struct ctx *c, struct world_of *w, bool table)
{
	struct memory_sink to = memory_sink(c->arena);
	struct bitmap_objects objects;
	assert_ok(c, bitmap_objects_of_pack(c, c->arena, w->pack, &objects));
	struct bitmap_write b = {.graph = &w->graph,
		.objects = &objects,
		.tips = &w->tips,
		.commits = &w->commits,
		.lookup_table = table,
		.to = &to.sink};
	assert_ok(c, bitmap_write(c, &b));
	assert_true(b.entries >= 4);
	return buf_view(&to.bytes);
}

/* The entry's set is what the slow and simple way finds. */
static void check_entry(struct ctx *c, struct world_of *w, const struct bitmap *b, uint32_t entry)
{
	bool reached[HISTORY_MAX] = {false};
	struct bits got = bitmap_bits(b, c->arena), work = bitmap_bits(b, c->arena);
	struct oidmap want;
	const uint8_t *hash = bitmap_objects_hash(&b->objects, b->entries[entry].bit);
	int from = 0;
	while (memcmp(w->h->commits[from].hash, hash, hash_size(w->odb.algo)) != 0)
		from++;
	history_reach(w->h, from, reached);
	oidmap_init(&want, c->arena, w->odb.algo);
	history_closure(w->h, reached, &want);
	memset(work.words, 0x55, bits_words(work.count) * 8); /* whatever it held */
	assert_ok(c, bitmap_add(c, b, entry, &work, &got));
	assert_int_equal(bits_count(&got), want.count);
	for (uint32_t i = 0; i < want.count; i++) {
		uint32_t bit = 0;
		assert_true(bitmap_objects_find(&b->objects, oidmap_hash(&want, i), &bit));
		assert_true(bits_has(&got, bit));
	}
}

static void check_types(struct ctx *c, struct world_of *w, const struct bitmap *b)
{
	for (uint32_t bit = 0; bit < b->objects.ids.count; bit++) {
		struct oid id = oid_from_bytes(w->odb.algo, bitmap_objects_hash(&b->objects, bit));
		enum object_type type = OBJECT_NONE;
		uint64_t size = 0;
		assert_ok(c, odb_stat(c, &w->reader, &id, &type, &size));
		assert_int_equal(bitmap_type(b, bit), type);
	}
}

static void sets_are_all_that_a_commit_leads_to(void **state)
{
	struct ctx *c = *state;
	for (unsigned seed = 1; seed <= 6; seed++) {
		struct world_of *w = begin(c, seed, 20 + (int)seed * 30);
		struct bitmap *b = NULL;
		uint32_t bit = 0, entry = 0;
		assert_ok(c, bitmap_open(c, w->pack, written(c, w, seed % 2), true, &b));
		for (uint32_t i = 0; i < b->entry_count; i++)
			check_entry(c, w, b, i);
		check_types(c, w, b);
		for (size_t i = 0; i < w->tips.len; i++) {
			const uint8_t *hash = oidmap_hash(&w->graph.ids, w->tips.at[i]);
			assert_true(bitmap_objects_find(&b->objects, hash, &bit));
			assert_true(bitmap_find(b, bit, &entry));
			assert_int_equal(b->entries[entry].bit, bit);
		}
		bitmap_close(b);
		end(w);
	}
}

static void of_a_long_history_few_commits_are_selected(void **state)
{
	struct ctx *c = *state;
	struct world_of *w = begin(c, 4, 190);
	struct numbers commits = {.arena = c->arena}, out = {.arena = c->arena};
	for (int i = 0; i < 300; i++)
		for (size_t k = 0; k < w->commits.len && commits.len < 30000; k++)
			*vec_push(&commits) = w->commits.at[k];
	struct numbers none = {.arena = c->arena};
	struct bitmap_objects objects;
	assert_ok(c, bitmap_objects_of_pack(c, c->arena, w->pack, &objects));
	struct bitmap_write all = {
		.graph = &w->graph, .objects = &objects, .tips = &none, .commits = &commits};
	assert_ok(c, bitmap_select(c, &all, &out));
	assert_in_range(out.len, 250, 450);
	end(w);
}

static void a_cut_or_changed_file_is_refused(void **state)
{
	struct ctx *c = *state;
	struct world_of *w = begin(c, 1, 8);
	struct str file = written(c, w, true);
	struct bitmap *b = NULL;
	for (size_t len = 0; len < file.len; len++)
		assert_err(c, bitmap_open(c, w->pack, str_until(file, len), true, &b), ERR_CORRUPT);
	char *bytes = str_dup(c->arena, file);
	for (size_t i = 8; i < file.len; i++) {
		bytes[i] ^= 0x41;
		assert_err(c, bitmap_open(c, w->pack, str_from(bytes, file.len), true, &b),
			ERR_CORRUPT);
		bytes[i] ^= 0x41;
	}
	end(w);
}

static void what_is_not_known_is_refused(void **state)
{
	struct ctx *c = *state;
	struct world_of *w = begin(c, 1, 8);
	struct bitmap *b = NULL;
	char *bytes = str_dup(c->arena, written(c, w, false));
	size_t len = written(c, w, false).len;
	bytes[7] = 4;
	assert_err(c, bitmap_open(c, w->pack, str_from(bytes, len), false, &b), ERR_UNSUPPORTED);
	bytes[7] = 1 | 32;
	assert_err(c, bitmap_open(c, w->pack, str_from(bytes, len), false, &b), ERR_UNSUPPORTED);
	bytes[7] = 1;
	bytes[12] ^= 1;
	assert_err(c, bitmap_open(c, w->pack, str_from(bytes, len), false, &b), ERR_CORRUPT);
	end(w);
}

static void a_pack_that_lacks_something_has_no_bitmap(void **state)
{
	struct ctx *c = *state;
	struct world_of *w = begin(c, 1, 40);
	struct memory_sink to = memory_sink(c->arena);
	struct bitmap_objects objects;
	assert_ok(c, bitmap_objects_of_pack(c, c->arena, w->h->make->packs[1], &objects));
	struct bitmap_write b = {.graph = &w->graph,
		.objects = &objects,
		.tips = &w->tips,
		.commits = &w->commits,
		.to = &to.sink};
	assert_err(c, bitmap_write(c, &b), ERR_NOT_FOUND);
	end(w);
}

/* A bitmap that is to be had, or fails with `fails`. */
struct offer {
	struct bitmap_source source;
	struct extent *bytes;
	enum err fails;
	int opened, closed;
};

static enum err offer_open(struct ctx *c, struct bitmap_source *self, struct extent **bitmap)
{
	struct offer *o = (struct offer *)self;
	o->opened++;
	if (o->fails)
		return fail(c, o->fails, "this time not");
	*bitmap = o->bytes;
	return OK;
}

static void offer_close(struct bitmap_source *self)
{
	((struct offer *)self)->closed++;
}

static struct offer *offer(struct ctx *c, struct world_of *w, struct str bytes)
{
	struct offer *o = NEW(c->arena, struct offer);
	*o = (struct offer){
		{offer_open, NULL, offer_close}, odb_make_extent(w->h->make, bytes), OK, 0, 0};
	pack_offer_bitmap(w->pack, &o->source);
	return o;
}

static void one_that_is_offered_is_opened_when_it_is_wanted(void **state)
{
	struct ctx *c = *state;
	struct world_of *w = begin(c, 2, 40);
	const struct bitmap *b, *again;
	struct offer *o = offer(c, w, written(c, w, true));
	/* The way is broken, for now. */
	o->fails = ERR_UNAVAILABLE;
	assert_ok(c, pack_bitmap(c, w->pack, w->odb.packs, 1, &b));
	assert_null(b);
	assert_int_equal(o->closed, 0);
	o->fails = OK;
	assert_ok(c, pack_bitmap(c, w->pack, w->odb.packs, 1, &b));
	assert_non_null(b);
	assert_ok(c, pack_bitmap(c, w->pack, w->odb.packs, 1, &again));
	assert_ptr_equal(again, b);
	assert_int_equal(o->opened, 2);
	assert_int_equal(o->closed, 1);
	end(w);
}

static void one_that_is_damaged_or_gone_is_tried_once(void **state)
{
	struct ctx *c = *state;
	for (int gone = 0; gone < 2; gone++) {
		struct world_of *w = begin(c, 2, 40);
		const struct bitmap *b;
		struct offer *o = offer(c, w, str_until(written(c, w, true), 50));
		o->fails = gone ? ERR_NOT_FOUND : OK;
		for (int i = 0; i < 2; i++) {
			assert_ok(c, pack_bitmap(c, w->pack, w->odb.packs, 1, &b));
			assert_null(b);
		}
		assert_int_equal(o->opened, 1);
		assert_int_equal(o->closed, 1);
		end(w);
	}
}

static void one_that_nobody_wanted_goes_with_its_pack(void **state)
{
	struct ctx *c = *state;
	struct world_of *w = begin(c, 2, 40);
	struct offer *o = offer(c, w, written(c, w, true));
	end(w);
	assert_int_equal(o->opened, 0);
	assert_int_equal(o->closed, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(sets_are_all_that_a_commit_leads_to),
		UNIT_TEST(of_a_long_history_few_commits_are_selected),
		UNIT_TEST(a_cut_or_changed_file_is_refused),
		UNIT_TEST(what_is_not_known_is_refused),
		UNIT_TEST(a_pack_that_lacks_something_has_no_bitmap),
		UNIT_TEST(one_that_is_offered_is_opened_when_it_is_wanted),
		UNIT_TEST(one_that_is_damaged_or_gone_is_tried_once),
		UNIT_TEST(one_that_nobody_wanted_goes_with_its_pack),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
