/*
 * The catalogue of packs. A small pack's bytes lie in its row; those of any other lie in the blob
 * store under meta_pack_key.
 */
#ifndef META_PACK_H
#define META_PACK_H

#include "model/repo.h"
#include "port/db.h"

/* Numbers are stored: never change one. */
enum pack_kind { PACK_PUSHED = 1, PACK_COMPACTED = 2 };
enum pack_state { PACK_LIVE = 1, PACK_RETIRED = 2 };

struct pack_row {
	struct oid id; /* the pack's trailer: its name */
	uint64_t bytes;
	uint32_t objects;
	enum pack_kind kind;
	enum pack_state state;
	int64_t created; /* seconds since 1970 */
	bool in_row;     /* meta_pack_read has the bytes; else the blob store */
};

/* The two files of a pack that lies in its row. */
struct pack_bytes {
	struct str pack, idx;
};

/*
 * Adds a pack, with its bytes (NULL: they are in the blob store). Adding one that is there is OK
 * and makes it live. Bump the version too.
 */
enum err meta_pack_add(struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct pack_row *row,
	const struct pack_bytes *bytes) MUST;

/* The packs in `state`, newest first, into c->arena; without bytes. */
enum err meta_pack_list(struct ctx *c, struct db_tx *tx, const struct repo *repo,
	enum pack_state state, struct pack_row **out, size_t *count) MUST;

/* The bytes of a pack with in_row, into c->arena. ERR_NOT_FOUND. */
enum err meta_pack_read(struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct oid *id,
	struct pack_bytes *out) MUST;

/* Bump the version when this changes what is live. */
enum err meta_pack_set_state(struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct oid *id,
	enum pack_state state) MUST;

/* Drops the row. */
enum err meta_pack_delete(struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct oid *id)
	MUST;

/* "<instance>/<repo-id>/pack/<hash>.<suffix>": the blob key, suffix "pack" or "idx". In c->arena.
 */
const char *meta_pack_key(struct ctx *c, const char *instance, int64_t repo_id,
	const struct oid *id, const char *suffix);

#endif
