#include "fuzz/fuzz.h"

#include "driver/oidc_answer.h"
#include "driver/oidc_person.h"

static void check_url(struct str url)
{
	ASSERT(url.len == 0 || oidc_is_url(url));
}

static void describe(struct ctx *c, struct str input)
{
	struct oidc_metadata m;
	if (oidc_metadata_parse(c, STR("https://id.example.org"), input, &m)) {
		ASSERT(c->error.kind == ERR_UNAVAILABLE);
		return;
	}
	ASSERT(m.jwks.len);
	check_url(m.jwks);
	check_url(m.authorization);
	check_url(m.token);
	check_url(m.userinfo);
	check_url(m.end_session);
}

static void trade(struct ctx *c, struct str input)
{
	struct oidc_tokens tokens;
	if (oidc_tokens_parse(c, input, &tokens)) {
		ASSERT(c->error.kind == ERR_UNAVAILABLE);
		return;
	}
	ASSERT(tokens.id_token.len);
	for (size_t i = 0; i < tokens.access_token.len; i++)
		ASSERT(tokens.access_token.at[i] > ' ' && tokens.access_token.at[i] <= '~');
}

static void know(struct ctx *c, struct str input)
{
	static const struct oidc_role roles[] = {{{"staff", 5}, PERMISSION_READ, {"web-*", 5}},
		{{"*", 1}, PERMISSION_WRITE, {"*", 1}}};
	static const struct oidc_mapping mapping = {"preferred_username", "groups", roles, 2};
	struct provider_person who = {0};
	struct json *claims;
	if (json_parse(c, input, &claims))
		return;
	if (oidc_person_read(c, &mapping, claims, NULL, &who)) {
		ASSERT(c->error.kind == ERR_UNAUTH);
		return;
	}
	ASSERT(who.subject.len && who.username.len <= PROVIDER_TEXT_MAX);
	ASSERT(who.group_count <= PROVIDER_GROUPS_MAX);
	ASSERT(who.grant_count >= 1 && who.grant_count <= 2);
	ASSERT(who.session.len <= PROVIDER_TEXT_MAX && who.authenticated >= 0);
	ASSERT(!who.email_verified || who.email.len);
}

/* A logout token's claims, as if its signature and times were right already. */
static void sign_out(struct ctx *c, struct str input)
{
	struct provider_signed_out out;
	struct json *claims;
	struct jwt token = {.issued = 1, .expires = 2};
	if (json_parse(c, input, &claims))
		return;
	token.claims = claims;
	token.subject = json_text(claims, "sub");
	token.id = json_text(claims, "jti");
	if (oidc_signed_out_read(c, &token, &out)) {
		ASSERT(c->error.kind == ERR_UNAUTH);
		return;
	}
	ASSERT(out.id.len && (out.subject.len || out.session.len));
	ASSERT(out.session.len <= PROVIDER_TEXT_MAX);
	ASSERT(json_get(claims, "events") && !json_get(claims, "nonce"));
}

/* What a provider answers: its description, its tokens, its claims; who signed out there. And what a setting says. */
static void fuzz_one(struct ctx *c, struct str input)
{
	const struct oidc_role *roles;
	size_t count;
	describe(c, input);
	trade(c, input);
	know(c, input);
	sign_out(c, input);
	(void)oidc_error_of(c, input);
	if (oidc_roles_parse(c, "ROLES", input, &roles, &count))
		ASSERT(c->error.kind == ERR_INVALID);
}
