#include "core/permit.h"

#include "core/login_cache.h"
#include "core/person.h"
#include "meta/actor.h"
#include "meta/repo.h"
#include "meta/rule.h"
#include "model/scope.h"

/* What the error that follows does not tell the audit log. */
static void note_refused(
	struct ctx *c, enum operation operation, struct str subject, struct str decision)
{
	c->refused = (struct refused){
		operation_name(operation), str_dup(c->arena, subject), str_dup(c->arena, decision)};
}

static enum err absent(struct ctx *c, const struct actor *who, struct str name)
{
	int shown = name.len < REPO_NAME_MAX ? (int)name.len : REPO_NAME_MAX;
	if (actor_is_anonymous(who))
		return fail(c, ERR_UNAUTH, "sign in to see whether there is a repository \"%.*s\"",
			shown, name.at);
	return fail(c, ERR_NOT_FOUND, "there is no repository \"%.*s\" here", shown, name.at);
}

static enum err ended(struct ctx *c, struct core *core, const struct actor *who)
{
	login_cache_drop(core->logins, who->user_id, who->token_id);
	if (actor_has_key(who))
		return fail(c, ERR_UNAUTH, "the API token is wrong, revoked or expired");
	return fail(c, ERR_UNAUTH,
		"the password was changed, a second factor added, or \"%.*s\" removed or at an "
		"end: sign in again",
		STR_FMT(who->username));
}

enum err permit_actor(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who)
{
	bool stands;
	if (actor_is_anonymous(who))
		return OK;
	TRY(meta_actor_stands(c, tx, who, &stands));
	return stands ? OK : ended(c, core, who);
}

enum err permit_self(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who)
{
	if (actor_is_anonymous(who))
		return fail(c, ERR_UNAUTH, "sign in first");
	return permit_actor(c, core, tx, who);
}

enum err permit_account(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who)
{
	struct policy_answer answer;
	const struct policy_question ask = {.who = who, .operation = OPERATION_ACCOUNT_CHANGE};
	TRY(permit_self(c, core, tx, who));
	TRY(policy_decide(c, core->policy, &ask, &answer));
	if (answer.allowed && scope_has_operation(who->scope, ask.operation))
		return OK;
	note_refused(c, ask.operation, who->username, answer.decision);
	return fail(c, ERR_DENIED, "this key does not allow %s", operation_name(ask.operation));
}

/* What their key leaves of it. */
static enum err within_scope(
	struct ctx *c, const struct actor *who, enum operation operation, struct str what)
{
	if (scope_has_operation(who->scope, operation))
		return OK;
	note_refused(c, operation, what, (struct str){0});
	return fail(c, ERR_DENIED, "this key does not allow %s on \"%.*s\"",
		operation_name(operation), STR_FMT(what));
}

static enum err may_read(struct ctx *c, struct core *core, const struct policy_question *ask,
	bool there, struct policy_answer *out)
{
	/* Without one the policy is asked all the same: so that both take as long. */
	TRY(policy_decide(c, core->policy, ask, out));
	out->allowed &= there && scope_has_repo(c->arena, ask->who->scope, ask->repo->name);
	return OK;
}

static enum err refuse(
	struct ctx *c, const struct policy_question *ask, const struct policy_answer *answer)
{
	struct str name = ask->repo->name;
	enum permission needed = operation_level(ask->operation);
	note_refused(c, ask->operation, name, answer->decision);
	if (actor_is_anonymous(ask->who))
		return fail(c, ERR_UNAUTH, "sign in: you may only read \"%.*s\"", STR_FMT(name));
	if (answer->level < needed)
		return fail(c, ERR_DENIED, "you have %s permission on \"%.*s\", this needs %s",
			permission_name(answer->level), STR_FMT(name), permission_name(needed));
	return fail(c, ERR_DENIED, "the policy of this server does not allow you %s on \"%.*s\"",
		operation_name(ask->operation), STR_FMT(name));
}

enum err permit_operation(struct ctx *c, struct core *core, struct db_tx *tx,
	const struct actor *who, struct permit_need need, struct permitted *out)
{
	struct meta_repo_found found;
	*out = (struct permitted){0};
	/* What cannot be a name is looked for too: a name that nothing has. */
	bool possible = !repo_name_check(c, need.name);
	TRY(meta_repo_find(c, tx, possible ? need.name : STR(""), who, &found));
	if (!possible)
		ctx_clear(c);
	if (found.stands)
		TRY(meta_actor_key_stands(c, tx, who, &found.stands));
	if (!found.stands)
		return ended(c, core, who);
	*out = (struct permitted){
		.repo = found.repo, .granted = found.granted, .audit = found.audit};
	struct policy_answer answer;
	struct policy_question ask = {.who = who, .repo = &out->repo, .granted = found.granted};
	TRY(may_read(c, core, &ask, found.there, &answer));
	if (!answer.allowed)
		return absent(c, who, need.name);
	out->level = answer.level;
	ask.operation = need.operation;
	if (need.operation != OPERATION_REPOSITORY_READ)
		TRY(policy_decide(c, core->policy, &ask, &answer));
	if (!answer.allowed)
		return refuse(c, &ask, &answer);
	return within_scope(c, who, need.operation, out->repo.name);
}

enum err permit_repo(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who,
	struct permit_need need, struct repo *out)
{
	struct permitted got;
	enum err kind = permit_operation(c, core, tx, who, need, &got);
	*out = got.repo;
	return kind;
}

enum err permit_ref(struct ctx *c, struct core *core, const struct actor *who,
	const struct permit_ref *what, const char **refused)
{
	struct policy_answer answer;
	const struct policy_question ask = {
		.who = who,
		.operation = what->operation,
		.repo = what->repo,
		.granted = what->granted,
		.ref = what->name,
	};
	*refused = NULL;
	TRY(policy_decide(c, core->policy, &ask, &answer));
	if (!answer.allowed) {
		note_refused(c, what->operation, what->repo->name, answer.decision);
		*refused = "the policy of this server does not allow it";
	} else if (!scope_has_operation(who->scope, what->operation)) {
		*refused = arena_fmt(
			c->arena, "this key does not allow %s", operation_name(what->operation));
	} else if (!scope_has_ref(c->arena, who->scope, what->name)) {
		*refused = "this key is for other refs";
	} else {
		*refused = rules_refuse(c->arena, what->rules,
			&(struct rule_question){.operation = what->operation,
				.unsure = what->unsure,
				.name = what->name,
				.username = who->username,
				.level = answer.level});
	}
	return OK;
}

enum err permit_head(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct permitted *on, const char **refused)
{
	struct rules rules;
	TRY(meta_rule_list(c, tx, &on->repo, &rules));
	*refused = rules_refuse(c->arena, &rules,
		&(struct rule_question){.operation = OPERATION_REF_UPDATE,
			.name = on->repo.head,
			.username = who->username,
			.level = on->level});
	return OK;
}

enum err permit_owner_early(struct ctx *c, const struct actor *who)
{
	note_refused(c, OPERATION_INSTANCE_ADMIN, (struct str){0}, (struct str){0});
	if (actor_is_anonymous(who))
		return fail(c, ERR_UNAUTH, "sign in first: only the owner may do this");
	if (!who->owner)
		return fail(c, ERR_DENIED, "only the owner of this instance may do this");
	if (who->limit < PERMISSION_ADMIN)
		return fail(
			c, ERR_DENIED, "this token allows %s only", permission_name(who->limit));
	if (!scope_has_operation(who->scope, OPERATION_INSTANCE_ADMIN))
		return fail(c, ERR_DENIED, "this key does not allow %s",
			operation_name(OPERATION_INSTANCE_ADMIN));
	c->refused = (struct refused){0};
	return OK;
}

enum err permit_owner(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who)
{
	struct policy_answer answer;
	const struct policy_question ask = {.who = who, .operation = OPERATION_INSTANCE_ADMIN};
	TRY(permit_owner_early(c, who));
	TRY(permit_actor(c, core, tx, who));
	TRY(policy_decide(c, core->policy, &ask, &answer));
	if (answer.allowed)
		return OK;
	note_refused(c, ask.operation, (struct str){0}, answer.decision);
	return fail(c, ERR_DENIED, "the policy of this server does not allow you %s",
		operation_name(ask.operation));
}

enum err permit_person(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who,
	struct str username, struct user *out)
{
	bool self = !actor_is_anonymous(who) && str_eq(who->username, username);
	if (self)
		TRY(permit_account(c, core, tx, who));
	else
		TRY(permit_owner(c, core, tx, who));
	return person_get(c, tx, username, out);
}
