/*
 * Backups beside each other in one blob store. Packs lie there once, under the keys that they have in
 * the instance; each backup adds its database, a SQLite file, and a manifest, which comes last: what
 * has no manifest is no backup.
 *
 *	backup/000002-20261123-153432-5c0f.json	the manifest
 *	backup/000002-20261123-153432-5c0f.db	the database
 *	i0123456789abcdef/17/pack/….pack	what the database names
 */
#ifndef CORE_BACKUP_SET_H
#define CORE_BACKUP_SET_H

#include "base/hash.h"
#include "port/blob.h"

struct backup_manifest {
	const char *id;
	struct str instance;
	int64_t time;           /* at which the database was copied, in seconds since 1970 */
	int64_t schema;         /* of the database */
	int64_t bytes;          /* of the database's file */
	uint8_t hash[HASH_MAX]; /* SHA-256 of it */
	int64_t repos, packs, pack_bytes;
};

/* All there are, oldest first, into c->arena; only their ids are read. */
enum err backup_set_list(struct ctx *c, struct blob *store, const char ***ids, size_t *count) MUST;

/* ERR_NOT_FOUND; ERR_DAMAGED; ERR_UNSUPPORTED when a newer program made it. */
enum err backup_set_read(
	struct ctx *c, struct blob *store, const char *id, struct backup_manifest *out) MUST;

/*
 * The id for a new backup of the instance (manifest->instance, ->time), into manifest->id. ERR_EXISTS
 * when the store holds those of another instance, or anything else.
 */
enum err backup_set_next(struct ctx *c, struct blob *store, struct backup_manifest *manifest) MUST;

enum err backup_set_add(struct ctx *c, struct blob *store, const struct backup_manifest *manifest)
	MUST;

/* The key of its "json" or "db"; in c->arena. */
const char *backup_set_key(struct ctx *c, const char *id, const char *suffix);

#endif
