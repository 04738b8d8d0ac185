/*
 * What bounds tree-sitter's time and memory for one text, whatever that holds.
 *
 * The library looks at a clock between some of its steps, and one step may take long: so in a guard it is looked at
 * wherever memory is asked for, or the next piece of text, too. Who is over is left there (longjmp), and all memory that it
 * had got in the guard is given back: the library keeps nothing elsewhere, and so do the scanners of
 * grammars (cmake/grammar.h). So what is made in a guard is of no use after it.
 */
#ifndef DRIVER_HIGHLIGHT_GUARD_H
#define DRIVER_HIGHLIGHT_GUARD_H

#include "base/ctx.h"

/* Before anything else of the library is called; any number of times. */
void guard_install(void);

/*
 * Runs work(arg) with at most so many bytes of the library's memory, until c->world->monotonic() is `until`.
 * `work` holds nothing but such memory: no lock, no cleanup. False: it was left in the middle of it. None within another.
 */
bool guard_run(struct ctx *c, size_t bytes, int64_t until, void (*work)(void *arg), void *arg);

/* In a guard: leaves it if its time is over. Outside it does nothing. */
void guard_check(void);

#endif
