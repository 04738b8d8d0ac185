#include "meta/webhook.h"

#include "base/vec.h"
#include "meta/instance.h"

#define COLUMNS                                                                              \
	"id, repo_id, url, events, sealed, active, created, cursor, failures, next, tried, " \
	"status, "                                                                           \
	"said"

enum { COLUMN_COUNT = 13, DELIVERY_COUNT = 9 };

static struct webhook from_row(const struct db_value *row)
{
	return (struct webhook){
		.id = row[0].integer,
		.repo_id = row[1].integer,
		.url = row[2].text,
		.events = row[3].text,
		.sealed = row[4].text,
		.active = row[5].integer != 0,
		.created = row[6].integer,
		.cursor = row[7].integer,
		.failures = row[8].integer,
		.next = row[9].integer,
		.tried = row[10].integer,
		.status = row[11].integer,
		.said = row[12].text,
	};
}

enum err meta_webhook_list(struct ctx *c, struct db_tx *tx, int64_t repo_id, struct webhooks *out)
{
	static const char sql[] = "SELECT " COLUMNS " FROM webhook WHERE repo_id = $1 ORDER BY id";
	DB_ROWS *rows = NULL;
	VEC_OF(struct webhook) list = {.arena = c->arena};
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(repo_id)), &rows));
	for (;;) {
		struct db_value row[COLUMN_COUNT];
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			break;
		*vec_push(&list) = from_row(row);
	}
	*out = (struct webhooks){list.at, list.len};
	return OK;
}

#define RANK "CAST(CASE WHEN active = 0 THEN 3 WHEN failures > 0 THEN 1 ELSE 2 END AS BIGINT)"

enum err meta_webhook_all(struct ctx *c, struct db_tx *tx, const struct meta_webhook_place *after,
	size_t limit, struct instance_webhook **out, size_t *count)
{
	static const char sql[] =
		"SELECT * FROM (SELECT " COLUMNS ", " RANK " AS rank, "
		"(SELECT name FROM repo WHERE repo.id = repo_id AND deleted = 0) AS repo "
		"FROM webhook) AS ranked WHERE repo IS NOT NULL "
		"AND (rank > $1 OR rank = $1 AND id > $2) ORDER BY rank, id LIMIT $3";
	DB_ROWS *rows = NULL;
	VEC_OF(struct instance_webhook) list = {.arena = c->arena};
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(after->rank), DB_I(after->id), DB_I((int64_t)limit)),
		&rows));
	for (;;) {
		struct db_value row[COLUMN_COUNT + 2];
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			break;
		*vec_push(&list) = (struct instance_webhook){.webhook = from_row(row),
			.rank = row[COLUMN_COUNT].integer,
			.repo = row[COLUMN_COUNT + 1].text};
	}
	*out = list.at;
	*count = list.len;
	return OK;
}

static enum err none(struct ctx *c, int64_t id)
{
	return fail(c, ERR_NOT_FOUND, "there is no webhook %lld", (long long)id);
}

enum err meta_webhook_get(
	struct ctx *c, struct db_tx *tx, int64_t repo_id, int64_t id, struct webhook *out)
{
	static const char sql[] = "SELECT " COLUMNS " FROM webhook WHERE id = $1 AND repo_id = $2";
	struct db_value row[COLUMN_COUNT];
	enum err err = db_row(c, tx, sql, DB_ARGS(DB_I(id), DB_I(repo_id)), row);
	if (err == ERR_NOT_FOUND)
		return none(c, id);
	TRY(err);
	*out = from_row(row);
	return OK;
}

enum err meta_webhook_next_id(struct ctx *c, struct db_tx *tx, int64_t *id)
{
	return meta_instance_next_id(c, tx, STR("webhook"), id);
}

enum err meta_webhook_add(struct ctx *c, struct db_tx *tx, const struct webhook *hook)
{
	static const char sql[] = "INSERT INTO webhook (" COLUMNS ") "
				  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
	return db_run(c, tx, sql,
		DB_ARGS(DB_I(hook->id), DB_I(hook->repo_id), DB_T(hook->url), DB_T(hook->events),
			DB_B(hook->sealed), DB_I(hook->active), DB_I(hook->created),
			DB_I(hook->cursor), DB_I(hook->failures), DB_I(hook->next),
			DB_I(hook->tried), DB_I(hook->status), DB_T(hook->said)),
		NULL);
}

enum err meta_webhook_set(struct ctx *c, struct db_tx *tx, const struct webhook *hook)
{
	static const char sql[] =
		"UPDATE webhook SET url = $1, events = $2, sealed = $3, active = $4, cursor = $5, "
		"failures = $6, next = $7, tried = $8, status = $9, said = $10 "
		"WHERE id = $11 AND repo_id = $12";
	int64_t changed;
	TRY(db_run(c, tx, sql,
		DB_ARGS(DB_T(hook->url), DB_T(hook->events), DB_B(hook->sealed), DB_I(hook->active),
			DB_I(hook->cursor), DB_I(hook->failures), DB_I(hook->next),
			DB_I(hook->tried), DB_I(hook->status), DB_T(hook->said), DB_I(hook->id),
			DB_I(hook->repo_id)),
		&changed));
	return changed ? OK : none(c, hook->id);
}

enum err meta_webhook_delete(struct ctx *c, struct db_tx *tx, int64_t repo_id, int64_t id)
{
	static const char sql[] = "DELETE FROM webhook WHERE id = $1 AND repo_id = $2";
	int64_t changed;
	TRY(db_run(c, tx, sql, DB_ARGS(DB_I(id), DB_I(repo_id)), &changed));
	return changed ? OK : none(c, id);
}

/* Nothing is asked about events where something waits for its time, or for nothing any more. */
#define DUE                                                                               \
	"SELECT webhook.id, webhook.repo_id, (SELECT count(*) FROM lease "                \
	"WHERE lease.name = 'deliver/' || webhook.id AND lease.expires >= $1 "            \
	"AND lease.holder <> $2) "                                                        \
	"FROM webhook JOIN repo ON repo.id = webhook.repo_id AND repo.deleted = 0 "       \
	"WHERE active = 1 AND (failures > 0) = ($3 > 0) AND next <= $4 AND (next > 0 OR " \
	"cursor < (SELECT max(sequence) FROM event WHERE event.repo_id = webhook.repo_id)) "

#define IN_ORDER(after, limit) "AND webhook.id > " after " ORDER BY webhook.id LIMIT " limit

static enum err ask_due(struct ctx *c, struct db_tx *tx, const struct meta_webhook_look *look,
	struct db_rows **rows)
{
	static const char all[] = DUE IN_ORDER("$5", "$6");
	static const char some[] =
		DUE "AND webhook.id IN (SELECT id FROM webhook WHERE next > 0 AND next <= $4 "
		    "UNION SELECT id FROM webhook WHERE repo_id IN "
		    "(SELECT DISTINCT repo_id FROM event WHERE time >= $5)) " IN_ORDER("$6", "$7");
	struct db_value seconds = DB_I(db_now(tx)), holder = DB_T(look->holder),
			failing = DB_I(look->failing), now = DB_I(tx->began),
			after = DB_I(look->after), limit = DB_I((int64_t)look->limit);
	if (!look->since)
		return db_query(
			c, tx, all, DB_ARGS(seconds, holder, failing, now, after, limit), rows);
	return db_query(c, tx, some,
		DB_ARGS(seconds, holder, failing, now, DB_I(look->since), after, limit), rows);
}

enum err meta_webhook_due(struct ctx *c, struct db_tx *tx, const struct meta_webhook_look *look,
	struct meta_webhook_due **out, size_t *count)
{
	DB_ROWS *rows = NULL;
	VEC_OF(struct meta_webhook_due) list = {.arena = c->arena};
	TRY(ask_due(c, tx, look, &rows));
	for (;;) {
		struct db_value row[3];
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			break;
		*vec_push(&list) = (struct meta_webhook_due){
			row[0].integer, row[1].integer, row[2].integer != 0};
	}
	*out = list.at;
	*count = list.len;
	return OK;
}

enum err meta_webhook_any(struct ctx *c, struct db_tx *tx, bool *any)
{
	static const char sql[] = "SELECT count(*) FROM (SELECT 1 FROM webhook LIMIT 1) AS one";
	struct db_value row[1];
	TRY(db_row(c, tx, sql, DB_NO_ARGS, row));
	*any = row[0].integer > 0;
	return OK;
}

#define DELIVERY "sequence, type, state, attempts, time, duration, status, said, webhook_id"

static struct webhook_delivery delivery_from(const struct db_value *row)
{
	return (struct webhook_delivery){
		.sequence = row[0].integer,
		.type = row[1].text,
		.state = (enum webhook_state)row[2].integer,
		.attempts = row[3].integer,
		.time = row[4].integer,
		.duration = row[5].integer,
		.status = row[6].integer,
		.said = row[7].text,
		.webhook_id = row[8].integer,
	};
}

static enum err read_deliveries(struct ctx *c, struct db_rows *rows, struct webhook_deliveries *out)
{
	VEC_OF(struct webhook_delivery) list = {.arena = c->arena};
	for (;;) {
		struct db_value row[DELIVERY_COUNT];
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			break;
		*vec_push(&list) = delivery_from(row);
	}
	*out = (struct webhook_deliveries){.at = list.at, .count = list.len};
	return OK;
}

enum err meta_webhook_deliveries(struct ctx *c, struct db_tx *tx, int64_t id, int64_t before,
	size_t limit, struct webhook_deliveries *out)
{
	static const char sql[] = "SELECT " DELIVERY " FROM webhook_delivery "
				  "WHERE webhook_id = $1 AND sequence < $2 "
				  "ORDER BY sequence DESC LIMIT $3";
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(id), DB_I(before), DB_I((int64_t)limit)), &rows));
	return read_deliveries(c, rows, out);
}

/* As the index has it, which no argument would. */
#define WAITS "state = 0"
_Static_assert(WEBHOOK_WAITING == 0, "the text above");

enum err meta_webhook_waiting(
	struct ctx *c, struct db_tx *tx, int64_t id, size_t limit, struct webhook_deliveries *out)
{
	static const char sql[] = "SELECT " DELIVERY " FROM webhook_delivery "
				  "WHERE webhook_id = $1 AND " WAITS " ORDER BY sequence LIMIT $2";
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(id), DB_I((int64_t)limit)), &rows));
	return read_deliveries(c, rows, out);
}

enum err meta_webhook_delivery(
	struct ctx *c, struct db_tx *tx, int64_t id, int64_t sequence, struct webhook_delivery *out)
{
	static const char sql[] = "SELECT " DELIVERY " FROM webhook_delivery "
				  "WHERE webhook_id = $1 AND sequence = $2";
	struct db_value row[DELIVERY_COUNT];
	enum err err = db_row(c, tx, sql, DB_ARGS(DB_I(id), DB_I(sequence)), row);
	if (err == ERR_NOT_FOUND)
		return fail(c, err, "there is no delivery %lld of webhook %lld",
			(long long)sequence, (long long)id);
	TRY(err);
	*out = delivery_from(row);
	return OK;
}

enum err meta_webhook_delivery_put(
	struct ctx *c, struct db_tx *tx, const struct webhook_delivery *delivery)
{
	static const char sql[] =
		"INSERT INTO webhook_delivery (" DELIVERY ") "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
		"ON CONFLICT (webhook_id, sequence) DO UPDATE SET state = excluded.state, "
		"attempts = excluded.attempts, time = excluded.time, "
		"duration = excluded.duration, status = excluded.status, said = excluded.said";
	return db_change(c, tx, sql,
		DB_ARGS(DB_I(delivery->sequence), DB_T(delivery->type), DB_I(delivery->state),
			DB_I(delivery->attempts), DB_I(delivery->time), DB_I(delivery->duration),
			DB_I(delivery->status), DB_T(delivery->said), DB_I(delivery->webhook_id)));
}

enum err meta_webhook_delivery_trim(
	struct ctx *c, struct db_tx *tx, int64_t id, int64_t keep, int64_t time)
{
	static const char sql[] =
		"DELETE FROM webhook_delivery WHERE webhook_id = $1 AND NOT " WAITS " "
		"AND (time < $2 OR sequence <= (SELECT sequence FROM webhook_delivery "
		"WHERE webhook_id = $1 ORDER BY sequence DESC LIMIT 1 OFFSET $3))";
	return db_run(c, tx, sql, DB_ARGS(DB_I(id), DB_I(time), DB_I(keep)), NULL);
}
