#include "fuzz/fuzz.h"

#include "model/access_token.h"

/* Of an access token: what it says it may do is within what there is, and is told again alike. */
static void check_claims(struct ctx *c, const struct jwt *jwt)
{
	struct actor who = {0};
	struct scope again;
	if (access_token_read(c, jwt, &who)) {
		ASSERT(c->error.kind == ERR_UNAUTH);
		return;
	}
	ASSERT(who.device_id > 0 && who.limit >= PERMISSION_READ && who.limit <= PERMISSION_ADMIN);
	ASSERT(who.ends == jwt->expires && jwt->id.len > 0);
	if (who.scope) {
		struct str text = scope_text(c->arena, who.scope);
		ASSERT(!who.scope->bytes && scope_parse(c, text, &again) == OK);
		ASSERT(str_eq(scope_text(c->arena, &again), text));
	}
}

/* What is read was signed by nobody that we know; what it says of itself stays within its bounds. */
static void fuzz_one(struct ctx *c, struct str input)
{
	static const uint8_t secret[SIGN_SECRET] = {1};
	struct jwk_secret key;
	struct jwt jwt;
	if (jwt_parse(c, input, &jwt)) {
		ASSERT(c->error.kind == ERR_UNAUTH);
		return;
	}
	ASSERT(input.len <= JWT_MAX && jwt.message.len + 1 < input.len);
	ASSERT(jwt.issuer.len <= JWT_TEXT_MAX && jwt.subject.len <= JWT_TEXT_MAX);
	ASSERT(jwt.expires >= 0 && jwt.not_before >= 0 && jwt.issued >= 0);
	const struct jwt_rules rules = {
		.issuer = jwt.issuer, .audience = STR("git"), .now = jwt.expires, .leeway = 0};
	ASSERT(jwt_check(c, &jwt, &rules) == ERR_UNAUTH);
	check_claims(c, &jwt);
	for (enum jws_alg alg = JWS_EDDSA; alg <= JWS_ES256; alg++) {
		ASSERT(jwk_secret_open(c, alg, str_from(secret, sizeof secret), &key) == OK);
		ASSERT(jwt_verify(c, &jwt, &key.public) == ERR_UNAUTH);
	}
}
