/*
 * Signed pushes: the nonce that a client must sign, and what its certificate is found to say.
 *
 * A signature that verifies says that whoever holds the key named in it made this push. Whose key
 * that is, nobody says here yet.
 */
#ifndef CORE_PUSH_CERT_H
#define CORE_PUSH_CERT_H

#include "core/core.h"
#include "git/push_cert.h"
#include "git/sshsig.h"

enum { NONCE_FRESH_SECONDS = 10 * 60, NONCE_SLOP_SECONDS = 24 * 3600 };

enum nonce_status {
	NONCE_OK = 1, /* given for a push to this repository, at most NONCE_FRESH_SECONDS ago */
	NONCE_SLOP,   /* the same, at most NONCE_SLOP_SECONDS ago */
};

/* "OK", "SLOP" */
const char *nonce_status_name(enum nonce_status status);

/* The nonce for a push to that name, at `now` (db_now); in c->arena. Empty where this process has no key. */
struct str push_nonce(struct ctx *c, const struct core *core, struct str repo, int64_t now);

struct push_signed {
	struct push_cert cert;
	struct sshsig_signer signer;
	enum nonce_status nonce;
};

/*
 * Reads and verifies a certificate for a push to that name, at `now` (db_now). ERR_INVALID: it is none, its signature
 * is wrong, or its nonce is none of ours or too old; ERR_UNSUPPORTED: no SSH key has signed it, or
 * one of a kind that cannot be checked.
 */
enum err push_cert_verify(struct ctx *c, const struct core *core, struct str repo, struct str text,
	int64_t now, struct push_signed *out) MUST;

#endif
