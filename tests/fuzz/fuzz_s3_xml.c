#include "fuzz/fuzz.h"

#include "base/buf.h"
#include "driver/s3_xml.h"

static void write_text(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		switch (text.at[i]) {
		case '&': buf_cstr(out, "&amp;"); break;
		case '<': buf_cstr(out, "&lt;"); break;
		default: buf_byte(out, text.at[i]);
		}
}

static void write_element(struct buf *out, const struct s3_xml *e)
{
	buf_fmt(out, "<%.*s>", STR_FMT(e->name));
	write_text(out, e->text);
	for (const struct s3_xml *child = e->first; child; child = child->next)
		write_element(out, child);
	buf_fmt(out, "</%.*s>", STR_FMT(e->name));
}

/* What was read, written, and read again is the same; so is any time. */
static void fuzz_one(struct ctx *c, struct str input)
{
	struct s3_xml *root, *again;
	int64_t seconds;
	(void)s3_xml_time(input, &seconds);
	if (s3_xml_parse(c, input, &root))
		return;
	struct buf first = {.arena = c->arena}, second = {.arena = c->arena};
	write_element(&first, root);
	if (first.len > S3_XML_MAX)
		return;
	ASSERT(s3_xml_parse(c, buf_view(&first), &again) == OK);
	write_element(&second, again);
	ASSERT(str_eq(buf_view(&first), buf_view(&second)));
}
