/*
 * What a writer says in its transaction is kept, and what it hears, so that a transaction that the server
 * ends for another's sake (a dead-lock, a failure to serialize) is held again.
 *
 * Whoever began it finds out nothing: it acts on what it hears alone, so if that is the same as the first
 * time, all is as if the first time had never been. If it is not, or there is too much to keep, the
 * transaction has failed and says that it may be tried again.
 *
 * Nimbus' own writers take their locks in one order. But others come to a database too: who looks after
 * it, or its upkeep.
 */
#include "driver/db_postgres_parts.h"

#include "driver/wait.h"

#include <string.h>

enum {
	KEPT_MAX = 4 << 20, /* of one transaction: packs that ride in it are less */
	TRIES = 6,
	PAUSE_US = 10000, /* before the second; before each other one twice as long */
};

struct pg_heard {
	struct pg_heard *next;
	size_t columns;
	struct db_value row[];
};

/* One statement. */
struct pg_said {
	struct pg_said *next;
	const char *sql;
	struct db_value *args;
	size_t count;
	bool asked; /* somebody waited for what it gave: */
	struct pg_heard *first, **last;
	bool ended; /* no row came behind these */
	int64_t changed;
};

void pg_kept_end(struct pg_kept *kept)
{
	arena_done(&kept->arena);
	*kept = (struct pg_kept){0};
}

void pg_kept_begin(struct pg_kept *kept)
{
	pg_kept_end(kept);
	kept->on = true;
}

void pg_kept_spoil(struct pg_kept *kept)
{
	if (!kept->again)
		pg_kept_end(kept);
}

static bool is_keeping(const struct pg_kept *kept)
{
	return kept->on && !kept->again;
}

static bool make_room(struct pg_kept *kept, const struct db_value *values, size_t count)
{
	size_t bytes = sizeof(struct pg_said) + count * sizeof *values;
	for (size_t i = 0; i < count; i++)
		bytes += values[i].kind == DB_TEXT || values[i].kind == DB_BYTES
				 ? values[i].text.len
				 : 0;
	kept->bytes += bytes;
	if (kept->bytes > KEPT_MAX)
		pg_kept_end(kept);
	return kept->on;
}

static void copy_values(
	struct arena *arena, const struct db_value *from, size_t count, struct db_value *to)
{
	for (size_t i = 0; i < count; i++) {
		to[i] = from[i];
		if (from[i].kind == DB_TEXT || from[i].kind == DB_BYTES)
			to[i].text = str_copy(arena, from[i].text);
	}
}

void pg_keep_said(struct pg_kept *kept, const char *sql, const struct db_value *args, size_t count,
	bool asked)
{
	if (!is_keeping(kept) || !make_room(kept, args, count))
		return;
	struct pg_said *said = NEW(&kept->arena, struct pg_said);
	*said = (struct pg_said){.sql = sql, .count = count, .asked = asked};
	said->args = NEW_ARRAY(&kept->arena, struct db_value, count);
	copy_values(&kept->arena, args, count, said->args);
	said->last = &said->first;
	if (kept->newest)
		kept->newest->next = said;
	else
		kept->first = said;
	kept->newest = said;
}

void pg_keep_heard(struct pg_kept *kept, const struct db_value *row, size_t columns, bool more)
{
	if (!is_keeping(kept))
		return;
	struct pg_said *said = kept->newest;
	said->ended = !more;
	if (!more || !make_room(kept, row, columns))
		return;
	struct pg_heard *heard = arena_alloc(&kept->arena, sizeof *heard + columns * sizeof *row);
	heard->columns = columns;
	copy_values(&kept->arena, row, columns, heard->row);
	*said->last = heard;
	said->last = &heard->next;
}

void pg_keep_changed(struct pg_kept *kept, int64_t changed)
{
	if (is_keeping(kept))
		kept->newest->changed = changed;
}

static bool is_alike(const struct pg_heard *heard, const struct db_value *row)
{
	for (size_t i = 0; i < heard->columns; i++) {
		const struct db_value *was = &heard->row[i];
		if (was->kind != row[i].kind || was->integer != row[i].integer ||
			!str_eq(was->text, row[i].text))
			return false;
	}
	return true;
}

/* Are the rows those of the first time? */
static enum err hear(struct ctx *c, struct db_rows *rows, const struct pg_said *said, bool *alike)
{
	struct db_value *row = NEW_ARRAY(c->arena, struct db_value, rows->columns + 1);
	bool more = true;
	*alike = true;
	for (const struct pg_heard *heard = said->first; heard && *alike; heard = heard->next) {
		TRY(db_next(c, rows, row, &more));
		*alike = more && heard->columns == rows->columns && is_alike(heard, row);
	}
	if (!*alike || !said->ended)
		return OK;
	TRY(db_next(c, rows, row, &more));
	*alike = !more;
	return OK;
}

static enum err say(struct ctx *c, struct db_tx *tx, const struct pg_said *said, bool *alike)
{
	struct db_rows *rows;
	*alike = true;
	if (!said->asked)
		return db_change(c, tx, said->sql, said->args, said->count);
	TRY(db_query(c, tx, said->sql, said->args, said->count, &rows));
	enum err kind = hear(c, rows, said, alike);
	int64_t changed = tx->db->ops->finish(rows);
	*alike = *alike && changed == said->changed;
	return kind;
}

static enum err hold(struct ctx *c, struct connection *conn)
{
	bool alike = true;
	conn->outdone = false;
	TRY(pg_roll_back(c, conn));
	TRY(pg_begin(c, conn));
	for (const struct pg_said *said = conn->kept.first; said; said = said->next) {
		struct arena_mark mark = arena_mark(c->arena);
		TRY(say(c, &conn->tx, said, &alike));
		arena_rewind(c->arena, mark);
		if (!alike)
			return fail(c, ERR_UNAVAILABLE,
				"somebody else changed meanwhile what this is about: try again");
	}
	return OK;
}

/* Some before others, so that two that were in each other's way are not again. */
static enum err pause_before(struct ctx *c, int try)
{
	uint16_t some;
	int64_t pause = (int64_t)PAUSE_US << try;
	c->world->random(&some, sizeof some);
	return wait_pause(c, pause / 2 + pause * some / UINT16_MAX);
}

bool pg_again(struct ctx *c, struct connection *conn, enum err *kind)
{
	struct pg_kept *kept = &conn->kept;
	if (!is_keeping(kept))
		return false;
	kept->again = true;
	while (*kind && conn->outdone && kept->tries < TRIES) {
		ctx_clear(c);
		*kind = pause_before(c, kept->tries++);
		if (!*kind)
			*kind = hold(c, conn);
	}
	kept->again = false;
	/* Who was told of a failure must not be told of a success later. */
	if (*kind)
		pg_kept_end(kept);
	return !*kind;
}
