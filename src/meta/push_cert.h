/* The certificates of signed pushes, by the version that the push led to. */
#ifndef META_PUSH_CERT_H
#define META_PUSH_CERT_H

#include "port/db.h"

struct push_cert_row {
	int64_t version;        /* of the repository, after the push */
	struct str key_type;    /* "ssh-ed25519" */
	struct str key;         /* base64, as in an authorized_keys file */
	struct str fingerprint; /* "SHA256:…" */
	struct str nonce;       /* "OK", "SLOP" */
	struct str certificate; /* as it came, with its signature */
};

enum err meta_push_cert_add(
	struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct push_cert_row *row) MUST;

/* ERR_NOT_FOUND for a version that no signed push led to. */
enum err meta_push_cert_get(struct ctx *c, struct db_tx *tx, int64_t repo_id, int64_t version,
	struct push_cert_row *out) MUST;

#endif
