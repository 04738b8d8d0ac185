#include "contract/contract.h"
#include "core_house.h"

struct driver {
	const char *name;
	struct policy *(*open)(struct ctx *c);
	const char *needs;
};

static struct policy *open_builtin(struct ctx *c)
{
	(void)c;
	return policy_builtin_open();
}

/* With docs/policy/nimbus.rego, or what stands for it. */
static struct policy *open_opa(struct ctx *c)
{
	struct policy *out;
	const struct policy_opa_options options = {.url = getenv("NIMBUS_TEST_OPA"),
		.ca = "",
		.cert = "",
		.key = "",
		.timeout = 20000,
		.cache = 1000};
	assert_ok(c, policy_opa_open(c, &options, &out));
	return out;
}

static const struct driver drivers[] = {
	{"builtin", open_builtin, NULL},
	{"opa", open_opa, "NIMBUS_TEST_OPA"},
};

static const char *needs(const void *driver)
{
	return ((const struct driver *)driver)->needs;
}

static const char *name_of(const void *driver)
{
	return ((const struct driver *)driver)->name;
}

static int setup(void **state)
{
	const struct driver *driver = *state;
	house_setup(state);
	core_of(*state)->policy = driver->open(*state);
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

/* Asked together they are answered as if each was asked alone. */
static void many_are_answered_in_their_order(void **state)
{
	struct ctx *c = *state;
	struct repo private = house_repo(c, "private", VISIBILITY_PRIVATE), none = {0};
	struct actor owner = house_of(c)->owner, anna = house_person(c, "anna");
	struct actor key = owner, anonymous = ACTOR_ANONYMOUS;
	struct ref_change change = {.name = STR("refs/heads/main")};
	const struct actor *people[] = {&owner, &anna, &key, &anonymous};
	size_t allowed = 0;
	key.limit = PERMISSION_WRITE;
	none.name = STR("nothing");
	for (size_t p = 0; p < 4; p++) {
		struct policy_question asked[3 * OPERATION_COUNT];
		struct policy_answer answers[3 * OPERATION_COUNT], alone;
		for (size_t i = 0; i < 3 * OPERATION_COUNT; i++) {
			enum operation o = (enum operation)(i / 3);
			bool ref = o >= OPERATION_REF_CREATE && o <= OPERATION_REF_DELETE;
			bool nowhere =
				o == OPERATION_ACCOUNT_CHANGE || o == OPERATION_INSTANCE_ADMIN;
			asked[i] = (struct policy_question){.who = people[p],
				.operation = o,
				.repo = nowhere ? NULL
					: i % 3 ? &private
						: &none,
				.granted = i % 3 == 2 ? PERMISSION_WRITE : PERMISSION_NONE,
				.change = ref ? &change : NULL};
		}
		assert_ok(c,
			policy_decide(c, core_of(c)->policy, asked, 3 * OPERATION_COUNT, answers));
		for (size_t i = 0; i < 3 * OPERATION_COUNT; i++) {
			assert_ok(c, policy_decide(c, core_of(c)->policy, &asked[i], 1, &alone));
			assert_int_equal(alone.allowed, answers[i].allowed);
			assert_int_equal(alone.level, answers[i].level);
			allowed += alone.allowed;
		}
	}
	assert_int_equal(allowed, 3 * OPERATION_COUNT /* the owner */ + 7 + 3 /* anna */ +
					  21 /* the key */ +
					  7 /* whatever was granted to nobody */);
}

int main(void)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(everybody_has_what_they_were_granted),
		CONTRACT_TEST(a_limit_caps_everybody),
		CONTRACT_TEST(many_are_answered_in_their_order),
	};
	static struct contract contract = CONTRACT(drivers, setup, house_teardown);
	contract.needs = needs;
	return contract_run(&contract, tests, sizeof tests / sizeof *tests);
}
