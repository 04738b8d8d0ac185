#include "core/login_cache.h"

#include "base/buf.h"
#include "base/hmac.h"
#include "base/host.h"
#include "base/map.h"
#include "model/token.h"
#include "model/user.h"

enum {
	WAYS = 4,
	SETS = LOGIN_CACHE_MAX / WAYS,
	SUSPECTS = 1024,
	SUSPECT_SECONDS = 120, /* longer than core/login.c lets nobody try again */
	NOTED = 1024,
	NOTED_SECONDS = 3600,
	SECOND_US = 1000000,
	SCOPE_MAX = 4 << 10, /* whose limits are longer is not kept */
};

#define CHANNEL STR("login-ended")

struct entry {
	uint8_t key[HASH_MAX];
	struct actor who; /* its username is the next member, its scope the one after */
	char username[USERNAME_MAX];
	struct str scope;      /* its text, in memory of the host */
	int64_t expires, told; /* world->monotonic(); expires 0: nothing is here */
};

struct login_cache {
	struct host_lock lock;
	const struct world *world;
	struct kv_sub *heard;
	uint8_t secret[HASH_MAX];
	struct entry entries[SETS][WAYS];
	/* Must everybody have a second factor? Until when it is known here: world->monotonic(). */
	bool factor_required;
	int64_t factor_until;
	uint64_t seed;
	struct {
		uint64_t hash;
		int64_t until;
	} noted[NOTED];
	int64_t suspects[SUSPECTS]; /* until when all keys that lie here are suspect */
};

struct login_cache *login_cache_open(const struct world *world)
{
	struct login_cache *cache = host_alloc(sizeof *cache);
	memset(cache, 0, sizeof *cache);
	cache->world = world;
	world->random(cache->secret, sizeof cache->secret);
	world->random(&cache->seed, sizeof cache->seed);
	return cache;
}

static void forget(struct entry *e)
{
	if (e->scope.len)
		host_free((char *)(uintptr_t)e->scope.at, e->scope.len);
	*e = (struct entry){0};
}

void login_cache_close(struct login_cache *cache)
{
	if (!cache)
		return;
	kv_unsubscribe(cache->heard);
	for (size_t i = 0; i < LOGIN_CACHE_MAX; i++)
		forget(&cache->entries[i / WAYS][i % WAYS]);
	host_free(cache, sizeof *cache);
}

/* A token is the same whatever name comes with it. */
static void key_of(struct ctx *c, const struct login_cache *cache, const struct credential *cred,
	uint8_t key[HASH_MAX])
{
	bool token = secret_is_key(cred->secret);
	struct str username = token ? STR("") : cred->username;
	struct buf text = {.arena = c->arena};
	buf_fmt(&text, "%zu ", username.len);
	buf_str(&text, username);
	buf_str(&text, cred->secret);
	hmac_sha256(str_from(cache->secret, sizeof cache->secret), buf_view(&text), key);
}

static struct entry *set_of(struct login_cache *cache, const uint8_t key[HASH_MAX])
{
	return cache->entries[(key[0] | (size_t)key[1] << 8) % SETS];
}

/* A copy of what is kept under the key. */
static bool look_up(struct ctx *c, struct login_cache *cache, const uint8_t key[HASH_MAX],
	struct entry *out, bool *due)
{
	int64_t now = cache->world->monotonic();
	struct entry *found = NULL;
	WITH_LOCK(&cache->lock);
	struct entry *set = set_of(cache, key);
	for (size_t i = 0; i < WAYS; i++)
		if (set[i].expires > now && bytes_equal_secret(set[i].key, key, HASH_MAX))
			found = &set[i];
	if (!found)
		return false;
	*out = *found;
	out->scope = str_copy(c->arena, found->scope);
	*due = now - found->told >= (int64_t)LOGIN_CACHE_DUE_SECONDS * SECOND_US;
	if (*due)
		found->told = now;
	return true;
}

bool login_cache_get(struct ctx *c, struct login_cache *cache, const struct credential *cred,
	struct actor *who, bool *due)
{
	uint8_t key[HASH_MAX];
	struct entry found;
	*due = true;
	if (!cache)
		return false;
	key_of(c, cache, cred, key);
	if (!look_up(c, cache, key, &found, due))
		return false;
	*who = found.who;
	who->username = str_copy(c->arena, str_from(found.username, who->username.len));
	if (!found.scope.len)
		return true;
	struct scope *scope = NEW(c->arena, struct scope);
	enum err kind = scope_parse(c, found.scope, scope);
	ASSERT(!kind); /* it is what scope_text said */
	who->scope = scope;
	return true;
}

void login_cache_put(struct ctx *c, struct login_cache *cache, const struct credential *cred,
	const struct actor *who)
{
	uint8_t key[HASH_MAX];
	if (!cache || who->key_id || who->device_id || who->identity_id || who->subject.len)
		return;
	ASSERT(who->username.len <= USERNAME_MAX);
	struct str scope = who->scope ? scope_text(c->arena, who->scope) : STR("");
	if (scope.len > SCOPE_MAX)
		return;
	key_of(c, cache, cred, key);
	int64_t now = cache->world->monotonic();
	WITH_LOCK(&cache->lock);
	struct entry *set = set_of(cache, key), *to = set;
	for (size_t i = 1; i < WAYS; i++)
		if (set[i].expires < to->expires)
			to = &set[i];
	/* Of two who were proven at the same time there is one entry. */
	for (size_t i = 0; i < WAYS; i++)
		if (bytes_equal_secret(set[i].key, key, sizeof key))
			to = &set[i];
	forget(to);
	to->who = *who;
	to->who.scope = NULL;
	if (scope.len) {
		char *copy = host_alloc(scope.len);
		memcpy(copy, scope.at, scope.len);
		to->scope = str_from(copy, scope.len);
	}
	to->who.via = to->who.peer = (struct str){0}; /* of the request, not of the credential */
	to->expires = now + (int64_t)LOGIN_CACHE_SECONDS * SECOND_US;
	to->told = now;
	memcpy(to->key, key, sizeof key);
	memcpy(to->username, who->username.at, who->username.len);
}

bool login_cache_factor_required(struct login_cache *cache, bool *out)
{
	if (!cache)
		return false;
	int64_t now = cache->world->monotonic();
	WITH_LOCK(&cache->lock);
	*out = cache->factor_required;
	return cache->factor_until > now;
}

void login_cache_put_factor_required(struct login_cache *cache, bool required)
{
	if (!cache)
		return;
	int64_t now = cache->world->monotonic();
	WITH_LOCK(&cache->lock);
	cache->factor_required = required;
	cache->factor_until = now + (int64_t)LOGIN_CACHE_RULE_SECONDS * SECOND_US;
}

static int64_t *suspect_of(struct login_cache *cache, struct str key)
{
	return &cache->suspects[bytes_hash(cache->seed, key.at, key.len) % SUSPECTS];
}

void login_cache_suspect(struct login_cache *cache, struct str key)
{
	if (!cache)
		return;
	int64_t until = cache->world->monotonic() + (int64_t)SUSPECT_SECONDS * SECOND_US;
	WITH_LOCK(&cache->lock);
	*suspect_of(cache, key) = until;
}

bool login_cache_is_suspect(struct login_cache *cache, struct str key)
{
	if (!cache)
		return true;
	int64_t now = cache->world->monotonic();
	WITH_LOCK(&cache->lock);
	return *suspect_of(cache, key) > now;
}

bool login_cache_is_news(struct login_cache *cache, struct str key)
{
	if (!cache)
		return true;
	int64_t now = cache->world->monotonic();
	uint64_t hash = bytes_hash(cache->seed, key.at, key.len);
	WITH_LOCK(&cache->lock);
	bool news =
		cache->noted[hash % NOTED].hash != hash || cache->noted[hash % NOTED].until <= now;
	if (news) {
		cache->noted[hash % NOTED].hash = hash;
		cache->noted[hash % NOTED].until = now + (int64_t)NOTED_SECONDS * SECOND_US;
	}
	return news;
}

void login_cache_drop(struct login_cache *cache, int64_t user_id, int64_t token_id)
{
	if (!cache)
		return;
	WITH_LOCK(&cache->lock);
	if (!user_id)
		cache->factor_until = 0;
	for (size_t i = 0; i < LOGIN_CACHE_MAX; i++) {
		struct entry *e = &cache->entries[i / WAYS][i % WAYS];
		if (e->who.user_id == user_id && (!token_id || e->who.token_id == token_id))
			forget(e);
	}
}

/* That some was missed is no matter: what ended is refused all the same. */
static void hear(void *arg, struct str message)
{
	uint64_t user_id, token_id;
	struct str rest = message;
	if (str_to_u64(str_cut(&rest, ' '), &user_id) && str_to_u64(rest, &token_id))
		login_cache_drop(arg, (int64_t)user_id, (int64_t)token_id);
}

enum err login_cache_listen(struct ctx *c, struct login_cache *cache, struct kv *kv)
{
	return kv_subscribe(c, kv, CHANNEL, hear, cache, &cache->heard);
}

void login_cache_tell(struct ctx *c, struct kv *kv, int64_t user_id, int64_t token_id)
{
	const char *text =
		arena_fmt(c->arena, "%lld %lld", (long long)user_id, (long long)token_id);
	if (kv_publish(c, kv, CHANNEL, str_of(text)))
		ctx_clear(c);
}
