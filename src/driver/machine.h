/* A machine that somebody else vouches for, as one of our accounts: what drivers of port/auth.h share. */
#ifndef DRIVER_MACHINE_H
#define DRIVER_MACHINE_H

#include "model/actor.h"
#include "port/db.h"

struct machine {
	struct str account;              /* as whom it works */
	const char *setting;             /* that says so, for messages */
	struct str via, subject, groups; /* as in struct actor */
};

/* ERR_UNAUTH unless the account is a collaborator's, and has time left. A machine is for repositories: it
 * makes no keys that would outlive it. */
enum err machine_actor(
	struct ctx *c, struct db *db, const struct machine *machine, struct actor *who) MUST;

#endif
