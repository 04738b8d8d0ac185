/* core/permit.h with a policy that is far: when it is asked, how often, and what becomes of its answers. */
#include "core_house.h"

#include "core/grant.h"
#include "core/invitation.h"
#include "core/permission.h"
#include "core/push.h"

/* Answers as `allows` says, after `meanwhile` has happened. */
struct distant {
	struct policy policy;
	struct ctx *c;
	bool (*allows)(const struct policy_question *q);
	void (*meanwhile)(struct distant *self);
	enum err fails;
	int asked;        /* how often */
	size_t count;     /* questions, the last time */
	struct repo repo; /* of the first of them */
	enum permission granted;
};

/* It takes a write transaction of its own: while one is open here it would wait for ever. */
static void touch_the_database(struct ctx *c)
{
	int64_t deadline = c->deadline;
	DB_TX *tx = NULL;
	c->deadline = c->world->monotonic() + 20000000;
	assert_ok(c, db_begin(c, house_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, db_commit(c, &tx));
	c->deadline = deadline;
}

static enum err distant_decide(struct ctx *c, struct policy *self,
	const struct policy_question *questions, size_t count, struct policy_answer *answers)
{
	struct distant *d = (struct distant *)self;
	touch_the_database(c);
	d->asked++;
	d->count = count;
	d->repo = questions[0].repo ? *questions[0].repo : (struct repo){0};
	d->granted = questions[0].granted;
	if (d->meanwhile)
		d->meanwhile(d);
	if (d->fails)
		return fail(c, d->fails, "the policy could not be asked: at 10.0.0.1");
	for (size_t i = 0; i < count; i++) {
		answers[i] = (struct policy_answer){
			.allowed = d->allows(&questions[i]), .decision = STR("decision-1")};
		answers[i].level = answers[i].allowed ? PERMISSION_ADMIN : PERMISSION_NONE;
	}
	return OK;
}

static void distant_close(struct policy *self)
{
	(void)self;
}

static const struct policy_ops distant_ops = {distant_decide, distant_close};

static bool everything(const struct policy_question *q)
{
	(void)q;
	return true;
}

static bool builtin(const struct policy_question *q)
{
	struct policy_answer answer;
	struct arena arena;
	struct ctx c;
	arena_init(&arena);
	ctx_init(&c, &arena, os_world());
	assert_ok(&c, policy_decide(&c, policy_builtin_open(), q, 1, &answer));
	arena_done(&arena);
	return answer.allowed;
}

static struct distant *send_away(struct ctx *c, bool (*allows)(const struct policy_question *))
{
	static struct distant d;
	d = (struct distant){.policy = {&distant_ops, true}, .c = c, .allows = allows};
	core_of(c)->policy = &d.policy;
	return &d;
}

static enum err as(struct ctx *c, const struct actor *who, const char *name, enum operation o)
{
	DB_TX *tx = NULL;
	struct permitted got;
	const struct permit_need need = {str_of(name), o, .mode = DB_WRITE};
	return permit_begin(c, core_of(c), who, &need, &tx, &got);
}

static void give(struct ctx *c, const char *repo, const char *username, enum permission level)
{
	const struct permission_on on = {str_of(repo), str_of(username)};
	struct policy *before = core_of(c)->policy;
	core_of(c)->policy = policy_builtin_open();
	assert_ok(c, permission_put(c, core_of(c), &house_of(c)->owner, &on, level, 0));
	core_of(c)->policy = before;
}

static void no_verb_asks_within_a_transaction(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor *owner = &house_of(c)->owner;
	struct distant *d = send_away(c, builtin);
	struct repo repo = house_repo(c, "one", VISIBILITY_PRIVATE), gone;
	struct actor anna = house_person(c, "anna");
	struct str text = STR("told"), secret;
	struct token token;
	struct invitation invitation;
	struct session_row *sessions;
	size_t count;
	struct repo_list list;
	struct push push;
	struct grant grant = {
		.username = STR("anna"), .pattern = STR("o*"), .level = PERMISSION_READ};
	const struct repo_change change = {.description = &text};
	const struct permission_on on = {STR("one"), STR("anna")};
	const struct token_new new = {.name = STR("t"), .limit = PERMISSION_READ};
	const struct repo_query query = {0};
	struct invitation_grant given = {.repo = STR("one"), .level = PERMISSION_READ};
	const struct invitation_new invite = {
		.username = STR("bob"), .seconds = 60, .grants = &given, .grant_count = 1};
	assert_ok(c, repo_update(c, core, owner, STR("one"), &change, &repo));
	assert_ok(c, permission_put(c, core, owner, &on, PERMISSION_WRITE, 0));
	assert_ok(c, grant_put(c, core, owner, &grant, &grant));
	assert_ok(c, token_create(c, core, &anna, &new, &token, &secret));
	assert_ok(c, invitation_create(c, core, owner, &invite, &invitation, &secret));
	assert_ok(c, session_list(c, core, &anna, STR("anna"), &sessions, &count));
	assert_ok(c, repo_list(c, core, &anna, &query, &list));
	assert_int_equal(list.count, 1);
	assert_ok(c, push_open(c, core, &anna, STR("one"), &push));
	push_close(&push);
	assert_ok(c, repo_delete(c, core, owner, STR("one"), &gone));
	assert_ok(c, repo_purge(c, core, owner, gone.id));
	assert_true(d->asked >= 12);
}

static void change_the_grant(struct distant *d)
{
	if (d->asked == 1)
		give(d->c, "site", "anna", PERMISSION_READ);
}

static void keep_changing_it(struct distant *d)
{
	give(d->c, "site", "anna", d->asked % 2 ? PERMISSION_WRITE : PERMISSION_READ);
}

static void what_changed_meanwhile_is_asked_again(void **state)
{
	struct ctx *c = *state;
	house_repo(c, "site", VISIBILITY_PRIVATE);
	struct actor anna = house_person(c, "anna");
	give(c, "site", "anna", PERMISSION_WRITE);
	struct distant *d = send_away(c, builtin);
	d->meanwhile = change_the_grant;
	/* She was allowed when it was asked, and is not when it is done. */
	assert_err(c, as(c, &anna, "site", OPERATION_REPOSITORY_PUSH), ERR_DENIED);
	assert_int_equal(d->asked, 2);
	assert_int_equal(d->granted, PERMISSION_READ);
	assert_string_equal(c->refused.decision, "decision-1");
	d->meanwhile = keep_changing_it;
	d->asked = 0;
	assert_err(c, as(c, &anna, "site", OPERATION_REPOSITORY_PUSH), ERR_CONFLICT);
	d->meanwhile = NULL;
	give(c, "site", "anna", PERMISSION_WRITE);
	d->asked = 0;
	assert_ok(c, as(c, &anna, "site", OPERATION_REPOSITORY_PUSH));
	assert_int_equal(d->asked, 1);
	assert_string_equal(c->decision, "decision-1");
}

static void who_ended_meanwhile_is_nobody(void **state)
{
	struct ctx *c = *state;
	house_repo(c, "site", VISIBILITY_PUBLIC);
	struct actor anna = house_person(c, "anna");
	assert_ok(c, collaborator_remove(c, core_of(c), &house_of(c)->owner, STR("anna")));
	struct distant *d = send_away(c, everything);
	DB_TX *tx = NULL;
	assert_err(c, as(c, &anna, "site", OPERATION_REPOSITORY_READ), ERR_UNAUTH);
	assert_int_equal(d->asked, 0);
	assert_err(c, permit_begin_account(c, core_of(c), &anna, DB_READ, &tx), ERR_UNAUTH);
}

static void a_policy_that_cannot_be_asked_allows_and_tells_nothing(void **state)
{
	struct ctx *c = *state;
	struct actor *owner = &house_of(c)->owner, anonymous = ACTOR_ANONYMOUS;
	house_repo(c, "open", VISIBILITY_PUBLIC);
	struct distant *d = send_away(c, everything);
	const struct actor *people[] = {owner, &anonymous};
	const char *names[] = {"open", "missing", "no/name"};
	struct repo_list list;
	struct repo_query query = {0};
	d->fails = ERR_UNAVAILABLE;
	for (size_t i = 0; i < 6; i++) {
		d->asked = 0;
		assert_err(c, as(c, people[i % 2], names[i / 2], OPERATION_REPOSITORY_FETCH),
			ERR_UNAVAILABLE);
		assert_int_equal(d->asked, 1);
		assert_int_equal(d->count, 2);
		assert_string_equal(c->refused.action, "repository.fetch");
		assert_string_equal(c->refused.subject, names[i / 2]);
		const char *told = err_told(c);
		assert_non_null(strstr(told, "the policy of this server could not be asked"));
		assert_null(strstr(told, "10.0.0.1"));
		audit_error(c, core_of(c), people[i % 2], STR("GET"), STR("/open"));
		ctx_clear(c);
	}
	assert_err(c, repo_list(c, core_of(c), owner, &query, &list), ERR_UNAVAILABLE);
	assert_ok(c, audit_flush(c, core_of(c), true));
	struct audit entry = house_audit(c);
	assert_int_equal(entry.outcome, AUDIT_REFUSED);
	assert_str(entry.action, "repository.fetch");
	assert_non_null(strstr(str_dup(c->arena, entry.detail), "could not be asked"));
}

static void it_may_allow_more_than_was_granted_and_never_more_than_a_key(void **state)
{
	struct ctx *c = *state;
	house_repo(c, "secret", VISIBILITY_PRIVATE);
	struct actor stranger = house_person(c, "stranger");
	struct actor reading = house_token(c, &house_of(c)->owner, PERMISSION_READ, NULL);
	struct actor other = house_limited(c, "{\"repositories\": [\"team-*\"]}");
	struct actor fetching = house_limited(c, "{\"operations\": [\"repository.fetch\"]}");
	struct repo_list list;
	struct repo_query query = {0};
	DB_TX *tx = NULL;
	send_away(c, everything);
	assert_ok(c, as(c, &stranger, "secret", OPERATION_REPOSITORY_CHANGE));
	assert_ok(c, repo_list(c, core_of(c), &stranger, &query, &list));
	assert_int_equal(list.count, 1);
	assert_err(c, as(c, &stranger, "missing", OPERATION_REPOSITORY_READ), ERR_NOT_FOUND);
	assert_ok(c, as(c, &reading, "secret", OPERATION_REPOSITORY_READ));
	assert_err(c, as(c, &reading, "secret", OPERATION_REPOSITORY_PUSH), ERR_DENIED);
	assert_err(c, as(c, &other, "secret", OPERATION_REPOSITORY_READ), ERR_NOT_FOUND);
	assert_ok(c, repo_list(c, core_of(c), &other, &query, &list));
	assert_int_equal(list.count, 0);
	assert_ok(c, as(c, &fetching, "secret", OPERATION_REPOSITORY_FETCH));
	assert_err(c, as(c, &fetching, "secret", OPERATION_REPOSITORY_PUSH), ERR_DENIED);
	assert_err(c, permit_begin_owner(c, core_of(c), &stranger, DB_READ, &tx), ERR_DENIED);
	assert_err(c, permit_begin_account(c, core_of(c), &reading, DB_READ, &tx), ERR_DENIED);
}

static bool odd_ones(const struct policy_question *q)
{
	return q->repo && q->repo->name.len && (q->repo->name.at[q->repo->name.len - 1] & 1);
}

/* One question for a step of many; the page is full and goes on where it ended. */
static void a_list_has_what_the_policy_lets_them_see(void **state)
{
	struct ctx *c = *state;
	struct actor *owner = &house_of(c)->owner;
	for (int i = 0; i < 30; i++)
		house_repo(c, arena_fmt(c->arena, "r%02d", i), VISIBILITY_PRIVATE);
	struct distant *d = send_away(c, odd_ones);
	struct repo_query query = {.limit = 10};
	struct repo_list list;
	assert_ok(c, repo_list(c, core_of(c), owner, &query, &list));
	assert_int_equal(d->asked, 1);
	assert_int_equal(list.count, 10);
	assert_true(list.more);
	assert_str(list.at[0].name, "r01");
	assert_str(list.at[9].name, "r19");
	query.after = list.at[9].name;
	assert_ok(c, repo_list(c, core_of(c), owner, &query, &list));
	assert_int_equal(d->asked, 2);
	assert_int_equal(list.count, 5);
	assert_false(list.more);
	query = (struct repo_query){.words = STR("R0")};
	assert_ok(c, repo_list(c, core_of(c), owner, &query, &list));
	assert_int_equal(list.count, 5);
	struct actor anonymous = ACTOR_ANONYMOUS;
	assert_ok(c, repo_list(c, core_of(c), &anonymous, &query, &list));
	assert_int_equal(list.count, 5);
}

static bool grown(const struct policy_question *q)
{
	return q->granted == PERMISSION_WRITE;
}

/* What somebody was granted is told as it is where one repository is looked for. */
static void a_list_is_judged_by_the_same_grants(void **state)
{
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna");
	struct grant wide = {
		.username = STR("anna"), .pattern = STR("b*"), .level = PERMISSION_WRITE};
	struct repo_query query = {0};
	struct repo_list list;
	house_repo(c, "a", VISIBILITY_PRIVATE);
	house_repo(c, "B1", VISIBILITY_PRIVATE);
	house_repo(c, "c", VISIBILITY_PRIVATE);
	house_repo(c, "d", VISIBILITY_PUBLIC);
	give(c, "a", "anna", PERMISSION_READ);
	give(c, "c", "anna", PERMISSION_WRITE);
	assert_ok(c, grant_put(c, core_of(c), &house_of(c)->owner, &wide, &wide));
	send_away(c, grown);
	assert_ok(c, repo_list(c, core_of(c), &anna, &query, &list));
	assert_int_equal(list.count, 2);
	assert_str(list.at[0].name, "B1");
	assert_str(list.at[1].name, "c");
}

static bool no_force(const struct policy_question *q)
{
	return q->operation != OPERATION_REF_FORCE;
}

/* The push and all its refs are one question; what may be forced is asked about as if it was. */
static void the_refs_of_a_push_are_one_question(void **state)
{
	struct ctx *c = *state;
	struct distant *d = send_away(c, no_force);
	house_repo(c, "site", VISIBILITY_PRIVATE);
	const struct ref_change changes[] = {{.name = STR("refs/heads/a")},
		{.name = STR("refs/heads/b")}, {.name = STR("refs/heads/c")}};
	struct permit_ref refs[] = {{OPERATION_REF_UPDATE, false, &changes[0], {0}},
		{OPERATION_REF_FORCE, false, &changes[1], {0}},
		{OPERATION_REF_UPDATE, true, &changes[2], {0}}};
	struct permit_need need = {STR("site"), OPERATION_REPOSITORY_PUSH, .mode = DB_WRITE,
		.refs = refs, .ref_count = 3};
	struct permitted got;
	const struct rules none = {0};
	DB_TX *tx = NULL;
	d->asked = 0;
	assert_ok(c, permit_begin(c, core_of(c), &house_of(c)->owner, &need, &tx, &got));
	assert_int_equal(d->asked, 1);
	assert_int_equal(d->count, 5);
	assert_null(permit_ref(c, &house_of(c)->owner, &none, &refs[0]));
	for (int i = 1; i < 3; i++)
		assert_string_equal(permit_ref(c, &house_of(c)->owner, &none, &refs[i]),
			"the policy of this server does not allow it");
}

static bool nothing_of_the_instance(const struct policy_question *q)
{
	return q->operation != OPERATION_INSTANCE_ADMIN;
}

static void making_a_repository_by_a_push_is_asked_too(void **state)
{
	struct ctx *c = *state;
	struct distant *d = send_away(c, everything);
	const struct permit_need need = push_need(STR("fresh"), DB_READ);
	struct push_target target;
	DB_TX *tx = NULL;
	assert_ok(c, push_begin(c, core_of(c), &house_of(c)->owner, &need, &tx, &target));
	assert_true(target.create);
	assert_int_equal(d->count, 3);
	assert_str(d->repo.name, "fresh");
	db_rollback(&tx);
	d->allows = nothing_of_the_instance;
	assert_err(c, push_begin(c, core_of(c), &house_of(c)->owner, &need, &tx, &target),
		ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(no_verb_asks_within_a_transaction),
		HOUSE_TEST(what_changed_meanwhile_is_asked_again),
		HOUSE_TEST(who_ended_meanwhile_is_nobody),
		HOUSE_TEST(a_policy_that_cannot_be_asked_allows_and_tells_nothing),
		HOUSE_TEST(it_may_allow_more_than_was_granted_and_never_more_than_a_key),
		HOUSE_TEST(a_list_has_what_the_policy_lets_them_see),
		HOUSE_TEST(a_list_is_judged_by_the_same_grants),
		HOUSE_TEST(the_refs_of_a_push_are_one_question),
		HOUSE_TEST(making_a_repository_by_a_push_is_asked_too),
	};
	return cmocka_run_group_tests_name("core/permit with a policy", tests, NULL, NULL);
}
