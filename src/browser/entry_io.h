/*
 * How the script of a page, or of the service worker, calls a module: it asks entry_begin for room, puts the input there,
 * calls what it wants and reads what entry_out and entry_out_len tell, before it calls anything else: each entry_begin
 * forgets what was. Memory may have grown in any call, and then a view of it that was made before is detached. One thread.
 * A module imports nothing.
 */
#ifndef BROWSER_ENTRY_IO_H
#define BROWSER_ENTRY_IO_H

#include "base/buf.h"
#include "base/ctx.h"

#define EXPORT(name) __attribute__((export_name(name), visibility("default")))

EXPORT("begin") char *entry_begin(size_t len);
EXPORT("out") const char *entry_out(void);
EXPORT("outLength") size_t entry_out_len(void);

/* For what the modules export: the input's first bytes, the output, and a context of this call. */
struct str entry_input(size_t len);
struct buf *entry_output(void);
void entry_ctx(struct ctx *c);

/* Room of its own in `a`, in place of what it held. */
char *entry_room(struct arena *a, size_t len, struct str *what);

#endif
