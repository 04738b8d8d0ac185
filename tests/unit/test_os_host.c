#include "base/host.h"

#include "unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static struct host_lock lock; /* zeroed: open */
static int counter, turns;

static void *count(void *arg)
{
	(void)arg;
	for (int i = 0; i < 10000; i++) {
		WITH_LOCK(&lock);
		counter++;
	}
	return NULL;
}

static void a_lock_lets_one_in_at_a_time(void **state)
{
	pthread_t threads[4];
	(void)state;
	counter = 0;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(counter, 40000);
}

static void locks_nest(void **state)
{
	static struct host_lock other;
	(void)state;
	WITH_LOCK(&lock);
	{
		WITH_LOCK(&other);
		counter = 1;
	}
	WITH_LOCK(&other);
	assert_int_equal(counter, 1);
}

static void *take_turns(void *arg)
{
	int me = *(int *)arg;
	for (int i = 0; i < 200; i++) {
		WITH_LOCK(&lock);
		while (turns % 2 != me)
			host_wait(&lock);
		turns++;
		host_wake(&lock);
	}
	return NULL;
}

static void who_waits_is_woken(void **state)
{
	pthread_t threads[2];
	int ids[2] = {0, 1};
	(void)state;
	turns = 0;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_turns, &ids[i]), 0);
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(turns, 400);
}

static void memory_is_given_even_for_nothing(void **state)
{
	(void)state;
	void *memory = host_alloc(0);
	assert_non_null(memory);
	host_free(memory, 0);
	host_free(NULL, 0);
}

/* What the child says before it ends; it must end by SIGABRT. */
static void assert_panics(void (*act)(void), const char *says)
{
	int pipes[2];
	char text[600] = {0};
	assert_int_equal(pipe(pipes), 0);
	pid_t child = fork();
	if (child == 0) {
		signal(SIGABRT, SIG_DFL);
		dup2(pipes[1], 2);
		act();
		_exit(0);
	}
	close(pipes[1]);
	size_t len = 0;
	for (ssize_t got; len < sizeof text - 1; len += (size_t)got)
		if ((got = read(pipes[0], text + len, sizeof text - 1 - len)) <= 0)
			break;
	close(pipes[0]);
	int status = 0;
	waitpid(child, &status, 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_non_null(strstr(text, says));
}

static void break_a_promise(void)
{
	ASSERT(counter < 0);
}

static void take_too_much(void)
{
	arena_alloc(&(struct arena){0}, (size_t)5 << 30);
}

static void a_broken_assertion_ends_the_process_and_says_where(void **state)
{
	(void)state;
	assert_panics(break_a_promise, "test_os_host.c");
	assert_panics(break_a_promise, "this must hold and does not: counter < 0");
	assert_panics(take_too_much, "arena.c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_lock_lets_one_in_at_a_time),
		UNIT_TEST(locks_nest),
		UNIT_TEST(who_waits_is_woken),
		UNIT_TEST(memory_is_given_even_for_nothing),
		UNIT_TEST(a_broken_assertion_ends_the_process_and_says_where),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
