/*
 * A repository that a browser keeps: one pack (core/offline.h), read by the reader and shown by the verbs and views of the
 * server. What those verbs would ask of a database, of a cache or of a library is not there: nothing is coloured, and
 * Markdown is shown as it is written.
 *
 * One thread. What is given to kept_open stays the caller's, and must outlive it.
 */
#ifndef BROWSER_KEPT_H
#define BROWSER_KEPT_H

#include "core/browse.h"

struct kept {
	struct core core;
	struct snapshot snapshot;
	struct browse browse;
	struct pack *pack;
	struct extent_bytes bytes, idx;
	struct revision tip;  /* the branch, and where it was */
	struct str css, icon; /* addresses of the server's files */
	struct str origin;    /* "https://git.example.org" */
	int64_t when;         /* it was brought, seconds since 1970 */
	uint64_t depth;       /* of its history; 0: all */
};

/* Reads a pack from outside through, every object of it, and writes its index. As pack_receive. */
enum err kept_index(struct ctx *c, enum hash_algo algo, struct str pack, struct buf *idx) MUST;

/*
 * Facts, each ended by a NUL: name, description, "private" or "public", branch, its commit in hex, when it was brought,
 * depth, address of the style sheet and of the icon, origin. ERR_INVALID; ERR_CORRUPT for a pack or index that is damaged.
 */
enum err kept_open(
	struct ctx *c, struct str facts, struct str pack, struct str idx, struct kept *out) MUST;
void kept_close(struct kept *k);

/* An address as a browser has it, the path still encoded. */
struct kept_ask {
	struct str path, query;
	int64_t now;
};

/* Writes a page and returns its status: 200; 404 for what the copy does not have; 303: *out is the path to go to. */
int kept_page(struct ctx *c, struct kept *k, const struct kept_ask *ask, struct buf *out);

#endif
