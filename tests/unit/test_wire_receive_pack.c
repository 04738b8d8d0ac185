#include "wire/receive_pack.h"

#include "core_house.h"
#include "git/pktline.h"
#include "pack_make.h"

struct kept {
	struct sink sink;
	struct buf bytes;
	const struct source_bytes *from; /* nobody reads before all of it was sent */
};

/* Like a connection, which looks whether its peer is there. */
static enum err keep(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	struct kept *k = (struct kept *)self;
	assert_int_equal(k->from->left, 0);
	buf_bytes(&k->bytes, bytes, len);
	return ctx_check(c);
}

static enum err read_little(struct ctx *c, struct source *self, void *into, size_t cap, size_t *got)
{
	struct source_bytes *s = (struct source_bytes *)self;
	(void)c;
	*got = cap < 100 ? cap : 100;
	if (*got > s->left)
		*got = s->left;
	memcpy(into, s->at, *got);
	s->at += *got;
	s->left -= *got;
	return OK;
}

/* Serves a push to "r" by the owner; *told is what the client gets. */
static enum err serve(struct ctx *c, struct str body, const char **told)
{
	struct arena arena, *own = c->arena;
	struct source_bytes from;
	struct kept to = {{.write = keep}, {.arena = own}, &from};
	source_bytes_init(&from, body.at, body.len);
	from.source.read = read_little;
	const struct receive_pack push = {
		core_of(c), &house_of(c)->owner, STR("r"), &from.source, &to.sink, true};
	arena_init(&arena);
	c->arena = &arena;
	enum err err = receive_pack_serve(c, &push);
	c->arena = own;
	arena_done(&arena);
	*told = buf_text(&to.bytes);
	return err;
}

static void ready(struct ctx *c)
{
	core_of(c)->limits.object_max = 1 << 20;
	core_of(c)->limits.pack_max = 1 << 20;
	core_of(c)->limits.pack_inline_max = 4096;
	core_of(c)->limits.push_refs_max = 3;
	core_of(c)->limits.fetch_lines_max = 5;
	house_repo(c, "r", VISIBILITY_PRIVATE);
}

#define ZERO "0000000000000000000000000000000000000000"
#define ONES "1111111111111111111111111111111111111111"

static struct str command(struct ctx *c, const char *ref, const char *caps)
{
	struct buf b = {.arena = c->arena};
	struct buf line = {.arena = c->arena};
	buf_fmt(&line, ONES " " ZERO " %s", ref);
	if (caps) {
		buf_byte(&line, 0);
		buf_cstr(&line, caps);
	}
	pkt_data(&b, buf_view(&line));
	return buf_view(&b);
}

static void what_is_no_push_is_the_transports_to_tell(void **state)
{
	struct ctx *c = *state;
	const char *told;
	ready(c);
	static const char *const bodies[] = {"nonsense", "0009hello", "0004", "00", "fff0x"};
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		assert_err(c, serve(c, str_of(bodies[i]), &told), ERR_INVALID);
		assert_string_equal(told, "");
		ctx_clear(c);
	}
	struct buf cut = {.arena = c->arena};
	buf_str(&cut, command(c, "refs/heads/x", NULL));
	assert_err(c, serve(c, buf_view(&cut), &told), ERR_INVALID);
	ctx_clear(c);
	struct buf odd = {.arena = c->arena};
	buf_str(&odd, command(c, "refs/heads/x", "object-format=md5"));
	assert_err(c, serve(c, buf_view(&odd), &told), ERR_UNSUPPORTED);
}

static void a_probe_gets_an_empty_answer(void **state)
{
	struct ctx *c = *state;
	const char *told;
	ready(c);
	assert_ok(c, serve(c, STR("0000"), &told));
	assert_string_equal(told, "");
	assert_ok(c, serve(c, STR(""), &told));
	assert_string_equal(told, "");
}

static void counts_are_limited(void **state)
{
	struct ctx *c = *state;
	const char *told;
	ready(c);
	struct buf many = {.arena = c->arena};
	for (int i = 0; i < 4; i++)
		buf_str(&many, command(c, arena_fmt(c->arena, "refs/heads/b%d", i), NULL));
	assert_err(c, serve(c, buf_view(&many), &told), ERR_TOO_BIG);
	ctx_clear(c);
	struct buf options = {.arena = c->arena};
	buf_str(&options, command(c, "refs/heads/x", "push-options"));
	pkt_flush(&options);
	for (int i = 0; i < 65; i++)
		pkt_data(&options, STR("o"));
	assert_err(c, serve(c, buf_view(&options), &told), ERR_TOO_BIG);
	ctx_clear(c);
	struct buf shallow = {.arena = c->arena};
	for (int i = 0; i < 7; i++)
		pkt_data(&shallow, STR("shallow " ONES));
	assert_err(c, serve(c, buf_view(&shallow), &told), ERR_TOO_BIG);
}

static void each_ref_has_its_line_in_the_report(void **state)
{
	struct ctx *c = *state;
	const char *told;
	ready(c);
	struct buf b = {.arena = c->arena};
	buf_str(&b, command(c, "refs/heads/gone", "report-status"));
	buf_str(&b, command(c, "refs/heads/a..b", NULL));
	pkt_flush(&b);
	assert_ok(c, serve(c, buf_view(&b), &told));
	assert_string_equal(told, "000eunpack ok\n"
				  "0017ok refs/heads/gone\n"
				  "0025ng refs/heads/a..b funny refname\n"
				  "0000");
}

static void on_a_side_band_the_report_is_band_one(void **state)
{
	struct ctx *c = *state;
	const char *told;
	ready(c);
	struct buf b = {.arena = c->arena};
	buf_str(&b, command(c, "refs/heads/gone", "report-status-v2 side-band-64k"));
	pkt_flush(&b);
	assert_ok(c, serve(c, buf_view(&b), &told));
	assert_string_equal(told, "002e\001000eunpack ok\n0017ok refs/heads/gone\n00000000");
}

static void a_push_certificate_is_refused_in_words(void **state)
{
	struct ctx *c = *state;
	const char *told;
	ready(c);
	struct buf b = {.arena = c->arena};
	pkt_fmt(&b, "push-cert%creport-status\n", 0);
	pkt_data(&b, STR("certificate version 0.1\n"));
	pkt_data(&b, STR("\n"));
	pkt_data(&b, STR(ZERO " " ONES " refs/heads/x\n"));
	pkt_data(&b, STR("-----BEGIN PGP SIGNATURE-----\n"));
	pkt_data(&b, STR("push-cert-end\n"));
	pkt_flush(&b);
	assert_ok(c, serve(c, buf_view(&b), &told));
	assert_non_null(strstr(told, "unpack push certificates are checked when an SSH key"));
	assert_non_null(strstr(told, "ng refs/heads/x unpacker error"));
	ctx_clear(c);
	b.len -= strlen("0012push-cert-end\n0000");
	assert_err(c, serve(c, buf_view(&b), &told), ERR_INVALID);
	ctx_clear(c);
	buf_cstr(&b, "0012push-cert-end\n");
	pkt_data(&b, STR(ZERO " " ONES " refs/heads/unsigned"));
	pkt_flush(&b);
	assert_err(c, serve(c, buf_view(&b), &told), ERR_INVALID);
}

static void a_missing_pack_is_told_and_no_ref_appears(void **state)
{
	struct ctx *c = *state;
	const char *told;
	ready(c);
	struct buf b = {.arena = c->arena};
	pkt_fmt(&b, ZERO " " ONES " refs/heads/x%creport-status", 0);
	pkt_flush(&b);
	assert_ok(c, serve(c, buf_view(&b), &told));
	assert_non_null(strstr(told, "unpack what was sent is no pack"));
	assert_non_null(strstr(told, "ng refs/heads/x unpacker error"));
}

enum { SLOW_DELTAS = 640 };

/* A push of a commit, and of many deltas of which nothing else is known. */
static struct str slow_push(struct ctx *c, const char *caps)
{
	struct pack_make m;
	struct oid blob, tree, commit;
	struct buf line = {.arena = c->arena}, b = {.arena = c->arena};
	char hex[OID_HEX_MAX];
	pack_make_init(&m, c->arena, HASH_SHA1);
	uint64_t base = pack_make_object(&m, OBJECT_BLOB, STR("hello"), &blob);
	tree_line(&line, "100644 a", &blob);
	pack_make_object(&m, OBJECT_TREE, buf_view(&line), &tree);
	pack_make_object(&m, OBJECT_COMMIT, commit_make(c->arena, &tree, NULL), &commit);
	for (int i = 0; i < SLOW_DELTAS; i++)
		pack_make_ofs_delta(
			&m, base, delta_append(c->arena, 5, arena_fmt(c->arena, "%d", i)));
	pkt_fmt(&b, ZERO " %s refs/heads/main%creport-status %s", oid_hex(&commit, hex), 0, caps);
	pkt_flush(&b);
	buf_str(&b, pack_make_end(&m));
	return buf_view(&b);
}

static int64_t step_of_clock, time_passed;

/* Time passes by being looked at. */
static int64_t passing(void)
{
	return time_passed += step_of_clock;
}

struct answer {
	int alive, words; /* packets with nothing in them; packets of progress */
	struct buf report;
};

/* Serves it while the clock moves by so many seconds whenever somebody looks. */
static struct answer serve_slowly(struct ctx *c, const char *caps, int seconds)
{
	struct answer out = {.report.arena = c->arena};
	struct world world = *c->world;
	const struct world *real = c->world;
	const char *told;
	world.monotonic = passing;
	step_of_clock = seconds * 1000000;
	c->world = &world;
	assert_ok(c, serve(c, slow_push(c, caps), &told));
	c->world = real;
	assert_null(c->working);
	struct source_bytes from;
	struct pkt_reader reader;
	enum pkt_kind kind;
	struct str packet;
	source_bytes_init(&from, told, strlen(told));
	pkt_reader_init(c, &reader, &from.source);
	for (;;) {
		assert_ok(c, pkt_read(c, &reader, &kind, &packet));
		if (kind != PKT_DATA)
			break;
		out.alive += packet.len == 1 && packet.at[0] == BAND_DATA;
		out.words += packet.at[0] == BAND_PROGRESS;
		if (packet.at[0] == BAND_DATA)
			buf_str(&out.report, str_from_index(packet, 1));
	}
	assert_int_equal(kind, PKT_FLUSH);
	return out;
}

static void a_long_push_keeps_the_connection_alive(void **state)
{
	struct ctx *c = *state;
	static const char done[] = "000eunpack ok\n0017ok refs/heads/main\n0000";
	ready(c);
	core_of(c)->limits.push_objects_max = 10000;
	/* 640 deltas are ten times to look at the clock, and other things are too. */
	struct answer slow = serve_slowly(c, "side-band-64k quiet", 5);
	assert_true(slow.alive >= SLOW_DELTAS / 64);
	assert_int_equal(slow.words, 0);
	assert_str(buf_view(&slow.report), done);
	struct answer told = serve_slowly(c, "side-band-64k", 1);
	assert_true(told.words > 0);
	assert_str(buf_view(&told.report), done);
	struct answer quick = serve_slowly(c, "side-band-64k quiet", 0);
	assert_int_equal(quick.alive, 0);
}

static void without_a_side_band_nothing_is_told_meanwhile(void **state)
{
	struct ctx *c = *state;
	const char *told;
	struct world world = *c->world;
	ready(c);
	core_of(c)->limits.push_objects_max = 10000;
	world.monotonic = passing;
	step_of_clock = 5000000;
	c->world = &world;
	assert_ok(c, serve(c, slow_push(c, ""), &told));
	assert_string_equal(told, "000eunpack ok\n0017ok refs/heads/main\n0000");
}

static void capabilities_name_the_format(void **state)
{
	struct ctx *c = *state;
	struct buf b = {.arena = c->arena};
	receive_pack_capabilities(&b, HASH_SHA256, (struct str){0});
	assert_true(str_ends(buf_view(&b), STR(" object-format=sha256")));
	assert_non_null(strstr(buf_text(&b), "report-status-v2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(what_is_no_push_is_the_transports_to_tell),
		HOUSE_TEST(a_probe_gets_an_empty_answer),
		HOUSE_TEST(counts_are_limited),
		HOUSE_TEST(each_ref_has_its_line_in_the_report),
		HOUSE_TEST(on_a_side_band_the_report_is_band_one),
		HOUSE_TEST(a_push_certificate_is_refused_in_words),
		HOUSE_TEST(a_missing_pack_is_told_and_no_ref_appears),
		HOUSE_TEST(a_long_push_keeps_the_connection_alive),
		HOUSE_TEST(without_a_side_band_nothing_is_told_meanwhile),
		HOUSE_TEST(capabilities_name_the_format),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
