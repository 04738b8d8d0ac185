#include "core/half_session.h"

#include "base/buf.h"
#include "core/secret.h"
#include "meta/user.h"

static struct str key_of(struct ctx *c, const char *what, struct str secret)
{
	char hash[65];
	secret_hash("half session", secret, hash);
	return str_of(arena_fmt(c->arena, "%s/%s", what, hash));
}

static enum err over(struct ctx *c)
{
	return fail(c, ERR_UNAUTH, "that took too long: sign in again from the beginning");
}

static enum err in_words(struct ctx *c, enum err kind)
{
	if (kind == ERR_NOT_FOUND)
		return over(c);
	if (kind == ERR_UNAVAILABLE)
		return fail(c, kind,
			"nobody can sign in just now: this server cannot reach its store of "
			"sessions. Clones and pushes go on; try again in a minute");
	return kind;
}

enum err half_session_begin(
	struct ctx *c, struct core *core, const struct actor *who, struct str *secret)
{
	ASSERT(who->half);
	*secret = secret_make(c);
	const char *value = arena_fmt(c->arena, "%lld %lld %.*s", (long long)who->user_id,
		(long long)who->generation, STR_FMT(who->via));
	return in_words(c, kv_put(c, core->kv, key_of(c, "half-session", *secret), str_of(value),
				   HALF_SESSION_SECONDS));
}

enum err half_session_get(struct ctx *c, struct core *core, struct str secret, struct actor *who)
{
	DB_TX *tx = NULL;
	struct str value;
	struct user user;
	uint64_t id, generation;
	if (secret.len != SECRET_LEN)
		return over(c);
	TRY(in_words(c, kv_get(c, core->kv, key_of(c, "half-session", secret), &value)));
	if (!str_to_u64(str_cut(&value, ' '), &id) ||
		!str_to_u64(str_cut(&value, ' '), &generation))
		return over(c);
	TRY(db_begin(c, core->db, DB_READ, &tx));
	enum err kind = meta_user_get(c, tx, (int64_t)id, &user);
	if (kind == ERR_NOT_FOUND || (!kind && (user_has_ended(&user, db_now(tx)) ||
						       user.generation != (int64_t)generation)))
		return over(c);
	TRY(kind);
	*who = meta_user_actor(&user);
	who->half = true;
	who->via = value;
	return OK;
}

void half_session_failed(struct ctx *c, struct core *core, struct str secret)
{
	struct error before = c->error;
	int64_t count;
	enum err kind = kv_count(
		c, core->kv, key_of(c, "half-session-wrong", secret), HALF_SESSION_SECONDS, &count);
	if (!kind && count >= HALF_SESSION_TRIES)
		kind = kv_remove(c, core->kv, key_of(c, "half-session", secret));
	c->error = before;
	(void)kind;
}

enum err half_session_take(struct ctx *c, struct core *core, struct str secret)
{
	struct str value;
	return in_words(c, kv_take(c, core->kv, key_of(c, "half-session", secret), &value));
}
