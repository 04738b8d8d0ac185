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

static enum permission level(
	struct ctx *c, const struct actor *who, const struct repo *repo, enum permission granted)
{
	struct policy_answer answer;
	const struct policy_question ask = {.who = who,
		.operation = OPERATION_REPOSITORY_READ,
		.repo = repo,
		.granted = granted};
	assert_ok(c, policy_decide(c, core_of(c)->policy, &ask, 1, &answer));
	assert_int_equal(answer.allowed, answer.level >= PERMISSION_READ);
	return answer.level;
}

static void everybody_has_what_they_were_granted(void **state)
{
	struct ctx *c = *state;
	struct repo private = house_repo(c, "private", VISIBILITY_PRIVATE);
	struct repo public = house_repo(c, "public", VISIBILITY_PUBLIC);
	struct actor anna = house_person(c, "anna"), anonymous = ACTOR_ANONYMOUS;
	struct actor *owner = &house_of(c)->owner;
	assert_int_equal(level(c, owner, &private, PERMISSION_NONE), PERMISSION_ADMIN);
	assert_int_equal(level(c, &anna, &private, PERMISSION_NONE), PERMISSION_NONE);
	assert_int_equal(level(c, &anna, &public, PERMISSION_NONE), PERMISSION_READ);
	assert_int_equal(level(c, &anonymous, &private, PERMISSION_NONE), PERMISSION_NONE);
	assert_int_equal(level(c, &anonymous, &public, PERMISSION_NONE), PERMISSION_READ);
	for (enum permission p = PERMISSION_READ; p <= PERMISSION_ADMIN; p++) {
		assert_int_equal(level(c, &anna, &private, p), p);
		assert_int_equal(level(c, &anna, &public, p), p);
	}
}

static void a_limit_caps_everybody(void **state)
{
	struct ctx *c = *state;
	struct repo private = house_repo(c, "private", VISIBILITY_PRIVATE);
	struct repo public = house_repo(c, "public", VISIBILITY_PUBLIC);
	struct actor owner = house_of(c)->owner, anna = house_person(c, "anna");
	for (enum permission p = PERMISSION_NONE; p <= PERMISSION_ADMIN; p++) {
		owner.limit = anna.limit = p;
		enum permission reads = p < PERMISSION_READ ? p : PERMISSION_READ;
		assert_int_equal(level(c, &owner, &private, PERMISSION_NONE), p);
		assert_int_equal(level(c, &anna, &private, PERMISSION_READ), reads);
		assert_int_equal(level(c, &anna, &public, PERMISSION_NONE), reads);
	}
}

int main(void)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(everybody_has_what_they_were_granted),
		CONTRACT_TEST(a_limit_caps_everybody),
	};
	static const struct contract contract = CONTRACT(drivers, setup, house_teardown);
	return contract_run(&contract, tests, sizeof tests / sizeof *tests);
}
