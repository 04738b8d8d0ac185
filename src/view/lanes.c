/*
 * The graph beside a list of commits: an SVG a row, two units high and stretched to the row. Strokes do
 * not scale, so a commit is the round end of a line that has no length.
 */
#include "view/page_commits.h"

enum { LANE_WIDTH = 14, COLOURS = 6 };

static unsigned middle(unsigned lane)
{
	return lane * LANE_WIDTH + LANE_WIDTH / 2;
}

static void line(struct buf *out, const struct lane_line *l)
{
	unsigned from = middle(l->from), to = middle(l->to);
	/* A line has the colour of the lane that is not the commit's, where it has one. */
	unsigned colour = (l->part == LANE_IN ? l->from : l->to) % COLOURS;
	buf_fmt(out, "<path class=\"l%u\" d=\"M%u ", colour, from);
	if (l->part == LANE_BY)
		HTML("0V2");
	else if (from == to)
		buf_cstr(out, l->part == LANE_IN ? "0V1" : "1V2");
	else if (l->part == LANE_IN)
		buf_fmt(out, "0C%u .7 %u .4 %u 1", from, to, to);
	else
		buf_fmt(out, "1C%u 1.6 %u 1.3 %u 2", from, to, to);
	HTML("\"/>");
}

void view_lanes(struct buf *out, const struct lane_row *row, unsigned lanes)
{
	unsigned width = lanes * LANE_WIDTH;
	buf_fmt(out,
		"<span class=\"graph\" aria-hidden=\"true\"><svg width=\"%u\" viewBox=\"0 0 %u 2\" "
		"preserveAspectRatio=\"none\">",
		width, width);
	for (size_t i = 0; i < row->count; i++)
		line(out, &row->lines[i]);
	buf_fmt(out, "<path class=\"dot l%u\" d=\"M%u 1h0\"/></svg></span>", row->lane % COLOURS,
		middle(row->lane));
}
