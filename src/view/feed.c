#include "view/feed.h"

#include "base/date.h"

/* XML and HTML escape alike what html_str does, and it lets no control character through. */
static void element(struct buf *out, const char *name, struct str text)
{
	buf_fmt(out, "<%s>", name);
	html_str(out, text);
	buf_fmt(out, "</%s>\n", name);
}

static void date(struct buf *out, int64_t seconds)
{
	char text[24];
	date_rfc3339(seconds > 0 ? seconds : 0, text);
	element(out, "updated", str_of(text));
}

static void link(struct buf *out, const char *rel, const char *type, struct str url)
{
	buf_fmt(out, "<link rel=\"%s\" type=\"%s\" href=\"", rel, type);
	html_str(out, url);
	HTML("\"/>\n");
}

static void author(struct buf *out, struct str name)
{
	HTML("<author>");
	buf_cstr(out, "<name>");
	html_str(out, name);
	HTML("</name></author>\n");
}

static void entry(struct buf *out, const struct feed_entry *e)
{
	HTML("<entry>\n");
	element(out, "id", e->id);
	element(out, "title", e->title);
	date(out, e->when);
	if (e->author.len)
		author(out, e->author);
	link(out, "alternate", "text/html", e->link);
	if (e->html.len || e->text.len) {
		buf_fmt(out, "<content type=\"%s\"", e->html.len ? "html" : "text");
		/* Its links are of our paths, and of what is within the page. */
		if (e->html.len) {
			HTML(" xml:base=\"");
			html_str(out, e->link);
			HTML("\"");
		}
		HTML(">");
		html_str(out, e->html.len ? e->html : e->text);
		HTML("</content>\n");
	}
	HTML("</entry>\n");
}

void view_feed(struct buf *out, const struct feed *f)
{
	HTML("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed "
	     "xmlns=\"http://www.w3.org/2005/Atom\">\n");
	element(out, "id", f->id);
	element(out, "title", f->title);
	int64_t updated = f->count ? f->at[0].when : f->updated;
	for (size_t i = 1; i < f->count; i++)
		updated = f->at[i].when > updated ? f->at[i].when : updated;
	date(out, updated);
	author(out, f->author);
	link(out, "self", "application/atom+xml", f->self);
	link(out, "alternate", "text/html", f->page);
	for (size_t i = 0; i < f->count; i++)
		entry(out, &f->at[i]);
	HTML("</feed>\n");
}
