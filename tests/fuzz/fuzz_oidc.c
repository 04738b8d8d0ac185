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
	static const struct oidc_role roles[] = {
		{{"staff", 5}, PERMISSION_READ}, {{"*", 1}, PERMISSION_WRITE}};
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
	ASSERT(who.group_count <= PROVIDER_GROUPS_MAX && who.role == PERMISSION_WRITE);
	ASSERT(!who.email_verified || who.email.len);
}

/* What a provider answers: its description, its tokens, its claims. And what a setting says. */
static void fuzz_one(struct ctx *c, struct str input)
{
	const struct oidc_role *roles;
	size_t count;
	describe(c, input);
	trade(c, input);
	know(c, input);
	(void)oidc_error_of(c, input);
	if (oidc_roles_parse(c, "ROLES", input, &roles, &count))
		ASSERT(c->error.kind == ERR_INVALID);
}
