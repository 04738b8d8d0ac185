/* A decorator that lets a chosen database operation fail. A commit that fails has not happened. */
#include "driver/driver.h"
#include "driver/faulty.h"

struct db_faulty {
	struct db db;
	struct db *inner;
	struct faulty faulty;
};

struct faulty_tx {
	struct db_tx tx;
	struct db_rows rows;
	struct db_tx *inner;
	struct db_rows *inner_rows;
};

static struct faulty *faulty_of(struct db *db)
{
	return &((struct db_faulty *)db)->faulty;
}

static enum err faulty_begin(
	struct ctx *c, struct db *self, enum db_mode mode, int64_t scope, struct db_tx **out)
{
	struct db_faulty *db = (struct db_faulty *)self;
	TRY(faulty_pass(c, &db->faulty, "beginning a transaction"));
	struct db_tx *inner;
	TRY(db->inner->ops->begin(c, db->inner, mode, scope, &inner));
	struct faulty_tx *tx = host_alloc(sizeof *tx);
	*tx = (struct faulty_tx){.tx = {self, inner->began}, .inner = inner};
	*out = &tx->tx;
	return OK;
}

static void faulty_rollback(struct db_tx *self)
{
	struct faulty_tx *tx = (struct faulty_tx *)self;
	db_rollback(&tx->inner);
	host_free(tx, sizeof *tx);
}

static enum err faulty_commit(struct ctx *c, struct db_tx *self)
{
	struct faulty_tx *tx = (struct faulty_tx *)self;
	enum err kind = faulty_pass(c, faulty_of(self->db), "committing");
	if (!kind)
		kind = db_commit(c, &tx->inner);
	faulty_rollback(self);
	return kind;
}

static enum err faulty_query(struct ctx *c, struct db_tx *self, const char *sql,
	const struct db_value *args, size_t count, struct db_rows **out)
{
	struct faulty_tx *tx = (struct faulty_tx *)self;
	*out = NULL;
	TRY(faulty_pass(c, faulty_of(self->db), sql));
	TRY(db_query(c, tx->inner, sql, args, count, &tx->inner_rows));
	self->began = tx->inner->began;
	tx->rows = (struct db_rows){self, tx->inner_rows->columns};
	*out = &tx->rows;
	return OK;
}

static struct faulty_tx *tx_of(struct db_rows *rows)
{
	return (struct faulty_tx *)rows->tx;
}

static enum err faulty_next(struct ctx *c, struct db_rows *rows, struct db_value *row, bool *more)
{
	TRY(faulty_pass(c, faulty_of(rows->tx->db), "reading a row"));
	return db_next(c, tx_of(rows)->inner_rows, row, more);
}

static int64_t faulty_finish(struct db_rows *rows)
{
	struct db_rows *inner = tx_of(rows)->inner_rows;
	return inner->tx->db->ops->finish(inner);
}

static void faulty_close(struct db *self)
{
	host_free(self, sizeof(struct db_faulty));
}

static const struct db_ops faulty_ops = {
	.dialect = DB_SQLITE,
	.begin = faulty_begin,
	.commit = faulty_commit,
	.rollback = faulty_rollback,
	.query = faulty_query,
	.next = faulty_next,
	.finish = faulty_finish,
	.close = faulty_close,
};

struct db *db_faulty_open(struct db *inner)
{
	struct db_faulty *db = host_alloc(sizeof *db);
	*db = (struct db_faulty){.db.ops = &faulty_ops, .inner = inner};
	return &db->db;
}

void db_faulty_set(struct db *faulty, int64_t n, enum err kind)
{
	faulty_set(faulty_of(faulty), n, kind);
}

int64_t db_faulty_count(struct db *faulty)
{
	return faulty_count(faulty_of(faulty));
}
