/*
 * The requests of a fetch as data, read from packets. Nothing here knows of any repository.
 *
 * Everything lies in c->arena. Every list is capped by `lines_max` lines in all.
 */
#ifndef WIRE_UPLOAD_REQUEST_H
#define WIRE_UPLOAD_REQUEST_H

#include "core/fetch.h"
#include "git/pktline.h"

struct strs {
	struct arena *arena;
	struct str *at;
	size_t len, cap;
};

enum multi_ack { MULTI_ACK_NONE, MULTI_ACK_PLAIN, MULTI_ACK_DETAILED };

struct upload_request {
	enum hash_algo algo;
	size_t lines_max, lines;

	struct oids wants, haves, shallow;
	struct strs want_refs, nots;
	uint32_t depth;
	int64_t since;
	struct filter filter;
	bool relative, thin, ofs_delta, include_tag, no_progress, done;

	/* version 0 */
	enum multi_ack multi_ack;
	bool no_done,
		no_round; /* no_round: it ends with the wants, only the shallow lines matter */
	size_t band_max;  /* data in a side-band packet; 0: no side-band */

	/* version 2 */
	struct str command;
	bool banded, wait_for_done; /* fetch */
	struct str uri_protocols;   /* "http,https" */
	bool peel, symrefs, unborn; /* ls-refs */
	struct strs prefixes;
	bool size; /* object-info */
	struct oids objects;
};

void upload_request_init(
	struct ctx *c, struct upload_request *r, enum hash_algo algo, size_t lines_max);

/* Reads a whole request of version 0 or 1. ERR_INVALID, ERR_TOO_BIG. */
enum err upload_request_v0(struct ctx *c, struct upload_request *r, struct source *from) MUST;
/* The same of version 2, of any command. ERR_UNSUPPORTED for one that there is not. */
enum err upload_request_v2(struct ctx *c, struct upload_request *r, struct source *from) MUST;

#endif
