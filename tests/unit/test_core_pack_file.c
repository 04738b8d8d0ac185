#include "core/pack_file.h"

#include "fetch_house.h"

/* A pack of the fetch house's "r" as a blob, and its name. */
static struct oid pack_of(struct ctx *c, const struct repo *repo, struct str bytes)
{
	struct pack_row row = {.bytes = bytes.len, .kind = PACK_MAIN, .state = PACK_LIVE};
	struct spool *spool = NULL;
	DB_TX *tx = NULL;
	hash_once(HASH_SHA1, bytes.at, bytes.len, row.id.hash);
	row.id.algo = HASH_SHA1;
	assert_ok(c, blob_create(c, core_of(c)->blob, &spool));
	assert_ok(c, spool_append(c, spool, bytes.at, bytes.len));
	const char *key = meta_pack_key(c, core_of(c)->instance, repo->id, &row.id, "pack");
	assert_ok(c, blob_publish(c, core_of(c)->blob, spool, key));
	extent_close(&spool->extent);
	assert_ok(c, db_begin(c, core_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, meta_pack_add(c, tx, repo->id, &row, NULL));
	assert_ok(c, db_commit(c, &tx));
	core_of(c)->nonce_key = STR("key");
	return row.id;
}

static struct pack_file_ask ask_for(struct ctx *c, const struct repo *repo, const struct oid *id)
{
	char *hex = arena_alloc(c->arena, OID_HEX_MAX);
	struct pack_file_ask ask = {.name = repo->name, .hash = str_of(oid_hex(id, hex))};
	assert_ok(c, pack_file_proof(c, core_of(c), repo, id, &ask.proof));
	return ask;
}

static enum err try(struct ctx *c, const struct actor *who, const struct pack_file_ask *ask)
{
	struct pack_file file;
	enum err err = pack_file_open(c, core_of(c), who, ask, &file);
	if (!err)
		pack_file_close(&file);
	return err;
}

static void a_proof_is_good_for_an_hour_whoever_shows_it(void **state)
{
	struct ctx *c = *state;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	struct oid id = pack_of(c, &repo, STR("these bytes"));
	struct pack_file_ask ask = ask_for(c, &repo, &id);
	struct pack_file file;
	const uint8_t *bytes;
	assert_ok(c, pack_file_open(c, core_of(c), &ACTOR_ANONYMOUS, &ask, &file));
	assert_false(file.open);
	assert_int_equal(file.bytes->size, 11);
	assert_ok(c, extent_window(c, file.bytes, 0, 11, &bytes));
	assert_memory_equal(bytes, "these bytes", 11);
	pack_file_close(&file);
	house_moved = (PACK_FILE_SECONDS - 5) * 1000000ll;
	assert_ok(c, try(c, &ACTOR_ANONYMOUS, &ask));
	house_moved = PACK_FILE_SECONDS * 1000000ll;
	assert_err(c, try(c, &ACTOR_ANONYMOUS, &ask), ERR_DENIED);
	assert_err(c, try(c, &house_of(c)->owner, &ask), ERR_DENIED);
}

static void a_proof_is_for_what_it_names(void **state)
{
	struct ctx *c = *state;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	struct repo twin = house_repo(c, "s", VISIBILITY_PRIVATE);
	struct oid id = pack_of(c, &repo, STR("one")), other = pack_of(c, &repo, STR("two"));
	pack_of(c, &twin, STR("one"));
	const struct pack_file_ask good = ask_for(c, &repo, &id);
	struct pack_file_ask ask = good;
	assert_ok(c, try(c, &ACTOR_ANONYMOUS, &ask));
	ask.name = STR("s");
	assert_err(c, try(c, &ACTOR_ANONYMOUS, &ask), ERR_DENIED);
	ask.name = STR("nothing");
	assert_err(c, try(c, &ACTOR_ANONYMOUS, &ask), ERR_DENIED);
	ask = good;
	ask.hash = ask_for(c, &repo, &other).hash;
	assert_err(c, try(c, &ACTOR_ANONYMOUS, &ask), ERR_DENIED);
	ask = good;
	ask.proof.expires = STR("99999999999");
	assert_err(c, try(c, &ACTOR_ANONYMOUS, &ask), ERR_DENIED);
	core_of(c)->nonce_key = STR("another");
	assert_err(c, try(c, &ACTOR_ANONYMOUS, &good), ERR_DENIED);
	core_of(c)->nonce_key = (struct str){0};
	assert_err(c, try(c, &ACTOR_ANONYMOUS, &good), ERR_DENIED);
}

static void without_a_proof_it_is_for_readers(void **state)
{
	struct ctx *c = *state;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	struct oid id = pack_of(c, &repo, STR("bytes"));
	struct actor eve = house_person(c, "eve");
	struct pack_file_ask ask = ask_for(c, &repo, &id);
	ask.proof = (struct pack_proof){0};
	assert_ok(c, try(c, &house_of(c)->owner, &ask));
	assert_err(c, try(c, &eve, &ask), ERR_NOT_FOUND);
	assert_err(c, try(c, &ACTOR_ANONYMOUS, &ask), ERR_UNAUTH);
	ask.hash = STR("1111111111111111111111111111111111111111");
	assert_err(c, try(c, &house_of(c)->owner, &ask), ERR_NOT_FOUND);
	ask.hash = STR("x");
	assert_err(c, try(c, &house_of(c)->owner, &ask), ERR_NOT_FOUND);
}

static void what_anybody_may_read_needs_no_proof(void **state)
{
	struct ctx *c = *state;
	struct repo repo = house_repo(c, "r", VISIBILITY_PUBLIC);
	struct oid id = pack_of(c, &repo, STR("bytes"));
	struct pack_file_ask ask = ask_for(c, &repo, &id);
	struct pack_file file;
	assert_true(!ask.proof.expires.len && !ask.proof.signature.len);
	assert_ok(c, pack_file_open(c, core_of(c), &ACTOR_ANONYMOUS, &ask, &file));
	assert_true(file.open);
	pack_file_close(&file);
}

static void a_retired_pack_is_there_until_its_row_goes(void **state)
{
	struct ctx *c = *state;
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	struct oid id = pack_of(c, &repo, STR("bytes"));
	struct pack_file_ask ask = ask_for(c, &repo, &id);
	DB_TX *tx = NULL;
	bool done = false;
	assert_ok(c, db_begin(c, core_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, meta_pack_retire(c, tx, repo.id, &id, 1, &done));
	assert_ok(c, db_commit(c, &tx));
	assert_true(done);
	assert_ok(c, try(c, &ACTOR_ANONYMOUS, &ask));
	assert_ok(c, db_begin(c, core_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, meta_pack_delete(c, tx, repo.id, &id));
	assert_ok(c, db_commit(c, &tx));
	assert_err(c, try(c, &ACTOR_ANONYMOUS, &ask), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(a_proof_is_good_for_an_hour_whoever_shows_it),
		HOUSE_TEST(a_proof_is_for_what_it_names),
		HOUSE_TEST(without_a_proof_it_is_for_readers),
		HOUSE_TEST(what_anybody_may_read_needs_no_proof),
		HOUSE_TEST(a_retired_pack_is_there_until_its_row_goes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
