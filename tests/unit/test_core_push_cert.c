#include "core/push_cert.h"

#include "core_house.h"

/* What `git push --signed` sent to "r" at 1700000000, when the key of nonces was "key". */
static const char certificate[] =
	"certificate version 0.1\n"
	"pusher SHA256:x 1795454389 +0000\n"
	"pushee http://x/r.git\n"
	"nonce 1700000000-293b6b0b74e3fd176a738d8fd308b7f7404e62d9\n"
	"push-option hello\n"
	"\n"
	"0000000000000000000000000000000000000000 1111111111111111111111111111111111111111 "
	"refs/heads/main\n"
	"-----BEGIN SSH SIGNATURE-----\n"
	"U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAggf1BYiUg7RefxwzihWYgkR4ajE\n"
	"I4SzaQ04Mk5d/Rq1EAAAADZ2l0AAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5\n"
	"AAAAQN1+M62WoJl7Ohdit621HgHadkUwn6s6P8jfzN8ZPhrkd9Gvd12PVx8MHb7IzCx4wR\n"
	"rS4m+/uyUzdIuX2K5oegw=\n"
	"-----END SSH SIGNATURE-----\n";

enum { GIVEN = 1700000000 };

static enum err verify_at(struct ctx *c, int64_t seconds, const char *repo, struct push_signed *out)
{
	core_of(c)->nonce_key = STR("key");
	return push_cert_verify(c, core_of(c), str_of(repo), str_of(certificate), seconds, out);
}

static void a_nonce_is_good_for_a_while_and_for_one_repository(void **state)
{
	struct ctx *c = *state;
	struct push_signed proof;
	assert_ok(c, verify_at(c, GIVEN, "r", &proof));
	assert_str(push_nonce(c, core_of(c), STR("r"), GIVEN),
		"1700000000-293b6b0b74e3fd176a738d8fd308b7f7404e62d9");
	assert_int_equal(proof.nonce, NONCE_OK);
	assert_str(proof.signer.fingerprint, "SHA256:CNu7Uv2SF/RQum0tIqsYwHPsXUogBSc3uoEWnGDnbN4");
	assert_ok(c, verify_at(c, GIVEN + NONCE_FRESH_SECONDS, "r", &proof));
	assert_int_equal(proof.nonce, NONCE_OK);
	assert_ok(c, verify_at(c, GIVEN + NONCE_FRESH_SECONDS + 1, "r", &proof));
	assert_int_equal(proof.nonce, NONCE_SLOP);
	assert_ok(c, verify_at(c, GIVEN + NONCE_SLOP_SECONDS, "r", &proof));
	assert_err(c, verify_at(c, GIVEN + NONCE_SLOP_SECONDS + 1, "r", &proof), ERR_INVALID);
	assert_err(c, verify_at(c, GIVEN, "s", &proof), ERR_INVALID);
}

static void without_a_key_nothing_is_offered_or_taken(void **state)
{
	struct ctx *c = *state;
	struct push_signed proof;
	assert_ok(c, verify_at(c, GIVEN, "r", &proof));
	core_of(c)->nonce_key = (struct str){0};
	assert_int_equal(push_nonce(c, core_of(c), STR("r"), GIVEN).len, 0);
	assert_err(c, push_cert_verify(c, core_of(c), STR("r"), str_of(certificate), GIVEN, &proof),
		ERR_INVALID);
}

static void the_key_of_nonces_stays_the_same(void **state)
{
	struct ctx *c = *state;
	struct instance one, two;
	assert_ok(c, instance_start(c, core_of(c), STR("owner"), (struct str){0}, &one));
	assert_ok(c, instance_start(c, core_of(c), STR("owner"), (struct str){0}, &two));
	assert_int_equal(one.nonce_key.len, 43);
	assert_true(str_eq(one.nonce_key, two.nonce_key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(a_nonce_is_good_for_a_while_and_for_one_repository),
		HOUSE_TEST(without_a_key_nothing_is_offered_or_taken),
		HOUSE_TEST(the_key_of_nonces_stays_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
