/*
 * The command line as data: a command's usage text is also the grammar by which it is read.
 *
 *	"REPO [--visibility WORD] [--force]"	REPO must be given; the options may be
 *	"REPO --yes --to=PLACE"			so must these, for which the command looks itself
 *
 * "--name=value" and "--name value" are the same; "--" ends the options.
 */
#ifndef MAIN_COMMAND_H
#define MAIN_COMMAND_H

#include "base/buf.h"
#include "base/ctx.h"
#include "main/config.h"

enum { ARGUMENTS_MAX = 12 };

struct argument {
	struct str name; /* "REPO" or "--force" */
	const char *value;
};

/* What a command runs with. */
struct run {
	char *const *environment;
	struct config config;
	struct argument given[ARGUMENTS_MAX];
	size_t given_count;
};

typedef enum err command_run(struct ctx *c, struct run *run) MUST;

struct command {
	const char *name;  /* "serve", "user add" */
	const char *usage; /* what follows the name */
	command_run *run;
	const char *about; /* one line */
	const char *more;  /* for --help: what else there is to know */
};

/* Fills run->given from the words after the name. ERR_INVALID says what is wrong with them. */
enum err command_read(
	struct ctx *c, const struct command *command, char *const *words, struct run *run) MUST;

/* The value of "REPO" or "--visibility"; "" for a flag that was given; NULL: not given. */
const char *run_argument(const struct run *run, const char *name);

/* The whole --help of one command; `prefix` is "nimbus " or "nimbus admin ". */
void command_help(const struct command *command, const char *prefix, struct buf *out);
/* A line for each. */
void command_list(const struct command *commands, size_t count, struct buf *out);

/* The command whose name is the first words of `words`; *taken: how many. NULL: none. */
const struct command *command_find(
	const struct command *commands, size_t count, char *const *words, size_t *taken);

/* Prints to standard output. */
void print(const char *format, ...) PRINTF_LIKE(1, 2);

/* Those of `nimbus admin`, for whoever lists them. */
const struct command *admin_commands(size_t *count);
/* `nimbus admin …` with the words after it: finds the command, opens the instance, runs it. */
int admin_main(struct ctx *c, char *const *words, struct run *run);

/* Reads the environment; tells all that is wrong with it on standard error. */
enum err run_config_read(struct ctx *c, struct run *run) MUST;

/* Tells a person what went wrong; gives the exit code. */
int command_failed(const struct ctx *c, const char *prefix);

#endif
