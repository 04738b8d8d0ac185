#include "main/config.h"

#include "unit.h"

#include <stdio.h>
#include <unistd.h>

static enum err read_env(
	struct ctx *c, char **environment, struct config *out, struct str *problems)
{
	struct buf text = {.arena = c->arena};
	enum err e = config_read(c, environment, out, &text);
	*problems = buf_view(&text);
	return e;
}

static bool holds(struct str text, const char *part)
{
	return str_find_str(text, str_of(part)) < text.len;
}

/* The one variable makes reading fail, and `said` is in what is told about it. */
static void refuses(struct ctx *c, const char *variable, const char *said)
{
	struct config config;
	struct str problems;
	char *environment[] = {arena_strdup(c->arena, variable), NULL};
	assert_err(c, read_env(c, environment, &config, &problems), ERR_INVALID);
	if (!holds(problems, said))
		fail_msg("\"%.*s\" does not say \"%s\"", STR_FMT(problems), said);
}

static void an_empty_environment_gives_the_defaults(void **state)
{
	struct ctx *c = *state;
	struct config config;
	struct str problems;
	char *environment[] = {NULL};
	assert_ok(c, read_env(c, environment, &config, &problems));
	assert_string_equal(config.listen, "127.0.0.1:8080");
	assert_string_equal(config.owner, "owner");
	assert_string_equal(config.owner_password, "");
	assert_int_equal(config.pack_inline_max, 256 << 10);
	assert_int_equal(config.idle_timeout, 60000);
}

static void sizes_and_times_have_units(void **state)
{
	struct ctx *c = *state;
	struct config config;
	struct str problems;
	char *environment[] = {(char[]){"NIMBUS_PACK_MAX=3g"}, (char[]){"NIMBUS_BODY_MAX=64K"},
		(char[]){"NIMBUS_IDLE_TIMEOUT=250ms"}, (char[]){"NIMBUS_REQUEST_TIMEOUT=2m"},
		(char[]){"NIMBUS_SESSION_LIFETIME=7d"}, (char[]){"NIMBUS_WORKERS=12"}, NULL};
	assert_ok(c, read_env(c, environment, &config, &problems));
	assert_int_equal(config.pack_max, 3LL << 30);
	assert_int_equal(config.body_max, 64 << 10);
	assert_int_equal(config.idle_timeout, 250);
	assert_int_equal(config.request_timeout, 120000);
	assert_int_equal(config.session_lifetime, 7LL * 86400000);
	assert_int_equal(config.workers, 12);
}

static void a_bad_value_is_named_with_what_it_may_be(void **state)
{
	struct ctx *c = *state;
	refuses(c, "NIMBUS_WORKERS=many",
		"NIMBUS_WORKERS=many is not a whole number from 0 to 1024");
	refuses(c, "NIMBUS_WORKERS=1025", "from 0 to 1024");
	refuses(c, "NIMBUS_WORKERS=-1", "NIMBUS_WORKERS=-1");
	refuses(c, "NIMBUS_WORKERS=1 ", "NIMBUS_WORKERS=1 ");
	refuses(c, "NIMBUS_PACK_MAX=1x", "a size such as");
	refuses(c, "NIMBUS_PACK_MAX=99999999999999999999", "a size such as");
	refuses(c, "NIMBUS_PACK_MAX=9223372036854775807g", "a size such as");
	refuses(c, "NIMBUS_IDLE_TIMEOUT=10", "a time such as");
	refuses(c, "NIMBUS_IDLE_TIMEOUT=0s", "from 100ms to 1d");
	refuses(c, "NIMBUS_LOG_LEVEL=loud", "one of debug|info|warn|error");
}

static void an_unknown_variable_is_told_with_the_nearest_one(void **state)
{
	struct ctx *c = *state;
	refuses(c, "NIMBUS_LISTN=:80",
		"NIMBUS_LISTN is not a setting; did you mean NIMBUS_LISTEN?");
	refuses(c, "NIMBUS_LISTEN_FILE=/x", "NIMBUS_LISTEN_FILE is not a setting");
	refuses(c, "NIMBUS_SOMETHING_ELSE_ALTOGETHER=1", "`nimbus config` lists them all");
}

static void other_peoples_variables_are_left_alone(void **state)
{
	struct ctx *c = *state;
	struct config config;
	struct str problems;
	char *environment[] = {(char[]){"NIMBUS=1"}, (char[]){"PATH=/bin"}, (char[]){"odd"}, NULL};
	assert_ok(c, read_env(c, environment, &config, &problems));
}

static void every_problem_is_told_at_once(void **state)
{
	struct ctx *c = *state;
	struct config config;
	struct str problems;
	char *environment[] = {(char[]){"NIMBUS_WORKERS=x"}, (char[]){"NIMBUS_LOG_LEVEL=y"}, NULL};
	assert_err(c, read_env(c, environment, &config, &problems), ERR_INVALID);
	assert_true(holds(problems, "NIMBUS_WORKERS=x"));
	assert_true(holds(problems, "NIMBUS_LOG_LEVEL=y"));
}

static void a_secret_can_be_a_file(void **state)
{
	struct ctx *c = *state;
	struct config config;
	struct str problems;
	char path[] = "/tmp/nimbus-secret-XXXXXX";
	int fd = mkstemp(path);
	assert_int_equal(write(fd, "from a file\n", 12), 12);
	close(fd);
	char *file = (char *)(uintptr_t)arena_fmt(c->arena, "NIMBUS_OWNER_PASSWORD_FILE=%s", path);
	assert_ok(c, read_env(c, (char *[]){file, NULL}, &config, &problems));
	assert_string_equal(config.owner_password, "from a file");

	char *both[] = {file, (char[]){"NIMBUS_OWNER_PASSWORD=too"}, NULL};
	assert_err(c, read_env(c, both, &config, &problems), ERR_INVALID);
	assert_true(holds(problems, "are both set"));

	assert_int_equal(truncate(path, 0), 0);
	assert_err(c, read_env(c, (char *[]){file, NULL}, &config, &problems), ERR_INVALID);
	assert_true(holds(problems, "holds no secret"));
	unlink(path);
	refuses(c, "NIMBUS_OWNER_PASSWORD_FILE=/does/not/exist", "cannot be read");
}

static void a_secret_has_an_origin(void **state)
{
	struct ctx *c = *state;
	struct config config;
	struct str problems;
	char path[] = "/tmp/nimbus-secret-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "hush\n", 5), 5);
	close(fd);
	char *environment[] = {(char[]){"NIMBUS_DB=postgres://x"},
		(char[]){"NIMBUS_DB_PASSWORD=vault:secret/data/nimbus#db"},
		(char[]){"NIMBUS_OIDC=corp,gh2"},
		(char[]){"NIMBUS_OIDC_CORP_CLIENT_SECRET=vault:secret/data/nimbus#corp"},
		(char *)(uintptr_t)arena_fmt(
			c->arena, "NIMBUS_OIDC_GH2_CLIENT_SECRET_FILE=%s", path),
		NULL};
	assert_ok(c, read_env(c, environment, &config, &problems));
	unlink(path);
	assert_int_equal(config.db_from.from, CONFIG_FROM_TEXT);
	assert_string_equal(config.db_from.reference, "postgres://x");
	assert_int_equal(config.db_user_from.from, CONFIG_FROM_TEXT);
	assert_string_equal(config.db_user_from.reference, "");
	assert_int_equal(config.db_password_from.from, CONFIG_FROM_VAULT);
	assert_string_equal(config.db_password_from.reference, "secret/data/nimbus#db");
	assert_int_equal(config.oidc[0].client_secret_from.from, CONFIG_FROM_VAULT);
	assert_string_equal(config.oidc[0].client_secret_from.reference, "secret/data/nimbus#corp");
	assert_int_equal(config.oidc[1].client_secret_from.from, CONFIG_FROM_FILE);
	assert_string_equal(config.oidc[1].client_secret_from.reference, path);
	assert_string_equal(config.oidc[1].client_secret, "hush");
}

static void a_secret_is_never_printed(void **state)
{
	struct ctx *c = *state;
	struct config config;
	struct str problems;
	struct buf out = {.arena = c->arena};
	char *environment[] = {
		(char[]){"NIMBUS_OWNER_PASSWORD=swordfish"}, (char[]){"NIMBUS_WORKERS=9"}, NULL};
	assert_ok(c, read_env(c, environment, &config, &problems));
	config_print(environment, &config, &out);
	assert_false(holds(buf_view(&out), "swordfish"));
	assert_true(holds(buf_view(&out), "NIMBUS_OWNER_PASSWORD=(hidden)  (environment)"));
	assert_true(holds(buf_view(&out), "NIMBUS_WORKERS=9  (environment)"));
	assert_true(holds(buf_view(&out), "NIMBUS_LISTEN=127.0.0.1:8080  (default)"));
}

static void names_have_settings_of_their_own(void **state)
{
	struct ctx *c = *state;
	struct config config;
	struct str problems;
	struct buf out = {.arena = c->arena};
	char *environment[] = {(char[]){"NIMBUS_OIDC=corp, gh2"},
		(char[]){"NIMBUS_OIDC_CORP_ISSUER=https://id.example.org"},
		(char[]){"NIMBUS_OIDC_GH2_CLIENT_SECRET=swordfish"},
		(char[]){"NIMBUS_OIDC_GH2_SCOPES=openid"}, NULL};
	assert_ok(c, read_env(c, environment, &config, &problems));
	assert_int_equal(config.oidc_count, 2);
	assert_string_equal(config.oidc[0].name.text, "corp");
	assert_string_equal(config.oidc[0].name.prefix, "NIMBUS_OIDC_CORP");
	assert_string_equal(config.oidc[0].issuer, "https://id.example.org");
	assert_string_equal(config.oidc[0].scopes, "openid profile email");
	assert_string_equal(config.oidc[1].name.text, "gh2");
	assert_string_equal(config.oidc[1].client_secret, "swordfish");
	assert_string_equal(config.oidc[1].scopes, "openid");
	assert_string_equal(config.oidc[1].issuer, "");
	config_print(environment, &config, &out);
	assert_true(holds(buf_view(&out), "NIMBUS_OIDC=corp,gh2  (environment)"));
	assert_true(holds(
		buf_view(&out), "NIMBUS_OIDC_CORP_ISSUER=https://id.example.org  (environment)"));
	assert_true(holds(buf_view(&out), "NIMBUS_OIDC_GH2_CLIENT_SECRET=(hidden)  (environment)"));
	assert_true(holds(buf_view(&out), "NIMBUS_OIDC_GH2_GROUPS_CLAIM=groups  (default)"));
	assert_false(holds(buf_view(&out), "<NAME>_ISSUER"));
	assert_false(holds(buf_view(&out), "swordfish"));
}

static void without_names_their_settings_are_still_listed(void **state)
{
	struct ctx *c = *state;
	struct config config;
	struct str problems;
	struct buf out = {.arena = c->arena};
	char *environment[] = {NULL};
	assert_ok(c, read_env(c, environment, &config, &problems));
	assert_int_equal(config.oidc_count, 0);
	config_print(environment, &config, &out);
	assert_true(holds(buf_view(&out), "NIMBUS_OIDC_<NAME>_GROUPS_CLAIM=groups  (default)"));
}

static void names_that_are_none_are_told(void **state)
{
	struct ctx *c = *state;
	static const char *const bad[] = {"Corp", "a_b", "a-b", "1a", "a,,b", ",",
		"abcdefghijklmnopqrstuvwxyzabcdefg", "\xc3\xa4"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		refuses(c, arena_fmt(c->arena, "NIMBUS_OIDC=%s", bad[i]),
			"is no name of small letters and digits");
	refuses(c, "NIMBUS_OIDC=a,b,a", "NIMBUS_OIDC=a,b,a has a twice");
	refuses(c,
		"NIMBUS_OIDC=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,aa,bb,cc,dd,ee,ff,"
		"gg",
		"NIMBUS_OIDC has more than 32 names");
}

static void settings_of_unknown_names_are_told(void **state)
{
	struct ctx *c = *state;
	struct config config;
	struct str problems;
	refuses(c, "NIMBUS_OIDC_CROP_ISSUER=https://x",
		"NIMBUS_OIDC_CROP_ISSUER is set, but NIMBUS_OIDC does not name \"crop\"");
	refuses(c, "NIMBUS_OIDC_CROP_CLIENT_SECRET_FILE=/x", "does not name \"crop\"");
	refuses(c, "NIMBUS_OIDC_CROP_ISSUER_FILE=/x", "is not a setting");
	refuses(c, "NIMBUS_OIDC_CROP_COLOUR=red", "is not a setting");
	char *environment[] = {
		(char[]){"NIMBUS_OIDC=corp"}, (char[]){"NIMBUS_OIDC_CORP_ISUER=https://x"}, NULL};
	assert_err(c, read_env(c, environment, &config, &problems), ERR_INVALID);
	assert_true(holds(problems,
		"NIMBUS_OIDC_CORP_ISUER is not a setting; did you mean NIMBUS_OIDC_CORP_ISSUER?"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(an_empty_environment_gives_the_defaults),
		UNIT_TEST(sizes_and_times_have_units),
		UNIT_TEST(a_bad_value_is_named_with_what_it_may_be),
		UNIT_TEST(an_unknown_variable_is_told_with_the_nearest_one),
		UNIT_TEST(other_peoples_variables_are_left_alone),
		UNIT_TEST(every_problem_is_told_at_once),
		UNIT_TEST(a_secret_can_be_a_file),
		UNIT_TEST(a_secret_has_an_origin),
		UNIT_TEST(a_secret_is_never_printed),
		UNIT_TEST(names_have_settings_of_their_own),
		UNIT_TEST(without_names_their_settings_are_still_listed),
		UNIT_TEST(names_that_are_none_are_told),
		UNIT_TEST(settings_of_unknown_names_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
