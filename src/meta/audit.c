#include "meta/audit.h"

#include "meta/hashed.h"

#define COLUMNS                                                                     \
	"chain, sequence, time, account_id, username, peer, via, action, outcome, " \
	"subject, detail, request, decision, hash"
enum { COLUMN_COUNT = 14 };

void meta_audit_hash(struct str previous, const struct audit *entry, uint8_t hash[HASH_MAX])
{
	static const char form[] = "nimbus audit 1\n";
	static const uint8_t nothing[HASH_MAX];
	const int64_t numbers[] = {
		entry->chain, entry->sequence, entry->time, entry->user_id, entry->outcome};
	const struct str texts[] = {entry->username, entry->peer, entry->via, entry->action,
		entry->subject, entry->detail, entry->request, entry->decision};
	struct hash h;
	hash_init(&h, HASH_SHA256);
	hash_update(&h, form, sizeof form - 1);
	if (previous.len)
		hash_update(&h, previous.at, previous.len);
	else
		hash_update(&h, nothing, sizeof nothing);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		hash_number(&h, numbers[i]);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		hash_text(&h, texts[i]);
	hash_final(&h, hash);
}

struct audit_head meta_audit_head(int64_t chain, const struct db_value *row)
{
	struct audit_head head = {.chain = chain};
	if (row[0].kind == DB_INT)
		head.sequence = row[0].integer;
	if (row[1].kind == DB_BYTES)
		head.hash = row[1].text;
	return head;
}

#define HEAD_COLUMNS "chain, sequence, hash, cut, cut_hash"
enum { HEAD_COLUMN_COUNT = 5 };

static struct audit_head head_from_row(const struct db_value *row)
{
	struct audit_head head = meta_audit_head(row[0].integer, row + 1);
	head.cut = row[3].integer;
	if (row[4].kind == DB_BYTES)
		head.cut_hash = row[4].text;
	return head;
}

enum err meta_audit_head_get(struct ctx *c, struct db_tx *tx, int64_t chain, struct audit_head *out)
{
	static const char sql[] = "SELECT " HEAD_COLUMNS " FROM audit_chain WHERE chain = $1";
	struct db_value row[HEAD_COLUMN_COUNT];
	*out = (struct audit_head){.chain = chain};
	enum err kind = db_row(c, tx, sql, DB_ARGS(DB_I(chain)), row);
	if (kind == ERR_NOT_FOUND) {
		ctx_clear(c);
		return OK;
	}
	TRY(kind);
	*out = head_from_row(row);
	return OK;
}

enum err meta_audit_heads(struct ctx *c, struct db_tx *tx, int64_t after, int64_t since,
	struct audit_head *out, size_t *count)
{
	static const char sql[] =
		"SELECT " HEAD_COLUMNS
		" FROM audit_chain WHERE chain > $1 AND time >= $2 ORDER BY chain LIMIT $3";
	size_t limit = *count;
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(after), DB_I(since), DB_I((int64_t)limit)), &rows));
	for (*count = 0; *count < limit; ++*count) {
		struct db_value row[HEAD_COLUMN_COUNT];
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			return OK;
		out[*count] = head_from_row(row);
	}
	return OK;
}

enum err meta_audit_headless(struct ctx *c, struct db_tx *tx, int64_t after, int64_t *chain)
{
	static const char sql[] =
		"SELECT chain FROM audit_entry WHERE chain > $1 AND NOT EXISTS (SELECT 1 FROM "
		"audit_chain WHERE audit_chain.chain = audit_entry.chain) ORDER BY chain LIMIT 1";
	struct db_value row[1];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_I(after)), row));
	*chain = row[0].integer;
	return OK;
}

static enum err insert(struct ctx *c, struct db_tx *tx, const struct audit *entry)
{
	static const char sql[] =
		"INSERT INTO audit_entry (" COLUMNS
		") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
	return db_change(c, tx, sql,
		DB_ARGS(DB_I(entry->chain), DB_I(entry->sequence), DB_I(entry->time),
			DB_I(entry->user_id), DB_T(entry->username), DB_T(entry->peer),
			DB_T(entry->via), DB_T(entry->action), DB_I(entry->outcome),
			DB_T(entry->subject), DB_T(entry->detail), DB_T(entry->request),
			DB_T(entry->decision), DB_B(entry->hash)));
}

static enum err put_head(struct ctx *c, struct db_tx *tx, const struct audit *entry)
{
	static const char sql[] =
		"INSERT INTO audit_chain (chain, sequence, hash, time) VALUES ($1, $2, $3, $4) "
		"ON CONFLICT (chain) DO UPDATE SET sequence = excluded.sequence, "
		"hash = excluded.hash, time = excluded.time";
	return db_change(c, tx, sql,
		DB_ARGS(DB_I(entry->chain), DB_I(entry->sequence), DB_B(entry->hash),
			DB_I(entry->time)));
}

enum err meta_audit_add(
	struct ctx *c, struct db_tx *tx, struct audit *entry, const struct audit_head *head)
{
	struct audit_head found;
	uint8_t *hash = arena_alloc(c->arena, HASH_MAX);
	if (!head)
		TRY(meta_audit_head_get(c, tx, entry->chain, &found));
	else
		found = *head;
	ASSERT(found.chain == entry->chain);
	entry->sequence = found.sequence + 1;
	entry->time = tx->began;
	meta_audit_hash(found.hash, entry, hash);
	entry->hash = str_from((const char *)hash, HASH_MAX);
	TRY(insert(c, tx, entry));
	return put_head(c, tx, entry);
}

static struct audit from_row(const struct db_value *row)
{
	return (struct audit){
		.chain = row[0].integer,
		.sequence = row[1].integer,
		.time = row[2].integer,
		.user_id = row[3].integer,
		.username = row[4].text,
		.peer = row[5].text,
		.via = row[6].text,
		.action = row[7].text,
		.outcome = row[8].integer ? AUDIT_REFUSED : AUDIT_DONE,
		.subject = row[9].text,
		.detail = row[10].text,
		.request = row[11].text,
		.decision = row[12].text,
		.hash = row[13].kind == DB_BYTES ? row[13].text : (struct str){0},
	};
}

enum err meta_audit_walk(struct ctx *c, struct db_tx *tx, int64_t chain, int64_t sequence,
	meta_audit_visit *visit, void *arg)
{
	enum { PAGE = 500 };
	static const char sql[] = "SELECT " COLUMNS " FROM audit_entry WHERE chain = $1 AND "
				  "sequence > $2 ORDER BY sequence LIMIT $3";
	for (size_t count = PAGE; count == PAGE;) {
		struct arena_mark mark = arena_mark(c->arena);
		struct audit *page = NEW_ARRAY(c->arena, struct audit, PAGE);
		DB_ROWS *rows = NULL;
		TRY(db_query(c, tx, sql, DB_ARGS(DB_I(chain), DB_I(sequence), DB_I(PAGE)), &rows));
		for (count = 0; count < PAGE; count++) {
			struct db_value row[COLUMN_COUNT];
			bool more;
			TRY(db_next(c, rows, row, &more));
			if (!more)
				break;
			page[count] = from_row(row);
		}
		db_finish(&rows); /* a visitor asks for other things */
		for (size_t i = 0; i < count; i++)
			TRY(visit(c, arg, &page[i]));
		if (count)
			sequence = page[count - 1].sequence;
		arena_rewind(c->arena, mark);
	}
	return OK;
}

enum err meta_audit_get(
	struct ctx *c, struct db_tx *tx, int64_t chain, int64_t sequence, struct audit *out)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM audit_entry WHERE chain = $1 AND sequence = $2";
	struct db_value row[COLUMN_COUNT];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_I(chain), DB_I(sequence)), row));
	*out = from_row(row);
	return OK;
}

enum err meta_audit_last(
	struct ctx *c, struct db_tx *tx, int64_t chain, struct str action, struct audit *out)
{
	static const char sql[] = "SELECT " COLUMNS " FROM audit_entry WHERE chain = $1 AND "
				  "action = $2 ORDER BY sequence DESC LIMIT 1";
	struct db_value row[COLUMN_COUNT];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_I(chain), DB_T(action)), row));
	*out = from_row(row);
	return OK;
}

enum err meta_audit_older(
	struct ctx *c, struct db_tx *tx, const struct audit_range *range, struct audit *out)
{
	static const char sql[] = "SELECT " COLUMNS " FROM audit_entry WHERE chain = $1 AND "
				  "sequence > $2 AND sequence <= $3 AND time < $4 "
				  "ORDER BY sequence DESC LIMIT 1";
	struct db_value row[COLUMN_COUNT];
	TRY(db_row(c, tx, sql,
		DB_ARGS(DB_I(range->chain), DB_I(range->after), DB_I(range->to), DB_I(range->time)),
		row));
	*out = from_row(row);
	return OK;
}

enum err meta_audit_cut(struct ctx *c, struct db_tx *tx, const struct audit *last)
{
	static const char mark[] =
		"UPDATE audit_chain SET cut = $1, cut_hash = $2 WHERE chain = $3";
	static const char sweep[] = "DELETE FROM audit_entry WHERE chain = $1 AND sequence <= $2";
	TRY(db_change(c, tx, mark,
		DB_ARGS(DB_I(last->sequence), last->hash.len ? DB_B(last->hash) : DB_N(),
			DB_I(last->chain))));
	return db_run(c, tx, sweep, DB_ARGS(DB_I(last->chain), DB_I(last->sequence)), NULL);
}

static enum err take_rows(struct ctx *c, struct db_rows *rows, struct audit *out, size_t *count)
{
	size_t limit = *count;
	for (*count = 0; *count < limit; ++*count) {
		struct db_value row[COLUMN_COUNT];
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			return OK;
		out[*count] = from_row(row);
	}
	return OK;
}

enum err meta_audit_list(struct ctx *c, struct db_tx *tx, const struct meta_audit_query *query,
	struct audit *out, size_t *count)
{
	static const char sql[] =
		"SELECT " COLUMNS " FROM audit_entry "
		"WHERE (time, chain, sequence) < ($1, $2, $3) AND time >= $4 AND time < $5 "
		"AND ($6 = '' OR username = $6) AND ($7 = '' OR action = $7) "
		"AND ($8 < 0 OR outcome = $8) "
		"AND ($9 = '' OR subject = $9 OR (chain = $10 AND chain > 0)) "
		"ORDER BY time DESC, chain DESC, sequence DESC LIMIT $11";
	const struct audit_place *before = &query->before;
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql,
		DB_ARGS(DB_I(before->time), DB_I(before->chain), DB_I(before->sequence),
			DB_I(query->since), DB_I(query->until), DB_T(query->who),
			DB_T(query->action), DB_I(query->outcome), DB_T(query->subject),
			DB_I(query->chain), DB_I((int64_t)*count)),
		&rows));
	return take_rows(c, rows, out, count);
}

enum err meta_audit_since(struct ctx *c, struct db_tx *tx, const struct audit_place *after,
	struct audit *out, size_t *count)
{
	static const char sql[] = "SELECT " COLUMNS " FROM audit_entry "
				  "WHERE (time, chain, sequence) > ($1, $2, $3) "
				  "ORDER BY time, chain, sequence LIMIT $4";
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, sql,
		DB_ARGS(DB_I(after->time), DB_I(after->chain), DB_I(after->sequence),
			DB_I((int64_t)*count)),
		&rows));
	return take_rows(c, rows, out, count);
}
