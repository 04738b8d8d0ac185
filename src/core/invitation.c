#include "core/invitation.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/json.h"
#include "core/login.h"
#include "core/password.h"
#include "core/permission.h"
#include "core/permit.h"
#include "core/record.h"
#include "core/secret.h"
#include "meta/invitation.h"
#include "meta/repo.h"
#include "meta/user.h"

struct str invitation_digest(struct ctx *c, struct str secret)
{
	uint8_t digest[HASH_MAX];
	hash_once(HASH_SHA256, secret.at, secret.len, digest);
	return str_copy(c->arena, str_from(digest, 32));
}

static enum err record_invitation(struct ctx *c, struct db_tx *tx, const struct actor *who,
	enum event_type type, const struct invitation *invitation)
{
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	json_begin_object(&w);
	json_member_int(&w, "id", invitation->id);
	json_member_str(&w, "username", invitation->username);
	json_end_object(&w);
	return record_add(c, tx,
		&(struct record){.who = who,
			.type = type,
			.subject =
				invitation->username.len ? invitation->username : STR("somebody"),
			.data = buf_view(&b)});
}

static enum err check_new(struct ctx *c, const struct invitation_new *what)
{
	if (what->username.len)
		TRY(username_check(c, what->username));
	if (what->seconds < 1 || what->seconds > INVITATION_SECONDS_MAX)
		return fail(c, ERR_INVALID, "an invitation lasts for 1 second to 90 days");
	if (what->grant_count > INVITATION_GRANTS_MAX)
		return fail(c, ERR_INVALID, "an invitation gives at most %d repositories",
			INVITATION_GRANTS_MAX);
	for (size_t i = 0; i < what->grant_count; i++)
		if (what->grants[i].level < PERMISSION_READ ||
			what->grants[i].level > PERMISSION_ADMIN)
			return fail(c, ERR_INVALID, "a permission is read, write or admin");
	return OK;
}

static enum err name_is_free(struct ctx *c, struct db_tx *tx, struct str username)
{
	struct user user;
	if (!username.len)
		return OK;
	enum err kind = meta_user_get_by_name(c, tx, username, &user);
	if (kind != ERR_NOT_FOUND)
		return kind ? kind
			    : fail(c, ERR_EXISTS, "there is somebody named \"%.*s\" already",
				      STR_FMT(username));
	ctx_clear(c);
	return OK;
}

static enum err find_repos(
	struct ctx *c, struct core *core, const struct actor *who, struct invitation *invitation)
{
	for (size_t i = 0; i < invitation->grant_count; i++) {
		struct repo repo;
		struct invitation_grant *grant = &invitation->grants[i];
		const struct permit_need need = {
			grant->repo, OPERATION_PERMISSION_CHANGE, .mode = DB_READ};
		DB_TX *tx = NULL;
		TRY(permit_begin_repo(c, core, who, &need, &tx, &repo));
		grant->repo_id = repo.id;
		grant->repo = repo.name;
	}
	return OK;
}

/* Are they still what they were when they were looked for? */
static enum err check_repos(struct ctx *c, struct db_tx *tx, const struct invitation *invitation)
{
	for (size_t i = 0; i < invitation->grant_count; i++) {
		const struct invitation_grant *grant = &invitation->grants[i];
		struct repo repo;
		enum err kind = meta_repo_get_by_name(c, tx, grant->repo, &repo);
		if (kind == ERR_NOT_FOUND || (!kind && repo.id != grant->repo_id))
			return fail(c, ERR_CONFLICT, "\"%.*s\" was replaced meanwhile",
				STR_FMT(grant->repo));
		TRY(kind);
	}
	return OK;
}

enum err invitation_create(struct ctx *c, struct core *core, const struct actor *who,
	const struct invitation_new *what, struct invitation *out, struct str *secret)
{
	TRY(permit_owner_early(c, who));
	TRY(check_new(c, what));
	DB_TX *tx = NULL;
	*secret = secret_make(c);
	*out = (struct invitation){.username = what->username, .grant_count = what->grant_count};
	out->grants = NEW_ARRAY(c->arena, struct invitation_grant, what->grant_count);
	for (size_t i = 0; i < what->grant_count; i++)
		out->grants[i] = what->grants[i];
	TRY(find_repos(c, core, who, out));
	TRY(permit_begin_owner(c, core, who, DB_WRITE, &tx));
	TRY(name_is_free(c, tx, what->username));
	TRY(check_repos(c, tx, out));
	TRY(meta_invitation_add(c, tx, out, invitation_digest(c, *secret), what->seconds));
	TRY(record_invitation(c, tx, who, EVENT_INVITATION_CREATED, out));
	return db_commit(c, &tx);
}

enum err invitation_list(struct ctx *c, struct core *core, const struct actor *who,
	struct invitation **out, size_t *count)
{
	DB_TX *tx = NULL;
	TRY(permit_begin_owner(c, core, who, DB_READ, &tx));
	return meta_invitation_list(c, tx, out, count);
}

enum err invitation_revoke(struct ctx *c, struct core *core, const struct actor *who, int64_t id)
{
	return invitation_revoke_seen(c, core, who, id, NULL);
}

static enum err check_seen(struct ctx *c, struct db_tx *tx, struct expected *expected)
{
	struct invitation *now;
	size_t count;
	if (!expected || !expected->invitation)
		return OK;
	TRY(meta_invitation_list(c, tx, &now, &count));
	return expected_invitation(c, expected, now, count);
}

enum err invitation_revoke_seen(struct ctx *c, struct core *core, const struct actor *who,
	int64_t id, struct expected *expected)
{
	DB_TX *tx = NULL;
	const struct invitation gone = {.id = id};
	TRY(permit_begin_owner(c, core, who, DB_WRITE, &tx));
	TRY(check_seen(c, tx, expected));
	TRY(meta_invitation_remove(c, tx, id));
	TRY(record_invitation(c, tx, who, EVENT_INVITATION_REVOKED, &gone));
	return db_commit(c, &tx);
}

static enum err find(struct ctx *c, struct db_tx *tx, struct str digest, struct invitation *out)
{
	enum err kind = meta_invitation_find(c, tx, digest, out);
	if (kind == ERR_NOT_FOUND)
		return fail(c, ERR_UNAUTH,
			"this invitation is used up, withdrawn, expired or wrong: ask for another");
	return kind;
}

enum err invitation_look(
	struct ctx *c, struct core *core, struct str secret, struct invitation *out)
{
	DB_TX *tx = NULL;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	return find(c, tx, invitation_digest(c, secret), out);
}

static enum err give(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct user *user, const struct invitation *invitation)
{
	for (size_t i = 0; i < invitation->grant_count; i++) {
		const struct invitation_grant *grant = &invitation->grants[i];
		struct repo repo;
		if (!grant->repo.len)
			continue;
		TRY(meta_repo_get(c, tx, grant->repo_id, &repo));
		const struct permission_row row = {user->id, user->username, grant->level, 0};
		TRY(permission_give(c, tx, who, &repo, &row));
	}
	return OK;
}

/* `stored`: the password, as login_enrol gave it. */
static enum err use(struct ctx *c, struct db_tx *tx, const struct invitation *invitation,
	struct user *user, struct str stored, struct actor *who)
{
	struct invitation used = *invitation;
	struct str via = who->via;
	TRY(meta_user_create(c, tx, user, stored));
	*who = meta_user_actor(user);
	who->via = via;
	TRY(meta_invitation_remove(c, tx, used.id));
	used.username = user->username;
	TRY(record_invitation(c, tx, who, EVENT_INVITATION_ACCEPTED, &used));
	TRY(record_add(c, tx,
		&(struct record){
			.who = who, .type = EVENT_COLLABORATOR_ADDED, .subject = user->username}));
	return give(c, tx, who, user, invitation);
}

enum err invitation_use(
	struct ctx *c, struct db_tx *tx, struct str digest, struct user *user, struct str via)
{
	struct invitation invitation;
	struct actor who = {.via = via};
	TRY(find(c, tx, digest, &invitation));
	if (invitation.username.len)
		user->username = invitation.username;
	return use(c, tx, &invitation, user, (struct str){0}, &who);
}

enum err invitation_accept(struct ctx *c, struct core *core, struct str secret, struct str username,
	struct str password, struct actor *who)
{
	DB_TX *tx = NULL;
	struct invitation invitation;
	struct str stored;
	if (core->passwords_owner_only)
		return fail(
			c, ERR_DENIED, "accounts here have no passwords: sign in with a provider");
	TRY(invitation_look(c, core, secret, &invitation));
	struct user user = {.username = invitation.username.len ? invitation.username : username};
	TRY(username_check(c, user.username));
	TRY(password_judge(c, core, password, user.username));
	TRY(login_enrol(c, core, password, &stored));
	TRY(db_begin(c, core->db, DB_WRITE, &tx));
	TRY(find(c, tx, invitation_digest(c, secret), &invitation));
	who->via = STR("link");
	TRY(use(c, tx, &invitation, &user, stored, who));
	return db_commit(c, &tx);
}
