/*
 * What somebody has seen, and wants to change only if it still is so (If-Match): verbs compare it in the transaction of
 * the change, so that of two who saw the same only one changes it.
 */
#ifndef CORE_EXPECTED_H
#define CORE_EXPECTED_H

#include "core/core.h"
#include "model/rule.h"
#include "model/webhook.h"

struct permission_row;
struct user;
struct token;
struct grant;
struct session_row;
struct device;
struct identity;
struct invitation;
struct signing_key;

/* What is NULL may be anything. */
struct expected {
	const struct repo *repo;
	const struct rule *rule;
	const struct webhook *webhook;
	const struct permission_row *permission;
	const struct user *user;
	const struct token *token;
	const struct grant *grant;
	const struct session_row *session;
	const struct device *device;
	const struct identity *identity;
	const struct invitation *invitation;
	const struct signing_key *signing_key;
	const struct oid *ref;
	bool changed; /* it was something else: the verb said ERR_CONFLICT for that */
};

/* Each: is it that still, of what is now? `e` may be NULL. ERR_CONFLICT. */
enum err expected_repo(struct ctx *c, struct expected *e, const struct repo *now) MUST;
/* Of the rules that are there the one of the same id. */
enum err expected_rule(struct ctx *c, struct expected *e, const struct rules *now) MUST;
/* What somebody set of it, not how it fares. */
enum err expected_webhook(struct ctx *c, struct expected *e, const struct webhook *now) MUST;
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
/* NULL: it is over. */
enum err expected_session(struct ctx *c, struct expected *e, const struct session_row *now) MUST;
/* Of somebody's devices, identities and signing keys, and of all invitations, the one of the same id. */
enum err expected_device(struct ctx *c, struct expected *e, const struct device *now, size_t count)
	MUST;
enum err expected_identity(
	struct ctx *c, struct expected *e, const struct identity *now, size_t count) MUST;
enum err expected_invitation(
	struct ctx *c, struct expected *e, const struct invitation *now, size_t count) MUST;
enum err expected_signing_key(
	struct ctx *c, struct expected *e, const struct signing_key *now, size_t count) MUST;

#endif
