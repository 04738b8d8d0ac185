#include "core/password.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/json.h"
#include "core/collaborator.h"
#include "core/login.h"
#include "core/permit.h"
#include "core/person.h"
#include "core/record.h"
#include "core/secret.h"
#include "meta/session.h"
#include "meta/user.h"

enum err password_judge(struct ctx *c, struct core *core, struct str password, struct str username)
{
	const struct str known[] = {username, STR("nimbus"), STR("git")};
	TRY(password_check(c, password));
	if (!core->strength)
		return OK;
	return strength_check(c, core->strength, password, known, sizeof known / sizeof *known);
}

enum err password_counts(struct ctx *c, const struct core *core, bool owner)
{
	if (core->passwords_owner_only && !owner)
		return fail(c, ERR_DENIED,
			"passwords are the owner's alone on this server: others sign in with a "
			"provider");
	return OK;
}

static enum err check_current(struct ctx *c, struct core *core, const struct actor *who,
	const struct password_change *what)
{
	DB_TX *tx = NULL;
	struct user self;
	struct actor proved;
	TRY(permit_begin_account(c, core, who, DB_READ, &tx));
	TRY(meta_user_get(c, tx, who->user_id, &self));
	db_rollback(&tx);
	if (!self.has_password && actor_has_key(who))
		return fail(c, ERR_DENIED,
			"a key cannot choose the first password: sign in with a browser");
	if (!self.has_password || (what->proven && !actor_has_key(who)))
		return OK;
	const struct credential cred = {CREDENTIAL_PASSWORD, who->username, what->current};
	enum err kind =
		login_person(c, core, &cred, &(struct login_from){.peer = what->peer}, &proved);
	bool wrong = kind == ERR_UNAUTH || (!kind && (proved.user_id != who->user_id ||
							     proved.generation != self.generation ||
							     actor_has_key(&proved)));
	return wrong ? fail(c, ERR_UNAUTH, "that is not the password you have") : kind;
}

enum err password_change(struct ctx *c, struct core *core, const struct actor *who,
	const struct password_change *what)
{
	TRY(password_counts(c, core, who->owner));
	TRY(check_current(c, core, who, what));
	return collaborator_set_password(c, core, who, who->username, what->fresh);
}

static struct str digest_of(struct ctx *c, struct str secret)
{
	uint8_t digest[HASH_MAX];
	hash_once(HASH_SHA256, secret.at, secret.len, digest);
	return str_copy(c->arena, str_from(digest, 32));
}

static enum err record_reset(struct ctx *c, struct db_tx *tx, const struct actor *who,
	enum event_type type, const struct user *user)
{
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	json_begin_object(&w);
	json_member_int(&w, "id", user->id);
	json_member_str(&w, "username", user->username);
	json_end_object(&w);
	return record_add(c, tx,
		&(struct record){
			.who = who, .type = type, .subject = user->username, .data = buf_view(&b)});
}

enum err password_reset(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, int64_t seconds, struct str *secret)
{
	DB_TX *tx = NULL;
	struct user user;
	*secret = secret_make(c);
	TRY(permit_begin_owner(c, core, who, DB_WRITE, &tx));
	TRY(person_get(c, tx, username, &user));
	if (user.owner && actor_has_key(who))
		return fail(c, ERR_DENIED, "a key cannot reset the owner's password");
	TRY(password_counts(c, core, user.owner));
	TRY(meta_user_set_password(c, tx, user.id, STR("")));
	TRY(meta_session_remove_all(c, tx, user.id));
	TRY(meta_login_link_remove_all(c, tx, user.id));
	TRY(meta_login_link_add(c, tx, LOGIN_LINK_RESET, digest_of(c, *secret), user.id, seconds));
	TRY(record_reset(c, tx, who, EVENT_PASSWORD_RESET, &user));
	TRY(db_commit(c, &tx));
	login_ended(c, core, user.id, 0);
	return OK;
}

static enum err used_up(struct ctx *c)
{
	return fail(c, ERR_UNAUTH, "this link is used up, expired or wrong: ask for another");
}

enum err password_reset_whose(
	struct ctx *c, struct core *core, struct str secret, struct str *username)
{
	DB_TX *tx = NULL;
	struct user user;
	int64_t id;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	enum err kind = meta_login_link_find(c, tx, LOGIN_LINK_RESET, digest_of(c, secret), &id);
	if (!kind)
		kind = meta_user_get(c, tx, id, &user);
	if (kind == ERR_NOT_FOUND || (!kind && user_has_ended(&user, db_now(tx))))
		return used_up(c);
	TRY(kind);
	TRY(password_counts(c, core, user.owner));
	*username = user.username;
	return OK;
}

enum err password_reset_take(
	struct ctx *c, struct core *core, struct str secret, struct str fresh, struct actor *who)
{
	DB_TX *tx = NULL;
	struct user user;
	struct str username, stored;
	int64_t id;
	TRY(password_reset_whose(c, core, secret, &username));
	TRY(password_judge(c, core, fresh, username));
	TRY(login_enrol(c, core, fresh, &stored));
	TRY(db_begin(c, core->db, DB_WRITE, &tx));
	enum err kind = meta_login_link_take(c, tx, LOGIN_LINK_RESET, digest_of(c, secret), &id);
	if (kind == ERR_NOT_FOUND)
		return used_up(c);
	TRY(kind);
	TRY(meta_user_set_password(c, tx, id, stored));
	TRY(meta_login_link_remove_all(c, tx, id));
	TRY(meta_user_get(c, tx, id, &user));
	*who = meta_user_actor(&user);
	who->half = user.has_factor;
	who->via = STR("link");
	TRY(record_reset(c, tx, who, EVENT_PASSWORD_CHANGED, &user));
	TRY(db_commit(c, &tx));
	login_ended(c, core, id, 0);
	return OK;
}
