#include "main/client.h"

#include "driver/http_call.h"
#include "main/credential.h"
#include "main/device_login.h"
#include "model/git_credential.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAGE = 100, LIMIT = 1000, LIMIT_MAX = 100000, ANSWER_MAX = 64 << 20 };

#define EVERYWHERE " [--server URL] [--json]"
/* What a command takes, and what they all do: with no space in front where it takes nothing. */
#define USAGE(own, all) ((own all) + (sizeof(own) == 1))
#define ABOUT_SERVER                                                                              \
	"URL is the server's, such as https://git.example.org: NIMBUS_SERVER unless given. You "  \
	"are "                                                                                    \
	"whom the token\nin NIMBUS_TOKEN is of, else as whom `nimbus login` signed this machine " \
	"in. "                                                                                    \
	"--json prints the API's answer."

/* The table twice: once for the command line, once for what to ask. */
static const struct command commands[] = {
#define CALL(name, usage, method, path, body, columns, about, more) \
	{name, USAGE(usage, EVERYWHERE), NULL, about, more},
#define LIST(name, usage, path, columns, about, more) \
	{name, USAGE(usage, " [--limit COUNT]" EVERYWHERE), NULL, about, more},
#include "main/client.def"
#undef CALL
#undef LIST
};

static const struct client_row rows[] = {
#define CALL(name, usage, method, path, body, columns, about, more) {method, path, body, columns},
#define LIST(name, usage, path, columns, about, more) {"LIST", path, "", columns},
#include "main/client.def"
#undef CALL
#undef LIST
};

enum { COMMANDS = sizeof commands / sizeof *commands };

struct client {
	struct device_server server;
	const char *token; /* NULL: nobody */
	const struct client_row *row;
	struct run *run;
};

const struct command *client_commands(size_t *count)
{
	*count = COMMANDS;
	return commands;
}

static enum err find_server(struct ctx *c, struct client *client)
{
	const char *url = run_argument(client->run, "--server");
	if (!url)
		url = getenv("NIMBUS_SERVER");
	if (!url || !*url)
		return fail(c, ERR_INVALID,
			"say which server: --server URL, or NIMBUS_SERVER in the environment");
	struct str origin;
	if (!url_origin(c->arena, str_of(url), &origin))
		return fail(c, ERR_INVALID,
			"%s is not like https://git.example.org; http is for this machine alone",
			url);
	return device_server_open(c, origin, &client->server);
}

static enum err find_token(struct ctx *c, struct client *client)
{
	struct str held = {0};
	client->token = getenv("NIMBUS_TOKEN");
	if (client->token && *client->token)
		return OK;
	TRY(credential_held(c, client->server.origin, &held));
	client->token = held.len ? str_dup(c->arena, held) : NULL;
	return OK;
}

/* As the server means it: the first kind of that status, and what only the API has. */
static enum err kind_of(int status)
{
	if (status == 422)
		return ERR_INVALID;
	for (enum err kind = OK + 1; kind < ERR_COUNT; kind++)
		if (err_http_status(kind) == status)
			return kind;
	return status == 412 ? ERR_CONFLICT : status < 500 ? ERR_INVALID : ERR_UNAVAILABLE;
}

static enum err refused(
	struct ctx *c, const struct client *client, const struct http_answer *answer)
{
	struct json *said = NULL;
	if (json_parse(c, answer->body, &said))
		ctx_clear(c);
	struct str detail = str_until(json_text(said, "detail"), 500);
	enum err kind = kind_of(answer->status);
	if (!detail.len)
		return fail(c, kind, "%.*s answers %d: is it a Nimbus Git?",
			STR_FMT(client->server.origin), answer->status);
	if (kind == ERR_UNAUTH && !client->token)
		return fail(c, kind, "%.*s (`nimbus login %.*s`, or a token in NIMBUS_TOKEN)",
			STR_FMT(detail), STR_FMT(client->server.origin));
	return fail(c, kind, "%.*s", STR_FMT(detail));
}

static enum err ask(struct ctx *c, const struct client *client,
	const struct client_request *request, struct http_answer *out)
{
	struct http_header headers[3];
	size_t count = 0;
	bool bytes = strcmp(client->row->columns, "-") == 0 && !run_argument(client->run, "--json");
	headers[count++] = (struct http_header){STR("Accept"),
		bytes ? STR("application/octet-stream, */*;q=0.1") : STR("application/json")};
	if (request->body.len)
		headers[count++] =
			(struct http_header){STR("Content-Type"), STR("application/json")};
	if (client->token)
		headers[count++] = (struct http_header){STR("Authorization"),
			str_of(arena_fmt(c->arena, "Bearer %s", client->token))};
	const struct http_call call = {
		.method = request->method,
		.url = arena_fmt(c->arena, "%.*s/api/v1%.*s", STR_FMT(client->server.origin),
			STR_FMT(request->path)),
		.headers = headers,
		.header_count = count,
		.body = request->body,
		.timeout_ms = 60000,
		.body_max = ANSWER_MAX,
	};
	TRY(http_call(c, client->server.http, &call, out));
	if (out->status < 200 || out->status > 299)
		return refused(c, client, out);
	return OK;
}

/* A member of an answer that is an object; NULL: there is none. */
static struct json *member_of(struct json *answer, const char *name)
{
	struct json *member = answer->kind == JSON_OBJECT ? answer->first : NULL;
	while (member && !str_is(member->key, name))
		member = member->next;
	return member;
}

/* The things of an answer that is a list. */
static struct json *items_of(struct json *answer)
{
	struct json *items = member_of(answer, "items");
	return items && items->kind == JSON_ARRAY ? items : NULL;
}

/* What is printed of many pages ends where the last one does. */
static void end_as(struct json *first, struct json *last)
{
	struct json *to = member_of(first, "next"), *from = member_of(last, "next");
	if (!to || !from)
		return;
	to->kind = from->kind;
	to->text = from->text;
}

static void append(struct json *list, struct json *more)
{
	struct json **end = &list->first;
	while (*end)
		end = &(*end)->next;
	*end = more->first;
	list->count += more->count;
}

/* What follows "cursor=" in the URL of the next page; empty: this is the last. */
static struct str next_of(const struct json *answer)
{
	struct str url = json_text(answer, "next");
	size_t at = str_find_str(url, STR("cursor="));
	if (at == url.len)
		return STR("");
	url = str_from_index(url, at + sizeof "cursor=" - 1);
	return str_until(url, str_find(url, '&'));
}

static enum err read_limit(struct ctx *c, const struct run *run, uint64_t *out)
{
	const char *text = run_argument(run, "--limit");
	*out = LIMIT;
	if (text && (!str_to_u64(str_of(text), out) || !*out || *out > LIMIT_MAX))
		return fail(
			c, ERR_INVALID, "--limit %s is not a number from 1 to %d", text, LIMIT_MAX);
	return OK;
}

/* Page after page, until there are as many as are wanted, or no more. */
static enum err ask_list(struct ctx *c, const struct client *client,
	const struct client_request *request, struct json **out)
{
	struct str cursor = {0};
	struct json *list = NULL;
	uint64_t limit, have = 0;
	TRY(read_limit(c, client->run, &limit));
	bool query = str_find(request->path, '?') < request->path.len;
	do {
		uint64_t left = limit - have;
		struct http_answer answer;
		struct json *page, *more;
		const struct client_request one = {"GET",
			str_of(arena_fmt(c->arena, "%.*s%climit=%u%s%.*s", STR_FMT(request->path),
				query ? '&' : '?', (unsigned)(left < PAGE ? left : PAGE),
				cursor.len ? "&cursor=" : "", STR_FMT(cursor))),
			{0}};
		TRY(ask(c, client, &one, &answer));
		TRY_WHILE(c, json_parse(c, answer.body, &page), "reading the answer");
		more = items_of(page);
		if (!more)
			return fail(c, ERR_UNAVAILABLE, "the server's answer is no list");
		have += more->count;
		cursor = more->count ? next_of(page) : STR("");
		if (list) {
			append(list, more);
			end_as(*out, page);
		} else {
			*out = page;
			list = more;
		}
	} while (cursor.len && have < limit);
	return OK;
}

static void show(struct ctx *c, const struct client *client, const struct json *answer)
{
	struct buf out = {.arena = c->arena};
	struct json_writer w = {.out = &out};
	if (run_argument(client->run, "--json")) {
		json_value(&w, answer);
		buf_byte(&out, '\n');
	} else {
		client_print(c, answer, str_of(client->row->columns), &out);
	}
	if (out.len)
		fwrite(out.at, 1, out.len, stdout);
}

static enum err ask_and_show(struct ctx *c, struct client *client)
{
	struct client_request request;
	struct http_answer answer;
	struct json *json = NULL;
	TRY(client_request_make(c, client->run, client->row, &request));
	TRY(find_server(c, client));
	TRY(find_token(c, client));
	if (strcmp(request.method, "LIST") == 0) {
		TRY(ask_list(c, client, &request, &json));
		show(c, client, json);
		return OK;
	}
	TRY(ask(c, client, &request, &answer));
	if (strcmp(client->row->columns, "-") == 0) {
		if (answer.body.len)
			fwrite(answer.body.at, 1, answer.body.len, stdout);
	} else if (answer.body.len) {
		TRY_WHILE(c, json_parse(c, answer.body, &json), "reading the answer");
		show(c, client, json);
	}
	return OK;
}

static bool asks_for_help(char *const *words)
{
	for (; *words; words++)
		if (strcmp(*words, "--help") == 0 || strcmp(*words, "-h") == 0)
			return true;
	return false;
}

static int run_one(struct ctx *c, size_t which, char *const *words, struct run *run)
{
	const struct command *command = &commands[which];
	struct client client = {.row = &rows[which], .run = run};
	struct buf help = {.arena = c->arena};
	command_help(command, "nimbus ", &help);
	buf_cstr(&help, "\n" ABOUT_SERVER "\n");
	if (asks_for_help(words)) {
		print("%s", buf_text(&help));
		return 0;
	}
	if (command_read(c, command, words, run)) {
		fprintf(stderr, "nimbus %s: %s\n\n%s", command->name, c->error.text,
			buf_text(&help));
		return 2;
	}
	enum err kind = ask_and_show(c, &client);
	device_server_close(&client.server);
	if (kind)
		return command_failed(c, arena_fmt(c->arena, "nimbus %s", command->name));
	return fflush(stdout) == 0 ? 0 : err_exit_code(ERR_IO);
}

/* "nimbus repo" and "nimbus repo --help" list what there is of it. */
static bool list_family(struct ctx *c, char *const *words, int *code)
{
	struct str prefix = str_of(arena_fmt(c->arena, "%s ", *words));
	struct buf out = {.arena = c->arena};
	for (size_t i = 0; i < COMMANDS; i++)
		if (str_starts(str_of(commands[i].name), prefix))
			command_list(&commands[i], 1, &out);
	if (!out.len)
		return false;
	bool asked = asks_for_help(words);
	*code = asked ? 0 : 2;
	if (!asked && words[1])
		fprintf(stderr, "nimbus: there is no command \"%s %s\"\n\n", words[0], words[1]);
	fprintf(asked ? stdout : stderr, "usage: nimbus %s COMMAND [ARGUMENTS]\n\n%s\n%s\n", *words,
		buf_text(&out), ABOUT_SERVER);
	return true;
}

bool client_main(struct ctx *c, char *const *words, struct run *run, int *code)
{
	size_t taken;
	const struct command *command = command_find(commands, COMMANDS, words, &taken);
	if (!command)
		return list_family(c, words, code);
	*code = run_one(c, (size_t)(command - commands), words + taken, run);
	return true;
}
