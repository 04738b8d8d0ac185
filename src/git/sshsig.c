#include "git/sshsig.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/hex.h"
#include "base/sign.h"

enum { ARMOR_MAX = 64 << 10, RSA_BITS_MIN = 2048, RSA_BITS_MAX = 16384 };

struct sshsig {
	struct str key, purpose, reserved, hash, signature;
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

static bool ed25519_ok(struct str key, struct str kind, struct str signature, struct str message)
{
	struct str point = {0};
	return str_is(kind, "ssh-ed25519") && take(&key, &point) && !key.len &&
	       point.len == ED25519_KEY && signature.len == ED25519_SIGNATURE &&
	       sign_ed25519_ok((const uint8_t *)point.at, (const uint8_t *)signature.at, message);
}

static bool rsa_ok(struct str key, struct str kind, struct str signature, struct str message)
{
	struct sign_rsa rsa = {.bits = str_is(kind, "rsa-sha2-512") ? 512 : 256};
	/* SHA-1 is not for signatures any more. */
	if (rsa.bits == 256 && !str_is(kind, "rsa-sha2-256"))
		return false;
	if (!take_number(&key, &rsa.exponent) || !take_number(&key, &rsa.modulus) || key.len)
		return false;
	return rsa.modulus.len * 8 >= RSA_BITS_MIN && rsa.modulus.len * 8 <= RSA_BITS_MAX &&
	       rsa.exponent.len <= 8 && sign_rsa_ok(&rsa, signature, message);
}

static void describe(struct ctx *c, struct str type, struct str key, struct sshsig_signer *out)
{
	uint8_t digest[HASH_MAX];
	hash_once(HASH_SHA256, key.at, key.len, digest);
	struct str print = base64_encode(c->arena, str_from(digest, hash_size(HASH_SHA256)));
	while (str_skip_end(&print, STR("=")))
		;
	*out = (struct sshsig_signer){.type = str_copy(c->arena, type),
		.key = base64_encode(c->arena, key),
		.fingerprint = str_of(arena_fmt(c->arena, "SHA256:%.*s", STR_FMT(print)))};
}

enum err sshsig_verify(struct ctx *c, struct str armor, struct str purpose, struct str message,
	struct sshsig_signer *out)
{
	struct sshsig s = {0};
	struct str bytes, content, type, kind, raw;
	TRY(dearmor(c, armor, &bytes));
	TRY(parse(c, bytes, &s));
	if (!str_eq(s.purpose, purpose))
		return fail(c, ERR_INVALID, "the SSH signature was made for something else");
	TRY(signed_bytes(c, &s, message, &content));
	struct str key = s.key;
	if (!take(&key, &type) || !take(&s.signature, &kind) || !take(&s.signature, &raw) ||
		s.signature.len)
		return broken(c);
	bool ok = false;
	if (str_is(type, "ssh-ed25519"))
		ok = ed25519_ok(key, kind, raw, content);
	else if (str_is(type, "ssh-rsa"))
		ok = rsa_ok(key, kind, raw, content);
	else
		return fail(c, ERR_UNSUPPORTED,
			"signatures of %.*s keys cannot be checked here, those of ssh-ed25519 and "
			"ssh-rsa can",
			type.len > 60 ? 60 : (int)type.len, type.at);
	if (!ok)
		return fail(c, ERR_INVALID, "the signature does not match what was signed");
	describe(c, type, s.key, out);
	return OK;
}
