#include "git/pack_receive.h"

#include "unit.h"

#include "odb_make.h"

enum { OBJECTS_MAX = 1000 };

/* A pack as it was received, without its bytes, and a repository that it comes to. */
struct scene {
	struct pack_received got;
	struct received records[OBJECTS_MAX];
	struct idx_entry entries[OBJECTS_MAX];
	struct odb_make *make;
	struct odb_reader known;
};

static struct scene *scene(struct ctx *c, enum hash_algo algo)
{
	struct scene *s = NEW(c->arena, struct scene);
	*s = (struct scene){.make = odb_make(c, algo), .got.algo = algo};
	s->got.records = s->records;
	s->got.entries = s->entries;
	links_init(&s->got.links, algo, 3);
	odb_reader_init(c, &s->known, &s->make->odb);
	return s;
}

static void scene_done(struct scene *s)
{
	links_done(&s->got.links);
	odb_make_done(s->make);
}

/* Ids in the order of their numbers. */
static struct oid numbered(const struct scene *s, uint32_t number)
{
	struct oid id = oid_zero(s->got.algo);
	put_be32(id.hash, number + 1);
	return id;
}

/* The next object of the pack. */
static struct oid bring(struct scene *s, enum object_type type)
{
	uint32_t at = s->got.count++;
	uint64_t offset = 12 + 100 * (uint64_t)at;
	struct oid id = numbered(s, at);
	s->records[at] =
		(struct received){.offset = offset, .id = id, .object_type = (uint8_t)type};
	s->entries[at] = (struct idx_entry){.id = id, .offset = offset};
	return id;
}

static void name(struct ctx *c, struct scene *s, struct oid id, enum object_type type)
{
	assert_ok(c, links_add(c, &s->got.links, &id, type));
}

static enum err connected(struct ctx *c, struct scene *s)
{
	return pack_received_connected(c, &s->got, &s->known, NULL);
}

static void every_object_of_the_pack_is_found_and_no_other(void **state)
{
	struct ctx *c = *state;
	for (uint32_t count = 0; count < 9; count++) {
		struct scene *s = scene(c, HASH_SHA1);
		for (uint32_t i = 0; i < count; i++)
			bring(s, OBJECT_BLOB);
		for (uint32_t i = 0; i < count; i++) {
			struct oid id = numbered(s, i);
			assert_ptr_equal(pack_received_find(&s->got, &id), &s->records[i]);
			id.hash[19] = 1;
			assert_null(pack_received_find(&s->got, &id));
		}
		struct oid before = oid_zero(HASH_SHA1), behind = numbered(s, count);
		assert_null(pack_received_find(&s->got, &before));
		assert_null(pack_received_find(&s->got, &behind));
		scene_done(s);
	}
}

/* By its offset: ids are in another order than objects. */
static void an_id_leads_to_the_object_at_its_offset(void **state)
{
	struct ctx *c = *state;
	struct scene *s = scene(c, HASH_SHA1);
	for (int i = 0; i < 5; i++)
		bring(s, OBJECT_BLOB);
	for (uint32_t i = 0; i < 5; i++) {
		s->entries[i].offset = s->records[4 - i].offset;
		s->records[4 - i].id = s->entries[i].id;
	}
	for (uint32_t i = 0; i < 5; i++)
		assert_ptr_equal(
			pack_received_find(&s->got, &s->entries[i].id), &s->records[4 - i]);
	scene_done(s);
}

static void without_entries_there_is_nothing(void **state)
{
	struct ctx *c = *state;
	struct scene *s = scene(c, HASH_SHA1);
	struct oid id = bring(s, OBJECT_BLOB);
	s->got.entries = NULL;
	assert_null(pack_received_find(&s->got, &id));
	scene_done(s);
}

static const enum object_type types[] = {OBJECT_COMMIT, OBJECT_TREE, OBJECT_BLOB, OBJECT_TAG};

static void what_is_named_may_be_in_the_pack_or_here(void **state)
{
	struct ctx *c = *state;
	static const enum hash_algo algos[] = {HASH_SHA1, HASH_SHA256};
	for (int i = 0; i < 2; i++) {
		struct scene *s = scene(c, algos[i]);
		struct oid here = odb_make_object(s->make, OBJECT_BLOB, STR("here"));
		struct oid tree = odb_make_tree(s->make, "100644 a", here, NULL, here);
		struct oid commit = odb_make_commit(s->make, tree, NULL, 1);
		odb_make_pack(s->make);
		odb_reader_init(c, &s->known, &s->make->odb);
		assert_ok(c, connected(c, s));
		for (size_t type = 0; type < 4; type++)
			name(c, s, bring(s, types[type]), types[type]);
		assert_ok(c, connected(c, s));
		name(c, s, here, OBJECT_BLOB);
		name(c, s, tree, OBJECT_TREE);
		name(c, s, commit, OBJECT_COMMIT);
		assert_ok(c, connected(c, s));
		scene_done(s);
	}
}

static void what_is_nowhere_is_missing(void **state)
{
	struct ctx *c = *state;
	static const char *const words[] = {"commit", "tree", "blob", "tag"};
	for (size_t type = 0; type < 4; type++) {
		char hex[OID_HEX_MAX];
		struct scene *s = scene(c, HASH_SHA1);
		for (int i = 0; i < 300; i++)
			name(c, s, bring(s, OBJECT_BLOB), OBJECT_BLOB);
		struct oid missing = numbered(s, 300);
		name(c, s, missing, types[type]);
		assert_err(c, connected(c, s), ERR_INVALID);
		assert_string_equal(c->error.text,
			arena_fmt(c->arena, "%s %s is missing: it was neither sent nor is it here",
				words[type], oid_hex(&missing, hex)));
		ctx_clear(c);
		scene_done(s);
	}
}

static void what_is_of_another_type_is_refused(void **state)
{
	struct ctx *c = *state;
	struct scene *s = scene(c, HASH_SHA1);
	struct oid here = odb_make_object(s->make, OBJECT_BLOB, STR("here"));
	odb_make_pack(s->make);
	odb_reader_init(c, &s->known, &s->make->odb);
	name(c, s, here, OBJECT_TREE);
	assert_err(c, connected(c, s), ERR_INVALID);
	assert_non_null(strstr(c->error.text, "is a blob where a tree is needed"));
	ctx_clear(c);
	scene_done(s);
	for (size_t is = 0; is < 4; is++) {
		for (size_t needed = 0; needed < 4; needed++) {
			s = scene(c, HASH_SHA1);
			name(c, s, bring(s, types[is]), types[needed]);
			enum err err = connected(c, s);
			assert_int_equal(err, is == needed ? OK : ERR_INVALID);
			ctx_clear(c);
			scene_done(s);
		}
	}
}

/* What is in the pack counts, even when the repository has the id as something else. */
static void the_pack_comes_first(void **state)
{
	struct ctx *c = *state;
	struct scene *s = scene(c, HASH_SHA1);
	struct oid here = odb_make_object(s->make, OBJECT_BLOB, STR("here"));
	odb_make_pack(s->make);
	odb_reader_init(c, &s->known, &s->make->odb);
	bring(s, OBJECT_TREE);
	s->records[0].id = s->entries[0].id = here;
	name(c, s, here, OBJECT_TREE);
	assert_ok(c, connected(c, s));
	scene_done(s);
}

struct heard {
	struct receive_progress progress;
	uint32_t steps, last, stop; /* the step that fails, or 0 */
};

static enum err hear(struct ctx *c, struct receive_progress *self, enum receive_stage stage,
	uint32_t done, uint32_t all)
{
	struct heard *h = (struct heard *)self;
	assert_int_equal(stage, RECEIVE_LINKS);
	assert_true(done > h->last && done <= all);
	h->last = done;
	return ++h->steps == h->stop ? fail(c, ERR_CANCELED, "that is enough") : OK;
}

static void somebody_is_told_and_may_stop_it(void **state)
{
	struct ctx *c = *state;
	struct scene *s = scene(c, HASH_SHA1);
	for (int i = 0; i < OBJECTS_MAX; i++)
		name(c, s, bring(s, OBJECT_BLOB), OBJECT_BLOB);
	struct heard all = {{hear}, 0, 0, 0}, some = {{hear}, 0, 0, 2};
	assert_ok(c, pack_received_connected(c, &s->got, &s->known, &all.progress));
	assert_int_equal(all.last, OBJECTS_MAX);
	assert_true(all.steps >= OBJECTS_MAX / 256 + 1);
	assert_err(c, pack_received_connected(c, &s->got, &s->known, &some.progress), ERR_CANCELED);
	assert_int_equal(some.steps, 2);
	c->deadline = 1;
	assert_err(c, connected(c, s), ERR_TIMEOUT);
	scene_done(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(every_object_of_the_pack_is_found_and_no_other),
		UNIT_TEST(an_id_leads_to_the_object_at_its_offset),
		UNIT_TEST(without_entries_there_is_nothing),
		UNIT_TEST(what_is_named_may_be_in_the_pack_or_here),
		UNIT_TEST(what_is_nowhere_is_missing),
		UNIT_TEST(what_is_of_another_type_is_refused),
		UNIT_TEST(the_pack_comes_first),
		UNIT_TEST(somebody_is_told_and_may_stop_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
