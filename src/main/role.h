/*
 * Roles: what of all that Nimbus does one process is for. role.def is the table. Any thread.
 */
#ifndef MAIN_ROLE_H
#define MAIN_ROLE_H

#include "base/ctx.h"
#include "base/str.h"

enum role {
#define ROLE(kind, name, what) ROLE_NUMBER_##kind,
#include "main/role.def"
	ROLE_COUNT
};

/* A set of them is the sum. */
enum {
#define ROLE(kind, name, what) ROLE_##kind = 1 << ROLE_NUMBER_##kind,
#include "main/role.def"
	ROLE_ANY = (1 << ROLE_COUNT) - 1
};

/* "git,web" as a set; NULL: all. ERR_INVALID, with what there is, for any other word and for none. */
enum err roles_parse(struct ctx *c, const char *list, unsigned *out) MUST;
/* And back: "git,web". In c->arena. */
const char *roles_print(struct ctx *c, unsigned roles);

/* Which of them answer a request for this path, percent-encoded as it came; is_git: it is one of git's. */
unsigned roles_for(struct str path, bool is_git);

#endif
