/*
 * `nimbus repo list` and its kin: commands that ask a server over its API (client.def).
 *
 * Which server: --server, else NIMBUS_SERVER. As whom: NIMBUS_TOKEN, else as whom `nimbus login` signed this machine in,
 * else nobody.
 */
#ifndef MAIN_CLIENT_H
#define MAIN_CLIENT_H

#include "base/json.h"
#include "main/command.h"

/* The commands, for whoever lists them. */
const struct command *client_commands(size_t *count);

/* Runs the command that these words name; false: there is none. *code: the exit code. */
bool client_main(struct ctx *c, char *const *words, struct run *run, int *code);

/* client_table.c: what columns (client.def) show of an answer, for people. */
void client_print(struct ctx *c, const struct json *answer, struct str columns, struct buf *out);

/* client_call.c: what a row of client.def asks for, with the arguments that were given. */
struct client_row {
	const char *method, *path, *body, *columns;
};
struct client_request {
	const char *method;
	struct str path; /* "/repos?q=x" */
	struct str body; /* empty: none */
};
enum err client_request_make(struct ctx *c, const struct run *run, const struct client_row *row,
	struct client_request *out) MUST;

#endif
