/* Where a page of a history ended, as text for its next one: "17 726566…", a version, and a name in hex
 * because names need not be text. */
#ifndef WEB_HISTORY_PLACE_H
#define WEB_HISTORY_PLACE_H

#include "core/history.h"

/* False: it is none. Empty: the beginning. */
bool history_place_read(struct ctx *c, struct str text, struct history_place *out);
struct str history_place_text(struct ctx *c, const struct ref_log *last);

#endif
