/*
 * What somebody has seen, and wants to change only if it still is so (If-Match): verbs compare it in the transaction of
 * the change, so that of two who saw the same only one changes it.
 */
#ifndef CORE_EXPECTED_H
#define CORE_EXPECTED_H

#include "core/core.h"
#include "model/rule.h"

struct permission_row;
struct user;
struct token;
struct grant;

/* What is NULL may be anything. */
struct expected {
	const struct repo *repo;
	const struct rule *rule;
	const struct permission_row *permission;
	const struct user *user;
	const struct token *token;
	const struct grant *grant;
	const struct oid *ref;
	bool changed; /* it was something else: the verb said ERR_CONFLICT for that */
};

/* Each: is it that still, of what is now? `e` may be NULL. ERR_CONFLICT. */
enum err expected_repo(struct ctx *c, struct expected *e, const struct repo *now) MUST;
/* Of the rules that are there the one of the same id. */
enum err expected_rule(struct ctx *c, struct expected *e, const struct rules *now) MUST;
/* Of the permissions on a repository the one of the same person. */
enum err expected_permission(
	struct ctx *c, struct expected *e, const struct permission_row *now, size_t count) MUST;
/* Of a person, their password too, which is not told. */
enum err expected_user(struct ctx *c, struct expected *e, const struct user *now) MUST;
/* Of somebody's tokens, and of all grants, the one of the same id. */
enum err expected_token(struct ctx *c, struct expected *e, const struct token *now, size_t count)
	MUST;
enum err expected_grant(struct ctx *c, struct expected *e, const struct grant *now, size_t count)
	MUST;

#endif
