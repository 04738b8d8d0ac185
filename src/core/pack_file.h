/*
 * Packs as the files that they are, for who takes them beside a fetch (gitprotocol-v2(5),
 * "packfile-uris"). git asks for them without credentials, so an address may carry the proof that
 * whoever it was given to may read the repository: an HMAC over its name, the pack's, and when it
 * ends, under the instance's key.
 */
#ifndef CORE_PACK_FILE_H
#define CORE_PACK_FILE_H

#include "base/extent.h"
#include "core/core.h"

enum { PACK_FILE_SECONDS = 3600 };

/*
 * An address by which the bucket itself gives this pack to anyone during PACK_FILE_SECONDS, in
 * c->arena. Only where core->bucket_url says that clients reach it.
 */
enum err pack_file_address(struct ctx *c, struct core *core, const struct repo *repo,
	const struct oid *pack, struct str *url) MUST;

/* The two parts of a proof; both empty: there is none. */
struct pack_proof {
	struct str expires, signature;
};

/*
 * What somebody who may read the repository can show for this pack during PACK_FILE_SECONDS, in
 * c->arena; none where anybody may read it. Needs core->nonce_key.
 */
enum err pack_file_proof(struct ctx *c, struct core *core, const struct repo *repo,
	const struct oid *pack, struct pack_proof *out) MUST;

struct pack_file_ask {
	struct str name; /* of the repository */
	struct str hash; /* of the pack, in hex */
	struct pack_proof proof;
};

struct pack_file {
	struct extent *bytes;
	bool open; /* anybody may read it */
};

/*
 * A pack of the catalogue, live or retired. With a proof that alone counts: ERR_DENIED for one that
 * has ended or is none of ours, whether there is such a repository or not; without, permit_begin's
 * errors. ERR_NOT_FOUND for a pack that is not there any more. To be closed after OK.
 */
enum err pack_file_open(struct ctx *c, struct core *core, const struct actor *who,
	const struct pack_file_ask *ask, struct pack_file *out) MUST;
void pack_file_close(struct pack_file *f);

#endif
