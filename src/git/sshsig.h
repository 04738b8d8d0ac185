/*
 * Signatures as `ssh-keygen -Y sign` makes them (OpenSSH's PROTOCOL.sshsig; of FIDO keys,
 * PROTOCOL.u2f; of ECDSA keys, RFC 5656): read, and verified against the key that lies within.
 * Whose key that is, is for others to know.
 */
#ifndef GIT_SSHSIG_H
#define GIT_SSHSIG_H

#include "base/ctx.h"
#include "base/str.h"

#define SSHSIG_BEGIN "-----BEGIN SSH SIGNATURE-----"

/* In c->arena. */
struct sshsig_signer {
	struct str type;        /* "ssh-ed25519", "ecdsa-sha2-nistp256" … */
	struct str key;         /* as in an authorized_keys file: base64 */
	struct str fingerprint; /* "SHA256:…", as `ssh-keygen -l` prints it */
};

/*
 * Is `armor` a signature of exactly `message`, made for `purpose` (the namespace)? ERR_INVALID when
 * it is not, or when a FIDO key made it with nobody there; ERR_UNSUPPORTED for a kind of key that is
 * not known.
 */
enum err sshsig_verify(struct ctx *c, struct str armor, struct str purpose, struct str message,
	struct sshsig_signer *out) MUST;

#endif
