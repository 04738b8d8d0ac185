#include "main/command.h"

#include "unit.h"

static const struct command deploy = {
	"deploy", "PLACE [COLOUR] [--force] [--name TEXT]", NULL, "Deploys", ""};
static const struct command sure = {"sure", "REPO --yes", NULL, "Is sure", ""};

#define WORDS(...) ((char *const[]){__VA_ARGS__, NULL})
#define W(word) ((char *)(uintptr_t)(word))

static void words_and_options_come_in_any_order(void **state)
{
	struct ctx *c = *state;
	struct run run = {0};
	assert_ok(
		c, command_read(c, &deploy,
			   WORDS(W("--name"), W("x y"), W("here"), W("--force"), W("red")), &run));
	assert_string_equal(run_argument(&run, "PLACE"), "here");
	assert_string_equal(run_argument(&run, "COLOUR"), "red");
	assert_string_equal(run_argument(&run, "--name"), "x y");
	assert_string_equal(run_argument(&run, "--force"), "");
}

static void what_is_not_given_is_null(void **state)
{
	struct ctx *c = *state;
	struct run run = {0};
	assert_ok(c, command_read(c, &deploy, WORDS(W("here"), W("--name=a=b")), &run));
	assert_null(run_argument(&run, "COLOUR"));
	assert_null(run_argument(&run, "--force"));
	assert_string_equal(run_argument(&run, "--name"), "a=b");
}

static void two_dashes_end_the_options(void **state)
{
	struct ctx *c = *state;
	struct run run = {0};
	assert_ok(c, command_read(c, &deploy, WORDS(W("--"), W("--force")), &run));
	assert_string_equal(run_argument(&run, "PLACE"), "--force");
	assert_null(run_argument(&run, "--force"));
}

static void refuses(
	struct ctx *c, const struct command *command, char *const *words, const char *why)
{
	struct run run = {0};
	assert_err(c, command_read(c, command, words, &run), ERR_INVALID);
	assert_string_equal(c->error.text, why);
}

static void mistakes_are_named(void **state)
{
	struct ctx *c = *state;
	refuses(c, &deploy, (char *const[]){NULL}, "PLACE is missing");
	refuses(c, &deploy, WORDS(W("a"), W("b"), W("c")), "\"c\" is one word too many");
	refuses(c, &deploy, WORDS(W("a"), W("--fast")), "there is no option --fast");
	refuses(c, &deploy, WORDS(W("a"), W("-f")), "there is no option -f");
	refuses(c, &deploy, WORDS(W("a"), W("--name")), "--name needs a value: TEXT");
	refuses(c, &deploy, WORDS(W("a"), W("--force=1")), "--force takes no value");
	refuses(c, &deploy, WORDS(W("a"), W("--force"), W("--force")), "--force is given twice");
}

static void an_option_that_must_be_given_may_be_left_to_the_command(void **state)
{
	struct ctx *c = *state;
	struct run run = {0};
	assert_ok(c, command_read(c, &sure, WORDS(W("a"), W("--yes")), &run));
	assert_string_equal(run_argument(&run, "--yes"), "");
}

static void the_longest_name_of_two_words_is_found(void **state)
{
	(void)state;
	static const struct command commands[] = {
		{"user add", "", NULL, "", ""}, {"user", "", NULL, "", ""}};
	size_t taken = 0;
	assert_ptr_equal(command_find(commands, 2, WORDS(W("user"), W("add"), W("x")), &taken),
		&commands[0]);
	assert_int_equal(taken, 2);
	assert_ptr_equal(command_find(commands, 2, WORDS(W("user"), W("x")), &taken), &commands[1]);
	assert_int_equal(taken, 1);
	assert_null(command_find(commands, 1, WORDS(W("user")), &taken));
	assert_null(command_find(commands, 2, (char *const[]){NULL}, &taken));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(words_and_options_come_in_any_order),
		UNIT_TEST(what_is_not_given_is_null),
		UNIT_TEST(two_dashes_end_the_options),
		UNIT_TEST(mistakes_are_named),
		UNIT_TEST(an_option_that_must_be_given_may_be_left_to_the_command),
		UNIT_TEST(the_longest_name_of_two_words_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
