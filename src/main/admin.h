/* What the commands of `nimbus admin` share. Each works on NIMBUS_DATA itself, server or no server. */
#ifndef MAIN_ADMIN_H
#define MAIN_ADMIN_H

#include "main/command.h"
#include "main/drivers.h"

struct admin {
	struct ctx *c;
	struct run *run;
	struct core core;
	struct instance instance;
	struct actor owner; /* on whose behalf it is done */
};

typedef enum err admin_command(struct ctx *c, struct admin *admin) MUST;

#define COMMAND(name, usage, function, about, more) admin_command function;
#include "main/admin.def"
#undef COMMAND

/* The argument's text; empty when it was not given. */
struct str admin_argument(const struct admin *admin, const char *name);
bool admin_flag(const struct admin *admin, const char *name);

/* "12h" of the option as seconds; `fallback` when it was not given. */
enum err admin_seconds(struct ctx *c, const struct admin *admin, const char *option,
	int64_t fallback, int64_t *out) MUST;

/* The person of that name as an actor. ERR_NOT_FOUND. */
enum err admin_actor(struct ctx *c, struct admin *admin, struct str username, struct actor *out)
	MUST;

/* A password: one line of standard input with --password-stdin, else made up (*made true). */
enum err admin_password(struct ctx *c, const struct admin *admin, struct str *out, bool *made) MUST;

/* "1 repository", "2 repositories"; into c->arena. */
const char *admin_count(struct ctx *c, uint64_t count, const char *one, const char *many);

/* "2026-11-23 15:34", or "never" for 0; into c->arena. */
const char *admin_time(struct ctx *c, int64_t seconds);

#endif
