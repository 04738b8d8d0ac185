/*
 * Verbs on one's own signing keys, by which one mints API keys (model/minted.h) with nobody's help.
 *
 * They are as good as the account: so they are for who proved to be that person, and no API key may
 * register one.
 */
#ifndef CORE_SIGNING_KEY_H
#define CORE_SIGNING_KEY_H

#include "core/core.h"
#include "core/expected.h"

/* `text`: as model/key_file.h takes it. ERR_INVALID; ERR_EXISTS when one has it
 * already; ERR_DENIED to keys, ERR_UNAUTH to the anonymous. */
enum err signing_key_add(struct ctx *c, struct core *core, const struct actor *who, struct str name,
	struct str text, struct signing_key *out) MUST;

/* One's own, newest first. */
enum err signing_key_list(struct ctx *c, struct core *core, const struct actor *who,
	struct signing_key **out, size_t *count) MUST;

/* All that it has minted ends with it. One's own; ERR_NOT_FOUND for any other. */
enum err signing_key_remove(struct ctx *c, struct core *core, const struct actor *who, int64_t id)
	MUST;
/* The same, only if it still is what was seen. ERR_CONFLICT. */
enum err signing_key_remove_seen(struct ctx *c, struct core *core, const struct actor *who,
	int64_t id, struct expected *expected) MUST;

/* One that it has minted, by its "jti", known here or not. */
enum err minted_key_revoke(struct ctx *c, struct core *core, const struct actor *who, int64_t id,
	struct str minted) MUST;

#endif
