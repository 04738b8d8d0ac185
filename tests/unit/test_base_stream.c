#include "base/stream.h"

#include "base/buf.h"
#include "base/extent.h"
#include "unit.h"

/* Gives one byte at a time, then fails. */
struct dripping {
	struct source source;
	int left;
};

static enum err drip(struct ctx *c, struct source *self, void *into, size_t cap, size_t *got)
{
	struct dripping *d = (struct dripping *)self;
	assert_true(cap > 0);
	if (d->left-- == 0)
		return fail(c, ERR_CANCELED, "gone");
	*(char *)into = 'x';
	*got = 1;
	return OK;
}

static void bytes_come_in_the_pieces_asked_for(void **state)
{
	struct ctx *c = *state;
	struct source_bytes s;
	char into[8];
	size_t got = 0;
	source_bytes_init(&s, "hello", 5);
	assert_ok(c, source_read(c, &s.source, into, 3, &got));
	assert_str(str_from(into, got), "hel");
	assert_ok(c, source_read(c, &s.source, into, 8, &got));
	assert_str(str_from(into, got), "lo");
	assert_ok(c, source_read(c, &s.source, into, 8, &got));
	assert_int_equal(got, 0);
}

static void reading_all_goes_on_until_it_is_all(void **state)
{
	struct ctx *c = *state;
	struct dripping d = {{drip}, 4};
	char into[4];
	assert_ok(c, source_read_all(c, &d.source, into, 4));
	assert_memory_equal(into, "xxxx", 4);
	assert_err(c, source_read_all(c, &d.source, into, 1), ERR_CANCELED);
}

static void reading_past_the_end_is_invalid(void **state)
{
	struct ctx *c = *state;
	struct source_bytes s;
	char into[8];
	source_bytes_init(&s, "hello", 5);
	assert_err(c, source_read_all(c, &s.source, into, 6), ERR_INVALID);
	assert_string_equal(c->error.text, "the data ends after 5 of 6 bytes");
	assert_ok(c, source_read_all(c, &s.source, into, 0));
}

struct taking {
	struct sink sink;
	struct buf bytes;
	struct extent *from; /* of the last copy */
	uint64_t at, len;
	int copies;
};

static enum err take_bytes(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	(void)c;
	buf_bytes(&((struct taking *)self)->bytes, bytes, len);
	return OK;
}

static enum err take_copy(
	struct ctx *c, struct sink *self, struct extent *from, uint64_t at, uint64_t len)
{
	struct taking *t = (struct taking *)self;
	(void)c;
	t->from = from;
	t->at = at;
	t->len = len;
	t->copies++;
	return OK;
}

static void what_lies_elsewhere_is_read_for_a_sink_of_bytes(void **state)
{
	struct ctx *c = *state;
	enum { SIZE = (3 << 20) + 7 };
	struct taking to = {.sink.write = take_bytes, .bytes.arena = c->arena};
	struct extent_bytes from;
	char *bytes = arena_raw(c->arena, SIZE);
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (char)(i * 7 + (i >> 11));
	extent_bytes_init(&from, bytes, SIZE);
	assert_ok(c, sink_copy(c, &to.sink, &from.extent, 5, SIZE - 5));
	assert_int_equal(to.bytes.len, SIZE - 5);
	assert_memory_equal(to.bytes.at, bytes + 5, SIZE - 5);
	assert_ok(c, sink_copy(c, &to.sink, &from.extent, SIZE, 0));
	assert_err(c, sink_copy(c, &to.sink, &from.extent, SIZE, 1), ERR_CORRUPT);
	assert_int_equal(to.bytes.len, SIZE - 5);
}

static void a_sink_that_copies_is_told_where_it_lies(void **state)
{
	struct ctx *c = *state;
	struct taking to = {.sink = {.write = take_bytes, .copy = take_copy}};
	struct extent_bytes from;
	extent_bytes_init(&from, "hello", 5);
	assert_ok(c, sink_copy(c, &to.sink, &from.extent, 1, 3));
	assert_ptr_equal(to.from, &from.extent);
	assert_int_equal(to.at, 1);
	assert_int_equal(to.len, 3);
	assert_ok(c, sink_copy(c, &to.sink, &from.extent, 1, 0));
	assert_int_equal(to.copies, 1);
	assert_int_equal(to.bytes.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(bytes_come_in_the_pieces_asked_for),
		UNIT_TEST(reading_all_goes_on_until_it_is_all),
		UNIT_TEST(reading_past_the_end_is_invalid),
		UNIT_TEST(what_lies_elsewhere_is_read_for_a_sink_of_bytes),
		UNIT_TEST(a_sink_that_copies_is_told_where_it_lies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
