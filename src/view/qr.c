#include "view/qr.h"

#include "view/html.h"

enum { QUIET = 4 };

/* One row's dark modules, run by run. */
static void draw_row(struct buf *out, const struct qr *qr, int y)
{
	const uint8_t *row = qr->dark + (size_t)y * (size_t)qr->size;
	for (int x = 0; x < qr->size;) {
		int run = 0;
		while (x + run < qr->size && row[x + run])
			run++;
		if (run)
			buf_fmt(out, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, run, run);
		x += run ? run : 1;
	}
}

void view_qr(struct buf *out, const struct qr *qr, struct str label)
{
	int side = qr->size + 2 * QUIET;
	buf_fmt(out, "<svg class=\"qr\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\"", side,
		side, side * 4, side * 4);
	HTML(" shape-rendering=\"crispEdges\" role=\"img\" aria-label=\"");
	html_text(out, label);
	HTML("\"><path fill=\"#fff\" d=\"M0 0h");
	buf_fmt(out, "%dv%dh-%dz\"/><path fill=\"#000\" d=\"", side, side, side);
	for (int y = 0; y < qr->size; y++)
		draw_row(out, qr, y);
	HTML("\"/></svg>\n");
}
