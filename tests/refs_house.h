/*
 * A repository "r" with refs for tests of who lists them: main is a commit on top of another, side one commit
 * beside main, far the first one; the tags v1 and v2 have messages, light has none; refs/notes/n.
 */
#ifndef TESTS_REFS_HOUSE_H
#define TESTS_REFS_HOUSE_H

#include "core/browse.h"
#include "core/push.h"
#include "core/ref_change.h"
#include "core_house.h"
#include "pack_make.h"

static struct oid refs_ids[3]; /* the first, main, side */

static inline struct oid refs_commit(
	struct ctx *c, struct pack_make *m, const char *text, const struct oid *parent)
{
	struct oid blob, tree, commit;
	struct buf lines = {.arena = c->arena};
	pack_make_object(m, OBJECT_BLOB, str_of(text), &blob);
	tree_line(&lines, "100644 a", &blob);
	pack_make_object(m, OBJECT_TREE, buf_view(&lines), &tree);
	pack_make_object(m, OBJECT_COMMIT, commit_make(c->arena, &tree, parent), &commit);
	return commit;
}

static inline void refs_push(struct ctx *c)
{
	struct pack_make m;
	struct push push;
	struct source_bytes from;
	struct oid zero = oid_zero(HASH_SHA1);
	pack_make_init(&m, c->arena, HASH_SHA1);
	refs_ids[0] = refs_commit(c, &m, "one", NULL);
	refs_ids[1] = refs_commit(c, &m, "two", &refs_ids[0]);
	refs_ids[2] = refs_commit(c, &m, "three", &refs_ids[0]);
	struct push_command at[] = {
		{.change = {STR("refs/heads/main"), zero, refs_ids[1], {{0}, 0}}},
		{.change = {STR("refs/heads/side"), zero, refs_ids[2], {{0}, 0}}},
		{.change = {STR("refs/heads/far"), zero, refs_ids[0], {{0}, 0}}},
		{.change = {STR("refs/tags/light"), zero, refs_ids[0], {{0}, 0}}},
		{.change = {STR("refs/notes/n"), zero, refs_ids[0], {{0}, 0}}},
	};
	struct push_commands commands = {.at = at, .count = sizeof at / sizeof *at};
	struct str pack = pack_make_end(&m);
	assert_ok(c, push_open(c, core_of(c), &house_of(c)->owner, STR("r"), &push));
	source_bytes_init(&from, pack.at, pack.len);
	assert_ok(c, push_pack(c, &push, &from.source, true));
	assert_ok(c, push_commit(c, &push, &commands));
	push_close(&push);
	for (size_t i = 0; i < commands.count; i++)
		assert_null(at[i].refused);
}

static inline void refs_tag(struct ctx *c, const char *name, const char *message)
{
	const struct ref_wish wish = {.kind = REF_CREATE,
		.repo = STR("r"),
		.ref = str_of(name),
		.to = refs_ids[1],
		.message = str_of(message),
		.host = STR("example.org")};
	assert_ok(c, ref_change(c, core_of(c), &house_of(c)->owner, &wish, NULL));
	house_moved += 10 * 1000000LL;
}

/* To be closed by browse_close. */
static inline void refs_open(struct ctx *c, struct browse *b)
{
	core_of(c)->limits.object_max = core_of(c)->limits.pack_max = 1 << 20;
	core_of(c)->limits.pack_inline_max = 1 << 20;
	house_repo(c, "r", VISIBILITY_PRIVATE);
	refs_push(c);
	refs_tag(c, "refs/tags/v1", "First");
	refs_tag(c, "refs/tags/v2", "Second\n\nWith more.\n-----BEGIN PGP SIGNATURE-----\nx\n");
	assert_ok(c, browse_open(c, core_of(c), &house_of(c)->owner, STR("r"), b));
}

#endif
