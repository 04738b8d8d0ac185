#include "core/known_browser.h"

#include "base/buf.h"
#include "base/hex.h"
#include "base/hmac.h"
#include "meta/user.h"

enum { ID_BYTES = 12, SECOND_US = 1000000 };

/* "ID.USER.GENERATION.SECONDS.SIGNATURE" */
struct known {
	struct str id, signed_part, signature;
	int64_t user_id, generation, made;
};

static struct str sign(struct ctx *c, struct core *core, struct str part)
{
	uint8_t digest[HASH_MAX];
	struct buf text = {.arena = c->arena};
	buf_cstr(&text, "device ");
	buf_str(&text, part);
	hmac_sha256(core->nonce_key, buf_view(&text), digest);
	return base64url_encode(c->arena, str_from(digest, sizeof digest));
}

enum err known_browser_make(
	struct ctx *c, struct core *core, const struct actor *who, struct str *out)
{
	uint8_t random[ID_BYTES];
	*out = STR("");
	if (!core->nonce_key.len)
		return OK;
	c->world->random(random, sizeof random);
	struct str id = base64url_encode(c->arena, str_from(random, sizeof random));
	struct str part = str_of(
		arena_fmt(c->arena, "%.*s.%lld.%lld.%lld", STR_FMT(id), (long long)who->user_id,
			(long long)who->generation, (long long)(c->world->clock() / SECOND_US)));
	struct str signature = sign(c, core, part);
	*out = str_of(arena_fmt(c->arena, "%.*s.%.*s", STR_FMT(part), STR_FMT(signature)));
	return OK;
}

static bool read_number(struct str *rest, int64_t *out)
{
	uint64_t number;
	bool ok = str_to_u64(str_cut(rest, '.'), &number) && number <= INT64_MAX;
	*out = ok ? (int64_t)number : 0;
	return ok;
}

static bool parse(struct str text, struct known *out)
{
	struct str rest = text;
	size_t end = str_find_last(text, '.');
	out->signed_part = str_until(text, end);
	out->signature = str_from_index(text, end + 1);
	out->id = str_cut(&rest, '.');
	return out->id.len && read_number(&rest, &out->user_id) &&
	       read_number(&rest, &out->generation) && read_number(&rest, &out->made);
}

static bool is_signed(struct ctx *c, struct core *core, const struct known *d)
{
	struct str ours = sign(c, core, d->signed_part);
	int64_t age = c->world->clock() / SECOND_US - d->made;
	return str_eq_secret(d->signature, ours) && age < KNOWN_BROWSER_SECONDS;
}

enum err known_browser_check(
	struct ctx *c, struct core *core, struct str text, struct str username, struct str *id)
{
	struct known d;
	struct user user;
	DB_TX *tx = NULL;
	*id = STR("");
	if (!core->nonce_key.len || !parse(text, &d) || !is_signed(c, core, &d))
		return OK;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	enum err kind = meta_user_get(c, tx, d.user_id, &user);
	if (kind == ERR_NOT_FOUND) {
		ctx_clear(c);
		return OK;
	}
	TRY(kind);
	if (str_eq(user.username, username) && user.generation == d.generation)
		*id = d.id;
	return OK;
}
