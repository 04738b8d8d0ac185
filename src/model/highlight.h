/*
 * What parts of a source text are, to be told apart by colour.
 *
 * Made by port/highlight.h, drawn by model/painter.h, kept as bytes in a cache: so a span is plain data.
 */
#ifndef MODEL_HIGHLIGHT_H
#define MODEL_HIGHLIGHT_H

#include <stddef.h>
#include <stdint.h>

/* With the class that an element gets for it: in capitals, because tables of code have classes of one letter too.
 * Of two that fit the same piece of text, the later one says more. */
#define HIGHLIGHT_CLASSES(X) \
	X(NONE, "")          \
	X(STRING, "S")       \
	X(COMMENT, "C")      \
	X(NUMBER, "N")       \
	X(TYPE, "T")         \
	X(PROPERTY, "P")     \
	X(CONSTANT, "O")     \
	X(BUILTIN, "B")      \
	X(SPECIAL, "X")      \
	X(ESCAPE, "E")       \
	X(ATTRIBUTE, "A")    \
	X(TAG, "G")          \
	X(KEYWORD, "K")      \
	X(FUNCTION, "F")

enum highlight_class {
#define X(name, letter) HIGHLIGHT_##name,
	HIGHLIGHT_CLASSES(X)
#undef X
};

struct span {
	uint32_t at; /* the first byte of the text */
	uint32_t len : 28;
	uint32_t class : 4; /* enum highlight_class, never NONE */
};

/* In order, no two overlapping, none past the text's end. */
struct spans {
	const struct span *at;
	size_t count;
};

#endif
