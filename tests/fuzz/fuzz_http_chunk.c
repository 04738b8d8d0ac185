#include "fuzz/fuzz.h"

#include "base/buf.h"
#include "net/http_parse.h"

/* Decodes with at most `in_step` bytes in and `out_step` out at a time. False when it is refused. */
static bool decode(
	struct ctx *c, struct str input, size_t in_step, size_t out_step, struct buf *out)
{
	struct http_chunks k = {0};
	*out = (struct buf){.arena = c->arena};
	buf_reserve(out, input.len + 1);
	size_t at = 0;
	while (at < input.len && !http_chunks_done(&k)) {
		size_t in = input.len - at < in_step ? input.len - at : in_step, given = out_step;
		if (given > input.len - out->len)
			given = input.len - out->len;
		uint64_t ahead = http_chunks_ahead(&k);
		if (!http_chunks_decode(&k, input.at + at, &in, out->at + out->len, &given))
			return false;
		ASSERT(in > 0 && given <= in && (!ahead || given > 0));
		at += in;
		out->len += given;
	}
	return http_chunks_done(&k);
}

static void fuzz_one(struct ctx *c, struct str input)
{
	struct buf whole, slow, again;
	bool good = decode(c, input, input.len + 1, input.len + 1, &whole);
	ASSERT(decode(c, input, 1, 1, &slow) == good);
	if (!good)
		return;
	ASSERT(str_eq(buf_view(&whole), buf_view(&slow)));
	struct buf encoded = {.arena = c->arena};
	if (whole.len) {
		buf_fmt(&encoded, "%zx\r\n", whole.len);
		buf_str(&encoded, buf_view(&whole));
		buf_cstr(&encoded, "\r\n");
	}
	buf_cstr(&encoded, "0\r\n\r\n");
	ASSERT(decode(c, buf_view(&encoded), 7, 3, &again));
	ASSERT(str_eq(buf_view(&whole), buf_view(&again)));
}
