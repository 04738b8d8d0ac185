/* Databases and blob stores that somebody names: by a URL, or by a folder. */
#ifndef MAIN_PLACE_H
#define MAIN_PLACE_H

#include "main/config.h"
#include "port/blob.h"
#include "port/db.h"

/* ERR_NOT_FOUND without `make` where there is none; ERR_UNSUPPORTED of a URL that no driver knows. */
enum err place_blobs(struct ctx *c, const struct config *config, const char *place, bool make,
	struct blob **out) MUST;

/* A server at a URL, or nimbus.db in a folder; made where it is missing. */
enum err place_database(struct ctx *c, const char *place, struct db **out) MUST;

bool place_is_server(const char *place);

/* Are two names of one blob store? */
bool place_same(const char *a, const char *b);

#endif
