#include "main/credential.h"

#include "base/hash.h"
#include "main/device_login.h"
#include "main/device_store.h"
#include "model/git_credential.h"
#include "model/scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct str argument(const struct run *run, const char *name)
{
	const char *value = run_argument(run, name);
	return value ? str_of(value) : STR("");
}

static enum err read_input(struct ctx *c, struct git_credential *out)
{
	enum { STEP = 4096 };
	struct buf text = {.arena = c->arena};
	size_t got = 1;
	while (got && text.len <= GIT_CREDENTIAL_MAX) {
		buf_reserve(&text, STEP);
		got = fread(text.at + text.len, 1, STEP, stdin);
		text.len += got;
	}
	if (ferror(stdin))
		return fail(c, ERR_IO, "what git asks cannot be read");
	return git_credential_read(c, buf_view(&text), out);
}

/* Renewed where its time has come; `state` is empty then if the device is signed out. */
static enum err renew(struct ctx *c, const struct device_store *store,
	const struct device_server *server, struct device_state *state)
{
	enum err kind = device_renew(c, server, state);
	if (kind == ERR_UNAUTH) {
		ctx_clear(c);
		*state = (struct device_state){0};
		return device_store_remove(c, store);
	}
	TRY(kind);
	return device_store_write(c, store, state);
}

/* Who set this wants to be asked nothing: a robot, or a person whose git must not wait. */
static bool may_ask(void)
{
	const char *prompt = getenv("GIT_TERMINAL_PROMPT");
	return !prompt || strcmp(prompt, "0") != 0;
}

static enum err sign_in(struct ctx *c, const struct device_store *store,
	const struct device_server *server, const struct device_terms *terms,
	struct device_state *state)
{
	TRY(device_login(c, server, terms, state));
	TRY(device_store_write(c, store, state));
	fprintf(stderr, "Signed in to %.*s as %.*s.\n", STR_FMT(server->origin),
		STR_FMT(state->username));
	return OK;
}

/* A token that has time left; empty where this machine is not signed in. */
static enum err held(struct ctx *c, const struct device_store *store, struct str origin,
	struct device_state *state)
{
	DEVICE_SERVER server = {0};
	TRY(device_store_read(c, store, state));
	if (!state->refresh.len ||
		(state->access.len && state->renew > c->world->clock() / 1000000))
		return OK;
	TRY(device_server_open(c, origin, &server));
	return renew(c, store, &server, state);
}

enum err credential_held(struct ctx *c, struct str origin, struct str *access)
{
	DEVICE_STORE store = {.lock = -1};
	struct device_state state;
	TRY(device_store_open(c, origin, &store));
	TRY(held(c, &store, origin, &state));
	*access = state.access;
	return OK;
}

/* The same. `state` stays empty where nobody is to be asked. */
static enum err ready(struct ctx *c, const struct device_store *store, struct str origin,
	struct device_state *state)
{
	DEVICE_SERVER server = {0};
	const struct device_terms terms = {0};
	TRY(held(c, store, origin, state));
	if (state->refresh.len || !may_ask())
		return OK;
	TRY(device_server_open(c, origin, &server));
	/* Other servers are asked by other means, so nothing is said of them. */
	enum err kind = device_server_check(c, &server);
	if (kind == ERR_NOT_FOUND) {
		ctx_clear(c);
		return OK;
	}
	TRY(kind);
	return sign_in(c, store, &server, &terms, state);
}

static enum err get(struct ctx *c, const struct git_credential *asked, struct str origin)
{
	DEVICE_STORE store = {.lock = -1};
	struct device_state state;
	struct buf out = {.arena = c->arena};
	TRY(device_store_open(c, origin, &store));
	TRY(ready(c, &store, origin, &state));
	if (!state.access.len)
		return OK;
	if (asked->username.len && !str_eq(asked->username, state.username))
		return fail(c, ERR_DENIED,
			"this machine is signed in to %.*s as %.*s, and not as %.*s",
			STR_FMT(origin), STR_FMT(state.username), STR_FMT(asked->username));
	const struct git_credential_answer answer = {state.username, state.access, state.ends};
	git_credential_write(&out, asked, &answer);
	fwrite(out.at, 1, out.len, stdout);
	return OK;
}

static enum err forget(struct ctx *c, const struct device_store *store, struct str origin,
	const struct device_state *state)
{
	DEVICE_SERVER server = {0};
	TRY(device_store_remove(c, store));
	TRY(device_server_open(c, origin, &server));
	return device_logout(c, &server, state);
}

/*
 * git erases what a server refused. That is an access token, which another may have replaced meanwhile;
 * whether the device itself is signed out, the next renewal tells. Who erases without one means all.
 */
static enum err erase(struct ctx *c, const struct git_credential *asked, struct str origin)
{
	DEVICE_STORE store = {.lock = -1};
	struct device_state state;
	TRY(device_store_open(c, origin, &store));
	TRY(device_store_read(c, &store, &state));
	if (!state.refresh.len)
		return OK;
	if (!asked->secret.len)
		return forget(c, &store, origin, &state);
	if (!str_eq_secret(asked->secret, state.access))
		return OK;
	state.access = (struct str){0};
	return device_store_write(c, &store, &state);
}

enum err credential_run(struct ctx *c, struct run *run)
{
	struct git_credential asked;
	struct str operation = argument(run, "OPERATION"), origin;
	bool gets = str_is(operation, "get");
	/* What it was given it has already; what is not known yet is passed over, as git wants it. */
	if (!gets && !str_is(operation, "erase"))
		return OK;
	TRY(read_input(c, &asked));
	if (!git_credential_origin(c->arena, &asked, &origin))
		return OK;
	return gets ? get(c, &asked, origin) : erase(c, &asked, origin);
}

static enum err read_origin(struct ctx *c, const struct run *run, struct str *out)
{
	struct str url = argument(run, "URL");
	if (!url_origin(c->arena, url, out))
		return fail(c, ERR_INVALID,
			"%.*s is not like https://git.example.org; http is for this machine alone",
			STR_FMT(url));
	return OK;
}

enum err credential_login(struct ctx *c, struct run *run)
{
	DEVICE_STORE store = {.lock = -1};
	DEVICE_SERVER server = {0};
	struct device_state state;
	struct scope scope;
	struct str origin;
	const struct device_terms terms = {argument(run, "--permission"), argument(run, "--scope")};
	TRY(read_origin(c, run, &origin));
	TRY_WHILE(c, scope_parse(c, terms.limits, &scope), "reading --scope");
	TRY(device_store_open(c, origin, &store));
	TRY(device_store_read(c, &store, &state));
	TRY(device_server_open(c, origin, &server));
	TRY(device_server_check(c, &server));
	if (state.refresh.len)
		TRY(renew(c, &store, &server, &state));
	if (!state.refresh.len)
		TRY(sign_in(c, &store, &server, &terms, &state));
	print("This machine is signed in to %.*s as %.*s. For git to use that, once:\n\n"
	      "    git config --global credential.%.*s.helper '!nimbus credential'\n",
		STR_FMT(origin), STR_FMT(state.username), STR_FMT(origin));
	return OK;
}

enum err credential_logout(struct ctx *c, struct run *run)
{
	DEVICE_STORE store = {.lock = -1};
	struct device_state state;
	struct str origin;
	TRY(read_origin(c, run, &origin));
	TRY(device_store_open(c, origin, &store));
	TRY(device_store_read(c, &store, &state));
	if (!state.refresh.len) {
		print("This machine is not signed in to %.*s.\n", STR_FMT(origin));
		return device_store_remove(c, &store);
	}
	TRY_WHILE(c, forget(c, &store, origin, &state),
		"signing out at the server (this machine has forgotten it already)");
	print("This machine is signed out of %.*s.\n", STR_FMT(origin));
	return OK;
}
