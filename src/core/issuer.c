#include "core/issuer.h"

#include "core/permit.h"
#include "core/record.h"
#include "core/seal.h"
#include "core/secret.h"
#include "meta/issuer_key.h"

enum {
	ACCESS_SECONDS = 600, /* unless the limits say another, as the next */
	ID_LEN = 22,
	KEYS_MAX = 16,
};

static const int64_t key_seconds = 30LL * 24 * 3600;

static int64_t access_seconds(const struct core *core)
{
	return core->limits.access_seconds ? core->limits.access_seconds : ACCESS_SECONDS;
}

static struct seal_bound bound_of(int64_t id)
{
	return (struct seal_bound){"issuer key", id};
}

/* Makes one, and says of those before it when they end. `who` NULL: it is made by itself. */
static enum err make_key(struct ctx *c, struct core *core, struct db_tx *tx,
	const struct actor *who, struct issuer_key *out)
{
	struct jwk_secret secret;
	struct buf jwk = {.arena = c->arena}, data = {.arena = c->arena};
	struct json_writer w = {.out = &jwk}, told = {.out = &data};
	jwk_make(c, core->issuer_alg, &secret);
	jwk_print(&w, &secret.public);
	out->kid = secret.public.kid;
	out->alg = core->issuer_alg;
	out->jwk = buf_view(&jwk);
	TRY(meta_issuer_key_next(c, tx, &out->id));
	const struct seal_bound bound = bound_of(out->id);
	out->sealed =
		seal_make(c, &core->seals, &bound, str_from(secret.bytes, sizeof secret.bytes));
	TRY(meta_issuer_key_end(c, tx, out->begins + access_seconds(core)));
	TRY(meta_issuer_key_sweep(c, tx));
	TRY(meta_issuer_key_create(c, tx, out));
	json_begin_object(&told);
	json_member_str(&told, "kid", out->kid);
	record_time(&told, "signs_from", out->begins);
	json_end_object(&told);
	return record_add(c, tx,
		&(struct record){.who = who,
			.type = EVENT_ISSUER_KEY_ADDED,
			.subject = out->kid,
			.data = buf_view(&data)});
}

/* Of keys in the order of meta_issuer_key_list: the one that signs at this time. */
static const struct issuer_key *signing_at(const struct issuer_key *keys, size_t count, int64_t now)
{
	for (size_t i = 0; i < count; i++)
		if (keys[i].begins <= now)
			return &keys[i];
	return NULL;
}

/* The one that signs now; a new one is made where the last one's time has come. */
static enum err current_key(
	struct ctx *c, struct core *core, struct db_tx *tx, struct issuer_key *out)
{
	struct issuer_key *keys;
	size_t count;
	int64_t now = db_now(tx), most = core->limits.issuer_key_seconds;
	TRY(meta_issuer_key_list(c, tx, true, &keys, &count));
	const struct issuer_key *one = signing_at(keys, count, now);
	if (!one) {
		*out = (struct issuer_key){.begins = now};
		return make_key(c, core, tx, NULL, out);
	}
	*out = *one;
	struct issuer_key next = {.begins = now + ISSUER_LEAD};
	bool due = keys[0].begins + (most ? most : key_seconds) <= now ||
		   (keys[0].alg != core->issuer_alg && keys[0].begins <= now);
	return due ? make_key(c, core, tx, NULL, &next) : OK;
}

enum err issuer_sign(struct ctx *c, struct core *core, struct db_tx *tx, struct access_token *what,
	struct str *out)
{
	struct issuer_key key;
	struct jwk_secret secret;
	struct str bytes;
	TRY(current_key(c, core, tx, &key));
	const struct seal_bound bound = bound_of(key.id);
	TRY_WHILE(c, seal_open(c, &core->seals, &bound, key.sealed, &bytes),
		"opening the key that signs access tokens");
	TRY(jwk_secret_open(c, key.alg, bytes, &secret));
	what->now = db_now(tx);
	what->seconds = access_seconds(core);
	what->id = secret_word(c, ID_LEN);
	*out = access_token_make(c->arena, &secret, what);
	return OK;
}

enum err issuer_jwks(struct ctx *c, struct core *core, struct str *out)
{
	DB_TX *tx = NULL;
	struct issuer_key *keys;
	size_t count;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	TRY(meta_issuer_key_list(c, tx, false, &keys, &count));
	*out = issuer_keys_text(c->arena, keys, count);
	return OK;
}

enum err issuer_key_list(struct ctx *c, struct core *core, const struct actor *who,
	struct issuer_key **out, size_t *count)
{
	DB_TX *tx = NULL;
	TRY(permit_begin_owner(c, core, who, DB_READ, &tx));
	return meta_issuer_key_list(c, tx, false, out, count);
}

enum err issuer_key_rotate(
	struct ctx *c, struct core *core, const struct actor *who, bool now, struct issuer_key *out)
{
	DB_TX *tx = NULL;
	struct issuer_key *keys;
	size_t count;
	TRY(permit_begin_owner(c, core, who, DB_WRITE, &tx));
	TRY(meta_issuer_key_list(c, tx, false, &keys, &count));
	if (!now && count >= KEYS_MAX)
		return fail(c, ERR_TOO_BIG, "there are %zu keys already: wait until the oldest end",
			count);
	*out = (struct issuer_key){.begins = db_now(tx) + (now || !count ? 0 : ISSUER_LEAD)};
	if (now) {
		TRY(meta_issuer_key_delete_all(c, tx));
		TRY(record_add(
			c, tx, &(struct record){.who = who, .type = EVENT_ISSUER_KEY_REMOVED}));
	}
	TRY(make_key(c, core, tx, who, out));
	return db_commit(c, &tx);
}
