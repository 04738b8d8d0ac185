/* From settings to drivers: who answers each port. */
#ifndef MAIN_DRIVERS_H
#define MAIN_DRIVERS_H

#include "core/core.h"
#include "core/instance.h"
#include "main/config.h"

/*
 * Opens every driver and brings the database to this program's schema; the instance's id and owner are
 * made where there are none. Without `make` it is ERR_NOT_FOUND that there is no instance yet. What
 * is open after an error is closed by drivers_close too. *core lives as long as c->arena.
 */
enum err drivers_open(struct ctx *c, const struct config *config, bool make, struct core *core,
	struct instance *instance) MUST;
void drivers_close(struct core *core);

/* Only the database, as it is; and where the blobs are, as of main/place.h. */
enum err drivers_database(struct ctx *c, const struct config *config, bool make, struct db **out)
	MUST;
/* The bucket at `url`, s3://…, with the keys of the configuration and without a cache. */
enum err drivers_bucket(
	struct ctx *c, const struct config *config, const char *url, struct blob **out) MUST;
const char *drivers_blob_place(struct ctx *c, const struct config *config);

/* "db=sqlite,postgres blob=local,s3 …": all there are; serve.c logs which of them are in use. */
const char *drivers_list(void);

#endif
