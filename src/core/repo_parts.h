/* What core/repo*.c share. */
#ifndef CORE_REPO_PARTS_H
#define CORE_REPO_PARTS_H

#include "core/repo.h"

/* The repository as events tell of it; `previous_name` may be empty. In c->arena. */
struct str repo_data(struct ctx *c, const struct repo *repo, struct str previous_name);

/* May their key be for a repository of that name? ERR_DENIED. */
enum err repo_name_within_scope(struct ctx *c, const struct actor *who, struct str name) MUST;
/* Moves those of `at` that their key is for to its front; returns how many they are. */
size_t repo_within_scope(struct ctx *c, const struct actor *who, struct repo *at, size_t count);

#endif
