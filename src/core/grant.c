#include "core/grant.h"

#include "base/buf.h"
#include "base/json.h"
#include "core/permit.h"
#include "core/person.h"
#include "core/record.h"

static enum err record_grant(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct grant *grant, enum permission level)
{
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	json_begin_object(&w);
	json_member_int(&w, "id", grant->id);
	json_member_str(&w, "username", grant->username);
	json_member_str(&w, "pattern", grant->pattern);
	json_member_str(&w, "source", grant->source);
	json_member_cstr(&w, "permission", permission_name(level));
	record_time(&w, "expires_at", grant->expires);
	json_end_object(&w);
	return record_add(c, tx,
		&(struct record){.who = who,
			.type = EVENT_GRANT_CHANGED,
			.subject = grant->username,
			.data = buf_view(&b)});
}

enum err grant_put(struct ctx *c, struct core *core, const struct actor *who,
	const struct grant *what, struct grant *out)
{
	DB_TX *tx = NULL;
	struct user user;
	*out = *what;
	out->source = STR("");
	TRY(permit_begin_owner(c, core, who, DB_WRITE, &tx));
	if (what->level < PERMISSION_READ || what->level > PERMISSION_ADMIN)
		return fail(c, ERR_INVALID, "a permission is read, write or admin");
	TRY(person_get_other(c, tx, what->username, &user));
	TRY(person_end_check(c, tx, what->expires));
	out->user_id = user.id;
	TRY(meta_grant_put(c, tx, out));
	TRY(record_grant(c, tx, who, out, out->level));
	return db_commit(c, &tx);
}

enum err grant_delete(struct ctx *c, struct core *core, const struct actor *who, int64_t id)
{
	return grant_delete_seen(c, core, who, id, NULL);
}

static enum err check_seen(struct ctx *c, struct db_tx *tx, struct expected *expected)
{
	struct grant *now;
	size_t count;
	if (!expected || !expected->grant)
		return OK;
	TRY(meta_grant_list(c, tx, &now, &count));
	return expected_grant(c, expected, now, count);
}

enum err grant_delete_seen(struct ctx *c, struct core *core, const struct actor *who, int64_t id,
	struct expected *expected)
{
	DB_TX *tx = NULL;
	struct grant grant;
	TRY(permit_begin_owner(c, core, who, DB_WRITE, &tx));
	TRY(check_seen(c, tx, expected));
	TRY(meta_grant_delete(c, tx, id, &grant));
	TRY(record_grant(c, tx, who, &grant, PERMISSION_NONE));
	return db_commit(c, &tx);
}

struct str grant_source(struct ctx *c, struct str provider)
{
	return str_of(arena_fmt(c->arena, "oidc:%.*s", STR_FMT(provider)));
}

static const struct provider_grant *wanted(const struct grant_managed *what, struct str pattern)
{
	for (size_t i = 0; i < what->count; i++)
		if (str_eq(what->grants[i].pattern, pattern))
			return &what->grants[i];
	return NULL;
}

static bool has_already(const struct grant *have, size_t count, const struct provider_grant *grant)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(have[i].pattern, grant->pattern))
			return have[i].level == grant->level && !have[i].expires;
	return false;
}

enum err grant_manage(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct user *user, const struct grant_managed *what)
{
	struct grant *have, gone;
	size_t count;
	TRY(meta_grant_list_of(c, tx, user->id, what->source, &have, &count));
	for (size_t i = 0; i < count; i++) {
		if (!user->owner && wanted(what, have[i].pattern))
			continue;
		TRY(meta_grant_delete(c, tx, have[i].id, &gone));
		TRY(record_grant(c, tx, who, &gone, PERMISSION_NONE));
	}
	for (size_t i = 0; i < what->count && !user->owner; i++) {
		struct grant grant = {.user_id = user->id,
			.username = user->username,
			.source = what->source,
			.pattern = what->grants[i].pattern,
			.level = what->grants[i].level};
		if (has_already(have, count, &what->grants[i]))
			continue;
		TRY(meta_grant_put(c, tx, &grant));
		TRY(record_grant(c, tx, who, &grant, grant.level));
	}
	return OK;
}

enum err grant_list(struct ctx *c, struct core *core, const struct actor *who, struct grant **out,
	size_t *count)
{
	DB_TX *tx = NULL;
	TRY(permit_begin_owner(c, core, who, DB_READ, &tx));
	return meta_grant_list(c, tx, out, count);
}
