#include "unit.h"

#include "driver/mapped.h"

#include <stdio.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

/* A nameless file of `mib` MiB, each filled with its number. */
static int make_file(size_t mib)
{
	FILE *file = tmpfile();
	assert_non_null(file);
	static char block[MIB];
	for (size_t i = 0; i < mib; i++) {
		memset(block, (int)i, sizeof block);
		assert_int_equal(fwrite(block, 1, sizeof block, file), sizeof block);
	}
	assert_int_equal(fflush(file), 0);
	int fd = dup(fileno(file));
	fclose(file);
	return fd;
}

/* Pages of files (or of a file system in memory) that this process has mapped in, in KiB. */
static size_t resident_kib(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	assert_non_null(file);
	char line[200];
	size_t sum = 0, kib;
	while (fgets(line, sizeof line, file)) {
		if (sscanf(line, "RssFile: %zu kB", &kib) == 1 ||
			sscanf(line, "RssShmem: %zu kB", &kib) == 1)
			sum += kib;
	}
	fclose(file);
	assert_true(sum > 0);
	return sum;
}

static unsigned read_all(const uint8_t *at, size_t len)
{
	unsigned sum = 0;
	for (size_t i = 0; i < len; i += 4096)
		sum += at[i];
	return sum;
}

static void residency_stays_under_the_bound(void **state)
{
	struct ctx *c = *state;
	struct resident *r = resident_open(8 * MIB);
	struct mapping *m;
	int fd = make_file(64);
	assert_ok(c, mapping_open(c, r, fd, 64 * MIB, &m));
	close(fd);
	size_t before = resident_kib();
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < 64; i++) {
			const uint8_t *at = mapping_at(m, i * MIB, MIB);
			assert_int_equal(read_all(at, MIB), i * 256);
			assert_true(resident_bytes(r) <= 8 * MIB);
		}
		assert_true(resident_kib() < before + 10 * 1024);
	}
	mapping_close(m);
	assert_int_equal(resident_bytes(r), 0);
	resident_close(r);
}

static void a_pointer_stays_good_after_its_pages_were_dropped(void **state)
{
	struct ctx *c = *state;
	struct resident *r = resident_open(4 * MIB);
	struct mapping *m;
	int fd = make_file(16);
	assert_ok(c, mapping_open(c, r, fd, 16 * MIB, &m));
	close(fd);
	const uint8_t *first = mapping_at(m, 3 * MIB, 10);
	for (size_t i = 4; i < 16; i++)
		assert_int_equal(*mapping_at(m, i * MIB, 1), i);
	assert_int_equal(first[0], 3);
	assert_int_equal(first[9], 3);
	mapping_close(m);
	resident_close(r);
}

static void one_bound_serves_several_mappings(void **state)
{
	struct ctx *c = *state;
	struct resident *r = resident_open(4 * MIB);
	struct mapping *m[3];
	for (int i = 0; i < 3; i++) {
		int fd = make_file(4);
		assert_ok(c, mapping_open(c, r, fd, 4 * MIB, &m[i]));
		close(fd);
		mapping_at(m[i], 0, 4 * MIB);
		assert_int_equal(resident_bytes(r), 4 * MIB);
	}
	mapping_close(m[2]);
	assert_int_equal(resident_bytes(r), 0);
	mapping_at(m[0], MIB - 1, 2);
	assert_int_equal(resident_bytes(r), 2 * MIB);
	mapping_close(m[0]);
	mapping_close(m[1]);
	resident_close(r);
}

static void what_is_held_as_a_whole_is_dropped_in_time(void **state)
{
	struct ctx *c = *state;
	struct resident *r = resident_open(4 * MIB);
	struct mapping *index, *pack;
	int fd = make_file(16);
	assert_ok(c, mapping_open(c, r, fd, 16 * MIB, &index));
	assert_ok(c, mapping_open(c, r, fd, 16 * MIB, &pack));
	close(fd);
	const uint8_t *whole = mapping_at(index, 0, 16 * MIB);
	size_t before = resident_kib();
	read_all(whole, 16 * MIB);
	assert_true(resident_kib() >= before + 8 * 1024);
	for (size_t i = 0; i < 16; i++)
		read_all(mapping_at(pack, i * MIB, MIB), MIB);
	assert_true(resident_kib() < before + 8 * 1024);
	assert_int_equal(whole[15 * MIB], 15);
	mapping_close(index);
	mapping_close(pack);
	resident_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(residency_stays_under_the_bound),
		UNIT_TEST(a_pointer_stays_good_after_its_pages_were_dropped),
		UNIT_TEST(one_bound_serves_several_mappings),
		UNIT_TEST(what_is_held_as_a_whole_is_dropped_in_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
