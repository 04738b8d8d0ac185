#include "os/parallel.h"

#include "os/thread.h"
#include "unit.h"

#include <stdatomic.h>

enum { MOST = 16 };

struct tally {
	pthread_t caller;
	atomic_uint begun, ended;
	atomic_uint times[MOST]; /* of each number */
	atomic_uint elsewhere;   /* number 0 in a thread other than the caller's */
	struct tally *inner;     /* asks for help in turn */
};

static void count(void *arg, unsigned number)
{
	struct tally *t = arg;
	atomic_fetch_add(&t->begun, 1);
	atomic_fetch_add(&t->times[number], 1);
	if (number == 0 && !pthread_equal(t->caller, pthread_self()))
		atomic_fetch_add(&t->elsewhere, 1);
	if (number == 0 && t->inner)
		parallel_run(MOST, count, t->inner);
	atomic_fetch_add(&t->ended, 1);
}

static void each_has_a_number_and_all_have_returned(void **state)
{
	(void)state;
	for (unsigned most = 1; most <= MOST; most++) {
		struct tally t = {.caller = pthread_self()};
		parallel_run(most, count, &t);
		unsigned begun = atomic_load(&t.begun);
		assert_in_range(begun, 1, most);
		assert_in_range(begun, 1, thread_cores());
		assert_int_equal(atomic_load(&t.ended), begun);
		assert_int_equal(atomic_load(&t.elsewhere), 0);
		for (unsigned i = 0; i < MOST; i++)
			assert_int_equal(atomic_load(&t.times[i]), i < begun);
	}
}

/* While the outer ones have the processors, who asks works alone. */
static void helpers_are_bounded_in_all(void **state)
{
	struct tally inner = {.caller = pthread_self()};
	struct tally outer = {.caller = pthread_self(), .inner = &inner};
	(void)state;
	parallel_run(MOST, count, &outer);
	unsigned helping = atomic_load(&outer.begun) - 1 + atomic_load(&inner.begun) - 1;
	assert_in_range(helping, 0, thread_cores() - 1);
	struct tally after = {.caller = pthread_self()};
	parallel_run(MOST, count, &after);
	assert_int_equal(atomic_load(&after.begun), atomic_load(&outer.begun));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(each_has_a_number_and_all_have_returned),
		UNIT_TEST(helpers_are_bounded_in_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
