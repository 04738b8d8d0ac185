#include "wire/bundle.h"

#include "fetch_house.h"

static void open_r(struct ctx *c, struct fetch *f)
{
	assert_ok(c, fetch_open(c, core_of(c), &house_of(c)->owner, STR("r"), f));
}

/* The bundle's header and pack, of which there must be nothing more. */
static struct str bundle(struct ctx *c, struct fetch *f)
{
	struct memory_sink to = memory_sink(c->arena);
	assert_ok(c, bundle_open(c, f));
	assert_ok(c, bundle_send(c, f, &to.sink));
	return buf_view(&to.bytes);
}

static struct pack_received unbundle(struct ctx *c, enum hash_algo algo, struct str pack)
{
	struct odb nothing = {.algo = algo};
	struct odb_reader known;
	struct memory_spools spools = {{memory_make}, c->arena, 0};
	struct source_bytes from;
	struct pack_received got;
	odb_reader_init(c, &known, &nothing);
	source_bytes_init(&from, pack.at, pack.len);
	const struct pack_receive in = {.algo = algo,
		.from = &from.source,
		.to_end = true,
		.spools = &spools.maker,
		.known = &known,
		.object_max = 1 << 20,
		.pack_max = 1 << 20};
	assert_ok(c, pack_receive(c, &in, &got));
	assert_ok(c, pack_received_connected(c, &got, &known, NULL));
	return got;
}

/* Commits, trees and blobs of the default branch: not the tag, and nothing that is missing. */
static void it_is_the_whole_default_branch(void **state)
{
	struct ctx *c = *state;
	struct fetch_house *h = fetch_house(c);
	struct fetch f;
	open_r(c, &f);
	struct str bytes = bundle(c, &f);
	const char *head =
		arena_fmt(c->arena, "# v2 git bundle\n%s refs/heads/main\n\n", h->hex[4]);
	assert_true(str_skip(&bytes, str_of(head)));
	struct pack_received got = unbundle(c, HASH_SHA1, bytes);
	assert_int_equal(got.count, 15);
	for (int i = 0; i < 5; i++)
		assert_non_null(pack_received_find(&got, &h->commits[i]));
	assert_null(pack_received_find(&got, &h->tag));
	pack_received_done(&got);
	fetch_close(&f);
}

static void another_default_branch_is_another_bundle(void **state)
{
	struct ctx *c = *state;
	struct fetch_house *h = fetch_house(c);
	struct fetch f;
	DB_TX *tx = NULL;
	int64_t version;
	assert_ok(c, db_begin(c, core_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, meta_repo_set_head(c, tx, h->repo.id, STR("refs/heads/old")));
	assert_ok(c, meta_repo_bump_version(c, tx, h->repo.id, &version));
	assert_ok(c, db_commit(c, &tx));
	open_r(c, &f);
	struct str bytes = bundle(c, &f);
	const char *head = arena_fmt(c->arena, "# v2 git bundle\n%s refs/heads/old\n\n", h->hex[1]);
	assert_true(str_skip(&bytes, str_of(head)));
	struct pack_received got = unbundle(c, HASH_SHA1, bytes);
	assert_int_equal(got.count, 6);
	pack_received_done(&got);
	fetch_close(&f);
}

static void without_a_commit_there_is_none(void **state)
{
	struct ctx *c = *state;
	struct fetch f;
	house_repo(c, "r", VISIBILITY_PRIVATE);
	core_of(c)->limits.fetch_lines_max = 1000;
	open_r(c, &f);
	assert_err(c, bundle_open(c, &f), ERR_NOT_FOUND);
	fetch_close(&f);
}

/* Version 3 says which hash; git refuses a version 2 with ids of SHA-256. */
static void sha256_needs_version_3(void **state)
{
	struct ctx *c = *state;
	struct fetch_house *h = fetch_house_of(c, HASH_SHA256);
	struct fetch f;
	open_r(c, &f);
	struct str bytes = bundle(c, &f);
	const char *head = arena_fmt(c->arena,
		"# v3 git bundle\n@object-format=sha256\n%s refs/heads/main\n\n", h->hex[4]);
	assert_true(str_skip(&bytes, str_of(head)));
	struct pack_received got = unbundle(c, HASH_SHA256, bytes);
	assert_int_equal(got.count, 15);
	pack_received_done(&got);
	fetch_close(&f);
}

static enum err refuse(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	(void)self, (void)bytes, (void)len;
	return fail(c, ERR_CANCELED, "the other side went away");
}

static void who_goes_away_ends_it(void **state)
{
	struct ctx *c = *state;
	struct fetch f;
	struct sink gone = {.write = refuse};
	fetch_house(c);
	open_r(c, &f);
	assert_ok(c, bundle_open(c, &f));
	assert_err(c, bundle_send(c, &f, &gone), ERR_CANCELED);
	fetch_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(it_is_the_whole_default_branch),
		HOUSE_TEST(another_default_branch_is_another_bundle),
		HOUSE_TEST(without_a_commit_there_is_none),
		HOUSE_TEST(sha256_needs_version_3),
		HOUSE_TEST(who_goes_away_ends_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
