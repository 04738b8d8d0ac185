#include "git/pktline.h"
#include "git/progress.h"

#include "unit.h"

#include "odb_make.h"

/* A source that gives `step` bytes at a time, as a network does. */
struct dripping {
	struct source source;
	struct str left;
	size_t step;
};

static enum err drip(struct ctx *c, struct source *self, void *into, size_t cap, size_t *got)
{
	struct dripping *d = (struct dripping *)self;
	(void)c;
	*got = d->step < cap ? d->step : cap;
	*got = *got < d->left.len ? *got : d->left.len;
	memcpy(into, d->left.at, *got);
	d->left = str_from_index(d->left, *got);
	return OK;
}

static void packets_are_read_however_they_come(void **state)
{
	struct ctx *c = *state;
	for (size_t step = 1; step < 9; step++) {
		struct dripping d = {{drip},
			STR("0009want\n0004"
			    "0005a00000001"
			    "0002PACK"),
			step};
		struct pkt_reader r;
		enum pkt_kind kind;
		struct str line;
		pkt_reader_init(c, &r, &d.source);
		assert_ok(c, pkt_read_line(c, &r, &kind, &line));
		assert_int_equal(kind, PKT_DATA);
		assert_str(line, "want");
		assert_ok(c, pkt_read_line(c, &r, &kind, &line));
		assert_int_equal(kind, PKT_DATA);
		assert_int_equal(line.len, 0);
		assert_ok(c, pkt_read(c, &r, &kind, &line));
		assert_str(line, "a");
		static const enum pkt_kind kinds[] = {PKT_FLUSH, PKT_DELIM, PKT_RESPONSE_END};
		for (size_t i = 0; i < 3; i++) {
			assert_ok(c, pkt_read(c, &r, &kind, &line));
			assert_int_equal(kind, kinds[i]);
		}
		char rest[8];
		assert_ok(c, source_read_all(c, pkt_reader_rest(c, &r), rest, 4));
		assert_memory_equal(rest, "PACK", 4);
	}
}

static void the_end_is_told_only_between_packets(void **state)
{
	static const char *const bad[] = {"0", "000", "0009wan", "0003", "zzzz", "-001", "fff1"};
	struct ctx *c = *state;
	struct pkt_reader r;
	enum pkt_kind kind;
	struct str line;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct source_bytes from;
		source_bytes_init(&from, bad[i], strlen(bad[i]));
		pkt_reader_init(c, &r, &from.source);
		assert_err(c, pkt_read(c, &r, &kind, &line), ERR_INVALID);
	}
	struct source_bytes from;
	source_bytes_init(&from, "0000", 4);
	pkt_reader_init(c, &r, &from.source);
	assert_ok(c, pkt_read(c, &r, &kind, &line));
	assert_ok(c, pkt_read(c, &r, &kind, &line));
	assert_int_equal(kind, PKT_EOF);
}

static void the_largest_packet_goes_through(void **state)
{
	struct ctx *c = *state;
	struct buf b = {.arena = c->arena};
	char *data = arena_alloc(c->arena, PKT_DATA_MAX);
	struct source_bytes from;
	struct pkt_reader r;
	enum pkt_kind kind;
	struct str got;
	memset(data, 'x', PKT_DATA_MAX);
	pkt_data(&b, str_from(data, PKT_DATA_MAX));
	pkt_fmt(&b, "%s %d\n", "next", 7);
	pkt_flush(&b);
	pkt_delim(&b);
	assert_memory_equal(b.at, "fff0", 4);
	source_bytes_init(&from, b.at, b.len);
	pkt_reader_init(c, &r, &from.source);
	assert_ok(c, pkt_read(c, &r, &kind, &got));
	assert_int_equal(got.len, PKT_DATA_MAX);
	assert_ok(c, pkt_read(c, &r, &kind, &got));
	assert_str(got, "next 7\n");
	assert_ok(c, pkt_read(c, &r, &kind, &got));
	assert_int_equal(kind, PKT_FLUSH);
	assert_ok(c, pkt_read(c, &r, &kind, &got));
	assert_int_equal(kind, PKT_DELIM);
}

static void a_side_band_frames_what_passes(void **state)
{
	struct ctx *c = *state;
	struct memory_sink to = memory_sink(c->arena);
	struct side_band band;
	side_band_init(&band, &to.sink, BAND_PROGRESS, 3);
	assert_ok(c, sink_write(c, &band.sink, "abcdefg", 7));
	assert_str(buf_view(&to.bytes), "0008\2abc0008\2def0006\2g");
}

static void a_side_band_frames_what_lies_elsewhere(void **state)
{
	struct ctx *c = *state;
	struct memory_sink to = memory_sink(c->arena);
	struct side_band band;
	struct extent_bytes from;
	extent_bytes_init(&from, "-abcdefg-", 9);
	side_band_init(&band, &to.sink, BAND_DATA, 3);
	assert_ok(c, sink_copy(c, &band.sink, &from.extent, 1, 7));
	assert_str(buf_view(&to.bytes), "0008\1abc0008\1def0006\1g");
}

/* Holds everything back until it is flushed. */
struct holding {
	struct sink sink;
	size_t held, sent;
};

static enum err hold(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	(void)c, (void)bytes;
	((struct holding *)self)->held += len;
	return OK;
}

static enum err let_go(struct ctx *c, struct sink *self)
{
	struct holding *h = (struct holding *)self;
	(void)c;
	h->sent += h->held;
	h->held = 0;
	return OK;
}

static void progress_goes_out_while_it_is_news(void **state)
{
	struct ctx *c = *state;
	struct holding to = {.sink = {.write = hold, .flush = let_go}};
	struct side_band band;
	struct progress progress = {.to = &band.sink};
	side_band_init(&band, &to.sink, BAND_PROGRESS, SIDE_BAND_DATA_MAX);
	progress_begin(c, &progress, "Counting objects", 0);
	assert_ok(c, progress_end(c, &progress, 7));
	assert_int_equal(to.held, 0);
	assert_int_equal(to.sent, strlen("0020\2Counting objects: 7, done.\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(packets_are_read_however_they_come),
		UNIT_TEST(the_end_is_told_only_between_packets),
		UNIT_TEST(the_largest_packet_goes_through),
		UNIT_TEST(a_side_band_frames_what_passes),
		UNIT_TEST(a_side_band_frames_what_lies_elsewhere),
		UNIT_TEST(progress_goes_out_while_it_is_news),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
