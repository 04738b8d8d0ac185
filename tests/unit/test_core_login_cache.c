/* What is remembered of who was proven, and that nobody gets anything by it any more when it ends. */
#include "core_house.h"

#include "core/account.h"
#include "model/token.h"
#include "os/thread.h"

enum { SECOND = 1000000 };

static struct credential bearer(struct str secret)
{
	return (struct credential){CREDENTIAL_TOKEN, {0}, secret};
}

/* Somebody by the number `id`, whose token is "nbs_" and the number. */
static struct credential nth(struct ctx *c, unsigned id, struct actor *who)
{
	*who = (struct actor){.user_id = id, .token_id = id, .limit = PERMISSION_READ};
	who->username = str_of(arena_fmt(c->arena, "user%u", id));
	return bearer(str_of(arena_fmt(c->arena, TOKEN_PREFIX "%u", id)));
}

static bool knows(struct ctx *c, struct login_cache *cache, unsigned id)
{
	struct actor who, expected;
	bool due;
	struct credential cred = nth(c, id, &expected);
	if (!login_cache_get(c, cache, &cred, &who, &due))
		return false;
	assert_int_equal(who.user_id, id);
	assert_int_equal(who.token_id, id);
	assert_int_equal(who.limit, PERMISSION_READ);
	assert_true(str_eq(who.username, expected.username));
	return true;
}

static void keep(struct ctx *c, struct login_cache *cache, unsigned id)
{
	struct actor who;
	struct credential cred = nth(c, id, &who);
	login_cache_put(c, cache, &cred, &who);
}

static void who_was_kept_is_known_for_minutes(void **state)
{
	struct ctx *c = *state;
	struct login_cache *cache = login_cache_open(c->world);
	keep(c, cache, 1);
	assert_true(knows(c, cache, 1));
	assert_false(knows(c, cache, 2));
	house_moved += (LOGIN_CACHE_SECONDS - 1) * (int64_t)SECOND;
	assert_true(knows(c, cache, 1)); /* being asked for keeps nothing longer */
	house_moved += 2 * SECOND;
	assert_false(knows(c, cache, 1));
	login_cache_close(cache);
	assert_false(knows(c, NULL, 1));
}

static void there_is_room_for_so_many_and_the_newest_stay(void **state)
{
	enum { MANY = 4 * LOGIN_CACHE_MAX };
	struct ctx *c = *state;
	struct login_cache *cache = login_cache_open(c->world);
	unsigned count = 0;
	for (unsigned id = 1; id <= MANY; id++) {
		keep(c, cache, id);
		assert_true(knows(c, cache, id));
		house_moved += 1000;
	}
	for (unsigned id = 1; id <= MANY; id++)
		count += knows(c, cache, id);
	assert_true(count <= LOGIN_CACHE_MAX && count > LOGIN_CACHE_MAX * 3 / 4);
	login_cache_close(cache);
}

static void what_ended_is_dropped_and_nothing_else(void **state)
{
	struct ctx *c = *state;
	struct login_cache *cache = login_cache_open(c->world);
	struct actor who = {.user_id = 7, .username = STR("anna"), .limit = PERMISSION_ADMIN}, got;
	struct credential password = {CREDENTIAL_PASSWORD, STR("anna"), STR("battery staple")};
	bool due;
	keep(c, cache, 7);
	keep(c, cache, 8);
	login_cache_put(c, cache, &password, &who);
	login_cache_drop(cache, 7, 7);
	assert_false(knows(c, cache, 7));
	assert_true(knows(c, cache, 8));
	assert_true(login_cache_get(c, cache, &password, &got, &due));
	keep(c, cache, 7);
	login_cache_drop(cache, 7, 0);
	assert_false(knows(c, cache, 7));
	assert_false(login_cache_get(c, cache, &password, &got, &due));
	assert_true(knows(c, cache, 8));
	login_cache_close(cache);
}

static void a_name_and_a_password_are_two_words(void **state)
{
	struct ctx *c = *state;
	struct login_cache *cache = login_cache_open(c->world);
	struct actor who = {.user_id = 7, .username = STR("ann"), .limit = PERMISSION_ADMIN};
	bool due;
	const struct credential kept = {CREDENTIAL_PASSWORD, STR("ann"), STR("abcdefgh")};
	const struct credential others[] = {
		{CREDENTIAL_PASSWORD, STR("anna"), STR("bcdefgh")},
		{CREDENTIAL_PASSWORD, STR(""), STR("annabcdefgh")},
		{CREDENTIAL_PASSWORD, STR("ann"), STR("abcdefg")},
		{CREDENTIAL_PASSWORD, STR("ann"), STR("Abcdefgh")},
		{CREDENTIAL_PASSWORD, STR("bob"), STR("abcdefgh")},
	};
	login_cache_put(c, cache, &kept, &who);
	assert_true(login_cache_get(c, cache, &kept, &who, &due));
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_false(login_cache_get(c, cache, &others[i], &who, &due));
	login_cache_close(cache);
}

/* Another process on the same database, with a kv that is not there. */
struct pod {
	struct core core;
};

static void pod_open(struct ctx *c, struct pod *pod, bool lost)
{
	pod->core = *core_of(c);
	if (lost)
		assert_ok(c, kv_redis_open(c, "redis://127.0.0.1:1/0", &pod->core.kv));
	pod->core.logins = login_cache_open(c->world);
	pod->core.auth[0] = auth_password_open(pod->core.db, pod->core.kv);
}

static void pod_close(struct ctx *c, struct pod *pod)
{
	login_cache_close(pod->core.logins);
	auth_close(pod->core.auth[0]);
	if (pod->core.kv != core_of(c)->kv)
		kv_close(pod->core.kv);
}

/* A request: who they are, and then a verb. */
static enum err reads(struct ctx *c, struct core *core, const struct credential *cred)
{
	struct actor who;
	struct repo repo;
	TRY(login_credential(c, core, cred, STR(""), &who));
	return repo_get(c, core, &who, STR("r"), &repo, NULL);
}

static int64_t statements(struct ctx *c, struct core *core, const struct credential *cred)
{
	db_faulty_set(core->db, 0, OK);
	assert_ok(c, reads(c, core, cred));
	return db_faulty_count(core->db);
}

static struct credential new_token(struct ctx *c, struct actor *who, struct token *token)
{
	struct str secret;
	struct token_new what = {.name = STR("ci"), .limit = PERMISSION_READ, .seconds = 0};
	assert_ok(c, token_create(c, core_of(c), who, &what, token, &secret));
	return bearer(secret);
}

static void let_in(struct ctx *c, const char *username, enum permission level)
{
	struct permission_on on = {STR("r"), str_of(username)};
	assert_ok(c, permission_put(c, core_of(c), &house_of(c)->owner, &on, level, 0));
}

static void who_is_known_costs_one_transaction_of_one_statement(void **state)
{
	enum { BEGIN = 1, QUERY = 1, ROW = 1 };
	struct ctx *c = *state;
	struct token token;
	struct actor anna = house_person(c, "anna");
	house_repo(c, "r", VISIBILITY_PRIVATE);
	let_in(c, "anna", PERMISSION_READ);
	struct credential cred = new_token(c, &anna, &token);
	assert_true(statements(c, core_of(c), &cred) > BEGIN + QUERY + ROW);
	assert_int_equal(statements(c, core_of(c), &cred), BEGIN + QUERY + ROW);
	struct credential password = {CREDENTIAL_PASSWORD, STR("owner"), STR("correct horse")};
	assert_ok(c, reads(c, core_of(c), &password));
	assert_int_equal(statements(c, core_of(c), &password), BEGIN + QUERY + ROW);
}

/* On either side of each: what one pod ended, the other refuses in its next request. */
static void check_two_pods(struct ctx *c, bool lost)
{
	struct actor *owner = &house_of(c)->owner, anna = house_person(c, "anna"), who;
	struct token token;
	struct pod pod;
	house_repo(c, "r", VISIBILITY_PRIVATE);
	let_in(c, "anna", PERMISSION_WRITE);
	pod_open(c, &pod, lost);
	struct core *here = core_of(c), *there = &pod.core;

	struct credential cred = new_token(c, &anna, &token);
	for (int i = 0; i < 2; i++) {
		assert_ok(c, reads(c, here, &cred));
		assert_ok(c, reads(c, there, &cred));
	}
	assert_ok(c, token_revoke(c, here, &anna, token.id));
	assert_err(c, reads(c, there, &cred), ERR_UNAUTH);
	assert_err(c, reads(c, here, &cred), ERR_UNAUTH);

	struct credential old = {CREDENTIAL_PASSWORD, STR("anna"), STR("battery staple")};
	struct credential new = {CREDENTIAL_PASSWORD, STR("anna"), STR("correct pony")};
	assert_ok(c, collaborator_set_password(c, here, owner, STR("anna"), old.secret));
	assert_ok(c, reads(c, here, &old));
	assert_ok(c, reads(c, there, &old));
	assert_ok(c, collaborator_set_password(c, there, owner, STR("anna"), new.secret));
	assert_err(c, reads(c, here, &old), ERR_UNAUTH);
	assert_err(c, reads(c, there, &old), ERR_UNAUTH);
	assert_ok(c, reads(c, here, &new));
	assert_ok(c, reads(c, there, &new));

	struct repo repo;
	struct permission_on on = {STR("r"), STR("anna")};
	struct permission_row *rows;
	size_t count;
	assert_ok(c, login_credential(c, there, &new, STR(""), &who));
	let_in(c, "anna", PERMISSION_ADMIN);
	assert_ok(c, permission_list(c, there, &who, STR("r"), &rows, &count));
	let_in(c, "anna", PERMISSION_READ);
	assert_err(c, permission_list(c, there, &who, STR("r"), &rows, &count), ERR_DENIED);
	assert_ok(c, permission_delete(c, here, owner, &on));
	assert_err(c, reads(c, there, &new), ERR_NOT_FOUND);
	let_in(c, "anna", PERMISSION_READ);
	assert_ok(c, reads(c, there, &new));

	assert_ok(c, collaborator_remove(c, here, owner, STR("anna")));
	assert_err(c, reads(c, there, &new), ERR_UNAUTH);
	assert_err(c, repo_get(c, there, &who, STR("r"), &repo, NULL), ERR_UNAUTH);
	assert_err(c, reads(c, here, &new), ERR_UNAUTH);
	pod_close(c, &pod);
}

static void what_ended_on_one_pod_has_ended_on_the_other(void **state)
{
	check_two_pods(*state, false);
}

static void and_it_has_where_the_kv_is_lost(void **state)
{
	struct ctx *c = *state;
	struct kv *kept = core_of(c)->kv;
	assert_ok(c, kv_redis_open(c, "redis://127.0.0.1:1/0", &core_of(c)->kv));
	check_two_pods(c, true);
	kv_close(core_of(c)->kv);
	core_of(c)->kv = kept;
}

/* What an earlier answer of login_credential is worth to verbs that are about no repository. */
static void every_verb_looks_whether_they_still_are(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct token token, made, *tokens;
	struct actor by = house_token(c, &house_of(c)->owner, PERMISSION_ADMIN, &token);
	struct repo repo;
	struct repo_list repos;
	struct repo_query query = {0};
	struct repo_deleted_query deleted = {0};
	struct user user, *users;
	struct str secret;
	struct token_new what = {.name = STR("child"), .limit = PERMISSION_READ, .seconds = 0};
	const struct login_link link = {STR("owner"), 60};
	struct repo_new new = {.name = STR("x")};
	size_t count;
	assert_ok(c, token_revoke(c, core, &house_of(c)->owner, token.id));
	assert_err(c, repo_create(c, core, &by, &new, &repo), ERR_UNAUTH);
	assert_err(c, repo_list(c, core, &by, &query, &repos), ERR_UNAUTH);
	assert_err(c, repo_delete(c, core, &by, STR("x"), NULL), ERR_UNAUTH);
	assert_err(c, repo_deleted_list(c, core, &by, &deleted, &repos), ERR_UNAUTH);
	assert_err(c, repo_restore(c, core, &by, 1, NULL, &repo), ERR_UNAUTH);
	assert_err(c, repo_purge(c, core, &by, 1), ERR_UNAUTH);
	assert_err(c, account_get(c, core, &by, &user), ERR_UNAUTH);
	assert_err(c, token_list(c, core, &by, &tokens, &count), ERR_UNAUTH);
	assert_err(c, token_create(c, core, &by, &what, &made, &secret), ERR_UNAUTH);
	assert_err(c, token_revoke(c, core, &by, 1), ERR_UNAUTH);
	assert_err(c, login_link_create(c, core, &by, &link, &secret), ERR_UNAUTH);
	assert_err(c, collaborator_list(c, core, &by, &users, &count), ERR_UNAUTH);
	assert_err(c, collaborator_create(c, core, &by, STR("eve"), STR(""), &user), ERR_UNAUTH);
	assert_err(c, collaborator_remove(c, core, &by, STR("eve")), ERR_UNAUTH);
	assert_err(c, collaborator_set_password(c, core, &by, STR("owner"), STR("battery staple")),
		ERR_UNAUTH);
}

static void processes_tell_each_other_what_ended(void **state)
{
	struct ctx *c = *state;
	struct login_cache *ours = login_cache_open(c->world), *theirs = login_cache_open(c->world);
	struct kv *kv = core_of(c)->kv;
	assert_ok(c, login_cache_listen(c, ours, kv));
	assert_ok(c, login_cache_listen(c, theirs, kv));
	for (unsigned id = 1; id <= 2; id++) {
		keep(c, ours, id);
		keep(c, theirs, id);
	}
	login_cache_tell(c, kv, 1, 1);
	assert_false(knows(c, ours, 1) || knows(c, theirs, 1));
	assert_true(knows(c, ours, 2) && knows(c, theirs, 2));
	static const char *const nonsense[] = {
		"", "2", "2 ", " 2", "2 x", "-2 0", "2 0 0", "99999999999999999999 0"};
	for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++)
		assert_ok(c, kv_publish(c, kv, STR("login-ended"), str_of(nonsense[i])));
	assert_true(knows(c, ours, 2) && knows(c, theirs, 2));
	login_cache_close(ours);
	login_cache_tell(c, kv, 2, 0);
	assert_false(knows(c, theirs, 2));
	login_cache_close(theirs);
}

static int64_t used(struct ctx *c)
{
	struct token *list;
	size_t count;
	assert_ok(c, token_list(c, core_of(c), &house_of(c)->owner, &list, &count));
	assert_int_equal(count, 1);
	return list[0].used;
}

static void use_is_noted_once_a_minute(void **state)
{
	struct ctx *c = *state;
	struct token token;
	struct actor who;
	struct pod pod;
	pod_open(c, &pod, false);
	struct credential cred = new_token(c, &house_of(c)->owner, &token);
	assert_int_equal(used(c), 0);
	assert_ok(c, login_credential(c, core_of(c), &cred, STR(""), &who));
	int64_t first = used(c);
	assert_true(first > 0);
	house_moved += 30 * SECOND;
	assert_ok(c, login_credential(c, core_of(c), &cred, STR(""), &who));
	assert_ok(c, login_credential(c, &pod.core, &cred, STR(""), &who));
	assert_int_equal(used(c), first);
	house_moved += 31 * SECOND;
	assert_ok(c, login_credential(c, core_of(c), &cred, STR(""), &who));
	assert_true(used(c) >= first + 60);
	/* That it cannot be noted is nobody's trouble. */
	house_moved += 61 * SECOND;
	db_faulty_set(core_of(c)->db, 1, ERR_UNAVAILABLE);
	assert_ok(c, login_credential(c, core_of(c), &cred, STR(""), &who));
	assert_int_equal(c->error.kind, OK);
	pod_close(c, &pod);
}

static void who_failed_is_a_suspect_for_minutes(void **state)
{
	struct ctx *c = *state;
	struct login_cache *cache = login_cache_open(c->world);
	assert_false(login_cache_is_suspect(cache, STR("10.0.0.1/anna")));
	login_cache_suspect(cache, STR("10.0.0.1/anna"));
	assert_true(login_cache_is_suspect(cache, STR("10.0.0.1/anna")));
	/* Not everybody is, and nobody is forgotten for another. */
	unsigned others = 0;
	for (int i = 0; i < 100; i++)
		others += login_cache_is_suspect(cache, str_of(arena_fmt(c->arena, "%d", i)));
	assert_true(others < 10);
	for (int i = 0; i < 5000; i++)
		login_cache_suspect(cache, str_of(arena_fmt(c->arena, "%d", i)));
	assert_true(login_cache_is_suspect(cache, STR("10.0.0.1/anna")));
	house_moved += 121 * SECOND;
	assert_false(login_cache_is_suspect(cache, STR("10.0.0.1/anna")));
	login_cache_close(cache);
	assert_true(login_cache_is_suspect(NULL, STR("10.0.0.1/anna")));
}

static void who_is_known_asks_the_kv_nothing(void **state)
{
	struct ctx *c = *state;
	struct actor who;
	struct kv *kept = core_of(c)->kv;
	struct credential cred = {CREDENTIAL_PASSWORD, STR("owner"), STR("correct horse")};
	assert_ok(c, login_credential(c, core_of(c), &cred, STR("10.0.0.1"), &who));
	core_of(c)->kv = NULL;
	assert_ok(c, login_credential(c, core_of(c), &cred, STR("10.0.0.1"), &who));
	core_of(c)->kv = kept;
}

static void a_failure_is_never_remembered(void **state)
{
	struct ctx *c = *state;
	struct actor who;
	bool due;
	struct credential wrong = {CREDENTIAL_PASSWORD, STR("owner"), STR("wrong password")};
	struct credential unknown = bearer(STR(TOKEN_PREFIX "unknown"));
	assert_err(c, login_credential(c, core_of(c), &wrong, STR(""), &who), ERR_UNAUTH);
	assert_err(c, login_credential(c, core_of(c), &unknown, STR(""), &who), ERR_UNAUTH);
	assert_false(login_cache_get(c, core_of(c)->logins, &wrong, &who, &due));
	assert_false(login_cache_get(c, core_of(c)->logins, &unknown, &who, &due));
	assert_false(login_cache_get(c, core_of(c)->logins, &unknown, &who, &due));
}

/* Many threads on one cache, for the sanitizer; what is found is always whole. */
struct crowd {
	struct login_cache *cache;
	struct kv *kv;
};

static void jostle(void *arg)
{
	const struct crowd *crowd = arg;
	struct arena arena;
	struct ctx c;
	arena_init(&arena);
	ctx_init(&c, &arena, os_world());
	for (unsigned i = 0; i < 2000; i++) {
		struct arena_mark mark = arena_mark(&arena);
		unsigned id = i * 7919 % 97 + 1;
		(void)knows(&c, crowd->cache, id);
		keep(&c, crowd->cache, id);
		if (i % 16 == 0)
			login_cache_tell(&c, crowd->kv, id, i % 32 ? id : 0);
		arena_rewind(&arena, mark);
	}
	arena_done(&arena);
}

static void a_crowd_finds_only_what_is_whole(void **state)
{
	enum { THREADS = 4 };
	struct ctx *c = *state;
	struct thread threads[THREADS];
	struct crowd crowd = {login_cache_open(os_world()), core_of(c)->kv};
	assert_ok(c, login_cache_listen(c, crowd.cache, crowd.kv));
	for (int i = 0; i < THREADS; i++)
		assert_ok(c, thread_start(c, "crowd", jostle, &crowd, &threads[i]));
	for (int i = 0; i < THREADS; i++)
		thread_join(&threads[i]);
	login_cache_close(crowd.cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(who_was_kept_is_known_for_minutes),
		HOUSE_TEST(there_is_room_for_so_many_and_the_newest_stay),
		HOUSE_TEST(what_ended_is_dropped_and_nothing_else),
		HOUSE_TEST(a_name_and_a_password_are_two_words),
		HOUSE_TEST(who_is_known_costs_one_transaction_of_one_statement),
		HOUSE_TEST(what_ended_on_one_pod_has_ended_on_the_other),
		HOUSE_TEST(and_it_has_where_the_kv_is_lost),
		HOUSE_TEST(every_verb_looks_whether_they_still_are),
		HOUSE_TEST(processes_tell_each_other_what_ended),
		HOUSE_TEST(use_is_noted_once_a_minute),
		HOUSE_TEST(who_failed_is_a_suspect_for_minutes),
		HOUSE_TEST(who_is_known_asks_the_kv_nothing),
		HOUSE_TEST(a_failure_is_never_remembered),
		HOUSE_TEST(a_crowd_finds_only_what_is_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
