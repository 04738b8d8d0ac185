#include "meta/ref.h"

#include "base/buf.h"
#include "meta/hashed.h"

static struct str bytes_of(const struct oid *id)
{
	return str_from(id->hash, hash_size((enum hash_algo)id->algo));
}

static enum err oid_from_value(
	struct ctx *c, enum hash_algo algo, const struct db_value *value, struct oid *out)
{
	*out = (struct oid){0};
	if (value->kind == DB_NULL)
		return OK;
	if (value->text.len != hash_size(algo))
		return fail(c, ERR_CORRUPT, "an object id in the database has %zu bytes",
			value->text.len);
	*out = oid_from_bytes(algo, value->text.at);
	return OK;
}

static enum err ref_from_row(
	struct ctx *c, enum hash_algo algo, const struct db_value *row, struct ref *out)
{
	out->name = row[0].text;
	TRY(oid_from_value(c, algo, &row[1], &out->id));
	return oid_from_value(c, algo, &row[2], &out->peeled);
}

/* One row at a time: what is in it goes before the next, and before the block ends. */
#define SCRATCH __attribute__((cleanup(arena_done))) struct arena

enum err meta_ref_count(struct ctx *c, struct db_tx *tx, int64_t repo_id, size_t *count)
{
	static const char sql[] = "SELECT count(*) FROM ref WHERE repo_id = $1";
	struct db_value row[1];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_I(repo_id)), row));
	*count = (size_t)row[0].integer;
	return OK;
}

static enum err visit_refs(struct ctx *c, struct db_rows *rows, const struct repo *repo,
	meta_ref_visit *visit, void *arg)
{
	SCRATCH scratch;
	arena_init(&scratch);
	for (;;) {
		struct arena_mark mark = arena_mark(&scratch);
		struct db_value row[3];
		struct ref ref;
		bool more;
		TRY(db_next_in(c, rows, &scratch, row, &more));
		if (!more)
			return OK;
		TRY(ref_from_row(c, repo->object_format, row, &ref));
		TRY(visit(c, arg, &ref));
		arena_rewind(&scratch, mark);
	}
}

enum err meta_ref_list(
	struct ctx *c, struct db_tx *tx, const struct repo *repo, meta_ref_visit *visit, void *arg)
{
	static const char sql[] =
		"SELECT name, oid, peeled FROM ref WHERE repo_id = $1 ORDER BY name";
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(repo->id)), &rows));
	return visit_refs(c, rows, repo, visit, arg);
}

enum err meta_ref_changed(struct ctx *c, struct db_tx *tx, const struct repo *repo, int64_t version,
	meta_ref_visit *visit, void *arg)
{
	static const char sql[] =
		"SELECT changed.name, ref.oid, ref.peeled FROM "
		"(SELECT DISTINCT name FROM ref_log WHERE repo_id = $1 AND version > $2) changed "
		"LEFT JOIN ref ON ref.repo_id = $1 AND ref.name = changed.name "
		"ORDER BY changed.name";
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(repo->id), DB_I(version)), &rows));
	return visit_refs(c, rows, repo, visit, arg);
}

enum err meta_ref_get(
	struct ctx *c, struct db_tx *tx, const struct repo *repo, struct str name, struct ref *out)
{
	static const char sql[] =
		"SELECT name, oid, peeled FROM ref WHERE repo_id = $1 AND name = $2";
	struct db_value row[3];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_I(repo->id), DB_B(name)), row));
	return ref_from_row(c, repo->object_format, row, out);
}

static struct db_value bytes_or_null(const struct oid *id)
{
	return id->algo ? DB_B(bytes_of(id)) : DB_N();
}

static enum err ref_insert(
	struct ctx *c, struct db_tx *tx, const struct repo *repo, const struct ref_change *change)
{
	static const char sql[] = "INSERT INTO ref (repo_id, name, oid, peeled) "
				  "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
	return db_change(c, tx, sql,
		DB_ARGS(DB_I(repo->id), DB_B(change->name), DB_B(bytes_of(&change->new)),
			bytes_or_null(&change->peeled)));
}

static enum err ref_update(
	struct ctx *c, struct db_tx *tx, const struct repo *repo, const struct ref_change *change)
{
	static const char sql[] = "UPDATE ref SET oid = $1, peeled = $2 "
				  "WHERE repo_id = $3 AND name = $4 AND oid = $5";
	return db_change(c, tx, sql,
		DB_ARGS(DB_B(bytes_of(&change->new)), bytes_or_null(&change->peeled),
			DB_I(repo->id), DB_B(change->name), DB_B(bytes_of(&change->old))));
}

static enum err ref_delete(
	struct ctx *c, struct db_tx *tx, const struct repo *repo, const struct ref_change *change)
{
	static const char sql[] = "DELETE FROM ref WHERE repo_id = $1 AND name = $2 AND oid = $3";
	return db_change(c, tx, sql,
		DB_ARGS(DB_I(repo->id), DB_B(change->name), DB_B(bytes_of(&change->old))));
}

enum err meta_ref_swap(
	struct ctx *c, struct db_tx *tx, const struct repo *repo, const struct ref_change *change)
{
	ASSERT(change->old.algo == repo->object_format && change->new.algo == repo->object_format);
	bool create = oid_is_zero(&change->old), delete = oid_is_zero(&change->new);
	ASSERT(!(create && delete));
	if (create)
		return ref_insert(c, tx, repo, change);
	return delete ? ref_delete(c, tx, repo, change) : ref_update(c, tx, repo, change);
}

enum err meta_ref_log_add(
	struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct ref_log *entry)
{
	static const char sql[] =
		"INSERT INTO ref_log (repo_id, version, name, old, new, forced, account_id, "
		"username, time, request) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
	const struct ref_change *change = &entry->change;
	return db_change(c, tx, sql,
		DB_ARGS(DB_I(repo_id), DB_I(entry->version), DB_B(change->name),
			DB_B(bytes_of(&change->old)), DB_B(bytes_of(&change->new)),
			DB_I(entry->forced), DB_I(entry->user_id), DB_T(entry->username),
			DB_I(entry->time), DB_T(entry->request)));
}

void meta_ref_log_hash(struct hash *h, const struct ref_log *entry)
{
	const struct ref_change *change = &entry->change;
	hash_number(h, entry->version);
	hash_text(h, change->name);
	hash_text(h, bytes_of(&change->old));
	hash_text(h, bytes_of(&change->new));
	hash_number(h, entry->forced);
	hash_number(h, entry->user_id);
	hash_text(h, entry->username);
	hash_number(h, entry->time);
	hash_text(h, entry->request);
}

static enum err log_from_row(
	struct ctx *c, enum hash_algo algo, const struct db_value *row, struct ref_log *out)
{
	*out = (struct ref_log){
		.version = row[0].integer,
		.change.name = row[1].text,
		.forced = row[4].integer != 0,
		.user_id = row[5].integer,
		.username = row[6].text,
		.time = row[7].integer,
		.request = row[8].text,
	};
	TRY(oid_from_value(c, algo, &row[2], &out->change.old));
	return oid_from_value(c, algo, &row[3], &out->change.new);
}

static enum err visit_log(struct ctx *c, struct db_rows *rows, const struct repo *repo,
	meta_ref_log_visit *visit, void *arg)
{
	SCRATCH scratch;
	arena_init(&scratch);
	for (;;) {
		struct arena_mark mark = arena_mark(&scratch);
		struct db_value row[9];
		struct ref_log entry;
		bool more;
		TRY(db_next_in(c, rows, &scratch, row, &more));
		if (!more)
			return OK;
		TRY(log_from_row(c, repo->object_format, row, &entry));
		TRY(visit(c, arg, &entry));
		arena_rewind(&scratch, mark);
	}
}

#define LOG_COLUMNS "version, name, old, new, forced, account_id, username, time, request"

enum err meta_ref_log_since(struct ctx *c, struct db_tx *tx, const struct repo *repo,
	const struct meta_ref_log_page *page, meta_ref_log_visit *visit, void *arg)
{
	static const char sql[] = "SELECT " LOG_COLUMNS " FROM ref_log WHERE repo_id = $1 "
				  "AND version > $2 ORDER BY version, name LIMIT $3";
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql,
		DB_ARGS(DB_I(repo->id), DB_I(page->version), DB_I((int64_t)page->limit)), &rows));
	return visit_log(c, rows, repo, visit, arg);
}

enum err meta_ref_log_of(struct ctx *c, struct db_tx *tx, const struct repo *repo, int64_t version,
	meta_ref_log_visit *visit, void *arg)
{
	static const char sql[] = "SELECT " LOG_COLUMNS " FROM ref_log WHERE repo_id = $1 "
				  "AND version = $2 ORDER BY name";
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(repo->id), DB_I(version)), &rows));
	return visit_log(c, rows, repo, visit, arg);
}

enum err meta_ref_log_versions(struct ctx *c, struct db_tx *tx, int64_t repo_id, int64_t *versions)
{
	static const char sql[] = "SELECT count(DISTINCT version) FROM ref_log WHERE repo_id = $1";
	struct db_value row[1];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_I(repo_id)), row));
	*versions = row[0].integer;
	return OK;
}

/* Of all refs but the server's own: '0' is the byte after the '/' that REF_HIDDEN ends with. */
#define LOG_BACK                                                                    \
	"SELECT " LOG_COLUMNS " FROM ref_log WHERE repo_id = $1 AND version <= $2 " \
	"AND (version < $2 OR name < $3) AND (name < $4 OR name >= $5) "
#define LOG_BACK_ORDER "ORDER BY version DESC, name DESC LIMIT "

static enum err query_back(struct ctx *c, struct db_tx *tx, const struct repo *repo,
	const struct meta_ref_log_back *page, struct db_rows **rows)
{
	static const char all[] = LOG_BACK LOG_BACK_ORDER "$6";
	struct str hidden = STR(REF_HIDDEN);
	struct str after = str_of(arena_fmt(c->arena, "%.*s0", (int)hidden.len - 1, hidden.at));
	return db_query(c, tx, all,
		DB_ARGS(DB_I(repo->id), DB_I(page->version), DB_B(page->before), DB_B(hidden),
			DB_B(after), DB_I((int64_t)page->limit)),
		rows);
}

static enum err query_gone(struct ctx *c, struct db_tx *tx, const struct repo *repo,
	const struct meta_ref_log_back *page, struct db_rows **rows)
{
	static const char gone[] = LOG_BACK
		"AND new = $6 AND NOT EXISTS (SELECT 1 FROM ref_log later WHERE later.repo_id = $1 "
		"AND later.name = ref_log.name AND later.version > ref_log.version) " LOG_BACK_ORDER
		"$7";
	struct str hidden = STR(REF_HIDDEN);
	struct str after = str_of(arena_fmt(c->arena, "%.*s0", (int)hidden.len - 1, hidden.at));
	/* What is bound lives as long as the rows do. */
	struct oid *none = NEW(c->arena, struct oid);
	*none = oid_zero(repo->object_format);
	return db_query(c, tx, gone,
		DB_ARGS(DB_I(repo->id), DB_I(page->version), DB_B(page->before), DB_B(hidden),
			DB_B(after), DB_B(bytes_of(none)), DB_I((int64_t)page->limit)),
		rows);
}

static enum err query_back_of(struct ctx *c, struct db_tx *tx, const struct repo *repo,
	const struct meta_ref_log_back *page, struct db_rows **rows)
{
	static const char sql[] = "SELECT " LOG_COLUMNS " FROM ref_log WHERE repo_id = $1 "
				  "AND name = $2 AND version < $3 ORDER BY version DESC LIMIT $4";
	return db_query(c, tx, sql,
		DB_ARGS(DB_I(repo->id), DB_B(page->ref), DB_I(page->version),
			DB_I((int64_t)page->limit)),
		rows);
}

enum err meta_ref_log_back(struct ctx *c, struct db_tx *tx, const struct repo *repo,
	const struct meta_ref_log_back *page, meta_ref_log_visit *visit, void *arg)
{
	DB_ROWS *rows = NULL;
	if (page->gone)
		TRY(query_gone(c, tx, repo, page, &rows));
	else
		TRY(page->ref.len ? query_back_of(c, tx, repo, page, &rows)
				  : query_back(c, tx, repo, page, &rows));
	return visit_log(c, rows, repo, visit, arg);
}

/* One change of a ref, by a statement that finds it by a number. */
static enum err log_entry(struct ctx *c, struct db_tx *tx, const struct repo *repo, const char *sql,
	const struct db_value by[2], struct ref_log *out)
{
	struct db_value row[9];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_I(repo->id), by[0], by[1]), row));
	return log_from_row(c, repo->object_format, row, out);
}

enum err meta_ref_log_get(struct ctx *c, struct db_tx *tx, const struct repo *repo, struct str name,
	int64_t version, struct ref_log *out)
{
	static const char sql[] = "SELECT " LOG_COLUMNS " FROM ref_log WHERE repo_id = $1 "
				  "AND name = $2 AND version = $3";
	const struct db_value by[] = {DB_B(name), DB_I(version)};
	return log_entry(c, tx, repo, sql, by, out);
}

enum err meta_ref_log_at(struct ctx *c, struct db_tx *tx, const struct repo *repo, struct str name,
	int64_t time, struct ref_log *out)
{
	static const char sql[] = "SELECT " LOG_COLUMNS " FROM ref_log WHERE repo_id = $1 "
				  "AND name = $2 AND time <= $3 ORDER BY version DESC LIMIT 1";
	const struct db_value by[] = {DB_B(name), DB_I(time)};
	return log_entry(c, tx, repo, sql, by, out);
}

enum err meta_ref_log_ids(struct ctx *c, struct db_tx *tx, const struct repo *repo, int64_t time,
	meta_ref_id_visit *visit, void *arg)
{
	static const char sql[] = "SELECT old, new FROM ref_log WHERE repo_id = $1 AND time >= $2";
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(repo->id), DB_I(time)), &rows));
	SCRATCH scratch;
	arena_init(&scratch);
	for (;;) {
		struct arena_mark mark = arena_mark(&scratch);
		struct db_value row[2];
		bool more;
		TRY(db_next_in(c, rows, &scratch, row, &more));
		if (!more)
			return OK;
		for (size_t i = 0; i < 2; i++) {
			struct oid id;
			TRY(oid_from_value(c, repo->object_format, &row[i], &id));
			if (!oid_is_zero(&id))
				TRY(visit(c, arg, &id));
		}
		arena_rewind(&scratch, mark);
	}
}
