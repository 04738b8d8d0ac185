/*
 * A push certificate as text (gitprotocol-pack(5), "Push Certificate"): its header, its commands,
 * its signature.
 */
#ifndef GIT_PUSH_CERT_H
#define GIT_PUSH_CERT_H

#include "base/ctx.h"
#include "base/str.h"

/* Views of the text. */
struct push_cert {
	struct str text;      /* all of it, as it came */
	struct str content;   /* what is signed */
	struct str signature; /* the rest */
	struct str pusher, pushee, nonce;
	struct str options;  /* its "push-option" lines, one after another */
	struct str commands; /* "OLD NEW NAME\n" … */
};

/* ERR_INVALID, ERR_UNSUPPORTED. */
enum err push_cert_parse(struct ctx *c, struct str text, struct push_cert *out) MUST;

/* The next of its options, from a copy of `options`; false after the last. */
bool push_cert_option(struct str *options, struct str *out);

#endif
