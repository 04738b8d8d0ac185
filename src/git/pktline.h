/*
 * pkt-line framing (gitprotocol-common(5)), and side-band on top of it.
 */
#ifndef GIT_PKTLINE_H
#define GIT_PKTLINE_H

#include "base/buf.h"
#include "base/stream.h"

enum { PKT_DATA_MAX = 65516, SIDE_BAND_DATA_MAX = 65515, SIDE_BAND_SMALL_MAX = 995 };

enum pkt_kind { PKT_DATA, PKT_FLUSH, PKT_DELIM, PKT_RESPONSE_END, PKT_EOF };

/* Reads packets from a source with a buffer of its own (in c->arena). */
struct pkt_reader {
	struct source *from;
	char *buffer;
	size_t at, end, cap;
};

void pkt_reader_init(struct ctx *c, struct pkt_reader *r, struct source *from);
/* The next packet; its payload is valid until the next call. PKT_EOF only between packets.
 * ERR_INVALID. */
enum err pkt_read(struct ctx *c, struct pkt_reader *r, enum pkt_kind *kind, struct str *payload)
	MUST;
/* Like pkt_read, without the payload's final '\n'. */
enum err pkt_read_line(struct ctx *c, struct pkt_reader *r, enum pkt_kind *kind, struct str *line)
	MUST;
/* What follows the packets as raw bytes (a pack): first what was buffered, then the source. */
struct source *pkt_reader_rest(struct ctx *c, struct pkt_reader *r);

void pkt_data(struct buf *to, struct str payload);
void pkt_fmt(struct buf *to, const char *format, ...) PRINTF_LIKE(2, 3);
void pkt_flush(struct buf *to);
void pkt_delim(struct buf *to);

enum band { BAND_DATA = 1, BAND_PROGRESS = 2, BAND_ERROR = 3 };

/* A sink that frames what it is given as packets of one side-band, `data_max` bytes at most each.
 */
struct side_band {
	struct sink sink;
	struct sink *to;
	enum band band;
	size_t data_max; /* SIDE_BAND_DATA_MAX, or SIDE_BAND_SMALL_MAX for plain side-band */
};

void side_band_init(struct side_band *s, struct sink *to, enum band band, size_t data_max);

#endif
