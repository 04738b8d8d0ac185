#include "meta/invitation.h"

#include "base/vec.h"
#include "meta/instance.h"

#define COLUMNS "id, username, created, expires"
enum { COLUMN_COUNT = 4 };

static struct invitation from_row(const struct db_value *row)
{
	return (struct invitation){
		.id = row[0].integer,
		.username = row[1].text,
		.created = row[2].integer,
		.expires = row[3].integer,
	};
}

enum err meta_invitation_add(struct ctx *c, struct db_tx *tx, struct invitation *invitation,
	struct str hash, int64_t seconds)
{
	static const char tidy[] = "DELETE FROM invitation WHERE expires <= $1";
	static const char sql[] = "INSERT INTO invitation (id, hash, username, created, expires) "
				  "VALUES ($1, $2, $3, $4, $5)";
	static const char grant[] = "INSERT INTO invitation_grant (invitation_id, repo_id, level) "
				    "VALUES ($1, $2, $3)";
	invitation->created = db_now(tx);
	invitation->expires = invitation->created + seconds;
	TRY(db_run(c, tx, tidy, DB_ARGS(DB_I(invitation->created)), NULL));
	TRY(meta_instance_next_id(c, tx, STR("invitation"), &invitation->id));
	TRY(db_run(c, tx, sql,
		DB_ARGS(DB_I(invitation->id), DB_B(hash), DB_T(invitation->username),
			DB_I(invitation->created), DB_I(invitation->expires)),
		NULL));
	for (size_t i = 0; i < invitation->grant_count; i++) {
		const struct invitation_grant *g = &invitation->grants[i];
		enum err kind = db_run(c, tx, grant,
			DB_ARGS(DB_I(invitation->id), DB_I(g->repo_id), DB_I(g->level)), NULL);
		if (kind == ERR_EXISTS)
			return fail(c, ERR_INVALID, "\"%.*s\" is given twice", STR_FMT(g->repo));
		TRY(kind);
	}
	return OK;
}

static enum err load_grants(struct ctx *c, struct db_tx *tx, struct invitation *invitation)
{
	static const char sql[] =
		"SELECT repo.id, CASE WHEN repo.deleted > 0 THEN '' ELSE repo.name END, level "
		"FROM invitation_grant JOIN repo ON repo.id = repo_id "
		"WHERE invitation_id = $1 ORDER BY repo.name";
	DB_ROWS *rows = NULL;
	VEC_OF(struct invitation_grant) list = {.arena = c->arena};
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(invitation->id)), &rows));
	for (;;) {
		struct db_value row[3];
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			break;
		*vec_push(&list) = (struct invitation_grant){
			row[0].integer, row[1].text, (enum permission)row[2].integer};
	}
	invitation->grants = list.at;
	invitation->grant_count = list.len;
	return OK;
}

enum err meta_invitation_list(
	struct ctx *c, struct db_tx *tx, struct invitation **out, size_t *count)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM invitation WHERE expires > $1 ORDER BY id DESC";
	VEC_OF(struct invitation) list = {.arena = c->arena};
	TRY(db_ask_time(c, tx));
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(db_now(tx))), &rows));
	for (;;) {
		struct db_value row[COLUMN_COUNT];
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			break;
		*vec_push(&list) = from_row(row);
	}
	db_finish(&rows);
	for (size_t i = 0; i < list.len; i++)
		TRY(load_grants(c, tx, &list.at[i]));
	*out = list.at;
	*count = list.len;
	return OK;
}

enum err meta_invitation_find(
	struct ctx *c, struct db_tx *tx, struct str hash, struct invitation *out)
{
	static const char sql[] = "SELECT " COLUMNS " FROM invitation WHERE hash = $1";
	struct db_value row[COLUMN_COUNT];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_B(hash)), row));
	*out = from_row(row);
	if (out->expires <= db_now(tx))
		return fail(c, ERR_NOT_FOUND, "that invitation has expired");
	return load_grants(c, tx, out);
}

enum err meta_invitation_remove(struct ctx *c, struct db_tx *tx, int64_t id)
{
	static const char sql[] = "DELETE FROM invitation WHERE id = $1";
	int64_t changed;
	TRY(db_run(c, tx, sql, DB_ARGS(DB_I(id)), &changed));
	return changed ? OK
		       : fail(c, ERR_NOT_FOUND, "there is no invitation %lld (any more)",
				 (long long)id);
}
