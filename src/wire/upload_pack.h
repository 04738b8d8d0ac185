/*
 * The server's side of a fetch (gitprotocol-pack(5), gitprotocol-v2(5)): one stateless request and
 * its answer. Transport-free.
 */
#ifndef WIRE_UPLOAD_PACK_H
#define WIRE_UPLOAD_PACK_H

#include "core/budget.h"
#include "wire/lines.h"
#include "wire/upload_request.h"

struct upload_pack {
	struct fetch *fetch; /* open */
	struct str origin;   /* how the client reaches us by HTTP; empty: not at all */
	int version;         /* 0, 1 or 2 */
	struct source *from;
	struct sink *to;
	struct budget *budget; /* counts what goes in packs; NULL: nobody counts */

	bool told; /* after an error: the client was told in the protocol's own words */

	/* what the versions share while they serve */
	struct upload_request request;
	struct lines lines;
	bool in_pack;     /* bytes of a pack may have been written */
	size_t pack_band; /* data in a packet of it; 0: it goes without side-band */
};

/* Reads the request and answers it. The answer is well-formed when it returns OK or sets `told`. */
enum err upload_pack_serve(struct ctx *c, struct upload_pack *u) MUST;

/* The versions themselves, for upload_pack_serve alone. */
enum err upload_pack_v0(struct ctx *c, struct upload_pack *u) MUST;
enum err upload_pack_v2(struct ctx *c, struct upload_pack *u) MUST;

/* Moves what was asked, but for the haves, from the request to the fetch. */
enum err upload_pack_ask(struct ctx *c, struct upload_pack *u) MUST;
/* Sends the pack; u->pack_band says how. */
enum err upload_pack_send(struct ctx *c, struct upload_pack *u) MUST;
/* "shallow …" and "unshallow …" lines. */
enum err upload_pack_shallow(struct ctx *c, struct upload_pack *u) MUST;

#endif
