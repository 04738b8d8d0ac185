/*
 * The catalogue of packs. A small pack's bytes lie in its row; those of any other lie in the blob
 * store under meta_pack_key.
 */
#ifndef META_PACK_H
#define META_PACK_H

#include "model/instance.h"
#include "model/repo.h"
#include "port/db.h"

/* Numbers are stored: never change one. */
enum pack_kind {
	PACK_PUSHED = 1,
	PACK_COMPACTED = 2, /* several small ones together */
	PACK_MAIN = 3,      /* what the default branch leads to, all of it */
	PACK_REST = 4,      /* what other refs lead to beside all that */
	PACK_KEPT = 5,      /* what no ref leads to any more */
	PACK_BRANCHES = 6,  /* what branches and tags lead to beside the default branch */
};
enum pack_state { PACK_LIVE = 1, PACK_RETIRED = 2 };

/*
 * Files that were made from a pack and lie beside it in the blob store, with their suffixes. A row
 * says which there are, and by which number: of a pack that is made once more, byte by byte as it
 * was, they may be others, and get another number.
 */
enum pack_derived {
	PACK_BITMAP = 1 << 0, /* with PACK_MIDX: of all packs that this names */
	PACK_COMMIT_GRAPH = 1 << 1,
	PACK_MIDX = 1 << 2,
	PACK_DERIVED_NUMBER = 8, /* the number begins at this bit, and has up to 48 */
};
#define PACK_BITMAP_SUFFIX "bitmap"
#define PACK_COMMIT_GRAPH_SUFFIX "graph"
#define PACK_MIDX_SUFFIX "midx"

struct pack_derived_file {
	enum pack_derived flag;
	const char *suffix;
};
enum { PACK_DERIVED_FILES = 3 };
extern const struct pack_derived_file META_PACK_DERIVED[PACK_DERIVED_FILES];

struct pack_row {
	struct oid id; /* the pack's trailer: its name */
	uint64_t bytes;
	uint32_t objects;
	enum pack_kind kind;
	enum pack_state state;
	int64_t created; /* seconds since 1970 */
	bool in_row;     /* meta_pack_read has the bytes; else the blob store */
	uint64_t
		derived; /* flags of enum pack_derived and, above, the number; 0: there is nothing */
	int64_t retired; /* seconds since 1970; of one that is live: 0 */
};

/* The two files of a pack that lies in its row. */
struct pack_bytes {
	struct str pack, idx;
};

/*
 * Adds a pack, with its bytes (NULL: they are in the blob store). Adding one that is there is OK
 * and makes it live where its bytes are now. Bump the version too.
 */
enum err meta_pack_add(struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct pack_row *row,
	const struct pack_bytes *bytes) MUST;

/* The packs in `state`, newest first, into c->arena; without bytes. */
enum err meta_pack_list(struct ctx *c, struct db_tx *tx, const struct repo *repo,
	enum pack_state state, struct pack_row **out, size_t *count) MUST;

/* The bytes of a pack with in_row, into c->arena. ERR_NOT_FOUND. */
enum err meta_pack_read(struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct oid *id,
	struct pack_bytes *out) MUST;

/* Makes a live pack retired at `time`. *done false: it was not live. Bump the version too. */
enum err meta_pack_retire(struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct oid *id,
	int64_t time, bool *done) MUST;

/* Says of a pack that is there what it is now: row->kind, created and derived. */
enum err meta_pack_set_made(
	struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct pack_row *row) MUST;

/* Which of its files lie in the blob store. */
struct pack_files {
	bool pack; /* it and its index */
	uint64_t derived;
};

/* Of a pack in whatever state, by the bytes of its name; none of one that is not in the catalogue. */
enum err meta_pack_files(struct ctx *c, struct db_tx *tx, int64_t repo_id, struct str hash,
	struct pack_files *out) MUST;

/* A pack whose time has come. */
struct pack_past {
	int64_t repo_id;
	enum hash_algo algo;
	struct pack_row row;
};

/* Packs that were retired before `time`, of all repositories; *count: at most how many, then how
 * many. */
enum err meta_pack_past(
	struct ctx *c, struct db_tx *tx, int64_t time, struct pack_past **out, size_t *count) MUST;

/* Drops the row if it is retired. *done false: it is live again, or gone. */
enum err meta_pack_delete_retired(
	struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct oid *id, bool *done) MUST;

/* Drops the row. */
enum err meta_pack_delete(struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct oid *id)
	MUST;

/* "<instance>/<repo-id>/pack/<hash>.<suffix>": the blob key, suffix "pack" or "idx". In c->arena.
 */
const char *meta_pack_key(struct ctx *c, const char *instance, int64_t repo_id,
	const struct oid *id, const char *suffix);
/* The suffix of a derived file, with the number that the row says: "5c0ffee.bitmap". In c->arena. */
const char *meta_pack_derived_suffix(struct ctx *c, uint64_t derived, const char *suffix);

/* How many there are of all repositories, and what they take: the packs of *out. */
enum err meta_pack_counts(struct ctx *c, struct db_tx *tx, struct instance_counts *out) MUST;

/* What repositories take, deleted ones too, in the order of their keys, which come after `after`. */
struct meta_storage_page {
	struct str after; /* empty: from the first */
	size_t limit;
};
struct meta_storage {
	struct str key;
	struct instance_storage repo;
};
enum err meta_pack_storage(struct ctx *c, struct db_tx *tx, const struct meta_storage_page *page,
	struct meta_storage **out, size_t *count) MUST;

#endif
