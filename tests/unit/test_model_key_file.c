#include "model/key_file.h"

#include "unit.h"

/* As `openssl genpkey` (3.0) and `ssh-keygen` (9.2) write them. */
#define ED25519_SECRET                                                       \
	"-----BEGIN PRIVATE KEY-----\n"                                      \
	"MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n" \
	"-----END PRIVATE KEY-----\n"
#define ED25519_PUBLIC                                                     \
	"-----BEGIN PUBLIC KEY-----\r\n"                                   \
	"MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\r\n" \
	"-----END PUBLIC KEY-----\r\n"
#define ED25519_SSH                                                                         \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea " \
	"who@where\n"
#define ED25519_JWK                                                   \
	"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_" \
	"7TyWQHOg7hcvPapiMlrwIaaPcHURo\",\"kid\":\"mine\"}"
#define ED25519_KID "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" /* RFC 8037, A.3 */

static void a_public_key_is_the_same_however_it_is_written(void **state)
{
	struct ctx *c = *state;
	static const char *const texts[] = {ED25519_PUBLIC, ED25519_SSH, ED25519_JWK,
		" \n" ED25519_SSH, "some text before\n" ED25519_PUBLIC};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct jwk key;
		assert_ok(c, key_file_public(c, str_of(texts[i]), &key));
		assert_int_equal(key.alg, JWS_EDDSA);
		assert_str(key.kid, ED25519_KID);
	}
	struct jwk_secret secret;
	assert_ok(c, key_file_secret(c, STR(ED25519_SECRET), &secret));
	assert_str(secret.public.kid, ED25519_KID);
}

static void what_is_none_is_refused(void **state)
{
	struct ctx *c = *state;
	static const char *const texts[] = {"", "ssh-ed25519", "ssh-ed25519 ", "ssh-ed25519 AAAA",
		"ssh-rsa AAAAB3NzaC1yc2E=", "{", "{}", ED25519_SECRET, "-----BEGIN PUBLIC KEY-----",
		"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END ",
		"-----BEGIN PUBLIC "
		"KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/"
		"7TyWQHOg7hcvPapiMlrwIaaPcHUQ==\n-----END "};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct jwk key;
		assert_err(c, key_file_public(c, str_of(texts[i]), &key), ERR_INVALID);
	}
	static const char *const secrets[] = {"", ED25519_PUBLIC, ED25519_SSH,
		"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v\n-----END "};
	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
		struct jwk_secret key;
		assert_err(c, key_file_secret(c, str_of(secrets[i]), &key), ERR_INVALID);
	}
}

static void a_key_that_is_too_long_is_not_looked_at(void **state)
{
	struct ctx *c = *state;
	struct jwk key;
	struct jwk_secret secret;
	char *text = arena_alloc(c->arena, KEY_FILE_MAX + 1);
	memset(text, 'x', KEY_FILE_MAX + 1);
	struct str all = str_from(text, KEY_FILE_MAX + 1);
	memcpy(text, ED25519_SECRET, strlen(ED25519_SECRET));
	assert_err(c, key_file_secret(c, all, &secret), ERR_INVALID);
	memcpy(text, ED25519_SSH, strlen(ED25519_SSH));
	assert_err(c, key_file_public(c, all, &key), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_public_key_is_the_same_however_it_is_written),
		UNIT_TEST(what_is_none_is_refused),
		UNIT_TEST(a_key_that_is_too_long_is_not_looked_at),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
