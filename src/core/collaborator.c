#include "core/collaborator.h"

#include "base/buf.h"
#include "base/json.h"
#include "core/login.h"
#include "core/password.h"
#include "core/permit.h"
#include "core/person.h"
#include "core/record.h"
#include "meta/session.h"

/* {"username": …} */
static struct str user_data(struct ctx *c, const struct user *user)
{
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	json_begin_object(&w);
	json_member_int(&w, "id", user->id);
	json_member_str(&w, "username", user->username);
	json_end_object(&w);
	return buf_view(&b);
}

static enum err record_user(struct ctx *c, struct db_tx *tx, const struct actor *who,
	enum event_type type, const struct user *user)
{
	return record_add(c, tx,
		&(struct record){.who = who,
			.type = type,
			.subject = user->username,
			.data = user_data(c, user)});
}

enum err collaborator_create(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, struct str password, struct user *out)
{
	struct str stored = {0};
	TRY(permit_owner_early(c, who));
	TRY(username_check(c, username));
	if (password.len) {
		TRY(password_counts(c, core, false));
		TRY(password_judge(c, core, password, username));
		TRY(login_enrol(c, core, password, &stored));
	}
	DB_TX *tx = NULL;
	struct user user = {.username = username};
	TRY(permit_begin_owner(c, core, who, DB_WRITE, &tx));
	TRY(meta_user_create(c, tx, &user, stored));
	TRY(record_user(c, tx, who, EVENT_COLLABORATOR_ADDED, &user));
	TRY(db_commit(c, &tx));
	*out = user;
	return OK;
}

enum err collaborator_list(
	struct ctx *c, struct core *core, const struct actor *who, struct user **out, size_t *count)
{
	DB_TX *tx = NULL;
	TRY(permit_begin_owner(c, core, who, DB_READ, &tx));
	return meta_user_list(c, tx, out, count);
}

enum err collaborator_remove(
	struct ctx *c, struct core *core, const struct actor *who, struct str username)
{
	return collaborator_remove_seen(c, core, who, username, NULL);
}

enum err collaborator_remove_seen(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, struct expected *expected)
{
	DB_TX *tx = NULL;
	struct user user;
	TRY(permit_begin_owner(c, core, who, DB_WRITE, &tx));
	TRY(person_get(c, tx, username, &user));
	if (user.owner)
		return fail(c, ERR_INVALID, "the owner cannot be removed");
	TRY(expected_user(c, expected, &user));
	TRY(meta_user_delete(c, tx, user.id));
	TRY(record_user(c, tx, who, EVENT_COLLABORATOR_REMOVED, &user));
	TRY(db_commit(c, &tx));
	login_ended(c, core, user.id, 0);
	return OK;
}

static struct str expires_data(struct ctx *c, const struct user *user, int64_t expires)
{
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	json_begin_object(&w);
	json_member_str(&w, "username", user->username);
	record_time(&w, "expires_at", expires);
	json_end_object(&w);
	return buf_view(&b);
}

enum err collaborator_set_expires(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, int64_t expires)
{
	return collaborator_set_expires_seen(c, core, who, username, expires, NULL);
}

enum err collaborator_set_expires_seen(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, int64_t expires, struct expected *expected)
{
	DB_TX *tx = NULL;
	struct user user;
	TRY(permit_begin_owner(c, core, who, DB_WRITE, &tx));
	TRY(person_get_other(c, tx, username, &user));
	TRY(expected_user(c, expected, &user));
	TRY(person_end_check(c, tx, expires));
	TRY(meta_user_set_expires(c, tx, user.id, expires));
	TRY(record_add(c, tx,
		&(struct record){.who = who,
			.type = EVENT_COLLABORATOR_CHANGED,
			.subject = user.username,
			.data = expires_data(c, &user, expires)}));
	return db_commit(c, &tx);
}

enum err collaborator_set_password(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, struct str password)
{
	return collaborator_set_password_seen(c, core, who, username, password, NULL);
}

enum err collaborator_set_password_seen(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, struct str password, struct expected *expected)
{
	DB_TX *tx = NULL;
	struct user user;
	struct str stored;
	bool self = !actor_is_anonymous(who) && str_eq(who->username, username);
	if (!self)
		TRY(permit_owner_early(c, who));
	if (who->limit < PERMISSION_ADMIN)
		return fail(c, ERR_DENIED, "a token that allows %s only cannot set a password",
			permission_name(who->limit));
	TRY(password_judge(c, core, password, username));
	TRY(login_enrol(c, core, password, &stored));
	TRY(permit_begin_account_of(c, core, who, username, DB_WRITE, &tx));
	TRY(person_get(c, tx, username, &user));
	TRY(expected_user(c, expected, &user));
	TRY(password_counts(c, core, user.owner));
	TRY(meta_user_set_password(c, tx, user.id, stored));
	TRY(meta_session_remove_all(c, tx, user.id));
	TRY(meta_login_link_remove_all(c, tx, user.id));
	TRY(record_user(c, tx, who, EVENT_PASSWORD_CHANGED, &user));
	TRY(db_commit(c, &tx));
	login_ended(c, core, user.id, 0);
	return OK;
}
