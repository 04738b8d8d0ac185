/*
 * A pack of whole objects that nobody had before, written one after the other (gitformat-pack(5)): what is
 * made here goes the way of what is pushed.
 */
#ifndef GIT_PACK_NEW_H
#define GIT_PACK_NEW_H

#include "base/extent.h"
#include "base/zip.h"
#include "git/hashing.h"
#include "git/object.h"

/* Caller's memory, whose buffers lie in c->arena. One thread. */
struct pack_new {
	struct hashing out;
	struct deflate *zip;
	uint8_t *buffer;
	uint32_t left; /* objects that are still to come */
};

/* A pack of exactly `count` objects. pack_new_close after it in any case. */
enum err pack_new_begin(struct ctx *c, struct pack_new *p, enum hash_algo algo, uint32_t count,
	struct sink *to) MUST;
enum err pack_new_object(
	struct ctx *c, struct pack_new *p, enum object_type type, struct extent *content) MUST;
enum err pack_new_end(struct ctx *c, struct pack_new *p) MUST;
void pack_new_close(struct pack_new *p);

#endif
