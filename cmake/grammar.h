/*
 * Comes before each scanner of a grammar. Some write their state up to a few bytes past the end of the
 * parser's buffer (TREE_SITTER_SERIALIZATION_BUFFER_SIZE bytes) when a text is nested deeply: so they are told of
 * less than there is. And some ask libc for memory, which then would be lost with whoever is stopped: all of theirs is
 * the library's (src/driver/highlight_guard.h).
 */
#define TREE_SITTER_REUSE_ALLOCATOR
#include "tree_sitter/alloc.h"
#include "tree_sitter/parser.h"

#include <stdlib.h>
#include <string.h>

#undef TREE_SITTER_SERIALIZATION_BUFFER_SIZE
#define TREE_SITTER_SERIALIZATION_BUFFER_SIZE 960

#define malloc ts_current_malloc
#define calloc ts_current_calloc
#define realloc ts_current_realloc
#define free ts_current_free
