/* The schema, and bringing a database to it. */
#ifndef META_MIGRATE_H
#define META_MIGRATE_H

#include "port/db.h"

/*
 * Brings the database to this program's schema, in one write transaction; nothing to do is cheap.
 * ERR_UNSUPPORTED when a newer program has been here.
 */
enum err meta_migrate(struct ctx *c, struct db *db) MUST;

/* The schema version of this program. */
int64_t meta_schema_version(void);

#endif
