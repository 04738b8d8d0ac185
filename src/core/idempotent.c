#include "core/idempotent.h"

#include "base/buf.h"
#include "core/secret.h"
#include "meta/idempotent.h"

enum { HASH_LEN = 64 };

#define PURPOSE "idempotent answer"
#define TOO_LONG "!"

static bool is_key(struct str key)
{
	for (size_t i = 0; i < key.len; i++)
		if (key.at[i] <= ' ' || key.at[i] >= 0x7f)
			return false;
	return key.len > 0 && key.len <= IDEMPOTENT_KEY_MAX;
}

static enum err read_kept(
	struct ctx *c, struct core *core, struct idempotent *i, const struct idempotent_row *row)
{
	const struct seal_bound bound = {PURPOSE, i->account};
	if (!str_is(row->request, i->request))
		return fail(c, ERR_INVALID,
			"this Idempotency-Key was used for another request: take a new one");
	if (!row->done)
		return fail(c, ERR_CONFLICT, "the request with this Idempotency-Key still runs");
	if (!row->answer.len)
		return fail(c, ERR_CONFLICT,
			"that was done already, but the server was stopped before it could answer: "
			"look what is there");
	if (str_is(row->answer, TOO_LONG))
		return fail(c, ERR_CONFLICT,
			"that was done already, but the answer was too long to keep");
	return seal_open(c, &core->seals, &bound, row->answer, &i->answer);
}

/* Another request with this key, if there was one; else it is ours from now on. */
static enum err claim(struct ctx *c, struct core *core, const struct idempotent *i,
	struct idempotent_row *other, bool *ours)
{
	DB_TX *tx = NULL;
	const struct idempotent_row row = {
		.key = i->key, .request = str_of(i->request), .claim = i->claim};
	TRY(db_begin_on(c, core->db, DB_LOG, &tx));
	enum err kind = meta_idempotent_find(c, tx, i->key, other);
	*ours = kind == ERR_NOT_FOUND;
	if (!*ours)
		return kind;
	ctx_clear(c);
	TRY(meta_idempotent_claim(c, tx, &row, IDEMPOTENT_RUNNING));
	return db_commit(c, &tx);
}

enum err idempotent_begin(struct ctx *c, struct core *core, const struct actor *who, struct str key,
	struct str request, struct idempotent *out)
{
	char name[HASH_LEN + 1];
	*out = (struct idempotent){.account = who->user_id, .claim = secret_make(c)};
	if (!is_key(key))
		return fail(c, ERR_INVALID,
			"an Idempotency-Key has from 1 to %d characters of ASCII, and no space",
			IDEMPOTENT_KEY_MAX);
	/* What a weaker key of the same account may not see it does not get by asking again. */
	secret_hash("idempotency key",
		str_of(arena_fmt(c->arena, "%.*s\n%.*s", STR_FMT(who->via), STR_FMT(key))), name);
	secret_hash("idempotent request", request, out->request);
	out->key = str_of(arena_fmt(c->arena, "%lld/%s", (long long)who->user_id, name));
	struct idempotent_row other;
	bool ours;
	TRY(claim(c, core, out, &other, &ours));
	if (!ours)
		return read_kept(c, core, out, &other);
	c->once = out;
	return OK;
}

enum err idempotent_mark(struct ctx *c, struct db_tx *tx)
{
	if (!c->once)
		return OK;
	enum err kind =
		meta_idempotent_done(c, tx, c->once->key, c->once->claim, IDEMPOTENT_SECONDS);
	if (kind == ERR_CONFLICT)
		return fail(c, kind,
			"it took so long that another request with this Idempotency-Key does it "
			"now");
	return kind;
}

static enum err keep(struct ctx *c, struct core *core, const struct idempotent_row *row)
{
	DB_TX *tx = NULL;
	TRY(db_begin_on(c, core->db, DB_LOG, &tx));
	TRY(meta_idempotent_answer(c, tx, row, IDEMPOTENT_SECONDS));
	return db_commit(c, &tx);
}

enum err idempotent_done(
	struct ctx *c, struct core *core, const struct idempotent *i, struct str answer)
{
	const struct seal_bound bound = {PURPOSE, i->account};
	struct idempotent_row row = {.key = i->key, .claim = i->claim};
	c->once = NULL;
	row.answer = answer.len > IDEMPOTENT_ANSWER_MAX
			     ? STR(TOO_LONG)
			     : seal_make(c, &core->seals, &bound, answer);
	return keep(c, core, &row);
}

static enum err forget(struct ctx *c, struct core *core, const struct idempotent *i)
{
	DB_TX *tx = NULL;
	TRY(db_begin_on(c, core->db, DB_LOG, &tx));
	TRY(meta_idempotent_remove(c, tx, i->key, i->claim));
	return db_commit(c, &tx);
}

void idempotent_failed(struct ctx *c, struct core *core, const struct idempotent *i)
{
	struct error before = c->error;
	c->once = NULL;
	enum err kind = forget(c, core, i);
	c->error = before;
	(void)kind;
}
