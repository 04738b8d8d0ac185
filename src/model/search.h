/* What was found in the files of a revision. Filled by core/search.h, drawn by view/. */
#ifndef MODEL_SEARCH_H
#define MODEL_SEARCH_H

#include "base/str.h"

#include <stdint.h>

enum { SEARCH_MARKS_MAX = 8 };

/* Where it is in a text. */
struct search_mark {
	uint32_t at, len;
};

struct search_line {
	uint32_t number; /* from 1 */
	struct str text; /* of a long line what is around the first mark */
	struct search_mark marks[SEARCH_MARKS_MAX];
	uint32_t mark_count;
};

struct search_file {
	struct str path;
	bool by_name; /* it is in the path, too */
	const struct search_line *lines;
	uint32_t count;
	uint32_t more; /* further lines that have it, up to a bound */
};

struct search {
	const struct search_file *files;
	uint32_t count;
	uint32_t looked_at; /* files, whose text was read */
	uint32_t passed;    /* files that are binary or too long */
	uint32_t
		hard; /* … or texts and names that took a regular expression too long: there may be more in them */
	bool long_lines;  /* of some only the beginning was looked at (port/regex.h) */
	bool cut;         /* the budget ended: there may be more … */
	struct str after; /* … behind this path; also where a page is full. Empty: that was all */
};

#endif
