/*
 * Packs that are made before anybody asks for them: those of the clones that a fleet of builds
 * makes after each push, so that the first of them costs no more than the next.
 */
#ifndef CORE_PREPARE_H
#define CORE_PREPARE_H

#include "core/core.h"
#include "model/repo.h"

/*
 * Puts into the pack cache, as git's own clients ask for it, the newest commit of the default branch
 * (`--depth 1`), its history with and without file contents (`--filter=blob:none`), and that of all
 * branches and tags. What is copied from packs as it lies takes no room there. *made: how many were not there. Small repositories need none of it. ERR_CANCELED,
 * ERR_TIMEOUT, and what reading a repository can end with.
 */
enum err prepare_packs(struct ctx *c, struct core *core, const struct repo *repo, size_t *made)
	MUST;

#endif
