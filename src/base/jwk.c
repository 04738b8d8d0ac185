#include "base/jwk.h"

#include "base/hash.h"
#include "base/hex.h"
#include "base/vec.h"

/* bits: of the curve, or of the hash. */
static const struct alg {
	const char *name, *kty, *crv;
	int bits;
} algs[JWS_ALGS] = {
	[JWS_EDDSA] = {"EdDSA", "OKP", "Ed25519", 256},
	[JWS_ES256] = {"ES256", "EC", "P-256", 256},
	[JWS_ES384] = {"ES384", "EC", "P-384", 384},
	[JWS_ES512] = {"ES512", "EC", "P-521", 521},
	[JWS_RS256] = {"RS256", "RSA", "", 256},
	[JWS_RS512] = {"RS512", "RSA", "", 512},
	[JWS_PS256] = {"PS256", "RSA", "", 256},
};

static size_t number_bytes(enum jws_alg alg)
{
	return ((size_t)algs[alg].bits + 7) / 8;
}

const char *jws_alg_name(enum jws_alg alg)
{
	return algs[alg].name;
}

bool jws_alg_parse(struct str name, enum jws_alg *out)
{
	for (enum jws_alg alg = 0; alg < JWS_ALGS; alg++)
		if (str_is(name, algs[alg].name)) {
			*out = alg;
			return true;
		}
	return false;
}

static enum err read_bytes(
	struct ctx *c, const struct json *object, const char *name, struct str *out)
{
	struct str text = json_text(object, name);
	char *bytes = arena_raw(c->arena, text.len / 4 * 3 + 2);
	if (!text.len || !base64url_decode(text, bytes, &out->len))
		return fail(c, ERR_INVALID, "the key's \"%s\" is no base64url", name);
	out->at = bytes;
	return OK;
}

static enum err check_use(struct ctx *c, const struct json *object)
{
	const struct json *use = json_get(object, "use"), *ops = json_get(object, "key_ops");
	if (json_get(object, "d"))
		return fail(c, ERR_INVALID, "the key is a private one");
	if (use && !str_is(json_text(object, "use"), "sig"))
		return fail(c, ERR_UNSUPPORTED, "the key is not for signatures");
	if (ops && !json_has_text(ops, "verify"))
		return fail(c, ERR_UNSUPPORTED, "the key is not for verifying");
	return OK;
}

/* What the key's kind, curve and own word make of it. */
static enum err read_alg(struct ctx *c, const struct json *object, enum jws_alg *out)
{
	struct str kty = json_text(object, "kty"), crv = json_text(object, "crv");
	struct str alg = json_text(object, "alg");
	bool said = json_get(object, "alg") != NULL;
	for (enum jws_alg i = 0; i < JWS_ALGS; i++) {
		bool same = str_is(kty, algs[i].kty) && (!*algs[i].crv || str_is(crv, algs[i].crv));
		if (same && (!said || str_is(alg, algs[i].name))) {
			*out = i;
			return OK;
		}
	}
	return fail(c, ERR_UNSUPPORTED,
		"the key is of an unknown kind: \"%.*s\", \"%.*s\", \"%.*s\"",
		STR_FMT(str_until(kty, 40)), STR_FMT(str_until(crv, 40)),
		STR_FMT(str_until(alg, 40)));
}

static enum err read_point(struct ctx *c, const struct json *object, struct jwk *out)
{
	struct str x, y;
	size_t bytes = number_bytes(out->alg);
	TRY(read_bytes(c, object, "x", &x));
	if (out->alg == JWS_EDDSA) {
		out->point = x;
		return x.len == ED25519_KEY ? OK
					    : fail(c, ERR_INVALID, "the key's \"x\" is too %s",
						      x.len < ED25519_KEY ? "short" : "long");
	}
	TRY(read_bytes(c, object, "y", &y));
	if (x.len != bytes || y.len != bytes)
		return fail(c, ERR_INVALID, "the key's numbers are not of its curve's length");
	char *point = arena_raw(c->arena, 1 + 2 * bytes);
	point[0] = 4;
	memcpy(point + 1, x.at, bytes);
	memcpy(point + 1 + bytes, y.at, bytes);
	out->point = str_from(point, 1 + 2 * bytes);
	return OK;
}

static enum err read_rsa(struct ctx *c, const struct json *object, struct jwk *out)
{
	TRY(read_bytes(c, object, "n", &out->modulus));
	TRY(read_bytes(c, object, "e", &out->exponent));
	struct str n = out->modulus, e = out->exponent;
	if (n.at[0] == 0 || e.at[0] == 0 || e.len > 4 || !(e.at[e.len - 1] & 1) ||
		!(n.at[n.len - 1] & 1) || str_is(e, "\1"))
		return fail(c, ERR_INVALID, "the key's numbers are none of RSA");
	size_t bits = n.len * 8;
	for (uint8_t top = (uint8_t)n.at[0]; !(top & 0x80); top = (uint8_t)(top << 1))
		bits--;
	if (bits < JWK_RSA_MIN || bits > JWK_RSA_MAX)
		return fail(c, ERR_UNSUPPORTED, "an RSA key of %zu bits: %d to %d are accepted",
			bits, JWK_RSA_MIN, JWK_RSA_MAX);
	return OK;
}

enum err jwk_parse(struct ctx *c, const struct json *object, struct jwk *out)
{
	*out = (struct jwk){0};
	if (object->kind != JSON_OBJECT)
		return fail(c, ERR_INVALID, "a key is an object");
	TRY(check_use(c, object));
	TRY(read_alg(c, object, &out->alg));
	out->kid = json_text(object, "kid");
	if ((json_get(object, "kid") && !out->kid.len) || out->kid.len > JWK_ID_MAX)
		return fail(c, ERR_INVALID, "the key's \"kid\" is no text of 1 to %d bytes",
			JWK_ID_MAX);
	return str_is(str_of(algs[out->alg].kty), "RSA") ? read_rsa(c, object, out)
							 : read_point(c, object, out);
}

enum err jwks_parse(struct ctx *c, struct str text, struct jwks *out)
{
	struct json *root = NULL;
	VEC_OF(struct jwk) keys = {.arena = c->arena};
	*out = (struct jwks){0};
	if (text.len > JWKS_TEXT_MAX)
		return fail(c, ERR_TOO_BIG, "the keys take %zu bytes: at most %d are accepted",
			text.len, JWKS_TEXT_MAX);
	TRY_WHILE(c, json_parse(c, text, &root), "reading a set of keys");
	const struct json *list = json_get(root, "keys");
	if (!list || list->kind != JSON_ARRAY)
		return fail(c, ERR_INVALID, "a set of keys needs an array \"keys\"");
	size_t seen = 0;
	for (const struct json *one = list->first; one && seen < JWKS_MAX;
		one = one->next, seen++) {
		struct jwk key;
		if (jwk_parse(c, one, &key))
			ctx_clear(c);
		else
			*vec_push(&keys) = key;
	}
	*out = (struct jwks){keys.at, keys.len};
	return OK;
}

const struct jwk *jwks_find(const struct jwks *keys, struct str kid, enum jws_alg alg)
{
	const struct jwk *found = NULL;
	for (size_t i = 0; i < keys->count; i++) {
		const struct jwk *key = &keys->at[i];
		if (key->alg != alg || (kid.len && !str_eq(key->kid, kid)))
			continue;
		if (found)
			return NULL;
		found = key;
	}
	return found;
}

static void print_bytes(struct json_writer *w, const char *name, struct str bytes)
{
	json_member_str(w, name, base64url_encode(w->out->arena, bytes));
}

/* What makes the key what it is, sorted by name as its thumbprint wants it. */
static void print_key(struct json_writer *w, const struct jwk *key)
{
	const struct alg *alg = &algs[key->alg];
	size_t bytes = number_bytes(key->alg);
	if (*alg->crv)
		json_member_cstr(w, "crv", alg->crv);
	else
		print_bytes(w, "e", key->exponent);
	json_member_cstr(w, "kty", alg->kty);
	if (!*alg->crv) {
		print_bytes(w, "n", key->modulus);
	} else if (key->alg == JWS_EDDSA) {
		print_bytes(w, "x", key->point);
	} else {
		print_bytes(w, "x", str_from(key->point.at + 1, bytes));
		print_bytes(w, "y", str_from(key->point.at + 1 + bytes, bytes));
	}
}

void jwk_print(struct json_writer *w, const struct jwk *key)
{
	json_begin_object(w);
	print_key(w, key);
	json_member_cstr(w, "alg", jws_alg_name(key->alg));
	if (key->kid.len)
		json_member_str(w, "kid", key->kid);
	json_member_cstr(w, "use", "sig");
	json_end_object(w);
}

void jwks_print(struct json_writer *w, const struct jwks *keys)
{
	json_begin_object(w);
	json_key(w, "keys");
	json_begin_array(w);
	for (size_t i = 0; i < keys->count; i++)
		jwk_print(w, &keys->at[i]);
	json_end_array(w);
	json_end_object(w);
}

struct str jwk_thumbprint(struct arena *a, const struct jwk *key)
{
	struct buf text = {.arena = a};
	struct json_writer w = {.out = &text};
	uint8_t digest[HASH_MAX];
	json_begin_object(&w);
	print_key(&w, key);
	json_end_object(&w);
	hash_once(HASH_SHA256, text.at, text.len, digest);
	return base64url_encode(a, str_from(digest, sizeof digest));
}

static bool verify_ecdsa(const struct jwk *key, struct str message, struct str signature)
{
	size_t bytes = number_bytes(key->alg);
	const struct sign_ecdsa ecdsa = {.bits = algs[key->alg].bits,
		.point = key->point,
		.r = str_until(signature, bytes),
		.s = str_from_index(signature, bytes)};
	return signature.len == 2 * bytes && sign_ecdsa_ok(&ecdsa, message);
}

static bool verify_rsa(const struct jwk *key, struct str message, struct str signature)
{
	const struct sign_rsa rsa = {.modulus = key->modulus,
		.exponent = key->exponent,
		.bits = algs[key->alg].bits,
		.pss = key->alg == JWS_PS256};
	return signature.len == key->modulus.len && sign_rsa_ok(&rsa, signature, message);
}

bool jwk_verify(const struct jwk *key, struct str message, struct str signature)
{
	if (key->modulus.len)
		return verify_rsa(key, message, signature);
	if (key->alg != JWS_EDDSA)
		return verify_ecdsa(key, message, signature);
	return signature.len == ED25519_SIGNATURE &&
	       sign_ed25519_ok(
		       (const uint8_t *)key->point.at, (const uint8_t *)signature.at, message);
}

static bool find_public(struct arena *a, enum jws_alg alg, struct jwk_secret *key)
{
	uint8_t point[P256_POINT];
	ASSERT(alg == JWS_EDDSA || alg == JWS_ES256);
	if (alg == JWS_EDDSA)
		sign_ed25519_public(key->bytes, point);
	else if (!sign_p256_public(key->bytes, point))
		return false;
	key->public = (struct jwk){.alg = alg,
		.point = str_copy(a, str_from(point, alg == JWS_EDDSA ? ED25519_KEY : P256_POINT))};
	key->public.kid = jwk_thumbprint(a, &key->public);
	return true;
}

void jwk_make(struct ctx *c, enum jws_alg alg, struct jwk_secret *out)
{
	do
		c->world->random(out->bytes, sizeof out->bytes);
	while (!find_public(c->arena, alg, out));
}

enum err jwk_secret_open(struct ctx *c, enum jws_alg alg, struct str bytes, struct jwk_secret *out)
{
	if (bytes.len == sizeof out->bytes) {
		memcpy(out->bytes, bytes.at, bytes.len);
		if (find_public(c->arena, alg, out))
			return OK;
	}
	return fail(c, ERR_INVALID, "this is no secret key for %s", jws_alg_name(alg));
}

struct str jwk_sign(struct arena *a, const struct jwk_secret *key, struct str message)
{
	uint8_t *signature = arena_raw(a, ED25519_SIGNATURE);
	_Static_assert(ED25519_SIGNATURE == P256_SIGNATURE, "one length");
	if (key->public.alg == JWS_EDDSA)
		sign_ed25519_make(key->bytes, message, signature);
	else
		sign_p256_make(key->bytes, message, signature);
	return str_from(signature, ED25519_SIGNATURE);
}
