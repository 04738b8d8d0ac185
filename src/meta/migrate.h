/* The schema, and bringing a database to it. */
#ifndef META_MIGRATE_H
#define META_MIGRATE_H

#include "port/db.h"

/*
 * Brings the database to this program's schema, in one write transaction; nothing to do is cheap.
 * ERR_UNSUPPORTED when a newer program has been here.
 */
enum err meta_migrate(struct ctx *c, struct db *db) MUST;
/* The same; *from: the version that it had. */
enum err meta_migrate_from(struct ctx *c, struct db *db, int64_t *from) MUST;

/* The version that the database has, 0 of one that has nothing yet. It stays as it is. */
enum err meta_schema_read(struct ctx *c, struct db *db, int64_t *version) MUST;

/* The schema version of this program. */
int64_t meta_schema_version(void);

#endif
