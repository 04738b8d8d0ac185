/* What core/browse_*.c share. */
#ifndef CORE_BROWSE_PARTS_H
#define CORE_BROWSE_PARTS_H

#include "core/browse.h"

/* The entry at `path` of a revision, whatever it is. ERR_NOT_FOUND. */
enum err browse_entry(struct ctx *c, struct browse *b, const struct revision *rev, struct str path,
	struct tree_entry *out) MUST;

/* A commit as a line of a list, in c->arena. */
enum err browse_line(struct ctx *c, struct browse *b, const struct oid *id, struct commit_line *out)
	MUST;

/* Is it in there, whatever the case of ASCII letters? */
bool browse_holds(struct str text, struct str part);

/* Is it a pointer as git-lfs writes it, docs/spec.md there: lines of "key value", the version first? To
 * which object ("sha256:…") of how many bytes. */
bool browse_lfs(struct str bytes, struct str *oid, uint64_t *size);

/* What is named as of a time: "REF@{TIME}/PATH". *done false: the text is nothing of that kind, or of a
 * ref that never was. ERR_NOT_FOUND: it was not there then, or is gone since. */
enum err browse_resolve_at(struct ctx *c, struct browse *b, struct str text, struct revision *rev,
	struct str *path, bool *done) MUST;

#endif
