/*
 * Comes before each scanner of a grammar. Some write their state up to a few bytes past the end of the
 * parser's buffer (TREE_SITTER_SERIALIZATION_BUFFER_SIZE bytes) when a text is nested deeply: so they are told of
 * less than there is.
 */
#include "tree_sitter/parser.h"

#undef TREE_SITTER_SERIALIZATION_BUFFER_SIZE
#define TREE_SITTER_SERIALIZATION_BUFFER_SIZE 960
