/* git/chunks.c */
#include "unit.h"

#include "git/chunks.h"
#include "odb_make.h"

enum { HEAD = 4, TAIL = 3 };

struct row {
	const char *name;
	uint64_t at;
};

/* A head, the table as it is given (the last row without a name), `rest`, and a tail. */
static struct str file_of(struct ctx *c, const struct row *rows, size_t count, const char *rest)
{
	struct buf b = {.arena = c->arena};
	buf_cstr(&b, "HEAD");
	for (size_t i = 0; i <= count; i++) {
		buf_bytes(&b, i < count ? rows[i].name : "\0\0\0", 4);
		buf_be32(&b, (uint32_t)(rows[i].at >> 32));
		buf_be32(&b, (uint32_t)rows[i].at);
	}
	buf_cstr(&b, rest);
	buf_cstr(&b, "end");
	return buf_view(&b);
}

enum { TWO = HEAD + 3 * CHUNK_ROW }; /* where chunks begin behind a table of two */

/* `at` stays NULL of what the file has not. */
static enum err parse(struct ctx *c, struct str bytes, size_t count, struct str out[2])
{
	struct extent_bytes extent;
	struct chunk_place places[2] = {{0, 0}, {0, 0}};
	const struct chunk_file file = {"file of a test", &extent.extent, HEAD, count, TAIL};
	const struct chunk_slot slots[] = {{"AAAA", &places[0]}, {"BBBB", &places[1]}};
	extent_bytes_init(&extent, bytes.at, bytes.len);
	TRY(chunks_parse(c, &file, slots, 2));
	for (size_t i = 0; i < 2; i++)
		out[i] = places[i].at ? str_from(bytes.at + places[i].at, places[i].size)
				      : (struct str){0};
	return OK;
}

static void chunks_are_found_by_name(void **state)
{
	struct ctx *c = *state;
	struct str out[2];
	const struct row rows[] = {{"BBBB", TWO}, {"AAAA", TWO + 2}, {NULL, TWO + 5}};
	assert_ok(c, parse(c, file_of(c, rows, 2, "bbaaa"), 2, out));
	assert_str(out[0], "aaa");
	assert_str(out[1], "bb");
}

static void unknown_ones_are_left_out_and_empty_ones_are_there(void **state)
{
	struct ctx *c = *state;
	struct str out[2];
	const struct row rows[] = {{"ZZZZ", TWO}, {"BBBB", TWO + 2}, {NULL, TWO + 2}};
	assert_ok(c, parse(c, file_of(c, rows, 2, "zz"), 2, out));
	assert_null(out[0].at);
	assert_non_null(out[1].at);
	assert_int_equal(out[1].len, 0);
	const struct row none[] = {{NULL, HEAD + CHUNK_ROW}};
	assert_ok(c, parse(c, file_of(c, none, 0, ""), 0, out));
	assert_null(out[1].at);
}

/* What is not known may be there twice, and behind the last chunk may lie anything. */
static void only_what_is_read_is_judged(void **state)
{
	struct ctx *c = *state;
	struct str out[2];
	const struct row rows[] = {{"ZZZZ", TWO}, {"ZZZZ", TWO + 1}, {NULL, TWO + 2}};
	assert_ok(c, parse(c, file_of(c, rows, 2, "zzz"), 2, out));
}

static void wrong_tables_are_refused(void **state)
{
	struct ctx *c = *state;
	struct str out[2];
	const struct row cases[][3] = {
		{{"AAAA", TWO - 1}, {"BBBB", TWO}, {NULL, TWO + 1}},        /* in the table */
		{{"AAAA", 0}, {"BBBB", TWO}, {NULL, TWO + 1}},              /* in the head */
		{{"AAAA", TWO + 1}, {"BBBB", TWO}, {NULL, TWO + 1}},        /* goes back */
		{{"AAAA", TWO}, {"BBBB", TWO + 1}, {NULL, TWO}},            /* likewise */
		{{"AAAA", TWO}, {"BBBB", TWO + 1}, {NULL, TWO + 3}},        /* in the tail */
		{{"AAAA", TWO}, {"BBBB", TWO + 1}, {NULL, UINT64_MAX}},     /* past it */
		{{"AAAA", TWO}, {"BBBB", UINT64_MAX - 1}, {NULL, TWO + 2}}, /* likewise */
		{{"AAAA", TWO}, {"AAAA", TWO + 1}, {NULL, TWO + 2}},        /* twice */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_err(c, parse(c, file_of(c, cases[i], 2, "ab"), 2, out), ERR_CORRUPT);
	/* More rows, or fewer, than are there. */
	const struct row rows[] = {{"AAAA", TWO}, {"BBBB", TWO + 1}, {NULL, TWO + 2}};
	struct str good = file_of(c, rows, 2, "ab");
	assert_ok(c, parse(c, good, 2, out));
	assert_err(c, parse(c, good, 1, out), ERR_CORRUPT);
	assert_err(c, parse(c, good, 3, out), ERR_CORRUPT);
	assert_err(c, parse(c, good, 255, out), ERR_CORRUPT);
	for (size_t len = 0; len < good.len; len++)
		assert_err(c, parse(c, str_until(good, len), 2, out), ERR_CORRUPT);
}

static enum err write_a(struct ctx *c, void *arg)
{
	return sink_write(c, arg, "aaa", 3);
}

static enum err write_b(struct ctx *c, void *arg)
{
	return sink_write(c, arg, "bb", 2);
}

static void what_is_written_is_read(void **state)
{
	struct ctx *c = *state;
	struct str out[2];
	const struct chunk chunks[] = {{"BBBB", 2, write_b}, {NULL, 9, NULL}, {"AAAA", 3, write_a}};
	struct memory_sink to = memory_sink(c->arena);
	assert_int_equal(chunks_count(chunks, 3), 2);
	assert_ok(c, sink_write(c, &to.sink, "HEAD", HEAD));
	assert_ok(c, chunks_write(c, chunks, 3, HEAD, &to.sink, &to.sink));
	assert_ok(c, sink_write(c, &to.sink, "end", TAIL));
	assert_ok(c, parse(c, buf_view(&to.bytes), 2, out));
	assert_str(out[0], "aaa");
	assert_str(out[1], "bb");
	assert_int_equal(to.bytes.len, TWO + 5 + TAIL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(chunks_are_found_by_name),
		UNIT_TEST(unknown_ones_are_left_out_and_empty_ones_are_there),
		UNIT_TEST(only_what_is_read_is_judged),
		UNIT_TEST(wrong_tables_are_refused),
		UNIT_TEST(what_is_written_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
