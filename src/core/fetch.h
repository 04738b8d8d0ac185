/*
 * The verb of a clone or fetch: open, say what is wanted and what is there, send. Knows nothing of
 * protocols.
 *
 * One thread; its memory is its own and the request's. The repository is seen as of one version, by
 * a snapshot, so that nothing waits for it and nothing that happens meanwhile is seen.
 */
#ifndef CORE_FETCH_H
#define CORE_FETCH_H

#include "base/vec.h"
#include "core/snapshot.h"
#include "git/filter.h"
#include "git/shallow.h"
#include "git/sparse.h"

struct oids {
	struct arena *arena;
	struct oid *at;
	size_t len, cap;
};

struct enumerate;

struct fetch {
	struct core *core;
	struct repo repo;
	struct snapshot *snapshot;
	struct odb_reader reader;
	struct graph graph;

	/* What the client asks for. Lists grow by vec_push or by the functions below. */
	struct oids wants;
	struct oids haves;   /* of those that it has: what is here too */
	struct oids shallow; /* where its history ends */
	struct oids nots;    /* deepen-not */
	uint32_t depth;      /* as in struct shallow_request */
	bool relative;
	int64_t since;
	struct filter filter; /* by fetch_filter */
	bool thin, ofs_delta, include_tag;
	bool patient; /* nobody waits for the pack */

	struct oids
		unshallow; /* what fetch_shallow found: the client has these, not their parents */
	struct oids patterns;    /* what fetch_filter found: the blobs of filter.sparse */
	struct sparse *sparse;   /* and these read; NULL: there are none */
	struct oids apart;       /* what fetch_apart found: the names of packs */
	struct enumerate *found; /* and what else is to be sent; NULL: fetch_send looks */
	size_t judged;           /* haves at the last fetch_ready */
	bool ready;
};

/* permit_begin's errors. To be closed after OK. */
enum err fetch_open(struct ctx *c, struct core *core, const struct actor *who, struct str name,
	struct fetch *f) MUST;
/* The same for the server's own use: of the repository as it is now, and nobody is asked. */
enum err fetch_open_repo(struct ctx *c, struct core *core, const struct repo *repo, struct fetch *f)
	MUST;
void fetch_close(struct fetch *f);

/* Any object that there is may be wanted: who may read a repository may read all of it.
 * ERR_NOT_FOUND. */
enum err fetch_want(struct ctx *c, struct fetch *f, const struct oid *id) MUST;
/* A ref by its full name (or HEAD); *id: what it points at. ERR_NOT_FOUND. */
enum err fetch_want_ref(struct ctx *c, struct fetch *f, struct str name, struct oid *id) MUST;
/* Is it here too? */
enum err fetch_have(struct ctx *c, struct fetch *f, const struct oid *id, bool *here) MUST;
/* A ref by the name that a person would use ("v1.0"). ERR_NOT_FOUND. */
enum err fetch_deepen_not(struct ctx *c, struct fetch *f, struct str name) MUST;

/*
 * What to leave out. The blob of patterns may be any that could be wanted, by its id or as
 * "REVISION:PATH", where the revision is an id or a ref as for fetch_deepen_not. ERR_NOT_FOUND,
 * ERR_INVALID for what is no blob, ERR_TOO_BIG over what git/sparse.h allows.
 */
enum err fetch_filter(struct ctx *c, struct fetch *f, const struct filter *filter) MUST;

/* Is enough known of what the client has, for a good pack? */
enum err fetch_ready(struct ctx *c, struct fetch *f, bool *ready) MUST;

/* Does the client care where its history ends? */
static inline bool fetch_is_deepening(const struct fetch *f)
{
	return f->depth || f->since || f->nots.len;
}

/* Where its history shall end, by ids. Once, before fetch_send; ERR_INVALID, ERR_NOT_FOUND. */
enum err fetch_shallow(struct ctx *c, struct fetch *f, struct oids *shallow, struct oids *unshallow)
	MUST;

/*
 * For a client that gets whole packs elsewhere: those of at least `least` bytes of which it wants
 * every object are listed in f->apart, and the pack that fetch_send writes is without them, even as
 * bases of deltas. Each is complete in itself. There is none but for a clone (no haves, nothing left
 * out) that takes OFS_DELTA, of what was compacted. Just before fetch_send.
 */
enum err fetch_apart(struct ctx *c, struct fetch *f, uint64_t least) MUST;

/* Writes the pack to `to`, and what a person may like to read to `progress` (may be NULL).
 * ERR_DAMAGED. */
enum err fetch_send(struct ctx *c, struct fetch *f, struct sink *to, struct sink *progress) MUST;

/* Makes the pack for whoever asks for the same later; *made false: it is there already, is made by
 * somebody who waits for it, or cannot be kept. */
enum err fetch_prepare(struct ctx *c, struct fetch *f, bool *made) MUST;

/* The type and size of an object; ERR_NOT_FOUND. */
enum err fetch_stat(struct ctx *c, struct fetch *f, const struct oid *id, enum object_type *type,
	uint64_t *size) MUST;

#endif
