#include "unit.h"

#include "base/json.h"
#include "os/log.h"

#include <fcntl.h>
#include <unistd.h>

static int pipe_fds[2];

static void log_to_pipe(enum log_level level)
{
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	log_init(level, pipe_fds[1]);
}

/* The lines written since, as one text. */
static struct str logged(struct ctx *c)
{
	char *text = arena_alloc(c->arena, 1 << 20);
	close(pipe_fds[1]);
	size_t len = 0;
	ssize_t got;
	while ((got = read(pipe_fds[0], text + len, (1 << 20) - len)) > 0)
		len += (size_t)got;
	close(pipe_fds[0]);
	return str_from(text, len);
}

static struct json *parse_line(struct ctx *c, struct str *rest)
{
	struct json *object;
	struct str line;
	assert_true(str_line(rest, &line));
	assert_ok(c, json_parse(c, line, &object));
	return object;
}

static void a_line_is_one_json_object_whatever_is_in_it(void **state)
{
	struct ctx *c = *state;
	log_to_pipe(LOG_LEVEL_INFO);
	struct log_line l;
	assert_true(log_begin(&l, LOG_LEVEL_WARN, "a \"message\"\n"));
	log_str(&l, "controls", STR("\x01\x1f\x7f\t\\"));
	log_str(&l, "zero", str_from("a\0b", 3));
	log_str(&l, "utf8", STR("\xc3\xa4"));
	log_str(&l, "latin1", STR("a\xe4z"));
	log_cstr(&l, "missing", NULL);
	log_int(&l, "number", INT64_MIN);
	log_end(&l);
	struct str rest = logged(c);
	const struct json *o = parse_line(c, &rest);
	assert_int_equal(rest.len, 0);
	assert_true(str_is(json_get(o, "level")->text, "warn"));
	assert_true(str_is(json_get(o, "message")->text, "a \"message\"\n"));
	assert_true(str_is(json_get(o, "controls")->text, "\x01\x1f\x7f\t\\"));
	assert_true(str_eq(json_get(o, "zero")->text, str_from("a\0b", 3)));
	assert_true(str_is(json_get(o, "utf8")->text, "\xc3\xa4"));
	assert_true(str_is(json_get(o, "latin1")->text, "a?z"));
	assert_null(json_get(o, "missing"));
	assert_true(json_get(o, "number")->integer == INT64_MIN);
	assert_int_equal(json_get(o, "time")->text.len, strlen("2026-11-23T16:14:30.040255Z"));
}

static void a_line_that_is_too_long_is_cut_and_still_json(void **state)
{
	struct ctx *c = *state;
	log_to_pipe(LOG_LEVEL_INFO);
	char big[3000];
	memset(big, 1, sizeof big);
	big[1023] = '\xc3', big[1024] = '\xa4';
	struct log_line l;
	assert_true(log_begin(&l, LOG_LEVEL_INFO, "long"));
	log_str(&l, "big", str_from(big + 1000, 1000));
	memset(big, 'a', sizeof big);
	for (int i = 0; i < 6; i++)
		log_str(&l, "value", str_from(big, 900));
	log_end(&l);
	struct str rest = logged(c);
	assert_true(rest.len <= 4096);
	assert_true(str_ends(rest, STR("\"cut\":true}\n")));
}

static void a_level_below_is_not_written(void **state)
{
	struct ctx *c = *state;
	log_to_pipe(LOG_LEVEL_WARN);
	log_text(LOG_LEVEL_INFO, "no %d", 1);
	log_text(LOG_LEVEL_ERROR, "yes %d", 2);
	struct str rest = logged(c);
	const struct json *o = parse_line(c, &rest);
	assert_true(str_is(json_get(o, "message")->text, "yes 2"));
	assert_int_equal(rest.len, 0);
}

static void a_reader_that_does_not_read_costs_lines_and_not_time(void **state)
{
	struct ctx *c = *state;
	log_to_pipe(LOG_LEVEL_INFO);
	char text[1000];
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = 0;
	int64_t before = c->world->monotonic();
	for (int i = 0; i < 500; i++)
		log_text(LOG_LEVEL_INFO, "%s", text);
	/* To wait for the reader at each of them would take fifty seconds. */
	assert_true(c->world->monotonic() - before < 20000000);
	static char drained[1 << 20];
	assert_true(read(pipe_fds[0], drained, sizeof drained) > 0);
	log_text(LOG_LEVEL_INFO, "after");
	struct str rest = logged(c);
	size_t at = str_find_str(rest, STR("log lines were lost"));
	assert_true(at < rest.len);
	assert_true(str_find_str(str_from_index(rest, at), STR("\"after\"")) < rest.len - at);
}

static void levels_have_names(void **state)
{
	(void)state;
	enum log_level level;
	assert_true(log_level_parse(STR("debug"), &level));
	assert_int_equal(level, LOG_LEVEL_DEBUG);
	assert_true(log_level_parse(STR("off"), &level));
	assert_int_equal(level, LOG_LEVEL_OFF);
	assert_false(log_level_parse(STR("loud"), &level));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_line_is_one_json_object_whatever_is_in_it),
		UNIT_TEST(a_line_that_is_too_long_is_cut_and_still_json),
		UNIT_TEST(a_level_below_is_not_written),
		UNIT_TEST(a_reader_that_does_not_read_costs_lines_and_not_time),
		UNIT_TEST(levels_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
