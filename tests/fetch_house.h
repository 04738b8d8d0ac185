/*
 * A repository "r" in a house: a line of five commits, refs/heads/main at its end, refs/heads/old
 * at its second, and refs/tags/v1, annotated, at its third.
 */
#ifndef TESTS_FETCH_HOUSE_H
#define TESTS_FETCH_HOUSE_H

#include "core_house.h"
#include "odb_make.h"

#include "core/fetch.h"
#include "meta/pack.h"
#include "meta/ref.h"
#include "meta/repo.h"

struct fetch_house {
	struct repo repo;
	struct oid commits[5], tag;
	char hex[5][OID_HEX_MAX], tag_hex[OID_HEX_MAX];
};

static inline void fetch_house_ref(struct ctx *c, struct db_tx *tx, const struct repo *repo,
	const char *name, const struct oid *id, const struct oid *peeled)
{
	struct ref_change change = {
		.name = str_of(name), .old = oid_zero(repo->object_format), .new = *id};
	if (peeled)
		change.peeled = *peeled;
	assert_ok(c, meta_ref_swap(c, tx, repo, &change));
}

static inline struct odb_make *fetch_house_objects(struct ctx *c, struct fetch_house *h)
{
	struct odb_make *m = odb_make(c, h->repo.object_format);
	for (int i = 0; i < 5; i++) {
		const char *text = arena_fmt(c->arena, "text %d\n", i);
		struct oid blob = odb_make_object(m, OBJECT_BLOB, str_of(text));
		struct oid tree = odb_make_tree(m, "100644 file", blob, NULL, blob);
		h->commits[i] =
			odb_make_commit(m, tree, i ? PARENTS(h->commits[i - 1]) : NULL, 1000 + i);
		oid_hex(&h->commits[i], h->hex[i]);
	}
	h->tag = odb_make_object(m, OBJECT_TAG,
		str_of(arena_fmt(c->arena, "object %s\ntype commit\ntag v1\n\n", h->hex[2])));
	oid_hex(&h->tag, h->tag_hex);
	return m;
}

static inline struct fetch_house *fetch_house_of(struct ctx *c, enum hash_algo algo)
{
	struct fetch_house *h = NEW(c->arena, struct fetch_house);
	const struct repo_new what = {
		.name = STR("r"), .visibility = VISIBILITY_PRIVATE, .object_format = algo};
	assert_ok(c, repo_create(c, core_of(c), &house_of(c)->owner, &what, &h->repo));
	struct odb_make *m = fetch_house_objects(c, h);
	struct str pack = pack_make_end(&m->pack);
	struct pack_bytes bytes = {pack, odb_make_idx(m, pack)};
	struct pack_row row = {.id = oid_from_bytes(algo, pack.at + pack.len - hash_size(algo)),
		.bytes = pack.len,
		.kind = PACK_PUSHED,
		.state = PACK_LIVE,
		.created = 1};
	DB_TX *tx = NULL;
	int64_t version;
	assert_ok(c, db_begin(c, core_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, meta_pack_add(c, tx, h->repo.id, &row, &bytes));
	fetch_house_ref(c, tx, &h->repo, "refs/heads/main", &h->commits[4], NULL);
	fetch_house_ref(c, tx, &h->repo, "refs/heads/old", &h->commits[1], NULL);
	fetch_house_ref(c, tx, &h->repo, "refs/tags/v1", &h->tag, &h->commits[2]);
	assert_ok(c, meta_repo_bump_version(c, tx, h->repo.id, &version));
	assert_ok(c, db_commit(c, &tx));
	core_of(c)->limits.fetch_lines_max = 1000;
	return h;
}

static inline struct fetch_house *fetch_house(struct ctx *c)
{
	return fetch_house_of(c, HASH_SHA1);
}

#endif
