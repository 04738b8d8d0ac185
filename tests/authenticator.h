/*
 * A browser and an authenticator in software: what navigator.credentials.create() and .get() answer,
 * with a key of OpenSSL's; and how they may lie.
 */
#ifndef TESTS_AUTHENTICATOR_H
#define TESTS_AUTHENTICATOR_H

#include "base/hash.h"
#include "base/hex.h"
#include "base/json.h"
#include "model/cose.h"
#include "model/webauthn.h"

#include "unit.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

enum { UP = 0x01, UV = 0x04, BE = 0x08, BS = 0x10, AT = 0x40, ED = 0x80 };

/* What is not as it should be; zero: the truth. */
struct lies {
	const char *type, *origin, *party;
	const char *members;    /* of the client data: ",\"crossOrigin\":true" */
	struct str challenge;   /* another one */
	unsigned without, with; /* flags */
	struct str after;       /* bytes after the authenticator data */
	size_t cut;             /* bytes that are missing at its end */
	struct str key;         /* another COSE_Key */
	struct str object;      /* another attestation object */
	struct str id;          /* another id beside the one in the data */
	EVP_PKEY *signer;       /* another private key */
};

struct authenticator {
	struct ctx *c;
	EVP_PKEY *key;
	enum cose_algorithm algorithm;
	struct str id, handle;
	uint32_t count;
	unsigned flags; /* UP, UV, BE, BS */
	struct lies lies;
};

static inline void put_head(struct buf *b, unsigned major, size_t number)
{
	if (number < 24) {
		buf_byte(b, (char)(major << 5 | number));
	} else if (number < 256) {
		buf_byte(b, (char)(major << 5 | 24));
		buf_byte(b, (char)number);
	} else {
		buf_byte(b, (char)(major << 5 | 25));
		buf_byte(b, (char)(number >> 8));
		buf_byte(b, (char)number);
	}
}

static inline void put_string(struct buf *b, unsigned major, struct str s)
{
	put_head(b, major, s.len);
	buf_str(b, s);
}

static inline void put_integer(struct buf *b, int number)
{
	put_head(b, number < 0, (size_t)(number < 0 ? -1 - number : number));
}

static inline void put_pair(struct buf *b, int key, struct str bytes)
{
	put_integer(b, key);
	put_string(b, 2, bytes);
}

static inline struct str number_of(struct ctx *c, EVP_PKEY *key, const char *name)
{
	BIGNUM *n = NULL;
	assert_int_equal(EVP_PKEY_get_bn_param(key, name, &n), 1);
	uint8_t *bytes = arena_raw(c->arena, (size_t)BN_num_bytes(n));
	struct str out = str_from(bytes, (size_t)BN_bn2bin(n, bytes));
	BN_free(n);
	return out;
}

static inline void put_public(struct buf *b, struct ctx *c, const struct authenticator *a)
{
	char *bytes = arena_raw(c->arena, 65);
	size_t len = 65;
	if (a->algorithm == COSE_ES256) {
		assert_int_equal(EVP_PKEY_get_octet_string_param(a->key, OSSL_PKEY_PARAM_PUB_KEY,
					 (unsigned char *)bytes, len, &len),
			1);
		put_integer(b, -1), put_integer(b, 1);
		put_pair(b, -2, str_from(bytes + 1, 32));
		put_pair(b, -3, str_from(bytes + 33, 32));
	} else if (a->algorithm == COSE_EDDSA) {
		assert_int_equal(
			EVP_PKEY_get_raw_public_key(a->key, (unsigned char *)bytes, &len), 1);
		put_integer(b, -1), put_integer(b, 6);
		put_pair(b, -2, str_from(bytes, len));
	} else {
		put_pair(b, -1, number_of(c, a->key, OSSL_PKEY_PARAM_RSA_N));
		put_pair(b, -2, number_of(c, a->key, OSSL_PKEY_PARAM_RSA_E));
	}
}

static inline struct str authenticator_key(const struct authenticator *a)
{
	struct buf b = {.arena = a->c->arena};
	if (a->lies.key.len)
		return a->lies.key;
	int kty = a->algorithm == COSE_ES256 ? 2 : a->algorithm == COSE_EDDSA ? 1 : 3;
	put_head(&b, 5, a->algorithm == COSE_ES256 ? 5 : 4);
	put_integer(&b, 1), put_integer(&b, kty);
	put_integer(&b, 3), put_integer(&b, a->algorithm);
	put_public(&b, a->c, a);
	return buf_view(&b);
}

static inline struct authenticator *authenticator_make(
	struct ctx *c, enum cose_algorithm algorithm, const char *handle)
{
	struct authenticator *a = NEW(c->arena, struct authenticator);
	char *id = arena_raw(c->arena, 32);
	c->world->random(id, 32);
	*a = (struct authenticator){.c = c,
		.algorithm = algorithm,
		.id = str_from(id, 32),
		.handle = str_of(handle),
		.count = 1,
		.flags = UP | UV};
	a->key = algorithm == COSE_ES256   ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
		 : algorithm == COSE_EDDSA ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
					   : EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	assert_non_null(a->key);
	return a;
}

static inline void authenticator_done(struct authenticator *a)
{
	EVP_PKEY_free(a->key);
}

static inline struct str client_data(
	const struct authenticator *a, const struct webauthn_ceremony *ceremony, const char *type)
{
	const struct lies *l = &a->lies;
	struct str challenge = l->challenge.len ? l->challenge : ceremony->challenge;
	const char *origin = l->origin ? l->origin : str_dup(a->c->arena, ceremony->party.origin);
	return str_of(arena_fmt(a->c->arena,
		"{\"type\":\"%s\",\"challenge\":\"%.*s\",\"origin\":\"%s\"%s}",
		l->type ? l->type : type, STR_FMT(base64url_encode(a->c->arena, challenge)), origin,
		l->members ? l->members : ",\"crossOrigin\":false"));
}

static inline struct str authenticator_data(
	const struct authenticator *a, const struct webauthn_ceremony *ceremony, bool attested)
{
	const struct lies *l = &a->lies;
	struct buf b = {.arena = a->c->arena};
	struct str party = l->party ? str_of(l->party) : ceremony->party.id;
	uint8_t digest[HASH_MAX];
	hash_once(HASH_SHA256, party.at, party.len, digest);
	buf_bytes(&b, digest, 32);
	buf_byte(&b, (char)(((a->flags | (attested ? AT : 0)) & ~l->without) | l->with));
	buf_be32(&b, a->count);
	if (attested) {
		buf_bytes(&b, "AAGUID of tests!", 16);
		buf_byte(&b, (char)(a->id.len >> 8));
		buf_byte(&b, (char)a->id.len);
		buf_str(&b, a->id);
		buf_str(&b, authenticator_key(a));
	}
	buf_str(&b, l->after);
	return str_until(buf_view(&b), b.len - l->cut);
}

static inline struct str attestation_object(const struct authenticator *a, struct str data)
{
	struct buf b = {.arena = a->c->arena};
	if (a->lies.object.len)
		return a->lies.object;
	put_head(&b, 5, 3);
	put_string(&b, 3, STR("fmt")), put_string(&b, 3, STR("none"));
	put_string(&b, 3, STR("attStmt")), put_head(&b, 5, 0);
	put_string(&b, 3, STR("authData")), put_string(&b, 2, data);
	return buf_view(&b);
}

static inline struct str authenticator_sign(
	const struct authenticator *a, struct str data, struct str client)
{
	uint8_t digest[HASH_MAX];
	struct buf message = {.arena = a->c->arena};
	size_t len = 1024;
	unsigned char *bytes = arena_raw(a->c->arena, len);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	hash_once(HASH_SHA256, client.at, client.len, digest);
	buf_str(&message, data);
	buf_bytes(&message, digest, 32);
	assert_int_equal(
		EVP_DigestSignInit(ctx, NULL, a->algorithm == COSE_EDDSA ? NULL : EVP_sha256(),
			NULL, a->lies.signer ? a->lies.signer : a->key),
		1);
	assert_int_equal(
		EVP_DigestSign(ctx, bytes, &len, (const unsigned char *)message.at, message.len),
		1);
	EVP_MD_CTX_free(ctx);
	return str_from(bytes, len);
}

static inline void put_base64(struct json_writer *w, const char *key, struct str bytes)
{
	json_member_str(w, key, base64url_encode(w->out->arena, bytes));
}

/* Up to the members of "response", which are the caller's. */
static inline void begin_answer(struct json_writer *w, const struct authenticator *a)
{
	struct str id = a->lies.id.len ? a->lies.id : a->id;
	json_begin_object(w);
	put_base64(w, "id", id);
	put_base64(w, "rawId", id);
	json_member_cstr(w, "type", "public-key");
	json_member_cstr(w, "authenticatorAttachment", "platform");
	json_key(w, "response");
	json_begin_object(w);
}

static inline struct str authenticator_create(
	const struct authenticator *a, const struct webauthn_ceremony *ceremony)
{
	struct buf *b = NEW(a->c->arena, struct buf);
	struct json_writer w = {.out = b};
	b->arena = a->c->arena;
	struct str data = authenticator_data(a, ceremony, true);
	begin_answer(&w, a);
	put_base64(&w, "clientDataJSON", client_data(a, ceremony, "webauthn.create"));
	put_base64(&w, "attestationObject", attestation_object(a, data));
	json_key(&w, "transports");
	json_begin_array(&w);
	json_string(&w, STR("usb"));
	json_string(&w, STR("telepathy"));
	json_string(&w, STR("internal"));
	json_end_array(&w);
	json_end_object(&w);
	json_end_object(&w);
	return buf_view(b);
}

/* One more use. */
static inline struct str authenticator_get(
	struct authenticator *a, const struct webauthn_ceremony *ceremony)
{
	struct buf *b = NEW(a->c->arena, struct buf);
	struct json_writer w = {.out = b};
	b->arena = a->c->arena;
	a->count++;
	struct str data = authenticator_data(a, ceremony, false);
	struct str client = client_data(a, ceremony, "webauthn.get");
	begin_answer(&w, a);
	put_base64(&w, "clientDataJSON", client);
	put_base64(&w, "authenticatorData", data);
	put_base64(&w, "signature", authenticator_sign(a, data, client));
	if (a->handle.len)
		put_base64(&w, "userHandle", a->handle);
	else
		json_member_cstr(&w, "userHandle", NULL);
	json_end_object(&w);
	json_end_object(&w);
	return buf_view(b);
}

#endif
