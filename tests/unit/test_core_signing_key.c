#include "core/signing_key.h"

#include "core_house.h"
#include "model/minted.h"
#include "model/token.h"

/* A person's key, registered; and what it mints. */
struct mint {
	struct jwk_secret secret;
	struct signing_key row;
	struct minted_wish wish;
};

static struct str public_text(struct ctx *c, const struct jwk *key)
{
	struct buf text = {.arena = c->arena};
	struct json_writer w = {.out = &text};
	jwk_print(&w, key);
	return buf_view(&text);
}

static struct mint mint_of(struct ctx *c, const struct actor *who, enum jws_alg alg)
{
	struct mint m = {.wish = {.username = who->username,
				 .instance = str_of(core_of(c)->instance),
				 .id = STR("one"),
				 .limit = PERMISSION_WRITE,
				 .now = house_clock() / 1000000,
				 .seconds = 3600}};
	jwk_make(c, alg, &m.secret);
	assert_ok(c, signing_key_add(c, core_of(c), who, STR("mine"),
			     public_text(c, &m.secret.public), &m.row));
	return m;
}

static enum err sign_in(struct ctx *c, struct str secret, struct actor *who)
{
	struct credential cred = {CREDENTIAL_TOKEN, {0}, secret};
	return login_credential(c, core_of(c), &cred, STR(""), who);
}

static enum err come(struct ctx *c, const struct mint *m, struct actor *who)
{
	struct str secret;
	assert_ok(c, minted_make(c, &m->secret, &m->wish, &secret));
	assert_true(secret_is_key(secret));
	return sign_in(c, secret, who);
}

static enum err reads(struct ctx *c, const struct actor *who)
{
	struct repo repo;
	return repo_get(c, core_of(c), who, STR("r"), &repo, NULL);
}

static void what_a_registered_key_mints_is_its_owner_within_its_limits(void **state)
{
	struct ctx *c = *state;
	static const enum jws_alg algs[] = {JWS_EDDSA, JWS_ES256};
	struct repo_new new = {.name = STR("x")};
	struct repo repo;
	house_repo(c, "r", VISIBILITY_PRIVATE);
	for (size_t i = 0; i < 2; i++) {
		struct actor by;
		struct mint m = mint_of(c, &house_of(c)->owner, algs[i]);
		assert_ok(c, scope_parse(c, STR("{\"repositories\":[\"r\"]}"), &m.wish.scope));
		assert_ok(c, come(c, &m, &by));
		assert_true(by.owner);
		assert_int_equal(by.limit, PERMISSION_WRITE);
		assert_ok(c, reads(c, &by));
		assert_err(c, repo_create(c, core_of(c), &by, &new, &repo), ERR_DENIED);
		assert_err(
			c, repo_get(c, core_of(c), &by, STR("other"), &repo, NULL), ERR_NOT_FOUND);
	}
}

static void only_what_is_right_in_all_is_let_in(void **state)
{
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna"), by;
	struct mint m = mint_of(c, &anna, JWS_EDDSA);
	const struct mint good = m;
	assert_ok(c, come(c, &m, &by));
	m.wish.username = STR("owner"); /* who never registered it */
	assert_err(c, come(c, &m, &by), ERR_UNAUTH);
	m.wish.username = STR("nobody");
	assert_err(c, come(c, &m, &by), ERR_UNAUTH);
	m = good;
	m.wish.instance = STR("another");
	assert_err(c, come(c, &m, &by), ERR_UNAUTH);
	m = good;
	m.wish.id = STR("");
	assert_err(c, come(c, &m, &by), ERR_UNAUTH);
	m = good;
	m.wish.limit = PERMISSION_NONE;
	assert_err(c, come(c, &m, &by), ERR_UNAUTH);
	m = good;
	m.wish.now -= 4000;
	assert_err(c, come(c, &m, &by), ERR_UNAUTH);
	m = good;
	m.wish.now += 10 * 3600;
	m.wish.seconds = MINTED_SECONDS_MAX;
	assert_err(c, come(c, &m, &by), ERR_UNAUTH);
	m = good;
	jwk_make(c, JWS_EDDSA, &m.secret); /* by another key, under its name */
	m.secret.public.kid = good.secret.public.kid;
	assert_err(c, come(c, &m, &by), ERR_UNAUTH);
}

static void what_has_no_prefix_is_none(void **state)
{
	struct ctx *c = *state;
	struct actor by;
	struct str secret;
	struct mint m = mint_of(c, &house_of(c)->owner, JWS_EDDSA);
	assert_ok(c, minted_make(c, &m.secret, &m.wish, &secret));
	assert_true(str_skip(&secret, STR(MINTED_PREFIX)));
	assert_err(c, sign_in(c, secret, &by), ERR_UNAUTH);
	assert_err(c, sign_in(c, STR(MINTED_PREFIX), &by), ERR_UNAUTH);
	assert_err(c, sign_in(c, STR(MINTED_PREFIX "a.b.c"), &by), ERR_UNAUTH);
}

static void it_ends_with_its_key_with_its_time_and_by_its_id(void **state)
{
	struct ctx *c = *state;
	struct actor *owner = &house_of(c)->owner, first, second, other;
	struct mint m = mint_of(c, owner, JWS_EDDSA), n = mint_of(c, owner, JWS_ES256);
	house_repo(c, "r", VISIBILITY_PUBLIC);
	assert_ok(c, come(c, &m, &first));
	assert_ok(c, come(c, &n, &other));
	m.wish.id = STR("two");
	m.wish.seconds = 60;
	assert_ok(c, come(c, &m, &second));

	assert_ok(c, minted_key_revoke(c, core_of(c), owner, m.row.id, STR("one")));
	assert_ok(c, minted_key_revoke(c, core_of(c), owner, m.row.id, STR("one")));
	assert_err(c, reads(c, &first), ERR_UNAUTH);
	assert_ok(c, reads(c, &second));
	assert_ok(c, reads(c, &other));
	house_moved += 61 * 1000000LL;
	assert_err(c, reads(c, &second), ERR_UNAUTH);
	assert_ok(c, reads(c, &other));
	assert_ok(c, signing_key_remove(c, core_of(c), owner, n.row.id));
	assert_err(c, reads(c, &other), ERR_UNAUTH);
	assert_err(c, come(c, &n, &other), ERR_UNAUTH);
}

static void a_key_neither_makes_tokens_nor_registers_keys_nor_begins_a_session(void **state)
{
	struct ctx *c = *state;
	struct actor *owner = &house_of(c)->owner, by;
	struct mint m = mint_of(c, owner, JWS_EDDSA);
	struct jwk_secret another;
	struct signing_key row;
	struct session session;
	struct token token;
	struct str secret;
	struct token_new what = {.name = STR("t"), .limit = PERMISSION_READ};
	m.wish.limit = PERMISSION_ADMIN;
	assert_ok(c, come(c, &m, &by));
	assert_err(c, token_create(c, core_of(c), &by, &what, &token, &secret), ERR_DENIED);
	jwk_make(c, JWS_EDDSA, &another);
	struct str text = public_text(c, &another.public);
	assert_err(c, signing_key_add(c, core_of(c), &by, STR("k"), text, &row), ERR_DENIED);
	by = house_token(c, owner, PERMISSION_ADMIN, NULL);
	assert_err(c, signing_key_add(c, core_of(c), &by, STR("k"), text, &row), ERR_DENIED);
	assert_ok(c, come(c, &m, &by));
	const struct session_from from = {STR("10.0.0.1"), STR("Firefox")};
	assert_err(c, session_begin(c, core_of(c), &by, &from, &session), ERR_DENIED);
}

static void one_that_was_used_since_it_was_seen_is_left(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor *owner = &house_of(c)->owner, by;
	struct mint m = mint_of(c, owner, JWS_EDDSA);
	struct signing_key *list;
	size_t count;
	assert_ok(c, signing_key_list(c, core, owner, &list, &count));
	struct expected expected = {.signing_key = &list[0]};
	assert_ok(c, come(c, &m, &by));
	assert_err(c, signing_key_remove_seen(c, core, owner, m.row.id, &expected), ERR_CONFLICT);
	assert_true(expected.changed);
	assert_ok(c, signing_key_list(c, core, owner, &list, &count));
	expected = (struct expected){.signing_key = &list[0]};
	assert_ok(c, signing_key_remove_seen(c, core, owner, m.row.id, &expected));
	assert_err(c, signing_key_remove_seen(c, core, owner, m.row.id, &expected), ERR_CONFLICT);
	assert_true(expected.changed);
}

static void one_sees_and_removes_ones_own_alone(void **state)
{
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna"), *owner = &house_of(c)->owner;
	struct actor anonymous = ACTOR_ANONYMOUS;
	struct mint hers = mint_of(c, &anna, JWS_EDDSA), mine = mint_of(c, owner, JWS_EDDSA);
	struct signing_key *list, row;
	size_t count;
	assert_ok(c, signing_key_list(c, core_of(c), &anna, &list, &count));
	assert_int_equal(count, 1);
	assert_str(list[0].kid, arena_strdup(c->arena, str_dup(c->arena, hers.row.kid)));
	assert_err(c, signing_key_list(c, core_of(c), &anonymous, &list, &count), ERR_UNAUTH);
	assert_err(c, signing_key_remove(c, core_of(c), &anna, mine.row.id), ERR_NOT_FOUND);
	assert_err(
		c, minted_key_revoke(c, core_of(c), &anna, mine.row.id, STR("x")), ERR_NOT_FOUND);
	assert_err(
		c, minted_key_revoke(c, core_of(c), &anna, hers.row.id, STR("a\nb")), ERR_INVALID);
	struct str text = public_text(c, &hers.secret.public);
	assert_err(c, signing_key_add(c, core_of(c), &anna, STR("k"), text, &row), ERR_EXISTS);
	assert_ok(c, signing_key_add(c, core_of(c), owner, STR("k"), text, &row));
	assert_err(c, signing_key_add(c, core_of(c), &anna, STR(""), text, &row), ERR_INVALID);
	assert_err(c, signing_key_add(c, core_of(c), &anna, STR("k"), STR("x"), &row), ERR_INVALID);
}

static void nobody_makes_what_no_server_takes(void **state)
{
	struct ctx *c = *state;
	struct str out;
	struct mint m = mint_of(c, &house_of(c)->owner, JWS_EDDSA);
	struct minted_wish wish = m.wish;
	wish.scope.bytes = 1;
	assert_err(c, minted_make(c, &m.secret, &wish, &out), ERR_INVALID);
	wish = m.wish;
	wish.seconds = 0;
	assert_err(c, minted_make(c, &m.secret, &wish, &out), ERR_INVALID);
	wish.seconds = MINTED_SECONDS_MAX + 1;
	assert_err(c, minted_make(c, &m.secret, &wish, &out), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(what_a_registered_key_mints_is_its_owner_within_its_limits),
		HOUSE_TEST(only_what_is_right_in_all_is_let_in),
		HOUSE_TEST(what_has_no_prefix_is_none),
		HOUSE_TEST(it_ends_with_its_key_with_its_time_and_by_its_id),
		HOUSE_TEST(a_key_neither_makes_tokens_nor_registers_keys_nor_begins_a_session),
		HOUSE_TEST(one_sees_and_removes_ones_own_alone),
		HOUSE_TEST(one_that_was_used_since_it_was_seen_is_left),
		HOUSE_TEST(nobody_makes_what_no_server_takes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
