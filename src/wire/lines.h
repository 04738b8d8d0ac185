/*
 * Lines to a client: packets gathered and written in large pieces. With `banded`, each goes in
 * side-band 1 ("sideband-all").
 */
#ifndef WIRE_LINES_H
#define WIRE_LINES_H

#include "git/pktline.h"

struct lines {
	struct buf buf;
	struct sink *to;
	bool banded;
};

void lines_init(struct ctx *c, struct lines *l, struct sink *to);
/* One packet; the '\n' is the caller's. */
enum err lines_fmt(struct ctx *c, struct lines *l, const char *format, ...) PRINTF_LIKE(3, 4) MUST;
void lines_delim(struct lines *l);
/* A flush packet, and everything to the client. */
enum err lines_flush(struct ctx *c, struct lines *l) MUST;
/* Everything to the client. */
enum err lines_send(struct ctx *c, struct lines *l) MUST;

#endif
