/* The program: finds the command, runs it, turns what went wrong into words and an exit code. */
#include "main/client.h"
#include "main/command.h"
#include "main/completion.h"
#include "main/credential.h"
#include "main/drivers.h"
#include "main/key.h"
#include "main/serve.h"
#include "main/version.h"
#include "os/world.h"

#include <stdio.h>
#include <unistd.h>

static enum err run_config(struct ctx *c, struct run *run)
{
	struct buf out = {.arena = c->arena};
	if (run_argument(run, "--markdown")) {
		config_markdown(&out);
	} else {
		TRY(run_config_read(c, run));
		config_print(run->environment, &run->config, &out);
	}
	print("%s", buf_text(&out));
	return OK;
}

static enum err run_version(struct ctx *c, struct run *run)
{
	(void)c, (void)run;
	print("nimbus %s\ndrivers: %s\n", NIMBUS_VERSION, drivers_list());
	return OK;
}

static command_run run_help, run_completion;

static const struct command commands[] = {
	{"serve", "[--welcome] [--role ROLES]", serve_run,
		"Runs the server until SIGTERM or SIGINT",
		"Settings are environment variables: `nimbus config` lists them. Requests are "
		"logged on "
		"standard\noutput as JSON. The first start makes NIMBUS_DATA and the owner, and "
		"prints "
		"how to sign in;\n--welcome prints that at every start. SIGTERM lets running "
		"requests "
		"finish, a second one does not.\n\n"
		"ROLES is what this process is for, of several that share a database, separated by "
		"commas; without it,\nall of them:\n"
#define ROLE(kind, name, what) "  " name ": " what "\n"
#include "main/role.def"
		"What is for another role it answers with 404 and says so."},
	{"admin", "COMMAND …", NULL, "Looks after people, repositories, tokens, backups", ""},
	{"config", "[--markdown]", run_config, "Prints every setting, its value and what it means",
		"--markdown prints the reference page, with defaults instead of values."},
	{"completion", "SHELL", run_completion, "Prints what lets a shell complete commands",
		"SHELL is bash, zsh or fish. For bash and zsh, in ~/.bashrc or ~/.zshrc:\n\n"
		"    eval \"$(nimbus completion bash)\"\n\n"
		"and for fish: nimbus completion fish > ~/.config/fish/completions/nimbus.fish"},
	{"version", "", run_version, "Prints the version and the drivers", ""},
	{"help", "[COMMAND]", run_help, "Tells more about a command", ""},
	{"key mint",
		"--key=FILE --user=USER --instance=ID [--permission PERMISSION] [--scope JSON] "
		"[--ttl TIME]",
		key_mint, "Makes an API key by a key of one's own, without asking the server",
		"FILE is a private key, Ed25519 or P-256 as PEM, whose public key USER registered "
		"(`nimbus admin\n"
		"key register`, or on the account page). ID is the instance's, which GET "
		"/api/v1/instance tells.\n"
		"PERMISSION is read, write (the default) or admin; JSON is what else it is limited "
		"to, as in `nimbus\n"
		"admin token create`; TIME is how long it lives, a year at most (1h)."},
	{"login", "URL [--permission PERMISSION] [--scope JSON]", credential_login,
		"Signs this machine in to a server, by a page in any browser",
		"git asks for nothing then, once it knows `nimbus credential`. PERMISSION is read, "
		"write (the\n"
		"default) or admin; JSON is what else this machine is limited to, as in `nimbus "
		"admin token create`."},
	{"logout", "URL", credential_logout, "Signs this machine out of a server", ""},
	{"credential", "OPERATION", credential_run, "Gives git credentials, as its helper",
		"git runs this, after\n\n"
		"    git config --global credential.https://git.example.org.helper '!nimbus "
		"credential'\n\n"
		"and also as git-credential-nimbus, a link to nimbus on the PATH, with the helper "
		"\"nimbus\".\n"
		"OPERATION is get, store or erase (gitcredentials(7)). The first time it shows "
		"where to sign in;\n"
		"then it renews by itself what it keeps in nimbus of XDG_STATE_HOME "
		"(~/.local/state). It asks nothing\n"
		"where GIT_TERMINAL_PROMPT is 0, and only servers that are Nimbus Git, by https or "
		"on this machine."},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_usage(struct ctx *c, FILE *to)
{
	struct buf out = {.arena = c->arena};
	buf_cstr(&out, "usage: nimbus COMMAND [ARGUMENTS]\n\n"
		       "Nimbus Git, a git server.\n\n");
	command_list(commands, COMMANDS, &out);
	size_t count;
	const struct command *client = client_commands(&count);
	buf_cstr(&out, "\nOn a server, by its API (--server URL, or NIMBUS_SERVER):\n\n");
	command_list(client, count, &out);
	buf_cstr(&out, "\n`nimbus COMMAND --help` tells more. To begin: nimbus serve --welcome\n");
	fwrite(out.at, 1, out.len, to);
}

static enum err run_help(struct ctx *c, struct run *run)
{
	(void)run;
	print_usage(c, stdout);
	return OK;
}

static enum err run_completion(struct ctx *c, struct run *run)
{
	struct completion_table tables[] = {
		{"", commands, COMMANDS}, {"", NULL, 0}, {"admin", NULL, 0}};
	struct buf out = {.arena = c->arena};
	tables[1].commands = client_commands(&tables[1].count);
	tables[2].commands = admin_commands(&tables[2].count);
	TRY(completion_write(c, str_of(run_argument(run, "SHELL")), tables,
		sizeof tables / sizeof *tables, &out));
	print("%s", buf_text(&out));
	return OK;
}

static bool asks_for_help(char *const *words)
{
	for (; *words; words++)
		if (strcmp(*words, "--help") == 0 || strcmp(*words, "-h") == 0)
			return true;
	return false;
}

static int run_command(struct ctx *c, const struct command *command, char *const *words)
{
	struct run run = {.environment = environ};
	struct buf help = {.arena = c->arena};
	if (!command->run)
		return admin_main(c, words, &run);
	command_help(command, "nimbus ", &help);
	if (asks_for_help(words)) {
		print("%s", buf_text(&help));
		return 0;
	}
	if (command_read(c, command, words, &run)) {
		fprintf(stderr, "nimbus %s: %s\n\n%s", command->name, c->error.text,
			buf_text(&help));
		return 2;
	}
	if (command->run(c, &run))
		return command_failed(c, arena_fmt(c->arena, "nimbus %s", command->name));
	return fflush(stdout) == 0 ? 0 : err_exit_code(ERR_IO);
}

static int run_words(struct ctx *c, char *const *words);

/* "help key mint" is "key mint --help". */
static int help_with(struct ctx *c, char *const *words)
{
	size_t count = 0;
	while (words[count])
		count++;
	static char dashes[] = "--help";
	char **asked = NEW_ARRAY(c->arena, char *, count + 2);
	memcpy(asked, words, count * sizeof *asked);
	asked[count] = dashes;
	asked[count + 1] = NULL;
	return run_words(c, asked);
}

static int run_words(struct ctx *c, char *const *words)
{
	size_t taken;
	if (!*words) {
		print_usage(c, stderr);
		return 2;
	}
	if (strcmp(*words, "--help") == 0 || strcmp(*words, "-h") == 0) {
		print_usage(c, stdout);
		return 0;
	}
	if (strcmp(*words, "help") == 0 && words[1] && words[1][0] != '-')
		return help_with(c, words + 1);
	if (strcmp(*words, "--version") == 0) {
		static char version[] = "version";
		static char *const asked[] = {version, NULL};
		return run_words(c, asked);
	}
	const struct command *command = command_find(commands, COMMANDS, words, &taken);
	struct run run = {.environment = environ};
	int code;
	if (!command && client_main(c, words, &run, &code))
		return code;
	if (!command) {
		fprintf(stderr, "nimbus: there is no command \"%s\"\n\n", *words);
		print_usage(c, stderr);
		return 2;
	}
	return run_command(c, command, words + taken);
}

/* git runs the helper "nimbus" by this name. */
static bool is_helper(const char *name)
{
	struct str path = str_of(name);
	size_t slash = str_find_last(path, '/');
	return str_is(
		slash < path.len ? str_from_index(path, slash + 1) : path, "git-credential-nimbus");
}

static const struct command *credential_command(void)
{
	char name[] = "credential";
	char *const words[] = {name, NULL};
	size_t taken;
	return command_find(commands, COMMANDS, words, &taken);
}

int main(int argc, char **argv)
{
	struct arena arena;
	struct ctx c;
	(void)argc;
	arena_init(&arena);
	ctx_init(&c, &arena, os_world());
	int code = is_helper(argv[0]) ? run_command(&c, credential_command(), argv + 1)
				      : run_words(&c, argv + 1);
	arena_done(&arena);
	return code;
}
