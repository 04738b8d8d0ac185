#include "main/command.h"

#include <stdio.h>

/* One word of a usage text, such as "--visibility" of "[--visibility WORD]". */
struct usage_word {
	struct str name;
	struct str takes; /* an option's value; empty for a flag */
	bool optional;
};

static bool is_option(struct str word)
{
	return word.len > 2 && str_starts(word, STR("--"));
}

static bool usage_next(struct str *rest, struct usage_word *out)
{
	*out = (struct usage_word){0};
	struct str word = str_cut(rest, ' ');
	if (!word.len)
		return false;
	out->optional = str_skip(&word, STR("["));
	bool closed = !out->optional || str_skip_end(&word, STR("]"));
	out->name = word;
	if (is_option(word) && !out->optional) {
		out->takes = word;
		out->name = str_cut(&out->takes, '=');
	} else if (is_option(word) && !closed) {
		out->takes = str_cut(rest, ' ');
		(void)str_skip_end(&out->takes, STR("]"));
	}
	return true;
}

static bool find_option(const struct command *command, struct str name, struct usage_word *out)
{
	struct str rest = str_of(command->usage);
	while (usage_next(&rest, out))
		if (is_option(out->name) && str_eq(out->name, name))
			return true;
	return false;
}

/* The next argument that is no option. */
static bool next_positional(struct str *rest, struct usage_word *out)
{
	while (usage_next(rest, out))
		if (!is_option(out->name))
			return true;
	return false;
}

static enum err give(struct ctx *c, struct run *run, struct str name, const char *value)
{
	for (size_t i = 0; i < run->given_count; i++)
		if (str_eq(run->given[i].name, name))
			return fail(c, ERR_INVALID, "%.*s is given twice", STR_FMT(name));
	ASSERT(run->given_count < ARGUMENTS_MAX);
	run->given[run->given_count++] = (struct argument){name, value};
	return OK;
}

static enum err read_option(
	struct ctx *c, const struct command *command, char *const **words, struct run *run)
{
	struct str value = str_of(**words);
	struct str name = str_cut(&value, '=');
	bool inlined = name.len < strlen(**words);
	struct usage_word option;
	if (!find_option(command, name, &option))
		return fail(c, ERR_INVALID, "there is no option %.*s", STR_FMT(name));
	if (!option.takes.len && inlined)
		return fail(c, ERR_INVALID, "%.*s takes no value", STR_FMT(name));
	const char *text = "";
	if (option.takes.len && inlined)
		text = value.at;
	else if (option.takes.len && !(text = *++*words))
		return fail(c, ERR_INVALID, "%.*s needs a value: %.*s", STR_FMT(name),
			STR_FMT(option.takes));
	return give(c, run, option.name, text);
}

enum err command_read(
	struct ctx *c, const struct command *command, char *const *words, struct run *run)
{
	struct str usage = str_of(command->usage);
	struct usage_word expected;
	bool options = true;
	for (; *words; words++) {
		struct str word = str_of(*words);
		if (options && str_is(word, "--")) {
			options = false;
			continue;
		}
		if (options && word.len > 1 && word.at[0] == '-') {
			TRY(read_option(c, command, &words, run));
			continue;
		}
		if (!next_positional(&usage, &expected))
			return fail(c, ERR_INVALID, "\"%s\" is one word too many", *words);
		TRY(give(c, run, expected.name, *words));
	}
	while (next_positional(&usage, &expected))
		if (!expected.optional)
			return fail(c, ERR_INVALID, "%.*s is missing", STR_FMT(expected.name));
	return OK;
}

const char *run_argument(const struct run *run, const char *name)
{
	for (size_t i = 0; i < run->given_count; i++)
		if (str_is(run->given[i].name, name))
			return run->given[i].value;
	return NULL;
}

void command_help(const struct command *command, const char *prefix, struct buf *out)
{
	buf_fmt(out, "usage: %s%s%s%s\n\n%s.\n", prefix, command->name, *command->usage ? " " : "",
		command->usage, command->about);
	if (*command->more)
		buf_fmt(out, "\n%s\n", command->more);
}

void command_list(const struct command *commands, size_t count, struct buf *out)
{
	enum { COLUMN = 20 };
	for (size_t i = 0; i < count; i++) {
		buf_fmt(out, "  %s", commands[i].name);
		for (size_t at = strlen(commands[i].name); at < COLUMN; at++)
			buf_byte(out, ' ');
		buf_fmt(out, "%s\n", commands[i].about);
	}
}

const struct command *command_find(
	const struct command *commands, size_t count, char *const *words, size_t *taken)
{
	for (size_t i = 0; i < count; i++) {
		struct str rest = str_of(commands[i].name);
		size_t at = 0;
		while (rest.len && words[at] && str_is(str_cut(&rest, ' '), words[at]))
			at++;
		size_t wanted = 1;
		for (const char *p = commands[i].name; *p; p++)
			wanted += *p == ' ';
		if (at == wanted) {
			*taken = at;
			return &commands[i];
		}
	}
	return NULL;
}

void print(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
}

enum err run_config_read(struct ctx *c, struct run *run)
{
	struct buf problems = {.arena = c->arena};
	enum err e = config_read(c, run->environment, &run->config, &problems);
	if (e)
		fwrite(problems.at, 1, problems.len, stderr);
	return e;
}

int command_failed(const struct ctx *c, const char *prefix)
{
	fflush(stdout);
	fprintf(stderr, "%s: %s\n", prefix, c->error.text);
	return err_exit_code(c->error.kind);
}
