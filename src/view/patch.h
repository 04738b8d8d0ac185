/* A difference as text that `git apply` and `git am` take. */
#ifndef VIEW_PATCH_H
#define VIEW_PATCH_H

#include "base/buf.h"
#include "model/browse.h"
#include "model/diff.h"

/* A unified diff with git's headers. What is binary or too long is named, not shown. */
void patch_text(struct buf *out, const struct diff *diff);

/* What comes before it in a mail, as git-format-patch(1) writes it. */
void patch_mail(struct buf *out, const struct commit_full *commit, const struct diff *diff);

#endif
