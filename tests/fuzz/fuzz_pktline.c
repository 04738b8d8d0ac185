/* A stream of packets: what is read and written again is read the same. */
#include "git/pktline.h"

#include "fuzz.h"

static void fuzz_one(struct ctx *c, struct str input)
{
	struct source_bytes from;
	struct pkt_reader r;
	struct buf again = {.arena = c->arena};
	enum pkt_kind kind = PKT_FLUSH;
	struct str payload;
	source_bytes_init(&from, input.at, input.len);
	pkt_reader_init(c, &r, &from.source);
	while (!pkt_read(c, &r, &kind, &payload) && kind != PKT_EOF) {
		ASSERT(kind == PKT_DATA || payload.len == 0);
		switch (kind) {
		case PKT_DATA: pkt_data(&again, payload); break;
		case PKT_FLUSH: pkt_flush(&again); break;
		case PKT_DELIM: pkt_delim(&again); break;
		case PKT_RESPONSE_END: buf_cstr(&again, "0002"); break;
		case PKT_EOF: break;
		}
	}
	ASSERT(again.len <= input.len);
	for (size_t i = 0; i < again.len; i++)
		ASSERT((again.at[i] | 0x20) == (input.at[i] | 0x20));
}
