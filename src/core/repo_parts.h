/* What core/repo*.c share. */
#ifndef CORE_REPO_PARTS_H
#define CORE_REPO_PARTS_H

#include "core/repo.h"

/* The repository as events tell of it; `previous_name` may be empty. In c->arena. */
struct str repo_data(struct ctx *c, const struct repo *repo, struct str previous_name);

#endif
