/*
 * Versions of one text, compared in turn: each is cut into lines once, and only those that it has
 * from none of its neighbours are looked up.
 *
 * One thread at a time.
 */
#ifndef GIT_DIFF_VERSIONS_H
#define GIT_DIFF_VERSIONS_H

#include "base/map.h"
#include "git/diff.h"

/* What their lines are: equal ones have equal numbers. It lies in an arena, which it fills. */
struct diff_classes {
	struct map known;
	uint32_t count;
	uint32_t *in_old, *in_new; /* of each class; 0 between two comparisons */
	uint32_t cap;
};
void diff_classes_init(struct ctx *c, struct diff_classes *classes, struct arena *a);

struct diff_version {
	struct str text;
	struct text_lines lines;
	uint32_t *class; /* of each line */
};

/*
 * Cuts a text, which lives as long as *out: in `a`. `like`: another version, or NULL. ERR_TOO_BIG when it has
 * more than DIFF_LINES_MAX lines.
 */
enum err diff_version_open(struct ctx *c, struct diff_classes *classes, struct arena *a,
	struct str text, const struct diff_version *like, struct diff_version *out) MUST;

/* What diff_lines says of both without the end that they share (diff_cut_tail). */
enum err diff_versions(struct ctx *c, struct diff_classes *classes, const struct diff_version *old,
	const struct diff_version *new, struct diff_script *out) MUST;

#endif
