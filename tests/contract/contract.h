/*
 * A contract test runs every test against every driver of its port. A driver is a row of a table; a
 * test finds its own by contract_of(*state).
 */
#ifndef TESTS_CONTRACT_H
#define TESTS_CONTRACT_H

#include "unit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"

struct contract_test {
	const char *name;
	CMUnitTestFunction run;
};

#define CONTRACT_TEST(name) \
	{                   \
#name, name \
	}

/* Who is bound by it: rows of `size` bytes, each the initial state of its tests. */
struct contract {
	const void *drivers;
	size_t count, size;
	const char *(*name_of)(const void *driver);
	CMFixtureFunction setup, teardown;
	/* Optional: the variable of the environment by which the runner tells the address of the
	 * server that this driver needs; NULL: none. */
	const char *(*needs)(const void *driver);
};

#define CONTRACT(rows, setup, teardown)                                                        \
	{                                                                                      \
		rows, sizeof rows / sizeof *rows, sizeof *rows, name_of, setup, teardown, NULL \
	}

static inline int contract_run_one(const struct contract *contract, const void *driver,
	const struct contract_test *tests, size_t count)
{
	struct CMUnitTest *all = calloc(count, sizeof *all);
	for (size_t t = 0; t < count; t++) {
		char *name = malloc(200);
		snprintf(name, 200, "%s: %s", contract->name_of(driver), tests[t].name);
		all[t] = (struct CMUnitTest){name, tests[t].run, contract->setup,
			contract->teardown, (void *)(uintptr_t)driver};
	}
	int failed = _cmocka_run_group_tests(contract->name_of(driver), all, count, NULL, NULL);
	for (size_t t = 0; t < count; t++)
		free((char *)(uintptr_t)all[t].name);
	free(all);
	return failed;
}

/* Says so, as TAP does, when the server that a driver needs is not there. */
static inline bool contract_skips(const struct contract *contract, const void *driver)
{
	const char *needed = contract->needs ? contract->needs(driver) : NULL;
	if (!needed || getenv(needed))
		return false;
	printf("skip: %s is not set: tests/run sets it where it has that server, or else you may\n"
	       "ok 1 # SKIP %s\n",
		needed, contract->name_of(driver));
	fflush(stdout);
	return true;
}

/* Runs all tests with every driver. */
static inline int contract_run(
	const struct contract *contract, const struct contract_test *tests, size_t count)
{
	int failed = 0;
	for (size_t d = 0; d < contract->count; d++) {
		const void *driver = (const char *)contract->drivers + d * contract->size;
		if (!contract_skips(contract, driver))
			failed += contract_run_one(contract, driver, tests, count);
	}
	return failed;
}

/* Microseconds of a processor that this process took so far: what else the machine does meanwhile is not in them. */
static inline int64_t contract_cpu(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* A new empty folder; contract_remove_folder takes all of it away again. */
static inline char *contract_folder(void)
{
	const char *base = getenv("TMPDIR");
	char *path = malloc(200);
	snprintf(path, 200, "%s/nimbus-test-XXXXXX", base && *base ? base : "/tmp");
	assert_non_null(mkdtemp(path));
	return path;
}

static inline void contract_remove_folder(char *path)
{
	char command[256];
	snprintf(command, sizeof command, "rm -rf '%s'", path);
	assert_int_equal(system(command), 0);
	free(path);
}

#endif
