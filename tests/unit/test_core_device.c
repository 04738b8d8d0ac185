#include "core/device.h"

#include "core/device_parts.h"
#include "core/password.h"
#include "core_house.h"
#include "meta/device.h"

static const struct device_caller caller = {.client = {"nimbus", 6},
	.issuer = {"https://git.example.org", 23},
	.peer = {"192.0.2.1", 9}};

static struct device_wish wish_of(enum permission limit)
{
	return (struct device_wish){.client = caller.client,
		.name = STR("laptop"),
		.limit = limit,
		.peer = caller.peer};
}

static struct device_codes ask(struct ctx *c)
{
	struct device_codes codes;
	struct device_wish wish = wish_of(PERMISSION_WRITE);
	assert_ok(c, device_ask(c, core_of(c), &wish, &codes));
	return codes;
}

static enum device_answer poll(struct ctx *c, struct str code, struct device_tokens *out)
{
	enum device_answer answer;
	assert_ok(c, device_poll(c, core_of(c), &caller, code, &answer, out));
	return answer;
}

static struct device_tokens let_in(struct ctx *c, const struct actor *who)
{
	struct device_tokens tokens;
	struct device_codes codes = ask(c);
	assert_ok(c, device_decide(c, core_of(c), who, codes.user_code, true));
	assert_int_equal(poll(c, codes.code, &tokens), DEVICE_GIVEN);
	return tokens;
}

static enum err come(struct ctx *c, struct str access, struct actor *who)
{
	struct credential cred = {CREDENTIAL_TOKEN, {0}, access};
	return login_credential(c, core_of(c), &cred, STR("192.0.2.9"), who);
}

static enum err renew(struct ctx *c, struct device_tokens *tokens)
{
	return device_refresh(c, core_of(c), &caller, tokens->refresh, PERMISSION_NONE, tokens);
}

static void who_lets_a_device_in_is_who_it_acts_for(void **state)
{
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna"), who;
	struct device_tokens tokens = let_in(c, &anna);
	struct device *devices;
	size_t count;
	assert_ok(c, come(c, tokens.access, &who));
	assert_int_equal(who.user_id, anna.user_id);
	assert_int_equal(who.limit, PERMISSION_WRITE);
	assert_true(actor_has_key(&who));
	assert_str(who.via, "device 1");
	assert_ok(c, device_list(c, core_of(c), &anna, STR("anna"), &devices, &count));
	assert_int_equal(count, 1);
	assert_str(devices[0].name, "laptop");
	assert_str(devices[0].address, "192.0.2.1");
	assert_err(
		c, device_list(c, core_of(c), &anna, STR("owner"), &devices, &count), ERR_DENIED);
	assert_ok(
		c, device_list(c, core_of(c), &house_of(c)->owner, STR("anna"), &devices, &count));
}

static void a_code_is_good_once_and_in_its_time(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor *owner = &house_of(c)->owner;
	struct device_tokens tokens;
	struct device_request request;
	struct device_codes codes = ask(c);
	assert_int_equal(poll(c, codes.code, &tokens), DEVICE_WAITS);
	assert_int_equal(poll(c, codes.code, &tokens), DEVICE_TOO_FAST);
	house_moved += 5 * 1000000;
	assert_int_equal(poll(c, codes.code, &tokens), DEVICE_WAITS);
	assert_ok(c, device_look(c, core, owner, codes.user_code, &request));
	assert_str(request.address, "192.0.2.1");
	assert_ok(c, device_decide(c, core, owner, codes.user_code, true));
	assert_err(c, device_decide(c, core, owner, codes.user_code, false), ERR_NOT_FOUND);
	assert_int_equal(poll(c, codes.code, &tokens), DEVICE_GIVEN);
	assert_int_equal(poll(c, codes.code, &tokens), DEVICE_UNKNOWN);
	codes = ask(c);
	assert_ok(c, device_decide(c, core, owner, codes.user_code, false));
	assert_int_equal(poll(c, codes.code, &tokens), DEVICE_DENIED);
	codes = ask(c);
	house_moved += (int64_t)DEVICE_CODE_SECONDS * 1000000;
	assert_err(c, device_look(c, core, owner, codes.user_code, &request), ERR_NOT_FOUND);
	assert_int_equal(poll(c, codes.code, &tokens), DEVICE_OVER);
	assert_int_equal(poll(c, STR("nonsense"), &tokens), DEVICE_UNKNOWN);
}

static void keys_let_nothing_in_and_make_nothing(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor anna = house_person(c, "anna"), by, device;
	struct device_request request;
	struct device_codes codes = ask(c);
	struct token token;
	struct str secret;
	struct session session;
	by = house_token(c, &anna, PERMISSION_ADMIN, NULL);
	assert_err(c, device_look(c, core, &by, codes.user_code, &request), ERR_DENIED);
	assert_err(c, device_decide(c, core, &by, codes.user_code, true), ERR_DENIED);
	assert_err(c, device_decide(c, core, &ACTOR_ANONYMOUS, codes.user_code, true), ERR_UNAUTH);
	struct device_wish wish = wish_of(PERMISSION_ADMIN);
	assert_ok(c, device_ask(c, core, &wish, &codes));
	assert_ok(c, device_decide(c, core, &anna, codes.user_code, true));
	struct device_tokens tokens;
	assert_int_equal(poll(c, codes.code, &tokens), DEVICE_GIVEN);
	assert_ok(c, come(c, tokens.access, &device));
	struct token_new what = {.name = STR("x"), .limit = PERMISSION_READ};
	assert_err(c, token_create(c, core, &device, &what, &token, &secret), ERR_DENIED);
	codes = ask(c);
	assert_err(c, device_decide(c, core, &device, codes.user_code, true), ERR_DENIED);
	assert_err(c, session_begin(c, core, &device, &(struct session_from){0}, &session),
		ERR_DENIED);
}

static void each_refresh_token_is_good_once(void **state)
{
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna"), who;
	struct device_tokens first = let_in(c, &anna), next = first;
	assert_ok(c, renew(c, &next));
	assert_ok(c, come(c, next.access, &who));
	assert_ok(c, come(c, first.access, &who));
	struct device_caller other = caller;
	other.client = STR("git-credential-oauth");
	assert_err(c, device_refresh(c, core_of(c), &other, next.refresh, PERMISSION_NONE, &next),
		ERR_UNAUTH);
	assert_ok(c, renew(c, &next));
	assert_err(c, renew(c, &first), ERR_UNAUTH);
	assert_err(c, renew(c, &next), ERR_UNAUTH);
	assert_err(c, come(c, next.access, &who), ERR_UNAUTH);
}

static void one_that_got_tokens_since_it_was_seen_is_left(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor anna = house_person(c, "anna");
	struct device_tokens tokens = let_in(c, &anna);
	struct device *list;
	struct str name = STR("anna");
	size_t count;
	assert_ok(c, device_list(c, core, &anna, name, &list, &count));
	struct expected expected = {.device = &list[0]};
	int64_t id = list[0].id;
	house_moved += 10 * 1000000LL;
	assert_ok(c, renew(c, &tokens));
	assert_err(c, device_remove_seen(c, core, &anna, name, id, &expected), ERR_CONFLICT);
	assert_true(expected.changed);
	assert_ok(c, device_list(c, core, &anna, name, &list, &count));
	expected = (struct expected){.device = &list[0]};
	assert_ok(c, device_remove_seen(c, core, &anna, name, id, &expected));
	assert_err(c, device_remove_seen(c, core, &anna, name, id, &expected), ERR_CONFLICT);
	assert_true(expected.changed);
}

static void what_ends_a_device_ends_it_for_who_was_proven_before(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor anna = house_person(c, "anna"), *owner = &house_of(c)->owner;
	struct repo_query all = {.limit = 1};
	struct repo_list list;
	for (int how = 0; how < 6; how++) {
		struct actor who;
		struct device_tokens tokens = let_in(c, &anna);
		assert_ok(c, come(c, tokens.access, &who));
		assert_ok(c, repo_list(c, core, &who, &all, &list));
		switch (how) {
		case 0:
			assert_ok(c, device_remove(c, core, &anna, STR("anna"), who.device_id));
			break;
		case 1:
			assert_ok(c, device_remove(c, core, owner, STR("anna"), who.device_id));
			break;
		case 2: assert_ok(c, device_end(c, core, &caller, tokens.refresh)); break;
		case 3: assert_ok(c, device_remove_all(c, core, &anna, STR("anna"))); break;
		case 4: house_moved += 600 * 1000000LL; break;
		default:
			assert_ok(c, collaborator_set_password(
					     c, core, owner, STR("anna"), STR("battery staple")));
		}
		assert_err(c, repo_list(c, core, &who, &all, &list), ERR_UNAUTH);
		assert_err(c, come(c, tokens.access, &who), ERR_UNAUTH);
		if (how != 4)
			assert_err(c, renew(c, &tokens), ERR_UNAUTH);
	}
}

static void a_device_that_is_away_too_long_is_signed_out(void **state)
{
	struct ctx *c = *state;
	struct device_tokens tokens = let_in(c, &house_of(c)->owner);
	house_moved += 80 * 86400 * 1000000LL;
	assert_ok(c, renew(c, &tokens));
	house_moved += 80 * 86400 * 1000000LL;
	assert_ok(c, renew(c, &tokens));
	house_moved += 91 * 86400 * 1000000LL;
	assert_err(c, renew(c, &tokens), ERR_UNAUTH);
}

static void who_lost_their_password_meanwhile_lets_nothing_in(void **state)
{
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna");
	struct device_tokens tokens;
	struct device_codes codes = ask(c);
	struct str secret;
	assert_ok(c, device_decide(c, core_of(c), &anna, codes.user_code, true));
	assert_ok(c, password_reset(c, core_of(c), &house_of(c)->owner, STR("anna"), 60, &secret));
	assert_int_equal(poll(c, codes.code, &tokens), DEVICE_UNKNOWN);
}

static void who_asks_or_guesses_too_often_is_slowed_down(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor anna = house_person(c, "anna");
	struct device_wish wish = wish_of(PERMISSION_READ);
	struct device_codes codes;
	struct device_request request;
	for (int i = 0; i < 30; i++)
		assert_ok(c, device_ask(c, core, &wish, &codes));
	assert_err(c, device_ask(c, core, &wish, &(struct device_codes){0}), ERR_RATE_LIMITED);
	wish.peer = STR("192.0.2.2");
	assert_ok(c, device_ask(c, core, &wish, &codes));
	for (int i = 0; i < 10; i++)
		assert_err(
			c, device_look(c, core, &anna, STR("BBBB-BBBB"), &request), ERR_NOT_FOUND);
	assert_err(c, device_look(c, core, &anna, codes.user_code, &request), ERR_RATE_LIMITED);
	assert_ok(c, device_look(c, core, &house_of(c)->owner, codes.user_code, &request));
	house_moved += 601 * 1000000LL;
	assert_ok(c, device_look(c, core, &anna, codes.user_code, &request));
}

static void a_network_is_one_asker(void **state)
{
	struct ctx *c = *state;
	struct device_wish wish = wish_of(PERMISSION_READ);
	struct device_codes codes;
	for (int i = 0; i < 30; i++) {
		wish.peer = str_of(arena_fmt(c->arena, "2001:db8::%d", i + 1));
		assert_ok(c, device_ask(c, core_of(c), &wish, &codes));
	}
	wish.peer = STR("2001:db8::ffff");
	assert_err(c, device_ask(c, core_of(c), &wish, &codes), ERR_RATE_LIMITED);
	wish.peer = STR("2001:db8:0:1::1");
	assert_ok(c, device_ask(c, core_of(c), &wish, &codes));
}

static void who_is_signed_in_does_not_wait_for_strangers(void **state)
{
	enum { WAITING = 10000 };
	struct ctx *c = *state;
	struct device_wish wish = wish_of(PERMISSION_READ);
	const struct device_redirect to = {
		STR("http://127.0.0.1:4711/"), STR("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")};
	struct device_codes codes;
	struct str code;
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, house_of(c)->db, DB_WRITE, &tx));
	for (int i = 0; i < WAITING; i++) {
		struct device_request request = {.client = wish.client, .limit = wish.limit};
		assert_ok(c, meta_device_request_create(c, tx, &request,
				     device_hash(c, str_of(arena_fmt(c->arena, "%d", i))),
				     str_of(arena_fmt(c->arena, "%d", i))));
	}
	assert_ok(c, db_commit(c, &tx));
	assert_err(c, device_ask(c, core_of(c), &wish, &codes), ERR_RATE_LIMITED);
	assert_ok(c, device_authorize(c, core_of(c), &house_of(c)->owner, &wish, &to, &code));
	/* They do not wait for ever. */
	house_moved += DEVICE_CODE_SECONDS * 2 * 1000000LL;
	assert_ok(c, device_ask(c, core_of(c), &wish, &codes));
}

/* A database that counts who waits for the turn to write. */
static struct db *inner;
static int writes;

static enum err count_begin(
	struct ctx *c, struct db *self, enum db_mode mode, int64_t scope, struct db_tx **out)
{
	(void)self;
	writes += mode == DB_WRITE;
	return inner->ops->begin(c, inner, mode, scope, out);
}

static void what_is_no_good_waits_for_no_turn_to_write(void **state)
{
	struct ctx *c = *state;
	const struct db_ops ops = {.begin = count_begin};
	struct db counting = {.ops = &ops};
	struct core core = *core_of(c);
	struct device_tokens tokens = let_in(c, &house_of(c)->owner);
	struct str unknown, family, secret;
	char *other = str_dup(c->arena, tokens.refresh);
	size_t at = sizeof REFRESH_PREFIX - 1;
	other[at] = other[at] == 'A' ? 'B' : 'A';
	unknown = str_from(other, tokens.refresh.len);
	assert_true(refresh_token_read(unknown, &family, &secret));
	const struct device_proof proof = {STR("x"), STR("http://127.0.0.1:1/"), STR("y")};
	inner = core.db;
	core.db = &counting;
	writes = 0;
	assert_err(c, device_redeem(c, &core, &caller, &proof, &tokens), ERR_UNAUTH);
	assert_err(c, device_refresh(c, &core, &caller, unknown, PERMISSION_NONE, &tokens),
		ERR_UNAUTH);
	assert_ok(c, device_end(c, &core, &caller, unknown));
	assert_int_equal(writes, 0);
	assert_ok(c, device_refresh(c, &core, &caller, tokens.refresh, PERMISSION_NONE, &tokens));
	assert_int_equal(writes, 1);
	assert_ok(c, device_end(c, &core, &caller, tokens.refresh));
	assert_int_equal(writes, 2);
}

static void a_wish_must_make_sense(void **state)
{
	struct ctx *c = *state;
	struct device_codes codes;
	struct device_wish wish = wish_of(PERMISSION_READ);
	wish.client = STR("other");
	assert_err(c, device_ask(c, core_of(c), &wish, &codes), ERR_INVALID);
	wish = wish_of(PERMISSION_READ);
	wish.name = STR("a\033[2Jb");
	assert_err(c, device_ask(c, core_of(c), &wish, &codes), ERR_INVALID);
	wish = wish_of(PERMISSION_READ);
	wish.scope.bytes = 1;
	assert_err(c, device_ask(c, core_of(c), &wish, &codes), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(who_lets_a_device_in_is_who_it_acts_for),
		HOUSE_TEST(a_code_is_good_once_and_in_its_time),
		HOUSE_TEST(keys_let_nothing_in_and_make_nothing),
		HOUSE_TEST(each_refresh_token_is_good_once),
		HOUSE_TEST(one_that_got_tokens_since_it_was_seen_is_left),
		HOUSE_TEST(what_ends_a_device_ends_it_for_who_was_proven_before),
		HOUSE_TEST(a_device_that_is_away_too_long_is_signed_out),
		HOUSE_TEST(who_lost_their_password_meanwhile_lets_nothing_in),
		HOUSE_TEST(who_asks_or_guesses_too_often_is_slowed_down),
		HOUSE_TEST(a_network_is_one_asker),
		HOUSE_TEST(who_is_signed_in_does_not_wait_for_strangers),
		HOUSE_TEST(what_is_no_good_waits_for_no_turn_to_write),
		HOUSE_TEST(a_wish_must_make_sense),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
