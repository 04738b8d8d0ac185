/* core/ref_change.c: refs made, moved and taken away by name, and by whom. */
#include "core/ref_change.h"

#include "core/permission.h"
#include "core/push.h"
#include "core_house.h"
#include "pack_make.h"

/* Three commits: ids[1] follows ids[0], ids[2] stands alone. main is at ids[1]. */
static struct oid ids[3];

static struct oid commit_of(
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

static void set_scene(struct ctx *c)
{
	struct pack_make m;
	struct push push;
	struct source_bytes from;
	struct oid zero = oid_zero(HASH_SHA1);
	core_of(c)->limits.object_max = core_of(c)->limits.pack_max = 1 << 20;
	core_of(c)->limits.pack_inline_max = 1 << 20;
	house_repo(c, "r", VISIBILITY_PRIVATE);
	pack_make_init(&m, c->arena, HASH_SHA1);
	ids[0] = commit_of(c, &m, "one", NULL);
	ids[1] = commit_of(c, &m, "two", &ids[0]);
	ids[2] = commit_of(c, &m, "three", NULL);
	struct push_command at[] = {
		{.change = {STR("refs/heads/main"), zero, ids[1], {{0}, 0}}},
		{.change = {STR("refs/heads/other"), zero, ids[2], {{0}, 0}}},
	};
	struct push_commands commands = {.at = at, .count = 2};
	struct str pack = pack_make_end(&m);
	assert_ok(c, push_open(c, core_of(c), &house_of(c)->owner, STR("r"), &push));
	source_bytes_init(&from, pack.at, pack.len);
	assert_ok(c, push_pack(c, &push, &from.source, true));
	assert_ok(c, push_commit(c, &push, &commands));
	push_close(&push);
}

static enum err wish(
	struct ctx *c, const struct actor *who, enum ref_wish_kind kind, const char *ref, int to)
{
	const struct ref_wish w = {.kind = kind,
		.repo = STR("r"),
		.ref = str_of(ref),
		.to = to < 0 ? oid_zero(HASH_SHA1) : ids[to]};
	return ref_change(c, core_of(c), who, &w, NULL);
}

static void a_ref_is_made_moved_and_taken_away(void **state)
{
	struct ctx *c = *state;
	const struct actor *owner = &house_of(c)->owner;
	set_scene(c);
	assert_ok(c, wish(c, owner, REF_CREATE, "x", 0));
	assert_err(c, wish(c, owner, REF_CREATE, "x", 1), ERR_EXISTS);
	assert_err(c, wish(c, owner, REF_CREATE, "x/y", 1), ERR_CONFLICT);
	assert_ok(c, wish(c, owner, REF_MOVE, "refs/heads/x", 1));
	assert_ok(c, wish(c, owner, REF_DELETE, "x", -1));
	assert_err(c, wish(c, owner, REF_DELETE, "x", -1), ERR_NOT_FOUND);
	assert_err(c, wish(c, owner, REF_MOVE, "x", 1), ERR_NOT_FOUND);
	assert_err(c, wish(c, owner, REF_DELETE, "main", -1), ERR_CONFLICT);
	assert_err(c, wish(c, owner, REF_CREATE, "a..b", 0), ERR_INVALID);
	assert_err(c, wish(c, owner, REF_CREATE, "refs/nimbus/x", 0), ERR_INVALID);
}

static void history_is_left_behind_only_by_force(void **state)
{
	struct ctx *c = *state;
	const struct actor *owner = &house_of(c)->owner;
	struct ref_change done;
	set_scene(c);
	assert_err(c, wish(c, owner, REF_MOVE, "main", 0), ERR_CONFLICT);
	assert_err(c, wish(c, owner, REF_MOVE, "main", 2), ERR_CONFLICT);
	const struct ref_wish forced = {.kind = REF_MOVE,
		.repo = STR("r"),
		.ref = STR("main"),
		.to = ids[2],
		.force = true};
	assert_ok(c, ref_change(c, core_of(c), owner, &forced, &done));
	assert_true(oid_eq(&done.old, &ids[1]) && oid_eq(&done.new, &ids[2]));
}

static void what_is_expected_is_compared(void **state)
{
	struct ctx *c = *state;
	const struct actor *owner = &house_of(c)->owner;
	char hex[OID_HEX_MAX];
	set_scene(c);
	struct ref_wish w = {.kind = REF_DELETE, .repo = STR("r"), .ref = STR("other")};
	w.expected = str_copy(c->arena, str_of(oid_hex(&ids[1], hex)));
	assert_err(c, ref_change(c, core_of(c), owner, &w, NULL), ERR_CONFLICT);
	w.expected = STR("12");
	assert_err(c, ref_change(c, core_of(c), owner, &w, NULL), ERR_INVALID);
	w.expected = str_copy(c->arena, str_of(oid_hex(&ids[2], hex)));
	assert_ok(c, ref_change(c, core_of(c), owner, &w, NULL));
}

static void let(struct ctx *c, const char *username, enum permission level)
{
	const struct permission_on on = {STR("r"), str_of(username)};
	assert_ok(c, permission_put(c, core_of(c), &house_of(c)->owner, &on, level, 0));
}

static void who_may_write_changes_refs(void **state)
{
	struct ctx *c = *state;
	const struct actor nobody = ACTOR_ANONYMOUS;
	set_scene(c);
	const struct actor reader = house_person(c, "reader"), writer = house_person(c, "writer");
	const struct actor other = house_person(c, "other");
	let(c, "reader", PERMISSION_READ);
	let(c, "writer", PERMISSION_WRITE);
	static const enum ref_wish_kind kinds[] = {REF_CREATE, REF_MOVE, REF_DELETE};
	for (size_t i = 0; i < 3; i++) {
		const char *ref = kinds[i] == REF_CREATE ? "new" : "other";
		int to = kinds[i] == REF_DELETE ? -1 : 2;
		assert_err(c, wish(c, &nobody, kinds[i], ref, to), ERR_UNAUTH);
		assert_err(c, wish(c, &other, kinds[i], ref, to), ERR_NOT_FOUND);
		assert_err(c, wish(c, &reader, kinds[i], ref, to), ERR_DENIED);
		assert_ok(c, wish(c, &writer, kinds[i], ref, to));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(a_ref_is_made_moved_and_taken_away),
		HOUSE_TEST(history_is_left_behind_only_by_force),
		HOUSE_TEST(what_is_expected_is_compared),
		HOUSE_TEST(who_may_write_changes_refs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
