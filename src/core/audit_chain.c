/* The care for the chains: anchors, and the end of what is too old. */
#include "base/hex.h"
#include "base/json.h"
#include "core/audit.h"
#include "core/record.h"

enum {
	PAGE = 200, /* heads that an entry holds */
	CUT_MAX = 20000,
	SECOND_US = 1000000,
	SLACK_US =
		600 *
		SECOND_US, /* transactions that began before the last anchor and ended after it */
};

static const int64_t DAY_US = (int64_t)86400 * SECOND_US;

struct cutting {
	int64_t seconds; /* what is older goes, … */
	int64_t most;    /* … so many entries */
};

static const char *hex_of(struct ctx *c, struct str hash)
{
	char *hex = arena_alloc(c->arena, 2 * hash.len + 1);
	hex_encode(hash.at, hash.len, hex);
	return hex;
}

static void write_head(struct ctx *c, struct json_writer *w, const struct audit_head *head)
{
	json_begin_object(w);
	json_member_int(w, "chain", head->chain);
	json_member_int(w, "sequence", head->sequence);
	json_member_cstr(w, "hash", hex_of(c, head->hash));
	json_end_object(w);
}

static enum err add_anchor(struct ctx *c, struct db_tx *tx, const struct audit_head *heads,
	size_t count, const char **head)
{
	struct buf detail = {.arena = c->arena};
	struct json_writer w = {.out = &detail};
	json_begin_object(&w);
	json_key(&w, "heads");
	json_begin_array(&w);
	for (size_t i = 0; i < count; i++)
		write_head(c, &w, &heads[i]);
	json_end_array(&w);
	json_end_object(&w);
	struct audit entry = {
		.chain = AUDIT_INSTANCE,
		.action = STR(AUDIT_ANCHORED),
		.detail = buf_view(&detail),
	};
	TRY(record_audit(c, tx, NULL, &entry, NULL));
	*head = hex_of(c, entry.hash);
	return OK;
}

/* Sequence 0 where there is none. */
static enum err last_anchor(struct ctx *c, struct db_tx *tx, struct audit *last)
{
	enum err kind = meta_audit_last(c, tx, AUDIT_INSTANCE, STR(AUDIT_ANCHORED), last);
	if (kind != ERR_NOT_FOUND)
		return kind;
	ctx_clear(c);
	*last = (struct audit){0};
	return OK;
}

/* Of no other chain, when only the instance's grew: so that its end is told to the log. */
static enum err add_anchors(struct ctx *c, struct db_tx *tx, const struct audit *last,
	size_t *anchored, const char **head)
{
	struct audit_head own;
	int64_t after = AUDIT_INSTANCE;
	TRY(meta_audit_head_get(c, tx, AUDIT_INSTANCE, &own));
	for (size_t count = PAGE; count == PAGE;) {
		struct audit_head heads[PAGE];
		TRY(meta_audit_heads(c, tx, after, last->time - SLACK_US, heads, &count));
		if (!count && (after != AUDIT_INSTANCE || own.sequence == last->sequence))
			break;
		if (count)
			after = heads[count - 1].chain;
		*anchored += count;
		TRY(add_anchor(c, tx, heads, count, head));
	}
	return OK;
}

enum err audit_anchor(
	struct ctx *c, struct core *core, int64_t seconds, size_t *anchored, const char **head)
{
	DB_TX *tx = NULL;
	struct audit last;
	*anchored = 0;
	*head = NULL;
	TRY(db_begin_on(c, core->db, DB_LOG, &tx));
	TRY(last_anchor(c, tx, &last));
	if (last.sequence && tx->began < last.time + seconds * SECOND_US)
		return OK;
	TRY(add_anchors(c, tx, &last, anchored, head));
	return *head ? db_commit(c, &tx) : OK;
}

/* By whole days, so that a chain is cut once a day at most; and not much in one transaction. */
static enum err find_last(struct ctx *c, struct db_tx *tx, int64_t chain, const struct cutting *how,
	struct audit_head *head, struct audit *last)
{
	int64_t before = tx->began - how->seconds * SECOND_US;
	TRY(meta_audit_head_get(c, tx, chain, head));
	const struct audit_range past = {
		chain, head->cut, head->cut + how->most, before - before % DAY_US};
	*last = (struct audit){0};
	enum err kind = meta_audit_older(c, tx, &past, last);
	if (kind != ERR_NOT_FOUND)
		return kind;
	ctx_clear(c);
	return OK;
}

/* What is gone is said in the instance's chain, with the hash that the rest goes on from. */
static enum err cut_chain(
	struct ctx *c, struct core *core, int64_t chain, int64_t seconds, int64_t *cut)
{
	DB_TX *tx = NULL;
	struct audit_head head;
	struct audit last;
	TRY(db_begin(c, core->db, DB_WRITE, &tx));
	TRY(find_last(c, tx, chain, &(struct cutting){seconds, CUT_MAX}, &head, &last));
	if (!last.sequence)
		return OK; /* another process was faster */
	struct buf detail = {.arena = c->arena};
	struct json_writer w = {.out = &detail};
	write_head(c, &w,
		&(struct audit_head){.chain = chain, .sequence = last.sequence, .hash = last.hash});
	struct audit entry = {
		.chain = AUDIT_INSTANCE,
		.action = STR(AUDIT_CUT),
		.detail = buf_view(&detail),
	};
	TRY(meta_audit_cut(c, tx, &last));
	TRY(record_audit(c, tx, NULL, &entry, NULL));
	*cut += last.sequence - head.cut;
	return db_commit(c, &tx);
}

static enum err list_heads(struct ctx *c, struct core *core, int64_t after,
	struct audit_head heads[PAGE], size_t *count)
{
	DB_TX *tx = NULL;
	*count = PAGE;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	return meta_audit_heads(c, tx, after, INT64_MIN, heads, count);
}

/* Only where the oldest has to go is a transaction on everything begun. */
static enum err is_due(struct ctx *c, struct core *core, int64_t chain, int64_t seconds, bool *due)
{
	DB_TX *tx = NULL;
	struct audit_head head;
	struct audit last;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	TRY(db_ask_time(c, tx));
	TRY(find_last(c, tx, chain, &(struct cutting){seconds, 1}, &head, &last));
	*due = last.sequence != 0;
	return OK;
}

static enum err cut_while_due(
	struct ctx *c, struct core *core, int64_t chain, int64_t seconds, int64_t *cut)
{
	for (;;) {
		struct arena_mark mark = arena_mark(c->arena);
		bool due = false;
		TRY(is_due(c, core, chain, seconds, &due));
		if (due)
			TRY(cut_chain(c, core, chain, seconds, cut));
		arena_rewind(c->arena, mark);
		if (!due)
			return OK;
	}
}

enum err audit_cut(struct ctx *c, struct core *core, int64_t seconds, int64_t *cut)
{
	int64_t after = AUDIT_BEFORE - 1;
	*cut = 0;
	for (size_t count = PAGE; count == PAGE;) {
		struct audit_head heads[PAGE];
		TRY(list_heads(c, core, after, heads, &count));
		for (size_t i = 0; i < count; i++) {
			TRY(cut_while_due(c, core, heads[i].chain, seconds, cut));
			after = heads[i].chain;
		}
	}
	return OK;
}
