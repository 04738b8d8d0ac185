/*
 * Passkeys and security keys: the relying party of Web Authentication (W3C, Level 3).
 *
 * A ceremony is: a challenge is made and kept; a page gives the options to
 * navigator.credentials.create() or .get() (by PublicKeyCredential.parse…FromJSON), and sends back
 * what toJSON() makes of the answer; that is read, then verified against the same ceremony, once.
 *
 * Attestation is asked for as "none", and no statement of it is evaluated: whoever made the
 * authenticator is not asked, and its AAGUID is hearsay. Extensions are passed over.
 *
 * ERR_INVALID: the bytes are no answer. ERR_UNAUTH: it is one, but proves nothing here and now (of
 * a registration ERR_INVALID too). All texts and bytes are views, or in c->arena. Any thread.
 */
#ifndef MODEL_WEBAUTHN_H
#define MODEL_WEBAUTHN_H

#include "base/buf.h"
#include "base/ctx.h"

enum {
	WEBAUTHN_ANSWER_MAX = 64 << 10, /* bytes of an answer's JSON */
	WEBAUTHN_CHALLENGE = 32,
	WEBAUTHN_ID_MAX = 1023,
	WEBAUTHN_HANDLE_MAX = 64,
	WEBAUTHN_KEY_MAX = 2048,
};

/* Who asks. */
struct webauthn_party {
	struct str id;     /* the domain whose passkeys these are: "git.example.org" */
	struct str origin; /* of our pages: "https://git.example.org", no slash at the end */
	struct str name;   /* of the instance, for people */
};

/* The party that pages of `origin` may be. ERR_UNSUPPORTED where browsers have no passkeys: without
 * TLS (but for localhost), or with an IP address for a name. */
enum err webauthn_party(
	struct ctx *c, struct str origin, struct str name, struct webauthn_party *out) MUST;

struct webauthn_ceremony {
	struct webauthn_party party;
	struct str challenge; /* of webauthn_challenge, kept since the options went out */
	/*
	 * With it, a passkey: the only proof that is asked for. It knows whose it is, and that they
	 * are there, by their PIN or finger. Without it, a second factor after a password: a touch.
	 */
	bool passkey;
};

/* WEBAUTHN_CHALLENGE random bytes, in c->arena. */
struct str webauthn_challenge(struct ctx *c);

/* Whose passkey it will be. The handle is random and means nothing; of one person always the same. */
struct webauthn_user {
	struct str handle; /* up to WEBAUTHN_HANDLE_MAX bytes */
	struct str name, display_name;
};

/* What is stored of a passkey or security key. */
struct webauthn_credential {
	struct str id;         /* 1..WEBAUTHN_ID_MAX bytes, unique in the instance */
	struct str key;        /* COSE_Key, up to WEBAUTHN_KEY_MAX bytes */
	struct str handle;     /* of its user */
	struct str transports; /* how to reach it: "hybrid internal"; may be empty */
	uint8_t aaguid[16];    /* the model of the authenticator, as it says */
	uint32_t count;        /* of signatures; 0: it does not count */
	bool backup_eligible;  /* it may be copied to other devices of its user: never changes */
	bool backed_up;        /* it is */
};

/* Writes the JSON of PublicKeyCredentialCreationOptionsJSON. `have`: what the user has already. */
void webauthn_creation_options(struct buf *out, const struct webauthn_ceremony *ceremony,
	const struct webauthn_user *user, const struct webauthn_credential *have, size_t count);

/* Writes the JSON of PublicKeyCredentialRequestOptionsJSON. `allow`: the user's, where it is known
 * who that is; else none, and any passkey will do. */
void webauthn_request_options(struct buf *out, const struct webauthn_ceremony *ceremony,
	const struct webauthn_credential *allow, size_t count);

/* What create() and get() answered. */
struct webauthn_registration {
	struct str id, client_data, attestation, transports;
};

struct webauthn_assertion {
	struct str id;     /* by which the credential is looked up */
	struct str handle; /* of the user; may be empty */
	struct str client_data, authenticator_data, signature;
};

/* ERR_TOO_BIG over WEBAUTHN_ANSWER_MAX. */
enum err webauthn_registration_read(
	struct ctx *c, struct str json, struct webauthn_registration *out) MUST;
enum err webauthn_assertion_read(struct ctx *c, struct str json, struct webauthn_assertion *out)
	MUST;

/*
 * A new credential for the user of that handle: to be stored unless its id is known already.
 * ERR_UNSUPPORTED: a key of an algorithm that was not asked for.
 */
enum err webauthn_register(struct ctx *c, const struct webauthn_ceremony *ceremony,
	const struct webauthn_registration *answer, struct str handle,
	struct webauthn_credential *out) MUST;

/*
 * Is it of `credential`, the stored one of that id? When it is, its count and backed_up change, to be
 * stored. ERR_DENIED: the signature is good, but its count went back: there may be a copy of the
 * key. ERR_DAMAGED where what is stored is no key.
 */
enum err webauthn_assert(struct ctx *c, const struct webauthn_ceremony *ceremony,
	const struct webauthn_assertion *answer, struct webauthn_credential *credential) MUST;

#endif
