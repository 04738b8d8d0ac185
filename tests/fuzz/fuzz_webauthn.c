/*
 * A passkey's answers: JSON as the browser sends it; or after a 'c' an attestation object, after a 'g'
 * authenticator data, after a 'k' a key, each by itself.
 */
#include "fuzz/fuzz.h"

#include "model/cose.h"
#include "model/webauthn.h"

static const struct webauthn_ceremony ceremony = {
	{{"example.org", 11}, {"https://example.org", 19}, {"Example", 7}},
	{"0123456789abcdef", 16}, false};

/* What a browser signs for `ceremony` on its page. */
#define ASKED(type)                                                                 \
	"{\"type\":\"webauthn." type "\",\"challenge\":\"MDEyMzQ1Njc4OWFiY2RlZg\"," \
	"\"origin\":\"https://example.org\"}"

static void check_registration(struct ctx *c, const struct webauthn_registration *answer)
{
	struct webauthn_credential out;
	enum err kind = webauthn_register(c, &ceremony, answer, STR("handle"), &out);
	if (kind) {
		ASSERT(kind == ERR_INVALID || kind == ERR_TOO_BIG || kind == ERR_UNSUPPORTED);
		return;
	}
	struct cose_key key;
	struct str rest = out.key;
	ASSERT(out.id.len > 0 && out.id.len <= WEBAUTHN_ID_MAX && str_eq(out.id, answer->id));
	ASSERT(out.key.len <= WEBAUTHN_KEY_MAX);
	ASSERT(cose_key_take(c, &rest, &key) == OK && !rest.len);
	ASSERT(out.backup_eligible || !out.backed_up);
	ASSERT(!cose_signed(&key, STR("0123456789"), STR("message")));
}

/* Nobody can sign what a fuzzer makes up. */
static void check_assertion(struct ctx *c, const struct webauthn_assertion *answer)
{
	static const char key[] = "\xa4\1\1\3\x27\x20\6\x21\x58\x20"
				  "0123456789abcdef0123456789abcdef";
	struct webauthn_credential stored = {
		.id = answer->id, .key = str_from(key, sizeof key - 1)};
	enum err kind = webauthn_assert(c, &ceremony, answer, &stored);
	ASSERT(kind == ERR_INVALID || kind == ERR_UNAUTH || kind == ERR_TOO_BIG ||
		kind == ERR_UNSUPPORTED);
}

static void check_json(struct ctx *c, struct str text)
{
	struct webauthn_registration registration;
	struct webauthn_assertion assertion;
	if (webauthn_registration_read(c, text, &registration) == OK)
		check_registration(c, &registration);
	if (webauthn_assertion_read(c, text, &assertion) == OK)
		check_assertion(c, &assertion);
}

static void fuzz_one(struct ctx *c, struct str input)
{
	struct str bytes = str_from_index(input, 1);
	struct cose_key key;
	if (!input.len)
		return;
	switch (input.at[0]) {
	case 'c':
		check_registration(c, &(struct webauthn_registration){.id = STR("id"),
					      .client_data = STR(ASKED("create")),
					      .attestation = bytes});
		break;
	case 'g':
		check_assertion(c, &(struct webauthn_assertion){.id = STR("id"),
					   .client_data = STR(ASKED("get")),
					   .authenticator_data = bytes,
					   .signature = STR("0123456789abcdef0123456789abcdef"
							    "0123456789abcdef0123456789abcdef")});
		break;
	case 'k':
		if (cose_key_take(c, &bytes, &key) == OK)
			ASSERT(!cose_signed(&key, bytes, STR("message")));
		break;
	default: check_json(c, input); break;
	}
}
