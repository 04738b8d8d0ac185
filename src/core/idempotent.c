#include "core/idempotent.h"

#include "base/buf.h"
#include "core/secret.h"

enum { HASH_LEN = 64 };

#define PURPOSE "idempotent answer"
#define TOO_LONG '!'

static bool is_key(struct str key)
{
	for (size_t i = 0; i < key.len; i++)
		if (key.at[i] <= ' ' || key.at[i] >= 0x7f)
			return false;
	return key.len > 0 && key.len <= IDEMPOTENT_KEY_MAX;
}

static struct str claim_of(struct ctx *c, const struct idempotent *i)
{
	return str_of(arena_fmt(c->arena, "%.*s/claim", STR_FMT(i->key)));
}

/* Kept is the hash of the request; behind it, once there is one, the answer. */
static enum err read_kept(struct ctx *c, struct core *core, struct idempotent *i, struct str kept)
{
	struct str sealed = str_from_index(kept, HASH_LEN);
	const struct seal_bound bound = {PURPOSE, i->account};
	if (!str_eq(str_until(kept, HASH_LEN), str_of(i->request)))
		return fail(c, ERR_INVALID,
			"this Idempotency-Key was used for another request: take a new one");
	if (!sealed.len)
		return fail(c, ERR_CONFLICT, "the request with this Idempotency-Key still runs");
	if (sealed.at[0] == TOO_LONG)
		return fail(c, ERR_CONFLICT,
			"that was done already, but the answer was too long to keep");
	return seal_open(c, &core->seals, &bound, sealed, &i->answer);
}

static enum err claim(struct ctx *c, struct core *core, const struct idempotent *i)
{
	int64_t count;
	TRY(kv_count(c, core->kv, claim_of(c, i), IDEMPOTENT_RUNNING, &count));
	if (count > 1)
		return fail(c, ERR_CONFLICT, "the request with this Idempotency-Key still runs");
	return kv_put(c, core->kv, i->key, str_of(i->request), IDEMPOTENT_RUNNING);
}

enum err idempotent_begin(struct ctx *c, struct core *core, const struct actor *who, struct str key,
	struct str request, struct idempotent *out)
{
	char name[HASH_LEN + 1];
	struct str kept;
	*out = (struct idempotent){.account = who->user_id};
	if (!is_key(key))
		return fail(c, ERR_INVALID,
			"an Idempotency-Key has from 1 to %d characters of ASCII, and no space",
			IDEMPOTENT_KEY_MAX);
	/* What a weaker key of the same account may not see it does not get by asking again. */
	secret_hash("idempotency key",
		str_of(arena_fmt(c->arena, "%.*s\n%.*s", STR_FMT(who->via), STR_FMT(key))), name);
	secret_hash("idempotent request", request, out->request);
	out->key = str_of(arena_fmt(c->arena, "idempotent/%lld/%s", (long long)who->user_id, name));
	enum err kind = kv_get(c, core->kv, out->key, &kept);
	if (kind == ERR_NOT_FOUND) {
		ctx_clear(c);
		return claim(c, core, out);
	}
	TRY(kind);
	return read_kept(c, core, out, kept);
}

enum err idempotent_done(
	struct ctx *c, struct core *core, const struct idempotent *i, struct str answer)
{
	const struct seal_bound bound = {PURPOSE, i->account};
	struct buf kept = {.arena = c->arena};
	buf_cstr(&kept, i->request);
	if (answer.len > IDEMPOTENT_ANSWER_MAX)
		buf_byte(&kept, TOO_LONG);
	else
		buf_str(&kept, seal_make(c, &core->seals, &bound, answer));
	return kv_put(c, core->kv, i->key, buf_view(&kept), IDEMPOTENT_SECONDS);
}

void idempotent_failed(struct ctx *c, struct core *core, const struct idempotent *i)
{
	struct error before = c->error;
	enum err kind = kv_remove(c, core->kv, i->key);
	if (!kind)
		kind = kv_remove(c, core->kv, claim_of(c, i));
	c->error = before;
	(void)kind;
}
