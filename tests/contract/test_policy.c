#include "contract/contract.h"
#include "core_house.h"

struct driver {
	const char *name;
	struct policy *(*open)(void);
};

static const struct driver drivers[] = {{"builtin", policy_builtin_open}};

static const char *name_of(const void *driver)
{
	return ((const struct driver *)driver)->name;
}

static int setup(void **state)
{
	const struct driver *driver = *state;
	house_setup(state);
	core_of(*state)->policy = driver->open();
	return 0;
}

static enum permission level(struct ctx *c, const struct actor *who, const struct repo *repo)
{
	DB_TX *tx = NULL;
	enum permission out;
	assert_ok(c, db_begin(c, core_of(c)->db, DB_READ, &tx));
	assert_ok(c, policy_level(c, core_of(c)->policy, tx, who, repo, &out));
	return out;
}

static void everybody_has_the_level_of_their_row(void **state)
{
	struct ctx *c = *state;
	struct repo private = house_repo(c, "private", VISIBILITY_PRIVATE);
	struct repo public = house_repo(c, "public", VISIBILITY_PUBLIC);
	struct actor anna = house_person(c, "anna"), anonymous = ACTOR_ANONYMOUS;
	struct actor *owner = &house_of(c)->owner;
	assert_int_equal(level(c, owner, &private), PERMISSION_ADMIN);
	assert_int_equal(level(c, &anna, &private), PERMISSION_NONE);
	assert_int_equal(level(c, &anna, &public), PERMISSION_READ);
	assert_int_equal(level(c, &anonymous, &private), PERMISSION_NONE);
	assert_int_equal(level(c, &anonymous, &public), PERMISSION_READ);
	struct permission_on on = {STR("private"), STR("anna")};
	for (int p = PERMISSION_READ; p <= PERMISSION_ADMIN; p++) {
		assert_ok(c, permission_put(c, core_of(c), owner, &on, (enum permission)p));
		assert_int_equal(level(c, &anna, &private), p);
	}
	assert_ok(c, permission_delete(c, core_of(c), owner, &on));
	assert_int_equal(level(c, &anna, &private), PERMISSION_NONE);
}

static void a_limit_caps_everybody(void **state)
{
	struct ctx *c = *state;
	struct repo private = house_repo(c, "private", VISIBILITY_PRIVATE);
	struct repo public = house_repo(c, "public", VISIBILITY_PUBLIC);
	struct actor owner = house_of(c)->owner, anna = house_person(c, "anna");
	struct permission_on on = {STR("private"), STR("anna")};
	assert_ok(c, permission_put(c, core_of(c), &owner, &on, PERMISSION_READ));
	for (int p = PERMISSION_NONE; p <= PERMISSION_ADMIN; p++) {
		owner.limit = anna.limit = (enum permission)p;
		assert_int_equal(level(c, &owner, &private), p);
		assert_int_equal(
			level(c, &anna, &private), p < PERMISSION_READ ? p : PERMISSION_READ);
		assert_int_equal(
			level(c, &anna, &public), p < PERMISSION_READ ? p : PERMISSION_READ);
	}
}

int main(void)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(everybody_has_the_level_of_their_row),
		CONTRACT_TEST(a_limit_caps_everybody),
	};
	static const struct contract contract = CONTRACT(drivers, setup, house_teardown);
	return contract_run(&contract, tests, sizeof tests / sizeof *tests);
}
