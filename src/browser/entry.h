/* What the script of a page calls in the module nimbus.wasm: views by the same C that the server draws with. */
#ifndef BROWSER_ENTRY_H
#define BROWSER_ENTRY_H

#include "browser/entry_io.h"

/* Room for all paths of a revision, which stay until the next are brought. */
EXPORT("paths") char *entry_paths(size_t len);
/* Input: the beginning of the links, a NUL, the query. Output: items of a list; returns how many. */
EXPORT("find") size_t entry_find(size_t len);

/* Input: a diff_page as bytes (model/schema.h). Output: its HTML, side by side or not. 0: refused, and output is why,
 * as text. */
EXPORT("diff") int entry_diff(size_t len, int split);

#endif
