#include "driver/driver.h"

#include "meta/instance.h"
#include "meta/migrate.h"
#include "meta/user.h"
#include "os/thread.h"

#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>

/* As the driver has it: half the processors hash, and 16 wait for each. */
enum { WAITING = 16, MORE = 12 };

static struct auth *passwords;
static atomic_int wrong, told_to_wait, others;
static atomic_bool go;

static void guess(void *arg)
{
	(void)arg;
	struct arena arena;
	struct ctx c;
	struct actor who;
	arena_init(&arena);
	ctx_init(&c, &arena, os_world());
	const struct credential cred = {CREDENTIAL_PASSWORD, STR("nobody"), STR("wrong password")};
	while (!atomic_load(&go))
		sched_yield();
	enum err kind = auth_authenticate(&c, passwords, &cred, &who);
	bool waits = kind == ERR_RATE_LIMITED && c.retry_after > 0;
	atomic_fetch_add(kind == ERR_UNAUTH ? &wrong : waits ? &told_to_wait : &others, 1);
	arena_done(&arena);
}

static void add_person(struct ctx *c, struct db *db)
{
	DB_TX *tx = NULL;
	struct str stored;
	struct user user = {.username = STR("anna")};
	assert_ok(c, auth_enrol(c, passwords, STR("correct horse"), &stored));
	assert_ok(c, db_begin(c, db, DB_WRITE, &tx));
	assert_ok(c, meta_instance_put(c, tx, META_PROOF_KEY, STR("a key of this instance")));
	assert_ok(c, meta_user_create(c, tx, &user, stored));
	assert_ok(c, db_commit(c, &tx));
}

static void who_guesses_waits_in_a_short_line(void **state)
{
	struct ctx *c = *state;
	struct actor who;
	struct db *db;
	struct kv *kv = kv_memory_open(1 << 20, os_world());
	int at_once = thread_cores() / 2 > 1 ? thread_cores() / 2 : 1;
	int many = at_once * (1 + WAITING) + MORE;
	struct thread *threads = NEW_ARRAY(c->arena, struct thread, (size_t)many);
	assert_ok(c, db_sqlite_open(c, ":memory:", &db));
	assert_ok(c, meta_migrate(c, db));
	passwords = auth_password_open(db, kv);
	add_person(c, db);
	const struct credential known = {CREDENTIAL_PASSWORD, STR("anna"), STR("correct horse")};
	assert_ok(c, auth_authenticate(c, passwords, &known, &who));
	for (int i = 0; i < many; i++)
		assert_ok(c, thread_start(c, "guess", guess, NULL, &threads[i]));
	atomic_store(&go, true);
	while (!atomic_load(&told_to_wait))
		sched_yield();
	/* Whom a process knows does not stand in it. */
	assert_ok(c, auth_authenticate(c, passwords, &known, &who));
	assert_true(atomic_load(&wrong) < at_once * (1 + WAITING));
	for (int i = 0; i < many; i++)
		thread_join(&threads[i]);
	assert_int_equal(atomic_load(&others), 0);
	assert_true(atomic_load(&wrong) > 0 && atomic_load(&told_to_wait) > 0);
	auth_close(passwords);
	kv_close(kv);
	db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(who_guesses_waits_in_a_short_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
