/* git's configuration syntax (git-config(1), "Syntax"), as .gitmodules is written in. */
#ifndef GIT_CONFIG_TEXT_H
#define GIT_CONFIG_TEXT_H

#include "base/buf.h"

struct config_entry {
	struct str section, subsection; /* the section and the key in lower case */
	bool has_subsection;
	struct str key;
	struct str value; /* empty for a key alone */
};

/* {.rest = text, .arena = where decoded text goes} begins. */
struct config_text {
	struct str rest;
	struct arena *arena;
	struct str section, subsection;
	bool has_subsection;
	bool broken; /* it ended because of something that is no configuration */
};

/* The next entry; false at the end. */
bool config_text_next(struct config_text *t, struct config_entry *out);

#endif
