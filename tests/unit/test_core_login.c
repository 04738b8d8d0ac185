#include "core_house.h"

#include "core/known_browser.h"
#include "core/password.h"
#include "core/secret.h"
#include "model/token.h"

#include <time.h>

static enum err sign_in(
	struct ctx *c, const char *name, const char *password, const char *peer, struct actor *who)
{
	struct credential cred = {CREDENTIAL_PASSWORD, str_of(name), str_of(password)};
	return login_credential(c, core_of(c), &cred, str_of(peer), who);
}

static void after_ten_failures_a_minute_must_pass(void **state)
{
	struct ctx *c = *state;
	struct actor who;
	for (int i = 0; i < 10; i++)
		assert_err(c, sign_in(c, "owner", "wrong password", "10.0.0.1", &who), ERR_UNAUTH);
	assert_err(c, sign_in(c, "owner", "wrong password", "10.0.0.1", &who), ERR_RATE_LIMITED);
	assert_err(c, sign_in(c, "owner", "correct horse", "10.0.0.1", &who), ERR_RATE_LIMITED);
	assert_int_equal(err_http_status(ERR_RATE_LIMITED), 429);
	assert_ok(c, sign_in(c, "owner", "correct horse", "10.0.0.2", &who));
	house_moved += 61 * 1000000LL;
	assert_ok(c, sign_in(c, "owner", "correct horse", "10.0.0.1", &who));
}

static void a_name_alone_is_no_try(void **state)
{
	struct ctx *c = *state;
	struct actor who;
	for (int i = 0; i < 30; i++)
		assert_err(c, sign_in(c, "owner", "", "10.0.0.1", &who), ERR_UNAUTH);
	assert_ok(c, sign_in(c, "owner", "correct horse", "10.0.0.1", &who));
}

/* Or the cache would let who is blocked find out which guess is right. */
static void who_failed_is_blocked_though_the_right_password_is_known(void **state)
{
	struct ctx *c = *state;
	struct actor who;
	core_of(c)->limits.login_tries = 2;
	assert_ok(c, sign_in(c, "owner", "correct horse", "10.0.0.1", &who));
	for (int i = 0; i < 2; i++)
		assert_err(c, sign_in(c, "owner", "wrong password", "10.0.0.1", &who), ERR_UNAUTH);
	for (int i = 0; i < 3; i++)
		assert_err(c, sign_in(c, "owner", "correct horse", "10.0.0.1", &who),
			ERR_RATE_LIMITED);
	/* So is who tried many names, of one that they did not try. */
	for (int i = 0; i < 20; i++) {
		const char *name = arena_fmt(c->arena, "name%d", i);
		assert_err(c, sign_in(c, name, "wrong", "10.0.0.2", &who), ERR_UNAUTH);
	}
	assert_err(c, sign_in(c, "owner", "correct horse", "10.0.0.2", &who), ERR_RATE_LIMITED);
	assert_ok(c, sign_in(c, "owner", "correct horse", "10.0.0.3", &who));
}

static enum err sign_in_from(struct ctx *c, const char *name, const char *password,
	const char *peer, struct str device, struct actor *who)
{
	const struct credential cred = {CREDENTIAL_PASSWORD, str_of(name), str_of(password)};
	const struct login_from from = {str_of(peer), device};
	return login_person(c, core_of(c), &cred, &from, who);
}

/* `count` strangers from everywhere, who give up when they are told to wait. */
static int guess_from_everywhere(struct ctx *c, const char *name, int count)
{
	struct actor who;
	for (int i = 0; i < count; i++) {
		const char *peer = arena_fmt(c->arena, "198.51.%d.%d", i / 250, i % 250);
		enum err kind = sign_in(c, name, "wrong password", peer, &who);
		if (kind == ERR_RATE_LIMITED)
			return i;
		assert_err(c, kind, ERR_UNAUTH);
	}
	return count;
}

static void guessing_from_everywhere_is_slowed(void **state)
{
	struct ctx *c = *state;
	struct actor who;
	core_of(c)->limits.login_tries = 2;
	assert_int_equal(guess_from_everywhere(c, "owner", 100), 10);
	assert_int_equal(c->retry_after, 5);
	/* One more in each pause, and no more while it goes on. */
	house_moved += 6 * 1000000LL;
	assert_int_equal(guess_from_everywhere(c, "owner", 100), 1);
	house_moved += 6 * 1000000LL;
	assert_ok(c, sign_in(c, "owner", "correct horse", "203.0.113.1", &who));
	/* Of a name that nobody has it is the same. */
	assert_int_equal(guess_from_everywhere(c, "nobody", 100), 10);
	assert_int_equal(c->retry_after, 5);
}

static void it_does_not_lock_out_who_was_here_before(void **state)
{
	struct ctx *c = *state;
	core_of(c)->nonce_key = STR("a key of this instance");
	struct actor who;
	struct str device, other;
	core_of(c)->limits.login_tries = 2;
	assert_ok(c, sign_in(c, "owner", "correct horse", "203.0.113.1", &who));
	assert_ok(c, known_browser_make(c, core_of(c), &who, &device));
	struct actor anna = house_person(c, "anna");
	assert_ok(c, known_browser_make(c, core_of(c), &anna, &other));
	assert_int_equal(guess_from_everywhere(c, "owner", 100), 10);
	assert_err(c, sign_in(c, "owner", "correct horse", "203.0.113.2", &who), ERR_RATE_LIMITED);
	/* From the same place, as git comes; … */
	assert_ok(c, sign_in(c, "owner", "correct horse", "203.0.113.1", &who));
	/* … from a device of theirs, wherever it is; */
	assert_ok(c, sign_in_from(c, "owner", "correct horse", "203.0.113.3", device, &who));
	/* … but from nobody else's, and from none that was made up. */
	assert_err(c, sign_in_from(c, "owner", "correct horse", "203.0.113.4", other, &who),
		ERR_RATE_LIMITED);
	char *forged = str_dup(c->arena, device);
	forged[0] = forged[0] == 'A' ? 'B' : 'A';
	assert_err(c,
		sign_in_from(c, "owner", "correct horse", "203.0.113.4", str_of(forged), &who),
		ERR_RATE_LIMITED);
}

static void a_device_has_tries_of_its_own(void **state)
{
	struct ctx *c = *state;
	core_of(c)->nonce_key = STR("a key of this instance");
	struct actor who;
	struct str device;
	core_of(c)->limits.login_tries = 2;
	assert_ok(c, known_browser_make(c, core_of(c), &house_of(c)->owner, &device));
	/* Neighbours of theirs do not use them up. */
	for (int i = 0; i < 2; i++)
		assert_err(c, sign_in(c, "owner", "wrong password", "10.0.0.1", &who), ERR_UNAUTH);
	assert_err(c, sign_in(c, "owner", "correct horse", "10.0.0.1", &who), ERR_RATE_LIMITED);
	for (int i = 0; i < 2; i++)
		assert_err(
			c, sign_in_from(c, "owner", "wrong", "10.0.0.1", device, &who), ERR_UNAUTH);
	assert_err(c, sign_in_from(c, "owner", "correct horse", "10.0.0.1", device, &who),
		ERR_RATE_LIMITED);
	house_moved += 61 * 1000000LL;
	assert_ok(c, sign_in_from(c, "owner", "correct horse", "10.0.0.1", device, &who));
}

static void a_new_password_ends_devices(void **state)
{
	struct ctx *c = *state;
	core_of(c)->nonce_key = STR("a key of this instance");
	struct str device, id;
	struct actor owner = house_of(c)->owner;
	assert_ok(c, known_browser_make(c, core_of(c), &owner, &device));
	assert_ok(c, known_browser_check(c, core_of(c), device, STR("owner"), &id));
	assert_true(id.len > 0);
	assert_ok(c, known_browser_check(c, core_of(c), device, STR("anna"), &id));
	assert_int_equal(id.len, 0);
	assert_ok(c, collaborator_set_password(
			     c, core_of(c), &owner, STR("owner"), STR("another battery staple")));
	assert_ok(c, known_browser_check(c, core_of(c), device, STR("owner"), &id));
	assert_int_equal(id.len, 0);
	static const char *const nonsense[] = {"", ".", "....", "a.1.1.1.b", "a.b.c.d.e",
		"a.1.1.9223372036854775808.b", "a.9223372036854775808.1.1.b"};
	for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
		assert_ok(c,
			known_browser_check(c, core_of(c), str_of(nonsense[i]), STR("owner"), &id));
		assert_int_equal(id.len, 0);
	}
}

static void a_customer_of_ipv6_is_one_place(void **state)
{
	struct ctx *c = *state;
	struct actor who;
	core_of(c)->limits.login_tries = 2;
	assert_err(c, sign_in(c, "owner", "wrong password", "2001:db8::1", &who), ERR_UNAUTH);
	assert_err(c, sign_in(c, "owner", "wrong password", "2001:db8::2", &who), ERR_UNAUTH);
	assert_err(c, sign_in(c, "owner", "correct horse", "2001:db8::3", &who), ERR_RATE_LIMITED);
	assert_ok(c, sign_in(c, "owner", "correct horse", "2001:db8:0:1::3", &who));
}

/* What the database is asked until this credential is refused. */
static int64_t questions(
	struct ctx *c, enum credential_kind kind, const char *name, struct str secret)
{
	struct actor who;
	const struct credential cred = {kind, str_of(name), secret};
	int64_t before = db_faulty_count(core_of(c)->db);
	assert_err(c, login_credential(c, core_of(c), &cred, STR("192.0.2.1"), &who), ERR_UNAUTH);
	return db_faulty_count(core_of(c)->db) - before;
}

static void whatever_is_wrong_with_a_password_as_much_is_asked(void **state)
{
	struct ctx *c = *state;
	struct str wrong = STR("wrong password"), secret;
	struct actor reset = house_person(c, "reset");
	char *longer = arena_alloc(c->arena, PASSWORD_MAX + 1);
	memset(longer, 'x', PASSWORD_MAX + 1);
	assert_ok(c,
		password_reset(c, core_of(c), &house_of(c)->owner, reset.username, 600, &secret));
	int64_t known = questions(c, CREDENTIAL_PASSWORD, "owner", wrong);
	assert_true(known > 0);
	assert_int_equal(questions(c, CREDENTIAL_PASSWORD, "nobody", wrong), known);
	assert_int_equal(questions(c, CREDENTIAL_PASSWORD, "reset", wrong), known);
	assert_int_equal(questions(c, CREDENTIAL_PASSWORD, "No Name!", wrong), known);
	assert_int_equal(
		questions(c, CREDENTIAL_PASSWORD, "owner", str_from(longer, PASSWORD_MAX + 1)),
		known);
}

static struct str make_token(struct ctx *c, int64_t seconds, struct token *token)
{
	struct str secret;
	struct token_new what = {.name = STR("ci"), .limit = PERMISSION_WRITE, .seconds = seconds};
	assert_ok(c, token_create(c, core_of(c), &house_of(c)->owner, &what, token, &secret));
	return secret;
}

static void whatever_is_wrong_with_a_token_as_much_is_asked(void **state)
{
	struct ctx *c = *state;
	struct token token, lapsing;
	struct str unknown = token_text(c->arena, secret_word(c, TOKEN_RANDOM));
	struct str revoked = make_token(c, 0, &token), expired = make_token(c, 60, &lapsing);
	assert_ok(c, token_revoke(c, core_of(c), &house_of(c)->owner, token.id));
	house_moved += 61 * 1000000LL;
	int64_t asked = questions(c, CREDENTIAL_TOKEN, "", unknown);
	assert_true(asked > 0);
	assert_int_equal(questions(c, CREDENTIAL_TOKEN, "", revoked), asked);
	assert_int_equal(questions(c, CREDENTIAL_TOKEN, "", expired), asked);
}

/* A clone is two requests or three: what the first proved costs the others next to nothing. */
static void who_comes_again_costs_microseconds(void **state)
{
	enum { TIMES = 500, MOST_US = 500 };
	struct ctx *c = *state;
	struct actor who;
	assert_ok(c, sign_in(c, "owner", "correct horse", "192.0.2.1", &who));
	int64_t asked = db_faulty_count(core_of(c)->db);
	clock_t began = clock();
	for (int i = 0; i < TIMES; i++)
		assert_ok(c, sign_in(c, "owner", "correct horse", "192.0.2.1", &who));
	double each = (double)(clock() - began) * 1e6 / CLOCKS_PER_SEC / TIMES;
	print_message("# %.1f us of processor for each\n", each);
	assert_int_equal(db_faulty_count(core_of(c)->db), asked);
	assert_true(each < MOST_US);
}

static void a_token_is_never_rate_limited(void **state)
{
	struct ctx *c = *state;
	struct actor who;
	for (int i = 0; i < 30; i++)
		assert_err(
			c, sign_in(c, "robot", TOKEN_PREFIX "wrong", "10.0.0.1", &who), ERR_UNAUTH);
}

static void a_token_works_in_either_place(void **state)
{
	struct ctx *c = *state;
	struct actor who;
	struct token token;
	struct str secret = make_token(c, 0, &token);
	assert_ok(c, sign_in(c, "whatever", str_dup(c->arena, secret), "", &who));
	assert_int_equal(who.limit, PERMISSION_WRITE);
	struct credential bearer = {CREDENTIAL_TOKEN, {0}, secret};
	assert_ok(c, login_credential(c, core_of(c), &bearer, STR(""), &who));
	assert_str(who.username, "owner");
	struct credential nonsense = {CREDENTIAL_TOKEN, {0}, STR("nonsense")};
	assert_err(c, login_credential(c, core_of(c), &nonsense, STR(""), &who), ERR_UNAUTH);
}

static enum err make_link(struct ctx *c, const char *username, struct str *secret)
{
	const struct login_link link = {str_of(username), 600};
	return login_link_create(c, core_of(c), NULL, &link, secret);
}

static void a_sign_in_link_works_once_and_in_time(void **state)
{
	struct ctx *c = *state;
	struct str secret;
	struct actor who;
	assert_ok(c, make_link(c, "owner", &secret));
	assert_err(c, login_link_take(c, core_of(c), STR("wrong"), &who), ERR_UNAUTH);
	assert_ok(c, login_link_take(c, core_of(c), secret, &who));
	assert_true(who.owner);
	assert_err(c, login_link_take(c, core_of(c), secret, &who), ERR_UNAUTH);
	assert_ok(c, make_link(c, "owner", &secret));
	house_moved += 601 * 1000000LL;
	assert_err(c, login_link_take(c, core_of(c), secret, &who), ERR_UNAUTH);
	assert_err(c, make_link(c, "nobody", &secret), ERR_NOT_FOUND);
	const struct login_link link = {STR("owner"), 600};
	struct actor anna = house_person(c, "anna"), anonymous = ACTOR_ANONYMOUS;
	assert_err(c, login_link_create(c, core_of(c), &anna, &link, &secret), ERR_DENIED);
	assert_err(c, login_link_create(c, core_of(c), &anonymous, &link, &secret), ERR_UNAUTH);
	assert_ok(c, login_link_create(c, core_of(c), &house_of(c)->owner, &link, &secret));
}

static void a_second_start_finds_what_the_first_made(void **state)
{
	struct ctx *c = *state;
	struct instance again;
	assert_ok(c, instance_start(c, core_of(c), STR("other"), STR("other password"), &again));
	assert_false(again.first);
	assert_string_equal(again.id, core_of(c)->instance);
	assert_str(again.owner, "owner");
	assert_int_equal(again.password.len, 0);
}

static void a_first_start_makes_up_a_password(void **state)
{
	struct ctx *c = *state;
	struct core core = *core_of(c);
	struct instance first;
	struct actor who;
	assert_ok(c, db_sqlite_open(c, ":memory:", &core.db));
	core.auth[0] = auth_password_open(core.db, core.kv);
	assert_err(c, instance_start(c, &core, STR("Bad Name"), STR(""), &first), ERR_INVALID);
	assert_err(c, instance_start(c, &core, STR("me"), STR("short"), &first), ERR_INVALID);
	assert_ok(c, instance_start(c, &core, STR("me"), STR(""), &first));
	assert_true(first.first);
	assert_int_equal(first.password.len, 20);
	struct credential cred = {CREDENTIAL_PASSWORD, STR("me"), first.password};
	assert_ok(c, login_credential(c, &core, &cred, STR(""), &who));
	assert_true(who.owner);
	auth_close(core.auth[0]);
	db_close(core.db);
}

static void without_the_store_who_proves_themselves_is_let_in(void **state)
{
	struct ctx *c = *state;
	struct actor who;
	struct token token;
	struct str secret = make_token(c, 0, &token);
	struct kv *kept = house_lose_kv(c);
	assert_ok(c, sign_in(c, "owner", "correct horse", "10.0.0.1", &who));
	assert_int_equal(c->error.kind, OK);
	assert_ok(c, sign_in(c, "whatever", str_dup(c->arena, secret), "10.0.0.1", &who));
	for (int i = 0; i < 12; i++)
		assert_err(c, sign_in(c, "owner", "wrong password", "10.0.0.1", &who), ERR_UNAUTH);
	assert_ok(c, sign_in(c, "owner", "correct horse", "10.0.0.1", &who));
	house_find_kv(c, kept);
}

/* A link that somebody else has kept must not outlast what was done to keep them out. */
static void links_end_with_what_was_proven(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor *owner = &house_of(c)->owner, anna = house_person(c, "anna"), who;
	const struct login_link theirs = {STR("anna"), 600}, own = {STR("owner"), 600};
	struct str link, reset, kept;
	assert_ok(c, login_link_create(c, core, owner, &own, &kept));
	assert_ok(c, password_reset(c, core, owner, STR("anna"), 600, &reset));
	assert_ok(c, login_link_create(c, core, owner, &theirs, &link));
	anna.generation++;
	assert_ok(c, collaborator_set_password(
			     c, core, &anna, STR("anna"), STR("gravel-otter-ninety-lamp")));
	assert_err(c, login_link_take(c, core, link, &who), ERR_UNAUTH);
	assert_err(c, password_reset_whose(c, core, reset, &link), ERR_UNAUTH);
	assert_ok(c, login_link_create(c, core, owner, &theirs, &link));
	assert_ok(c, session_end_all(c, core, owner, STR("anna")));
	assert_err(c, login_link_take(c, core, link, &who), ERR_UNAUTH);
	/* The one by which another password is chosen is used up; the others go with it. */
	assert_ok(c, password_reset(c, core, owner, STR("anna"), 600, &reset));
	assert_ok(c, login_link_create(c, core, owner, &theirs, &link));
	assert_ok(c, password_reset_take(c, core, reset, STR("gravel-otter-ninety-moss"), &who));
	assert_str(who.username, "anna");
	assert_err(c, login_link_take(c, core, link, &who), ERR_UNAUTH);
	/* Those of others stay. */
	assert_ok(c, login_link_take(c, core, kept, &who));
	assert_str(who.username, "owner");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(after_ten_failures_a_minute_must_pass),
		HOUSE_TEST(a_name_alone_is_no_try),
		HOUSE_TEST(who_failed_is_blocked_though_the_right_password_is_known),
		HOUSE_TEST(guessing_from_everywhere_is_slowed),
		HOUSE_TEST(it_does_not_lock_out_who_was_here_before),
		HOUSE_TEST(a_device_has_tries_of_its_own),
		HOUSE_TEST(a_new_password_ends_devices),
		HOUSE_TEST(a_customer_of_ipv6_is_one_place),
		HOUSE_TEST(whatever_is_wrong_with_a_password_as_much_is_asked),
		HOUSE_TEST(whatever_is_wrong_with_a_token_as_much_is_asked),
		HOUSE_TEST(who_comes_again_costs_microseconds),
		HOUSE_TEST(a_token_is_never_rate_limited),
		HOUSE_TEST(a_token_works_in_either_place),
		HOUSE_TEST(a_sign_in_link_works_once_and_in_time),
		HOUSE_TEST(without_the_store_who_proves_themselves_is_let_in),
		HOUSE_TEST(a_second_start_finds_what_the_first_made),
		HOUSE_TEST(a_first_start_makes_up_a_password),
		HOUSE_TEST(links_end_with_what_was_proven),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
