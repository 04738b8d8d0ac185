/*
 * Whom a credential proved lately, kept in this process: so that who comes again with the same one
 * costs neither a look into the database nor a slow hash.
 *
 * That a credential proved somebody stays true; whether it still counts, core/permit.h asks in each
 * transaction. So nothing here is ever out of date, and what is dropped early is only tidied away. But for one
 * thing: whether everybody must have a second factor is known for LOGIN_CACHE_RULE_SECONDS, and other processes
 * that do not hear of a change (the kv is lost) go by what was for as long.
 *
 * Safe for any number of threads. Bounded: a new one takes the place of an older. Only what proved
 * somebody is kept, for LOGIN_CACHE_SECONDS, under its HMAC by a random key of this process: no
 * secret can be read from it. Minted keys, devices' tokens, and whom another vouches for, prove themselves
 * each time. `cache` may be NULL: nothing is known then.
 */
#ifndef CORE_LOGIN_CACHE_H
#define CORE_LOGIN_CACHE_H

#include "model/actor.h"
#include "port/auth.h"
#include "port/kv.h"

enum {
	LOGIN_CACHE_MAX = 1024,
	LOGIN_CACHE_SECONDS = 300,
	LOGIN_CACHE_DUE_SECONDS = 60,
	LOGIN_CACHE_RULE_SECONDS = 5
};

struct login_cache *login_cache_open(const struct world *world);
/* When nobody is told anything by the kv any more, or before. */
void login_cache_close(struct login_cache *cache);

/* Its strings and its scope are in c->arena. *due: nobody was told so for LOGIN_CACHE_DUE_SECONDS; for who notes
 * when a credential was used. */
bool login_cache_get(struct ctx *c, struct login_cache *cache, const struct credential *cred,
	struct actor *who, bool *due);
void login_cache_put(struct ctx *c, struct login_cache *cache, const struct credential *cred,
	const struct actor *who);

/*
 * Who fails is a suspect here for minutes, by a key of the caller's. It may be said of another who
 * never failed, but of nobody who did that they are none. Without a cache all are.
 */
void login_cache_suspect(struct login_cache *cache, struct str key);
bool login_cache_is_suspect(struct login_cache *cache, struct str key);

/* Was `key`, of the caller's, not noted here for an hour? It is now. Without a cache it never was. */
bool login_cache_is_news(struct login_cache *cache, struct str key);

/* Must everybody have a second factor? False while it is not known here. */
bool login_cache_factor_required(struct login_cache *cache, bool *out);
void login_cache_put_factor_required(struct login_cache *cache, bool required);

/* What ended: a token, or (token_id 0) all that proves somebody; or (user_id 0) the above. */
void login_cache_drop(struct login_cache *cache, int64_t user_id, int64_t token_id);

/* From now on drops what any process says has ended, until it is closed; and says so to all. What
 * is not heard, or not said because the kv is lost, is dropped when its time has come. */
enum err login_cache_listen(struct ctx *c, struct login_cache *cache, struct kv *kv) MUST;
void login_cache_tell(struct ctx *c, struct kv *kv, int64_t user_id, int64_t token_id);

#endif
