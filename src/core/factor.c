#include "core/factor.h"

#include "base/base32.h"
#include "base/hex.h"
#include "core/audit.h"
#include "core/permit.h"
#include "core/person.h"
#include "core/record.h"
#include "core/tries.h"
#include "meta/factor.h"
#include "meta/instance.h"
#include "meta/passkey.h"
#include "meta/session.h"
#include "meta/user.h"
#include "model/totp.h"

enum {
	CODES_WRONG = 50,    /* so many codes of one account may be wrong, from anywhere … */
	CODES_SECONDS = 600, /* … within so long … */
	CODES_DAY = 100,     /* … and so many within a day */
	DAY_SECONDS = 86400,
	SEALED_TEXT_MAX = 512 /* of an offer that comes back */
};

#define REQUIRED_KEY STR("second_factor_required")

static struct seal_bound bound_to(const char *purpose, const struct actor *who)
{
	return (struct seal_bound){purpose, who->user_id};
}

enum err factor_begin(struct ctx *c, struct core *core, const struct actor *who, enum db_mode mode,
	struct db_tx **tx, struct user *out)
{
	TRY(permit_begin_account(c, core, who, mode, tx));
	if (actor_has_key(who))
		return fail(c, ERR_DENIED,
			"a key cannot change second factors: sign in with a browser");
	return meta_user_get(c, *tx, who->user_id, out);
}

static enum err record_change(struct ctx *c, struct db_tx *tx, const struct actor *who,
	enum event_type type, struct str username, const struct factor_change *what)
{
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	json_begin_object(&w);
	json_member_str(&w, "username", username);
	if (what)
		json_member_cstr(&w, "kind", what->kind);
	if (what && what->name.len)
		json_member_str(&w, "name", what->name);
	json_end_object(&w);
	return record_add(c, tx,
		&(struct record){
			.who = who, .type = type, .subject = username, .data = buf_view(&b)});
}

static enum err make_codes(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct recovery_code **fresh)
{
	struct recovery_code *codes = NEW_ARRAY(c->arena, struct recovery_code, RECOVERY_CODES);
	recovery_make(c, codes);
	TRY(meta_recovery_put(c, tx, who->user_id, codes));
	*fresh = codes;
	return record_change(c, tx, who, EVENT_RECOVERY_CODES_MADE, who->username, NULL);
}

enum err factor_added(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct user *user, const struct factor_change *what,
	const struct recovery_code **fresh)
{
	*fresh = NULL;
	TRY(record_change(c, tx, who, EVENT_SECOND_FACTOR_ADDED, user->username, what));
	if (user->has_factor)
		return OK;
	TRY(meta_user_end(c, tx, user->id));
	TRY(meta_session_remove_all(c, tx, user->id));
	TRY(meta_login_link_remove_all(c, tx, user->id));
	return make_codes(c, tx, who, fresh);
}

enum err factor_removed(
	struct ctx *c, struct db_tx *tx, const struct actor *who, const struct factor_change *what)
{
	struct user user;
	bool required;
	TRY(meta_user_get(c, tx, who->user_id, &user));
	TRY(factor_is_required(c, tx, &required));
	if (!user.has_factor && required)
		return fail(c, ERR_DENIED,
			"everybody must have a second factor here: add another one first");
	if (!user.has_factor)
		TRY(meta_recovery_remove(c, tx, user.id));
	return record_change(c, tx, who, EVENT_SECOND_FACTOR_REMOVED, user.username, what);
}

enum err factor_renamed(
	struct ctx *c, struct db_tx *tx, const struct actor *who, const struct factor_change *what)
{
	return record_change(c, tx, who, EVENT_SECOND_FACTOR_CHANGED, who->username, what);
}

enum err factor_used(struct ctx *c, struct db_tx *tx, const struct actor *who, const char *how)
{
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	json_begin_object(&w);
	json_member_cstr(&w, "kind", how);
	json_end_object(&w);
	struct audit entry = {.chain = AUDIT_INSTANCE,
		.action = STR(AUDIT_FACTOR_USED),
		.subject = who->username,
		.detail = buf_view(&b)};
	if (strcmp(how, "totp") != 0)
		TRY(meta_totp_forgive(c, tx, who->user_id));
	return record_audit(c, tx, who, &entry, NULL);
}

static enum err find_totp(
	struct ctx *c, struct db_tx *tx, int64_t user_id, struct totp_row *row, bool *there)
{
	enum err kind = meta_totp_get(c, tx, user_id, row);
	*there = !kind;
	if (kind != ERR_NOT_FOUND)
		return kind;
	ctx_clear(c);
	return OK;
}

enum err factor_list(struct ctx *c, struct core *core, const struct actor *who, struct str username,
	struct factors *out)
{
	DB_TX *tx = NULL;
	struct user user;
	struct totp_row row = {0};
	struct passkey *passkeys;
	*out = (struct factors){0};
	TRY(permit_begin_account_of(c, core, who, username, DB_READ, &tx));
	TRY(person_get(c, tx, username, &user));
	TRY(find_totp(c, tx, user.id, &row, &out->totp));
	TRY(meta_passkey_list(c, tx, user.id, &passkeys, &out->passkey_count));
	TRY(meta_recovery_left(c, tx, user.id, &out->recovery_left));
	TRY(factor_is_required(c, tx, &out->required));
	out->totp_created = row.created;
	out->totp_used = row.used;
	out->passkeys = passkeys;
	return OK;
}

static enum err open_offer(struct ctx *c, struct core *core, const struct actor *who,
	struct str sealed, struct str *secret)
{
	const struct seal_bound bound = bound_to("totp offer", who);
	char bytes[SEALED_TEXT_MAX];
	size_t len;
	if (sealed.len > SEALED_TEXT_MAX || !base64url_decode(sealed, bytes, &len) ||
		seal_open(c, &core->seals, &bound, str_from(bytes, len), secret))
		return fail(c, ERR_INVALID, "this secret was not offered to you: begin again");
	return OK;
}

enum err factor_totp_offer(struct ctx *c, struct core *core, const struct actor *who,
	struct str host, struct str sealed, struct totp_offer *out)
{
	DB_TX *tx = NULL;
	struct user user;
	struct totp_row row;
	bool there;
	const struct seal_bound bound = bound_to("totp offer", who);
	TRY(factor_begin(c, core, who, DB_READ, &tx, &user));
	TRY(find_totp(c, tx, user.id, &row, &there));
	if (there)
		return fail(
			c, ERR_EXISTS, "there is an authenticator app already: remove it first");
	struct str secret;
	if (open_offer(c, core, who, sealed, &secret)) {
		ctx_clear(c);
		secret = totp_secret(c);
	}
	struct str issuer = str_of(arena_fmt(c->arena, "Nimbus Git %.*s", STR_FMT(host)));
	*out = (struct totp_offer){
		.text = base32_encode(c->arena, secret),
		.uri = totp_uri(c->arena, secret, issuer, user.username),
		.sealed = base64url_encode(c->arena, seal_make(c, &core->seals, &bound, secret)),
	};
	return OK;
}

enum err factor_totp_add(struct ctx *c, struct core *core, const struct actor *who,
	struct str sealed, struct str typed, const struct recovery_code **fresh)
{
	DB_TX *tx = NULL;
	struct user user;
	struct str secret;
	struct totp_row row = {0};
	const struct seal_bound bound = bound_to("totp", who);
	TRY(open_offer(c, core, who, sealed, &secret));
	TRY(factor_begin(c, core, who, DB_WRITE, &tx, &user));
	if (!totp_check(secret, typed, db_now(tx), &row.step))
		return fail(c, ERR_INVALID,
			"that is not the code that the app shows now: is its clock right?");
	row.sealed = seal_make(c, &core->seals, &bound, secret);
	TRY(meta_totp_add(c, tx, user.id, &row));
	TRY(factor_added(c, tx, who, &user, &(struct factor_change){.kind = "totp"}, fresh));
	TRY(db_commit(c, &tx));
	login_ended(c, core, user.id, 0);
	return OK;
}

enum err factor_totp_remove(struct ctx *c, struct core *core, const struct actor *who)
{
	DB_TX *tx = NULL;
	struct user user;
	TRY(factor_begin(c, core, who, DB_WRITE, &tx, &user));
	TRY(meta_totp_remove(c, tx, user.id));
	TRY(factor_removed(c, tx, who, &(struct factor_change){.kind = "totp"}));
	return db_commit(c, &tx);
}

enum err factor_recovery_make(struct ctx *c, struct core *core, const struct actor *who,
	const struct recovery_code **fresh)
{
	DB_TX *tx = NULL;
	struct user user;
	TRY(factor_begin(c, core, who, DB_WRITE, &tx, &user));
	if (!user.has_factor)
		return fail(c, ERR_INVALID,
			"recovery codes are for who has a second factor: add one first");
	TRY(make_codes(c, tx, who, fresh));
	return db_commit(c, &tx);
}

enum err factor_reset(
	struct ctx *c, struct core *core, const struct actor *who, struct str username)
{
	DB_TX *tx = NULL;
	struct user user;
	TRY(permit_begin_owner(c, core, who, DB_WRITE, &tx));
	TRY(person_get(c, tx, username, &user));
	if (user.owner && actor_has_key(who))
		return fail(c, ERR_DENIED, "a key cannot remove the owner's second factors");
	if (!user.has_factor)
		return fail(
			c, ERR_NOT_FOUND, "\"%.*s\" has no second factor", STR_FMT(user.username));
	enum err kind = meta_totp_remove(c, tx, user.id);
	if (kind && kind != ERR_NOT_FOUND)
		return kind;
	ctx_clear(c);
	TRY(meta_passkey_remove_all(c, tx, user.id));
	TRY(meta_recovery_remove(c, tx, user.id));
	TRY(record_change(c, tx, who, EVENT_SECOND_FACTOR_REMOVED, user.username,
		&(struct factor_change){.kind = "all"}));
	return db_commit(c, &tx);
}

enum err factor_is_required(struct ctx *c, struct db_tx *tx, bool *out)
{
	struct str value;
	enum err kind = meta_instance_get(c, tx, REQUIRED_KEY, &value);
	*out = !kind && str_is(value, "1");
	if (kind != ERR_NOT_FOUND)
		return kind;
	ctx_clear(c);
	return OK;
}

enum err factor_require(struct ctx *c, struct core *core, const struct actor *who, bool required)
{
	DB_TX *tx = NULL;
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	TRY(permit_begin_owner(c, core, who, DB_WRITE, &tx));
	TRY(meta_instance_put(c, tx, REQUIRED_KEY, required ? STR("1") : STR("0")));
	json_begin_object(&w);
	json_member_bool(&w, "required", required);
	json_end_object(&w);
	TRY(record_add(c, tx,
		&(struct record){.who = who,
			.type = EVENT_SECOND_FACTOR_REQUIRED,
			.subject = STR("everybody"),
			.data = buf_view(&b)}));
	TRY(db_commit(c, &tx));
	login_ended(c, core, 0, 0);
	return OK;
}

static enum err wrong_code(struct ctx *c)
{
	return fail(c, ERR_UNAUTH, "that code is wrong, too old, or was used already");
}

static const char blocked_a_while[] =
	"too many wrong codes were tried for this account: use a passkey or a recovery code, or "
	"wait ten minutes";
static const char blocked_a_day[] =
	"too many wrong codes were tried for this account within a day: use a passkey or a "
	"recovery code, or wait until tomorrow";

static const struct totp_bound within_a_day = {CODES_DAY, DAY_SECONDS};

static struct str count_key(struct ctx *c, const struct actor *who)
{
	return str_of(arena_fmt(c->arena, "factor-wrong/%lld", (long long)who->user_id));
}

static struct str block_key(struct ctx *c, const struct actor *who)
{
	return str_of(arena_fmt(c->arena, "factor-wrong/%lld/block", (long long)who->user_id));
}

/* What cannot be asked blocks nobody. */
static enum err check_count(struct ctx *c, struct core *core, const struct actor *who)
{
	struct str value;
	if (!kv_get(c, core->kv, block_key(c, who), &value))
		return fail(c, ERR_RATE_LIMITED, "%s", blocked_a_while);
	ctx_clear(c);
	return OK;
}

static void record_block(
	struct ctx *c, struct core *core, const struct actor *who, const char *told)
{
	audit_refuse(c, core,
		&(struct audit_refusal){.who = who,
			.action = STR(AUDIT_FACTOR_BLOCKED),
			.subject = who->username,
			.why = str_of(told)});
}

static void count_wrong(struct ctx *c, struct core *core, const struct actor *who)
{
	struct error before = c->error;
	int64_t count;
	enum err kind = kv_count(c, core->kv, count_key(c, who), CODES_SECONDS, &count);
	if (!kind && count >= CODES_WRONG)
		kind = kv_put(c, core->kv, block_key(c, who), STR("1"), CODES_SECONDS);
	if (!kind && count == CODES_WRONG)
		record_block(c, core, who, blocked_a_while);
	c->error = before;
}

void factor_proved(struct ctx *c, struct core *core, const struct actor *who)
{
	if (kv_remove(c, core->kv, count_key(c, who)) || kv_remove(c, core->kv, block_key(c, who)))
		ctx_clear(c);
}

/* That a code was wrong is what stays of the transaction. */
static enum err keep_wrong(struct ctx *c, struct db_tx **tx, const struct actor *who, bool *blocks)
{
	struct error before = c->error;
	ctx_clear(c);
	TRY(meta_totp_wrong(c, *tx, who->user_id, &within_a_day, blocks));
	TRY(db_commit(c, tx));
	c->error = before;
	return before.kind;
}

static enum err use_totp(struct ctx *c, struct core *core, struct db_tx *tx,
	const struct actor *who, struct str typed)
{
	const struct seal_bound bound = bound_to("totp", who);
	struct totp_row row;
	struct str secret;
	bool first;
	enum err kind = meta_totp_get(c, tx, who->user_id, &row);
	if (kind == ERR_NOT_FOUND)
		return wrong_code(c);
	TRY(kind);
	if (meta_totp_is_blocked(tx, &row, &within_a_day))
		return fail(c, ERR_RATE_LIMITED, "%s", blocked_a_day);
	TRY(seal_open(c, &core->seals, &bound, row.sealed, &secret));
	if (!totp_check(secret, typed, db_now(tx), &row.step))
		return wrong_code(c);
	TRY(meta_totp_use(c, tx, who->user_id, row.step, &first));
	if (!first)
		return wrong_code(c);
	if (!seal_is_old(&core->seals, row.sealed))
		return OK;
	return meta_totp_seal(c, tx, who->user_id, seal_make(c, &core->seals, &bound, secret));
}

/* Whoever was proven meanwhile to be nobody any more has no factor either. *blocks: for a day, now. */
static enum err use_code(struct ctx *c, struct core *core, const struct actor *who,
	struct str typed, const char **how, bool *blocks)
{
	DB_TX *tx = NULL;
	char hash[RECOVERY_HASH];
	bool recovery = recovery_hash(typed, hash), was;
	struct actor whole = *who;
	whole.half = false;
	*blocks = false;
	if (!recovery)
		TRY(check_count(c, core, who));
	TRY(db_begin(c, core->db, DB_WRITE, &tx));
	TRY(permit_self(c, core, tx, &whole));
	if (recovery) {
		TRY(meta_recovery_use(c, tx, who->user_id, hash, &was));
		if (!was)
			return wrong_code(c);
	} else {
		enum err kind = use_totp(c, core, tx, who, typed);
		TRY(kind == ERR_UNAUTH ? keep_wrong(c, &tx, who, blocks) : kind);
	}
	*how = recovery ? "recovery" : "totp";
	TRY(factor_used(c, tx, who, *how));
	return db_commit(c, &tx);
}

enum err factor_check_code(struct ctx *c, struct core *core, const struct actor *who,
	struct str typed, const char **how)
{
	const struct credential guess = {CREDENTIAL_PASSWORD, who->username, typed};
	struct tries tries;
	bool blocks;
	TRY(tries_of(c, core, &guess, &(struct login_from){.peer = who->peer}, &tries));
	/* Who guesses at the password from elsewhere does not get in the way of who knows it. */
	tries.name = STR("");
	TRY(tries_check(c, core, &tries, false));
	enum err kind = use_code(c, core, who, typed, how, &blocks);
	if (!kind && !strcmp(*how, "recovery"))
		factor_proved(c, core, who);
	if (kind == ERR_UNAUTH)
		tries_failed(c, core, &tries);
	if (kind == ERR_UNAUTH || kind == ERR_RATE_LIMITED)
		audit_refuse(c, core,
			&(struct audit_refusal){.who = who,
				.action = STR(AUDIT_FACTOR_REFUSED),
				.subject = who->username,
				.why = str_of(c->error.text)});
	if (kind == ERR_UNAUTH)
		count_wrong(c, core, who);
	if (blocks)
		record_block(c, core, who, blocked_a_day);
	return kind;
}
