#include "model/webauthn.h"

#include "base/cbor.h"
#include "base/hash.h"
#include "base/hex.h"
#include "base/json.h"
#include "model/cose.h"

enum { SHA256_BYTES = 32, AAGUID = 16 };

/* Of authenticator data (6.1): the flags, and the bytes before what is attested. */
enum {
	USER_PRESENT = 0x01,
	USER_VERIFIED = 0x04,
	BACKUP_ELIGIBLE = 0x08,
	BACKED_UP = 0x10,
	ATTESTED = 0x40,
	EXTENDED = 0x80,
	HEAD = SHA256_BYTES + 1 + 4,
};

struct authenticator_data {
	const char *party_hash;
	unsigned flags;
	uint32_t count;
	struct str aaguid, id, key; /* of what is attested */
};

/* What is the same in both ceremonies. */
struct check {
	const struct webauthn_ceremony *ceremony;
	const char *type;
	enum err refusal; /* of what is sound but proves nothing */
};

struct str webauthn_challenge(struct ctx *c)
{
	char *bytes = arena_raw(c->arena, WEBAUTHN_CHALLENGE);
	c->world->random(bytes, WEBAUTHN_CHALLENGE);
	return str_from(bytes, WEBAUTHN_CHALLENGE);
}

/* As browsers see it: what ends in a number is an address. */
static bool is_address(struct str host)
{
	size_t dot = str_find_last(host, '.');
	struct str last = dot < host.len ? str_from_index(host, dot + 1) : host;
	return host.at[0] == '[' || !last.len || (last.at[0] >= '0' && last.at[0] <= '9');
}

/* Browsers write domains so, whatever was configured. */
static struct str lower(struct arena *a, struct str s)
{
	char *text = str_dup(a, s);
	for (size_t i = 0; i < s.len; i++)
		if (text[i] >= 'A' && text[i] <= 'Z')
			text[i] = (char)(text[i] - 'A' + 'a');
	return str_from(text, s.len);
}

enum err webauthn_party(
	struct ctx *c, struct str origin, struct str name, struct webauthn_party *out)
{
	origin = lower(c->arena, origin);
	struct str host = origin;
	bool tls = str_skip(&host, STR("https://"));
	if (!tls && !str_skip(&host, STR("http://")))
		return fail(
			c, ERR_UNSUPPORTED, "passkeys need an address that begins with https://");
	if (!str_starts(host, STR("[")))
		host = str_until(host, str_find(host, ':'));
	if (!tls && !str_is(host, "localhost") && !str_ends(host, STR(".localhost")))
		return fail(c, ERR_UNSUPPORTED,
			"passkeys need https:// (or http://localhost, on this machine)");
	if (!str_is(host, "localhost") && (!host.len || is_address(host)))
		return fail(c, ERR_UNSUPPORTED,
			"passkeys need a domain name in the address, %.*s is none", STR_FMT(host));
	*out = (struct webauthn_party){.id = host, .origin = origin, .name = name};
	return OK;
}

static bool is_text(const struct json *value)
{
	return value && value->kind == JSON_STRING;
}

static enum err check_client_data(struct ctx *c, const struct check *check, struct str bytes)
{
	struct json *data;
	TRY_WHILE(c, json_parse(c, bytes, &data), "reading what the browser signed");
	const struct json *type = json_get(data, "type"), *cross = json_get(data, "crossOrigin");
	const struct json *challenge = json_get(data, "challenge");
	const struct json *origin = json_get(data, "origin");
	if (!is_text(type) || !is_text(challenge) || !is_text(origin) ||
		(cross && cross->kind != JSON_BOOL))
		return fail(c, ERR_INVALID, "what the browser signed is no client data");
	if (!str_is(type->text, check->type))
		return fail(c, check->refusal, "the passkey's answer is to another question");
	struct str ours = base64url_encode(c->arena, check->ceremony->challenge);
	if (challenge->text.len != ours.len ||
		!bytes_equal_secret(challenge->text.at, ours.at, ours.len))
		return fail(c, check->refusal,
			"the passkey's answer is to an older question: try again");
	if (!str_eq(origin->text, check->ceremony->party.origin))
		return fail(c, check->refusal, "the passkey was used on another site than %.*s",
			STR_FMT(check->ceremony->party.origin));
	if ((cross && cross->boolean) || json_get(data, "topOrigin"))
		return fail(c, check->refusal,
			"the passkey was used inside another site's page: open this one by itself");
	return OK;
}

static enum err no_data(struct ctx *c)
{
	return fail(c, ERR_INVALID, "the authenticator's data is damaged or cut short");
}

/* 6.5.1: the model, the credential's id, and its key, as long as CBOR says it is. */
static enum err take_attested(struct ctx *c, struct str *rest, struct authenticator_data *out)
{
	struct cose_key key;
	if (rest->len < AAGUID + 2)
		return no_data(c);
	size_t len = (size_t)(uint8_t)rest->at[AAGUID] << 8 | (uint8_t)rest->at[AAGUID + 1];
	out->aaguid = str_until(*rest, AAGUID);
	*rest = str_from_index(*rest, AAGUID + 2);
	if (len == 0 || len > WEBAUTHN_ID_MAX || len > rest->len)
		return no_data(c);
	out->id = str_until(*rest, len);
	*rest = str_from_index(*rest, len);
	out->key = *rest;
	TRY(cose_key_take(c, rest, &key));
	out->key.len -= rest->len;
	if (out->key.len > WEBAUTHN_KEY_MAX)
		return fail(c, ERR_TOO_BIG, "the passkey's public key has over %d bytes",
			WEBAUTHN_KEY_MAX);
	return OK;
}

static enum err read_data(struct ctx *c, struct str bytes, struct authenticator_data *out)
{
	if (bytes.len < HEAD)
		return no_data(c);
	*out = (struct authenticator_data){.party_hash = bytes.at,
		.flags = (uint8_t)bytes.at[SHA256_BYTES],
		.count = get_be32(bytes.at + SHA256_BYTES + 1)};
	struct str rest = str_from_index(bytes, HEAD);
	if (out->flags & ATTESTED)
		TRY(take_attested(c, &rest, out));
	if (out->flags & EXTENDED) {
		struct cbor extensions;
		TRY(cbor_take(c, &rest, &extensions));
		if (extensions.kind != CBOR_MAP)
			return no_data(c);
	}
	return rest.len ? no_data(c) : OK;
}

static enum err check_data(
	struct ctx *c, const struct check *check, const struct authenticator_data *data)
{
	uint8_t ours[HASH_MAX];
	struct str id = check->ceremony->party.id;
	hash_once(HASH_SHA256, id.at, id.len, ours);
	if (memcmp(ours, data->party_hash, SHA256_BYTES) != 0)
		return fail(c, check->refusal, "the passkey is not for %.*s", STR_FMT(id));
	if (!(data->flags & USER_PRESENT))
		return fail(c, check->refusal, "nobody touched the passkey's device");
	if (check->ceremony->passkey && !(data->flags & USER_VERIFIED))
		return fail(c, check->refusal,
			"the passkey's device asked for no PIN, finger or face: set one up there");
	if ((data->flags & BACKED_UP) && !(data->flags & BACKUP_ELIGIBLE))
		return no_data(c);
	return OK;
}

/* 6.5.4. The statement must be there, whatever it says. */
static enum err read_attestation(struct ctx *c, struct str bytes, struct authenticator_data *out)
{
	struct cbor object;
	struct cbor_map map;
	TRY(cbor_take(c, &bytes, &object));
	TRY(cbor_map_read(c, &object, &map));
	const struct cbor *data = cbor_by_name(&map, "authData", CBOR_BYTES);
	if (bytes.len || !data || !cbor_by_name(&map, "fmt", CBOR_TEXT) ||
		!cbor_by_name(&map, "attStmt", CBOR_MAP))
		return fail(c, ERR_INVALID, "the passkey's answer is no attestation object");
	return read_data(c, data->text, out);
}

enum err webauthn_register(struct ctx *c, const struct webauthn_ceremony *ceremony,
	const struct webauthn_registration *answer, struct str handle,
	struct webauthn_credential *out)
{
	const struct check check = {ceremony, "webauthn.create", ERR_INVALID};
	struct authenticator_data data;
	TRY(check_client_data(c, &check, answer->client_data));
	TRY(read_attestation(c, answer->attestation, &data));
	TRY(check_data(c, &check, &data));
	if (!(data.flags & ATTESTED))
		return no_data(c);
	if (!str_eq(data.id, answer->id))
		return fail(c, ERR_INVALID, "the passkey's answer names two credentials");
	*out = (struct webauthn_credential){.id = data.id,
		.key = data.key,
		.handle = handle,
		.transports = answer->transports,
		.count = data.count,
		.backup_eligible = (data.flags & BACKUP_ELIGIBLE) != 0,
		.backed_up = (data.flags & BACKED_UP) != 0};
	memcpy(out->aaguid, data.aaguid.at, AAGUID);
	return OK;
}

/* 7.2: who is not known before must be named; who is named must be who the credential is of. */
static enum err check_whose(struct ctx *c, const struct check *check,
	const struct webauthn_assertion *answer, const struct webauthn_credential *credential)
{
	if (!str_eq(answer->id, credential->id))
		return fail(c, ERR_UNAUTH, "the passkey is not the one that was asked for");
	bool named = answer->handle.len > 0;
	if ((check->ceremony->passkey && !named) ||
		(named && !str_eq(answer->handle, credential->handle)))
		return fail(c, ERR_UNAUTH, "the passkey does not say whose it is");
	return OK;
}

static enum err check_signature(struct ctx *c, const struct webauthn_assertion *answer,
	const struct webauthn_credential *credential)
{
	struct cose_key key;
	struct str rest = credential->key;
	uint8_t digest[HASH_MAX];
	struct buf message = {.arena = c->arena};
	if (cose_key_take(c, &rest, &key) || rest.len)
		return fail(c, ERR_DAMAGED, "the passkey's public key is damaged");
	hash_once(HASH_SHA256, answer->client_data.at, answer->client_data.len, digest);
	buf_str(&message, answer->authenticator_data);
	buf_bytes(&message, digest, SHA256_BYTES);
	if (!cose_signed(&key, answer->signature, buf_view(&message)))
		return fail(c, ERR_UNAUTH, "the passkey's signature is wrong");
	return OK;
}

enum err webauthn_assert(struct ctx *c, const struct webauthn_ceremony *ceremony,
	const struct webauthn_assertion *answer, struct webauthn_credential *credential)
{
	const struct check check = {ceremony, "webauthn.get", ERR_UNAUTH};
	struct authenticator_data data;
	TRY(check_whose(c, &check, answer, credential));
	TRY(check_client_data(c, &check, answer->client_data));
	TRY(read_data(c, answer->authenticator_data, &data));
	TRY(check_data(c, &check, &data));
	TRY(check_signature(c, answer, credential));
	if (!(data.flags & BACKUP_ELIGIBLE) == credential->backup_eligible)
		return fail(c, ERR_UNAUTH, "the passkey is of another kind than when it was added");
	if ((data.count || credential->count) && data.count <= credential->count)
		return fail(c, ERR_DENIED,
			"the passkey has counted fewer uses than before, so there may be a copy of "
			"it: sign in another way and remove it");
	credential->count = data.count;
	credential->backed_up = (data.flags & BACKED_UP) != 0;
	return OK;
}
