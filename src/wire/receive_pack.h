/*
 * The server's side of a push, from the first command on (gitprotocol-pack(5), "Pushing Data To a
 * Server"; gitprotocol-capabilities(5)). Transport-free: smart HTTP calls it with the body of a
 * POST to git-receive-pack; whoever advertises refs is not here.
 */
#ifndef WIRE_RECEIVE_PACK_H
#define WIRE_RECEIVE_PACK_H

#include "base/buf.h"
#include "base/stream.h"
#include "core/core.h"

struct receive_pack {
	struct core *core;
	const struct actor *who;
	struct str repo;     /* its name; one that is new is created, if `who` may */
	struct source *from; /* what the client sends */
	struct sink *to;     /* what it is told */
	bool to_end; /* the request ends where `from` does (HTTP): nothing may follow the pack */
};

/*
 * Serves one push. Nothing is written to `to` before `who` was found to be allowed to push: until
 * then the error is for the transport to tell (UNAUTH, DENIED, NOT_FOUND, or INVALID for what is no
 * push at all). After that every refusal is told to the client in the protocol's own words and the
 * result is OK; what is left of the request has been read.
 */
enum err receive_pack_serve(struct ctx *c, const struct receive_pack *push) MUST;

/*
 * The capabilities to advertise for a push to a repository of that format, without the session's
 * own "agent": "report-status report-status-v2 delete-refs …". `nonce` is for push certificates;
 * empty: they are not offered.
 */
void receive_pack_capabilities(struct buf *to, enum hash_algo algo, struct str nonce);

#endif
