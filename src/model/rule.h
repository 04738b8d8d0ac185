/*
 * Rules for refs: who may create, push to, force and delete those that a pattern fits. A rule only
 * takes away; of several that fit one ref, each must allow. It binds the owner too.
 *
 * It is told as JSON, the same in the API and in the database:
 *
 *	{"create": "admin", "update": ["anna", "ci"], "force": "nobody", "delete": "nobody",
 *	 "required_checks": ["build"], "required_reviews": 1, "description": "releases"}
 *
 * What is left out is not limited. Values; their text belongs to whoever made them.
 */
#ifndef MODEL_RULE_H
#define MODEL_RULE_H

#include "model/operation.h"
#include "model/pattern.h"

enum rule_who_kind { RULE_WRITE, RULE_ADMIN, RULE_NOBODY, RULE_PEOPLE };

/* Who may: "write" (whoever may push), "admin", "nobody", or these people, if they may push. */
struct rule_who {
	enum rule_who_kind kind;
	struct str *names; /* RULE_PEOPLE: usernames */
	size_t count;
};

/* What one may do to a ref, as the members of a rule name it. */
enum rule_act { RULE_CREATE, RULE_UPDATE, RULE_FORCE, RULE_DELETE, RULE_ACTS };

struct rule {
	int64_t id;         /* within its repository */
	struct str pattern; /* as pattern_fits_ref takes it */
	struct rule_who may[RULE_ACTS];
	struct str *checks; /* names of what must have succeeded: for pull requests */
	size_t check_count;
	int64_t reviews; /* how many must approve: for pull requests */
	struct str description;
};

struct rules {
	const struct rule *at;
	size_t count;
};

enum { RULES_MAX = 100, RULE_LIST_MAX = 50, RULE_TEXT_MAX = 500, RULE_REVIEWS_MAX = 20 };

/* "create", "update", "force", "delete". */
const char *rule_act_name(enum rule_act act);

/* "write", "admin", "nobody", or usernames with commas between them. ERR_INVALID names `what`. */
enum err rule_who_parse(struct ctx *c, const char *what, struct str text, struct rule_who *out)
	MUST;
/* As that reads it, in the arena. */
struct str rule_who_text(struct arena *a, const struct rule_who *who);
/* The checks with commas between them, in the arena. */
struct str rule_checks_text(struct arena *a, const struct rule *rule);

/* All but id and pattern; members that are not known are left alone. ERR_INVALID. */
enum err rule_from_json(struct ctx *c, const struct json *object, struct rule *out) MUST;
/* The members of an object that has begun. */
void rule_to_json(struct json_writer *w, const struct rule *rule);

/* The pattern and the texts. ERR_INVALID. */
enum err rule_check(struct ctx *c, const struct rule *rule) MUST;

struct rule_question {
	enum operation operation; /* one of OPERATION_REF_ … */
	bool unsure;              /* OPERATION_REF_UPDATE: it may be a forced one, nobody knows */
	struct str name;          /* of the ref, in full */
	struct str username;
	enum permission level; /* what they have of the repository */
};

/* Why a rule does not let them, in a few words for whoever pushes; in the arena. NULL: they all do. */
const char *rules_refuse(
	struct arena *a, const struct rules *rules, const struct rule_question *question);

#endif
