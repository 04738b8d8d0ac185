/* model/webauthn.h: the specification's test vectors, and a browser and an authenticator that lie. */
#include "authenticator.h"
#include "unit/webauthn_vectors.h"

static const struct webauthn_party party = {
	STR("git.example.org"), STR("https://git.example.org"), STR("Ada's \"git\"")};

static struct webauthn_ceremony ceremony_of(struct ctx *c, bool passkey)
{
	return (struct webauthn_ceremony){party, webauthn_challenge(c), passkey};
}

static enum err try_create(struct ctx *c, const struct authenticator *a,
	const struct webauthn_ceremony *ceremony, struct webauthn_credential *out)
{
	struct webauthn_registration answer;
	TRY(webauthn_registration_read(c, authenticator_create(a, ceremony), &answer));
	return webauthn_register(c, ceremony, &answer, STR("handle"), out);
}

static enum err try_get(struct ctx *c, struct authenticator *a,
	const struct webauthn_ceremony *ceremony, struct webauthn_credential *stored)
{
	struct webauthn_assertion answer;
	TRY(webauthn_assertion_read(c, authenticator_get(a, ceremony), &answer));
	return webauthn_assert(c, ceremony, &answer, stored);
}

/* An authenticator of "handle" with its lies, after it has told the truth once. */
struct known {
	struct authenticator *a;
	struct webauthn_ceremony ceremony;
	struct webauthn_credential stored;
};

static struct known known(struct ctx *c)
{
	struct known k = {
		.a = authenticator_make(c, COSE_ES256, "handle"), .ceremony = ceremony_of(c, true)};
	assert_ok(c, try_create(c, k.a, &k.ceremony, &k.stored));
	return k;
}

static void each_kind_of_key_signs_in(void **state)
{
	struct ctx *c = *state;
	static const enum cose_algorithm all[] = {COSE_ES256, COSE_EDDSA, COSE_RS256};
	for (size_t i = 0; i < 3; i++) {
		struct authenticator *a = authenticator_make(c, all[i], "handle");
		struct webauthn_ceremony first = ceremony_of(c, true);
		struct webauthn_credential stored;
		a->flags |= BE;
		assert_ok(c, try_create(c, a, &first, &stored));
		assert_true(str_eq(stored.id, a->id));
		assert_true(str_eq(stored.key, authenticator_key(a)));
		assert_str(stored.handle, "handle");
		assert_str(stored.transports, "internal usb");
		assert_memory_equal(stored.aaguid, "AAGUID of tests!", 16);
		assert_int_equal(stored.count, 1);
		assert_true(stored.backup_eligible && !stored.backed_up);
		a->flags |= BS;
		for (uint32_t count = 2; count < 5; count++) {
			struct webauthn_ceremony next = ceremony_of(c, true);
			assert_ok(c, try_get(c, a, &next, &stored));
			assert_int_equal(stored.count, count);
			assert_true(stored.backed_up);
		}
		authenticator_done(a);
	}
}

/* A security key after a password: no PIN, and nobody named. */
static void a_second_factor_need_not_say_who_it_is(void **state)
{
	struct ctx *c = *state;
	struct authenticator *a = authenticator_make(c, COSE_ES256, "");
	struct webauthn_ceremony second = ceremony_of(c, false), alone = ceremony_of(c, true);
	struct webauthn_credential stored;
	a->flags = UP;
	assert_ok(c, try_create(c, a, &second, &stored));
	assert_ok(c, try_get(c, a, &second, &stored));
	assert_err(c, try_create(c, a, &alone, &stored), ERR_INVALID);
	assert_err(c, try_get(c, a, &alone, &stored), ERR_UNAUTH);
	a->flags |= UV;
	assert_err(c, try_get(c, a, &alone, &stored), ERR_UNAUTH);
	a->handle = STR("handle");
	assert_ok(c, try_get(c, a, &alone, &stored));
	a->handle = STR("handlf");
	assert_err(c, try_get(c, a, &alone, &stored), ERR_UNAUTH);
	assert_err(c, try_get(c, a, &second, &stored), ERR_UNAUTH);
	authenticator_done(a);
}

/* Each is refused in both ceremonies, and with none the same is taken. */
static const struct lies lies[] = {
	{.type = "webauthn.got"},
	{.type = ""},
	{.origin = "https://git.example.org.evil.example"},
	{.origin = "https://git.example.org:8443"},
	{.origin = "http://git.example.org"},
	{.origin = "https://git.example.org/"},
	{.origin = "https://example.org"},
	{.origin = "null"},
	{.party = "example.org"},
	{.party = "evil.example"},
	{.party = ""},
	{.challenge = STR("0123456789abcdef0123456789abcdef")},
	{.challenge = STR("0")},
	{.members = ",\"crossOrigin\":true"},
	{.members = ",\"crossOrigin\":false,\"topOrigin\":\"https://evil.example\""},
	{.without = UP},
	{.without = UV},
	{.without = UP | UV},
};

static void lies_prove_nothing(void **state)
{
	struct ctx *c = *state;
	struct known k = known(c);
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		struct webauthn_credential none;
		k.a->lies = lies[i];
		assert_err(c, try_create(c, k.a, &k.ceremony, &none), ERR_INVALID);
		assert_err(c, try_get(c, k.a, &k.ceremony, &k.stored), ERR_UNAUTH);
		assert_int_equal(k.stored.count, 1);
	}
	k.a->lies = (struct lies){.members = ",\"other_keys\":[{}]"};
	assert_ok(c, try_get(c, k.a, &k.ceremony, &k.stored));
	k.a->lies = (struct lies){.members = ""};
	assert_ok(c, try_get(c, k.a, &k.ceremony, &k.stored));
	authenticator_done(k.a);
}

/* A registration is no sign-in, nor the other way round. */
static void the_ceremonies_are_two(void **state)
{
	struct ctx *c = *state;
	struct known k = known(c);
	struct webauthn_credential none;
	k.a->lies.type = "webauthn.get";
	assert_err(c, try_create(c, k.a, &k.ceremony, &none), ERR_INVALID);
	k.a->lies.type = "webauthn.create";
	assert_err(c, try_get(c, k.a, &k.ceremony, &k.stored), ERR_UNAUTH);
	authenticator_done(k.a);
}

static void bytes_that_make_no_sense_are_invalid(void **state)
{
	struct ctx *c = *state;
	struct known k = known(c);
	static const struct lies broken[] = {
		{.members = ",\"crossOrigin\":\"no\""},
		{.members = ",\"origin\":\"https://git.example.org\""},
		{.members = ","},
		{.after = STR("x")},
		{.cut = 1},
		{.with = ED},
		{.with = ED, .after = STR("\x80")},
		{.with = ED, .after = STR("\xa1\x61")},
		{.with = ED, .after = STR("\xbf\xff")},
		{.with = ED, .after = STR("\xa0x")},
		{.with = BS},
	};
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		struct webauthn_credential none;
		k.a->lies = broken[i];
		assert_err(c, try_create(c, k.a, &k.ceremony, &none), ERR_INVALID);
		assert_err(c, try_get(c, k.a, &k.ceremony, &k.stored), ERR_INVALID);
	}
	k.a->lies = (struct lies){.with = ED, .after = STR("\xa1\x61\x61\x01")};
	assert_ok(c, try_get(c, k.a, &k.ceremony, &k.stored));
	authenticator_done(k.a);
}

static void no_cut_of_the_data_is_taken(void **state)
{
	struct ctx *c = *state;
	struct known k = known(c);
	struct webauthn_credential none;
	size_t whole = authenticator_data(k.a, &k.ceremony, true).len;
	for (k.a->lies.cut = 1; k.a->lies.cut <= whole; k.a->lies.cut++)
		assert_err(c, try_create(c, k.a, &k.ceremony, &none), ERR_INVALID);
	for (k.a->lies.cut = 1; k.a->lies.cut <= 37; k.a->lies.cut++)
		assert_err(c, try_get(c, k.a, &k.ceremony, &k.stored), ERR_INVALID);
	authenticator_done(k.a);
}

static void a_registration_has_a_key_and_one_id(void **state)
{
	struct ctx *c = *state;
	struct known k = known(c);
	struct webauthn_credential none;
	k.a->lies.without = AT;
	assert_err(c, try_create(c, k.a, &k.ceremony, &none), ERR_INVALID);
	k.a->lies = (struct lies){.id = STR("another")};
	assert_err(c, try_create(c, k.a, &k.ceremony, &none), ERR_INVALID);
	k.a->lies = (struct lies){.key = STR("\xa2\x01\x02\x03\x38\x22")};
	assert_err(c, try_create(c, k.a, &k.ceremony, &none), ERR_UNSUPPORTED);
	k.a->lies = (struct lies){.key = STR("\xa1\x01\x02")};
	assert_err(c, try_create(c, k.a, &k.ceremony, &none), ERR_INVALID);
	authenticator_done(k.a);
}

/* What the data says by itself, with no browser's answer to compare it with. */
static enum err register_data(struct ctx *c, struct authenticator *a, struct str id, bool attested)
{
	struct webauthn_ceremony ceremony = ceremony_of(c, true);
	struct webauthn_credential none;
	a->id = id;
	struct str data = authenticator_data(a, &ceremony, attested);
	struct webauthn_registration answer = {.id = id,
		.client_data = client_data(a, &ceremony, "webauthn.create"),
		.attestation = attestation_object(a, data)};
	return webauthn_register(c, &ceremony, &answer, STR("handle"), &none);
}

static void an_id_has_a_length(void **state)
{
	struct ctx *c = *state;
	struct known k = known(c);
	char longest[WEBAUTHN_ID_MAX + 1] = {7};
	assert_ok(c, register_data(c, k.a, STR("x"), true));
	assert_ok(c, register_data(c, k.a, str_from(longest, WEBAUTHN_ID_MAX), true));
	assert_err(c, register_data(c, k.a, str_from(longest, WEBAUTHN_ID_MAX + 1), true),
		ERR_INVALID);
	assert_err(c, register_data(c, k.a, STR(""), true), ERR_INVALID);
	assert_err(c, register_data(c, k.a, STR(""), false), ERR_INVALID);
	authenticator_done(k.a);
}

/* {"fmt", "attStmt", "authData"} with one thing changed. */
static struct str object_of(
	struct ctx *c, struct str data, const char *head, const char *statement, const char *tail)
{
	struct buf b = {.arena = c->arena};
	char *bytes = arena_raw(c->arena, 64);
	const char *const parts[] = {head, statement};
	for (size_t i = 0; i < 2; i++) {
		assert_true(hex_decode(parts[i], strlen(parts[i]) / 2, bytes));
		buf_bytes(&b, bytes, strlen(parts[i]) / 2);
	}
	put_string(&b, 3, STR("authData"));
	put_string(&b, 2, data);
	buf_cstr(&b, tail);
	return buf_view(&b);
}

static void attestation_objects_are_whole(void **state)
{
	struct ctx *c = *state;
	struct known k = known(c);
	struct str data = authenticator_data(k.a, &k.ceremony, true);
	struct webauthn_credential none;
	static const struct {
		const char *head, *statement, *tail;
		enum err want;
	} all[] = {
		/* "fmt": "none", "attStmt": … */
		{"a363666d74646e6f6e65", "6761747453746d74a0", "", OK},
		/* a statement is read past, whatever it says */
		{"a363666d74646e6f6e65", "6761747453746d74a20102", "", ERR_INVALID},
		{"a363666d74667061636b6564", "6761747453746d74a263616c672663736967820102", "", OK},
		/* another order */
		{"a3", "6761747453746d74a063666d74646e6f6e65", "", OK},
		/* something more */
		{"a463666d74646e6f6e65", "6761747453746d74a0626570f5", "", OK},
		/* of another kind, twice, missing, of indefinite length, cut, longer */
		{"a363666d74646e6f6e65", "6761747453746d7480", "", ERR_INVALID},
		{"a363666d74446e6f6e65", "6761747453746d74a0", "", ERR_INVALID},
		{"a463666d74646e6f6e6563666d74646e6f6e65", "6761747453746d74a0", "", ERR_INVALID},
		{"a263666d74646e6f6e65", "", "", ERR_INVALID},
		{"a2", "6761747453746d74a0", "", ERR_INVALID},
		{"bf63666d74646e6f6e65", "6761747453746d74a0", "\xff", ERR_INVALID},
		{"a463666d74646e6f6e65", "6761747453746d74a0", "", ERR_INVALID},
		{"a263666d74646e6f6e65", "6761747453746d74a0", "", ERR_INVALID},
		{"a363666d74646e6f6e65", "6761747453746d74a0", "\xf6", ERR_INVALID},
		{"b800", "", "", ERR_INVALID},
		{"8363666d74646e6f6e65", "6761747453746d74a0", "", ERR_INVALID},
		{"d9d9f7a363666d74646e6f6e65", "6761747453746d74a0", "", ERR_INVALID},
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		k.a->lies.object = object_of(c, data, all[i].head, all[i].statement, all[i].tail);
		if (all[i].want)
			assert_err(c, try_create(c, k.a, &k.ceremony, &none), all[i].want);
		else
			assert_ok(c, try_create(c, k.a, &k.ceremony, &none));
	}
	authenticator_done(k.a);
}

static void another_key_signs_nobody_in(void **state)
{
	struct ctx *c = *state;
	struct known k = known(c);
	struct authenticator *other = authenticator_make(c, COSE_ES256, "handle");
	k.a->lies.signer = other->key;
	assert_err(c, try_get(c, k.a, &k.ceremony, &k.stored), ERR_UNAUTH);
	assert_err(c, try_get(c, other, &k.ceremony, &k.stored), ERR_UNAUTH);
	other->id = k.a->id;
	assert_err(c, try_get(c, other, &k.ceremony, &k.stored), ERR_UNAUTH);
	k.a->lies.signer = NULL;
	k.stored.id = STR("another");
	assert_err(c, try_get(c, k.a, &k.ceremony, &k.stored), ERR_UNAUTH);
	authenticator_done(k.a);
	authenticator_done(other);
}

/* What was signed is the data and the client data, and no byte of them may change. */
static void an_assertion_of_another_moment_proves_nothing(void **state)
{
	struct ctx *c = *state;
	struct known k = known(c);
	struct webauthn_assertion first, second;
	assert_ok(c, webauthn_assertion_read(c, authenticator_get(k.a, &k.ceremony), &first));
	assert_ok(c, webauthn_assertion_read(c, authenticator_get(k.a, &k.ceremony), &second));
	struct webauthn_assertion mixed = first;
	mixed.signature = second.signature;
	assert_err(c, webauthn_assert(c, &k.ceremony, &mixed, &k.stored), ERR_UNAUTH);
	mixed = first;
	mixed.authenticator_data = second.authenticator_data;
	assert_err(c, webauthn_assert(c, &k.ceremony, &mixed, &k.stored), ERR_UNAUTH);
	struct webauthn_ceremony later = ceremony_of(c, true);
	assert_err(c, webauthn_assert(c, &later, &first, &k.stored), ERR_UNAUTH);
	assert_ok(c, webauthn_assert(c, &k.ceremony, &first, &k.stored));
	authenticator_done(k.a);
}

static void a_count_that_goes_back_is_denied(void **state)
{
	struct ctx *c = *state;
	struct known k = known(c);
	k.a->count = 9;
	assert_ok(c, try_get(c, k.a, &k.ceremony, &k.stored));
	assert_int_equal(k.stored.count, 10);
	static const uint32_t back[] = {10, 9, 1, 0};
	for (size_t i = 0; i < sizeof back / sizeof *back; i++) {
		k.a->count = back[i] - 1;
		assert_err(c, try_get(c, k.a, &k.ceremony, &k.stored), ERR_DENIED);
		assert_int_equal(k.stored.count, 10);
	}
	/* a wrong signature says nothing about counts */
	k.a->lies.signer = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	assert_err(c, try_get(c, k.a, &k.ceremony, &k.stored), ERR_UNAUTH);
	EVP_PKEY_free(k.a->lies.signer);
	authenticator_done(k.a);
}

static void one_that_does_not_count_says_so_with_zero(void **state)
{
	struct ctx *c = *state;
	struct authenticator *a = authenticator_make(c, COSE_EDDSA, "handle");
	struct webauthn_ceremony ceremony = ceremony_of(c, true);
	struct webauthn_credential stored;
	a->count = 0;
	assert_ok(c, try_create(c, a, &ceremony, &stored));
	for (int i = 0; i < 3; i++) {
		a->count = UINT32_MAX;
		assert_ok(c, try_get(c, a, &ceremony, &stored));
		assert_int_equal(stored.count, 0);
	}
	authenticator_done(a);
}

static void what_may_be_copied_stays_what_may_be_copied(void **state)
{
	struct ctx *c = *state;
	struct known k = known(c);
	k.a->flags |= BE;
	assert_err(c, try_get(c, k.a, &k.ceremony, &k.stored), ERR_UNAUTH);
	k.stored.backup_eligible = true;
	assert_ok(c, try_get(c, k.a, &k.ceremony, &k.stored));
	k.a->flags &= ~(unsigned)BE;
	assert_err(c, try_get(c, k.a, &k.ceremony, &k.stored), ERR_UNAUTH);
	authenticator_done(k.a);
}

static void a_stored_key_that_is_none_is_damaged(void **state)
{
	struct ctx *c = *state;
	struct known k = known(c);
	k.stored.key.len--;
	assert_err(c, try_get(c, k.a, &k.ceremony, &k.stored), ERR_DAMAGED);
	k.stored.key = STR("");
	assert_err(c, try_get(c, k.a, &k.ceremony, &k.stored), ERR_DAMAGED);
	struct buf longer = {.arena = c->arena};
	buf_str(&longer, authenticator_key(k.a));
	buf_byte(&longer, 0);
	k.stored.key = buf_view(&longer);
	assert_err(c, try_get(c, k.a, &k.ceremony, &k.stored), ERR_DAMAGED);
	authenticator_done(k.a);
}

#define WHOLE                                                                    \
	",\"response\":{\"clientDataJSON\":\"AA\",\"attestationObject\":\"AA\"," \
	"\"authenticatorData\":"                                                 \
	"\"AA\",\"signature\":\"AA\"}}"

static void answers_that_are_none_are_refused(void **state)
{
	struct ctx *c = *state;
	struct webauthn_registration r;
	struct webauthn_assertion a;
	static const char *const bad[] = {"", "{}", "[]", "null", "7", "{\"id\":\"AA\"}",
		"{\"id\":\"AA\",\"rawId\":\"AA\",\"type\":\"public-key\"}",
		"{\"id\":\"AA\",\"rawId\":\"AQ\",\"type\":\"public-key\",\"response\":{}}",
		"{\"id\":\"AA\",\"rawId\":\"AA\",\"type\":\"password\",\"response\":{}}",
		"{\"id\":\"AA\",\"rawId\":\"AA\",\"type\":7,\"response\":{}}",
		"{\"id\":\"AA\",\"rawId\":\"AA\",\"type\":\"public-key\",\"response\":7}",
		"{\"id\":\"AA\",\"rawId\":\"AA\",\"type\":\"public-key\",\"response\":{}}",
		"{\"id\":\"\",\"rawId\":\"\",\"type\":\"public-key\",\"response\":{}}",
		"{\"id\":\"AB\",\"rawId\":\"AB\",\"type\":\"public-key\",\"response\":{}}",
		"{\"id\":\"AA==\",\"rawId\":\"AA==\",\"type\":\"public-key\",\"response\":{}}",
		/* whole, but for the two ids, the type, and what follows */
		"{\"id\":\"AA\",\"rawId\":\"AQ\",\"type\":\"public-key\"" WHOLE,
		"{\"id\":\"AA\",\"rawId\":\"AA\",\"type\":\"password\"" WHOLE,
		"{\"id\":\"AA\",\"rawId\":\"AA\"" WHOLE,
		"{\"id\":\"AA\",\"rawId\":\"AA\",\"type\":\"public-key\"" WHOLE "x",
		"{\"id\":\"AA\",\"rawId\":\"AA\",\"type\":\"public-key\",\"response\":{"
		"\"clientDataJSON\":\"AA\",\"attestationObject\":7,\"authenticatorData\":\"AA\","
		"\"signature\":null}}",
		"{\"id\":\"AA\",\"rawId\":\"AA\",\"type\":\"public-key\",\"response\":{"
		"\"clientDataJSON\":\"+/\",\"attestationObject\":\"AA\",\"authenticatorData\":"
		"\"AA\",\"signature\":\"AA\"}}"};
	static const struct str good =
		STR("{\"id\":\"AA\",\"rawId\":\"AA\",\"type\":\"public-key\"" WHOLE);
	assert_ok(c, webauthn_registration_read(c, good, &r));
	assert_ok(c, webauthn_assertion_read(c, good, &a));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_err(c, webauthn_registration_read(c, str_of(bad[i]), &r), ERR_INVALID);
		assert_err(c, webauthn_assertion_read(c, str_of(bad[i]), &a), ERR_INVALID);
	}
}

static struct str assertion_json(struct ctx *c, const char *member, size_t bytes)
{
	static const char *const members[] = {
		"clientDataJSON", "authenticatorData", "signature", "userHandle"};
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	char *many = arena_alloc(c->arena, bytes + 1);
	struct str id = str_from(many, strcmp(member, "id") == 0 ? bytes : 1);
	json_begin_object(&w);
	put_base64(&w, "id", id);
	put_base64(&w, "rawId", id);
	json_member_cstr(&w, "type", "public-key");
	json_key(&w, "response");
	json_begin_object(&w);
	for (size_t i = 0; i < 4; i++)
		put_base64(&w, members[i],
			str_from(many, strcmp(member, members[i]) == 0 ? bytes : 1));
	json_end_object(&w);
	json_end_object(&w);
	return buf_view(&b);
}

static void answers_have_a_size(void **state)
{
	struct ctx *c = *state;
	static const struct {
		const char *member;
		size_t max;
	} all[] = {{"id", WEBAUTHN_ID_MAX}, {"clientDataJSON", 8192}, {"authenticatorData", 8192},
		{"signature", 1024}, {"userHandle", WEBAUTHN_HANDLE_MAX}};
	struct webauthn_assertion a;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		const char *m = all[i].member;
		assert_ok(c, webauthn_assertion_read(c, assertion_json(c, m, all[i].max), &a));
		assert_err(c, webauthn_assertion_read(c, assertion_json(c, m, all[i].max + 1), &a),
			ERR_TOO_BIG);
	}
	struct str big = {arena_alloc(c->arena, WEBAUTHN_ANSWER_MAX + 1), WEBAUTHN_ANSWER_MAX + 1};
	assert_err(c, webauthn_assertion_read(c, big, &a), ERR_TOO_BIG);
}

static const char challenge_text[] = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";

static void options_are_what_browsers_parse(void **state)
{
	struct ctx *c = *state;
	struct webauthn_ceremony ceremony = {party, STR("0123456789abcdef0123456789abcdef"), true};
	struct webauthn_user user = {STR("handle"), STR("ada"), STR("Ada </script>")};
	struct webauthn_credential have[] = {
		{.id = STR("one"), .transports = STR("hybrid internal")}, {.id = STR("two")}};
	struct buf out = {.arena = c->arena};
	webauthn_creation_options(&out, &ceremony, &user, have, 2);
	struct json *options;
	assert_ok(c, json_parse(c, buf_view(&out), &options));
	assert_str(json_get(json_get(options, "rp"), "id")->text, "git.example.org");
	assert_str(json_get(json_get(options, "rp"), "name")->text, "Ada's \"git\"");
	assert_str(json_get(json_get(options, "user"), "id")->text, "aGFuZGxl");
	assert_str(json_get(options, "challenge")->text, challenge_text);
	assert_str(json_get(options, "attestation")->text, "none");
	const struct json *alg = json_get(options, "pubKeyCredParams")->first;
	assert_int_equal(json_get(alg, "alg")->integer, COSE_ES256);
	assert_int_equal(json_get(alg->next, "alg")->integer, COSE_EDDSA);
	assert_int_equal(json_get(alg->next->next, "alg")->integer, COSE_RS256);
	const struct json *one = json_get(options, "excludeCredentials")->first;
	assert_str(json_get(one, "id")->text, "b25l");
	assert_int_equal(json_get(one, "transports")->count, 2);
	assert_null(json_get(one->next, "transports"));
	const struct json *wish = json_get(options, "authenticatorSelection");
	assert_str(json_get(wish, "residentKey")->text, "required");
	assert_str(json_get(wish, "userVerification")->text, "required");
}

static void a_request_names_those_that_will_do(void **state)
{
	struct ctx *c = *state;
	struct webauthn_ceremony ceremony = {party, STR("0123456789abcdef0123456789abcdef"), false};
	struct webauthn_credential have[] = {{.id = STR("one"), .transports = STR("usb")}};
	struct buf out = {.arena = c->arena};
	webauthn_request_options(&out, &ceremony, have, 1);
	assert_str(buf_view(&out),
		"{\"challenge\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\",\"timeout\":300000"
		",\"rpId\":\"git.example.org\",\"allowCredentials\":[{\"type\":\"public-key\","
		"\"id\":"
		"\"b25l\",\"transports\":[\"usb\"]}],\"userVerification\":\"discouraged\"}");
	out.len = 0;
	ceremony.passkey = true;
	webauthn_request_options(&out, &ceremony, NULL, 0);
	assert_str(buf_view(&out),
		"{\"challenge\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\",\"timeout\":300000"
		",\"rpId\":\"git.example.org\",\"allowCredentials\":[],\"userVerification\":"
		"\"required\"}");
}

static void passkeys_are_of_a_domain(void **state)
{
	struct ctx *c = *state;
	static const struct {
		const char *origin, *id;
	} good[] = {{"https://git.example.org", "git.example.org"},
		{"https://Git.Example.org:8443", "git.example.org"},
		{"http://localhost:8080", "localhost"}, {"https://localhost", "localhost"},
		{"http://git.localhost:8080", "git.localhost"}, {"https://intranet", "intranet"},
		{"https://4chan.example", "4chan.example"}};
	static const char *const bad[] = {"http://git.example.org", "https://192.0.2.1",
		"https://192.0.2.1:443", "http://127.0.0.1:8080", "https://[::1]:8080",
		"http://[::1]:8080", "https://[::ffff:192.0.2.1]", "https://", "ftp://a.example",
		"", "https://:8443", "https://1", "http://localhost.evil.example",
		"http://notlocalhost"};
	struct webauthn_party p;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_ok(c, webauthn_party(c, str_of(good[i].origin), STR("n"), &p));
		assert_str(p.id, good[i].id);
	}
	assert_ok(c, webauthn_party(c, STR("https://Git.Example.org"), STR("n"), &p));
	assert_str(p.origin, "https://git.example.org");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_err(c, webauthn_party(c, str_of(bad[i]), STR("n"), &p), ERR_UNSUPPORTED);
}

static struct str bytes_of(struct ctx *c, const char *digits)
{
	size_t len = strlen(digits) / 2;
	char *bytes = arena_raw(c->arena, len + 1);
	assert_true(hex_decode(digits, len, bytes));
	return str_from(bytes, len);
}

/* Not every vector says that somebody was verified. */
static struct webauthn_ceremony ceremony_of_vector(struct ctx *c, const char *challenge)
{
	return (struct webauthn_ceremony){
		{STR("example.org"), STR("https://example.org"), STR("Example")},
		bytes_of(c, challenge), false};
}

static struct webauthn_assertion assertion_of(struct ctx *c, const struct webauthn_vector *v)
{
	return (struct webauthn_assertion){.id = bytes_of(c, v->id),
		.client_data = bytes_of(c, v->client),
		.authenticator_data = bytes_of(c, v->data),
		.signature = bytes_of(c, v->signature)};
}

static struct webauthn_credential register_vector(struct ctx *c, const struct webauthn_vector *v)
{
	struct webauthn_ceremony ceremony = ceremony_of_vector(c, v->asked);
	struct webauthn_registration answer = {.id = bytes_of(c, v->id),
		.client_data = bytes_of(c, v->created),
		.attestation = bytes_of(c, v->attestation)};
	struct webauthn_credential out;
	assert_ok(c, webauthn_register(c, &ceremony, &answer, STR("handle"), &out));
	assert_true(str_eq(out.key, bytes_of(c, v->key)));
	return out;
}

static void the_vectors_of_the_specification_are_taken(void **state)
{
	struct ctx *c = *state;
	for (size_t i = 0; i < sizeof webauthn_vectors / sizeof *webauthn_vectors; i++) {
		const struct webauthn_vector *v = &webauthn_vectors[i];
		struct webauthn_ceremony ceremony = ceremony_of_vector(c, v->challenge);
		struct webauthn_credential stored = {
			.id = bytes_of(c, v->id), .key = bytes_of(c, v->key)};
		if (v->attestation)
			stored = register_vector(c, v);
		struct webauthn_assertion answer = assertion_of(c, v);
		assert_ok(c, webauthn_assert(c, &ceremony, &answer, &stored));
		char *turned = str_dup(c->arena, answer.signature);
		turned[answer.signature.len - 1] ^= 1;
		answer.signature.at = turned;
		assert_err(c, webauthn_assert(c, &ceremony, &answer, &stored), ERR_UNAUTH);
	}
}

static void the_vector_of_another_sites_page_is_refused(void **state)
{
	struct ctx *c = *state;
	const struct webauthn_vector *v = &webauthn_vector_cross;
	struct webauthn_ceremony ceremony = ceremony_of_vector(c, v->challenge);
	struct webauthn_credential stored = {.id = bytes_of(c, v->id), .key = bytes_of(c, v->key)};
	struct webauthn_assertion answer = assertion_of(c, v);
	assert_err(c, webauthn_assert(c, &ceremony, &answer, &stored), ERR_UNAUTH);
	assert_non_null(strstr(c->error.text, "another site's page"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(each_kind_of_key_signs_in),
		UNIT_TEST(a_second_factor_need_not_say_who_it_is),
		UNIT_TEST(lies_prove_nothing),
		UNIT_TEST(the_ceremonies_are_two),
		UNIT_TEST(bytes_that_make_no_sense_are_invalid),
		UNIT_TEST(no_cut_of_the_data_is_taken),
		UNIT_TEST(a_registration_has_a_key_and_one_id),
		UNIT_TEST(an_id_has_a_length),
		UNIT_TEST(attestation_objects_are_whole),
		UNIT_TEST(another_key_signs_nobody_in),
		UNIT_TEST(an_assertion_of_another_moment_proves_nothing),
		UNIT_TEST(a_count_that_goes_back_is_denied),
		UNIT_TEST(one_that_does_not_count_says_so_with_zero),
		UNIT_TEST(what_may_be_copied_stays_what_may_be_copied),
		UNIT_TEST(a_stored_key_that_is_none_is_damaged),
		UNIT_TEST(answers_that_are_none_are_refused),
		UNIT_TEST(answers_have_a_size),
		UNIT_TEST(options_are_what_browsers_parse),
		UNIT_TEST(a_request_names_those_that_will_do),
		UNIT_TEST(passkeys_are_of_a_domain),
		UNIT_TEST(the_vectors_of_the_specification_are_taken),
		UNIT_TEST(the_vector_of_another_sites_page_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
