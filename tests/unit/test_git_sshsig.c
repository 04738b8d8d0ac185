#include "git/sshsig.h"

#include "unit.h"

static const char message[] = "certificate version 0.1\n"
			      "pusher SHA256:x 1795454389 +0000\n"
			      "pushee http://x/r.git\n"
			      "nonce N\n"
			      "push-option hello\n"
			      "\n"
			      "0000000000000000000000000000000000000000 "
			      "1111111111111111111111111111111111111111 refs/heads/main\n";

static const char by_ed25519[] =
	"-----BEGIN SSH SIGNATURE-----\n"
	"U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAggf1BYiUg7RefxwzihWYgkR4ajE\n"
	"I4SzaQ04Mk5d/Rq1EAAAADZ2l0AAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5\n"
	"AAAAQB9herDUAsdak2pXDtiiabfpsMNGsz3zdNVijHrXkvN4lWxN51uUorhmTqoQlAbP4o\n"
	"ykEklsmWRv74zFrFYm6Q4=\n"
	"-----END SSH SIGNATURE-----\n";

static const char by_rsa[] =
	"-----BEGIN SSH SIGNATURE-----\n"
	"U1NIU0lHAAAAAQAAAZcAAAAHc3NoLXJzYQAAAAMBAAEAAAGBAI90hneEjmR+Wd1AujXKXt\n"
	"IqLIqXUJIRYMYVjo4hd7wDmKgm6voB7EFHD2Rf1MejPNThmTKkQy6Kkm+YnKvUQniIo2ib\n"
	"A+VBWtvuO8Fz2lRqcvI7scFPDpW3Bn/SZot3eMgh1QJiwJOG1ep9E4jmf8iCrk7A7R8H4R\n"
	"Lk14o3XRLopjMm0KL/6tCZiqn5y1qN95MjPjXXLbov1VG7+DoFgY8MCN3oI31CtZ4JKYxH\n"
	"oQCfyLuvU0/xKIMMnnHW5N/0LYDzgULYo55cDZ9NCtM74j5STui2wqoniIz/Lu5JxalFke\n"
	"LGaze67NjsL4sLvZfJEBwSNff9dLWYJrLLksKIAbVGbfTF2Eu2UmQGMjIWI0Gc+7NKXhSo\n"
	"sJRTEClvl21a0tMGL5ZNV7AHojlvGyjoiUDxy/fGXxt7R1/C9F+5VpMERkY/9IvB3hdAbR\n"
	"lK16/jlcP03PmpGED2yMOldVDlK/ZFnYoMrY7Ph2/hkLxZnl9mbkCpmRcJNEEGsUpGB7SJ\n"
	"bQAAAANnaXQAAAAAAAAABnNoYTI1NgAAAZQAAAAMcnNhLXNoYTItNTEyAAABgIx0dk6Y3P\n"
	"puFtdc7YZc7wNOqin46mGXZgc1lnWeDMvQW9JLwJkx4QaWpGvPpGQavg3v6rI9GriiE4mc\n"
	"PKyjgU8jSKl+wSk8uN0ndPjxCnX1H7qPLYhgSD4g4+1eXKwKiR3V1dzB/mPr/tZ3YBcFNn\n"
	"L3+HK8soxoTWCdwqfeGHiDsYBz8kKuukdYvfrbObZfPar974uXGxUM+wuzhST/8fZ74Al8\n"
	"5ONh0fjKnuOWF9fX7z7k2xuK0qoljaycyEsiTABzj+hfM5lGZex5ns8EJg+K0YUjXk1Mg6\n"
	"sOjfh8h4wYFoN2AbOUd00upHTKO1lcKZXt5y+i/2zdUmqC4RZtV+k26WikYIgq7kge8J9j\n"
	"G35IRCAPFTtmvnh1QZAGbUJSucpZJAIoO71/20sNguJ8r+DNks9Dghs1YJBSaMNr2fmAqv\n"
	"oVEy+gzf0DLW5RfzlkuBdPtSYXmt752KiZ/8sER7CCtjO0ELxyQq6ZkztyjebLhR9MUWQF\n"
	"cKbqML+fmYKZSA==\n"
	"-----END SSH SIGNATURE-----\n";

static const char by_ecdsa[] =
	"-----BEGIN SSH SIGNATURE-----\n"
	"U1NIU0lHAAAAAQAAAGgAAAATZWNkc2Etc2hhMi1uaXN0cDI1NgAAAAhuaXN0cDI1NgAAAE\n"
	"EE+crGmqC2yytupBBeRFTgDi2tVJZguFuraEXw2OABblGoTogs0RFs/LaaulNON88bcJ/X\n"
	"9CmpW9gemjzM+eRXagAAAANnaXQAAAAAAAAABnNoYTUxMgAAAGQAAAATZWNkc2Etc2hhMi\n"
	"1uaXN0cDI1NgAAAEkAAAAhAP8cBSNS1Olr5V9vW19nY2FIsSHaUyiOqC3jiw+WAE4OAAAA\n"
	"IGsMSehkPX6UZjp50ZRylLbxHRDfRrwJ9hQvax2O96Dk\n"
	"-----END SSH SIGNATURE-----\n";

/* Of the same message, for files. */
static const char for_files[] =
	"-----BEGIN SSH SIGNATURE-----\n"
	"U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAggf1BYiUg7RefxwzihWYgkR4ajE\n"
	"I4SzaQ04Mk5d/Rq1EAAAAEZmlsZQAAAAAAAAAGc2hhNTEyAAAAUwAAAAtzc2gtZWQyNTUx\n"
	"OQAAAECx64RHAy81fDKHadKmCvOvxjW91ywE6rkLt6QvJjVQ+/C5Tiod19GDoJTxA8buxF\n"
	"H4FBRcYcawDtWAD+QfnS4N\n"
	"-----END SSH SIGNATURE-----\n";

static enum err verify(
	struct ctx *c, const char *armor, const char *text, struct sshsig_signer *out)
{
	return sshsig_verify(c, str_of(armor), STR("git"), str_of(text), out);
}

static void what_openssh_signed_is_verified(void **state)
{
	struct ctx *c = *state;
	struct sshsig_signer signer;
	assert_ok(c, verify(c, by_ed25519, message, &signer));
	assert_str(signer.type, "ssh-ed25519");
	assert_str(
		signer.key, "AAAAC3NzaC1lZDI1NTE5AAAAIIH9QWIlIO0Xn8cM4oVmIJEeGoxCOEs2kNODJOXf0atR");
	assert_str(signer.fingerprint, "SHA256:CNu7Uv2SF/RQum0tIqsYwHPsXUogBSc3uoEWnGDnbN4");
	assert_ok(c, verify(c, by_rsa, message, &signer));
	assert_str(signer.type, "ssh-rsa");
	assert_str(signer.fingerprint, "SHA256:UOi24NH7yoWyMuWb4zZtw+QJBTxvtyqm/wuP+IlWSYc");
}

static void another_message_or_purpose_is_refused(void **state)
{
	struct ctx *c = *state;
	struct sshsig_signer signer;
	assert_err(c, verify(c, by_ed25519, "other", &signer), ERR_INVALID);
	assert_err(c, verify(c, by_rsa, "other", &signer), ERR_INVALID);
	assert_err(c, verify(c, for_files, message, &signer), ERR_INVALID);
	assert_err(c, sshsig_verify(c, str_of(by_ed25519), STR("file"), str_of(message), &signer),
		ERR_INVALID);
}

static void keys_that_cannot_be_checked_are_named(void **state)
{
	struct ctx *c = *state;
	struct sshsig_signer signer;
	assert_err(c, verify(c, by_ecdsa, message, &signer), ERR_UNSUPPORTED);
	assert_non_null(strstr(c->error.text, "ecdsa-sha2-nistp256"));
}

/* A letter of base64 more or less somewhere: never verified, never a crash. */
static void no_changed_byte_is_overlooked(void **state)
{
	struct ctx *c = *state;
	const char *const all[] = {by_ed25519, by_rsa};
	for (size_t which = 0; which < 2; which++) {
		size_t len = strlen(all[which]);
		for (size_t i = 0; i + 34 < len; i++) {
			struct sshsig_signer signer;
			struct arena_mark mark = arena_mark(c->arena);
			char *armor = arena_strdup(c->arena, all[which]);
			if (armor[i] == '\n' || armor[i] == '=')
				continue;
			armor[i] = armor[i] == 'A' ? 'B' : 'A';
			assert_int_not_equal(verify(c, armor, message, &signer), OK);
			ctx_clear(c);
			arena_rewind(c->arena, mark);
		}
	}
}

static void every_cut_is_refused(void **state)
{
	struct ctx *c = *state;
	struct sshsig_signer signer;
	for (size_t len = 0; len + 1 < sizeof by_ed25519 - 1; len++) {
		enum err err = sshsig_verify(
			c, str_from(by_ed25519, len), STR("git"), str_of(message), &signer);
		assert_int_not_equal(err, OK);
		ctx_clear(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_openssh_signed_is_verified),
		UNIT_TEST(another_message_or_purpose_is_refused),
		UNIT_TEST(keys_that_cannot_be_checked_are_named),
		UNIT_TEST(no_changed_byte_is_overlooked),
		UNIT_TEST(every_cut_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
