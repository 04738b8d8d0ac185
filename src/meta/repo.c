#include "meta/repo.h"

#include "base/buf.h"
#include "meta/actor.h"
#include "meta/instance.h"

#define COLUMNS                                                                                  \
	"repo.id, repo.name, repo.description, repo.visibility, repo.object_format, repo.head, " \
	"repo.version, repo.created, repo.pushed, repo.shed, repo.deleted, "                     \
	"repo.rules"
enum { COLUMN_COUNT = 12 };

static struct repo from_row(const struct db_value *row)
{
	return (struct repo){
		.id = row[0].integer,
		.name = row[1].text,
		.description = row[2].text,
		.visibility = row[3].integer ? VISIBILITY_PUBLIC : VISIBILITY_PRIVATE,
		.object_format = (enum hash_algo)row[4].integer,
		.head = row[5].text,
		.version = row[6].integer,
		.created = row[7].integer,
		.pushed = row[8].integer,
		.shed = row[9].integer,
		.deleted = row[10].integer,
		.rules = row[11].integer,
	};
}

/* The name as it is compared and ordered: its ASCII letters in lower case. */
static struct str key_of(struct ctx *c, struct str name)
{
	char *key = arena_raw(c->arena, name.len + 1);
	for (size_t i = 0; i < name.len; i++) {
		char byte = name.at[i];
		key[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
	}
	return str_from(key, name.len);
}

static enum err name_taken(struct ctx *c, enum err kind, struct str name)
{
	if (kind != ERR_EXISTS)
		return kind;
	return fail(c, ERR_EXISTS, "a repository named \"%.*s\" exists already", STR_FMT(name));
}

enum err meta_repo_create(struct ctx *c, struct db_tx *tx, struct repo *repo)
{
	static const char sql[] =
		"INSERT INTO repo (id, key, name, description, visibility, object_format, head, "
		"version, created, pushed) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, 0)";
	if (!repo->id)
		TRY(meta_instance_next_id(c, tx, STR("repo"), &repo->id));
	repo->created = db_now(tx);
	repo->version = 1;
	repo->pushed = 0;
	enum err kind = db_run(c, tx, sql,
		DB_ARGS(DB_I(repo->id), DB_T(key_of(c, repo->name)), DB_T(repo->name),
			DB_T(repo->description), DB_I(repo->visibility), DB_I(repo->object_format),
			DB_B(repo->head), DB_I(repo->created)),
		NULL);
	return name_taken(c, kind, repo->name);
}

enum err meta_repo_get_by_name(struct ctx *c, struct db_tx *tx, struct str name, struct repo *out)
{
	static const char sql[] = "SELECT " COLUMNS " FROM repo WHERE key = $1 AND deleted = 0";
	struct db_value row[COLUMN_COUNT];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_T(key_of(c, name))), row));
	*out = from_row(row);
	return OK;
}

/*
 * All that may be there is looked for in any case, and there is always one row: what is not there
 * takes as long. COALESCE, because NULL would be no key to look for. The time is known with the answer
 * only: so it tells until when something is granted, not whether it is.
 */
#define UNTIL "CASE expires WHEN 0 THEN 9223372036854775807 ELSE expires END"

/* The highest of what they were granted at `now`. `one`: the level and end of the permission on this
 * repository; `wide`: until when patterns let them read, write, administer. */
static enum err granted_at(struct ctx *c, int64_t now, const struct db_value *one,
	const struct db_value *wide, enum permission *out)
{
	int64_t level = one[0].integer;
	if (level < PERMISSION_NONE || level > PERMISSION_ADMIN)
		return fail(
			c, ERR_CORRUPT, "a permission in the database is %lld", (long long)level);
	if (one[1].integer && one[1].integer <= now)
		level = PERMISSION_NONE;
	for (int64_t higher = level + 1; higher <= PERMISSION_ADMIN; higher++)
		if (wide[higher - PERMISSION_READ].integer > now)
			level = higher;
	*out = (enum permission)level;
	return OK;
}

enum err meta_repo_find(struct ctx *c, struct db_tx *tx, struct str name, const struct actor *who,
	struct meta_repo_found *out)
{
	static const char sql[] =
		"SELECT " COLUMNS ", permission.level, permission.expires, "
		"wide.reads, wide.writes, wide.administers, " META_AUDIT_COLUMNS
		", " META_ACTOR_COLUMNS " FROM (SELECT MAX(" UNTIL ") AS reads, "
		"MAX(CASE WHEN level >= 2 THEN " UNTIL " END) AS writes, "
		"MAX(CASE WHEN level >= 3 THEN " UNTIL " END) AS administers "
		"FROM permission_pattern "
		"WHERE $1 LIKE fits ESCAPE '\\' AND account_id = $2) AS wide "
		"LEFT JOIN repo ON repo.key = $1 AND repo.deleted = 0 "
		"LEFT JOIN permission ON permission.repo_id = COALESCE(repo.id, 0) "
		"AND permission.account_id = $2 "
		"LEFT JOIN audit_chain ON audit_chain.chain = COALESCE(repo.id, -2) "
		"LEFT JOIN account ON account.id = $2 "
		"LEFT JOIN token ON token.id = $3 AND token.account_id = $2";
	enum {
		ONE = COLUMN_COUNT,
		WIDE = ONE + 2,
		AUDIT = WIDE + 3,
		ACTOR = AUDIT + META_AUDIT_COLUMN_COUNT,
		COUNT = ACTOR + META_ACTOR_COLUMN_COUNT
	};
	struct db_value row[COUNT];
	TRY(db_row(c, tx, sql,
		DB_ARGS(DB_T(key_of(c, name)), DB_I(who->user_id), DB_I(who->token_id)), row));
	*out = (struct meta_repo_found){.there = row[0].kind == DB_INT};
	if (out->there)
		out->repo = from_row(row);
	TRY(granted_at(c, db_now(tx), &row[ONE], &row[WIDE], &out->granted));
	out->audit = meta_audit_head(out->repo.id, &row[AUDIT]);
	out->stands = meta_actor_is(db_now(tx), who, &row[ACTOR]);
	return OK;
}

enum err meta_repo_get(struct ctx *c, struct db_tx *tx, int64_t id, struct repo *out)
{
	static const char sql[] = "SELECT " COLUMNS " FROM repo WHERE id = $1";
	struct db_value row[COLUMN_COUNT];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_I(id)), row));
	*out = from_row(row);
	return OK;
}

/* "%words%" for LIKE with '\' as its escape. */
static struct str like_pattern(struct ctx *c, struct str words)
{
	struct buf b = {.arena = c->arena};
	buf_byte(&b, '%');
	for (size_t i = 0; i < words.len; i++) {
		if (words.at[i] == '%' || words.at[i] == '_' || words.at[i] == '\\')
			buf_byte(&b, '\\');
		buf_byte(&b, words.at[i]);
	}
	buf_byte(&b, '%');
	return key_of(c, buf_view(&b));
}

/* All rows of a query into c->arena; *count: at most how many, then how many. */
static enum err take_rows(struct ctx *c, struct db_rows *rows, struct repo **out, size_t *count)
{
	size_t limit = *count;
	*out = NEW_ARRAY(c->arena, struct repo, limit);
	for (*count = 0; *count < limit; ++*count) {
		struct db_value row[COLUMN_COUNT];
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			return OK;
		(*out)[*count] = from_row(row);
	}
	return OK;
}

/* The end of a statement that lists: what it begins with has its words as its last argument. */
#define LISTED_BY_NAME(after, limit) " AND key > " after " ORDER BY key LIMIT " limit
#define LISTED_BY_PUSH(pushed, after, limit)                                                \
	" AND (pushed < " pushed " OR (pushed = " pushed " AND key > " after ")) ORDER BY " \
	"pushed DESC, key LIMIT " limit
#define HOLDS(words)                                                   \
	" AND (" words " = '%%' OR key LIKE " words " ESCAPE '\\' OR " \
	"lower(description) LIKE " words " ESCAPE '\\')"

/* What they may see, of whom `$1` says that it is all. */
#define LISTED                                                               \
	"SELECT " COLUMNS " FROM repo WHERE deleted = 0 "                    \
	"AND ($1 = 1 OR visibility = 1 OR EXISTS (SELECT 1 FROM permission " \
	"WHERE permission.repo_id = repo.id AND permission.account_id = $2 " \
	"AND (expires = 0 OR expires > $3)) "                                \
	"OR EXISTS (SELECT 1 FROM permission_pattern WHERE account_id = $2 " \
	"AND repo.key LIKE fits ESCAPE '\\' AND (expires = 0 OR expires > $3)))" HOLDS("$4")

/* A statement that lists, and the arguments that both its forms begin with. */
struct listed {
	const char *by_name, *by_push;
	struct db_value args[7];
	size_t count;
};

static enum err query_listed(struct ctx *c, struct db_tx *tx, struct listed *l,
	const struct meta_repo_page *page, struct db_rows **rows)
{
	if (page->by_push)
		l->args[l->count++] = DB_I(page->pushed);
	l->args[l->count++] = DB_T(key_of(c, page->after));
	l->args[l->count++] = DB_I((int64_t)page->limit);
	return db_query(c, tx, page->by_push ? l->by_push : l->by_name, l->args, l->count, rows);
}

enum err meta_repo_list(struct ctx *c, struct db_tx *tx, const struct meta_repo_page *page,
	struct repo **out, size_t *count)
{
	bool all = !page->who || page->who->owner;
	int64_t user_id = page->who ? page->who->user_id : 0;
	int64_t now = user_id ? db_now(tx) : 0; /* nothing was granted to nobody */
	DB_ROWS *rows = NULL;
	struct listed listed = {
		.by_name = LISTED LISTED_BY_NAME("$5", "$6"),
		.by_push = LISTED LISTED_BY_PUSH("$5", "$6", "$7"),
		.args = {DB_I(all), DB_I(user_id), DB_I(now), DB_T(like_pattern(c, page->words))},
		.count = 4,
	};
	TRY(query_listed(c, tx, &listed, page, &rows));
	*count = page->limit;
	return take_rows(c, rows, out, count);
}

#define GRANTED(table, on)                                                         \
	"COALESCE((SELECT MAX(level) FROM " table " WHERE account_id = $1 AND " on \
	" AND (expires = 0 OR expires > $2)), 0)"

#define ALL_GRANTED                                                                         \
	"SELECT " COLUMNS ", " GRANTED("permission", "repo_id = repo.id") ", " GRANTED(     \
		"permission_pattern", "repo.key LIKE fits ESCAPE '\\'") " FROM repo WHERE " \
									"deleted = 0" HOLDS("$3")

/* A level that no grant has is the lower one. */
static enum permission higher_of(const struct db_value *one, const struct db_value *wide)
{
	int64_t level = one->integer > wide->integer ? one->integer : wide->integer;
	return level > PERMISSION_ADMIN ? PERMISSION_NONE : (enum permission)level;
}

enum err meta_repo_list_granted(struct ctx *c, struct db_tx *tx, const struct meta_repo_page *page,
	struct meta_repo_granted **out, size_t *count)
{
	int64_t now = page->who->user_id ? db_now(tx) : 0; /* nothing was granted to nobody */
	DB_ROWS *rows = NULL;
	struct listed listed = {
		.by_name = ALL_GRANTED LISTED_BY_NAME("$4", "$5"),
		.by_push = ALL_GRANTED LISTED_BY_PUSH("$4", "$5", "$6"),
		.args = {DB_I(page->who->user_id), DB_I(now), DB_T(like_pattern(c, page->words))},
		.count = 3,
	};
	TRY(query_listed(c, tx, &listed, page, &rows));
	*out = NEW_ARRAY(c->arena, struct meta_repo_granted, page->limit);
	for (*count = 0; *count < page->limit; ++*count) {
		struct db_value row[COLUMN_COUNT + 2];
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			return OK;
		(*out)[*count] = (struct meta_repo_granted){
			from_row(row), higher_of(&row[COLUMN_COUNT], &row[COLUMN_COUNT + 1])};
	}
	return OK;
}

enum err meta_repo_every(
	struct ctx *c, struct db_tx *tx, int64_t after, struct repo **out, size_t *count)
{
	static const char sql[] = "SELECT " COLUMNS " FROM repo WHERE id > $1 ORDER BY id LIMIT $2";
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(after), DB_I((int64_t)*count)), &rows));
	return take_rows(c, rows, out, count);
}

enum err meta_repo_deleted(struct ctx *c, struct db_tx *tx, const struct meta_repo_gone *page,
	struct repo **out, size_t *count)
{
	static const char sql[] = "SELECT " COLUMNS " FROM repo WHERE deleted > 0 "
				  "AND (deleted < $1 OR (deleted = $1 AND id < $2)) "
				  "ORDER BY deleted DESC, id DESC LIMIT $3";
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(page->before), DB_I(page->id), DB_I((int64_t)*count)),
		&rows));
	return take_rows(c, rows, out, count);
}

/* A key that no name has. */
static struct str key_of_deleted(struct ctx *c, int64_t id)
{
	return str_of(arena_fmt(c->arena, "/%lld", (long long)id));
}

enum err meta_repo_set_deleted(struct ctx *c, struct db_tx *tx, int64_t id, int64_t seconds)
{
	static const char sql[] = "UPDATE repo SET key = $1, deleted = $2 WHERE id = $3";
	return db_run(
		c, tx, sql, DB_ARGS(DB_T(key_of_deleted(c, id)), DB_I(seconds), DB_I(id)), NULL);
}

enum err meta_repo_set_restored(struct ctx *c, struct db_tx *tx, int64_t id, struct str name)
{
	static const char sql[] = "UPDATE repo SET key = $1, name = $2, deleted = 0 WHERE id = $3";
	enum err kind =
		db_run(c, tx, sql, DB_ARGS(DB_T(key_of(c, name)), DB_T(name), DB_I(id)), NULL);
	return name_taken(c, kind, name);
}

enum err meta_repo_update(struct ctx *c, struct db_tx *tx, const struct repo *repo)
{
	static const char sql[] = "UPDATE repo SET key = $1, name = $2, description = $3, "
				  "visibility = $4 WHERE id = $5";
	enum err kind = db_run(c, tx, sql,
		DB_ARGS(DB_T(key_of(c, repo->name)), DB_T(repo->name), DB_T(repo->description),
			DB_I(repo->visibility), DB_I(repo->id)),
		NULL);
	return name_taken(c, kind, repo->name);
}

enum err meta_repo_set_head(struct ctx *c, struct db_tx *tx, int64_t id, struct str head)
{
	static const char sql[] = "UPDATE repo SET head = $1 WHERE id = $2";
	return db_change(c, tx, sql, DB_ARGS(DB_B(head), DB_I(id)));
}

enum err meta_repo_bump_version(struct ctx *c, struct db_tx *tx, int64_t id, int64_t *version)
{
	static const char sql[] =
		"UPDATE repo SET version = version + 1 WHERE id = $1 RETURNING version";
	struct db_value row[1];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_I(id)), row));
	*version = row[0].integer;
	return OK;
}

enum err meta_repo_set_pushed(struct ctx *c, struct db_tx *tx, int64_t id, int64_t seconds)
{
	static const char sql[] = "UPDATE repo SET pushed = $1 WHERE id = $2";
	return db_change(c, tx, sql, DB_ARGS(DB_I(seconds), DB_I(id)));
}

enum err meta_repo_delete(struct ctx *c, struct db_tx *tx, int64_t id)
{
	static const char sql[] = "DELETE FROM repo WHERE id = $1";
	return db_run(c, tx, sql, DB_ARGS(DB_I(id)), NULL);
}

enum err meta_repo_set_shed(struct ctx *c, struct db_tx *tx, int64_t id, int64_t version)
{
	static const char sql[] = "UPDATE repo SET shed = $1 WHERE id = $2";
	return db_change(c, tx, sql, DB_ARGS(DB_I(version), DB_I(id)));
}

enum err meta_repo_pushed_since(struct ctx *c, struct db_tx *tx, int64_t since, int64_t after,
	struct repo **out, size_t *count)
{
	static const char sql[] = "SELECT " COLUMNS " FROM repo WHERE pushed >= $1 AND id > $2 "
				  "AND deleted = 0 ORDER BY id LIMIT $3";
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(since), DB_I(after), DB_I((int64_t)*count)), &rows));
	return take_rows(c, rows, out, count);
}
