#include "main/device_store.h"

#include "base/buf.h"
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/nimbus-store-XXXXXX";

static void what_is_kept_is_read_again_by_its_owner_alone(void **state)
{
	struct ctx *c = *state;
	DEVICE_STORE store = {.lock = -1};
	struct device_state read;
	struct stat st;
	const struct device_state kept = {
		STR("ada"), STR("nbr_x"), STR("a.b.c"), .ends = 17, .renew = 11};
	assert_ok(c, device_store_open(c, STR("https://git.example.org:8443"), &store));
	assert_ok(c, device_store_read(c, &store, &read));
	assert_int_equal(read.refresh.len, 0);
	assert_ok(c, device_store_write(c, &store, &kept));
	assert_int_equal(stat(store.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_ok(c, device_store_read(c, &store, &read));
	assert_str(read.username, "ada");
	assert_str(read.refresh, "nbr_x");
	assert_str(read.access, "a.b.c");
	assert_int_equal(read.ends, 17);
	assert_int_equal(read.renew, 11);
	assert_ok(c, device_store_remove(c, &store));
	assert_ok(c, device_store_remove(c, &store));
	assert_ok(c, device_store_read(c, &store, &read));
	assert_int_equal(read.refresh.len, 0);
}

static void each_server_has_its_own_and_one_process_at_a_time_has_it(void **state)
{
	struct ctx *c = *state;
	DEVICE_STORE one = {.lock = -1}, other = {.lock = -1};
	assert_ok(c, device_store_open(c, STR("https://one.example.org/.."), &one));
	assert_ok(c, device_store_open(c, STR("https://other.example.org"), &other));
	assert_string_not_equal(one.path, other.path);
	assert_true(str_starts(str_of(one.path), str_of(folder)));
	const char *lock = arena_fmt(c->arena, "%s.lock", one.path);
	int fd = open(lock, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
	device_store_close(&one);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	close(fd);
}

static void what_cannot_be_read_is_as_if_there_were_nothing(void **state)
{
	static const char *const texts[] = {
		"", "{", "[]", "{\"refresh_token\": 7, \"ends\": \"x\"}"};
	struct ctx *c = *state;
	DEVICE_STORE store = {.lock = -1};
	assert_ok(c, device_store_open(c, STR("https://git.example.org"), &store));
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct device_state read;
		int fd = open(store.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		assert_int_equal(write(fd, texts[i], strlen(texts[i])), strlen(texts[i]));
		close(fd);
		assert_ok(c, device_store_read(c, &store, &read));
		assert_int_equal(read.refresh.len, 0);
		assert_int_equal(read.ends, 0);
	}
}

static void without_a_home_there_is_none(void **state)
{
	struct ctx *c = *state;
	DEVICE_STORE store = {.lock = -1};
	const char *home = getenv("HOME");
	char *copy = home ? strdup(home) : NULL;
	setenv("XDG_STATE_HOME", "relative", 1);
	unsetenv("HOME");
	assert_err(c, device_store_open(c, STR("https://git.example.org"), &store), ERR_INVALID);
	setenv("HOME", folder, 1);
	assert_ok(c, device_store_open(c, STR("https://git.example.org"), &store));
	assert_true(str_find_str(str_of(store.path), STR("/.local/state/nimbus/")) <
		    strlen(store.path));
	setenv("XDG_STATE_HOME", folder, 1);
	if (copy)
		setenv("HOME", copy, 1);
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_is_kept_is_read_again_by_its_owner_alone),
		UNIT_TEST(each_server_has_its_own_and_one_process_at_a_time_has_it),
		UNIT_TEST(what_cannot_be_read_is_as_if_there_were_nothing),
		UNIT_TEST(without_a_home_there_is_none),
	};
	if (!mkdtemp(folder))
		return 1;
	setenv("XDG_STATE_HOME", folder, 1);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	char command[64];
	fmt_into(command, sizeof command, "rm -rf %s", folder);
	return system(command) || failed;
}
