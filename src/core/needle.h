/* Finding a text in texts, in any case of a to z or as it stands: Horspool's way (1980). Pure. */
#ifndef CORE_NEEDLE_H
#define CORE_NEEDLE_H

#include "base/str.h"

/* Caller's memory. */
struct needle {
	struct str text;
	uint8_t fold[256]; /* what a byte is compared as */
	size_t shift[256]; /* how far to go on where the last byte is this one, folded */
};

/* `text` is not empty, and stays where it is. */
void needle_init(struct needle *n, struct str text, bool exact_case);
/* Where it is first, from `from` on; s.len: nowhere. */
size_t needle_find(const struct needle *n, struct str s, size_t from);

#endif
