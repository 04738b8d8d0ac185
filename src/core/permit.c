#include "core/permit.h"

#include "base/buf.h"
#include "core/login_cache.h"
#include "meta/actor.h"
#include "meta/rule.h"
#include "model/scope.h"

/* What the error that follows does not tell the audit log. */
static void note_refused(
	struct ctx *c, enum operation operation, struct str subject, struct str decision)
{
	c->refused = (struct refused){.action = operation_name(operation),
		.subject = str_dup(c->arena, subject),
		.decision = str_dup(c->arena, decision)};
}

static void note_allowed(struct ctx *c, const struct policy_answer *answer)
{
	fmt_into(c->decision, sizeof c->decision, "%.*s", STR_FMT(answer->decision));
}

/* Nobody is allowed more than their key, whatever the policy says. */
static void narrow(const struct policy_question *q, struct policy_answer *answer)
{
	answer->allowed &= operation_level(q->operation) <= q->who->limit;
	if (answer->level > q->who->limit)
		answer->level = q->who->limit;
}

static enum err ask(struct ctx *c, struct core *core, const struct policy_question *questions,
	size_t count, struct policy_answer *answers)
{
	enum err kind = policy_decide(c, core->policy, questions, count, answers);
	if (kind == ERR_UNAVAILABLE) {
		const struct policy_question *q = &questions[count > 1];
		note_refused(c, q->operation, q->repo ? q->repo->name : q->who->username,
			(struct str){0});
		c->refused.told =
			"the policy of this server could not be asked, so nothing is allowed";
	}
	TRY(kind);
	for (size_t i = 0; i < count; i++)
		narrow(&questions[i], &answers[i]);
	return OK;
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

/* Begins a transaction for what is about no repository. What the policy says of it rests on who they are, and on
 * nothing else. */
static enum err begin_about_none(struct ctx *c, struct core *core,
	const struct policy_question *question, enum db_mode mode, struct db_tx **tx,
	struct policy_answer *answer)
{
	TRY(ask(c, core, question, 1, answer));
	TRY(db_begin(c, core->db, mode, tx));
	TRY(permit_actor(c, core, *tx, question->who));
	if (answer->allowed)
		note_allowed(c, answer);
	return OK;
}

enum err permit_begin_account(struct ctx *c, struct core *core, const struct actor *who,
	enum db_mode mode, struct db_tx **tx)
{
	struct policy_answer answer;
	const struct policy_question question = {.who = who, .operation = OPERATION_ACCOUNT_CHANGE};
	if (actor_is_anonymous(who))
		return fail(c, ERR_UNAUTH, "sign in first");
	TRY(begin_about_none(c, core, &question, mode, tx, &answer));
	if (answer.allowed && scope_has_operation(who->scope, question.operation))
		return OK;
	note_refused(c, question.operation, who->username, answer.decision);
	return fail(
		c, ERR_DENIED, "this key does not allow %s", operation_name(question.operation));
}

enum err permit_begin_account_of(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, enum db_mode mode, struct db_tx **tx)
{
	bool self = !actor_is_anonymous(who) && str_eq(who->username, username);
	return self ? permit_begin_account(c, core, who, mode, tx)
		    : permit_begin_owner(c, core, who, mode, tx);
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

/* What somebody wants, what is known of it, and what the policy says of that. */
struct judgement {
	struct core *core;
	const struct actor *who;
	const struct permit_need *need;
	struct meta_repo_found found;
	struct policy_answer read, operation, create;
};

static enum err refuse(struct ctx *c, const struct judgement *j)
{
	struct str name = j->found.repo.name;
	enum operation operation = j->need->operation;
	enum permission needed = operation_level(operation);
	note_refused(c, operation, name, j->operation.decision);
	if (actor_is_anonymous(j->who))
		return fail(c, ERR_UNAUTH, "sign in: you may only read \"%.*s\"", STR_FMT(name));
	if (j->operation.level < needed)
		return fail(c, ERR_DENIED, "you have %s permission on \"%.*s\", this needs %s",
			permission_name(j->operation.level), STR_FMT(name),
			permission_name(needed));
	return fail(c, ERR_DENIED, "the policy of this server does not allow you %s on \"%.*s\"",
		operation_name(operation), STR_FMT(name));
}

static enum err begin(
	struct ctx *c, struct core *core, const struct permit_need *need, struct db_tx **tx)
{
	return need->on ? db_begin_on(c, core->db, need->on, tx)
			: db_begin(c, core->db, need->mode, tx);
}

static enum err look(struct ctx *c, struct judgement *j, struct db_tx *tx)
{
	struct str name = j->need->name;
	/* What cannot be a name is looked for too: a name that nothing has. */
	bool possible = !repo_name_check(c, name);
	TRY(meta_repo_find(c, tx, possible ? name : STR(""), j->who, &j->found));
	if (!possible)
		ctx_clear(c);
	if (j->found.stands)
		TRY(meta_actor_key_stands(c, tx, j->who, &j->found.stands));
	if (!j->found.stands)
		return ended(c, j->core, j->who);
	/* The policy is told what they asked for: so that it takes as long. */
	if (!j->found.there)
		j->found.repo.name = str_until(name, REPO_NAME_MAX);
	return OK;
}

/* What does the answer to a question rest on, beside who asks? */
static bool is_same(const struct meta_repo_found *a, const struct meta_repo_found *b)
{
	return a->there == b->there && a->repo.id == b->repo.id &&
	       str_eq(a->repo.name, b->repo.name) && a->repo.visibility == b->repo.visibility &&
	       a->granted == b->granted;
}

static bool is_owner_in_full(const struct actor *who)
{
	return who->owner && who->limit >= PERMISSION_ADMIN &&
	       scope_has_operation(who->scope, OPERATION_INSTANCE_ADMIN);
}

static bool wants_to_create(const struct judgement *j)
{
	return j->need->operation == OPERATION_REPOSITORY_PUSH && !j->found.there &&
	       is_owner_in_full(j->who);
}

/* What may be a forced one, for all that is known, is asked about as one. */
static enum operation operation_of(const struct permit_ref *ref)
{
	return ref->unsure ? OPERATION_REF_FORCE : ref->operation;
}

/* All that is to be known, by one question. */
static enum err judge(struct ctx *c, struct judgement *j)
{
	enum { READ, OPERATION, CREATE, FIXED };
	const struct permit_need *need = j->need;
	bool creates = wants_to_create(j);
	size_t refs = j->found.there || creates ? need->ref_count : 0;
	size_t fixed = creates                                        ? FIXED
		       : need->operation != OPERATION_REPOSITORY_READ ? CREATE
								      : OPERATION;
	struct policy_question *questions =
		NEW_ARRAY(c->arena, struct policy_question, fixed + refs);
	struct policy_answer *answers = NEW_ARRAY(c->arena, struct policy_answer, FIXED + refs);
	for (size_t i = 0; i < fixed + refs; i++)
		questions[i] = (struct policy_question){
			.who = j->who, .repo = &j->found.repo, .granted = j->found.granted};
	questions[READ].operation = OPERATION_REPOSITORY_READ;
	if (fixed > OPERATION)
		questions[OPERATION].operation = need->operation;
	if (fixed > CREATE)
		questions[CREATE] = (struct policy_question){
			.who = j->who, .operation = OPERATION_INSTANCE_ADMIN};
	for (size_t i = 0; i < refs; i++) {
		questions[fixed + i].operation = operation_of(&need->refs[i]);
		questions[fixed + i].change = need->refs[i].change;
	}
	TRY(ask(c, j->core, questions, fixed + refs, answers));
	j->read = answers[READ];
	j->operation = answers[fixed > OPERATION ? OPERATION : READ];
	j->create = fixed > CREATE ? answers[CREATE] : (struct policy_answer){0};
	for (size_t i = 0; i < refs; i++)
		need->refs[i].answer = answers[fixed + i];
	return OK;
}

/* From its owner nothing of an instance is hidden, so they are told why their push makes no repository; in words
 * that depend on their key and the name alone. */
static enum err absent_for(struct ctx *c, const struct judgement *j, bool in_scope)
{
	enum err kind = absent(c, j->who, j->need->name);
	if (j->need->operation == OPERATION_REPOSITORY_PUSH && j->who->owner && in_scope &&
		!is_owner_in_full(j->who))
		return fail(c, kind, "%s, and this key may not make one",
			arena_strdup(c->arena, c->error.text));
	return kind;
}

static enum err conclude(struct ctx *c, const struct judgement *j, struct permitted *out)
{
	const struct permit_need *need = j->need;
	const struct meta_repo_found *found = &j->found;
	bool in_scope = scope_has_repo(c->arena, j->who->scope, need->name);
	*out = (struct permitted){
		.repo = found->repo, .granted = found->granted, .audit = found->audit};
	if (!found->there || !j->read.allowed || !in_scope) {
		out->may_create = in_scope && wants_to_create(j) && j->create.allowed;
		if (out->may_create)
			note_allowed(c, &j->create);
		return absent_for(c, j, in_scope);
	}
	out->level = j->read.level;
	if (!j->operation.allowed)
		return refuse(c, j);
	TRY(within_scope(c, j->who, need->operation, found->repo.name));
	note_allowed(c, &j->operation);
	return OK;
}

enum err permit_begin(struct ctx *c, struct core *core, const struct actor *who,
	const struct permit_need *need, struct db_tx **tx, struct permitted *out)
{
	enum { TRIES = 4 };
	struct judgement j = {.core = core, .who = who, .need = need};
	bool far = core->policy->far;
	*out = (struct permitted){0};
	for (int tries = 0; tries < TRIES; tries++) {
		struct meta_repo_found asked = j.found;
		TRY(begin(c, core, need, tx));
		TRY(look(c, &j, *tx));
		if (far && tries && is_same(&asked, &j.found))
			return conclude(c, &j, out);
		if (far)
			db_rollback(tx);
		TRY(judge(c, &j));
		if (!far)
			return conclude(c, &j, out);
	}
	return fail(c, ERR_CONFLICT, "what you may do with \"%.*s\" is being changed: try again",
		STR_FMT(str_until(need->name, REPO_NAME_MAX)));
}

enum err permit_begin_repo(struct ctx *c, struct core *core, const struct actor *who,
	const struct permit_need *need, struct db_tx **tx, struct repo *out)
{
	struct permitted got;
	enum err kind = permit_begin(c, core, who, need, tx, &got);
	*out = got.repo;
	return kind;
}

const char *permit_ref(struct ctx *c, const struct actor *who, const struct rules *rules,
	const struct permit_ref *what)
{
	if (!what->answer.allowed)
		return "the policy of this server does not allow it";
	if (!scope_has_operation(who->scope, what->operation))
		return arena_fmt(
			c->arena, "this key does not allow %s", operation_name(what->operation));
	if (!scope_has_ref(c->arena, who->scope, what->change->name))
		return "this key is for other refs";
	return rules_refuse(c->arena, rules,
		&(struct rule_question){.operation = what->operation,
			.unsure = what->unsure,
			.name = what->change->name,
			.username = who->username,
			.level = what->answer.level});
}

enum err permit_head(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct permitted *on, const char **refused)
{
	struct rules rules;
	*refused = "this key is for other refs";
	if (!scope_has_ref(c->arena, who->scope, on->repo.head))
		return OK;
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

enum err permit_begin_owner(struct ctx *c, struct core *core, const struct actor *who,
	enum db_mode mode, struct db_tx **tx)
{
	struct policy_answer answer;
	const struct policy_question question = {.who = who, .operation = OPERATION_INSTANCE_ADMIN};
	TRY(permit_owner_early(c, who));
	TRY(begin_about_none(c, core, &question, mode, tx, &answer));
	if (answer.allowed)
		return OK;
	note_refused(c, question.operation, (struct str){0}, answer.decision);
	return fail(c, ERR_DENIED, "the policy of this server does not allow you %s",
		operation_name(question.operation));
}

enum err permit_listed(struct ctx *c, struct core *core, const struct actor *who,
	struct meta_repo_granted *at, size_t *count)
{
	struct policy_question *questions = NEW_ARRAY(c->arena, struct policy_question, *count);
	struct policy_answer *answers = NEW_ARRAY(c->arena, struct policy_answer, *count);
	size_t kept = 0;
	if (!*count)
		return OK;
	for (size_t i = 0; i < *count; i++)
		questions[i] = (struct policy_question){.who = who,
			.operation = OPERATION_REPOSITORY_READ,
			.repo = &at[i].repo,
			.granted = at[i].granted};
	TRY(ask(c, core, questions, *count, answers));
	for (size_t i = 0; i < *count; i++)
		if (answers[i].allowed)
			at[kept++] = at[i];
	*count = kept;
	return OK;
}

enum err permit_anybody(struct ctx *c, struct core *core, const struct repo *repo,
	enum operation operation, bool *out)
{
	const struct policy_question question = {
		.who = &ACTOR_ANONYMOUS, .operation = operation, .repo = repo};
	struct policy_answer answer;
	TRY(ask(c, core, &question, 1, &answer));
	*out = answer.allowed;
	return OK;
}
