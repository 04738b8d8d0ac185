#include "web/multipart.h"

#include "base/buf.h"
#include "unit.h"

#define TYPE STR("multipart/form-data; boundary=xyz")

/* "[name|file name]content…" of all parts, read `step` bytes at a time. */
static enum err take(struct ctx *c, struct str type, struct str body, size_t step, struct buf *out)
{
	struct multipart m;
	struct source_bytes from;
	*out = (struct buf){.arena = c->arena};
	source_bytes_init(&from, body.at, body.len);
	TRY(multipart_open(c, &m, type, &from.source));
	for (bool more = true;;) {
		struct multipart_part part;
		TRY(multipart_next(c, &m, &part, &more));
		if (!more)
			return OK;
		buf_fmt(out, "[%.*s|%s%.*s]", STR_FMT(part.name), part.is_file ? "" : "-",
			STR_FMT(part.file_name));
		for (size_t got = 1; got; out->len += got) {
			buf_reserve(out, step);
			TRY(source_read(c, &m.part, out->at + out->len, step, &got));
		}
	}
}

static void expect(struct ctx *c, const char *body, const char *expected)
{
	struct buf out;
	for (size_t step = 1; step < 100; step += 7) {
		assert_ok(c, take(c, TYPE, str_of(body), step, &out));
		assert_string_equal(buf_text(&out), expected);
	}
}

#define PART(head) "--xyz\r\nContent-Disposition: form-data; " head "\r\n\r\n"

static void fields_and_files_come_in_their_order(void **state)
{
	struct ctx *c = *state;
	expect(c,
		PART("name=\"a\"") "1\r\n" PART("name=f; filename=\"x.txt\"") "\r\n--xy\r\n"
									      "\r\n--xyz--\r\n",
		"[a|-]1[f|x.txt]\r\n--xy\r\n");
	expect(c, "before\r\n" PART("name=\"a\"") "\r\n--xyz--after", "[a|-]");
	expect(c, "--xyz--", "");
	expect(c, PART("name=\"f\"; filename=\"\"") "\r\n--xyz--", "[f|]");
	expect(c, PART("name=\"f\"; filename=\"a%22b;c\\\"d%0D%0A.txt\"") "\r\n--xyz--",
		"[f|a\"b;c\"d\r\n.txt]");
	expect(c, "--xyz \t\r\nX: y\r\ncontent-disposition:form-data;NAME=q\r\n\r\nv\r\n--xyz--",
		"[q|-]v");
}

static void a_part_may_be_longer_than_any_buffer(void **state)
{
	struct ctx *c = *state;
	enum { LENGTH = 300000 };
	struct buf body = {.arena = c->arena}, out;
	buf_cstr(&body, PART("name=\"f\"; filename=\"x\""));
	for (size_t i = 0; i < LENGTH; i++)
		buf_byte(&body, "\r\n--xy"[i % 6]);
	buf_cstr(&body, "\r\n--xyz--");
	assert_ok(c, take(c, TYPE, buf_view(&body), 5000, &out));
	assert_int_equal(out.len, LENGTH + sizeof "[f|x]" - 1);
}

static void what_is_no_form_is_refused(void **state)
{
	struct ctx *c = *state;
	struct buf out;
	static const char *const bad[] = {
		"",
		"--xyz",
		"--xyz\r\n",
		PART("name=\"a\"") "never ends",
		PART("name=\"a\"") "v\r\n--xyz",
		PART("filename=\"nameless\"") "v\r\n--xyz--",
		"--xyzzy\r\n",
		"--xyz\r\nContent-Disposition: form-data; name=a\r\n",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_err(c, take(c, TYPE, str_of(bad[i]), 10, &out), ERR_INVALID);
	assert_err(c, take(c, STR("multipart/form-data"), STR("--xyz--"), 10, &out), ERR_INVALID);
	assert_err(c, take(c, STR("multipart/form-data; boundary="), STR("----"), 10, &out),
		ERR_INVALID);
	struct buf head = {.arena = c->arena};
	buf_cstr(&head, "--xyz\r\nX: ");
	for (size_t i = 0; i < 2 * MULTIPART_HEAD_MAX; i++)
		buf_byte(&head, 'x');
	buf_cstr(&head, "\r\n\r\n\r\n--xyz--");
	assert_err(c, take(c, TYPE, buf_view(&head), 10, &out), ERR_INVALID);
	assert_true(multipart_is(STR("Multipart/Form-Data ; boundary=x")));
	assert_false(multipart_is(STR("multipart/mixed; boundary=x")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(fields_and_files_come_in_their_order),
		UNIT_TEST(a_part_may_be_longer_than_any_buffer),
		UNIT_TEST(what_is_no_form_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
