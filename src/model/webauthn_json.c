/* The options that browsers are given, and the answers that they give (5.1 of the specification). */
#include "base/hex.h"
#include "base/json.h"
#include "model/cose.h"
#include "model/webauthn.h"

enum {
	MINUTES_5 = 300000, /* milliseconds */
	CLIENT_DATA_MAX = 8 << 10,
	AUTHENTICATOR_DATA_MAX = 8 << 10,
	SIGNATURE_MAX = 1024, /* of RSA with 8192 bits */
};

/* What is known of how an authenticator can be reached (5.8.4). */
static const char *const transports[] = {"ble", "hybrid", "internal", "nfc", "smart-card", "usb"};
enum { TRANSPORTS = sizeof transports / sizeof *transports };

static void put_base64url(struct json_writer *w, const char *key, struct str bytes)
{
	json_member_str(w, key, base64url_encode(w->out->arena, bytes));
}

static void put_transports(struct json_writer *w, struct str words)
{
	if (!words.len)
		return;
	json_key(w, "transports");
	json_begin_array(w);
	while (words.len)
		json_string(w, str_cut(&words, ' '));
	json_end_array(w);
}

static void put_credentials(
	struct json_writer *w, const char *key, const struct webauthn_credential *all, size_t count)
{
	json_key(w, key);
	json_begin_array(w);
	for (size_t i = 0; i < count; i++) {
		json_begin_object(w);
		json_member_cstr(w, "type", "public-key");
		put_base64url(w, "id", all[i].id);
		put_transports(w, all[i].transports);
		json_end_object(w);
	}
	json_end_array(w);
}

static void put_algorithms(struct json_writer *w)
{
	static const enum cose_algorithm wanted[] = {COSE_ES256, COSE_EDDSA, COSE_RS256};
	json_key(w, "pubKeyCredParams");
	json_begin_array(w);
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		json_begin_object(w);
		json_member_cstr(w, "type", "public-key");
		json_member_int(w, "alg", wanted[i]);
		json_end_object(w);
	}
	json_end_array(w);
}

void webauthn_creation_options(struct buf *out, const struct webauthn_ceremony *ceremony,
	const struct webauthn_user *user, const struct webauthn_credential *have, size_t count)
{
	struct json_writer w = {.out = out};
	json_begin_object(&w);
	json_key(&w, "rp");
	json_begin_object(&w);
	json_member_str(&w, "id", ceremony->party.id);
	json_member_str(&w, "name", ceremony->party.name);
	json_end_object(&w);
	json_key(&w, "user");
	json_begin_object(&w);
	put_base64url(&w, "id", user->handle);
	json_member_str(&w, "name", user->name);
	json_member_str(&w, "displayName", user->display_name);
	json_end_object(&w);
	put_base64url(&w, "challenge", ceremony->challenge);
	put_algorithms(&w);
	json_member_int(&w, "timeout", MINUTES_5);
	put_credentials(&w, "excludeCredentials", have, count);
	json_key(&w, "authenticatorSelection");
	json_begin_object(&w);
	json_member_cstr(&w, "residentKey", ceremony->passkey ? "required" : "discouraged");
	json_member_bool(&w, "requireResidentKey", ceremony->passkey);
	json_member_cstr(&w, "userVerification", ceremony->passkey ? "required" : "discouraged");
	json_end_object(&w);
	json_member_cstr(&w, "attestation", "none");
	json_end_object(&w);
}

void webauthn_request_options(struct buf *out, const struct webauthn_ceremony *ceremony,
	const struct webauthn_credential *allow, size_t count)
{
	struct json_writer w = {.out = out};
	json_begin_object(&w);
	put_base64url(&w, "challenge", ceremony->challenge);
	json_member_int(&w, "timeout", MINUTES_5);
	json_member_str(&w, "rpId", ceremony->party.id);
	put_credentials(&w, "allowCredentials", allow, count);
	json_member_cstr(&w, "userVerification", ceremony->passkey ? "required" : "discouraged");
	json_end_object(&w);
}

/* A member of up to `max` bytes in base64url, not empty. */
static enum err take_bytes(
	struct ctx *c, const struct json *object, const char *key, size_t max, struct str *out)
{
	const struct json *value = json_get(object, key);
	if (!value || value->kind != JSON_STRING || !value->text.len)
		return fail(c, ERR_INVALID, "the passkey's answer has no \"%s\"", key);
	if (value->text.len > (max * 4 + 2) / 3)
		return fail(c, ERR_TOO_BIG, "the passkey's answer has over %zu bytes of \"%s\"",
			max, key);
	char *bytes = arena_raw(c->arena, value->text.len / 4 * 3 + 3);
	*out = str_from(bytes, 0);
	if (!base64url_decode(value->text, bytes, &out->len))
		return fail(c, ERR_INVALID, "\"%s\" of the passkey's answer is no base64url", key);
	return OK;
}

/* What both answers begin with. */
static enum err take_answer(
	struct ctx *c, struct str text, struct str *id, const struct json **response)
{
	struct json *answer;
	struct str same;
	if (text.len > WEBAUTHN_ANSWER_MAX)
		return fail(c, ERR_TOO_BIG, "the passkey's answer has over %d bytes",
			WEBAUTHN_ANSWER_MAX);
	TRY_WHILE(c, json_parse(c, text, &answer), "reading the passkey's answer");
	const struct json *type = json_get(answer, "type");
	TRY(take_bytes(c, answer, "rawId", WEBAUTHN_ID_MAX, id));
	TRY(take_bytes(c, answer, "id", WEBAUTHN_ID_MAX, &same));
	*response = json_get(answer, "response");
	if (!str_eq(*id, same) || !type || type->kind != JSON_STRING ||
		!str_is(type->text, "public-key") || !*response)
		return fail(c, ERR_INVALID, "the answer is not of a passkey");
	return OK;
}

static bool names(const struct json *array, const char *word)
{
	for (const struct json *each = array->first; each; each = each->next)
		if (each->kind == JSON_STRING && str_is(each->text, word))
			return true;
	return false;
}

/* Of what the browser says those that are known; it only helps it to find the authenticator again. */
static struct str read_transports(struct ctx *c, const struct json *response)
{
	const struct json *array = json_get(response, "transports");
	struct buf words = {.arena = c->arena};
	for (size_t i = 0; array && array->kind == JSON_ARRAY && i < TRANSPORTS; i++) {
		if (names(array, transports[i]))
			buf_fmt(&words, "%s%s", words.len ? " " : "", transports[i]);
	}
	return buf_view(&words);
}

enum err webauthn_registration_read(
	struct ctx *c, struct str json, struct webauthn_registration *out)
{
	const struct json *response;
	*out = (struct webauthn_registration){0};
	TRY(take_answer(c, json, &out->id, &response));
	TRY(take_bytes(c, response, "clientDataJSON", CLIENT_DATA_MAX, &out->client_data));
	TRY(take_bytes(c, response, "attestationObject", WEBAUTHN_ANSWER_MAX, &out->attestation));
	out->transports = read_transports(c, response);
	return OK;
}

enum err webauthn_assertion_read(struct ctx *c, struct str json, struct webauthn_assertion *out)
{
	const struct json *response;
	*out = (struct webauthn_assertion){0};
	TRY(take_answer(c, json, &out->id, &response));
	TRY(take_bytes(c, response, "clientDataJSON", CLIENT_DATA_MAX, &out->client_data));
	TRY(take_bytes(c, response, "authenticatorData", AUTHENTICATOR_DATA_MAX,
		&out->authenticator_data));
	TRY(take_bytes(c, response, "signature", SIGNATURE_MAX, &out->signature));
	const struct json *handle = json_get(response, "userHandle");
	if (handle && handle->kind != JSON_NULL)
		TRY(take_bytes(c, response, "userHandle", WEBAUTHN_HANDLE_MAX, &out->handle));
	return OK;
}
