/*
 * One ref made, moved or taken away by name, without a pack: as a push by the same person would, with the same
 * permission, rules, log, events and audit.
 */
#ifndef CORE_REF_CHANGE_H
#define CORE_REF_CHANGE_H

#include "core/expected.h"
#include "core/push.h"

enum ref_wish_kind { REF_CREATE, REF_MOVE, REF_DELETE };

struct ref_wish {
	enum ref_wish_kind kind;
	struct str repo;
	struct str ref;      /* "refs/heads/x", or "x" for that branch */
	struct oid to;       /* an object that is here; of REF_DELETE nothing */
	struct str expected; /* the id, in full, that it must have now; empty: whichever */
	/* Only if it still is what was seen; NULL: whatever it is. */
	struct expected *seen;
	bool force; /* REF_MOVE may leave history behind */
	/* REF_CREATE of a tag: it becomes an annotated one, that says this; empty: it does not … */
	struct str message;
	struct str host; /* … and where its tagger's address is of: "git.example.org" */
};

/*
 * Needs WRITE. ERR_EXISTS: there is one to create; ERR_NOT_FOUND: there is none to move or delete. ERR_CONFLICT: it
 * is not what was expected, the move would leave history behind, or something else is in its way; ERR_DENIED: rules
 * or the key forbid it; ERR_INVALID: no name for a ref, or no message for a tag. *out (may be NULL): what became of it.
 */
enum err ref_change(struct ctx *c, struct core *core, const struct actor *who,
	const struct ref_wish *wish, struct ref_change *out) MUST;

/* push_commit of this one command, for which being refused is an error: ERR_DENIED or ERR_CONFLICT. */
enum err ref_change_commit(
	struct ctx *c, struct push *push, struct push_command *command, bool forward) MUST;

#endif
