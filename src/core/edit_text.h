/*
 * A file's text on its way into a form and back.
 *
 * A form knows one end of a line only. So what a person typed gets the ends that the file had: lines that
 * were there keep their own, new ones get what most have.
 */
#ifndef CORE_EDIT_TEXT_H
#define CORE_EDIT_TEXT_H

#include "base/ctx.h"
#include "base/str.h"

/* Why it cannot be changed in a form, in words that follow "This file"; NULL: it can. */
const char *edit_unfit(struct str bytes);

/* With '\n' at the end of each line. In c->arena where it was otherwise. */
struct str edit_plain(struct ctx *c, struct str bytes);

/* What was typed in place of `old` (empty: nothing). ERR_TOO_BIG for more than DIFF_LINES_MAX lines. */
enum err edit_typed(struct ctx *c, struct str old, struct str typed, struct str *out) MUST;

#endif
