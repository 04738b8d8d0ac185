#include "port/db.h"

enum err db_run(struct ctx *c, struct db_tx *tx, const char *sql, const struct db_value *args,
	size_t count, int64_t *changed)
{
	struct db_rows *rows;
	TRY(db_query(c, tx, sql, args, count, &rows));
	enum err kind = OK;
	for (bool more = true; more && !kind;) {
		struct arena_mark mark = arena_mark(c->arena);
		struct db_value *row = NEW_ARRAY(c->arena, struct db_value, rows->columns + 1);
		kind = db_next(c, rows, row, &more);
		arena_rewind(c->arena, mark);
	}
	int64_t touched = tx->db->ops->finish(rows);
	if (changed)
		*changed = touched;
	return kind;
}

enum err db_changed_one(struct ctx *c, int64_t changed)
{
	if (changed == 1)
		return OK;
	return fail(c, ERR_CONFLICT, "what was to be changed is not as it was: try again");
}

enum err db_change(
	struct ctx *c, struct db_tx *tx, const char *sql, const struct db_value *args, size_t count)
{
	int64_t changed;
	if (tx->db->ops->change)
		return tx->db->ops->change(c, tx, sql, args, count);
	TRY(db_run(c, tx, sql, args, count, &changed));
	return db_changed_one(c, changed);
}

enum err db_row(struct ctx *c, struct db_tx *tx, const char *sql, const struct db_value *args,
	size_t count, struct db_value *row)
{
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql, args, count, &rows));
	bool more;
	TRY(db_next(c, rows, row, &more));
	return more ? OK : fail(c, ERR_NOT_FOUND, "there is no such row");
}

enum err db_ask_time(struct ctx *c, struct db_tx *tx)
{
	struct db_value one[1];
	return tx->began ? OK : db_row(c, tx, "SELECT 1", DB_NO_ARGS, one);
}
