#include "unit.h"

#include "os/signal.h"
#include "os/thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static void a_signal_waits_for_its_waiter(void **state)
{
	(void)state;
	signal_init();
	assert_int_equal(signal_wait_for(1), 0);
	assert_int_equal(raise(SIGTERM), 0);
	assert_int_equal(signal_wait(), SIGTERM);
	assert_int_equal(raise(SIGINT), 0);
	assert_int_equal(signal_wait_for(1000), SIGINT);
}

static void a_broken_pipe_is_an_error_and_no_death(void **state)
{
	(void)state;
	int fds[2];
	signal_init();
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	assert_int_equal(write(fds[1], "x", 1), -1);
	assert_int_equal(errno, EPIPE);
	close(fds[1]);
}

static void the_limit_of_files_is_raised_to_the_most(void **state)
{
	(void)state;
	struct rlimit limit;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_true(limit_raise_files() == (long)limit.rlim_max);
}

static void set_to_name(void *arg)
{
	pthread_getname_np(pthread_self(), arg, 16);
}

static void a_thread_has_its_name_and_is_joined(void **state)
{
	struct ctx *c = *state;
	struct thread t;
	char name[16] = "";
	assert_ok(c, thread_start(c, "a-name-that-is-too-long", set_to_name, name, &t));
	thread_join(&t);
	assert_string_equal(name, "a-name-that-is-");
	assert_true(thread_cores() >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_signal_waits_for_its_waiter),
		UNIT_TEST(a_broken_pipe_is_an_error_and_no_death),
		UNIT_TEST(the_limit_of_files_is_raised_to_the_most),
		UNIT_TEST(a_thread_has_its_name_and_is_joined),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
