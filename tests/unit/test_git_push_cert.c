#include "git/push_cert.h"

#include "unit.h"

#define HEAD "certificate version 0.1\npusher Ada\n"
#define SIGNATURE "-----BEGIN SSH SIGNATURE-----\nU1NI\n-----END SSH SIGNATURE-----\n"

static void a_certificate_comes_apart_as_git_puts_it_together(void **state)
{
	struct ctx *c = *state;
	struct push_cert cert;
	struct str option = {0};
	static const char text[] =
		HEAD "pushee http://x/r.git\nnonce 1-2\npush-option a b\n"
		     "push-option \n\n0 1 refs/heads/main\n0 2 refs/heads/b\n" SIGNATURE;
	assert_ok(c, push_cert_parse(c, str_of(text), &cert));
	assert_str(cert.pusher, "Ada");
	assert_str(cert.pushee, "http://x/r.git");
	assert_str(cert.nonce, "1-2");
	assert_str(cert.commands, "0 1 refs/heads/main\n0 2 refs/heads/b\n");
	assert_str(cert.signature, SIGNATURE);
	assert_int_equal(cert.content.len + cert.signature.len, strlen(text));
	assert_true(push_cert_option(&cert.options, &option));
	assert_str(option, "a b");
	assert_true(push_cert_option(&cert.options, &option));
	assert_str(option, "");
	assert_false(push_cert_option(&cert.options, &option));
}

static void what_is_no_certificate_is_refused(void **state)
{
	struct ctx *c = *state;
	struct push_cert cert;
	assert_err(c, push_cert_parse(c, STR(""), &cert), ERR_INVALID);
	assert_err(c, push_cert_parse(c, STR(HEAD), &cert), ERR_INVALID);
	assert_err(c, push_cert_parse(c, STR(HEAD "\n0 1 r\n"), &cert), ERR_INVALID);
	assert_err(c, push_cert_parse(c, STR(HEAD "\n0 1 r" SIGNATURE), &cert), ERR_INVALID);
	assert_err(c, push_cert_parse(c, STR("certificate version 0.2\n\n" SIGNATURE), &cert),
		ERR_UNSUPPORTED);
	assert_err(c, push_cert_parse(c, STR(HEAD "\n-----BEGIN PGP SIGNATURE-----\n"), &cert),
		ERR_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_certificate_comes_apart_as_git_puts_it_together),
		UNIT_TEST(what_is_no_certificate_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
