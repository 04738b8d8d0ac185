/*
 * A whole small instance for tests of core verbs: SQLite in a temporary folder, blobs and kv in
 * memory, an owner "owner" with the password "correct horse". `struct ctx *c = *state` as in
 * unit.h; the rest by house_of(c).
 */
#ifndef TESTS_CORE_HOUSE_H
#define TESTS_CORE_HOUSE_H

#include "unit.h"

#include "core/audit.h"
#include "core/collaborator.h"
#include "core/instance.h"
#include "core/last_cache.h"
#include "core/login.h"
#include "core/login_cache.h"
#include "core/permit.h"
#include "core/repo.h"
#include "core/secret.h"
#include "core/session.h"
#include "core/snapshot.h"
#include "core/token.h"
#include "driver/driver.h"
#include "meta/user.h"
#include "model/scope.h"

struct house {
	struct unit unit; /* first */
	struct core core;
	struct db *db;     /* below the faulty one that the core uses */
	struct blob *blob; /* likewise */
	struct actor owner;
	struct world world; /* the machine's, with a clock that a test may move */
};

static int64_t house_moved; /* microseconds that the clock of the test is ahead */

static int64_t house_clock(void)
{
	return os_world()->clock() + house_moved;
}

static int64_t house_monotonic(void)
{
	return os_world()->monotonic() + house_moved;
}

static inline struct house *house_of(struct ctx *c)
{
	return (struct house *)c;
}

static inline struct core *core_of(struct ctx *c)
{
	return &house_of(c)->core;
}

static inline int house_setup(void **state)
{
	struct house *h = calloc(1, sizeof *h);
	house_moved = 0;
	arena_init(&h->unit.arena);
	h->world = *os_world();
	h->world.clock = house_clock;
	h->world.monotonic = house_monotonic;
	ctx_init(&h->unit.ctx, &h->unit.arena, &h->world);
	struct ctx *c = &h->unit.ctx;
	*state = c;
	assert_ok(c, db_sqlite_open(c, ":memory:", &h->db));
	h->blob = blob_memory_open();
	h->core = (struct core){
		.blob = blob_faulty_open(h->blob),
		.db = db_faulty_open(h->db),
		.kv = kv_memory_open(1 << 20, &h->world),
		.policy = policy_builtin_open(),
		.auth_count = 4,
		.limits.session_seconds = 4 * 86400,
		.limits.session_idle_seconds = 2 * 86400,
		.snapshots = snapshots_open(4),
		.last_cache = last_cache_open(),
		.logins = login_cache_open(&h->world),
		.audit = audit_log_open(),
		.base_url = "",
	};
	h->core.auth[0] = auth_password_open(h->core.db, h->core.kv);
	h->core.auth[1] = auth_token_open(h->core.db);
	h->core.auth[2] = auth_key_open(h->core.db);
	h->core.auth[3] = auth_access_open(h->core.db, h->core.base_url);
	struct instance instance;
	assert_ok(c, instance_start(c, &h->core, STR("owner"), STR("correct horse"), &instance));
	h->core.instance = instance.id;
	assert_ok(c, seal_keys_add(c, &h->core.seals, secret_make(c)));
	struct credential cred = {CREDENTIAL_PASSWORD, STR("owner"), STR("correct horse")};
	assert_ok(c, login_credential(c, &h->core, &cred, STR("127.0.0.1"), &h->owner));
	return 0;
}

static inline int house_teardown(void **state)
{
	struct house *h = house_of(*state);
	snapshots_close(h->core.snapshots);
	last_cache_close(h->core.last_cache);
	login_cache_close(h->core.logins);
	audit_log_close(h->core.audit);
	auth_close(h->core.auth[0]);
	auth_close(h->core.auth[1]);
	auth_close(h->core.auth[2]);
	auth_close(h->core.auth[3]);
	policy_close(h->core.policy);
	kv_close(h->core.kv);
	blob_close(h->core.blob);
	blob_close(h->blob);
	db_close(h->core.db);
	db_close(h->db);
	arena_done(&h->unit.arena);
	free(h);
	return 0;
}

#define HOUSE_TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

/* A collaborator without a password, as an actor. */
static inline struct actor house_person(struct ctx *c, const char *username)
{
	struct user user;
	assert_ok(c, collaborator_create(c, core_of(c), &house_of(c)->owner, str_of(username),
			     (struct str){0}, &user));
	return meta_user_actor(&user);
}

/* Somebody by a token of theirs. */
static inline struct actor house_token(
	struct ctx *c, const struct actor *who, enum permission limit, struct token *token)
{
	struct token made;
	struct str secret;
	struct actor by;
	struct token_new what = {.name = STR("by hand"), .limit = limit, .seconds = 0};
	assert_ok(c, token_create(c, core_of(c), who, &what, &made, &secret));
	struct credential cred = {CREDENTIAL_TOKEN, {0}, secret};
	assert_ok(c, login_credential(c, core_of(c), &cred, STR(""), &by));
	if (token)
		*token = made;
	return by;
}

/* The owner by a key with such a scope. */
static inline struct actor house_limited(struct ctx *c, const char *text)
{
	struct scope *scope = NEW(c->arena, struct scope);
	struct actor who = house_of(c)->owner;
	assert_ok(c, scope_parse(c, str_of(text), scope));
	who.scope = scope;
	return who;
}

static inline struct session house_session(struct ctx *c, const struct actor *who)
{
	struct session s;
	const struct session_from from = {STR("10.0.0.1"), STR("Firefox")};
	assert_ok(c, session_begin(c, core_of(c), who, &from, &s));
	return s;
}

/* A Redis that is not there. */
static inline struct kv *house_lose_kv(struct ctx *c)
{
	struct kv *kept = core_of(c)->kv;
	assert_ok(c, kv_redis_open(c, "redis://127.0.0.1:1/0", &core_of(c)->kv));
	return kept;
}

static inline void house_find_kv(struct ctx *c, struct kv *kept)
{
	kv_close(core_of(c)->kv);
	core_of(c)->kv = kept;
}

static inline struct repo house_repo(struct ctx *c, const char *name, enum visibility visibility)
{
	struct repo repo;
	struct repo_new what = {.name = str_of(name), .visibility = visibility};
	assert_ok(c, repo_create(c, core_of(c), &house_of(c)->owner, &what, &repo));
	return repo;
}

/* The newest entry of the audit log. */
static inline struct audit house_audit(struct ctx *c)
{
	const struct meta_audit_query all = {
		.outcome = -1, .until = INT64_MAX, .before = {.time = INT64_MAX}};
	struct audit *list = NEW_ARRAY(c->arena, struct audit, 1);
	size_t count = 1;
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, house_of(c)->db, DB_READ, &tx));
	assert_ok(c, meta_audit_list(c, tx, &all, list, &count));
	assert_int_equal(count, 1);
	return list[0];
}

#endif
