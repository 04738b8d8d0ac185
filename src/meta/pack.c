#include "meta/pack.h"

#include "base/buf.h"
#include "base/vec.h"

const struct pack_derived_file META_PACK_DERIVED[PACK_DERIVED_FILES] = {
	{PACK_BITMAP, PACK_BITMAP_SUFFIX},
	{PACK_COMMIT_GRAPH, PACK_COMMIT_GRAPH_SUFFIX},
	{PACK_MIDX, PACK_MIDX_SUFFIX},
};

#define COLUMNS "hash, bytes, objects, kind, state, created, in_row, derived, retired"
enum { COLUMN_COUNT = 9 };

static struct db_value hash_of(const struct oid *id)
{
	return DB_B(str_from(id->hash, hash_size((enum hash_algo)id->algo)));
}

enum err meta_pack_add(struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct pack_row *row,
	const struct pack_bytes *bytes)
{
	static const char sql[] = "INSERT INTO pack (repo_id, hash, bytes, objects, kind, state, "
				  "created, in_row, data, "
				  "idx, derived) "
				  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) "
				  "ON CONFLICT (repo_id, hash) DO UPDATE SET state = 1, "
				  "retired = 0, in_row = excluded.in_row, data = excluded.data, "
				  "idx = excluded.idx";
	struct db_value data = bytes ? DB_B(bytes->pack) : DB_N();
	struct db_value idx = bytes ? DB_B(bytes->idx) : DB_N();
	return db_change(c, tx, sql,
		DB_ARGS(DB_I(repo_id), hash_of(&row->id), DB_I((int64_t)row->bytes),
			DB_I(row->objects), DB_I(row->kind), DB_I(row->state), DB_I(row->created),
			DB_I(bytes != NULL), data, idx, DB_I((int64_t)row->derived)));
}

static enum err row_of(
	struct ctx *c, enum hash_algo algo, const struct db_value *row, struct pack_row *out)
{
	if (row[0].text.len != hash_size(algo))
		return fail(c, ERR_CORRUPT, "a pack in the database has a name of %zu bytes",
			row[0].text.len);
	*out = (struct pack_row){
		.id = oid_from_bytes(algo, row[0].text.at),
		.bytes = (uint64_t)row[1].integer,
		.objects = (uint32_t)row[2].integer,
		.kind = (enum pack_kind)row[3].integer,
		.state = (enum pack_state)row[4].integer,
		.created = row[5].integer,
		.in_row = row[6].integer != 0,
		.derived = (uint64_t)row[7].integer,
		.retired = row[8].integer,
	};
	return OK;
}

enum err meta_pack_list(struct ctx *c, struct db_tx *tx, const struct repo *repo,
	enum pack_state state, struct pack_row **out, size_t *count)
{
	static const char sql[] = "SELECT " COLUMNS " FROM pack "
				  "WHERE repo_id = $1 AND state = $2 ORDER BY created DESC, hash";
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(repo->id), DB_I(state)), &rows));
	VEC_OF(struct pack_row) list = {.arena = c->arena};
	for (;;) {
		struct db_value row[COLUMN_COUNT];
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			break;
		TRY(row_of(c, repo->object_format, row, vec_push(&list)));
	}
	*out = list.at;
	*count = list.len;
	return OK;
}

enum err meta_pack_read(struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct oid *id,
	struct pack_bytes *out)
{
	static const char sql[] =
		"SELECT data, idx FROM pack WHERE repo_id = $1 AND hash = $2 AND in_row = 1";
	struct db_value row[2];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_I(repo_id), hash_of(id)), row));
	*out = (struct pack_bytes){row[0].text, row[1].text};
	return OK;
}

enum err meta_pack_retire(struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct oid *id,
	int64_t time, bool *done)
{
	static const char sql[] = "UPDATE pack SET state = 2, retired = $1 "
				  "WHERE repo_id = $2 AND hash = $3 AND state = 1";
	int64_t changed = 0;
	TRY(db_run(c, tx, sql, DB_ARGS(DB_I(time), DB_I(repo_id), hash_of(id)), &changed));
	*done = changed == 1;
	return OK;
}

enum err meta_pack_set_made(
	struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct pack_row *row)
{
	static const char sql[] = "UPDATE pack SET kind = $1, created = $2, derived = $3 "
				  "WHERE repo_id = $4 AND hash = $5";
	return db_change(c, tx, sql,
		DB_ARGS(DB_I(row->kind), DB_I(row->created), DB_I((int64_t)row->derived),
			DB_I(repo_id), hash_of(&row->id)));
}

enum err meta_pack_files(
	struct ctx *c, struct db_tx *tx, int64_t repo_id, struct str hash, struct pack_files *out)
{
	static const char sql[] =
		"SELECT in_row, derived FROM pack WHERE repo_id = $1 AND hash = $2";
	struct db_value row[2];
	*out = (struct pack_files){0};
	enum err err = db_row(c, tx, sql, DB_ARGS(DB_I(repo_id), DB_B(hash)), row);
	if (err == ERR_NOT_FOUND) {
		ctx_clear(c);
		return OK;
	}
	if (!err)
		*out = (struct pack_files){row[0].integer == 0, (uint64_t)row[1].integer};
	return err;
}

enum err meta_pack_past(
	struct ctx *c, struct db_tx *tx, int64_t time, struct pack_past **out, size_t *count)
{
	static const char sql[] =
		"SELECT " COLUMNS ", repo_id FROM pack WHERE state = 2 AND retired < $1 "
		"ORDER BY retired LIMIT $2";
	DB_ROWS *rows = NULL;
	size_t limit = *count;
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(time), DB_I((int64_t)limit)), &rows));
	*out = NEW_ARRAY(c->arena, struct pack_past, limit);
	for (*count = 0; *count < limit; ++*count) {
		struct db_value row[COLUMN_COUNT + 1];
		struct pack_past *to = &(*out)[*count];
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			return OK;
		to->algo = row[0].text.len == hash_size(HASH_SHA256) ? HASH_SHA256 : HASH_SHA1;
		to->repo_id = row[COLUMN_COUNT].integer;
		TRY(row_of(c, to->algo, row, &to->row));
	}
	return OK;
}

enum err meta_pack_delete(struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct oid *id)
{
	static const char sql[] = "DELETE FROM pack WHERE repo_id = $1 AND hash = $2";
	return db_run(c, tx, sql, DB_ARGS(DB_I(repo_id), hash_of(id)), NULL);
}

enum err meta_pack_delete_retired(
	struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct oid *id, bool *done)
{
	static const char sql[] = "DELETE FROM pack WHERE repo_id = $1 AND hash = $2 AND state = 2";
	int64_t changed = 0;
	TRY(db_run(c, tx, sql, DB_ARGS(DB_I(repo_id), hash_of(id)), &changed));
	*done = changed == 1;
	return OK;
}

const char *meta_pack_key(struct ctx *c, const char *instance, int64_t repo_id,
	const struct oid *id, const char *suffix)
{
	char hex[OID_HEX_MAX];
	return arena_fmt(c->arena, "%s/%lld/pack/%s.%s", instance, (long long)repo_id,
		oid_hex(id, hex), suffix);
}

const char *meta_pack_derived_suffix(struct ctx *c, uint64_t derived, const char *suffix)
{
	return arena_fmt(
		c->arena, "%llx.%s", (unsigned long long)(derived >> PACK_DERIVED_NUMBER), suffix);
}

#define SUM(what, state) \
	"CAST(coalesce(sum(CASE WHEN state = " state " THEN " what " END), 0) AS BIGINT)"
#define SUMS SUM("1", "1") ", " SUM("bytes", "1") ", " SUM("1", "2") ", " SUM("bytes", "2")
_Static_assert(PACK_LIVE == 1 && PACK_RETIRED == 2, "SUMS names both");

enum err meta_pack_counts(struct ctx *c, struct db_tx *tx, struct instance_counts *out)
{
	struct db_value row[4];
	TRY(db_row(c, tx, "SELECT " SUMS " FROM pack", DB_NO_ARGS, row));
	out->packs = row[0].integer;
	out->bytes = (uint64_t)row[1].integer;
	out->retired_packs = row[2].integer;
	out->retired_bytes = (uint64_t)row[3].integer;
	return OK;
}

enum err meta_pack_storage(struct ctx *c, struct db_tx *tx, const struct meta_storage_page *page,
	struct meta_storage **out, size_t *count)
{
	static const char sql[] =
		"SELECT id, key, name, deleted, " SUMS " FROM "
		"(SELECT id, key, name, deleted FROM repo WHERE key > $1 ORDER BY key LIMIT $2) "
		"AS page LEFT JOIN pack ON pack.repo_id = page.id "
		"GROUP BY id, key, name, deleted ORDER BY key";
	DB_ROWS *rows = NULL;
	VEC_OF(struct meta_storage) list = {.arena = c->arena};
	TRY(db_query(c, tx, sql, DB_ARGS(DB_T(page->after), DB_I((int64_t)page->limit)), &rows));
	for (;;) {
		struct db_value row[8];
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			break;
		*vec_push(&list) = (struct meta_storage){
			.key = row[1].text,
			.repo = {.id = row[0].integer,
				.name = row[2].text,
				.deleted = row[3].integer != 0,
				.packs = row[4].integer,
				.bytes = (uint64_t)row[5].integer,
				.retired_packs = row[6].integer,
				.retired_bytes = (uint64_t)row[7].integer},
		};
	}
	*out = list.at;
	*count = list.len;
	return OK;
}
