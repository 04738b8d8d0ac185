#include "git/sshsig.h"

#include "base/buf.h"
#include "base/hex.h"
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

static const char by_ecdsa_256[] =
	"-----BEGIN SSH SIGNATURE-----\n"
	"U1NIU0lHAAAAAQAAAGgAAAATZWNkc2Etc2hhMi1uaXN0cDI1NgAAAAhuaXN0cDI1NgAAAE\n"
	"EE+crGmqC2yytupBBeRFTgDi2tVJZguFuraEXw2OABblGoTogs0RFs/LaaulNON88bcJ/X\n"
	"9CmpW9gemjzM+eRXagAAAANnaXQAAAAAAAAABnNoYTUxMgAAAGQAAAATZWNkc2Etc2hhMi\n"
	"1uaXN0cDI1NgAAAEkAAAAhAP8cBSNS1Olr5V9vW19nY2FIsSHaUyiOqC3jiw+WAE4OAAAA\n"
	"IGsMSehkPX6UZjp50ZRylLbxHRDfRrwJ9hQvax2O96Dk\n"
	"-----END SSH SIGNATURE-----\n";

static const char by_ecdsa_384[] =
	"-----BEGIN SSH SIGNATURE-----\n"
	"U1NIU0lHAAAAAQAAAIgAAAATZWNkc2Etc2hhMi1uaXN0cDM4NAAAAAhuaXN0cDM4NAAAAG\n"
	"EEHcd7MBQuvHM0METrqhaATL+v2SFXp8u5J8AFgAvGtxigdecz+T100AZ3k3Q2Tv628jhN\n"
	"sPIC+7yjtsg2pdgItG2WV94L58XzEiWK7j8ERMb3iLjCerTMktl+J1rMaIOYAAAAA2dpdA\n"
	"AAAAAAAAAGc2hhNTEyAAAAhAAAABNlY2RzYS1zaGEyLW5pc3RwMzg0AAAAaQAAADAb5f28\n"
	"NqkM2giIxqGP0QN8z738+aFWA8dDvjaFMTLn83Ecw2CxaP4deI4nYHkHtMQAAAAxAOnnfa\n"
	"+Q/j8wesrTctPCkd8tXLeTUNdNwl2BxGuu1y9YF0MsztNzIcyufNi9lGOrDg==\n"
	"-----END SSH SIGNATURE-----\n";

static const char by_ecdsa_521[] =
	"-----BEGIN SSH SIGNATURE-----\n"
	"U1NIU0lHAAAAAQAAAKwAAAATZWNkc2Etc2hhMi1uaXN0cDUyMQAAAAhuaXN0cDUyMQAAAI\n"
	"UEADHub19c7Ja4qejJ620W+0WxO52zuFnkzyQUOiLJmv1h6GGox1LjKR9UvjUt+jfzCaOu\n"
	"xbPAImt8EjBz7Yu2CEswAW0jDDYgAQG3cYVO+iypgU3H/V0ilADDn9xDarxD7kAsg4VakI\n"
	"k/3qkE6MxlWpjtBcIQ0cSNjNoRInjgaTY2jAT+AAAAA2dpdAAAAAAAAAAGc2hhNTEyAAAA\n"
	"pgAAABNlY2RzYS1zaGEyLW5pc3RwNTIxAAAAiwAAAEIA7WeMuKS/l0QbuQ8blzHBTZJ7Oq\n"
	"z0sNuP/sLYr5Ucp/bw3xYbfnTVISdMjfdOVbS2cLcvPTyHQ8pTc1per9ar9AEAAABBEVGB\n"
	"vceXrdUENmtCydO9mif1Skc4urUtuJVvRKN7UvyF5Hf4bqg/dLG1VsUyYywWDiZ2r/4OVx\n"
	"3Do2vs0xNLUbw=\n"
	"-----END SSH SIGNATURE-----\n";

/* ssh-keygen with a FIDO key in software. */
static const char by_fido_ed25519[] =
	"-----BEGIN SSH SIGNATURE-----\n"
	"U1NIU0lHAAAAAQAAAEoAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC5jb20AAAAgkwNmum\n"
	"s+8TEi82CFJSJt+USkGBi6U2PnE5Dg1pJV74IAAAAEc3NoOgAAAANnaXQAAAAAAAAABnNo\n"
	"YTUxMgAAAGcAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC5jb20AAABAMEXnzPZEFCqyVv\n"
	"Oh3mS/sJPQLsCKo1ZlUCgxL+sdRJSbUmNCG3cKuijY4itbeNRTB559QXVrihw1ZJgzowSj\n"
	"DAEAAAAH\n"
	"-----END SSH SIGNATURE-----\n";

static const char by_fido_ecdsa[] =
	"-----BEGIN SSH SIGNATURE-----\n"
	"U1NIU0lHAAAAAQAAAH8AAAAic2stZWNkc2Etc2hhMi1uaXN0cDI1NkBvcGVuc3NoLmNvbQ\n"
	"AAAAhuaXN0cDI1NgAAAEEE9ELYIn2Fie40JdEWcY5/zOQ7oWVbw+glzv4WVn4VuKviorem\n"
	"PnM5WIWT5PWYv7Acw7UuCSM9MkvozLvD7uLONAAAAARzc2g6AAAAA2dpdAAAAAAAAAAGc2\n"
	"hhNTEyAAAAeAAAACJzay1lY2RzYS1zaGEyLW5pc3RwMjU2QG9wZW5zc2guY29tAAAASQAA\n"
	"ACEA6e1wPttAkSX4tgJJr8v1cWLRB7i4jLKo456cAhIkVFMAAAAgBlfcA0oVZoLOPCPzfa\n"
	"T7yWGT+5fpWvlpZESn/AX+7pQBAAAABw==\n"
	"-----END SSH SIGNATURE-----\n";

/* The same, of a key that needs no touch and got none. */
static const char by_untouched[] =
	"-----BEGIN SSH SIGNATURE-----\n"
	"U1NIU0lHAAAAAQAAAEoAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC5jb20AAAAgnPGIe6\n"
	"nUnU1JlhYhuej/VsHuY7l+rnpehoVFoXktxoIAAAAEc3NoOgAAAANnaXQAAAAAAAAABnNo\n"
	"YTUxMgAAAGcAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC5jb20AAABAMQhw0T+Pos3IpL\n"
	"hLARHkRxy3T82ZHzUR+MHMSANxxpg8c9LUd+7MVq05ubIphb7GAnk8q/eDZYVw5o5fP9r9\n"
	"DgAAAAAH\n"
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

static const struct {
	const char *armor, *type, *fingerprint;
} all[] = {
	{by_ed25519, "ssh-ed25519", "SHA256:CNu7Uv2SF/RQum0tIqsYwHPsXUogBSc3uoEWnGDnbN4"},
	{by_rsa, "ssh-rsa", "SHA256:UOi24NH7yoWyMuWb4zZtw+QJBTxvtyqm/wuP+IlWSYc"},
	{by_ecdsa_256, "ecdsa-sha2-nistp256", "SHA256:8fVemwABSHx3JRea9oK0f3hH5cvHUOkVMTtlYEpIq7M"},
	{by_ecdsa_384, "ecdsa-sha2-nistp384", "SHA256:PCqF0/uP4bOaiiJUgn+HAKvdqA2ZcVIsX8s9f4Sdpvs"},
	{by_ecdsa_521, "ecdsa-sha2-nistp521", "SHA256:/7qsnXMDz5B/G0o7KbX/gVTXTVwMGyylCi0SETiZMnY"},
	{by_fido_ed25519, "sk-ssh-ed25519@openssh.com",
		"SHA256:sUnqMU3mR/fLuOLpICpsDuq2cLrAcaZ8pxSUk4q378s"},
	{by_fido_ecdsa, "sk-ecdsa-sha2-nistp256@openssh.com",
		"SHA256:1YbLtxIPTtSblMB45/R4lJSkpeN59qknqYczxf9SUek"},
};

enum { ALL = sizeof all / sizeof *all };

static void what_openssh_signed_is_verified(void **state)
{
	struct ctx *c = *state;
	struct sshsig_signer signer;
	for (size_t i = 0; i < ALL; i++) {
		assert_ok(c, verify(c, all[i].armor, message, &signer));
		assert_str(signer.type, all[i].type);
		assert_str(signer.fingerprint, all[i].fingerprint);
	}
	assert_ok(c, verify(c, by_ed25519, message, &signer));
	assert_str(
		signer.key, "AAAAC3NzaC1lZDI1NTE5AAAAIIH9QWIlIO0Xn8cM4oVmIJEeGoxCOEs2kNODJOXf0atR");
}

static void another_message_or_purpose_is_refused(void **state)
{
	struct ctx *c = *state;
	struct sshsig_signer signer;
	for (size_t i = 0; i < ALL; i++) {
		assert_err(c, verify(c, all[i].armor, "other", &signer), ERR_INVALID);
		assert_err(c,
			sshsig_verify(
				c, str_of(all[i].armor), STR("file"), str_of(message), &signer),
			ERR_INVALID);
	}
	assert_err(c, verify(c, for_files, message, &signer), ERR_INVALID);
}

static void a_fido_key_must_have_been_touched(void **state)
{
	struct ctx *c = *state;
	struct sshsig_signer signer;
	assert_err(c, verify(c, by_untouched, message, &signer), ERR_INVALID);
	assert_non_null(strstr(c->error.text, "not touched"));
}

/* `armor` with `with` for the first `what` in its bytes, both of the same length. */
static const char *changed(struct ctx *c, const char *armor, struct str what, struct str with)
{
	struct buf text = {.arena = c->arena}, to = {.arena = c->arena};
	struct str rest = str_of(armor), line;
	str_line(&rest, &line);
	while (str_line(&rest, &line) && !str_starts(line, STR("-----")))
		buf_str(&text, line);
	char *bytes = arena_raw(c->arena, text.len);
	size_t len = 0;
	assert_true(base64_decode(buf_view(&text), bytes, &len));
	size_t at = str_find_str(str_from(bytes, len), what);
	assert_true(at < len && what.len == with.len);
	memcpy(bytes + at, with.at, with.len);
	buf_fmt(&to, "%s\n%.*s\n-----END SSH SIGNATURE-----\n", SSHSIG_BEGIN,
		STR_FMT(base64_encode(c->arena, str_from(bytes, len))));
	return arena_strndup(c->arena, to.at, to.len);
}

static void keys_that_cannot_be_checked_are_named(void **state)
{
	struct ctx *c = *state;
	struct sshsig_signer signer;
	const char *armor = changed(c, by_ed25519, STR("ssh-ed25519"), STR("ssh-ed44819"));
	assert_err(c, verify(c, armor, message, &signer), ERR_UNSUPPORTED);
	assert_non_null(strstr(c->error.text, "ssh-ed44819"));
}

/* The key says of which kind it is; its curve, and its signature, must say the same. */
static void a_key_of_one_kind_has_no_signature_of_another(void **state)
{
	struct ctx *c = *state;
	struct sshsig_signer signer;
	const char *const all_changed[] = {
		changed(c, by_ecdsa_256, STR("\0\0\0\10nistp256"), STR("\0\0\0\10nistp384")),
		changed(c, by_ecdsa_256, STR("ecdsa-sha2-nistp256"), STR("ecdsa-sha2-nistp384")),
		changed(c, by_fido_ecdsa, STR("nistp256\0\0\0\101\4"), STR("nistp256\0\0\0\101\2")),
		changed(c, by_fido_ecdsa, STR("ssh:"), STR("web:")),
		changed(c, by_fido_ed25519, STR("\1\0\0\0\7"), STR("\1\0\0\0\6")),
		changed(c, by_fido_ed25519, STR("\1\0\0\0\7"), STR("\5\0\0\0\7")),
	};
	for (size_t i = 0; i < sizeof all_changed / sizeof *all_changed; i++)
		assert_err(c, verify(c, all_changed[i], message, &signer), ERR_INVALID);
}

/* A letter of base64 more or less somewhere: never verified, never a crash. */
static void no_changed_byte_is_overlooked(void **state)
{
	struct ctx *c = *state;
	for (size_t which = 0; which < ALL; which++) {
		size_t len = strlen(all[which].armor);
		for (size_t i = 0; i + 34 < len; i++) {
			struct sshsig_signer signer;
			struct arena_mark mark = arena_mark(c->arena);
			char *armor = arena_strdup(c->arena, all[which].armor);
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
	for (size_t which = 0; which < ALL; which++) {
		for (size_t len = 0; len + 1 < strlen(all[which].armor); len++) {
			enum err err = sshsig_verify(c, str_from(all[which].armor, len), STR("git"),
				str_of(message), &signer);
			assert_int_not_equal(err, OK);
			ctx_clear(c);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_openssh_signed_is_verified),
		UNIT_TEST(another_message_or_purpose_is_refused),
		UNIT_TEST(a_fido_key_must_have_been_touched),
		UNIT_TEST(a_key_of_one_kind_has_no_signature_of_another),
		UNIT_TEST(keys_that_cannot_be_checked_are_named),
		UNIT_TEST(no_changed_byte_is_overlooked),
		UNIT_TEST(every_cut_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
