/* What was typed meets what somebody else made of the same file. */
#ifndef CORE_EDIT_MERGE_H
#define CORE_EDIT_MERGE_H

#include "core/browse.h"

struct edit_meeting {
	struct str branch;   /* which went on … */
	struct str expected; /* … from this commit, in full, on which they began */
	struct str path, typed;
};

struct edit_met {
	struct oid tip;      /* of the branch now */
	struct str tip_text; /* its id, in full */
	bool gone;           /* there the file is none any more, or no text */
	struct str text;     /* both changes; what was typed, where it is gone */
	size_t conflicts;    /* places in it that a person has to decide */
};

/* Merges both by lines. ERR_NOT_FOUND: the branch, or what they began on, is not there any more. */
enum err edit_merge(struct ctx *c, struct browse *b, const struct edit_meeting *what,
	struct edit_met *out) MUST;

#endif
