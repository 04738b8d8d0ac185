#include "git/pktline.h"

#include "base/hex.h"

enum { LENGTH_DIGITS = 4, PKT_MAX = LENGTH_DIGITS + PKT_DATA_MAX };

void pkt_reader_init(struct ctx *c, struct pkt_reader *r, struct source *from)
{
	*r = (struct pkt_reader){.from = from, .cap = PKT_MAX};
	r->buffer = arena_raw(c->arena, r->cap);
}

/* Makes at least `need` bytes lie from r->at on; *have: how many do. Less only at the end. */
static enum err want(struct ctx *c, struct pkt_reader *r, size_t need, size_t *have)
{
	if (r->end - r->at < need && r->at) {
		memmove(r->buffer, r->buffer + r->at, r->end - r->at);
		r->end -= r->at;
		r->at = 0;
	}
	while (r->end - r->at < need) {
		size_t got = 0;
		TRY(source_read(c, r->from, r->buffer + r->end, r->cap - r->end, &got));
		if (got == 0)
			break;
		r->end += got;
	}
	*have = r->end - r->at;
	return OK;
}

enum err pkt_read(struct ctx *c, struct pkt_reader *r, enum pkt_kind *kind, struct str *payload)
{
	static const enum pkt_kind special[] = {PKT_FLUSH, PKT_DELIM, PKT_RESPONSE_END};
	size_t have = 0;
	uint64_t len = 0;
	*payload = (struct str){0};
	TRY(want(c, r, LENGTH_DIGITS, &have));
	if (have == 0) {
		*kind = PKT_EOF;
		return OK;
	}
	if (have < LENGTH_DIGITS)
		return fail(c, ERR_INVALID, "the stream of packets ends within a length");
	if (!str_hex_to_u64(str_from(r->buffer + r->at, LENGTH_DIGITS), &len) || len > PKT_MAX ||
		len == 3)
		return fail(c, ERR_INVALID, "a packet has a bad length");
	if (len < 3) {
		*kind = special[len];
		r->at += LENGTH_DIGITS;
		return OK;
	}
	TRY(want(c, r, (size_t)len, &have));
	if (have < len)
		return fail(c, ERR_INVALID, "the stream of packets ends within a packet");
	*kind = PKT_DATA;
	*payload = str_from(r->buffer + r->at + LENGTH_DIGITS, (size_t)len - LENGTH_DIGITS);
	r->at += (size_t)len;
	return OK;
}

enum err pkt_read_line(struct ctx *c, struct pkt_reader *r, enum pkt_kind *kind, struct str *line)
{
	TRY(pkt_read(c, r, kind, line));
	str_skip_end(line, STR("\n"));
	return OK;
}

struct rest {
	struct source source;
	struct pkt_reader *reader;
};

static enum err rest_read(struct ctx *c, struct source *self, void *into, size_t cap, size_t *got)
{
	struct pkt_reader *r = ((struct rest *)self)->reader;
	size_t left = r->end - r->at;
	if (left == 0)
		return source_read(c, r->from, into, cap, got);
	*got = left < cap ? left : cap;
	memcpy(into, r->buffer + r->at, *got);
	r->at += *got;
	return OK;
}

struct source *pkt_reader_rest(struct ctx *c, struct pkt_reader *r)
{
	struct rest *rest = NEW(c->arena, struct rest);
	*rest = (struct rest){.source.read = rest_read, .reader = r};
	return &rest->source;
}

static void put_length(char *at, size_t len)
{
	uint8_t bytes[2] = {(uint8_t)(len >> 8), (uint8_t)len};
	hex_encode(bytes, sizeof bytes, at);
}

void pkt_data(struct buf *to, struct str payload)
{
	ASSERT(payload.len <= PKT_DATA_MAX);
	char length[LENGTH_DIGITS];
	put_length(length, payload.len + LENGTH_DIGITS);
	buf_bytes(to, length, sizeof length);
	buf_str(to, payload);
}

void pkt_fmt(struct buf *to, const char *format, ...)
{
	size_t start = to->len;
	buf_bytes(to, "0000", LENGTH_DIGITS);
	va_list args;
	va_start(args, format);
	buf_vfmt(to, format, args);
	va_end(args);
	ASSERT(to->len - start <= PKT_MAX);
	put_length(to->at + start, to->len - start);
}

void pkt_flush(struct buf *to)
{
	buf_bytes(to, "0000", LENGTH_DIGITS);
}

void pkt_delim(struct buf *to)
{
	buf_bytes(to, "0001", LENGTH_DIGITS);
}

/* Begins a packet with as many of `len` bytes as it takes: *part. */
static enum err side_band_begin(struct ctx *c, struct side_band *s, uint64_t len, size_t *part)
{
	char head[LENGTH_DIGITS + 1];
	*part = len < s->data_max ? (size_t)len : s->data_max;
	put_length(head, *part + sizeof head);
	head[LENGTH_DIGITS] = (char)s->band;
	return sink_write(c, s->to, head, sizeof head);
}

static enum err side_band_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	struct side_band *s = (struct side_band *)self;
	const char *at = bytes;
	for (size_t part; len; at += part, len -= part) {
		TRY(side_band_begin(c, s, len, &part));
		TRY(sink_write(c, s->to, at, part));
	}
	return OK;
}

static enum err side_band_copy(
	struct ctx *c, struct sink *self, struct extent *from, uint64_t at, uint64_t len)
{
	struct side_band *s = (struct side_band *)self;
	for (size_t part; len; at += part, len -= part) {
		TRY(side_band_begin(c, s, len, &part));
		TRY(sink_copy(c, s->to, from, at, part));
	}
	return OK;
}

static enum err side_band_flush(struct ctx *c, struct sink *self)
{
	return sink_flush(c, ((struct side_band *)self)->to);
}

static enum err side_band_push(struct ctx *c, struct sink *self, int64_t micros, bool *all)
{
	return sink_push(c, ((struct side_band *)self)->to, micros, all);
}

void side_band_init(struct side_band *s, struct sink *to, enum band band, size_t data_max)
{
	ASSERT(data_max > 0 && data_max <= SIDE_BAND_DATA_MAX);
	*s = (struct side_band){
		.sink = {side_band_write, side_band_flush, side_band_push, side_band_copy},
		.to = to,
		.band = band,
		.data_max = data_max};
}
