#include "net/tls_parts.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

/* A ticket of the key before is still taken: so one lives for two hours at most, and so do keys. */
enum { KEY_US = 3600 * 1000000LL };

static void renew(struct tls *t)
{
	int64_t now = t->world->monotonic();
	if (t->tickets[0].born && now - t->tickets[0].born < KEY_US)
		return;
	bool late = now - t->tickets[0].born >= 2 * KEY_US;
	t->tickets[1] = late ? (struct ticket_key){0} : t->tickets[0];
	t->world->random(&t->tickets[0], sizeof t->tickets[0]);
	t->tickets[0].born = now;
}

/* The key to seal with (`name` NULL), or the one of that name; false where there is none. */
static bool find_key(struct tls *t, const unsigned char *name, struct ticket_key *out)
{
	WITH_LOCK(&t->lock);
	renew(t);
	for (size_t i = 0; i < 2; i++) {
		*out = t->tickets[i];
		if (out->born && (!name || memcmp(name, out->name, sizeof out->name) == 0))
			return true;
	}
	return false;
}

static bool set_mac(EVP_MAC_CTX *mac, struct ticket_key *key)
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac, sizeof key->mac),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* As OpenSSL wants it: 1, or 0 for a ticket that says nothing to us, or -1. */
static int use_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
	EVP_MAC_CTX *mac, int sealing)
{
	const struct tls_link *link = SSL_get_app_data(ssl);
	const EVP_CIPHER *aes = EVP_aes_256_cbc();
	struct ticket_key key;
	if (!find_key(link->tls, sealing ? NULL : name, &key))
		return 0;
	bool ok = set_mac(mac, &key);
	if (sealing) {
		memcpy(name, key.name, sizeof key.name);
		link->tls->world->random(iv, (size_t)EVP_CIPHER_get_iv_length(aes));
		ok = ok && EVP_EncryptInit_ex(cipher, aes, NULL, key.cipher, iv) == 1;
	} else {
		ok = ok && EVP_DecryptInit_ex(cipher, aes, NULL, key.cipher, iv) == 1;
	}
	OPENSSL_cleanse(&key, sizeof key);
	return ok ? 1 : -1;
}

void tls_tickets_use(SSL_CTX *ssl)
{
	SSL_CTX_set_tlsext_ticket_key_evp_cb(ssl, use_ticket);
}
