#include "core/identity.h"

#include "base/buf.h"
#include "base/json.h"
#include "core/grant.h"
#include "core/permit.h"
#include "core/person.h"
#include "core/record.h"
#include "meta/identity.h"
#include "meta/session.h"

enum { IDENTITIES_MAX = 20 };

static enum err record(struct ctx *c, struct db_tx *tx, const struct actor *who,
	enum event_type type, const struct user *user, const struct identity *identity)
{
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	json_begin_object(&w);
	json_member_int(&w, "id", identity->id);
	json_member_str(&w, "username", user->username);
	json_member_str(&w, "provider", identity->provider);
	json_member_str(&w, "issuer", identity->issuer);
	json_member_str(&w, "subject", identity->subject);
	json_end_object(&w);
	return record_add(c, tx,
		&(struct record){
			.who = who, .type = type, .subject = user->username, .data = buf_view(&b)});
}

enum err identity_provider(
	struct ctx *c, const struct core *core, struct str name, struct provider **out)
{
	for (size_t i = 0; i < core->provider_count; i++)
		if (str_is(name, core->providers[i]->name)) {
			*out = core->providers[i];
			return OK;
		}
	return fail(c, ERR_NOT_FOUND, "there is no provider \"%.*s\" here",
		STR_FMT(str_until(name, 40)));
}

enum err identity_list(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, struct identity **out, size_t *count)
{
	struct user user;
	DB_TX *tx = NULL;
	TRY(permit_begin_account_of(c, core, who, username, DB_READ, &tx));
	TRY(person_get(c, tx, username, &user));
	return meta_identity_list(c, tx, user.id, out, count);
}

static bool signs_in(const struct core *core, const struct identity *identity)
{
	for (size_t i = 0; i < core->provider_count; i++)
		if (str_is(identity->provider, core->providers[i]->name))
			return core->providers[i]->signs_in;
	return false;
}

size_t identity_ways(const struct core *core, const struct user *user,
	const struct identity *identities, size_t count)
{
	size_t ways = user->has_password && (user->owner || !core->passwords_owner_only);
	for (size_t i = 0; i < count; i++)
		ways += signs_in(core, &identities[i]);
	return ways;
}

/* What is left of the others, where one goes: *rest, and whether one of its provider is among them. */
static enum err take_out(struct ctx *c, struct identity *list, size_t *count, int64_t id,
	struct identity *out, bool *others)
{
	size_t kept = 0;
	*out = (struct identity){0};
	*others = false;
	for (size_t i = 0; i < *count; i++) {
		if (list[i].id == id)
			*out = list[i];
		else
			list[kept++] = list[i];
	}
	if (kept == *count)
		return fail(c, ERR_NOT_FOUND, "there is no connection %lld of that account",
			(long long)id);
	*count = kept;
	for (size_t i = 0; i < kept; i++)
		*others = *others || str_eq(list[i].provider, out->provider);
	return OK;
}

enum err identity_remove(
	struct ctx *c, struct core *core, const struct actor *who, struct str username, int64_t id)
{
	return identity_remove_seen(c, core, who, username, id, NULL);
}

enum err identity_remove_seen(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, int64_t id, struct expected *expected)
{
	struct user user;
	struct identity *list, gone;
	size_t count;
	bool others;
	DB_TX *tx = NULL;
	TRY(permit_begin_account_of(c, core, who, username, DB_WRITE, &tx));
	TRY(person_get(c, tx, username, &user));
	if (user.id == who->user_id && actor_has_key(who))
		return fail(c, ERR_DENIED,
			"a key cannot disconnect its own account: sign in with a browser");
	TRY(meta_identity_list(c, tx, user.id, &list, &count));
	TRY(expected_identity(c, expected, list, count));
	TRY(take_out(c, list, &count, id, &gone, &others));
	if (user.id == who->user_id && signs_in(core, &gone) &&
		!identity_ways(core, &user, list, count))
		return fail(c, ERR_INVALID,
			"this is your only way to sign in: choose a password, or connect "
			"another provider, before you disconnect it");
	TRY(meta_identity_remove(c, tx, user.id, id));
	TRY(meta_session_remove_by_identity(c, tx, id));
	if (!others)
		TRY(grant_manage(c, tx, who, &user,
			&(struct grant_managed){grant_source(c, gone.provider), NULL, 0}));
	TRY(record(c, tx, who, EVENT_IDENTITY_REMOVED, &user, &gone));
	return db_commit(c, &tx);
}

enum err identity_link(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct user *user, struct identity *identity)
{
	struct identity *list;
	size_t count;
	TRY(meta_identity_list(c, tx, user->id, &list, &count));
	if (count >= IDENTITIES_MAX)
		return fail(c, ERR_INVALID, "an account is connected with at most %d people",
			IDENTITIES_MAX);
	identity->user_id = user->id;
	enum err kind = meta_identity_add(c, tx, identity);
	if (kind == ERR_EXISTS)
		return fail(c, kind, "\"%.*s\" is connected with an account here already",
			STR_FMT(identity->subject));
	TRY(kind);
	return record(c, tx, who, EVENT_IDENTITY_LINKED, user, identity);
}

enum err identity_add(struct ctx *c, struct core *core, const struct actor *who,
	const struct identity_new *what, struct identity *out)
{
	struct provider *provider;
	struct user user;
	DB_TX *tx = NULL;
	TRY(permit_owner_early(c, who));
	TRY(identity_provider(c, core, what->provider, &provider));
	if (!provider_text_ok(what->subject))
		return fail(
			c, ERR_INVALID, "a subject is text of 1 to %d bytes", PROVIDER_TEXT_MAX);
	*out = (struct identity){.provider = what->provider,
		.issuer = str_of(provider->issuer),
		.subject = what->subject};
	TRY(permit_begin_owner(c, core, who, DB_WRITE, &tx));
	TRY(person_get(c, tx, what->username, &user));
	/* Whom a provider proves, nothing else is asked: that opens more than a key may. */
	if (actor_has_key(who) && (user.owner || user.has_factor))
		return fail(c, ERR_DENIED,
			"a key cannot connect the owner, or who has a second factor: sign in with "
			"a password");
	TRY(identity_link(c, tx, who, &user, out));
	return db_commit(c, &tx);
}
