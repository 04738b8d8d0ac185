/* A repository, its names and its rules. */
#ifndef MODEL_REPO_H
#define MODEL_REPO_H

#include "base/ctx.h"
#include "base/oid.h"

enum visibility { VISIBILITY_PRIVATE, VISIBILITY_PUBLIC };

struct repo {
	int64_t id;
	struct str name;
	struct str description;
	enum visibility visibility;
	enum hash_algo object_format;
	struct str head; /* what HEAD points at: "refs/heads/main", born or not */
	int64_t version; /* +1 with every change of refs, packs or head */
	int64_t created; /* seconds since 1970 */
	int64_t pushed;  /* 0: never */
	int64_t shed;    /* the version at which objects were last dropped; 0: never */
	int64_t rules;   /* how many there are for its refs, model/rule.h */
	int64_t deleted; /* seconds since 1970: kept only to be restored; 0: it is there */
};

/* One ref as stored: loose of any protocol. */
struct ref {
	struct str name; /* "refs/heads/main" */
	struct oid id;
	struct oid peeled; /* of an annotated tag: what it points at in the end; else algo 0 */
};

/* A ref that moves: what a push asks for, and what the ref log keeps. */
struct ref_change {
	struct str name;
	struct oid old;    /* all zero: it is created */
	struct oid new;    /* all zero: it is deleted */
	struct oid peeled; /* of new, like ref.peeled */
};

enum { REPO_NAME_MAX = 100, REPO_DESCRIPTION_MAX = 500, REF_NAME_MAX = 1024 };

/*
 * 1..100 bytes of [A-Za-z0-9._-], beginning with a letter or digit, not ending in ".git", ".lock"
 * or '.', no
 * "..", and none of the words that are paths of ours ("api", "assets", "healthz" …). ERR_INVALID
 * says which rule.
 */
enum err repo_name_check(struct ctx *c, struct str name) MUST;

/* Refs of the server's own: no client is told of them, fetches them by name, or changes them. */
#define REF_HIDDEN "refs/nimbus/"

static inline bool ref_is_hidden(struct str name)
{
	return str_starts(name, STR(REF_HIDDEN));
}

/* git's own rules (git-check-ref-format) for a full name under refs/, at most REF_NAME_MAX bytes.
 */
bool ref_name_ok(struct str name);
enum err ref_name_check(struct ctx *c, struct str name) MUST;

const char *visibility_name(enum visibility v);
bool visibility_parse(struct str text, enum visibility *out);
/* "sha1" or "sha256", as git spells them. */
const char *object_format_name(enum hash_algo algo);
bool object_format_parse(struct str text, enum hash_algo *out);

#endif
