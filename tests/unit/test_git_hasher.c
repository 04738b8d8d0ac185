#include "git/hasher.h"

#include "base/hex.h"
#include "sha1dc_vectors.h"
#include "unit.h"

static void pieces_give_the_id_of_the_whole(void **state)
{
	struct ctx *c = *state;
	enum hash_algo algos[] = {HASH_SHA1, HASH_SHA256};
	for (int a = 0; a < 2; a++) {
		struct object o = {OBJECT_BLOB, STR("what is hashed in pieces")};
		struct hasher h;
		struct oid want, got;
		object_hash(algos[a], &o, &want);
		hasher_init(&h, algos[a], o.type, o.bytes.len);
		for (size_t i = 0; i < o.bytes.len; i++)
			hasher_update(&h, o.bytes.at + i, 1);
		assert_ok(c, hasher_final(c, &h, &got));
		assert_true(oid_eq(&want, &got));
	}
}

/* Hashed as it is, without git's header: behind that the known pairs collide no more. */
static void half_of_a_collision_is_refused(void **state)
{
	struct ctx *c = *state;
	const char *hex[] = {shattered_1, shattered_2};
	for (int i = 0; i < 2; i++) {
		size_t len = strlen(hex[i]) / 2;
		char *bytes = arena_alloc(c->arena, len);
		struct hasher h = {.algo = HASH_SHA1};
		struct oid id;
		assert_true(hex_decode(hex[i], len, bytes));
		sha1dc_init(&h.sha1);
		hasher_update(&h, bytes, len);
		assert_err(c, hasher_final(c, &h, &id), ERR_INVALID);
		assert_non_null(strstr(c->error.text, "SHA-1 collision attack"));
	}
}

int main(void)
{
	(void)shambles_1, (void)shambles_2;
	const struct CMUnitTest tests[] = {
		UNIT_TEST(pieces_give_the_id_of_the_whole),
		UNIT_TEST(half_of_a_collision_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
