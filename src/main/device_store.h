/*
 * What this machine keeps to stay signed in to a server: a file for each, 0600, in nimbus of
 * $XDG_STATE_HOME (else ~/.local/state). Of several processes one at a time has a server's file.
 */
#ifndef MAIN_DEVICE_STORE_H
#define MAIN_DEVICE_STORE_H

#include "base/ctx.h"
#include "base/str.h"

struct device_state {
	struct str username;
	struct str refresh; /* empty: not signed in */
	struct str access;  /* empty: it is to be asked for */
	int64_t ends;       /* when the access token does: seconds since 1970 … */
	int64_t renew;      /* … and from when on another is asked for */
};

struct device_store {
	const char *path;
	int lock;
};

/* Waits until no other process has it. ERR_INVALID where there is no home. Closed at the end of its
 * block: `DEVICE_STORE store = {.lock = -1};`. */
enum err device_store_open(struct ctx *c, struct str origin, struct device_store *out) MUST;
void device_store_close(struct device_store *store);
#define DEVICE_STORE __attribute__((cleanup(device_store_close))) struct device_store

/* What cannot be read is as if there were nothing. In c->arena. */
enum err device_store_read(
	struct ctx *c, const struct device_store *store, struct device_state *out) MUST;
/* Durably: a refresh token that is lost after its use cannot be had again. */
enum err device_store_write(
	struct ctx *c, const struct device_store *store, const struct device_state *state) MUST;
/* That there is none is OK. */
enum err device_store_remove(struct ctx *c, const struct device_store *store) MUST;

#endif
