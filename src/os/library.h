/*
 * Libraries that are loaded when they are needed: what only a cluster uses costs a home neither
 * memory nor time at its start, nor need it be installed there.
 *
 * A table of a library's functions is a struct of pointers to them and nothing else, and a list of
 * their names in the same order: see driver/libpq.h. Any thread; what was loaded stays.
 */
#ifndef OS_LIBRARY_H
#define OS_LIBRARY_H

#include "base/ctx.h"

#include <stddef.h>

/* Fills table[0..count). ERR_UNSUPPORTED when the library is not here, or an older one: with the name
 * of the `package` that has it. */
enum err library_load(struct ctx *c, const char *file, const char *package, void **table,
	const char *const *names, size_t count) MUST;

#endif
