#include "wire/upload_request.h"

#include "unit.h"

#define ID "1111111111111111111111111111111111111111"
#define ID2 "2222222222222222222222222222222222222222"

/* Packets: each text one, NULL a flush, "|" a delimiter; ends with "". */
static struct source *packets(struct ctx *c, const char *const *texts)
{
	struct buf b = {.arena = c->arena};
	struct source_bytes *from = NEW(c->arena, struct source_bytes);
	for (; !*texts || **texts; texts++) {
		if (!*texts)
			pkt_flush(&b);
		else if (strcmp(*texts, "|") == 0)
			pkt_delim(&b);
		else
			pkt_data(&b, str_of(*texts));
	}
	source_bytes_init(from, b.at, b.len);
	return &from->source;
}

#define PACKETS(...) packets(c, (const char *const[]){__VA_ARGS__, ""})

static enum err read_v0(struct ctx *c, struct upload_request *r, struct source *from)
{
	upload_request_init(c, r, HASH_SHA1, 20);
	return upload_request_v0(c, r, from);
}

static enum err read_v2(struct ctx *c, struct upload_request *r, struct source *from)
{
	upload_request_init(c, r, HASH_SHA1, 20);
	return upload_request_v2(c, r, from);
}

static void version_0_gives_wants_capabilities_and_haves(void **state)
{
	struct ctx *c = *state;
	struct upload_request r;
	assert_ok(
		c, read_v0(c, &r,
			   PACKETS("want " ID " multi_ack_detailed no-done side-band-64k thin-pack "
				   "ofs-delta include-tag deepen-relative agent=git/2 unknown\n",
				   "want " ID2 "\n", "shallow " ID "\n", "deepen 3\n",
				   "filter blob:none\n", NULL, "have " ID "\n", "have " ID2 "\n",
				   "done\n")));
	assert_int_equal(r.wants.len, 2);
	assert_int_equal(r.haves.len, 2);
	assert_int_equal(r.shallow.len, 1);
	assert_int_equal(r.depth, 3);
	assert_int_equal(r.multi_ack, MULTI_ACK_DETAILED);
	assert_int_equal(r.band_max, SIDE_BAND_DATA_MAX);
	assert_true(r.no_done && r.thin && r.ofs_delta && r.include_tag && r.relative && r.done);
	assert_true(!r.no_progress && r.filter.active && !r.no_round);
}

static void version_0_may_end_with_the_wants(void **state)
{
	struct ctx *c = *state;
	struct upload_request r;
	assert_ok(c, read_v0(c, &r, PACKETS(NULL)));
	assert_int_equal(r.wants.len, 0);
	assert_ok(c, read_v0(c, &r, PACKETS("want " ID " side-band", "deepen 1", NULL)));
	assert_true(r.no_round);
	assert_int_equal(r.band_max, SIDE_BAND_SMALL_MAX);
	assert_ok(c, read_v0(c, &r, PACKETS("want " ID, NULL, NULL)));
	assert_true(!r.no_round && !r.done);
	assert_ok(c, read_v0(c, &r, PACKETS("want " ID, NULL, "have " ID2, NULL)));
	assert_true(!r.no_round && !r.done && r.haves.len == 1);
}

static void version_0_refuses_what_makes_no_sense(void **state)
{
	struct ctx *c = *state;
	struct upload_request r;
	assert_err(c, read_v0(c, &r, PACKETS("want xyz", NULL)), ERR_INVALID);
	assert_err(c, read_v0(c, &r, PACKETS("want " ID "0", NULL)), ERR_INVALID);
	assert_err(c, read_v0(c, &r, PACKETS("hello", NULL)), ERR_INVALID);
	assert_err(c, read_v0(c, &r, PACKETS("want " ID, "hello", NULL)), ERR_INVALID);
	assert_err(c, read_v0(c, &r, PACKETS("want " ID)), ERR_INVALID);
	assert_err(c, read_v0(c, &r, PACKETS("want " ID, "deepen x", NULL)), ERR_INVALID);
	assert_err(c, read_v0(c, &r, PACKETS("want " ID, "deepen-since 0", NULL)), ERR_INVALID);
	assert_err(c, read_v0(c, &r, PACKETS("want " ID, NULL, "want " ID, NULL)), ERR_INVALID);
	assert_err(
		c, read_v0(c, &r, PACKETS("want " ID " object-format=sha256", NULL)), ERR_INVALID);
}

static void version_2_gives_each_commands_arguments(void **state)
{
	struct ctx *c = *state;
	struct upload_request r;
	assert_ok(c, read_v2(c, &r,
			     PACKETS("command=ls-refs\n", "agent=x", "object-format=sha1", "|",
				     "peel\n", "symrefs", "ref-prefix refs/heads/", NULL)));
	assert_str(r.command, "ls-refs");
	assert_true(r.peel && r.symrefs && !r.unborn && r.prefixes.len == 1);
	assert_ok(c, read_v2(c, &r,
			     PACKETS("command=fetch", "|", "want " ID, "want-ref refs/heads/x",
				     "have " ID2, "deepen-not v1", "deepen-since 7", "sideband-all",
				     "wait-for-done", NULL)));
	assert_true(r.banded && r.wait_for_done && !r.done && r.since == 7);
	assert_str(r.want_refs.at[0], "refs/heads/x");
	assert_str(r.nots.at[0], "v1");
	assert_int_equal(r.uri_protocols.len, 0);
	assert_ok(c,
		read_v2(c, &r, PACKETS("command=fetch", "|", "packfile-uris http,https\n", NULL)));
	assert_str(r.uri_protocols, "http,https");
	assert_ok(c, read_v2(c, &r, PACKETS("command=object-info", "|", "size", "oid " ID, NULL)));
	assert_true(r.size && r.objects.len == 1);
	assert_ok(c, read_v2(c, &r, PACKETS("command=ls-refs", NULL)));
	assert_ok(c, read_v2(c, &r, PACKETS(NULL)));
	assert_int_equal(r.command.len, 0);
}

static void version_2_refuses_what_makes_no_sense(void **state)
{
	struct ctx *c = *state;
	struct upload_request r;
	assert_err(c, read_v2(c, &r, PACKETS("command=fly", NULL)), ERR_UNSUPPORTED);
	assert_err(c, read_v2(c, &r, PACKETS("agent=x", NULL)), ERR_INVALID);
	assert_err(c, read_v2(c, &r, PACKETS("command=fetch", "command=fetch", NULL)), ERR_INVALID);
	assert_err(c, read_v2(c, &r, PACKETS("command=fetch", "odd=1", NULL)), ERR_INVALID);
	assert_err(c, read_v2(c, &r, PACKETS("command=fetch", "|", "odd", NULL)), ERR_INVALID);
	assert_err(c, read_v2(c, &r, PACKETS("command=fetch", "|", "packfile-uris", NULL)),
		ERR_INVALID);
	assert_err(
		c, read_v2(c, &r, PACKETS("command=ls-refs", "|", "want " ID, NULL)), ERR_INVALID);
	assert_err(c, read_v2(c, &r, PACKETS("command=fetch", "|", "done")), ERR_INVALID);
	assert_err(c, read_v2(c, &r, PACKETS("command=fetch", "object-format=md5", NULL)),
		ERR_INVALID);
}

static void too_many_lines_are_refused(void **state)
{
	struct ctx *c = *state;
	struct upload_request r;
	struct buf b = {.arena = c->arena};
	struct source_bytes from;
	pkt_fmt(&b, "want %s\n", ID);
	pkt_flush(&b);
	for (int i = 0; i < 30; i++)
		pkt_fmt(&b, "have %s\n", ID);
	source_bytes_init(&from, b.at, b.len);
	assert_err(c, read_v0(c, &r, &from.source), ERR_TOO_BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(version_0_gives_wants_capabilities_and_haves),
		UNIT_TEST(version_0_may_end_with_the_wants),
		UNIT_TEST(version_0_refuses_what_makes_no_sense),
		UNIT_TEST(version_2_gives_each_commands_arguments),
		UNIT_TEST(version_2_refuses_what_makes_no_sense),
		UNIT_TEST(too_many_lines_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
