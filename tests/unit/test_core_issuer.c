#include "core/issuer.h"

#include "core_house.h"
#include "meta/issuer_key.h"

static struct access_token token_of(void)
{
	return (struct access_token){.issuer = STR("https://git.example.org"),
		.username = STR("owner"),
		.client = STR("nimbus"),
		.device_id = 1,
		.limit = PERMISSION_READ};
}

/* Signs one; which key did? */
static struct str signed_by(struct ctx *c)
{
	DB_TX *tx = NULL;
	struct jwt token;
	struct jwks keys;
	struct str text, public;
	struct access_token what = token_of();
	assert_ok(c, db_begin(c, core_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, issuer_sign(c, core_of(c), tx, &what, &text));
	assert_ok(c, db_commit(c, &tx));
	assert_int_equal(what.seconds, 600);
	assert_ok(c, jwt_parse(c, text, &token));
	assert_ok(c, issuer_jwks(c, core_of(c), &public));
	assert_ok(c, jwks_parse(c, public, &keys));
	const struct jwk *key = jwks_find(&keys, token.kid, token.alg);
	assert_non_null(key);
	assert_ok(c, jwt_verify(c, &token, key));
	return token.kid;
}

static size_t keys(struct ctx *c, struct issuer_key **out)
{
	size_t count;
	assert_ok(c, issuer_key_list(c, core_of(c), &house_of(c)->owner, out, &count));
	return count;
}

static void move(int64_t seconds)
{
	house_moved += seconds * 1000000;
}

static void a_key_is_made_when_one_is_needed_and_stays(void **state)
{
	struct ctx *c = *state;
	struct issuer_key *list;
	assert_int_equal(keys(c, &list), 0);
	struct str first = signed_by(c);
	assert_true(str_eq(signed_by(c), first));
	assert_int_equal(keys(c, &list), 1);
	assert_int_equal(list[0].alg, JWS_EDDSA);
	assert_int_equal(list[0].ends, 0);
	assert_int_equal(list[0].sealed.len, 0);
}

static void another_follows_by_age_ahead_of_its_time_and_the_old_one_stays_as_long_as_its_tokens(
	void **state)
{
	struct ctx *c = *state;
	struct issuer_key *list;
	struct str first = signed_by(c);
	move(30 * 86400 - 10);
	assert_true(str_eq(signed_by(c), first));
	assert_int_equal(keys(c, &list), 1);
	move(20);
	assert_true(str_eq(signed_by(c), first)); /* and makes the next */
	assert_int_equal(keys(c, &list), 2);
	struct str next = list[0].kid;
	assert_true(str_eq(list[1].kid, first));
	assert_int_equal(list[1].ends, list[0].begins + 600);
	move(ISSUER_LEAD - 10);
	assert_true(str_eq(signed_by(c), first));
	move(20);
	assert_true(str_eq(signed_by(c), next));
	assert_int_equal(keys(c, &list), 2);
	move(600);
	assert_int_equal(keys(c, &list), 1);
	assert_true(str_eq(signed_by(c), next));
}

static void another_algorithm_is_of_the_next_key(void **state)
{
	struct ctx *c = *state;
	struct issuer_key *list;
	struct str first = signed_by(c);
	core_of(c)->issuer_alg = JWS_ES256;
	assert_true(str_eq(signed_by(c), first));
	assert_int_equal(keys(c, &list), 2);
	assert_int_equal(list[0].alg, JWS_ES256);
	move(ISSUER_LEAD + 1);
	assert_true(str_eq(signed_by(c), list[0].kid));
	assert_int_equal(keys(c, &list), 2);
}

static void the_owner_rotates_and_nobody_else(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct issuer_key *list, key;
	size_t count;
	struct actor anna = house_person(c, "anna"), *owner = &house_of(c)->owner;
	struct str first = signed_by(c);
	assert_err(c, issuer_key_rotate(c, core, &anna, false, &key), ERR_DENIED);
	assert_err(c, issuer_key_list(c, core, &anna, &list, &count), ERR_DENIED);
	assert_ok(c, issuer_key_rotate(c, core, owner, false, &key));
	assert_int_equal(key.begins, key.created + ISSUER_LEAD);
	assert_true(str_eq(signed_by(c), first));
	assert_ok(c, issuer_key_rotate(c, core, owner, true, &key));
	assert_int_equal(keys(c, &list), 1);
	assert_true(str_eq(signed_by(c), key.kid));
	enum err kind = OK;
	for (int i = 0; i < 20 && !kind; i++)
		kind = issuer_key_rotate(c, core, owner, false, &key);
	assert_err(c, kind, ERR_TOO_BIG);
}

static void without_the_sealing_key_nothing_is_signed(void **state)
{
	struct ctx *c = *state;
	DB_TX *tx = NULL;
	struct str text;
	struct access_token what = token_of();
	signed_by(c);
	core_of(c)->seals.count = 0;
	assert_ok(c, seal_keys_add(c, &core_of(c)->seals, secret_make(c)));
	assert_ok(c, db_begin(c, core_of(c)->db, DB_WRITE, &tx));
	assert_err(c, issuer_sign(c, core_of(c), tx, &what, &text), ERR_UNAVAILABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(a_key_is_made_when_one_is_needed_and_stays),
		HOUSE_TEST(
			another_follows_by_age_ahead_of_its_time_and_the_old_one_stays_as_long_as_its_tokens),
		HOUSE_TEST(another_algorithm_is_of_the_next_key),
		HOUSE_TEST(the_owner_rotates_and_nobody_else),
		HOUSE_TEST(without_the_sealing_key_nothing_is_signed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
