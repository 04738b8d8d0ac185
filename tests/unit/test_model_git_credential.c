#include "model/git_credential.h"

#include "unit.h"

static struct git_credential read(struct ctx *c, const char *text)
{
	struct git_credential out;
	assert_ok(c, git_credential_read(c, str_of(text), &out));
	return out;
}

static void lines_are_read_up_to_an_empty_one(void **state)
{
	struct git_credential q = read(*state,
		"capability[]=authtype\ncapability[]=state\nprotocol=https\nhost=example.org:8443\n"
		"username=a=b\npassword=\nwwwauth[]=Basic realm=x\npath=x.git\n\nhost=other\n");
	assert_str(q.protocol, "https");
	assert_str(q.host, "example.org:8443");
	assert_str(q.username, "a=b");
	assert_int_equal(q.secret.len, 0);
	assert_true(q.takes_authtype);
	assert_false(read(*state, "capability[]=authtype\ncapability[]=\n").takes_authtype);
	assert_str(read(*state, "authtype=Bearer\ncredential=x").secret, "x");
	assert_int_equal(read(*state, "").host.len, 0);
}

static void what_is_no_credential_is_refused(void **state)
{
	struct ctx *c = *state;
	struct git_credential out;
	struct str big =
		str_from(arena_alloc(c->arena, GIT_CREDENTIAL_MAX + 1), GIT_CREDENTIAL_MAX + 1);
	assert_err(c, git_credential_read(c, STR("host\n"), &out), ERR_INVALID);
	assert_err(c, git_credential_read(c, str_from("host=a\0b\n", 9), &out), ERR_INVALID);
	assert_err(c, git_credential_read(c, big, &out), ERR_INVALID);
}

static void a_secret_goes_by_https_or_stays_on_this_machine(void **state)
{
	static const struct {
		const char *url, *origin;
	} urls[] = {
		{"https://Git.Example.org", "https://git.example.org"},
		{"https://git.example.org:443/x/y", "https://git.example.org"},
		{"https://git.example.org:8443/", "https://git.example.org:8443"},
		{"http://127.0.0.1:8080/a", "http://127.0.0.1:8080"},
		{"HTTP://localhost:80", "http://localhost"},
		{"http://[::1]:8080", "http://[::1]:8080"},
		{"http://git.example.org", NULL},
		{"http://127.0.0.1.example.org", NULL},
		{"http://localhostx", NULL},
		{"ssh://git.example.org", NULL},
		{"https://", NULL},
		{"https://a@b", NULL},
		{"https://a:443:443", NULL},
		{"https://:443", NULL},
		{"https://a:0", NULL},
		{"https://a:", NULL},
		{"https://[::1", NULL},
		{"https://[::1]x", NULL},
		{"https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"},
		{"https://a b", NULL},
		{"git.example.org", NULL},
	};
	struct ctx *c = *state;
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		struct str origin;
		bool ok = url_origin(c->arena, str_of(urls[i].url), &origin);
		assert_int_equal(ok, urls[i].origin != NULL);
		if (ok)
			assert_str(origin, urls[i].origin);
	}
	struct str origin;
	struct git_credential q = read(c, "protocol=https\nhost=Example.org\n");
	assert_true(git_credential_origin(c->arena, &q, &origin));
	assert_str(origin, "https://example.org");
	q = read(c, "protocol=https\n");
	assert_false(git_credential_origin(c->arena, &q, &origin));
}

static void an_older_git_is_told_a_password_and_a_newer_one_a_bearer(void **state)
{
	struct ctx *c = *state;
	struct buf old = {.arena = c->arena}, new = {.arena = c->arena};
	const struct git_credential_answer answer = {STR("ada"), STR("x.y.z"), 17};
	git_credential_write(&old, &(struct git_credential){0}, &answer);
	assert_str(buf_view(&old), "username=ada\npassword=x.y.z\npassword_expiry_utc=17\n");
	git_credential_write(&new, &(struct git_credential){.takes_authtype = true}, &answer);
	assert_str(buf_view(&new), "capability[]=authtype\nauthtype=Bearer\ncredential=x.y.z\n"
				   "ephemeral=1\npassword_expiry_utc=17\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(lines_are_read_up_to_an_empty_one),
		UNIT_TEST(what_is_no_credential_is_refused),
		UNIT_TEST(a_secret_goes_by_https_or_stays_on_this_machine),
		UNIT_TEST(an_older_git_is_told_a_password_and_a_newer_one_a_bearer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
