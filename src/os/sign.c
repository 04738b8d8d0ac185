#include "base/sign.h"

#include "base/err.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
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

/* Takes `build`. NULL when its parameters are no key: no point of the curve, for example. */
static EVP_PKEY *public_key(const char *kind, OSSL_PARAM_BLD *build, int is_built)
{
	OSSL_PARAM *params = is_built ? OSSL_PARAM_BLD_to_param(build) : NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
	EVP_PKEY *pkey = NULL;
	if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	return pkey;
}

static BIGNUM *number(struct str bytes)
{
	return BN_bin2bn((const uint8_t *)bytes.at, (int)bytes.len, NULL);
}

struct curve {
	const char *name;
	const EVP_MD *hash;
};

static struct curve find_curve(int bits)
{
	switch (bits) {
	case 256: return (struct curve){"P-256", EVP_sha256()};
	case 384: return (struct curve){"P-384", EVP_sha384()};
	default: ASSERT(bits == 521); return (struct curve){"P-521", EVP_sha512()};
	}
}

static EVP_PKEY *ecdsa_key(const char *curve, struct str point)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	return public_key("EC", build,
		build &&
			OSSL_PARAM_BLD_push_utf8_string(
				build, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0) &&
			OSSL_PARAM_BLD_push_octet_string(
				build, OSSL_PKEY_PARAM_PUB_KEY, point.at, point.len));
}

/* The signature as OpenSSL wants it. Its length, or 0. */
static size_t ecdsa_der(const struct sign_ecdsa *ecdsa, uint8_t **out)
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = number(ecdsa->r), *s = number(ecdsa->s);
	int len = -1;
	if (pair && r && s && ECDSA_SIG_set0(pair, r, s)) {
		len = i2d_ECDSA_SIG(pair, out);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(pair);
	return len > 0 ? (size_t)len : 0;
}

bool sign_ecdsa_ok(const struct sign_ecdsa *ecdsa, struct str message)
{
	struct curve curve = find_curve(ecdsa->bits);
	size_t bytes = ((size_t)ecdsa->bits + 7) / 8;
	if (ecdsa->point.len != 1 + 2 * bytes ||
		*ecdsa->point.at != POINT_CONVERSION_UNCOMPRESSED || ecdsa->r.len > bytes ||
		ecdsa->s.len > bytes)
		return false;
	EVP_PKEY *pkey = ecdsa_key(curve.name, ecdsa->point);
	uint8_t *der = NULL;
	size_t len = ecdsa_der(ecdsa, &der);
	bool ok = pkey && len && verify(pkey, curve.hash, str_from(der, len), message);
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
	return ok;
}

static EVP_PKEY *rsa_key(const struct sign_rsa *key)
{
	BIGNUM *n = number(key->modulus), *e = number(key->exponent);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY *pkey = public_key("RSA", build,
		n && e && build && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
			OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e));
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
