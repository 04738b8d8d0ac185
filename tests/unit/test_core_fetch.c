#include "fetch_house.h"

static enum err open_as(struct ctx *c, const struct actor *who, const char *name, struct fetch *f)
{
	return fetch_open(c, core_of(c), who, str_of(name), f);
}

/* Sends what was asked; returns how many objects the pack says that it has. */
static uint32_t objects_sent(struct ctx *c, struct fetch *f)
{
	struct memory_sink out = memory_sink(c->arena), told = memory_sink(c->arena);
	assert_ok(c, fetch_send(c, f, &out.sink, &told.sink));
	assert_memory_equal(out.bytes.at, "PACK", 4);
	uint32_t count = get_be32(out.bytes.at + 8);
	const char *total = arena_fmt(c->arena, "Total %u (delta 0)", count);
	assert_true(str_find_str(buf_view(&told.bytes), str_of(total)) < told.bytes.len);
	return count;
}

static void who_may_not_read_finds_nothing(void **state)
{
	struct ctx *c = *state;
	struct fetch f;
	struct actor nobody = ACTOR_ANONYMOUS, eve = house_person(c, "eve");
	fetch_house(c);
	assert_err(c, open_as(c, &nobody, "r", &f), ERR_UNAUTH);
	assert_err(c, open_as(c, &nobody, "none", &f), ERR_UNAUTH);
	assert_err(c, open_as(c, &eve, "r", &f), ERR_NOT_FOUND);
	assert_err(c, open_as(c, &eve, "none", &f), ERR_NOT_FOUND);
	assert_ok(c, open_as(c, &house_of(c)->owner, "r", &f));
	fetch_close(&f);
}

static bool has(struct ctx *c, struct fetch *f, const struct oid *id)
{
	bool here;
	assert_ok(c, fetch_have(c, f, id, &here));
	return here;
}

static void what_is_wanted_is_sent_but_for_what_is_there(void **state)
{
	struct ctx *c = *state;
	struct fetch_house *h = fetch_house(c);
	for (int have = -1; have < 5; have++) {
		struct fetch f;
		assert_ok(c, open_as(c, &house_of(c)->owner, "r", &f));
		assert_ok(c, fetch_want(c, &f, &h->commits[4]));
		if (have >= 0)
			assert_true(has(c, &f, &h->commits[have]));
		assert_int_equal(objects_sent(c, &f), (unsigned)(4 - have) * 3);
		fetch_close(&f);
	}
}

static void tags_go_along_when_asked(void **state)
{
	struct ctx *c = *state;
	struct fetch_house *h = fetch_house(c);
	for (int have = 0; have < 4; have++) {
		struct fetch f;
		assert_ok(c, open_as(c, &house_of(c)->owner, "r", &f));
		f.include_tag = true;
		assert_ok(c, fetch_want(c, &f, &h->commits[4]));
		assert_true(has(c, &f, &h->commits[have]));
		assert_int_equal(
			objects_sent(c, &f), (unsigned)(4 - have) * 3 + (have < 2 ? 1 : 0));
		fetch_close(&f);
	}
}

static void names_and_ids_that_are_not_there_are_refused(void **state)
{
	struct ctx *c = *state;
	struct fetch_house *h = fetch_house(c);
	struct fetch f;
	struct oid id, none = oid_zero(HASH_SHA1);
	assert_ok(c, open_as(c, &house_of(c)->owner, "r", &f));
	assert_err(c, fetch_want(c, &f, &none), ERR_NOT_FOUND);
	assert_false(has(c, &f, &none));
	assert_err(c, fetch_want_ref(c, &f, STR("refs/heads/none"), &id), ERR_NOT_FOUND);
	assert_ok(c, fetch_want_ref(c, &f, STR("HEAD"), &id));
	assert_true(oid_eq(&id, &h->commits[4]));
	assert_err(c, fetch_deepen_not(c, &f, STR("nothing")), ERR_NOT_FOUND);
	assert_ok(c, fetch_deepen_not(c, &f, STR("v1")));
	assert_ok(c, fetch_deepen_not(c, &f, STR("old")));
	assert_true(oid_eq(&f.nots.at[0], &h->tag) && oid_eq(&f.nots.at[1], &h->commits[1]));
	fetch_close(&f);
}

static enum err filter_by(struct ctx *c, struct fetch *f, const char *spec)
{
	struct filter filter = FILTER_ALL;
	assert_ok(c, filter_parse(c, str_of(spec), &filter));
	return fetch_filter(c, f, &filter);
}

static void sparse_patterns_are_found_as_git_finds_them(void **state)
{
	struct ctx *c = *state;
	struct fetch_house *h = fetch_house(c);
	const struct {
		const char *name;
		enum err err;
	} rows[] = {{"main:file", OK}, {"HEAD:file", OK}, {"refs/heads/old:file", OK},
		{"heads/old:file", OK}, {"v1:file", OK}, {"tags/v1:file", OK},
		{arena_fmt(c->arena, "%s:file", h->hex[3]), OK},
		{arena_fmt(c->arena, "%s:file", h->tag_hex), OK}, {"main:none", ERR_NOT_FOUND},
		{"main:file/x", ERR_NOT_FOUND}, {"main:./file", ERR_NOT_FOUND},
		{"none:file", ERR_NOT_FOUND}, {":file", ERR_NOT_FOUND},
		{"refs/nimbus/x:file", ERR_NOT_FOUND}, {"main~1:file", ERR_NOT_FOUND},
		{"1111111111111111111111111111111111111111", ERR_NOT_FOUND},
		{"1111111111111111111111111111111111111111:file", ERR_NOT_FOUND},
		{"main:", ERR_INVALID}, {"main", ERR_INVALID}, {"v1", ERR_INVALID}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct fetch f;
		assert_ok(c, open_as(c, &house_of(c)->owner, "r", &f));
		enum err err = filter_by(c, &f, arena_fmt(c->arena, "sparse:oid=%s", rows[i].name));
		if (err != rows[i].err)
			fail_msg("%s: %s %s", rows[i].name, err_name(err), c->error.text);
		ctx_clear(c);
		fetch_close(&f);
	}
}

/* The file of the patterns is "text 4": of five blobs none matches. */
static void sparse_patterns_leave_blobs_out(void **state)
{
	struct ctx *c = *state;
	struct fetch_house *h = fetch_house(c);
	static const char *const specs[] = {
		"sparse:oid=main:file", "combine:sparse:oid=main:file+blob:none", "blob:limit=100"};
	for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
		struct fetch f;
		assert_ok(c, open_as(c, &house_of(c)->owner, "r", &f));
		assert_ok(c, fetch_want(c, &f, &h->commits[4]));
		assert_ok(c, filter_by(c, &f, specs[i]));
		assert_int_equal(f.patterns.len, i < 2);
		assert_int_equal(objects_sent(c, &f), i < 2 ? 10 : 15);
		fetch_close(&f);
	}
}

static void it_is_ready_once_a_shared_commit_is_known(void **state)
{
	struct ctx *c = *state;
	struct fetch_house *h = fetch_house(c);
	struct fetch f;
	bool ready = true;
	assert_ok(c, open_as(c, &house_of(c)->owner, "r", &f));
	assert_ok(c, fetch_want(c, &f, &h->commits[1]));
	assert_ok(c, fetch_ready(c, &f, &ready));
	assert_false(ready);
	assert_true(has(c, &f, &h->commits[4]));
	assert_ok(c, fetch_ready(c, &f, &ready));
	assert_false(ready);
	assert_true(has(c, &f, &h->commits[0]));
	assert_ok(c, fetch_ready(c, &f, &ready));
	assert_true(ready);
	fetch_close(&f);
}

static void a_shallow_client_is_deepened(void **state)
{
	struct ctx *c = *state;
	struct fetch_house *h = fetch_house(c);
	struct fetch f;
	struct oids shallow, unshallow;
	assert_ok(c, open_as(c, &house_of(c)->owner, "r", &f));
	assert_ok(c, fetch_want(c, &f, &h->commits[4]));
	assert_true(has(c, &f, &h->commits[4]));
	*vec_push(&f.shallow) = h->commits[4];
	f.depth = 3;
	assert_ok(c, fetch_shallow(c, &f, &shallow, &unshallow));
	assert_int_equal(shallow.len, 1);
	assert_true(oid_eq(&shallow.at[0], &h->commits[2]));
	assert_int_equal(unshallow.len, 1);
	assert_true(oid_eq(&unshallow.at[0], &h->commits[4]));
	assert_int_equal(objects_sent(c, &f), 6);
	fetch_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(who_may_not_read_finds_nothing),
		HOUSE_TEST(what_is_wanted_is_sent_but_for_what_is_there),
		HOUSE_TEST(tags_go_along_when_asked),
		HOUSE_TEST(names_and_ids_that_are_not_there_are_refused),
		HOUSE_TEST(sparse_patterns_are_found_as_git_finds_them),
		HOUSE_TEST(sparse_patterns_leave_blobs_out),
		HOUSE_TEST(it_is_ready_once_a_shared_commit_is_known),
		HOUSE_TEST(a_shallow_client_is_deepened),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
