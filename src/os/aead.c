#include "base/aead.h"

#include "base/err.h"

#include <sodium.h>

_Static_assert(AEAD_KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "a key is as long");
_Static_assert(AEAD_NONCE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "so is a nonce");
_Static_assert(AEAD_TAG == crypto_aead_xchacha20poly1305_ietf_ABYTES, "and a tag");

static const uint8_t *bytes_of(struct str s)
{
	return (const uint8_t *)s.at;
}

void aead_close(const uint8_t key[AEAD_KEY], const uint8_t nonce[AEAD_NONCE], struct str bound,
	struct str plain, uint8_t *out)
{
	/* It is what picks the fastest code for this processor; once is enough, and so is more. */
	ASSERT(sodium_init() >= 0);
	int problem = crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, bytes_of(plain),
		plain.len, bytes_of(bound), bound.len, NULL, nonce, key);
	ASSERT(!problem);
}

bool aead_open(const uint8_t key[AEAD_KEY], const uint8_t nonce[AEAD_NONCE], struct str bound,
	struct str closed, uint8_t *out)
{
	ASSERT(sodium_init() >= 0);
	return closed.len >= AEAD_TAG &&
	       crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, bytes_of(closed),
		       closed.len, bytes_of(bound), bound.len, nonce, key) == 0;
}
