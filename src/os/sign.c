#include "base/sign.h"

#include "base/err.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

void sign_sha512(struct str bytes, uint8_t digest[SHA512_BYTES])
{
	ASSERT(SHA512((const uint8_t *)bytes.at, bytes.len, digest));
}

/* `padding`: of RSA, or 0. */
static bool verify_padded(
	EVP_PKEY *key, const EVP_MD *md, int padding, struct str signature, struct str message)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *how = NULL;
	bool ok = ctx && EVP_DigestVerifyInit(ctx, &how, md, NULL, key) == 1 &&
		  (!padding || EVP_PKEY_CTX_set_rsa_padding(how, padding) == 1) &&
		  (padding != RSA_PKCS1_PSS_PADDING ||
			  EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) == 1) &&
		  EVP_DigestVerify(ctx, (const uint8_t *)signature.at, signature.len,
			  (const uint8_t *)message.at, message.len) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

static bool verify(EVP_PKEY *key, const EVP_MD *md, struct str signature, struct str message)
{
	return verify_padded(key, md, 0, signature, message);
}

bool sign_ed25519_ok(const uint8_t key[ED25519_KEY], const uint8_t signature[ED25519_SIGNATURE],
	struct str message)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, ED25519_KEY);
	bool ok = pkey && verify(pkey, NULL, str_from(signature, ED25519_SIGNATURE), message);
	EVP_PKEY_free(pkey);
	return ok;
}

/* Takes `build`. NULL when its parameters are no key: no point of the curve, for example.
 * `selection`: EVP_PKEY_PUBLIC_KEY or EVP_PKEY_KEYPAIR. */
static EVP_PKEY *key_from(const char *kind, int selection, OSSL_PARAM_BLD *build, int is_built)
{
	OSSL_PARAM *params = is_built ? OSSL_PARAM_BLD_to_param(build) : NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
	EVP_PKEY *pkey = NULL;
	if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, &pkey, selection, params) != 1)
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
	return key_from("EC", EVP_PKEY_PUBLIC_KEY, build,
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
	EVP_PKEY *pkey = key_from("RSA", EVP_PKEY_PUBLIC_KEY, build,
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
		  verify_padded(pkey, key->bits == 512 ? EVP_sha512() : EVP_sha256(),
			  key->pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING, signature, message);
	EVP_PKEY_free(pkey);
	return ok;
}

static EVP_PKEY *ed25519_secret(const uint8_t secret[SIGN_SECRET])
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, SIGN_SECRET);
	ASSERT(pkey);
	return pkey;
}

void sign_ed25519_public(const uint8_t secret[SIGN_SECRET], uint8_t key[ED25519_KEY])
{
	EVP_PKEY *pkey = ed25519_secret(secret);
	size_t len = ED25519_KEY;
	ASSERT(EVP_PKEY_get_raw_public_key(pkey, key, &len) == 1 && len == ED25519_KEY);
	EVP_PKEY_free(pkey);
}

/* Makes a signature of at most *len bytes. */
static void make(EVP_PKEY *pkey, const EVP_MD *md, struct str message, uint8_t *out, size_t *len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	ASSERT(ctx && EVP_DigestSignInit(ctx, NULL, md, NULL, pkey) == 1 &&
		EVP_DigestSign(ctx, out, len, (const uint8_t *)message.at, message.len) == 1);
	EVP_MD_CTX_free(ctx);
}

void sign_ed25519_make(
	const uint8_t secret[SIGN_SECRET], struct str message, uint8_t signature[ED25519_SIGNATURE])
{
	EVP_PKEY *pkey = ed25519_secret(secret);
	size_t len = ED25519_SIGNATURE;
	make(pkey, NULL, message, signature, &len);
	EVP_PKEY_free(pkey);
}

bool sign_p256_public(const uint8_t secret[SIGN_SECRET], uint8_t point[P256_POINT])
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	BIGNUM *scalar = BN_bin2bn(secret, SIGN_SECRET, BN_secure_new());
	EC_POINT *at = group ? EC_POINT_new(group) : NULL;
	ASSERT(scalar && at);
	BN_set_flags(scalar, BN_FLG_CONSTTIME);
	bool ok = !BN_is_zero(scalar) && BN_cmp(scalar, EC_GROUP_get0_order(group)) < 0;
	if (ok)
		ASSERT(EC_POINT_mul(group, at, scalar, NULL, NULL, NULL) == 1 &&
			EC_POINT_point2oct(group, at, POINT_CONVERSION_UNCOMPRESSED, point,
				P256_POINT, NULL) == P256_POINT);
	EC_POINT_free(at);
	BN_clear_free(scalar);
	EC_GROUP_free(group);
	return ok;
}

static EVP_PKEY *p256_secret(const uint8_t secret[SIGN_SECRET])
{
	uint8_t point[P256_POINT];
	ASSERT(sign_p256_public(secret, point));
	BIGNUM *scalar = BN_bin2bn(secret, SIGN_SECRET, BN_secure_new());
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY *pkey = key_from("EC", EVP_PKEY_KEYPAIR, build,
		scalar && build &&
			OSSL_PARAM_BLD_push_utf8_string(
				build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) &&
			OSSL_PARAM_BLD_push_octet_string(
				build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) &&
			OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, scalar));
	BN_clear_free(scalar);
	ASSERT(pkey);
	return pkey;
}

void sign_p256_make(
	const uint8_t secret[SIGN_SECRET], struct str message, uint8_t signature[P256_SIGNATURE])
{
	uint8_t der[128];
	size_t len = sizeof der;
	EVP_PKEY *pkey = p256_secret(secret);
	make(pkey, EVP_sha256(), message, der, &len);
	EVP_PKEY_free(pkey);
	const uint8_t *at = der;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)len);
	ASSERT(pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, 32) == 32 &&
		BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + 32, 32) == 32);
	ECDSA_SIG_free(pair);
}
