/* Refs by name, page by page: each with what it points at, and the commit that this leads to. */
#ifndef CORE_REF_NAMES_H
#define CORE_REF_NAMES_H

#include "core/browse.h"

struct named_ref {
	struct ref ref;
	bool is_default;           /* HEAD's */
	struct commit_line commit; /* id.algo 0: it leads to none */
};

struct ref_names {
	struct named_ref *at;
	size_t count;
	bool more; /* ask again after the last one */
};

struct ref_names_query {
	struct str prefix; /* "refs/heads/": no others; the server's own never */
	struct str after;  /* full names after this one; empty: from the first */
	struct str words;  /* only those with this in the name behind the prefix; empty: all */
	size_t limit;      /* 1..REF_NAMES_MAX */
};

enum { REF_NAMES_MAX = 100 };

/* In c->arena, but for the names, which live as long as the snapshot. */
enum err ref_names(struct ctx *c, struct browse *b, const struct ref_names_query *query,
	struct ref_names *out) MUST;
/* The one of that full name. ERR_NOT_FOUND. */
enum err ref_names_get(struct ctx *c, struct browse *b, struct str name, struct named_ref *out)
	MUST;

#endif
