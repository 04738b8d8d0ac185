#include "wire/upload_pack.h"

#include "fetch_house.h"
#include "wire/advertise.h"

struct answer {
	enum err err;
	bool told;
	struct str text;
};

static struct answer ask(struct ctx *c, int version, struct buf *request)
{
	struct memory_sink out = memory_sink(c->arena);
	struct source_bytes from;
	struct fetch f;
	source_bytes_init(&from, request->at, request->len);
	assert_ok(c, fetch_open(c, core_of(c), &house_of(c)->owner, STR("r"), &f));
	struct upload_pack u = {
		.fetch = &f, .version = version, .from = &from.source, .to = &out.sink};
	enum err err = upload_pack_serve(c, &u);
	fetch_close(&f);
	return (struct answer){err, u.told, buf_view(&out.bytes)};
}

/* Cuts the expected packets off the answer, in the order in which they are in `want`. */
static void assert_begins(struct answer *a, const struct buf *want)
{
	if (!str_starts(a->text, buf_view(want)))
		fail_msg("the answer is \"%.*s\" instead of \"%.*s\"", STR_FMT(a->text),
			STR_FMT(buf_view(want)));
	a->text = str_from_index(a->text, want->len);
}

/* The rest is a pack in side-band 1, progress aside. */
static void assert_pack(const struct answer *a)
{
	assert_true(str_find_str(a->text, STR("\1PACK\0\0\0\2")) < a->text.len);
	assert_true(str_ends(a->text, STR("0000")));
}

static void version_0_negotiates_in_detail(void **state)
{
	struct ctx *c = *state;
	struct fetch_house *h = fetch_house(c);
	struct buf request = {.arena = c->arena}, want = request;
	const char *lost = "1111111111111111111111111111111111111111";
	pkt_fmt(&request, "want %s multi_ack_detailed no-done side-band-64k\n", h->hex[4]);
	pkt_flush(&request);
	pkt_fmt(&request, "have %s\n", lost);
	pkt_fmt(&request, "have %s\n", h->hex[1]);
	pkt_fmt(&request, "have %s\n", lost);
	pkt_flush(&request);
	struct answer a = ask(c, 0, &request);
	assert_int_equal(a.err, OK);
	pkt_fmt(&want, "ACK %s common\n", h->hex[1]);
	pkt_fmt(&want, "ACK %s ready\n", lost);
	pkt_fmt(&want, "NAK\n");
	pkt_fmt(&want, "ACK %s\n", h->hex[1]);
	assert_begins(&a, &want);
	assert_pack(&a);
}

static void version_0_says_nak_until_something_is_shared(void **state)
{
	struct ctx *c = *state;
	struct fetch_house *h = fetch_house(c);
	struct buf request = {.arena = c->arena}, want = request;
	pkt_fmt(&request, "want %s multi_ack_detailed\n", h->hex[4]);
	pkt_flush(&request);
	pkt_fmt(&request, "have %s\n", "1111111111111111111111111111111111111111");
	pkt_flush(&request);
	struct answer a = ask(c, 0, &request);
	pkt_fmt(&want, "NAK\n");
	assert_begins(&a, &want);
	assert_int_equal(a.text.len, 0);
}

static void version_0_without_side_band_sends_the_bare_pack(void **state)
{
	struct ctx *c = *state;
	struct fetch_house *h = fetch_house(c);
	struct buf request = {.arena = c->arena}, want = request;
	pkt_fmt(&request, "want %s\n", h->hex[0]);
	pkt_flush(&request);
	pkt_fmt(&request, "done\n");
	struct answer a = ask(c, 0, &request);
	pkt_fmt(&want, "NAK\n");
	buf_bytes(&want, "PACK\0\0\0\2\0\0\0\3", 12);
	assert_begins(&a, &want);
}

static void version_0_tells_the_shallow_commits_first(void **state)
{
	struct ctx *c = *state;
	struct fetch_house *h = fetch_house(c);
	struct buf request = {.arena = c->arena}, want = request;
	pkt_fmt(&request, "want %s side-band-64k\n", h->hex[4]);
	pkt_fmt(&request, "deepen 2\n");
	pkt_flush(&request);
	struct answer a = ask(c, 0, &request);
	pkt_fmt(&want, "shallow %s\n", h->hex[3]);
	pkt_flush(&want);
	assert_begins(&a, &want);
	assert_int_equal(a.text.len, 0);
	pkt_fmt(&request, "done\n");
	a = ask(c, 0, &request);
	pkt_fmt(&want, "NAK\n");
	assert_begins(&a, &want);
	assert_pack(&a);
}

static void version_2_lists_refs(void **state)
{
	struct ctx *c = *state;
	struct fetch_house *h = fetch_house(c);
	struct buf request = {.arena = c->arena}, want = request;
	pkt_fmt(&request, "command=ls-refs\n");
	pkt_delim(&request);
	pkt_fmt(&request, "peel\n");
	pkt_fmt(&request, "symrefs\n");
	pkt_flush(&request);
	struct answer a = ask(c, 2, &request);
	pkt_fmt(&want, "%s HEAD symref-target:refs/heads/main\n", h->hex[4]);
	pkt_fmt(&want, "%s refs/heads/main\n", h->hex[4]);
	pkt_fmt(&want, "%s refs/heads/old\n", h->hex[1]);
	pkt_fmt(&want, "%s refs/tags/v1 peeled:%s\n", h->tag_hex, h->hex[2]);
	pkt_flush(&want);
	assert_begins(&a, &want);
	request.len = want.len = 0;
	pkt_fmt(&request, "command=ls-refs\n");
	pkt_delim(&request);
	pkt_fmt(&request, "ref-prefix refs/heads/o\n");
	pkt_flush(&request);
	a = ask(c, 2, &request);
	pkt_fmt(&want, "%s refs/heads/old\n", h->hex[1]);
	pkt_flush(&want);
	assert_begins(&a, &want);
	assert_int_equal(a.text.len, 0);
}

static void version_2_answers_in_sections(void **state)
{
	struct ctx *c = *state;
	struct fetch_house *h = fetch_house(c);
	struct buf request = {.arena = c->arena}, want = request;
	pkt_fmt(&request, "command=fetch");
	pkt_delim(&request);
	pkt_fmt(&request, "want-ref refs/heads/main");
	pkt_fmt(&request, "have %s", h->hex[0]);
	pkt_fmt(&request, "deepen 2");
	pkt_flush(&request);
	struct answer a = ask(c, 2, &request);
	pkt_fmt(&want, "acknowledgments\n");
	pkt_fmt(&want, "ACK %s\n", h->hex[0]);
	pkt_fmt(&want, "ready\n");
	pkt_delim(&want);
	pkt_fmt(&want, "shallow-info\n");
	pkt_fmt(&want, "shallow %s\n", h->hex[3]);
	pkt_delim(&want);
	pkt_fmt(&want, "wanted-refs\n");
	pkt_fmt(&want, "%s refs/heads/main\n", h->hex[4]);
	pkt_delim(&want);
	pkt_fmt(&want, "packfile\n");
	assert_begins(&a, &want);
	assert_pack(&a);
}

static void version_2_waits_for_done_when_asked(void **state)
{
	struct ctx *c = *state;
	struct fetch_house *h = fetch_house(c);
	struct buf request = {.arena = c->arena}, want = request;
	pkt_fmt(&request, "command=fetch");
	pkt_delim(&request);
	pkt_fmt(&request, "wait-for-done");
	pkt_fmt(&request, "have %s", h->hex[0]);
	pkt_flush(&request);
	struct answer a = ask(c, 2, &request);
	pkt_fmt(&want, "acknowledgments\n");
	pkt_fmt(&want, "ACK %s\n", h->hex[0]);
	pkt_flush(&want);
	assert_begins(&a, &want);
	assert_int_equal(a.text.len, 0);
}

static void sideband_all_bands_all_lines(void **state)
{
	struct ctx *c = *state;
	struct fetch_house *h = fetch_house(c);
	struct buf request = {.arena = c->arena}, want = request;
	pkt_fmt(&request, "command=fetch");
	pkt_delim(&request);
	pkt_fmt(&request, "sideband-all");
	pkt_fmt(&request, "want %s", h->hex[4]);
	pkt_fmt(&request, "done");
	pkt_flush(&request);
	struct answer a = ask(c, 2, &request);
	pkt_fmt(&want, "\1packfile\n");
	assert_begins(&a, &want);
	assert_pack(&a);
}

static int64_t hurrying_clock(void)
{
	static int64_t now;
	return now += 1000000;
}

static void a_client_without_progress_is_kept_alive(void **state)
{
	struct ctx *c = *state;
	struct fetch_house *h = fetch_house(c);
	struct buf request = {.arena = c->arena}, want = request;
	struct world world = *c->world;
	pkt_fmt(&request, "command=fetch");
	pkt_delim(&request);
	pkt_fmt(&request, "want %s", h->hex[4]);
	pkt_fmt(&request, "no-progress");
	pkt_fmt(&request, "done");
	pkt_flush(&request);
	world.monotonic = hurrying_clock;
	c->world = &world;
	struct answer a = ask(c, 2, &request);
	c->world = &house_of(c)->world;
	pkt_fmt(&want, "packfile\n");
	buf_bytes(&want, "0005\1", 5);
	assert_begins(&a, &want);
	assert_pack(&a);
	assert_true(str_find_str(a.text, STR("\2Enumerating")) == a.text.len);
}

static void a_refusal_is_told_in_the_protocols_words(void **state)
{
	struct ctx *c = *state;
	struct buf request = {.arena = c->arena};
	const char *lost = "1111111111111111111111111111111111111111";
	fetch_house(c);
	pkt_fmt(&request, "command=fetch");
	pkt_delim(&request);
	pkt_fmt(&request, "want %s", lost);
	pkt_fmt(&request, "done");
	pkt_flush(&request);
	struct answer a = ask(c, 2, &request);
	assert_int_equal(a.err, ERR_NOT_FOUND);
	assert_true(a.told);
	struct buf want = {.arena = c->arena};
	pkt_fmt(&want, "ERR upload-pack: not our ref %s\n", lost);
	assert_begins(&a, &want);
	assert_int_equal(a.text.len, 0);
}

static struct str advertisement(struct ctx *c, int kind)
{
	struct memory_sink out = memory_sink(c->arena);
	struct fetch f;
	assert_ok(c, fetch_open(c, core_of(c), &house_of(c)->owner, STR("r"), &f));
	if (kind == 2)
		assert_ok(c, advertise_v2(c, HASH_SHA1, &out.sink));
	else if (kind == 1)
		assert_ok(c, advertise_receive_pack(
				     c, f.snapshot, HASH_SHA1, 0, (struct str){0}, &out.sink));
	else
		assert_ok(c, advertise_upload_pack(c, f.snapshot, 0, &out.sink));
	fetch_close(&f);
	return buf_view(&out.bytes);
}

static void refs_are_advertised_with_capabilities_on_the_first(void **state)
{
	struct ctx *c = *state;
	struct fetch_house *h = fetch_house(c);
	struct str text = advertisement(c, 0);
	assert_true(str_starts(
		str_from_index(text, 4), str_of(arena_fmt(c->arena, "%s HEAD", h->hex[4]))));
	assert_int_equal(text.at[4 + 40 + 5], 0);
	struct buf peeled = {.arena = c->arena};
	pkt_fmt(&peeled, "%s refs/tags/v1^{}\n", h->hex[2]);
	pkt_flush(&peeled);
	assert_true(str_ends(text, buf_view(&peeled)));
	assert_true(str_find_str(text, STR(" symref=HEAD:refs/heads/main")) < text.len);
	text = advertisement(c, 1);
	assert_true(str_find_str(text, STR("^{}")) == text.len);
	assert_true(str_find_str(text, STR("HEAD")) == text.len);
	assert_true(str_find_str(text, STR("report-status")) < text.len);
	text = advertisement(c, 2);
	assert_true(str_starts(text, STR("000eversion 2\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(version_0_negotiates_in_detail),
		HOUSE_TEST(version_0_says_nak_until_something_is_shared),
		HOUSE_TEST(version_0_without_side_band_sends_the_bare_pack),
		HOUSE_TEST(version_0_tells_the_shallow_commits_first),
		HOUSE_TEST(version_2_lists_refs),
		HOUSE_TEST(version_2_answers_in_sections),
		HOUSE_TEST(version_2_waits_for_done_when_asked),
		HOUSE_TEST(sideband_all_bands_all_lines),
		HOUSE_TEST(a_client_without_progress_is_kept_alive),
		HOUSE_TEST(a_refusal_is_told_in_the_protocols_words),
		HOUSE_TEST(refs_are_advertised_with_capabilities_on_the_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
