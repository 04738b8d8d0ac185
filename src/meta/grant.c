#include "meta/grant.h"

#include "base/vec.h"
#include "meta/instance.h"
#include "model/pattern.h"

#define COLUMNS                                                                         \
	"permission_pattern.id, account_id, account.username, source, pattern, level, " \
	"permission_pattern.expires"
enum { COLUMN_COUNT = 7 };

static struct grant from_row(const struct db_value *row)
{
	return (struct grant){
		.id = row[0].integer,
		.user_id = row[1].integer,
		.username = row[2].text,
		.source = row[3].text,
		.pattern = row[4].text,
		.level = (enum permission)row[5].integer,
		.expires = row[6].integer,
	};
}

enum err meta_grant_put(struct ctx *c, struct db_tx *tx, struct grant *grant)
{
	static const char sql[] =
		"INSERT INTO permission_pattern "
		"(id, account_id, source, pattern, fits, level, expires) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account_id, source, pattern) "
		"DO UPDATE SET level = excluded.level, expires = excluded.expires RETURNING id";
	struct str fits;
	struct db_value row[1];
	TRY(pattern_repo_like(c, grant->pattern, &fits));
	TRY(meta_instance_next_id(c, tx, STR("grant"), &grant->id));
	TRY(db_row(c, tx, sql,
		DB_ARGS(DB_I(grant->id), DB_I(grant->user_id), DB_T(grant->source),
			DB_T(grant->pattern), DB_T(fits), DB_I(grant->level), DB_I(grant->expires)),
		row));
	grant->id = row[0].integer;
	return OK;
}

enum err meta_grant_delete(struct ctx *c, struct db_tx *tx, int64_t id, struct grant *out)
{
	static const char find[] = "SELECT " COLUMNS " FROM permission_pattern "
				   "JOIN account ON account.id = account_id "
				   "WHERE permission_pattern.id = $1";
	static const char sql[] = "DELETE FROM permission_pattern WHERE id = $1";
	struct db_value row[COLUMN_COUNT];
	enum err kind = db_row(c, tx, find, DB_ARGS(DB_I(id)), row);
	if (kind == ERR_NOT_FOUND)
		return fail(c, kind, "there is no grant %lld", (long long)id);
	TRY(kind);
	*out = from_row(row);
	return db_run(c, tx, sql, DB_ARGS(DB_I(id)), NULL);
}

static enum err read_rows(struct ctx *c, struct db_rows *rows, struct grant **out, size_t *count)
{
	VEC_OF(struct grant) list = {.arena = c->arena};
	for (bool more = true; more;) {
		struct db_value row[COLUMN_COUNT];
		TRY(db_next(c, rows, row, &more));
		if (more)
			*vec_push(&list) = from_row(row);
	}
	*out = list.at;
	*count = list.len;
	return OK;
}

enum err meta_grant_list(struct ctx *c, struct db_tx *tx, struct grant **out, size_t *count)
{
	static const char sql[] = "SELECT " COLUMNS " FROM permission_pattern "
				  "JOIN account ON account.id = account_id "
				  "ORDER BY account.username, pattern, source";
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql, DB_NO_ARGS, &rows));
	return read_rows(c, rows, out, count);
}

enum err meta_grant_list_of(struct ctx *c, struct db_tx *tx, int64_t user_id, struct str source,
	struct grant **out, size_t *count)
{
	static const char sql[] = "SELECT " COLUMNS " FROM permission_pattern "
				  "JOIN account ON account.id = account_id "
				  "WHERE account_id = $1 AND source = $2 ORDER BY pattern";
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(user_id), DB_T(source)), &rows));
	return read_rows(c, rows, out, count);
}
