#include "model/cose.h"

#include "base/cbor.h"
#include "base/sign.h"

/* The keys of a key's map, and their values. */
enum { KTY = 1, ALG = 3, CRV = -1, X = -2, Y = -3, RSA_N = -1, RSA_E = -2 };
enum { KTY_OKP = 1, KTY_EC2 = 2, KTY_RSA = 3, CRV_P256 = 1, CRV_ED25519 = 6 };
enum { P256 = 32, RSA_BITS_MIN = 2048, RSA_BITS_MAX = 8192, RSA_EXPONENT_MAX = 8 };

static bool has(const struct cbor_map *map, int64_t key, int64_t value)
{
	const struct cbor *found = cbor_by_number(map, key, CBOR_INT);
	return found && found->integer == value;
}

static bool take_bytes(
	const struct cbor_map *map, int64_t key, size_t min, size_t max, struct str *out)
{
	const struct cbor *found = cbor_by_number(map, key, CBOR_BYTES);
	if (!found || found->text.len < min || found->text.len > max)
		return false;
	*out = found->text;
	return true;
}

static bool read_ec2(const struct cbor_map *map, struct cose_key *out)
{
	return has(map, KTY, KTY_EC2) && has(map, CRV, CRV_P256) &&
	       take_bytes(map, X, P256, P256, &out->x) && take_bytes(map, Y, P256, P256, &out->y);
}

static bool read_okp(const struct cbor_map *map, struct cose_key *out)
{
	return has(map, KTY, KTY_OKP) && has(map, CRV, CRV_ED25519) &&
	       take_bytes(map, X, ED25519_KEY, ED25519_KEY, &out->x);
}

static bool read_rsa(const struct cbor_map *map, struct cose_key *out)
{
	return has(map, KTY, KTY_RSA) &&
	       take_bytes(map, RSA_N, RSA_BITS_MIN / 8, RSA_BITS_MAX / 8, &out->modulus) &&
	       *out->modulus.at != 0 && take_bytes(map, RSA_E, 1, RSA_EXPONENT_MAX, &out->exponent);
}

enum err cose_key_take(struct ctx *c, struct str *rest, struct cose_key *out)
{
	struct cbor value;
	struct cbor_map map;
	TRY(cbor_take(c, rest, &value));
	TRY(cbor_map_read(c, &value, &map));
	const struct cbor *algorithm = cbor_by_number(&map, ALG, CBOR_INT);
	bool sound = false;
	if (!algorithm)
		return fail(c, ERR_INVALID, "the public key does not say its algorithm");
	*out = (struct cose_key){0};
	switch (algorithm->integer) {
	case COSE_ES256: sound = read_ec2(&map, out); break;
	case COSE_EDDSA: sound = read_okp(&map, out); break;
	case COSE_RS256: sound = read_rsa(&map, out); break;
	default:
		return fail(c, ERR_UNSUPPORTED,
			"the public key is neither of ES256, nor of EdDSA, nor of RS256");
	}
	out->algorithm = (enum cose_algorithm)algorithm->integer;
	if (!sound)
		return fail(c, ERR_INVALID, "the public key is not what its algorithm wants");
	return OK;
}

/* DER's positive INTEGER, of which a signature on P-256 has two, without the zero that keeps it
 * positive. */
static bool take_der_integer(struct str *rest, struct str *out)
{
	if (rest->len < 3 || rest->at[0] != 2)
		return false;
	size_t len = (uint8_t)rest->at[1];
	if (len == 0 || len > P256 + 1 || len > rest->len - 2)
		return false;
	*out = str_from(rest->at + 2, len);
	*rest = str_from_index(*rest, 2 + len);
	bool zero = out->at[0] == 0, high = (out->at[zero && len > 1] & 0x80) != 0;
	if (zero != high)
		return false;
	*out = str_from_index(*out, zero);
	return true;
}

static bool es256_signed(const struct cose_key *key, struct str signature, struct str message)
{
	char point[1 + 2 * P256] = {4};
	struct sign_ecdsa ecdsa = {.bits = 256, .point = str_from(point, sizeof point)};
	memcpy(point + 1, key->x.at, P256);
	memcpy(point + 1 + P256, key->y.at, P256);
	/* SEQUENCE, and a length that is always below 128. */
	if (signature.len < 2 || signature.at[0] != 0x30 ||
		(uint8_t)signature.at[1] != signature.len - 2)
		return false;
	signature = str_from_index(signature, 2);
	return take_der_integer(&signature, &ecdsa.r) && take_der_integer(&signature, &ecdsa.s) &&
	       !signature.len && sign_ecdsa_ok(&ecdsa, message);
}

bool cose_signed(const struct cose_key *key, struct str signature, struct str message)
{
	struct sign_rsa rsa = {.modulus = key->modulus, .exponent = key->exponent, .bits = 256};
	switch (key->algorithm) {
	case COSE_ES256: return es256_signed(key, signature, message);
	case COSE_EDDSA:
		return signature.len == ED25519_SIGNATURE &&
		       sign_ed25519_ok(
			       (const uint8_t *)key->x.at, (const uint8_t *)signature.at, message);
	case COSE_RS256: return sign_rsa_ok(&rsa, signature, message);
	}
	return false;
}
