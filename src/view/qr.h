/* A QR code as inline SVG: no script, no style, no file. */
#ifndef VIEW_QR_H
#define VIEW_QR_H

#include "base/buf.h"
#include "model/qr.h"

/* Dark on white, in the dark theme too, since cameras want it so; with the quiet zone of four modules
 * around it. `label` is what it is, for who cannot see it. Four pixels a module, unless the style sheet says otherwise (.qr). */
void view_qr(struct buf *out, const struct qr *qr, struct str label);

#endif
