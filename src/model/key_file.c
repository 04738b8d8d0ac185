#include "model/key_file.h"

#include "base/hex.h"

/* What DER has before the key's own bytes: there is one way to write it. */
#define ED25519_SPKI "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"
#define P256_SPKI                                                                          \
	"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d" \
	"\x03\x01\x07\x03\x42\x00"
#define ED25519_PKCS8 "\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"
#define P256_PKCS8                                                                         \
	"\x30\x81\x87\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a" \
	"\x86\x48\xce\x3d\x03\x01\x07\x04\x6d\x30\x6b\x02\x01\x01\x04\x20"
#define SSH_ED25519 "\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20"

/* The bytes between "-----BEGIN LABEL-----" and its end; false where there are none. */
static bool pem(struct ctx *c, struct str text, const char *label, struct str *out)
{
	struct buf digits = {.arena = c->arena};
	const char *begin = arena_fmt(c->arena, "-----BEGIN %s-----", label);
	size_t at = str_find_str(text, str_of(begin));
	if (at == text.len)
		return false;
	text = str_from_index(text, at + strlen(begin));
	text = str_until(text, str_find_str(text, STR("-----END ")));
	for (struct str line; str_line(&text, &line);)
		buf_str(&digits, str_trim(line));
	char *bytes = arena_alloc(c->arena, digits.len / 4 * 3 + 3);
	out->at = bytes;
	return base64_decode(buf_view(&digits), bytes, &out->len);
}

static enum err of_point(struct ctx *c, enum jws_alg alg, struct str point, struct jwk *out)
{
	*out = (struct jwk){.alg = alg, .point = point};
	out->kid = jwk_thumbprint(c->arena, out);
	return OK;
}

static enum err not_taken(struct ctx *c)
{
	return fail(c, ERR_INVALID,
		"this is no public key that is taken here: Ed25519 or P-256 as JWK or PEM "
		"(\"BEGIN PUBLIC KEY\"), or a line that begins with ssh-ed25519");
}

static enum err from_ssh(struct ctx *c, struct str text, struct jwk *out)
{
	struct str rest = text, bytes;
	str_cut(&rest, ' ');
	struct str digits = str_cut(&rest, ' ');
	char *into = arena_alloc(c->arena, digits.len / 4 * 3 + 3);
	bytes.at = into;
	if (!base64_decode(digits, into, &bytes.len) || !str_skip(&bytes, STR(SSH_ED25519)) ||
		bytes.len != ED25519_KEY)
		return not_taken(c);
	return of_point(c, JWS_EDDSA, bytes, out);
}

static enum err from_json(struct ctx *c, struct str text, struct jwk *out)
{
	struct json *object = NULL;
	TRY(json_parse(c, text, &object));
	if (jwk_parse(c, object, out))
		return not_taken(c);
	if (out->alg != JWS_EDDSA && out->alg != JWS_ES256)
		return fail(c, ERR_INVALID, "keys are minted by Ed25519 or P-256, not %s",
			jws_alg_name(out->alg));
	return of_point(c, out->alg, out->point, out);
}

enum err key_file_public(struct ctx *c, struct str text, struct jwk *out)
{
	struct str der;
	text = str_trim(text);
	if (text.len > KEY_FILE_MAX)
		return not_taken(c);
	if (str_starts(text, STR("{")))
		return from_json(c, text, out);
	if (str_starts(text, STR("ssh-ed25519 ")))
		return from_ssh(c, text, out);
	if (!pem(c, text, "PUBLIC KEY", &der))
		return not_taken(c);
	if (str_skip(&der, STR(ED25519_SPKI)) && der.len == ED25519_KEY)
		return of_point(c, JWS_EDDSA, der, out);
	if (str_skip(&der, STR(P256_SPKI)) && der.len == P256_POINT && der.at[0] == 4)
		return of_point(c, JWS_ES256, der, out);
	return not_taken(c);
}

enum err key_file_secret(struct ctx *c, struct str text, struct jwk_secret *out)
{
	struct str der;
	if (text.len <= KEY_FILE_MAX && pem(c, text, "PRIVATE KEY", &der)) {
		if (str_skip(&der, STR(ED25519_PKCS8)))
			return jwk_secret_open(c, JWS_EDDSA, der, out);
		if (str_skip(&der, STR(P256_PKCS8)))
			return jwk_secret_open(c, JWS_ES256, str_until(der, SIGN_SECRET), out);
	}
	return fail(c, ERR_INVALID,
		"this is no private key that is taken here: Ed25519 or P-256 as PEM "
		"(\"BEGIN PRIVATE KEY\"), such as `openssl genpkey -algorithm ed25519` makes");
}
