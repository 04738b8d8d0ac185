/* What the service worker calls in the module offline.wasm: pages of a repository from its pack, see browser/kept.h. */
#ifndef BROWSER_ENTRY_KEPT_H
#define BROWSER_ENTRY_KEPT_H

#include "browser/entry_io.h"

/* Room for a pack and its index, which stay. */
EXPORT("packRoom") char *entry_pack(size_t len);
EXPORT("indexRoom") char *entry_index(size_t len);

/* Reads the pack through and checks all of it. Output: its index. 0: it is damaged, and output is why, as text. */
EXPORT("makeIndex") int entry_make_index(int algo);

/* Takes the pack and the index. Input: what browser/kept.h reads as facts. 0: refused, and output is why. */
EXPORT("open") int entry_open(size_t len);
/* Input: a path, a NUL, its query, a NUL, the time in seconds since 1970. Output: the page; or, with 303, where it is.
 * Returns the status. */
EXPORT("page") int entry_page(size_t len);

#endif
