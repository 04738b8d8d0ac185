#include "core/tries.h"

#include "base/address.h"
#include "base/buf.h"
#include "core/known_browser.h"
#include "core/login_cache.h"
#include "model/token.h"

enum {
	TRIES_NAME = 10, /* failures of one name from one place, unless the limits say another … */
	TRIES_ALL = 10,  /* … so many times that of all names from it … */
	TRIES_SECONDS = 60,   /* … within this, and for so long nobody may try again */
	TRIES_EVERYWHERE = 5, /* so many times that of one name from all places … */
	EVERYWHERE_SECONDS = 600,
	PAUSE_SECONDS = 5, /* … and then strangers wait so long after each */
	HOME_SECONDS = 30 * 86400,
};

enum err tries_of(struct ctx *c, struct core *core, const struct credential *cred,
	const struct login_from *from, struct tries *out)
{
	char text[ADDRESS_GROUP_MAX];
	struct str device = {0};
	*out = (struct tries){0};
	/* A token cannot be guessed, and a robot with an old one must not lock out its neighbours. */
	if (cred->kind != CREDENTIAL_PASSWORD || secret_is_key(cred->secret))
		return OK;
	struct str name = str_until(cred->username, USERNAME_MAX + 1);
	struct str place = address_group(from->peer, text);
	if (from->device.len)
		TRY(known_browser_check(c, core, from->device, name, &device));
	if (device.len) {
		out->pair = str_of(arena_fmt(c->arena, "device/%.*s", STR_FMT(device)));
		return OK;
	}
	out->pair = str_of(arena_fmt(c->arena, "%.*s/%.*s", STR_FMT(place), STR_FMT(name)));
	out->name = str_of(arena_fmt(c->arena, "name/%.*s", STR_FMT(name)));
	if (place.len) {
		out->place = str_copy(c->arena, place);
		out->home = str_of(arena_fmt(c->arena, "login-home/%.*s", STR_FMT(out->pair)));
	}
	return OK;
}

/* What cannot be asked is not there: a lost store must not shut out everybody. */
static bool is_there(struct ctx *c, struct core *core, struct str key)
{
	struct str value;
	if (kv_get(c, core->kv, key, &value) == OK)
		return true;
	ctx_clear(c);
	return false;
}

static struct str block_of(struct ctx *c, struct str key)
{
	return str_of(arena_fmt(c->arena, "login-block/%.*s", STR_FMT(key)));
}

/*
 * Whose credential is known here, and who did not fail here lately, is guessing at nothing: so they
 * cost the kv no question. All others do, known or not, or the cache would tell who is blocked that
 * they guessed right.
 */
static bool is_blocked(struct ctx *c, struct core *core, struct str key, bool known)
{
	bool asks = key.len && (!known || login_cache_is_suspect(core->logins, key));
	bool blocked = asks && is_there(c, core, block_of(c, key));
	if (blocked)
		login_cache_suspect(core->logins, key);
	return blocked;
}

enum err tries_check(struct ctx *c, struct core *core, const struct tries *t, bool known)
{
	if (is_blocked(c, core, t->pair, known) || is_blocked(c, core, t->place, known)) {
		c->retry_after = TRIES_SECONDS;
		return fail(c, ERR_RATE_LIMITED, "too many failed tries to sign in: wait a minute");
	}
	if (!is_blocked(c, core, t->name, known))
		return OK;
	if (t->home.len && is_there(c, core, t->home))
		return OK;
	c->retry_after = PAUSE_SECONDS;
	return fail(c, ERR_RATE_LIMITED,
		"somebody is guessing at this password: wait some seconds, or use a device or a "
		"place that you signed in from before");
}

/* What is counted within `seconds` up to `most` blocks for `block`. What cannot be counted is let go: the
 * store may forget at any time. */
struct rule {
	struct str key;
	int64_t most, seconds, block;
};

static void count(struct ctx *c, struct core *core, const struct rule *rule)
{
	int64_t count;
	if (!rule->key.len)
		return;
	login_cache_suspect(core->logins, rule->key);
	const char *tries = arena_fmt(c->arena, "login-tries/%.*s", STR_FMT(rule->key));
	enum err kind = kv_count(c, core->kv, str_of(tries), rule->seconds, &count);
	if (!kind && count >= rule->most)
		kind = kv_put(c, core->kv, block_of(c, rule->key), STR("1"), rule->block);
}

void tries_failed(struct ctx *c, struct core *core, const struct tries *t)
{
	struct error before = c->error;
	int64_t most = core->limits.login_tries ? core->limits.login_tries : TRIES_NAME;
	const struct rule rules[] = {
		{t->pair, most, TRIES_SECONDS, TRIES_SECONDS},
		{t->place, most * TRIES_ALL, TRIES_SECONDS, TRIES_SECONDS},
		{t->name, most * TRIES_EVERYWHERE, EVERYWHERE_SECONDS, PAUSE_SECONDS},
	};
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		count(c, core, &rules[i]);
	c->error = before;
}

void tries_passed(struct ctx *c, struct core *core, const struct tries *t)
{
	if (t->home.len && login_cache_is_news(core->logins, t->home) &&
		kv_put(c, core->kv, t->home, STR("1"), HOME_SECONDS))
		ctx_clear(c);
}
