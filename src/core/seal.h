/*
 * Small secrets that the server must be able to read again lie in the database sealed: encrypted, and
 * bound to what they are and whose, so that who can write rows cannot pass one off as another.
 *
 * Sealed bytes are: 1, the key's id (4 bytes), a random nonce (24), XChaCha20-Poly1305 of the secret.
 * The first key of several seals, any of them opens: so a key is replaced by a new one before it, and
 * goes when nothing is sealed with it any more.
 */
#ifndef CORE_SEAL_H
#define CORE_SEAL_H

#include "base/aead.h"
#include "base/ctx.h"

enum { SEAL_KEYS_MAX = 8, SEAL_KEY_ID = 4, SEAL_SECRET_MAX = 4096 };

struct seal_key {
	uint8_t bytes[AEAD_KEY];
	uint8_t id[SEAL_KEY_ID]; /* of its SHA-256 */
};

struct seal_keys {
	struct seal_key at[SEAL_KEYS_MAX];
	size_t count;
};

/* What a secret is ("totp"), and the id of the row that it is of. */
struct seal_bound {
	const char *purpose;
	int64_t id;
};

/* Adds the keys that a text names: each 64 hexadecimal digits or the base64 of 32 bytes, in either
 * alphabet, with commas or white space between. Known ones are passed over. ERR_INVALID in words that
 * do not tell the text; also for more than SEAL_KEYS_MAX. */
enum err seal_keys_add(struct ctx *c, struct seal_keys *keys, struct str text) MUST;

/* There is a key (asserted), and the secret has at most SEAL_SECRET_MAX bytes (asserted). In c->arena. */
struct str seal_make(struct ctx *c, const struct seal_keys *keys, const struct seal_bound *bound,
	struct str secret);

/*
 * The secret, in c->arena. ERR_UNAVAILABLE when the key that it was sealed with is not among these:
 * the operator can give it back. ERR_DAMAGED when it is not what was sealed for this.
 */
enum err seal_open(struct ctx *c, const struct seal_keys *keys, const struct seal_bound *bound,
	struct str sealed, struct str *secret) MUST;

/* Was it sealed with another key than the first? Then seal it anew when there is an occasion. */
bool seal_is_old(const struct seal_keys *keys, struct str sealed);

#endif
