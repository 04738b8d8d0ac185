#include "meta/tables.h"

#include "base/buf.h"
#include "base/hash.h"

struct table {
	const char *name;
	size_t columns, keys;
	const char *first, *next, *insert; /* constants, because drivers cache by address */
};

#define DOLLARS_1 "$1"
#define DOLLARS_2 DOLLARS_1 ", $2"
#define DOLLARS_3 DOLLARS_2 ", $3"
#define DOLLARS_4 DOLLARS_3 ", $4"
#define DOLLARS_5 DOLLARS_4 ", $5"
#define DOLLARS_6 DOLLARS_5 ", $6"
#define DOLLARS_7 DOLLARS_6 ", $7"
#define DOLLARS_8 DOLLARS_7 ", $8"
#define DOLLARS_9 DOLLARS_8 ", $9"
#define DOLLARS_10 DOLLARS_9 ", $10"
#define DOLLARS_11 DOLLARS_10 ", $11"
#define DOLLARS_12 DOLLARS_11 ", $12"
#define DOLLARS_13 DOLLARS_12 ", $13"
#define DOLLARS_14 DOLLARS_13 ", $14"
#define DOLLARS_15 DOLLARS_14 ", $15"
#define DOLLARS(count) DOLLARS_##count
/* What comes after that many keys. */
#define PART_1 " LIMIT $2 OFFSET $3"
#define PART_2 " LIMIT $3 OFFSET $4"
#define PART_3 " LIMIT $4 OFFSET $5"

static const struct table tables[META_TABLES] = {
#define TABLE(name, columns, names, keys, key)                                              \
	{#name, columns, keys, "SELECT " names " FROM " #name " ORDER BY " key " LIMIT $1", \
		"SELECT " names " FROM " #name " WHERE (" key                               \
		") >= (" DOLLARS(keys) ") ORDER BY " key PART_##keys,                       \
		"INSERT INTO " #name " (" names ") VALUES (" DOLLARS(columns) ")"},
#include "meta/tables.def"
#undef TABLE
};

enum {
	COLUMNS_MAX = 15,
	KEYS_MAX = 3,
	PAGE_MIN = 4,
	PAGE_MAX = 1000,
	PAGE_BYTES = 4 << 20, /* what a page is to have, about: a statement may take a minute */
};

typedef enum err visit_row(
	struct ctx *c, void *arg, const struct table *table, const struct db_value *row);

/* A table being read page by page, each page from the last row of the one before on. */
struct walk {
	const struct table *table;
	visit_row *visit;
	void *arg;
	struct arena rows, keys; /* the row at hand; the last one's keys */
	struct arena asked;      /* the keys that this page began with: the statement has them */
	struct db_value last[KEYS_MAX];
	int64_t same; /* rows so far that have these keys; 0: there was no row yet */
	int64_t limit, got;
	size_t bytes; /* of this page */
};

static bool is_same(const struct db_value *a, const struct db_value *b)
{
	return a->kind == b->kind &&
	       (a->kind == DB_INT ? a->integer == b->integer : str_eq(a->text, b->text));
}

static void note_keys(struct walk *w, const struct db_value *row)
{
	size_t at = 0;
	while (w->same && at < w->table->keys && is_same(&row[at], &w->last[at]))
		at++;
	if (at == w->table->keys) {
		w->same++;
		return;
	}
	arena_done(&w->keys);
	arena_init(&w->keys);
	for (at = 0; at < w->table->keys; at++) {
		w->last[at] = row[at];
		w->last[at].text = str_copy(&w->keys, row[at].text);
	}
	w->same = 1;
}

static enum err take_row(struct ctx *c, struct walk *w, struct db_rows *rows, bool *more)
{
	struct db_value row[COLUMNS_MAX] = {0};
	TRY(ctx_check(c));
	TRY(db_next_in(c, rows, &w->rows, row, more));
	if (!*more)
		return OK;
	w->got++;
	for (size_t i = 0; i < w->table->columns; i++)
		w->bytes += sizeof *row + row[i].text.len;
	note_keys(w, row);
	struct arena *own = c->arena;
	c->arena = &w->rows;
	enum err kind = w->visit(c, w->arg, w->table, row);
	c->arena = own;
	return kind;
}

static enum err take_page(struct ctx *c, struct walk *w, struct db_tx *tx)
{
	struct db_value args[KEYS_MAX + 2];
	size_t count = 0;
	arena_done(&w->asked);
	arena_init(&w->asked);
	for (; w->same && count < w->table->keys; count++) {
		args[count] = w->last[count];
		args[count].text = str_copy(&w->asked, w->last[count].text);
	}
	args[count++] = DB_I(w->limit);
	if (w->same)
		args[count++] = DB_I(w->same);
	DB_ROWS *rows = NULL;
	TRY(db_query(c, tx, w->same ? w->table->next : w->table->first, args, count, &rows));
	ASSERT(rows->columns == w->table->columns && rows->columns <= COLUMNS_MAX);
	w->got = 0;
	w->bytes = 0;
	for (bool more = true; more;) {
		struct arena_mark mark = arena_mark(&w->rows);
		TRY(take_row(c, w, rows, &more));
		arena_rewind(&w->rows, mark);
	}
	return OK;
}

/* Pages of long rows get shorter, those of short ones longer. */
static int64_t next_limit(const struct walk *w)
{
	if (w->bytes > PAGE_BYTES)
		return w->limit / 2 > PAGE_MIN ? w->limit / 2 : PAGE_MIN;
	return w->limit * 2 < PAGE_MAX ? w->limit * 2 : PAGE_MAX;
}

static enum err walk_pages(struct ctx *c, struct walk *w, struct db_tx *tx,
	const struct meta_tables *t, const struct meta_table_sum *sum)
{
	w->limit = PAGE_MIN;
	for (;;) {
		int64_t limit = w->limit;
		TRY(take_page(c, w, tx));
		if (t->progress)
			t->progress(t->arg, w->table->name, sum->rows);
		if (w->got < limit)
			return OK;
		w->limit = next_limit(w);
	}
}

static void add_row(struct meta_table_sum *sum, const struct db_value *row, size_t columns)
{
	struct hash hash;
	uint8_t digest[HASH_MAX];
	hash_init(&hash, HASH_SHA256);
	for (size_t i = 0; i < columns; i++) {
		bool bytes = row[i].kind == DB_TEXT || row[i].kind == DB_BYTES;
		uint8_t head[9] = {(uint8_t)row[i].kind};
		put_be64(head + 1, bytes ? row[i].text.len : (uint64_t)row[i].integer);
		hash_update(&hash, head, sizeof head);
		if (bytes && row[i].text.len)
			hash_update(&hash, row[i].text.at, row[i].text.len);
	}
	hash_final(&hash, digest);
	for (size_t i = 0; i < sizeof sum->hash / sizeof *sum->hash; i++)
		sum->hash[i] += get_be64(digest + 8 * i);
	sum->rows++;
}

struct copying {
	struct db_tx *to; /* NULL: only read */
	struct meta_table_sum *sum;
};

static enum err take_over(
	struct ctx *c, void *arg, const struct table *table, const struct db_value *row)
{
	struct copying *copying = arg;
	add_row(copying->sum, row, table->columns);
	if (!copying->to)
		return OK;
	return db_run(c, copying->to, table->insert, row, table->columns, NULL);
}

static enum err walk_tables(
	struct ctx *c, struct db_tx *from, struct db_tx *to, struct meta_tables *t)
{
	memset(t->sums, 0, sizeof t->sums);
	for (size_t i = 0; i < META_TABLES; i++) {
		struct copying copying = {to, &t->sums[i]};
		struct walk w = {.table = &tables[i], .visit = take_over, .arg = &copying};
		arena_init(&w.rows);
		arena_init(&w.keys);
		arena_init(&w.asked);
		enum err kind = walk_pages(c, &w, from, t, &t->sums[i]);
		arena_done(&w.rows);
		arena_done(&w.keys);
		arena_done(&w.asked);
		if (kind)
			return fail_while(c, kind, "%s the table %s", to ? "copying" : "reading",
				tables[i].name);
	}
	return OK;
}

enum err meta_tables_read(struct ctx *c, struct db_tx *tx, struct meta_tables *t)
{
	return walk_tables(c, tx, NULL, t);
}

enum err meta_tables_copy(
	struct ctx *c, struct db_tx *from, struct db_tx *to, struct meta_tables *t)
{
	return walk_tables(c, from, to, t);
}

enum err meta_tables_check(struct ctx *c, struct db_tx *copy, const struct meta_tables *t)
{
	struct meta_tables back = {.progress = t->progress, .arg = t->arg};
	TRY_WHILE(c, walk_tables(c, copy, NULL, &back), "checking the copy");
	for (size_t i = 0; i < META_TABLES; i++) {
		if (memcmp(&t->sums[i], &back.sums[i], sizeof back.sums[i]) == 0)
			continue;
		return fail(c, ERR_DAMAGED,
			"the table %s has %lld rows, and its copy has %lld or other ones",
			tables[i].name, (long long)t->sums[i].rows, (long long)back.sums[i].rows);
	}
	return OK;
}

enum err meta_tables_used(struct ctx *c, struct db_tx *tx, const char **table)
{
	static const char *const sql[META_TABLES] = {
#define TABLE(name, columns, names, keys, key) "SELECT count(*) FROM " #name,
#include "meta/tables.def"
#undef TABLE
	};
	*table = NULL;
	for (size_t i = 0; i < META_TABLES && !*table; i++) {
		struct db_value row[1];
		TRY(db_row(c, tx, sql[i], DB_NO_ARGS, row));
		if (row[0].integer)
			*table = tables[i].name;
	}
	return OK;
}
