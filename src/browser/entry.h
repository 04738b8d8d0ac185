/*
 * What the script of a page calls in the module nimbus.wasm: views by the same C that the server draws with.
 *
 * The script asks entry_begin for room, puts the input there, calls what it wants and reads what entry_out and
 * entry_out_len tell, before it calls anything else: each entry_begin forgets what was. Memory may have grown in any
 * call, and then a view of it that was made before is detached. One thread. Imports nothing.
 */
#ifndef BROWSER_ENTRY_H
#define BROWSER_ENTRY_H

#include <stddef.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name), visibility("default")))

EXPORT("begin") char *entry_begin(size_t len);
EXPORT("out") const char *entry_out(void);
EXPORT("outLength") size_t entry_out_len(void);

/* Room for all paths of a revision, which stay until the next are brought. */
EXPORT("paths") char *entry_paths(size_t len);
/* Input: the beginning of the links, a NUL, the query. Output: items of a list; returns how many. */
EXPORT("find") size_t entry_find(size_t len);

/* Input: a diff_page as bytes (model/schema.h). Output: its HTML, side by side or not. 0: refused, and output is why,
 * as text. */
EXPORT("diff") int entry_diff(size_t len, int split);

#endif
