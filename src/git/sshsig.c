#include "git/sshsig.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/hex.h"
#include "base/sign.h"

enum { ARMOR_MAX = 64 << 10, RSA_BITS_MIN = 2048, RSA_BITS_MAX = 16384 };

/* Of what a FIDO key signs: two hashes, and between them what it says of the moment. */
enum { SHA256_BYTES = 32, FIDO_SAID = 1 + 4, FIDO_TOUCHED = 1 };
enum { FIDO_BYTES = SHA256_BYTES + FIDO_SAID + SHA256_BYTES };

struct sshsig {
	struct str key, purpose, reserved, hash, signature;
};

/* One signature to be checked: its key, and itself, without what says of which kind they are. */
struct proof {
	const struct key_type *type;
	struct str key, kind, signature, message;
	struct str said; /* by a FIDO key: its flags and its counter */
	uint8_t fido[FIDO_BYTES];
};

struct key_type {
	const char *name;
	bool (*verify)(struct proof *p);
	const char *curve;
	int bits;
	bool fido;
};

static enum err broken(struct ctx *c)
{
	return fail(c, ERR_INVALID, "the signature is no SSH signature");
}

/* A string of the SSH protocol: its length, then its bytes. */
static bool take(struct str *rest, struct str *out)
{
	if (rest->len < 4 || get_be32(rest->at) > rest->len - 4)
		return false;
	*out = str_from(rest->at + 4, get_be32(rest->at));
	*rest = str_from_index(*rest, 4 + out->len);
	return true;
}

/* A positive number, without the zero that keeps it positive. */
static bool take_number(struct str *rest, struct str *out)
{
	if (!take(rest, out))
		return false;
	while (out->len && *out->at == 0)
		*out = str_from_index(*out, 1);
	return out->len > 0;
}

static void put(struct buf *to, struct str s)
{
	buf_be32(to, (uint32_t)s.len);
	buf_str(to, s);
}

static enum err dearmor(struct ctx *c, struct str armor, struct str *out)
{
	struct buf text = {.arena = c->arena};
	struct str line = {0};
	if (armor.len > ARMOR_MAX || !str_line(&armor, &line) || !str_is(line, SSHSIG_BEGIN))
		return broken(c);
	while (str_line(&armor, &line) && !str_starts(line, STR("-----")))
		buf_str(&text, line);
	if (!str_is(line, "-----END SSH SIGNATURE-----") || str_trim(armor).len)
		return broken(c);
	char *bytes = arena_raw(c->arena, text.len / 4 * 3 + 3);
	size_t len = 0;
	if (!base64_decode(buf_view(&text), bytes, &len))
		return broken(c);
	*out = str_from(bytes, len);
	return OK;
}

static enum err parse(struct ctx *c, struct str bytes, struct sshsig *out)
{
	if (!str_skip(&bytes, STR("SSHSIG")) || bytes.len < 4)
		return broken(c);
	if (get_be32(bytes.at) != 1)
		return fail(
			c, ERR_UNSUPPORTED, "the SSH signature has version %u", get_be32(bytes.at));
	bytes = str_from_index(bytes, 4);
	if (!take(&bytes, &out->key) || !take(&bytes, &out->purpose) ||
		!take(&bytes, &out->reserved) || !take(&bytes, &out->hash) ||
		!take(&bytes, &out->signature) || bytes.len)
		return broken(c);
	return OK;
}

/* What the key has signed: not the message but its hash, with what it is for. */
static enum err signed_bytes(
	struct ctx *c, const struct sshsig *s, struct str message, struct str *out)
{
	uint8_t digest[SHA512_BYTES];
	struct buf all = {.arena = c->arena};
	size_t len = hash_size(HASH_SHA256);
	if (str_is(s->hash, "sha512")) {
		sign_sha512(message, digest);
		len = SHA512_BYTES;
	} else if (str_is(s->hash, "sha256")) {
		hash_once(HASH_SHA256, message.at, message.len, digest);
	} else {
		return fail(c, ERR_UNSUPPORTED, "the SSH signature's hash is not known");
	}
	buf_cstr(&all, "SSHSIG");
	put(&all, s->purpose);
	put(&all, s->reserved);
	put(&all, s->hash);
	put(&all, str_from(digest, len));
	*out = buf_view(&all);
	return OK;
}

/* The last part of a key, but for the application of a FIDO key. Then what it signs is known too. */
static bool take_point(struct proof *p, struct str *point)
{
	struct str application = {0};
	if (!take(&p->key, point) || (p->type->fido && !take(&p->key, &application)) || p->key.len)
		return false;
	if (p->type->fido) {
		uint8_t *to = p->fido;
		hash_once(HASH_SHA256, application.at, application.len, to);
		memcpy(to + SHA256_BYTES, p->said.at, FIDO_SAID);
		hash_once(
			HASH_SHA256, p->message.at, p->message.len, to + SHA256_BYTES + FIDO_SAID);
		p->message = str_from(to, FIDO_BYTES);
	}
	return true;
}

static bool verify_ed25519(struct proof *p)
{
	struct str point = {0};
	return str_is(p->kind, p->type->name) && take_point(p, &point) &&
	       point.len == ED25519_KEY && p->signature.len == ED25519_SIGNATURE &&
	       sign_ed25519_ok(
		       (const uint8_t *)point.at, (const uint8_t *)p->signature.at, p->message);
}

/* RFC 5656, 3.1: the curve is named twice, and the signature is two numbers. */
static bool verify_ecdsa(struct proof *p)
{
	struct sign_ecdsa ecdsa = {.bits = p->type->bits};
	struct str curve = {0};
	return str_is(p->kind, p->type->name) && take(&p->key, &curve) &&
	       str_is(curve, p->type->curve) && take_point(p, &ecdsa.point) &&
	       take_number(&p->signature, &ecdsa.r) && take_number(&p->signature, &ecdsa.s) &&
	       !p->signature.len && sign_ecdsa_ok(&ecdsa, p->message);
}

static bool verify_rsa(struct proof *p)
{
	struct sign_rsa rsa = {.bits = str_is(p->kind, "rsa-sha2-512") ? 512 : 256};
	/* SHA-1 is not for signatures any more. */
	if (rsa.bits == 256 && !str_is(p->kind, "rsa-sha2-256"))
		return false;
	if (!take_number(&p->key, &rsa.exponent) || !take_number(&p->key, &rsa.modulus) ||
		p->key.len)
		return false;
	return rsa.modulus.len * 8 >= RSA_BITS_MIN && rsa.modulus.len * 8 <= RSA_BITS_MAX &&
	       rsa.exponent.len <= 8 && sign_rsa_ok(&rsa, p->signature, p->message);
}

static const struct key_type key_types[] = {
	{.name = "ssh-ed25519", .verify = verify_ed25519},
	{.name = "ssh-rsa", .verify = verify_rsa},
	{.name = "ecdsa-sha2-nistp256", .verify = verify_ecdsa, .curve = "nistp256", .bits = 256},
	{.name = "ecdsa-sha2-nistp384", .verify = verify_ecdsa, .curve = "nistp384", .bits = 384},
	{.name = "ecdsa-sha2-nistp521", .verify = verify_ecdsa, .curve = "nistp521", .bits = 521},
	{.name = "sk-ssh-ed25519@openssh.com", .verify = verify_ed25519, .fido = true},
	{.name = "sk-ecdsa-sha2-nistp256@openssh.com",
		.verify = verify_ecdsa,
		.curve = "nistp256",
		.bits = 256,
		.fido = true},
};

static enum err find_type(struct ctx *c, struct str name, const struct key_type **out)
{
	for (size_t i = 0; i < sizeof key_types / sizeof *key_types; i++) {
		*out = &key_types[i];
		if (str_is(name, key_types[i].name))
			return OK;
	}
	return fail(c, ERR_UNSUPPORTED,
		"signatures of %.*s keys cannot be checked here, those of Ed25519, ECDSA and RSA "
		"keys can",
		name.len > 60 ? 60 : (int)name.len, name.at);
}

/* PROTOCOL.u2f: like sshd, only what somebody touched the key for. */
static enum err take_fido(struct ctx *c, struct str *signature, struct proof *p)
{
	if (signature->len != FIDO_SAID)
		return broken(c);
	p->said = *signature;
	*signature = (struct str){0};
	if (!(p->said.at[0] & FIDO_TOUCHED))
		return fail(c, ERR_INVALID, "the security key was not touched for the signature");
	return OK;
}

static enum err verify(struct ctx *c, const struct sshsig *s, struct proof *p)
{
	struct str type, signature = s->signature;
	p->key = s->key;
	if (!take(&p->key, &type) || !take(&signature, &p->kind) ||
		!take(&signature, &p->signature))
		return broken(c);
	TRY(find_type(c, type, &p->type));
	if (p->type->fido)
		TRY(take_fido(c, &signature, p));
	if (signature.len)
		return broken(c);
	if (!p->type->verify(p))
		return fail(c, ERR_INVALID, "the signature does not match what was signed");
	return OK;
}

static void describe(struct ctx *c, const char *type, struct str key, struct sshsig_signer *out)
{
	uint8_t digest[HASH_MAX];
	hash_once(HASH_SHA256, key.at, key.len, digest);
	struct str print = base64_encode(c->arena, str_from(digest, hash_size(HASH_SHA256)));
	while (str_skip_end(&print, STR("=")))
		;
	*out = (struct sshsig_signer){.type = str_of(type),
		.key = base64_encode(c->arena, key),
		.fingerprint = str_of(arena_fmt(c->arena, "SHA256:%.*s", STR_FMT(print)))};
}

enum err sshsig_verify(struct ctx *c, struct str armor, struct str purpose, struct str message,
	struct sshsig_signer *out)
{
	struct sshsig s = {0};
	struct proof proof = {0};
	struct str bytes;
	TRY(dearmor(c, armor, &bytes));
	TRY(parse(c, bytes, &s));
	if (!str_eq(s.purpose, purpose))
		return fail(c, ERR_INVALID, "the SSH signature was made for something else");
	TRY(signed_bytes(c, &s, message, &proof.message));
	TRY(verify(c, &s, &proof));
	describe(c, proof.type->name, s.key, out);
	return OK;
}
