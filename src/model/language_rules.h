/*
 * What a repository's .gitattributes says of languages: the attributes linguist-language, linguist-vendored,
 * linguist-generated, linguist-documentation and linguist-detectable of gitattributes(5), as forges read them.
 * Of many lines the first LANGUAGE_RULES_MAX count; whatever else there is, is passed over.
 */
#ifndef MODEL_LANGUAGE_RULES_H
#define MODEL_LANGUAGE_RULES_H

#include "base/vec.h"
#include "base/wildmatch.h"
#include "model/language.h"

enum { LANGUAGE_RULES_MAX = 50, LANGUAGE_PATTERN_MAX = 256 };

/* What a line says of the paths that fit. */
struct language_rule {
	struct wildmatch match;
	bool by_name; /* no '/' in it: of a name in any folder */
	int skips;    /* 1: vendored, generated, documentation; -1: none of it; 0: nothing said */
	struct str named; /* linguist-language; or empty */
};

struct language_rules {
	VEC_OF(struct language_rule) list;
};

/* `text` must live as long as the rules, which are in the arena. */
void language_rules_read(struct arena *a, struct str text, struct language_rules *out);

/* The language for which a file counts, by its name and the rules; LANGUAGES: for none. `folder`: "" for
 * the top, else "a/b". Leaves nothing in the arena. */
enum language_id language_rules_judge(
	struct arena *a, const struct language_rules *rules, struct str folder, struct str name);

#endif
