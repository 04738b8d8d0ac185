/*
 * Keys as people have them in files: a public one as JWK, as PEM ("BEGIN PUBLIC KEY", RFC 5480 and
 * RFC 8410) or as the line of an OpenSSH file ("ssh-ed25519 AAAA…", RFC 8709); a private one as PEM
 * ("BEGIN PRIVATE KEY", PKCS #8: RFC 5958). Ed25519 and P-256, in the one encoding that programs
 * write. What comes out lives in the arena.
 */
#ifndef MODEL_KEY_FILE_H
#define MODEL_KEY_FILE_H

#include "base/jwk.h"

enum { KEY_FILE_MAX = 8 << 10 };

/* For JWS_EDDSA or JWS_ES256; its name is its thumbprint, whatever it was called. ERR_INVALID says
 * what is taken. */
enum err key_file_public(struct ctx *c, struct str text, struct jwk *out) MUST;

/* ERR_INVALID. */
enum err key_file_secret(struct ctx *c, struct str text, struct jwk_secret *out) MUST;

#endif
