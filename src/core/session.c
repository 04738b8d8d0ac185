#include "core/login.h"

#include "base/buf.h"
#include "base/hash.h"
#include "core/permit.h"
#include "core/secret.h"
#include "meta/user.h"

/* What a session remembers, beside the key by which it is found. */
struct remembered {
	uint64_t user_id, generation, expires;
};

/* Somebody, and when they were looked up. */
struct known {
	struct user user;
	int64_t now;
};

static struct str key_of(struct ctx *c, struct str cookie)
{
	char hash[65];
	secret_hash("session", cookie, hash);
	return str_of(arena_fmt(c->arena, "session/%s", hash));
}

static enum err over(struct ctx *c)
{
	return fail(c, ERR_UNAUTH, "your session is over: sign in again");
}

/* Said to a person: nothing is wrong with what they typed. */
static enum err lost(struct ctx *c)
{
	return fail(c, ERR_UNAVAILABLE,
		"nobody can sign in just now: this server cannot reach its store of sessions. "
		"Clones and pushes go on; try again in a minute");
}

static enum err remember(
	struct ctx *c, struct core *core, struct str cookie, const struct known *known)
{
	int64_t seconds = core->limits.session_seconds;
	const char *value = arena_fmt(c->arena, "%lld %lld %lld", (long long)known->user.id,
		(long long)known->user.generation, (long long)(known->now + seconds));
	return kv_put(c, core->kv, key_of(c, cookie), str_of(value), seconds);
}

static enum err recall(struct ctx *c, struct core *core, struct str cookie, struct remembered *out)
{
	struct str value;
	if (cookie.len != SECRET_LEN)
		return over(c);
	enum err kind = kv_get(c, core->kv, key_of(c, cookie), &value);
	if (kind == ERR_NOT_FOUND)
		return over(c);
	/* Better a page as a stranger sees it than none. */
	if (kind == ERR_UNAVAILABLE)
		return fail(c, ERR_UNAUTH, "sessions cannot be looked up just now");
	TRY(kind);
	bool ok = str_to_u64(str_cut(&value, ' '), &out->user_id);
	ok = ok && str_to_u64(str_cut(&value, ' '), &out->generation);
	return ok && str_to_u64(value, &out->expires) ? OK : over(c);
}

static enum err load_user(struct ctx *c, struct core *core, int64_t id, struct known *out)
{
	DB_TX *tx = NULL;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	enum err kind = meta_user_get(c, tx, id, &out->user);
	if (!kind)
		out->now = db_now(tx);
	if (kind == ERR_NOT_FOUND || (!kind && user_has_ended(&out->user, out->now)))
		return over(c);
	return kind;
}

static enum err load_self(
	struct ctx *c, struct core *core, const struct actor *who, struct known *out)
{
	DB_TX *tx = NULL;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	TRY(permit_self(c, core, tx, who));
	TRY(meta_user_get(c, tx, who->user_id, &out->user));
	out->now = db_now(tx);
	return OK;
}

static void fill(struct str cookie, const struct user *user, struct session *out)
{
	out->cookie = cookie;
	out->who = meta_user_actor(user);
	out->who.via = STR("session");
	secret_hash("csrf", cookie, out->csrf);
}

enum err session_begin(
	struct ctx *c, struct core *core, const struct actor *who, struct session *out)
{
	struct known known;
	if (actor_has_key(who))
		return fail(c, ERR_DENIED, "a token cannot begin a session: use a password");
	TRY(load_self(c, core, who, &known));
	struct str cookie = secret_make(c);
	enum err kind = remember(c, core, cookie, &known);
	if (kind == ERR_UNAVAILABLE)
		return lost(c);
	TRY(kind);
	fill(cookie, &known.user, out);
	return OK;
}

enum err session_ready(struct ctx *c, struct core *core)
{
	struct str none;
	enum err kind = kv_get(c, core->kv, STR("session/"), &none);
	if (kind == ERR_UNAVAILABLE)
		return lost(c);
	if (kind != ERR_NOT_FOUND)
		return kind;
	ctx_clear(c);
	return OK;
}

enum err session_get(struct ctx *c, struct core *core, struct str cookie, struct session *out)
{
	struct remembered was;
	struct known known;
	TRY(recall(c, core, cookie, &was));
	TRY(load_user(c, core, (int64_t)was.user_id, &known));
	int64_t left = (int64_t)was.expires - known.now;
	if (left <= 0 || (uint64_t)known.user.generation != was.generation)
		return over(c);
	/* One that is in use lives on; where that cannot be noted just now, the next use does. */
	if (left < core->limits.session_seconds / 2 && remember(c, core, cookie, &known))
		ctx_clear(c);
	fill(str_copy(c->arena, cookie), &known.user, out);
	return OK;
}

enum err session_end(struct ctx *c, struct core *core, struct str cookie)
{
	enum err kind = kv_remove(c, core->kv, key_of(c, cookie));
	if (kind == ERR_UNAVAILABLE)
		return fail(c, kind,
			"you cannot be signed out just now: this server cannot reach its store of "
			"sessions. Try again in a minute");
	return kind;
}

enum err session_check_csrf(struct ctx *c, const struct session *s, struct str given)
{
	size_t len = SESSION_CSRF_SIZE - 1;
	if (given.len == len && bytes_equal_secret(given.at, s->csrf, len))
		return OK;
	return fail(c, ERR_DENIED, "this form is from another session: reload the page");
}
