#include "main/admin.h"

#include "base/date.h"
#include "base/hex.h"
#include "core/audit.h"
#include "main/config_table.h"
#include "main/secrets.h"
#include "meta/user.h"
#include "os/log.h"

#include <stdio.h>
#include <unistd.h>

/* The table twice: once for the command line, once for what to run. */
static const struct command commands[] = {
#define COMMAND(name, usage, function, about, more) {name, usage, NULL, about, more},
#include "main/admin.def"
#undef COMMAND
};

static admin_command *const functions[] = {
#define COMMAND(name, usage, function, about, more) function,
#include "main/admin.def"
#undef COMMAND
};

static const bool bare[] = {
#define COMMAND(name, usage, function, about, more) false,
#define BARE(name, usage, function, about, more) true,
#include "main/admin.def"
#undef BARE
#undef COMMAND
};

enum { COMMANDS = sizeof commands / sizeof *commands };

const struct command *admin_commands(size_t *count)
{
	*count = COMMANDS;
	return commands;
}

struct str admin_argument(const struct admin *admin, const char *name)
{
	const char *value = run_argument(admin->run, name);
	return value ? str_of(value) : STR("");
}

bool admin_flag(const struct admin *admin, const char *name)
{
	return run_argument(admin->run, name) != NULL;
}

enum err admin_seconds(struct ctx *c, const struct admin *admin, const char *option,
	int64_t fallback, int64_t *out)
{
	int64_t millis = fallback * 1000;
	struct str text = admin_argument(admin, option);
	if (text.len && (!config_number(CONFIG_TIME, text, &millis) || millis < 1000))
		return fail(c, ERR_INVALID, "%s %.*s is not a time such as 30m, 12h or 30d", option,
			STR_FMT(text));
	*out = millis / 1000;
	return OK;
}

enum err admin_actor(struct ctx *c, struct admin *admin, struct str username, struct actor *out)
{
	DB_TX *tx = NULL;
	struct user user;
	TRY(db_begin(c, admin->core.db, DB_READ, &tx));
	enum err e = meta_user_get_by_name(c, tx, username, &user);
	if (e == ERR_NOT_FOUND)
		return fail(c, e, "there is no user %.*s", STR_FMT(username));
	TRY(e);
	*out = meta_user_actor(&user);
	out->via = STR("command line");
	return OK;
}

enum err admin_password(struct ctx *c, const struct admin *admin, struct str *out, bool *made)
{
	*made = !admin_flag(admin, "--password-stdin");
	if (*made) {
		unsigned char bytes[15];
		c->world->random(bytes, sizeof bytes);
		*out = base64url_encode(c->arena, str_from(bytes, sizeof bytes));
		return OK;
	}
	char *line = arena_alloc(c->arena, PASSWORD_MAX + 2);
	if (!fgets(line, PASSWORD_MAX + 2, stdin))
		return fail(c, ERR_INVALID, "there is no password on standard input");
	*out = str_of(line);
	(void)str_skip_end(out, STR("\n"));
	return OK;
}

const char *admin_time(struct ctx *c, int64_t seconds)
{
	if (!seconds)
		return "never";
	char text[24];
	date_rfc3339(seconds, text);
	return arena_fmt(c->arena, "%.10s %.5s", text, text + 11);
}

const char *admin_count(struct ctx *c, uint64_t count, const char *one, const char *many)
{
	return arena_fmt(c->arena, "%llu %s", (unsigned long long)count, count == 1 ? one : many);
}

static int usage(const char *why)
{
	struct buf out;
	struct arena arena;
	arena_init(&arena);
	out = (struct buf){.arena = &arena};
	if (why)
		buf_fmt(&out, "nimbus admin: %s\n\n", why);
	buf_cstr(&out, "usage: nimbus admin COMMAND [ARGUMENTS]\n\n"
		       "Looks after the instance in NIMBUS_DATA, also while its server runs.\n\n");
	command_list(commands, COMMANDS, &out);
	buf_cstr(&out, "\n`nimbus admin COMMAND --help` tells more.\n");
	fwrite(out.at, 1, out.len, why ? stderr : stdout);
	arena_done(&arena);
	return why ? 2 : 0;
}

static enum err open_and_run(struct ctx *c, struct admin *admin, size_t which)
{
	admin_command *function = functions[which];
	TRY(run_config_read(c, admin->run));
	TRY(secrets_open(c, &admin->run->config));
	if (bare[which])
		return function(c, admin);
	TRY(drivers_open(c, &admin->run->config, false, &admin->core, &admin->instance));
	TRY(admin_actor(c, admin, admin->instance.owner, &admin->owner));
	return function(c, admin);
}

/* What was refused is no reason to fail for another one. */
static void write_refusals(struct ctx *c, struct admin *admin)
{
	struct error why = c->error;
	if (audit_flush(c, &admin->core, true))
		fprintf(stderr, "not written into the audit log: %s\n", c->error.text);
	c->error = why;
}

static bool asks_for_help(char *const *words)
{
	for (; *words; words++)
		if (strcmp(*words, "--help") == 0 || strcmp(*words, "-h") == 0)
			return true;
	return false;
}

int admin_main(struct ctx *c, char *const *words, struct run *run)
{
	size_t taken = 0;
	const struct command *command = command_find(commands, COMMANDS, words, &taken);
	if (!command) {
		if (!*words)
			return usage("say what to do");
		if (asks_for_help(words) || strcmp(*words, "help") == 0)
			return usage(NULL);
		return usage(arena_fmt(c->arena, "there is no command \"%s%s%s\"", words[0],
			words[1] ? " " : "", words[1] ? words[1] : ""));
	}
	struct buf help = {.arena = c->arena};
	command_help(command, "nimbus admin ", &help);
	if (asks_for_help(words)) {
		print("%s", buf_text(&help));
		return 0;
	}
	if (command_read(c, command, words + taken, run)) {
		fprintf(stderr, "nimbus admin %s: %s\n\n%s", command->name, c->error.text,
			buf_text(&help));
		return 2;
	}
	log_init(LOG_LEVEL_OFF, STDOUT_FILENO);
	struct admin admin = {.c = c, .run = run};
	enum err e = open_and_run(c, &admin, (size_t)(command - commands));
	write_refusals(c, &admin);
	drivers_close(&admin.core);
	secrets_close(&run->config);
	if (e)
		return command_failed(c, arena_fmt(c->arena, "nimbus admin %s", command->name));
	return fflush(stdout) == 0 ? 0 : err_exit_code(ERR_IO);
}
