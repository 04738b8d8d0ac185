/*
 * What parts of a source text are, to be told apart by colour.
 *
 * Made by port/highlight.h, drawn by model/painter.h, kept as bytes in a cache: so a span is plain data.
 */
#ifndef MODEL_HIGHLIGHT_H
#define MODEL_HIGHLIGHT_H

#include <stddef.h>
#include <stdint.h>

/* Of two that fit the same piece of text, the later one says more. */
#define HIGHLIGHT_CLASSES(X) \
	X(NONE, "")          \
	X(STRING, "s")       \
	X(COMMENT, "c")      \
	X(NUMBER, "n")       \
	X(TYPE, "t")         \
	X(PROPERTY, "p")     \
	X(CONSTANT, "o")     \
	X(BUILTIN, "b")      \
	X(SPECIAL, "x")      \
	X(ESCAPE, "e")       \
	X(ATTRIBUTE, "a")    \
	X(TAG, "g")          \
	X(KEYWORD, "k")      \
	X(FUNCTION, "f")

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
