#include "core/permission.h"

#include "base/buf.h"
#include "base/json.h"
#include "core/collaborator.h"
#include "core/permit.h"
#include "core/person.h"
#include "core/record.h"

/* A change of who may do what with it; DB_READ: only a look at that. */
static struct permit_need change_of(struct str repo, enum db_mode mode)
{
	return (struct permit_need){repo, OPERATION_PERMISSION_CHANGE, .mode = mode};
}

static struct str data_of(
	struct ctx *c, const struct permission_on *on, enum permission level, int64_t expires)
{
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	json_begin_object(&w);
	json_member_str(&w, "repository", on->repo);
	json_member_str(&w, "username", on->username);
	json_member_cstr(&w, "permission", permission_name(level));
	record_time(&w, "expires_at", expires);
	json_end_object(&w);
	return buf_view(&b);
}

static enum err record_level(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct repo *repo, const struct permission_row *row)
{
	struct permission_on on = {repo->name, row->username};
	return record_add(c, tx,
		&(struct record){.who = who,
			.type = EVENT_PERMISSION_CHANGED,
			.repo = repo,
			.data = data_of(c, &on, row->level, row->expires)});
}

enum err permission_give(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct repo *repo, const struct permission_row *row)
{
	TRY(meta_permission_put(c, tx, repo->id, row));
	return record_level(c, tx, who, repo, row);
}

static enum err check_seen(
	struct ctx *c, struct db_tx *tx, const struct repo *repo, struct expected *expected)
{
	struct permission_row *now;
	size_t count;
	if (!expected || !expected->permission)
		return OK;
	TRY(meta_permission_list(c, tx, repo->id, &now, &count));
	return expected_permission(c, expected, now, count);
}

enum err permission_put(struct ctx *c, struct core *core, const struct actor *who,
	const struct permission_on *on, enum permission level, int64_t expires)
{
	const struct permission_row row = {.level = level, .expires = expires};
	return permission_put_seen(c, core, who, on, &row, NULL);
}

enum err permission_put_seen(struct ctx *c, struct core *core, const struct actor *who,
	const struct permission_on *on, const struct permission_row *wanted,
	struct expected *expected)
{
	DB_TX *tx = NULL;
	struct repo repo;
	struct user user;
	const struct permit_need need = change_of(on->repo, DB_WRITE);
	TRY(permit_begin_repo(c, core, who, &need, &tx, &repo));
	if (wanted->level < PERMISSION_READ || wanted->level > PERMISSION_ADMIN)
		return fail(c, ERR_INVALID, "a permission is read, write or admin");
	TRY(person_get_other(c, tx, on->username, &user));
	TRY(person_end_check(c, tx, wanted->expires));
	TRY(check_seen(c, tx, &repo, expected));
	const struct permission_row row = {user.id, user.username, wanted->level, wanted->expires};
	TRY(permission_give(c, tx, who, &repo, &row));
	return db_commit(c, &tx);
}

enum err permission_delete(
	struct ctx *c, struct core *core, const struct actor *who, const struct permission_on *on)
{
	return permission_delete_seen(c, core, who, on, NULL);
}

enum err permission_delete_seen(struct ctx *c, struct core *core, const struct actor *who,
	const struct permission_on *on, struct expected *expected)
{
	DB_TX *tx = NULL;
	struct repo repo;
	struct user user;
	const struct permit_need need = change_of(on->repo, DB_WRITE);
	TRY(permit_begin_repo(c, core, who, &need, &tx, &repo));
	TRY(person_get(c, tx, on->username, &user));
	TRY(check_seen(c, tx, &repo, expected));
	TRY(meta_permission_delete(c, tx, repo.id, user.id));
	const struct permission_row none = {user.id, user.username, PERMISSION_NONE, 0};
	TRY(record_level(c, tx, who, &repo, &none));
	return db_commit(c, &tx);
}

enum err permission_list(struct ctx *c, struct core *core, const struct actor *who, struct str repo,
	struct permission_row **out, size_t *count)
{
	DB_TX *tx = NULL;
	struct repo found;
	const struct permit_need need = change_of(repo, DB_READ);
	TRY(permit_begin_repo(c, core, who, &need, &tx, &found));
	return meta_permission_list(c, tx, found.id, out, count);
}
