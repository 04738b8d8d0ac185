/*
 * Names that some file system takes for ".git" and the like: HFS+ ignores some code points, NTFS
 * has short names, ignores trailing spaces and dots, and knows streams behind a colon.
 */
#ifndef GIT_DOTGIT_H
#define GIT_DOTGIT_H

#include "base/str.h"

/* ".git" to any of them. */
bool dotgit_is(struct str name);
/* ".gitmodules" (".gitattributes") to any of them. */
bool dotgit_is_modules(struct str name);
bool dotgit_is_attributes(struct str name);

#endif
