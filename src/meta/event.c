#include "meta/event.h"

#include "base/vec.h"

enum err meta_event_add(struct ctx *c, struct db_tx *tx, const struct event *event)
{
	static const char sql[] =
		"INSERT INTO event (repo_id, sequence, type, data, time, version) "
		"SELECT $1, coalesce(max(sequence), 0) + 1, $2, $3, $4, $5 "
		"FROM event WHERE repo_id = $1";
	return db_change(c, tx, sql,
		DB_ARGS(DB_I(event->repo_id), DB_T(str_of(event_type_name(event->type))),
			DB_T(event->data), DB_I(tx->began), DB_I(event->version)));
}

enum err meta_event_since(struct ctx *c, struct db_tx *tx, int64_t repo_id, int64_t sequence,
	struct event **out, size_t *count)
{
	static const char sql[] = "SELECT sequence, type, data, time, version FROM event "
				  "WHERE repo_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3";
	DB_ROWS *rows = NULL;
	TRY(db_query(
		c, tx, sql, DB_ARGS(DB_I(repo_id), DB_I(sequence), DB_I((int64_t)*count)), &rows));
	VEC_OF(struct event) list = {.arena = c->arena};
	for (;;) {
		struct db_value row[5];
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			break;
		struct event event = {
			.repo_id = repo_id,
			.sequence = row[0].integer,
			.data = row[2].text,
			.time = row[3].integer,
			.version = row[4].integer,
		};
		if (!event_type_parse(row[1].text, &event.type))
			return fail(c, ERR_UNSUPPORTED, "an event of type \"%.*s\" is not known",
				STR_FMT(row[1].text));
		*vec_push(&list) = event;
	}
	*out = list.at;
	*count = list.len;
	return OK;
}

enum err meta_event_page(struct ctx *c, struct db_tx *tx, const struct meta_event_page *page,
	struct meta_events *out)
{
	static const char sql[] =
		"SELECT sequence, type, CASE WHEN length(data) <= $1 THEN data ELSE '' END, time, "
		"version FROM event WHERE repo_id = $2 AND sequence > $3 ORDER BY sequence LIMIT "
		"$4";
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql,
		DB_ARGS(DB_I((int64_t)page->data_max), DB_I(page->repo_id), DB_I(page->after),
			DB_I((int64_t)page->limit)),
		&rows));
	VEC_OF(struct event) list = {.arena = c->arena};
	size_t seen = 0;
	out->last = page->after;
	for (;;) {
		struct db_value row[5];
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			break;
		struct event event = {
			.repo_id = page->repo_id,
			.sequence = row[0].integer,
			.data = row[2].text,
			.time = row[3].integer,
			.version = row[4].integer,
		};
		out->last = event.sequence;
		seen++;
		/* A newer build may run beside this one. */
		if (event_type_parse(row[1].text, &event.type))
			*vec_push(&list) = event;
	}
	out->at = list.at;
	out->count = list.len;
	out->more = seen == page->limit;
	return OK;
}

enum err meta_event_last(struct ctx *c, struct db_tx *tx, int64_t repo_id, int64_t *sequence)
{
	struct db_value row[1];
	TRY(db_row(c, tx, "SELECT coalesce(max(sequence), 0) FROM event WHERE repo_id = $1",
		DB_ARGS(DB_I(repo_id)), row));
	*sequence = row[0].integer;
	return OK;
}

enum err meta_event_recent(
	struct ctx *c, struct db_tx *tx, int64_t since, struct meta_event_head **out, size_t *count)
{
	static const char sql[] =
		"SELECT repo_id, max(sequence) FROM event WHERE time >= $1 GROUP BY repo_id";
	DB_ROWS *rows = NULL;
	VEC_OF(struct meta_event_head) list = {.arena = c->arena};
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(since)), &rows));
	for (;;) {
		struct db_value row[2];
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			break;
		*vec_push(&list) = (struct meta_event_head){row[0].integer, row[1].integer};
	}
	*out = list.at;
	*count = list.len;
	return OK;
}

#define LISTED                                                                      \
	"SELECT event.repo_id, sequence, type, "                                    \
	"CASE WHEN length(data) <= $1 THEN data ELSE '' END, time, event.version, " \
	"coalesce(repo.name, ''), coalesce(repo.deleted, 0) "                       \
	"FROM event LEFT JOIN repo ON repo.id = event.repo_id WHERE ($2 = '' OR type = $2) "

/* Within a repository they are in the order of their sequence, by the table's key. */
static enum err ask_list(
	struct ctx *c, struct db_tx *tx, const struct meta_event_query *q, struct db_rows **rows)
{
	static const char all[] =
		LISTED "AND time <= $3 AND (time, event.repo_id, sequence) < ($3, $4, $5) "
		       "ORDER BY time DESC, event.repo_id DESC, sequence DESC LIMIT $6";
	static const char one[] = LISTED "AND event.repo_id = $3 AND sequence < $4 "
					 "ORDER BY sequence DESC LIMIT $5";
	struct db_value most = DB_I((int64_t)q->data_max), limit = DB_I((int64_t)q->limit);
	if (q->repo_id < 0)
		return db_query(c, tx, all,
			DB_ARGS(most, DB_T(q->type), DB_I(q->time), DB_I(q->before_repo),
				DB_I(q->before), limit),
			rows);
	return db_query(c, tx, one,
		DB_ARGS(most, DB_T(q->type), DB_I(q->repo_id), DB_I(q->before), limit), rows);
}

enum err meta_event_list(struct ctx *c, struct db_tx *tx, const struct meta_event_query *query,
	struct instance_event **out, size_t *count)
{
	DB_ROWS *rows = NULL;
	VEC_OF(struct instance_event) list = {.arena = c->arena};
	TRY(ask_list(c, tx, query, &rows));
	for (;;) {
		struct db_value row[8];
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			break;
		*vec_push(&list) = (struct instance_event){
			.repo_id = row[0].integer,
			.sequence = row[1].integer,
			.type = row[2].text,
			.data = row[3].text,
			.time = row[4].integer,
			.version = row[5].integer,
			.repo = row[6].text,
			.deleted = row[7].integer != 0,
		};
	}
	*out = list.at;
	*count = list.len;
	return OK;
}
