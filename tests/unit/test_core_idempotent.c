/* core/idempotent.h: what is asked again with its key is done once, also by a server that was killed meanwhile. */
#include "core/idempotent.h"

#include "core_house.h"

static enum err begin(struct ctx *c, const struct actor *who, const char *key, const char *request,
	struct idempotent *out)
{
	return idempotent_begin(c, core_of(c), who, str_of(key), str_of(request), out);
}

static void create(struct ctx *c, const char *name)
{
	struct repo repo;
	const struct repo_new what = {.name = str_of(name)};
	assert_ok(c, repo_create(c, core_of(c), &house_of(c)->owner, &what, &repo));
}

static void the_first_answer_is_given_again(void **state)
{
	struct ctx *c = *state;
	const struct actor *owner = &house_of(c)->owner;
	struct actor anna = house_person(c, "anna"), other = *owner;
	struct idempotent first, again;
	other.via = STR("token 1");
	assert_ok(c, begin(c, owner, "k", "POST /x", &first));
	assert_int_equal(first.answer.len, 0);
	assert_err(c, begin(c, owner, "k", "POST /x", &again), ERR_CONFLICT);
	assert_ok(c, idempotent_done(c, core_of(c), &first, STR("201 /x\n{}")));
	assert_null(c->once);
	assert_ok(c, begin(c, owner, "k", "POST /x", &again));
	assert_str(again.answer, "201 /x\n{}");
	assert_err(c, begin(c, owner, "k", "POST /y", &again), ERR_INVALID);
	/* Others, and other credentials, have keys of their own. */
	assert_ok(c, begin(c, &anna, "k", "POST /x", &again));
	assert_int_equal(again.answer.len, 0);
	idempotent_failed(c, core_of(c), &again);
	assert_ok(c, begin(c, &other, "k", "POST /x", &again));
	assert_int_equal(again.answer.len, 0);
	idempotent_failed(c, core_of(c), &again);
}

static void what_failed_may_be_tried_again(void **state)
{
	struct ctx *c = *state;
	struct idempotent first, again;
	assert_ok(c, begin(c, &house_of(c)->owner, "k", "POST /x", &first));
	idempotent_failed(c, core_of(c), &first);
	assert_null(c->once);
	assert_ok(c, begin(c, &house_of(c)->owner, "k", "POST /x", &again));
	assert_int_equal(again.answer.len, 0);
	idempotent_failed(c, core_of(c), &again);
}

/* As a server leaves it that is killed before it could answer. */
static void what_is_done_is_not_done_again_though_nobody_answered(void **state)
{
	struct ctx *c = *state;
	struct idempotent first, again;
	assert_ok(c, begin(c, &house_of(c)->owner, "k", "POST /repos", &first));
	create(c, "made");
	c->once = NULL;
	house_moved += 2LL * IDEMPOTENT_RUNNING * 1000000;
	assert_err(c, begin(c, &house_of(c)->owner, "k", "POST /repos", &again), ERR_CONFLICT);
	assert_non_null(strstr(c->error.text, "done already"));
	house_moved += 2LL * IDEMPOTENT_SECONDS * 1000000;
	assert_ok(c, begin(c, &house_of(c)->owner, "k", "POST /repos", &again));
	idempotent_failed(c, core_of(c), &again);
}

static void who_was_killed_before_it_was_done_may_be_asked_again(void **state)
{
	struct ctx *c = *state;
	struct idempotent first, again;
	struct repo repo;
	const struct repo_new what = {.name = STR("late")};
	assert_ok(c, begin(c, &house_of(c)->owner, "k", "POST /repos", &first));
	c->once = NULL;
	assert_err(c, begin(c, &house_of(c)->owner, "k", "POST /repos", &again), ERR_CONFLICT);
	house_moved += 2LL * IDEMPOTENT_RUNNING * 1000000;
	assert_ok(c, begin(c, &house_of(c)->owner, "k", "POST /repos", &again));
	/* The first one lives after all: it does nothing any more. */
	c->once = &first;
	assert_err(c, repo_create(c, core_of(c), &house_of(c)->owner, &what, &repo), ERR_CONFLICT);
	c->once = &again;
	create(c, "late");
	assert_ok(c, idempotent_done(c, core_of(c), &again, STR("201 \n{}")));
}

static void keys_and_answers_have_bounds(void **state)
{
	struct ctx *c = *state;
	struct idempotent i;
	char *long_key = arena_alloc(c->arena, IDEMPOTENT_KEY_MAX + 2);
	memset(long_key, 'k', IDEMPOTENT_KEY_MAX + 1);
	long_key[IDEMPOTENT_KEY_MAX + 1] = 0;
	const char *const bad[] = {"", "a b", "\xc3\xa9", "a\n", long_key};
	for (size_t n = 0; n < sizeof bad / sizeof *bad; n++)
		assert_err(c, begin(c, &house_of(c)->owner, bad[n], "r", &i), ERR_INVALID);
	char *answer = arena_alloc(c->arena, IDEMPOTENT_ANSWER_MAX + 1);
	memset(answer, 'a', IDEMPOTENT_ANSWER_MAX + 1);
	assert_ok(c, begin(c, &house_of(c)->owner, long_key + 1, "r", &i));
	assert_ok(
		c, idempotent_done(c, core_of(c), &i, str_from(answer, IDEMPOTENT_ANSWER_MAX + 1)));
	assert_err(c, begin(c, &house_of(c)->owner, long_key + 1, "r", &i), ERR_CONFLICT);
	assert_non_null(strstr(c->error.text, "too long"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(the_first_answer_is_given_again),
		HOUSE_TEST(what_failed_may_be_tried_again),
		HOUSE_TEST(what_is_done_is_not_done_again_though_nobody_answered),
		HOUSE_TEST(who_was_killed_before_it_was_done_may_be_asked_again),
		HOUSE_TEST(keys_and_answers_have_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
