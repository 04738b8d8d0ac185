/*
 * In which language a file is written, by its name and its first line; and what is left out where
 * a repository's languages are counted.
 */
#ifndef MODEL_LANGUAGE_H
#define MODEL_LANGUAGE_H

#include "base/str.h"

enum language_id {
#define LANGUAGE(id, name, grammar, colour, counts) LANGUAGE_##id,
#include "model/language.def"
#undef LANGUAGE
	LANGUAGES
};

struct language {
	const char *name;
	const char *grammar; /* what port/highlight.h calls it; NULL: it has none for it */
	uint32_t colour;     /* 0xRRGGBB */
	bool counts;         /* in a repository's bar */
};

extern const struct language languages[LANGUAGES];

/* Of a file's name alone; LANGUAGES: not known. */
enum language_id language_of_name(struct str name);
/* Of a file: its name, else what its first line calls to run it ("#!/usr/bin/env python3"). */
enum language_id language_of(struct str name, struct str text);
/* What people call it, as in a block of code in Markdown: "c++", "sh". */
enum language_id language_called(struct str word);

/* Is what lies under a path somebody else's ("vendor/"), made by a program, or built? Of one folder's or
 * file's name. */
bool language_skips_folder(struct str name);
bool language_skips_file(struct str name);

/* Languages of a repository, largest first. */
struct language_share {
	enum language_id id;
	uint64_t bytes;
	unsigned permille;
};
struct language_shares {
	const struct language_share *at;
	size_t count; /* 0: none, or not counted yet */
};

#endif
