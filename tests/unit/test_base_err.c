#include "base/err.h"

#include "unit.h"

static enum err inner(struct ctx *c, enum err kind)
{
	return kind ? fail(c, kind, "row %d", 3) : OK;
}

static enum err outer(struct ctx *c, enum err kind)
{
	TRY_WHILE(c, inner(c, kind), "reading %s", "it");
	return OK;
}

static enum err quiet(struct ctx *c, enum err kind)
{
	TRY(inner(c, kind));
	return OK;
}

static void an_error_travels_with_its_kind_and_where_it_was(void **state)
{
	struct ctx *c = *state;
	assert_err(c, quiet(c, ERR_CONFLICT), ERR_CONFLICT);
	assert_string_equal(c->error.text, "row 3");
	assert_err(c, outer(c, ERR_CORRUPT), ERR_CORRUPT);
	assert_string_equal(c->error.text, "while reading it: row 3");
	ctx_clear(c);
	assert_int_equal(c->error.kind, OK);
	assert_ok(c, outer(c, OK));
}

static void a_message_may_be_an_argument_of_the_next(void **state)
{
	struct ctx *c = *state;
	assert_err(c, fail(c, ERR_IO, "disk"), ERR_IO);
	assert_err(c, fail(c, ERR_INVALID, "no: %s", c->error.text), ERR_INVALID);
	assert_string_equal(c->error.text, "no: disk");
}

static void a_long_message_is_cut(void **state)
{
	struct ctx *c = *state;
	char text[2000];
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = 0;
	assert_err(c, fail(c, ERR_IO, "%s", text), ERR_IO);
	assert_int_equal(strlen(c->error.text), sizeof c->error.text - 1);
	assert_err(c, fail_while(c, ERR_IO, "%s", text), ERR_IO);
	assert_int_equal(strlen(c->error.text), sizeof c->error.text - 1);
}

static void every_kind_has_a_row(void **state)
{
	(void)state;
	for (int kind = OK + 1; kind < ERR_COUNT; kind++) {
		assert_true(err_name((enum err)kind)[0] && err_text((enum err)kind)[0]);
		assert_in_range(err_http_status((enum err)kind), 400, 599);
		assert_in_range(err_exit_code((enum err)kind), 2, 63);
		for (int other = OK + 1; other < kind; other++)
			assert_int_not_equal(
				err_exit_code((enum err)kind), err_exit_code((enum err)other));
	}
	assert_string_equal(err_name(ERR_NOT_FOUND), "NOT_FOUND");
	assert_int_equal(err_http_status(ERR_TOO_BIG), 413);
	assert_true(err_retry(ERR_UNAVAILABLE));
	assert_false(err_retry(ERR_DENIED));
}

static void what_is_stored_and_damaged_is_nobodys_fault_who_asks(void **state)
{
	struct ctx *c = *state;
	assert_err(c, err_stored(c, outer(c, ERR_CORRUPT)), ERR_DAMAGED);
	assert_string_equal(c->error.text, "while reading it: row 3");
	assert_err(c, fail_while(c, ERR_DAMAGED, "asked"), ERR_DAMAGED);
	assert_string_equal(c->error.text, "while asked: while reading it: row 3");
	assert_err(c, err_stored(c, inner(c, ERR_NOT_FOUND)), ERR_NOT_FOUND);
	ctx_clear(c);
	assert_int_equal(err_stored(c, OK), OK);
	assert_int_equal(c->error.kind, OK);
	assert_int_equal(err_http_status(ERR_DAMAGED), 500);
	assert_int_equal(err_http_status(ERR_CORRUPT), 422);
	assert_int_equal(err_exit_code(ERR_DAMAGED), 10);
}

static void who_asks_is_not_told_what_is_internal(void **state)
{
	struct ctx *c = *state;
	memcpy(c->id, "1234", 5);
	assert_err(c, inner(c, ERR_DAMAGED), ERR_DAMAGED);
	assert_string_equal(err_told(c), "internal error: what is stored here is damaged; "
					 "the server's log has more under request 1234");
	assert_string_equal(c->error.text, "row 3");
	assert_true(err_is_internal(ERR_IO) && err_is_internal(ERR_DAMAGED));
	assert_false(err_is_internal(ERR_CORRUPT) || err_is_internal(ERR_UNAVAILABLE));
	assert_err(c, inner(c, ERR_UNAVAILABLE), ERR_UNAVAILABLE);
	assert_string_equal(err_told(c), "a service it needs is not available; "
					 "the server's log has more under request 1234");
	assert_err(c, inner(c, ERR_CORRUPT), ERR_CORRUPT);
	assert_string_equal(err_told(c), "row 3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(an_error_travels_with_its_kind_and_where_it_was),
		UNIT_TEST(a_message_may_be_an_argument_of_the_next),
		UNIT_TEST(a_long_message_is_cut),
		UNIT_TEST(every_kind_has_a_row),
		UNIT_TEST(what_is_stored_and_damaged_is_nobodys_fault_who_asks),
		UNIT_TEST(who_asks_is_not_told_what_is_internal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
