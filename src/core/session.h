/*
 * Sessions: how a browser stays signed in.
 *
 * Its cookie is an id and a secret. A row of the database says that there is such a session and
 * whose; so it can be listed, and ends for all processes with a commit. The rest (a hash of the
 * secret, times, where it came from) lies in core->kv: with it lost, everybody only signs in again.
 *
 * A session ends by signing out, when nobody used it for limits.session_idle_seconds, at the latest
 * limits.session_seconds after its beginning, with a new password, and with the person. Each sign-in
 * and each proof anew (session_prove) gives another cookie; a day of use another secret, of which the
 * one before is good for SESSION_OVERLAP seconds more, for requests that are on their way.
 *
 * One that was begun by a provider (core/sso.h) ends with the connection to it, when the person signs out
 * there, and SESSION_BY_SECONDS after its beginning: what the provider says of them is looked at by a sign-in
 * alone. Its actor's `via` says by which.
 *
 * While core->kv is lost nobody has a session or begins one. What comes out lives in c->arena.
 */
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include "core/core.h"
#include "core/expected.h"

enum {
	SESSION_CSRF_SIZE = 65,
	SESSION_TURN = 86400,
	SESSION_OVERLAP = 60,
	SESSION_BY_SECONDS = 86400,
};

/* A sign-in by a provider. */
struct session_by {
	struct str via; /* "oidc:corp" */
	int64_t identity_id;
	struct str there;    /* their session there; empty: it is not known */
	struct str id_token; /* for signing out there; may be empty */
	int64_t proved;      /* when they proved it there: seconds since 1970; 0: just now */
};

struct session {
	struct str id;                /* [A-Za-z0-9_-]{22}: no secret, but of no use to others */
	struct str cookie;            /* the cookie's value: id and secret, [A-Za-z0-9_-]{65} */
	char csrf[SESSION_CSRF_SIZE]; /* the secret behind session_csrf; NUL-terminated */
	struct actor who;
	struct session_by by; /* via, identity_id and there; empty: by no provider */
	int64_t proved;       /* when they last proved who they are: seconds since 1970 … */
	int64_t now;          /* … as is this */
	int64_t seconds;      /* how long it lasts at most, from now */
	bool is_new;          /* the browser must be given the cookie */
	bool must_enrol;      /* everybody must have a second factor, and they have none */
};

/* Where a session comes from, as it says itself: for the list. */
struct session_from {
	struct str address, browser;
};

/* Begins a session for somebody who has just proved who they are. ERR_DENIED to a token;
 * ERR_UNAVAILABLE, in words for that person, while the store of sessions is lost. */
enum err session_begin(struct ctx *c, struct core *core, const struct actor *who,
	const struct session_from *from, struct session *out) MUST;
/* They have proved again who they are: another session in place of `old`, which ends; with the same
 * time left, and the same token for forms, so that those in other windows still work. What a provider
 * began stays of that provider. */
enum err session_prove(struct ctx *c, struct core *core, const struct session *old,
	const struct session_from *from, struct session *out) MUST;
/* They have just changed, in `old`, what proves them, which ended all sessions: another one in place of it,
 * with the same time left, proof and token for forms, and still of the provider that began it. ERR_UNAUTH when
 * somebody else did so meanwhile. */
enum err session_keep(
	struct ctx *c, struct core *core, const struct session *old, struct session *out) MUST;
/* Both for whom a provider proved; `by` NULL: they proved it to us. */
enum err session_begin_by(struct ctx *c, struct core *core, const struct actor *who,
	const struct session_from *from, const struct session_by *by, struct session *out) MUST;
enum err session_prove_by(struct ctx *c, struct core *core, const struct session *old,
	const struct session_from *from, const struct session_by *by, struct session *out) MUST;
/* Could one begin now? For who is about to use up what works once; ERR_UNAVAILABLE likewise. */
enum err session_ready(struct ctx *c, struct core *core) MUST;
/* The session of a cookie's value; ERR_UNAUTH when there is none (any more), or while the store is
 * lost. */
enum err session_get(struct ctx *c, struct core *core, struct str cookie, struct session *out) MUST;
/* Signs out, whether the store is lost or not. A session that is not there, or that the cookie only names,
 * is OK. */
enum err session_end(struct ctx *c, struct core *core, struct str cookie) MUST;

/* The ID token of a session that a provider began, once; empty where there is none. */
struct str session_take_id_token(struct ctx *c, struct core *core, struct str id);
/* Ends those that are of a session there, of anybody's; *count: how many. */
enum err session_end_there(struct ctx *c, struct core *core, const struct provider_signed_out *what,
	struct str via, size_t *count) MUST;

/* What the forms of one page carry. It is another text each time, so that the length of a packed page
 * tells nothing about it (as with BREACH). In c->arena. */
struct str session_csrf(struct ctx *c, const struct session *s);
/* Did the form carry one of the session's own? ERR_DENIED. */
enum err session_check_csrf(struct ctx *c, const struct session *s, struct str given) MUST;

/* Is it there still (an empty id: nobody's, which is OK), in this transaction; and has it not been idle for too long, as
 * far as that is known just now? Neither counts as use. ERR_UNAUTH. */
enum err session_stands(struct ctx *c, struct db_tx *tx, struct str id) MUST;
enum err session_lives(struct ctx *c, struct core *core, struct str id) MUST;

struct session_row {
	struct str id;
	struct session_from from;
	int64_t started, seen; /* seconds since 1970; `seen` to within some minutes */
};

/*
 * The sessions of somebody, the one used last first: one's own, or anybody's for the owner. So for
 * the others: ending one (ERR_NOT_FOUND), and all together with the proof of every credential that
 * processes keep, and the links that were made for them. ERR_UNAVAILABLE where the list cannot be told.
 */
enum err session_list(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, struct session_row **out, size_t *count) MUST;
enum err session_end_one(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, struct str id) MUST;
/* The same, only if it still is what was seen. ERR_CONFLICT. */
enum err session_end_one_seen(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, struct str id, struct expected *expected) MUST;
enum err session_end_all(
	struct ctx *c, struct core *core, const struct actor *who, struct str username) MUST;

#endif
