#include "core/backup.h"

#include "core/backup_set.h"
#include "core_house.h"
#include "meta/migrate.h"
#include "meta/pack.h"
#include "meta/repo.h"

/* The house's repository "r" with one pack, of which a backup sees no more than the end: its hash. */
struct made {
	struct repo repo;
	struct pack_row row;
	const char *pack, *idx;
};

static void put_blob(struct ctx *c, struct blob *to, const char *key, struct str bytes)
{
	struct spool *spool;
	assert_ok(c, blob_create(c, to, &spool));
	assert_ok(c, spool_append(c, spool, bytes.at, bytes.len));
	assert_ok(c, blob_publish(c, to, spool, key));
	extent_close(&spool->extent);
}

static struct str sealed(struct ctx *c, const char *text, uint8_t digest[HASH_MAX])
{
	hash_once(HASH_SHA1, text, strlen(text), digest);
	char *all = arena_alloc(c->arena, strlen(text) + 20);
	memcpy(all, text, strlen(text));
	memcpy(all + strlen(text), digest, 20);
	return str_from(all, strlen(text) + 20);
}

static struct made make(struct ctx *c)
{
	struct made m = {0};
	uint8_t digest[HASH_MAX];
	DB_TX *tx = NULL;
	m.repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	struct str pack = sealed(c, "what a pack has", digest);
	m.row = (struct pack_row){.id = oid_from_bytes(HASH_SHA1, digest),
		.bytes = pack.len,
		.objects = 1,
		.kind = PACK_PUSHED,
		.state = PACK_LIVE};
	m.pack = meta_pack_key(c, core_of(c)->instance, m.repo.id, &m.row.id, "pack");
	m.idx = meta_pack_key(c, core_of(c)->instance, m.repo.id, &m.row.id, "idx");
	put_blob(c, house_of(c)->blob, m.pack, pack);
	put_blob(c, house_of(c)->blob, m.idx, sealed(c, "what an index has", digest));
	assert_ok(c, db_begin(c, house_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, meta_pack_add(c, tx, m.repo.id, &m.row, NULL));
	assert_ok(c, db_commit(c, &tx));
	return m;
}

static struct backup backup_to(struct ctx *c, struct blob *to)
{
	return (struct backup){.database = house_of(c)->db,
		.instance = core_of(c)->instance,
		.from = house_of(c)->blob,
		.to = to};
}

static bool has_blob(struct ctx *c, struct blob *blob, const char *key)
{
	struct extent *e = NULL;
	enum err err = blob_open(c, blob, key, &e);
	if (err)
		assert_int_equal(err, ERR_NOT_FOUND);
	extent_close(e);
	ctx_clear(c);
	return !err;
}

static void what_is_there_is_not_copied_again(void **state)
{
	struct ctx *c = *state;
	struct made m = make(c);
	struct blob *to = blob_memory_open();
	for (int i = 0; i < 2; i++) {
		struct backup b = backup_to(c, to);
		assert_ok(c, backup_blobs(c, &b));
		assert_int_equal(b.repos, 1);
		assert_int_equal(b.packs, 1);
		assert_int_equal(b.bytes, m.row.bytes);
		assert_int_equal(b.new_packs, i == 0);
		assert_int_equal(b.new_bytes, i == 0 ? m.row.bytes : 0);
		assert_true(has_blob(c, to, m.pack) && has_blob(c, to, m.idx));
	}
	blob_close(to);
}

/* A fault at each operation in turn, of the source and of the target: an error, and what has got a name
 * by then is whole; once more, and all is there. */
static void a_fault_leaves_what_can_be_gone_on_with(void **state)
{
	struct ctx *c = *state;
	struct made m = make(c);
	for (int which = 0; which < 2; which++) {
		bool done = false;
		for (int64_t n = 1; !done; n++) {
			struct blob *inner = blob_memory_open(), *to = blob_faulty_open(inner);
			struct backup b = backup_to(c, to), again = backup_to(c, inner);
			b.from = core_of(c)->blob;
			again.check_all = true;
			blob_faulty_set(which ? to : core_of(c)->blob, n, ERR_IO);
			enum err err = backup_blobs(c, &b);
			blob_faulty_set(core_of(c)->blob, 0, OK);
			done = err == OK;
			if (!done)
				assert_int_equal(err, ERR_IO);
			ctx_clear(c);
			bool had = has_blob(c, inner, m.pack);
			assert_ok(c, backup_blobs(c, &again));
			assert_int_equal(again.new_packs, !had);
			blob_close(to);
			blob_close(inner);
			assert_true(!done || n > 2);
		}
	}
}

static void what_is_damaged_gets_no_name_and_is_mended_where_it_has_one(void **state)
{
	struct ctx *c = *state;
	struct made m = make(c);
	uint8_t digest[HASH_MAX];
	struct blob *to = blob_memory_open();
	struct backup b = backup_to(c, to);
	/* Of the same length, and another pack's. */
	put_blob(c, to, m.pack, sealed(c, "what a pack had", digest));
	assert_ok(c, backup_blobs(c, &b));
	assert_int_equal(b.new_packs, 0);
	b = backup_to(c, to);
	b.check_all = true;
	assert_ok(c, backup_blobs(c, &b));
	assert_int_equal(b.new_packs, 1);
	assert_ok(c, blob_remove(c, to, m.pack));
	assert_ok(c, blob_remove(c, house_of(c)->blob, m.pack));
	put_blob(c, house_of(c)->blob, m.pack, sealed(c, "what a pack had", digest));
	assert_err(c, backup_blobs(c, &b), ERR_DAMAGED);
	assert_false(has_blob(c, to, m.pack));
	assert_ok(c, blob_remove(c, house_of(c)->blob, m.pack));
	assert_err(c, backup_blobs(c, &b), ERR_NOT_FOUND);
	blob_close(to);
}

static void who_is_deleted_meanwhile_leaves_the_copy(void **state)
{
	struct ctx *c = *state;
	struct made m = make(c);
	struct blob *to = blob_memory_open();
	struct db *empty;
	struct backup b = backup_to(c, to);
	struct repo repo;
	DB_TX *tx = NULL;
	assert_ok(c, db_sqlite_open(c, ":memory:", &empty));
	assert_ok(c, meta_migrate(c, empty));
	assert_ok(c, blob_remove(c, house_of(c)->blob, m.idx));
	b.live = house_of(c)->db;
	assert_err(c, backup_blobs(c, &b), ERR_NOT_FOUND);
	b = backup_to(c, to);
	b.live = empty;
	assert_ok(c, backup_blobs(c, &b));
	assert_int_equal(b.repos, 0);
	assert_ok(c, db_begin(c, house_of(c)->db, DB_READ, &tx));
	assert_err(c, meta_repo_get(c, tx, m.repo.id, &repo), ERR_NOT_FOUND);
	db_rollback(&tx);
	db_close(empty);
	blob_close(to);
}

static bool is_guarded(struct ctx *c)
{
	DB_TX *tx = NULL;
	bool guarded;
	assert_ok(c, db_begin(c, house_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, backup_guarded(c, tx, &guarded));
	return guarded;
}

static void a_guard_lasts_while_it_is_kept(void **state)
{
	struct ctx *c = *state;
	struct backup_guard one, other;
	assert_false(is_guarded(c));
	assert_ok(c, backup_guard_take(c, house_of(c)->db, &one));
	assert_ok(c, backup_guard_take(c, house_of(c)->db, &other));
	assert_true(is_guarded(c));
	backup_guard_give(c, &one);
	assert_true(is_guarded(c));
	for (int i = 0; i < 4; i++) {
		house_moved += (int64_t)3600 * 1000000;
		assert_ok(c, backup_guard_keep(c, &other));
		assert_true(is_guarded(c));
	}
	house_moved += (int64_t)2 * 3600 * 1000000 + 2000000;
	assert_false(is_guarded(c));
	assert_ok(c, backup_guard_keep(c, &other));
	assert_true(is_guarded(c));
	backup_guard_give(c, &other);
	assert_false(is_guarded(c));
}

static void backups_are_numbered_and_listed(void **state)
{
	struct ctx *c = *state;
	struct blob *store = blob_memory_open();
	struct backup_manifest m = {.instance = STR("i1"),
		.time = 1700000000,
		.schema = 3,
		.bytes = 7,
		.hash = {1, 2, 0xff},
		.repos = 4,
		.packs = 5,
		.pack_bytes = INT64_MAX};
	struct backup_manifest read;
	const char **ids;
	size_t count;
	/* What a first one that was cut off has left. */
	put_blob(c, store, "i1/1/pack/aa.pack", STR("x"));
	put_blob(c, store, "backup/000001-x.db", STR("x"));
	for (int i = 1; i <= 12; i++) {
		assert_ok(c, backup_set_next(c, store, &m));
		assert_true(str_starts(
			str_of(m.id), str_of(arena_fmt(c->arena, "%06d-20231114-221320-", i))));
		assert_ok(c, backup_set_add(c, store, &m));
	}
	assert_ok(c, backup_set_list(c, store, &ids, &count));
	assert_int_equal(count, 12);
	assert_string_equal(ids[11], m.id);
	assert_ok(c, backup_set_read(c, store, ids[11], &read));
	assert_str(read.instance, "i1");
	assert_true(read.time == m.time && read.schema == 3 && read.bytes == 7 && read.repos == 4);
	assert_true(read.packs == 5 && read.pack_bytes == INT64_MAX);
	assert_memory_equal(read.hash, m.hash, 32);
	assert_err(c, backup_set_read(c, store, "000001-x", &read), ERR_NOT_FOUND);
	m.instance = STR("i2");
	assert_err(c, backup_set_next(c, store, &m), ERR_EXISTS);
	blob_close(store);
}

static void a_place_with_something_else_is_refused(void **state)
{
	struct ctx *c = *state;
	static const struct {
		const char *key, *text;
		enum err next, read;
	} cases[] = {
		{"file", "x", ERR_EXISTS, ERR_NOT_FOUND},
		{"i10/1/pack/aa.pack", "x", ERR_EXISTS, ERR_NOT_FOUND},
		{"backup/000001-a.json", "", ERR_DAMAGED, ERR_DAMAGED},
		{"backup/000001-a.json", "{\"format\": 1}", ERR_DAMAGED, ERR_DAMAGED},
		{"backup/000001-a.json", "{\"format\": 2}", ERR_UNSUPPORTED, ERR_UNSUPPORTED},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct blob *store = blob_memory_open();
		struct backup_manifest m = {.instance = STR("i1")}, read;
		put_blob(c, store, cases[i].key, str_of(cases[i].text));
		assert_err(c, backup_set_next(c, store, &m), cases[i].next);
		assert_err(c, backup_set_read(c, store, "000001-a", &read), cases[i].read);
		blob_close(store);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(what_is_there_is_not_copied_again),
		HOUSE_TEST(a_fault_leaves_what_can_be_gone_on_with),
		HOUSE_TEST(what_is_damaged_gets_no_name_and_is_mended_where_it_has_one),
		HOUSE_TEST(who_is_deleted_meanwhile_leaves_the_copy),
		HOUSE_TEST(a_guard_lasts_while_it_is_kept),
		HOUSE_TEST(backups_are_numbered_and_listed),
		HOUSE_TEST(a_place_with_something_else_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
