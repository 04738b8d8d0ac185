#include "base/stream.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(bytes_come_in_the_pieces_asked_for),
		UNIT_TEST(reading_all_goes_on_until_it_is_all),
		UNIT_TEST(reading_past_the_end_is_invalid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
