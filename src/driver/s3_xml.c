#include "driver/s3_xml.h"

#include "base/buf.h"

#include <time.h>

struct parser {
	struct ctx *c;
	struct str all, rest;
	size_t elements;
};

/* An element that is open, with its text so far. */
struct level {
	struct s3_xml *element, **last;
	struct buf text;
};

static enum err wrong(const struct parser *p, const char *what)
{
	return fail(p->c, ERR_INVALID, "the XML is wrong at byte %zu: %s", p->all.len - p->rest.len,
		what);
}

static bool is_space(char b)
{
	return b == ' ' || b == '\t' || b == '\r' || b == '\n';
}

static bool is_name(char b)
{
	return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') ||
	       b == '_' || b == '-' || b == '.' || b == ':' || (uint8_t)b >= 0x80;
}

static bool is_name_start(char b)
{
	return is_name(b) && !(b >= '0' && b <= '9') && b != '-' && b != '.';
}

static void skip_space(struct parser *p)
{
	while (p->rest.len && is_space(*p->rest.at))
		p->rest = str_from_index(p->rest, 1);
}

static struct str read_name(struct parser *p)
{
	size_t len = 0;
	if (p->rest.len && is_name_start(*p->rest.at))
		while (len < p->rest.len && is_name(p->rest.at[len]))
			len++;
	struct str name = str_until(p->rest, len);
	p->rest = str_from_index(p->rest, len);
	return name;
}

/* Over what ends with `end`, which `p->rest` is inside of. */
static enum err skip_until(struct parser *p, struct str end)
{
	size_t at = str_find_str(p->rest, end);
	if (at == p->rest.len)
		return wrong(p, "it ends too early");
	p->rest = str_from_index(p->rest, at + end.len);
	return OK;
}

/* Over comments, processing instructions and white space. */
static enum err skip_misc(struct parser *p)
{
	for (;;) {
		skip_space(p);
		if (str_skip(&p->rest, STR("<!--")))
			TRY(skip_until(p, STR("-->")));
		else if (str_skip(&p->rest, STR("<?")))
			TRY(skip_until(p, STR("?>")));
		else
			return OK;
	}
}

static bool is_character(uint64_t code)
{
	return code == '\t' || code == '\n' || code == '\r' || (code >= 0x20 && code < 0xd800) ||
	       (code > 0xdfff && code < 0xfffe) || (code >= 0x10000 && code <= 0x10ffff);
}

static void add_utf8(struct buf *out, uint32_t code)
{
	if (code < 0x80) {
		buf_byte(out, (char)code);
		return;
	}
	int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
	static const uint8_t first[] = {0, 0xc0, 0xe0, 0xf0};
	buf_byte(out, (char)(first[more] | code >> (6 * more)));
	while (more--)
		buf_byte(out, (char)(0x80 | (code >> (6 * more) & 0x3f)));
}

/* What stands between '&' and ';'. */
static bool add_reference(struct buf *out, struct str name)
{
	static const struct {
		const char *name;
		char byte;
	} known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_is(name, known[i].name)) {
			buf_byte(out, known[i].byte);
			return true;
		}
	uint64_t code = 0;
	bool number = str_skip(&name, STR("#x"))
			      ? str_hex_to_u64(name, &code)
			      : str_skip(&name, STR("#")) && str_to_u64(name, &code);
	if (!number || !is_character(code))
		return false;
	add_utf8(out, (uint32_t)code);
	return true;
}

/* Text up to `end`, decoded. */
static enum err read_text(struct parser *p, char end, struct buf *out)
{
	enum { REFERENCE_MAX = 12 };
	while (p->rest.len && *p->rest.at != end) {
		char byte = *p->rest.at;
		if (byte == '<')
			return wrong(p, "a '<' where there is none");
		if ((uint8_t)byte < 0x20 && !is_space(byte))
			return wrong(p, "a control character");
		size_t len = 1;
		if (byte != '&') {
			buf_byte(out, byte);
		} else {
			struct str name = str_until(str_from_index(p->rest, 1), REFERENCE_MAX);
			size_t semicolon = str_find(name, ';');
			if (semicolon == name.len ||
				!add_reference(out, str_until(name, semicolon)))
				return wrong(p, "an entity that is not known");
			len = semicolon + 2;
		}
		p->rest = str_from_index(p->rest, len);
	}
	return OK;
}

/* Attributes are read over, to the '>' or "/>" of their tag. */
static enum err read_attributes(struct parser *p, bool *is_empty)
{
	for (;;) {
		size_t before = p->rest.len;
		skip_space(p);
		*is_empty = str_skip(&p->rest, STR("/>"));
		if (*is_empty || str_skip(&p->rest, STR(">")))
			return OK;
		struct buf value = {.arena = p->c->arena};
		if (p->rest.len == before || read_name(p).len == 0)
			return wrong(p, "a tag that does not end");
		skip_space(p);
		if (!str_skip(&p->rest, STR("=")))
			return wrong(p, "an attribute without a value");
		skip_space(p);
		char quote = p->rest.len ? *p->rest.at : 0;
		if (quote != '"' && quote != '\'')
			return wrong(p, "an attribute without quotes");
		p->rest = str_from_index(p->rest, 1);
		TRY(read_text(p, quote, &value));
		if (!p->rest.len)
			return wrong(p, "it ends too early");
		p->rest = str_from_index(p->rest, 1);
	}
}

/* The name in a tag, as it stands. */
static enum err read_tag_name(struct parser *p, struct str *name)
{
	*name = read_name(p);
	return name->len ? OK : wrong(p, "a tag without a name");
}

static struct str without_prefix(struct str name)
{
	size_t colon = str_find_last(name, ':');
	return colon == name.len ? name : str_from_index(name, colon + 1);
}

/* Reads on behind the '<' of a start tag; with *is_empty there is nothing in it. */
static enum err read_start(struct parser *p, struct level *level, struct str *tag, bool *is_empty)
{
	if (p->elements++ == S3_XML_ELEMENTS)
		return wrong(p, "more elements than allowed");
	TRY(read_tag_name(p, tag));
	TRY(read_attributes(p, is_empty));
	struct s3_xml *element = NEW(p->c->arena, struct s3_xml);
	element->name = without_prefix(*tag);
	if (!element->name.len || !is_name_start(*element->name.at))
		return wrong(p, "a tag without a name");
	*level = (struct level){element, &element->first, {.arena = p->c->arena}};
	return OK;
}

/* One step of the open element: text, or what begins with '<' and is no element. */
static enum err read_between(struct parser *p, struct level *top, bool *tag)
{
	*tag = false;
	if (str_skip(&p->rest, STR("<!--")))
		return skip_until(p, STR("-->"));
	if (str_skip(&p->rest, STR("<?")))
		return skip_until(p, STR("?>"));
	*tag = str_skip(&p->rest, STR("<"));
	if (*tag)
		return OK;
	return p->rest.len ? read_text(p, '<', &top->text) : wrong(p, "it ends too early");
}

static enum err read_document(struct parser *p, struct s3_xml **root)
{
	struct level levels[S3_XML_DEPTH];
	struct str tags[S3_XML_DEPTH], name;
	size_t depth = 0;
	bool tag = str_skip(&p->rest, STR("<")), is_empty = false;
	if (!tag)
		return wrong(p, "there is no element");
	do {
		struct level *top = depth ? &levels[depth - 1] : NULL;
		if (!tag) {
			TRY(read_between(p, top, &tag));
			continue;
		}
		tag = false;
		if (top && str_skip(&p->rest, STR("/"))) {
			TRY(read_tag_name(p, &name));
			skip_space(p);
			if (!str_eq(name, tags[--depth]) || !str_skip(&p->rest, STR(">")))
				return wrong(p, "a tag that ends another");
			top->element->text = buf_view(&top->text);
			continue;
		}
		if (depth == S3_XML_DEPTH)
			return wrong(p, "it is deeper than allowed");
		TRY(read_start(p, &levels[depth], &tags[depth], &is_empty));
		struct s3_xml *element = levels[depth].element;
		if (top) {
			*top->last = element;
			top->last = &element->next;
		} else {
			*root = element;
		}
		depth += !is_empty;
	} while (depth);
	return OK;
}

enum err s3_xml_parse(struct ctx *c, struct str text, struct s3_xml **out)
{
	struct parser p = {.c = c, .all = text, .rest = text};
	struct s3_xml *root = NULL;
	if (text.len > S3_XML_MAX)
		return fail(c, ERR_INVALID, "the XML has %zu bytes, more than allowed", text.len);
	if (!str_is_utf8(text))
		return fail(c, ERR_INVALID, "the XML is no UTF-8");
	(void)str_skip(&p.rest, STR("\xef\xbb\xbf"));
	TRY(skip_misc(&p));
	TRY(read_document(&p, &root));
	TRY(skip_misc(&p));
	if (p.rest.len)
		return wrong(&p, "something follows its end");
	*out = root;
	return OK;
}

enum err s3_xml_answer(struct ctx *c, struct str text, struct s3_xml **out)
{
	if (s3_xml_parse(c, text, out) == OK)
		return OK;
	return fail(c, ERR_UNAVAILABLE, "the answer makes no sense: %s",
		arena_strdup(c->arena, c->error.text));
}

const struct s3_xml *s3_xml_get(const struct s3_xml *parent, const char *name)
{
	for (const struct s3_xml *e = parent ? parent->first : NULL; e; e = e->next)
		if (str_is(e->name, name))
			return e;
	return NULL;
}

struct str s3_xml_text(const struct s3_xml *parent, const char *name)
{
	const struct s3_xml *element = s3_xml_get(parent, name);
	return element ? element->text : STR("");
}

/* The next number of exactly so many digits, and what must follow it. */
static bool take(struct str *rest, size_t digits, const char *then, int *out)
{
	uint64_t number;
	if (!str_to_u64(str_until(*rest, digits), &number) || rest->len < digits)
		return false;
	*rest = str_from_index(*rest, digits);
	*out = (int)number;
	return str_skip(rest, str_of(then));
}

bool s3_xml_time(struct str text, int64_t *seconds)
{
	struct tm at = {0};
	if (!take(&text, 4, "-", &at.tm_year) || !take(&text, 2, "-", &at.tm_mon) ||
		!take(&text, 2, "T", &at.tm_mday) || !take(&text, 2, ":", &at.tm_hour) ||
		!take(&text, 2, ":", &at.tm_min) || !take(&text, 2, "", &at.tm_sec))
		return false;
	if (str_skip(&text, STR("."))) {
		size_t digits = 0;
		while (digits < text.len && text.at[digits] >= '0' && text.at[digits] <= '9')
			digits++;
		if (!digits)
			return false;
		text = str_from_index(text, digits);
	}
	if (!str_is(text, "Z") || at.tm_mon < 1 || at.tm_mon > 12 || at.tm_mday < 1 ||
		at.tm_mday > 31 || at.tm_hour > 23 || at.tm_min > 59 || at.tm_sec > 60 ||
		at.tm_year < 1970)
		return false;
	at.tm_year -= 1900;
	at.tm_mon--;
	*seconds = timegm(&at);
	return true;
}
