/*
 * What a client is told first: the capabilities, and in versions 0 and 1 the refs
 * (gitprotocol-http(5), gitprotocol-pack(5), gitprotocol-v2(5)).
 */
#ifndef WIRE_ADVERTISE_H
#define WIRE_ADVERTISE_H

#include "core/snapshot.h"
#include "wire/lines.h"

#define WIRE_AGENT "nimbus/0.1.0"

/* Version 2: capabilities only. */
enum err advertise_v2(struct ctx *c, enum hash_algo algo, struct sink *to) MUST;

/* Versions 0 and 1, for upload-pack. */
enum err advertise_upload_pack(
	struct ctx *c, const struct snapshot *s, int version, struct sink *to) MUST;

/*
 * Versions 0 and 1, for receive-pack; `s` is NULL for a repository that is yet to be made. `nonce`
 * is for push certificates; empty: they are not offered.
 */
enum err advertise_receive_pack(struct ctx *c, const struct snapshot *s, enum hash_algo algo,
	int version, struct str nonce, struct sink *to) MUST;

/* The lines of the refs `from` .. `to` - 1, but for those that are hidden. */
enum err advertise_lines(struct ctx *c, const struct ref_table *refs, size_t from, size_t to,
	enum ref_lines how, struct sink *out) MUST;

/* What `HEAD` points at; false when that is not there yet. */
bool advertise_head(const struct snapshot *s, struct ref *out);

#endif
