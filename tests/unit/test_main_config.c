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
		UNIT_TEST(a_secret_is_never_printed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
