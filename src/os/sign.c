#include "base/sign.h"

#include "base/err.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>

void sign_sha512(struct str bytes, uint8_t digest[SHA512_BYTES])
{
	ASSERT(SHA512((const uint8_t *)bytes.at, bytes.len, digest));
}

static bool verify(EVP_PKEY *key, const EVP_MD *md, struct str signature, struct str message)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestVerifyInit(ctx, NULL, md, NULL, key) == 1 &&
		  EVP_DigestVerify(ctx, (const uint8_t *)signature.at, signature.len,
			  (const uint8_t *)message.at, message.len) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

bool sign_ed25519_ok(const uint8_t key[ED25519_KEY], const uint8_t signature[ED25519_SIGNATURE],
	struct str message)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, ED25519_KEY);
	bool ok = pkey && verify(pkey, NULL, str_from(signature, ED25519_SIGNATURE), message);
	EVP_PKEY_free(pkey);
	return ok;
}

static BIGNUM *number(struct str bytes)
{
	return BN_bin2bn((const uint8_t *)bytes.at, (int)bytes.len, NULL);
}

static EVP_PKEY *rsa_key(const struct sign_rsa *key)
{
	BIGNUM *n = number(key->modulus), *e = number(key->exponent);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *pkey = NULL;
	if (n && e && build && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e))
		params = OSSL_PARAM_BLD_to_param(build);
	if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_free(n);
	BN_free(e);
	return pkey;
}

bool sign_rsa_ok(const struct sign_rsa *key, struct str signature, struct str message)
{
	EVP_PKEY *pkey = rsa_key(key);
	bool ok = pkey &&
		  verify(pkey, key->bits == 512 ? EVP_sha512() : EVP_sha256(), signature, message);
	EVP_PKEY_free(pkey);
	return ok;
}
