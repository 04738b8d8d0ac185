/*
 * A small instance (core_house.h) with two providers, "corp" and "other", that say whatever a test wants.
 */
#ifndef TESTS_SSO_HOUSE_H
#define TESTS_SSO_HOUSE_H

#include "core_house.h"

#include "core/grant.h"
#include "core/identity.h"
#include "core/invitation.h"
#include "core/sso.h"

#define ISSUER "https://id.example.org"
#define BROWSER "browser-browser-browser-browser-browser-bro"

/* What it says next. */
struct fake {
	struct provider provider; /* first */
	struct provider_person person;
	struct provider_signed_out signed_out;
	enum err refuses;
	struct provider_flow flow; /* as it was asked last */
};

static inline struct fake *fake_of(struct provider *p)
{
	return (struct fake *)p;
}

static inline enum err fake_begin(
	struct ctx *c, struct provider *self, const struct provider_flow *flow, struct str *url)
{
	struct fake *f = fake_of(self);
	if (f->refuses)
		return fail(c, f->refuses, "it refuses");
	f->flow = *flow;
	*url = str_of(arena_fmt(c->arena, ISSUER "/auth?state=%.*s", STR_FMT(flow->state)));
	return OK;
}

static inline enum err fake_finish(struct ctx *c, struct provider *self,
	const struct provider_flow *flow, struct str answer, struct provider_person *out)
{
	struct fake *f = fake_of(self);
	(void)answer;
	if (f->refuses)
		return fail(c, f->refuses, "it refuses");
	assert_true(str_eq(flow->nonce, f->flow.nonce));
	assert_true(str_eq(flow->verifier, f->flow.verifier));
	assert_true(str_eq(flow->redirect, f->flow.redirect));
	*out = f->person;
	return OK;
}

static inline enum err fake_bearer(
	struct ctx *c, struct provider *self, struct str token, struct provider_person *out)
{
	struct fake *f = fake_of(self);
	(void)token;
	if (f->refuses)
		return fail(c, f->refuses, "it refuses");
	*out = f->person;
	return OK;
}

static inline enum err fake_logout(
	struct ctx *c, struct provider *self, struct str id_token, struct str back, struct str *url)
{
	struct fake *f = fake_of(self);
	if (f->refuses)
		return fail(c, f->refuses, "it refuses");
	*url = str_of(arena_fmt(
		c->arena, ISSUER "/end?hint=%.*s&back=%.*s", STR_FMT(id_token), STR_FMT(back)));
	return OK;
}

static inline enum err fake_signed_out(
	struct ctx *c, struct provider *self, struct str message, struct provider_signed_out *out)
{
	struct fake *f = fake_of(self);
	(void)message;
	if (f->refuses)
		return fail(c, f->refuses, "it refuses");
	*out = f->signed_out;
	return OK;
}

static inline void fake_close(struct provider *self)
{
	(void)self;
}

static const struct provider_ops fake_ops = {.begin = fake_begin,
	.finish = fake_finish,
	.bearer = fake_bearer,
	.logout = fake_logout,
	.signed_out = fake_signed_out,
	.close = fake_close};

static struct fake corp, other;

static inline void reset(struct fake *f, const char *name, const char *issuer)
{
	*f = (struct fake){
		.provider = {.ops = &fake_ops,
			.name = name,
			.label = "Example Corp",
			.issuer = issuer,
			.signs_in = true,
			.sign_up = PROVIDER_SIGN_UP_GROUPS},
		.person = {.issuer = str_of(issuer),
			.subject = STR("s1"),
			.username = STR("Ada Lovelace"),
			.email = STR("ada@example.org")},
	};
}

static const struct provider_grant reads[] = {{{"*", 1}, PERMISSION_READ}};
static const struct provider_grant writes[] = {
	{{"web-*", 5}, PERMISSION_WRITE}, {{"docs", 4}, PERMISSION_READ}};

static inline void gives(struct fake *f, const struct provider_grant *grants, size_t count)
{
	f->person.grants = grants;
	f->person.grant_count = count;
}

static inline int setup(void **state)
{
	static struct provider *both[] = {&corp.provider, &other.provider};
	house_setup(state);
	reset(&corp, "corp", ISSUER);
	reset(&other, "other", "https://other.example.org");
	core_of(*state)->providers = both;
	core_of(*state)->provider_count = 2;
	return 0;
}

#define SSO_TEST(name) cmocka_unit_test_setup_teardown(name, setup, house_teardown)

static const struct actor nobody = {.limit = PERMISSION_ADMIN};

static inline struct sso_begin wish(enum sso_purpose purpose)
{
	return (struct sso_begin){.provider = STR("corp"),
		.purpose = purpose,
		.browser = STR(BROWSER),
		.redirect = STR("https://git/sign-in/corp/return"),
		.next = STR("/x?y=z"),
		.peer = STR("10.0.0.1")};
}

static inline struct sso_answer answer_of(struct ctx *c)
{
	return (struct sso_answer){.provider = STR("corp"),
		.browser = STR(BROWSER),
		.query = str_of(arena_fmt(c->arena, "code=1&state=%.*s", STR_FMT(corp.flow.state))),
		.peer = STR("10.0.0.1")};
}

/* There and back. */
static inline enum err go(
	struct ctx *c, const struct actor *who, enum sso_purpose purpose, struct sso_end *end)
{
	const struct sso_begin what = wish(purpose);
	struct str url;
	assert_ok(c, sso_begin(c, core_of(c), who, &what, &url));
	assert_true(str_starts(url, STR(ISSUER)));
	const struct sso_answer answer = answer_of(c);
	return sso_finish(c, core_of(c), who, &answer, end);
}

static inline enum err sign_in(struct ctx *c, struct sso_end *end)
{
	return go(c, &nobody, SSO_SIGN_IN, end);
}

static inline struct session session_by(struct ctx *c, const struct sso_end *end)
{
	struct session s;
	const struct session_from from = {STR("10.0.0.1"), STR("Firefox")};
	assert_ok(c, session_begin_by(c, core_of(c), &end->who, &from, &end->by, &s));
	return s;
}

static inline size_t people(struct ctx *c)
{
	struct user *list;
	size_t count;
	assert_ok(c, collaborator_list(c, core_of(c), &house_of(c)->owner, &list, &count));
	return count;
}

static inline struct identity *identities(struct ctx *c, const char *username, size_t *count)
{
	struct identity *list;
	assert_ok(c,
		identity_list(c, core_of(c), &house_of(c)->owner, str_of(username), &list, count));
	return list;
}

static inline struct grant *grants(struct ctx *c, size_t *count)
{
	struct grant *list;
	assert_ok(c, grant_list(c, core_of(c), &house_of(c)->owner, &list, count));
	return list;
}

static inline void says(struct ctx *c, const char *why)
{
	if (!strstr(c->error.text, why))
		fail_msg("\"%s\" does not say \"%s\"", c->error.text, why);
}

#endif
