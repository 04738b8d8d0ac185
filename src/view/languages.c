/* The bar of a repository's languages. By SVG, because the policy of our pages allows no style of an element's own. */
#include "view/html.h"
#include "view/page.h"

static void fill(struct buf *out, const struct language_share *s)
{
	buf_fmt(out, "fill=\"#%06x\"", languages[s->id].colour);
}

static void bar(struct buf *out, const struct language_shares *shares)
{
	unsigned at = 0;
	HTML("<svg class=\"bar-of\" viewBox=\"0 0 1000 8\" preserveAspectRatio=\"none\" "
	     "aria-hidden=\"true\">");
	for (size_t i = 0; i < shares->count; i++) {
		const struct language_share *s = &shares->at[i];
		/* A hair of nothing between two. */
		unsigned width = s->permille > 4 ? s->permille - 2 : s->permille;
		buf_fmt(out, "<rect x=\"%u\" width=\"%u\" height=\"8\" ", at, width);
		fill(out, s);
		HTML("/>");
		at += s->permille;
	}
	HTML("</svg>");
}

void view_languages(struct buf *out, const struct language_shares *shares)
{
	HTML("<section class=\"card langs\" aria-label=\"Languages\">");
	bar(out, shares);
	HTML("<ul>");
	for (size_t i = 0; i < shares->count; i++) {
		const struct language_share *s = &shares->at[i];
		HTML("<li><svg width=\"10\" height=\"10\" aria-hidden=\"true\"><circle cx=\"5\" "
		     "cy=\"5\" r=\"5\" ");
		fill(out, s);
		HTML("/></svg>");
		html_cstr(out, languages[s->id].name);
		buf_fmt(out, "<small>%u.%u %%</small></li>", s->permille / 10, s->permille % 10);
	}
	HTML("</ul></section>\n");
}
