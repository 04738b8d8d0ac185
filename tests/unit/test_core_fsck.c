#include "core/fsck.h"

#include "core_house.h"
#include "meta/pack.h"
#include "meta/ref.h"
#include "meta/repo.h"
#include "pack_make.h"

/* A repository with one good pack in the blob store (or in its row), made without the push verb. */
struct made {
	struct repo repo;
	struct oid tip, pack;
	struct buf bytes, idx;
};

static enum err to_buf(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	(void)c;
	buf_bytes(*(struct buf **)(self + 1), bytes, len);
	return OK;
}

static void make_files(struct ctx *c, struct made *m, bool whole)
{
	struct pack_make p;
	struct oid blob, tree;
	struct buf lines = {.arena = c->arena};
	struct idx_entry entries[3];
	pack_make_init(&p, c->arena, HASH_SHA1);
	entries[0].offset = pack_make_object(&p, OBJECT_BLOB, STR("hello\n"), &blob);
	tree_line(&lines, "100644 a", &blob);
	if (!whole)
		blob.hash[0] ^= 1, tree_line(&lines, "100644 b", &blob), blob.hash[0] ^= 1;
	entries[1].offset = pack_make_object(&p, OBJECT_TREE, buf_view(&lines), &tree);
	entries[2].offset =
		pack_make_object(&p, OBJECT_COMMIT, commit_make(c->arena, &tree, NULL), &m->tip);
	entries[0].id = blob, entries[1].id = tree, entries[2].id = m->tip;
	pack_make_end(&p);
	size_t end = p.bytes.len - 20;
	for (int i = 0; i < 3; i++) {
		size_t to = i < 2 ? (size_t)entries[i + 1].offset : end;
		entries[i].crc = zip_crc32(
			0, p.bytes.at + entries[i].offset, to - (size_t)entries[i].offset);
	}
	m->bytes = p.bytes;
	m->idx = (struct buf){.arena = c->arena};
	m->pack = oid_from_bytes(HASH_SHA1, p.bytes.at + end);
	struct {
		struct sink sink;
		struct buf *to;
	} to = {{.write = to_buf}, &m->idx};
	assert_ok(c, idx_write(c, HASH_SHA1, entries, 3, m->pack.hash, &to.sink));
}

static void put_blob(struct ctx *c, const char *key, struct str bytes)
{
	struct spool *spool;
	assert_ok(c, blob_create(c, house_of(c)->blob, &spool));
	assert_ok(c, spool_append(c, spool, bytes.at, bytes.len));
	assert_ok(c, blob_publish(c, house_of(c)->blob, spool, key));
	extent_close(&spool->extent);
}

static const char *key_of(struct ctx *c, const struct made *m, const char *suffix)
{
	return meta_pack_key(c, core_of(c)->instance, m->repo.id, &m->pack, suffix);
}

static void put(struct ctx *c, struct made *m, bool in_row, const struct oid *target)
{
	DB_TX *tx = NULL;
	struct pack_bytes bytes = {buf_view(&m->bytes), buf_view(&m->idx)};
	struct pack_row row = {m->pack, m->bytes.len, 3, PACK_PUSHED, PACK_LIVE, 1, in_row, 0, 0};
	struct ref_change change = {STR("refs/heads/main"), oid_zero(HASH_SHA1), *target, {{0}, 0}};
	int64_t version;
	if (!in_row) {
		put_blob(c, key_of(c, m, "pack"), bytes.pack);
		put_blob(c, key_of(c, m, "idx"), bytes.idx);
	}
	assert_ok(c, db_begin(c, house_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, meta_pack_add(c, tx, m->repo.id, &row, in_row ? &bytes : NULL));
	assert_ok(c, meta_ref_swap(c, tx, &m->repo, &change));
	assert_ok(c, meta_repo_bump_version(c, tx, m->repo.id, &version));
	assert_ok(c, db_commit(c, &tx));
}

struct told {
	size_t count;
	char last[480];
};

static void tell(void *arg, struct str repo, const char *what)
{
	struct told *told = arg;
	(void)repo;
	told->count++;
	fmt_into(told->last, sizeof told->last, "%s", what);
}

/* Runs it over everything; the last problem's words, or "" . */
static const char *fsck_all(struct ctx *c, struct fsck_run *run)
{
	struct told told = {0};
	struct core core = *core_of(c);
	core.limits.pack_max = core.limits.object_max = 1 << 20;
	*run = (struct fsck_run){.core = &core,
		.problem = tell,
		.arg = &told,
		.prune = run->prune,
		.prune_age = run->prune_age};
	assert_ok(c, fsck_instance(c, run));
	assert_int_equal(run->problems, told.count);
	return arena_strdup(c->arena, told.last);
}

static void sound_packs_have_no_problem(void **state)
{
	struct ctx *c = *state;
	for (int in_row = 0; in_row < 2; in_row++) {
		struct made m = {
			.repo = house_repo(c, in_row ? "row" : "file", VISIBILITY_PRIVATE)};
		struct fsck_run run = {0};
		make_files(c, &m, true);
		put(c, &m, in_row, &m.tip);
		assert_string_equal(fsck_all(c, &run), "");
		assert_int_equal(run.repos, in_row + 1);
		assert_int_equal(run.packs, in_row + 1);
		assert_int_equal(run.objects, 3 * (in_row + 1));
		assert_int_equal(run.orphans, 0);
	}
}

static void a_flipped_byte_is_found_wherever_it_is(void **state)
{
	struct ctx *c = *state;
	struct made good = {0};
	make_files(c, &good, true);
	size_t all = good.bytes.len + good.idx.len;
	for (size_t at = 0; at < all; at += 23) {
		struct made m = {
			.repo = house_repo(c, arena_fmt(c->arena, "r%zu", at), VISIBILITY_PRIVATE)};
		struct fsck_run run = {0};
		make_files(c, &m, true);
		struct buf *where = at < m.bytes.len ? &m.bytes : &m.idx;
		where->at[at < m.bytes.len ? at : at - m.bytes.len] ^= 4;
		put(c, &m, true, &m.tip);
		fsck_all(c, &run);
		if (!run.problems)
			fail_msg("byte %zu was flipped and nobody noticed", at);
		assert_ok(c, repo_delete(c, core_of(c), &house_of(c)->owner, m.repo.name, NULL));
		assert_ok(c, repo_purge(c, core_of(c), &house_of(c)->owner, m.repo.id));
	}
}

static void what_leads_nowhere_is_found(void **state)
{
	struct ctx *c = *state;
	struct fsck_run run = {0};
	struct made m = {.repo = house_repo(c, "links", VISIBILITY_PRIVATE)};
	make_files(c, &m, false);
	put(c, &m, true, &m.tip);
	assert_non_null(strstr(fsck_all(c, &run), "is missing"));

	struct made n = {.repo = house_repo(c, "refs", VISIBILITY_PRIVATE)};
	make_files(c, &n, true);
	struct oid nowhere = n.tip;
	nowhere.hash[5] ^= 1;
	put(c, &n, true, &nowhere);
	assert_non_null(strstr(fsck_all(c, &run), "refs/heads/main points at"));
	assert_int_equal(run.problems, 2);
}

static void a_lost_pack_is_a_problem_and_an_orphan_is_none(void **state)
{
	struct ctx *c = *state;
	struct fsck_run run = {0};
	struct made m = {.repo = house_repo(c, "r", VISIBILITY_PRIVATE)};
	make_files(c, &m, true);
	put(c, &m, false, &m.tip);
	put_blob(c, arena_fmt(c->arena, "%s/99/pack/left-behind.pack", core_of(c)->instance),
		STR("half a push"));
	assert_string_equal(fsck_all(c, &run), "");
	assert_int_equal(run.orphans, 1);
	assert_int_equal(run.orphan_bytes, 11);

	run = (struct fsck_run){.prune = true, .prune_age = 3600};
	fsck_all(c, &run);
	assert_int_equal(run.pruned, 0);
	house_moved = 7200 * 1000000ll;
	run = (struct fsck_run){.prune = true, .prune_age = 3600};
	fsck_all(c, &run);
	assert_int_equal(run.pruned, 1);
	run = (struct fsck_run){0};
	fsck_all(c, &run);
	assert_int_equal(run.orphans, 0);

	assert_ok(c, blob_remove(c, house_of(c)->blob, key_of(c, &m, "pack")));
	fsck_all(c, &run);
	assert_int_equal(run.problems, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(sound_packs_have_no_problem),
		HOUSE_TEST(a_flipped_byte_is_found_wherever_it_is),
		HOUSE_TEST(what_leads_nowhere_is_found),
		HOUSE_TEST(a_lost_pack_is_a_problem_and_an_orphan_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
