#include "core/passkey.h"

#include "base/hash.h"
#include "base/hex.h"
#include "core/audit.h"
#include "core/login.h"
#include "core/permit.h"
#include "core/secret.h"
#include "meta/passkey.h"
#include "meta/user.h"

enum { CEREMONY_TEXT_MAX = 512, HANDLE = 32 };

static const char adding[] = "passkey to add", signing[] = "passkey to sign in",
		  seconding[] = "passkey as second factor";

/* Of one person always the same, and nothing to anybody else. */
static struct str handle_of(struct ctx *c, const struct core *core, int64_t user_id)
{
	struct hash h;
	uint8_t id[8], digest[HASH_MAX];
	static const char label[] = "nimbus passkey handle";
	put_be64(id, (uint64_t)user_id);
	hash_init(&h, HASH_SHA256);
	hash_update(&h, label, sizeof label);
	hash_update(&h, core->instance, strlen(core->instance));
	hash_update(&h, id, sizeof id);
	hash_final(&h, digest);
	return str_copy(c->arena, str_from(digest, HANDLE));
}

/* The database's: processes' clocks need not agree. */
static enum err ask_time(struct ctx *c, struct core *core, int64_t *now)
{
	DB_TX *tx = NULL;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	TRY(db_ask_time(c, tx));
	*now = db_now(tx);
	return OK;
}

static enum err begin(struct ctx *c, struct core *core, struct str origin,
	const struct seal_bound *bound, struct webauthn_ceremony *out, struct str *text)
{
	struct buf b = {.arena = c->arena};
	uint8_t stamp[8];
	int64_t now;
	*out = (struct webauthn_ceremony){.passkey = bound->purpose != seconding};
	TRY(webauthn_party(c, origin, STR("Nimbus Git"), &out->party));
	TRY(ask_time(c, core, &now));
	out->challenge = webauthn_challenge(c);
	buf_str(&b, out->challenge);
	put_be64(stamp, (uint64_t)now);
	buf_bytes(&b, stamp, sizeof stamp);
	*text = base64url_encode(c->arena, seal_make(c, &core->seals, bound, buf_view(&b)));
	return OK;
}

static enum err too_old(struct ctx *c, enum err kind)
{
	return fail(c, kind, "this page is too old for its passkey: reload it and try again");
}

/* What `begin` made, if it did for this. `kind`: of the error where it did not. */
static enum err resume(struct ctx *c, struct core *core, const struct passkey_answer *answer,
	const struct seal_bound *bound, enum err kind, struct webauthn_ceremony *out)
{
	char bytes[CEREMONY_TEXT_MAX];
	size_t len;
	struct str kept;
	*out = (struct webauthn_ceremony){.passkey = bound->purpose != seconding};
	TRY(webauthn_party(c, answer->origin, STR("Nimbus Git"), &out->party));
	if (answer->ceremony.len > CEREMONY_TEXT_MAX ||
		!base64url_decode(answer->ceremony, bytes, &len) ||
		seal_open(c, &core->seals, bound, str_from(bytes, len), &kept) ||
		kept.len != WEBAUTHN_CHALLENGE + 8)
		return too_old(c, kind);
	int64_t now, made = (int64_t)get_be64(kept.at + WEBAUTHN_CHALLENGE);
	TRY(ask_time(c, core, &now));
	if (now - made > PASSKEY_SECONDS)
		return too_old(c, kind);
	out->challenge = str_until(kept, WEBAUTHN_CHALLENGE);
	return OK;
}

/* Of those who come with the same answer, one is first. */
static enum err take_once(
	struct ctx *c, struct core *core, const struct webauthn_ceremony *ceremony, enum err kind)
{
	char hash[65];
	int64_t count;
	secret_hash("passkey", ceremony->challenge, hash);
	const char *key = arena_fmt(c->arena, "passkey/%s", hash);
	TRY(kv_count(c, core->kv, str_of(key), 2 * PASSKEY_SECONDS, &count));
	return count == 1 ? OK : too_old(c, kind);
}

static struct webauthn_credential *credentials_of(
	struct ctx *c, const struct passkey *passkeys, size_t count)
{
	struct webauthn_credential *out = NEW_ARRAY(c->arena, struct webauthn_credential, count);
	for (size_t i = 0; i < count; i++)
		out[i] = passkeys[i].credential;
	return out;
}

enum err passkey_ask_new(struct ctx *c, struct core *core, const struct actor *who,
	struct str origin, struct passkey_ask *out)
{
	DB_TX *tx = NULL;
	struct user user;
	struct passkey *have;
	size_t count;
	struct webauthn_ceremony ceremony;
	struct buf options = {.arena = c->arena};
	const struct seal_bound bound = {adding, who->user_id};
	TRY(factor_begin(c, core, who, DB_READ, &tx, &user));
	TRY(meta_passkey_list(c, tx, user.id, &have, &count));
	if (count >= PASSKEYS_MAX)
		return fail(c, ERR_INVALID, "there are %d passkeys already: remove one first",
			PASSKEYS_MAX);
	db_rollback(&tx);
	TRY(begin(c, core, origin, &bound, &ceremony, &out->ceremony));
	const struct webauthn_user self = {
		handle_of(c, core, user.id), user.username, user.username};
	webauthn_creation_options(
		&options, &ceremony, &self, credentials_of(c, have, count), count);
	out->options = buf_view(&options);
	return OK;
}

static enum err check_name(struct ctx *c, struct str name)
{
	bool ok = name.len > 0 && name.len <= PASSKEY_NAME_MAX && str_is_utf8(name);
	for (size_t i = 0; i < name.len; i++)
		ok = ok && (unsigned char)name.at[i] >= ' ' && name.at[i] != 0x7f;
	return ok ? OK
		  : fail(c, ERR_INVALID, "a passkey's name is 1 to %d bytes of text on one line",
			    PASSKEY_NAME_MAX);
}

static enum err insert(struct ctx *c, struct core *core, const struct actor *who,
	struct passkey *passkey, const struct recovery_code **fresh)
{
	DB_TX *tx = NULL;
	struct user user;
	struct passkey *have;
	size_t count;
	TRY(factor_begin(c, core, who, DB_WRITE, &tx, &user));
	TRY(meta_passkey_list(c, tx, user.id, &have, &count));
	if (count >= PASSKEYS_MAX)
		return fail(c, ERR_INVALID, "there are %d passkeys already: remove one first",
			PASSKEYS_MAX);
	TRY(meta_passkey_add(c, tx, passkey));
	TRY(factor_added(c, tx, who, &user,
		&(struct factor_change){.kind = "passkey", .name = passkey->name}, fresh));
	TRY(db_commit(c, &tx));
	login_ended(c, core, user.id, 0);
	return OK;
}

enum err passkey_add(struct ctx *c, struct core *core, const struct actor *who,
	const struct passkey_answer *answer, struct str name, const struct recovery_code **fresh)
{
	const struct seal_bound bound = {adding, who->user_id};
	struct webauthn_ceremony ceremony;
	struct webauthn_registration given;
	struct passkey passkey = {.user_id = who->user_id, .name = str_trim(name)};
	TRY(check_name(c, passkey.name));
	TRY(resume(c, core, answer, &bound, ERR_INVALID, &ceremony));
	TRY(webauthn_registration_read(c, answer->json, &given));
	TRY(webauthn_register(
		c, &ceremony, &given, handle_of(c, core, who->user_id), &passkey.credential));
	TRY(take_once(c, core, &ceremony, ERR_INVALID));
	return insert(c, core, who, &passkey, fresh);
}

enum err passkey_rename(
	struct ctx *c, struct core *core, const struct actor *who, int64_t id, struct str name)
{
	DB_TX *tx = NULL;
	struct user user;
	const struct passkey passkey = {.id = id, .user_id = who->user_id, .name = str_trim(name)};
	TRY(check_name(c, passkey.name));
	TRY(factor_begin(c, core, who, DB_WRITE, &tx, &user));
	TRY(meta_passkey_rename(c, tx, &passkey));
	TRY(factor_renamed(
		c, tx, who, &(struct factor_change){.kind = "passkey", .name = passkey.name}));
	return db_commit(c, &tx);
}

enum err passkey_remove(struct ctx *c, struct core *core, const struct actor *who, int64_t id)
{
	DB_TX *tx = NULL;
	struct user user;
	struct factor_change what = {.kind = "passkey"};
	TRY(factor_begin(c, core, who, DB_WRITE, &tx, &user));
	TRY(meta_passkey_remove(c, tx, user.id, id, &what.name));
	TRY(factor_removed(c, tx, who, &what));
	return db_commit(c, &tx);
}

enum err passkey_ask_anybody(
	struct ctx *c, struct core *core, struct str origin, struct passkey_ask *out)
{
	struct webauthn_ceremony ceremony;
	struct buf options = {.arena = c->arena};
	const struct seal_bound bound = {signing, 0};
	TRY(begin(c, core, origin, &bound, &ceremony, &out->ceremony));
	webauthn_request_options(&options, &ceremony, NULL, 0);
	out->options = buf_view(&options);
	return OK;
}

enum err passkey_ask_second(struct ctx *c, struct core *core, const struct actor *who,
	struct str origin, struct passkey_ask *out)
{
	DB_TX *tx = NULL;
	struct passkey *have;
	size_t count;
	struct webauthn_ceremony ceremony;
	struct buf options = {.arena = c->arena};
	const struct seal_bound bound = {seconding, who->user_id};
	*out = (struct passkey_ask){0};
	TRY(db_begin(c, core->db, DB_READ, &tx));
	TRY(meta_passkey_list(c, tx, who->user_id, &have, &count));
	db_rollback(&tx);
	if (!count)
		return OK;
	TRY(begin(c, core, origin, &bound, &ceremony, &out->ceremony));
	webauthn_request_options(&options, &ceremony, credentials_of(c, have, count), count);
	out->options = buf_view(&options);
	return OK;
}

static enum err unknown(struct ctx *c)
{
	return fail(c, ERR_UNAUTH, "this passkey is not known here, or not any more");
}

/* The passkey and whose it is; ERR_UNAUTH where it is of nobody (any more). */
static enum err find(struct ctx *c, struct core *core, struct db_tx *tx, struct str credential,
	struct passkey *passkey, struct user *user)
{
	enum err kind = meta_passkey_find(c, tx, credential, passkey);
	if (!kind)
		kind = meta_user_get(c, tx, passkey->user_id, user);
	if (kind == ERR_NOT_FOUND || (!kind && user_has_ended(user, db_now(tx))))
		return unknown(c);
	TRY(kind);
	passkey->credential.handle = handle_of(c, core, user->id);
	return OK;
}

/* Once, and only what was signed by its key: what anybody can make up leaves nothing in the kv, and who
 * sends the same twice has no copy of a key. */
static enum err check_answer(struct ctx *c, struct core *core,
	const struct webauthn_ceremony *ceremony, const struct webauthn_assertion *given,
	struct webauthn_credential *credential)
{
	enum err kind = webauthn_assert(c, ceremony, given, credential);
	const struct error why = c->error;
	if (!kind || kind == ERR_DENIED)
		TRY(take_once(c, core, ceremony, ERR_UNAUTH));
	c->error = why;
	return kind;
}

/* A ceremony's end, in one transaction. *who: as it was of whom it must be (a second factor), or
 * nobody yet. */
static enum err finish(struct ctx *c, struct core *core, const struct webauthn_ceremony *ceremony,
	const struct webauthn_assertion *given, struct actor *who)
{
	DB_TX *tx = NULL;
	struct passkey passkey;
	struct user user;
	bool first;
	TRY(db_begin(c, core->db, DB_WRITE, &tx));
	TRY(find(c, core, tx, given->id, &passkey, &user));
	uint32_t before = passkey.credential.count;
	if (!ceremony->passkey && (user.id != who->user_id || user.generation != who->generation))
		return unknown(c);
	if (ceremony->passkey) {
		struct str peer = who->peer;
		*who = meta_user_actor(&user);
		who->via = STR("passkey");
		who->peer = peer;
	}
	TRY(check_answer(c, core, ceremony, given, &passkey.credential));
	TRY(meta_passkey_use(c, tx, &passkey, before, &first));
	if (!first)
		return fail(c, ERR_UNAUTH, "the passkey was used elsewhere just now: try again");
	TRY(factor_used(c, tx, who, "passkey"));
	return db_commit(c, &tx);
}

static enum err check(struct ctx *c, struct core *core, const struct passkey_answer *answer,
	const struct seal_bound *bound, struct actor *who)
{
	struct webauthn_ceremony ceremony;
	struct webauthn_assertion given;
	TRY(resume(c, core, answer, bound, ERR_UNAUTH, &ceremony));
	TRY(webauthn_assertion_read(c, answer->json, &given));
	enum err kind = finish(c, core, &ceremony, &given, who);
	if (!kind)
		factor_proved(c, core, who);
	if (kind == ERR_UNAUTH || kind == ERR_DENIED)
		audit_refuse(c, core,
			&(struct audit_refusal){.who = bound->purpose == seconding ? who : NULL,
				.name = who->username,
				.via = STR("passkey"),
				.peer = who->peer,
				.action = STR(AUDIT_FACTOR_REFUSED),
				.subject = who->username,
				.why = str_of(c->error.text)});
	return kind;
}

enum err passkey_sign_in(struct ctx *c, struct core *core, const struct passkey_answer *answer,
	struct str peer, struct actor *who)
{
	const struct seal_bound bound = {signing, 0};
	*who = ACTOR_ANONYMOUS;
	who->peer = peer;
	return check(c, core, answer, &bound, who);
}

enum err passkey_check_second(struct ctx *c, struct core *core, const struct actor *who,
	const struct passkey_answer *answer)
{
	const struct seal_bound bound = {seconding, who->user_id};
	struct actor same = *who;
	return check(c, core, answer, &bound, &same);
}
