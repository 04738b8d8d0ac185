#include "core/push.h"

#include "core/compact.h"
#include "core/fsck.h"
#include "core/rule.h"
#include "core_house.h"
#include "meta/event.h"
#include "meta/lease.h"
#include "meta/pack.h"
#include "meta/ref.h"
#include "meta/repo.h"
#include "pack_make.h"

#define house_limits(c)                                    \
	do {                                               \
		core_of(c)->limits.object_max = 64 << 20;  \
		core_of(c)->limits.pack_max = 64 << 20;    \
		core_of(c)->limits.pack_inline_max = 4096; \
	} while (0)

/* A pack with one commit of one file of `size` bytes; *tip is the commit. */
static struct str make_pack(struct ctx *c, const char *text, size_t size, struct oid *tip)
{
	struct pack_make m;
	struct oid blob, tree;
	struct buf lines = {.arena = c->arena};
	char *bytes = arena_alloc(c->arena, size + strlen(text));
	uint32_t random = 7;
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)((random = random * 1664525 + 1013904223) >> 24);
	memcpy(bytes + size, text, strlen(text));
	pack_make_init(&m, c->arena, HASH_SHA1);
	pack_make_object(&m, OBJECT_BLOB, str_from(bytes, size + strlen(text)), &blob);
	tree_line(&lines, "100644 a", &blob);
	pack_make_object(&m, OBJECT_TREE, buf_view(&lines), &tree);
	pack_make_object(&m, OBJECT_COMMIT, commit_make(c->arena, &tree, NULL), tip);
	return pack_make_end(&m);
}

static struct push_command move(const char *ref, const struct oid *old, const struct oid *new)
{
	struct oid zero = oid_zero(HASH_SHA1);
	return (struct push_command){
		.change = {str_of(ref), old ? *old : zero, new ? *new : zero, {{0}, 0}}};
}

/* The whole verb, as a transport does it. */
static enum err push_all(struct ctx *c, const struct actor *who, const char *repo, struct str pack,
	struct push_commands *commands)
{
	struct arena arena, *own = c->arena;
	struct push push;
	arena_init(&arena);
	c->arena = &arena;
	enum err err = push_open(c, core_of(c), who, str_of(repo), &push);
	if (!err) {
		struct source_bytes from;
		source_bytes_init(&from, pack.at, pack.len);
		if (pack.len)
			err = push_pack(c, &push, &from.source, true);
		if (!err)
			err = push_commit(c, &push, commands);
		push_close(&push);
	}
	c->arena = own;
	for (size_t i = 0; i < commands->count; i++) {
		const char **refused = &commands->at[i].refused;
		*refused = *refused ? arena_strdup(c->arena, *refused) : NULL;
	}
	arena_done(&arena);
	return err;
}

static enum err push_one(
	struct ctx *c, const char *repo, struct str pack, struct push_command *command)
{
	struct push_commands commands = {.at = command, .count = 1};
	return push_all(c, &house_of(c)->owner, repo, pack, &commands);
}

/* What the database says: "version refs packs events head", "none" without the repository. */
static const char *state_of(struct ctx *c, const char *name)
{
	struct repo repo;
	struct pack_row *packs;
	struct event *events;
	size_t refs, pack_count, event_count = 1000;
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, house_of(c)->db, DB_READ, &tx));
	enum err err = meta_repo_get_by_name(c, tx, str_of(name), &repo);
	ctx_clear(c);
	if (err == ERR_NOT_FOUND)
		return "none";
	assert_ok(c, meta_ref_count(c, tx, repo.id, &refs));
	assert_ok(c, meta_pack_list(c, tx, &repo, PACK_LIVE, &packs, &pack_count));
	assert_ok(c, meta_event_since(c, tx, repo.id, 0, &events, &event_count));
	return arena_fmt(c->arena, "v%lld %zu refs %zu packs %zu events %.*s",
		(long long)repo.version, refs, pack_count, event_count, STR_FMT(repo.head));
}

static void no_problem(void *arg, struct str repo, const char *what)
{
	(void)arg;
	fail_msg("%.*s: %s", STR_FMT(repo), what);
}

static void assert_sound(struct ctx *c)
{
	struct core core = *core_of(c);
	struct fsck_run run = {.core = &core, .problem = no_problem};
	core.db = house_of(c)->db;
	core.blob = house_of(c)->blob;
	assert_ok(c, fsck_instance(c, &run));
	assert_int_equal(run.problems, 0);
}

static void put_orphan(struct ctx *c, const char *name)
{
	struct spool *spool = NULL;
	const char *key = arena_fmt(c->arena, "%s/99/pack/%s", core_of(c)->instance, name);
	assert_ok(c, blob_create(c, house_of(c)->blob, &spool));
	assert_ok(c, spool_append(c, spool, "half a push", 11));
	assert_ok(c, blob_publish(c, house_of(c)->blob, spool, key));
	extent_close(&spool->extent);
}

static bool any_lease(struct ctx *c)
{
	DB_TX *tx = NULL;
	bool any;
	assert_ok(c, db_begin(c, house_of(c)->db, DB_READ, &tx));
	assert_ok(c, meta_lease_any(c, tx, STR("%"), &any));
	return any;
}

static void a_push_is_refs_a_pack_a_log_and_events_at_once(void **state)
{
	struct ctx *c = *state;
	struct oid tip;
	house_limits(c);
	house_repo(c, "r", VISIBILITY_PRIVATE);
	const char *before = state_of(c, "r");
	struct push_command command = move("refs/heads/main", NULL, &tip);
	struct str pack = make_pack(c, "x", 10, &tip);
	command.change.new = tip;
	assert_ok(c, push_one(c, "r", pack, &command));
	assert_null(command.refused);
	assert_true(command.changed);
	assert_string_equal(before, "v1 0 refs 0 packs 1 events refs/heads/main");
	assert_string_equal(state_of(c, "r"), "v2 1 refs 1 packs 3 events refs/heads/main");
	assert_sound(c);
}

static void what_was_done_already_is_done(void **state)
{
	struct ctx *c = *state;
	struct oid tip;
	house_limits(c);
	house_repo(c, "r", VISIBILITY_PRIVATE);
	struct str pack = make_pack(c, "x", 10, &tip);
	for (int i = 0; i < 2; i++) {
		struct push_command command = move("refs/heads/main", NULL, &tip);
		assert_ok(c, push_one(c, "r", pack, &command));
		assert_null(command.refused);
		assert_string_equal(state_of(c, "r"), "v2 1 refs 1 packs 3 events refs/heads/main");
	}
	struct push_command gone = move("refs/heads/never", &tip, NULL);
	assert_ok(c, push_one(c, "r", STR(""), &gone));
	assert_null(gone.refused);
}

static void only_the_old_value_that_is_there_can_be_replaced(void **state)
{
	struct ctx *c = *state;
	struct oid one, two;
	house_limits(c);
	house_repo(c, "r", VISIBILITY_PRIVATE);
	struct str first = make_pack(c, "x", 10, &one), second = make_pack(c, "y", 10, &two);
	struct push_command command = move("refs/heads/main", NULL, &one);
	assert_ok(c, push_one(c, "r", first, &command));
	command = move("refs/heads/main", NULL, &two);
	assert_ok(c, push_one(c, "r", second, &command));
	assert_string_equal(command.refused, "fetch first");
	assert_string_equal(state_of(c, "r"), "v2 1 refs 1 packs 3 events refs/heads/main");
	command = move("refs/heads/main", &one, &two);
	assert_ok(c, push_one(c, "r", second, &command));
	assert_null(command.refused);
	assert_true(command.forced);
	assert_sound(c);
}

static void only_history_that_is_left_behind_counts_as_forced(void **state)
{
	struct ctx *c = *state;
	struct oid one, two, tree = {0};
	struct pack_make m;
	house_limits(c);
	house_repo(c, "r", VISIBILITY_PRIVATE);
	struct str first = make_pack(c, "x", 10, &one);
	struct push_command command = move("refs/heads/main", NULL, &one);
	assert_ok(c, push_one(c, "r", first, &command));
	pack_make_init(&m, c->arena, HASH_SHA1);
	pack_make_object(&m, OBJECT_TREE, STR(""), &tree);
	pack_make_object(&m, OBJECT_COMMIT, commit_make(c->arena, &tree, &one), &two);
	command = move("refs/heads/main", &one, &two);
	assert_ok(c, push_one(c, "r", pack_make_end(&m), &command));
	assert_true(command.changed);
	assert_false(command.forced);
	command = move("refs/heads/main", &two, &one);
	assert_ok(c, push_one(c, "r", STR(""), &command));
	assert_true(command.changed);
	assert_true(command.forced);
}

/* Each time that somebody looks at the clock, three seconds have gone. */
static int64_t hasty(void)
{
	house_moved += 3000000;
	return house_monotonic();
}

static void what_was_not_found_out_in_time_is_forced_to_a_rule(void **state)
{
	struct ctx *c = *state;
	struct oid one, two, tree = {0};
	struct pack_make m;
	struct rule rule = {.pattern = STR("main"), .may[RULE_FORCE].kind = RULE_NOBODY};
	house_limits(c);
	house_repo(c, "r", VISIBILITY_PRIVATE);
	struct str first = make_pack(c, "x", 10, &one);
	struct push_command at[2] = {
		move("refs/heads/main", NULL, &one), move("refs/heads/free", NULL, &one)};
	struct push_commands commands = {.at = at, .count = 2};
	assert_ok(c, push_all(c, &house_of(c)->owner, "r", first, &commands));
	assert_ok(c, rule_put(c, core_of(c), &house_of(c)->owner, STR("r"), &rule));
	pack_make_init(&m, c->arena, HASH_SHA1);
	pack_make_object(&m, OBJECT_TREE, STR(""), &tree);
	pack_make_object(&m, OBJECT_COMMIT, commit_make(c->arena, &tree, &one), &two);
	struct str second = pack_make_end(&m);
	at[0] = move("refs/heads/main", &one, &two);
	at[1] = move("refs/heads/free", &one, &two);
	house_of(c)->world.monotonic = hasty;
	assert_ok(c, push_all(c, &house_of(c)->owner, "r", second, &commands));
	house_of(c)->world.monotonic = house_monotonic;
	assert_true(at[0].unsure && at[0].denied && !at[0].changed);
	assert_true(at[1].unsure && !at[1].forced && at[1].changed);
	at[0] = move("refs/heads/main", &one, &two);
	commands.count = 1;
	assert_ok(c, push_all(c, &house_of(c)->owner, "r", STR(""), &commands));
	assert_true(at[0].changed && !at[0].unsure);
	at[0] = move("refs/heads/main", &two, &one);
	assert_ok(c, push_all(c, &house_of(c)->owner, "r", STR(""), &commands));
	assert_true(at[0].forced && at[0].denied && !at[0].changed);
}

static void head_waits_for_a_branch_that_rules_keep(void **state)
{
	struct ctx *c = *state;
	struct oid tip;
	struct rule rule = {.pattern = STR("main"), .may[RULE_UPDATE].kind = RULE_NOBODY};
	house_limits(c);
	house_repo(c, "r", VISIBILITY_PRIVATE);
	house_repo(c, "kept", VISIBILITY_PRIVATE);
	assert_ok(c, rule_put(c, core_of(c), &house_of(c)->owner, STR("kept"), &rule));
	struct str pack = make_pack(c, "x", 10, &tip);
	struct push_command command = move("refs/heads/side", NULL, &tip);
	assert_ok(c, push_one(c, "r", pack, &command));
	assert_string_equal(state_of(c, "r"), "v2 1 refs 1 packs 3 events refs/heads/side");
	command = move("refs/heads/side", NULL, &tip);
	assert_ok(c, push_one(c, "kept", pack, &command));
	assert_string_equal(state_of(c, "kept"), "v2 1 refs 1 packs 4 events refs/heads/main");
}

static void of_an_atomic_push_all_or_nothing_happens(void **state)
{
	struct ctx *c = *state;
	struct oid tip, other;
	house_limits(c);
	house_repo(c, "r", VISIBILITY_PRIVATE);
	make_pack(c, "y", 10, &other);
	struct str pack = make_pack(c, "x", 10, &tip);
	const char *before = state_of(c, "r");
	struct push_command moves[] = {
		move("refs/heads/a", NULL, &tip), move("refs/heads/b", &other, &tip)};
	struct push_commands commands = {.at = moves, .count = 2, .atomic = true};
	assert_ok(c, push_all(c, &house_of(c)->owner, "r", pack, &commands));
	assert_string_equal(moves[0].refused, "atomic push failed");
	assert_string_equal(moves[1].refused, "fetch first");
	assert_string_equal(state_of(c, "r"), before);
	moves[0].refused = moves[1].refused = NULL;
	commands.atomic = false;
	assert_ok(c, push_all(c, &house_of(c)->owner, "r", pack, &commands));
	assert_null(moves[0].refused);
	assert_string_equal(moves[1].refused, "fetch first");
}

static void a_new_name_becomes_a_repository_for_the_owner_alone(void **state)
{
	struct ctx *c = *state;
	struct oid tip;
	house_limits(c);
	struct actor eve = house_person(c, "eve"), nobody = ACTOR_ANONYMOUS;
	struct str pack = make_pack(c, "x", 100000, &tip);
	struct push_command command = move("refs/heads/trunk", NULL, &tip);
	struct push_commands commands = {.at = &command, .count = 1};
	assert_err(c, push_all(c, &eve, "fresh", pack, &commands), ERR_NOT_FOUND);
	ctx_clear(c);
	assert_err(c, push_all(c, &nobody, "fresh", pack, &commands), ERR_UNAUTH);
	ctx_clear(c);
	assert_err(c, push_one(c, "../fresh", pack, &command), ERR_INVALID);
	ctx_clear(c);
	assert_string_equal(state_of(c, "fresh"), "none");
	assert_ok(c, push_one(c, "fresh", pack, &command));
	assert_null(command.refused);
	assert_string_equal(state_of(c, "fresh"), "v2 1 refs 1 packs 3 events refs/heads/trunk");
	assert_sound(c);
}

static void who_may_only_read_may_not_push(void **state)
{
	struct ctx *c = *state;
	struct oid tip;
	house_limits(c);
	house_repo(c, "open", VISIBILITY_PUBLIC);
	struct actor eve = house_person(c, "eve");
	struct push_command command = move("refs/heads/main", NULL, &tip);
	struct push_commands commands = {.at = &command, .count = 1};
	struct str pack = make_pack(c, "x", 10, &tip);
	assert_err(c, push_all(c, &eve, "open", pack, &commands), ERR_DENIED);
	ctx_clear(c);
	assert_string_equal(state_of(c, "open"), "v1 0 refs 0 packs 1 events refs/heads/main");
}

/* Fails the n-th call to the database or the blob store, for every n there is. */
static void whatever_call_fails_all_or_nothing_is_there(void **state)
{
	struct ctx *c = *state;
	static const size_t sizes[] = {10, 100000};
	house_limits(c);
	for (int s = 0; s < 2; s++) {
		for (int which = 0; which < 2; which++) {
			bool whole = false;
			for (int64_t n = 1; !whole; n++) {
				const char *name =
					arena_fmt(c->arena, "r-%d-%d-%lld", s, which, (long long)n);
				struct oid tip;
				struct str pack = make_pack(c, name, sizes[s], &tip);
				struct push_command command = move("refs/heads/main", NULL, &tip);
				if (which)
					blob_faulty_set(core_of(c)->blob, n, ERR_IO);
				else
					db_faulty_set(core_of(c)->db, n, ERR_IO);
				enum err err = push_one(c, name, pack, &command);
				blob_faulty_set(core_of(c)->blob, 0, ERR_IO);
				db_faulty_set(core_of(c)->db, 0, ERR_IO);
				whole = err == OK;
				if (!whole)
					assert_int_equal(err, ERR_IO);
				ctx_clear(c);
				assert_string_equal(state_of(c, name),
					whole ? "v2 1 refs 1 packs 3 events refs/heads/main"
					      : "none");
				/* And again, now that nothing fails. */
				command = move("refs/heads/main", NULL, &tip);
				assert_ok(c, push_one(c, name, pack, &command));
				assert_null(command.refused);
				if (n > 500)
					fail_msg("it never came through");
			}
		}
	}
	assert_sound(c);
}

/* The blob store as it is, but that upkeep goes by each time that something was published. */
struct tidied {
	struct blob blob;
	struct blob_ops ops;
	struct blob *inner;
	struct core core; /* of upkeep */
	size_t times, orphans, pruned;
};

static enum err tidied_open(struct ctx *c, struct blob *self, const char *key, struct extent **out)
{
	return blob_open(c, ((struct tidied *)self)->inner, key, out);
}

static enum err tidied_create(struct ctx *c, struct blob *self, struct spool **out)
{
	return blob_create(c, ((struct tidied *)self)->inner, out);
}

static enum err tidied_publish(
	struct ctx *c, struct blob *self, struct spool *spool, const char *key)
{
	struct tidied *t = (struct tidied *)self;
	struct fsck_run run = {.core = &t->core, .problem = no_problem, .prune = true};
	TRY(blob_publish(c, t->inner, spool, key));
	TRY(fsck_orphans(c, &run));
	t->times++;
	t->orphans += run.orphans;
	t->pruned += run.pruned;
	return OK;
}

static void what_is_stored_but_not_named_yet_is_no_orphan_to_be_removed(void **state)
{
	struct ctx *c = *state;
	struct oid tip;
	struct blob *own = core_of(c)->blob;
	house_limits(c);
	struct tidied t = {.inner = house_of(c)->blob, .core = *core_of(c)};
	t.ops = (struct blob_ops){
		.open = tidied_open, .create = tidied_create, .publish = tidied_publish};
	t.blob.ops = &t.ops;
	core_of(c)->blob = &t.blob;
	struct str pack = make_pack(c, "x", 100000, &tip);
	struct push_command command = move("refs/heads/main", NULL, &tip);
	assert_ok(c, push_one(c, "r", pack, &command));
	core_of(c)->blob = own;
	assert_true(command.changed);
	assert_int_equal(t.times, 2);
	assert_int_equal(t.orphans, 3);
	assert_int_equal(t.pruned, 0);
	assert_sound(c);
	assert_false(any_lease(c));
}

/* The blob store as it is, for whoever does not hold the database up. */
struct watched {
	struct blob blob;
	struct blob_ops ops;
	struct house *house;
	size_t asked;
};

static struct blob *watched_inner(struct ctx *c, struct blob *self)
{
	struct watched *w = (struct watched *)self;
	int64_t deadline = c->deadline;
	DB_TX *tx = NULL;
	c->deadline = c->world->monotonic() + 20000000;
	assert_ok(c, db_begin_on(c, w->house->db, 1, &tx));
	c->deadline = deadline;
	w->asked++;
	return w->house->blob;
}

static enum err watched_open(struct ctx *c, struct blob *self, const char *key, struct extent **out)
{
	return blob_open(c, watched_inner(c, self), key, out);
}

static enum err watched_create(struct ctx *c, struct blob *self, struct spool **out)
{
	return blob_create(c, watched_inner(c, self), out);
}

static enum err watched_publish(
	struct ctx *c, struct blob *self, struct spool *spool, const char *key)
{
	return blob_publish(c, watched_inner(c, self), spool, key);
}

static enum err watched_remove(struct ctx *c, struct blob *self, const char *key)
{
	return blob_remove(c, watched_inner(c, self), key);
}

static enum err watched_list(
	struct ctx *c, struct blob *self, const char *prefix, blob_visit *visit, void *arg)
{
	return blob_list(c, watched_inner(c, self), prefix, visit, arg);
}

static const struct blob_ops watched_ops = {.open = watched_open,
	.create = watched_create,
	.publish = watched_publish,
	.remove = watched_remove,
	.list = watched_list};

/* However long it takes: no push has to wait for it. */
static void nobody_asks_the_store_while_a_repository_is_locked(void **state)
{
	struct ctx *c = *state;
	static const char *const names[] = {"refs/heads/a", "refs/heads/b", "refs/heads/c"};
	struct oid tip;
	struct repo repo;
	struct watched w = {.blob.ops = &watched_ops, .house = house_of(c)};
	struct blob *own = core_of(c)->blob;
	struct compact_run compact = {.core = core_of(c), .full = true};
	struct compact_swept swept;
	house_limits(c);
	core_of(c)->blob = &w.blob;
	for (int i = 0; i < 3; i++) {
		struct str pack = make_pack(c, names[i], 100000, &tip);
		struct push_command command = move(names[i], NULL, &tip);
		assert_ok(c, push_one(c, "r", pack, &command));
	}
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, house_of(c)->db, DB_READ, &tx));
	assert_ok(c, meta_repo_get_by_name(c, tx, STR("r"), &repo));
	db_rollback(&tx);
	assert_ok(c, compact_repo(c, &compact, &repo));
	assert_int_equal(compact.packs_before, 3);
	put_orphan(c, "left-behind.pack");
	house_moved += (compact_retention(core_of(c)) + 1) * 1000000;
	assert_ok(c, compact_sweep(c, core_of(c), &swept));
	assert_int_equal(swept.packs, 2); /* the first was made again as it was */
	assert_int_equal(swept.blobs, 1);
	core_of(c)->blob = own;
	assert_true(w.asked > 10);
	assert_false(any_lease(c));
	assert_sound(c);
}

/* A push that is refused, or changes nothing, keeps nothing either. */
static void whoever_stores_in_vain_keeps_nothing(void **state)
{
	struct ctx *c = *state;
	struct oid tip;
	struct fsck_run run = {.core = core_of(c), .problem = no_problem, .prune = true};
	house_limits(c);
	house_repo(c, "r", VISIBILITY_PRIVATE);
	struct str pack = make_pack(c, "x", 100000, &tip);
	struct push_command command = move("refs/heads/main", &tip, &tip);
	command.change.old.hash[0] ^= 1;
	assert_ok(c, push_one(c, "r", pack, &command));
	assert_string_equal(command.refused, "fetch first");
	assert_false(any_lease(c));
	assert_ok(c, fsck_orphans(c, &run));
	assert_int_equal(run.pruned, 2);
	assert_false(any_lease(c));
}

/* `name` clashes with what is there now, not with what was when the push began. */
static void names_clash_with_what_is_there_in_the_end(void **state)
{
	struct ctx *c = *state;
	struct oid tip;
	struct push push;
	house_limits(c);
	house_repo(c, "r", VISIBILITY_PRIVATE);
	struct str pack = make_pack(c, "x", 10, &tip);
	struct push_command before[] = {move("refs/heads/f/g", NULL, &tip),
		move("refs/heads/c", NULL, &tip), move("refs/heads/a/b", NULL, &tip)};
	struct push_commands commands = {.at = before, .count = 3};
	assert_ok(c, push_all(c, &house_of(c)->owner, "r", pack, &commands));
	assert_ok(c, push_open(c, core_of(c), &house_of(c)->owner, STR("r"), &push));
	struct push_command meanwhile[] = {move("refs/heads/a/b", &tip, NULL),
		move("refs/heads/d/e", NULL, &tip), move("refs/heads/h", NULL, &tip)};
	commands = (struct push_commands){.at = meanwhile, .count = 3};
	assert_ok(c, push_all(c, &house_of(c)->owner, "r", STR(""), &commands));
	struct push_command moves[] = {
		move("refs/heads/a", NULL, &tip),         /* a/b is gone */
		move("refs/heads/a/x", NULL, &tip),       /* a is new */
		move("refs/heads/c/deep/er", NULL, &tip), /* c goes with this push */
		move("refs/heads/d", NULL, &tip),         /* d/e is there */
		move("refs/heads/d-e", NULL, &tip),       /* lies between d and d/e */
		move("refs/heads/f", NULL, &tip),         /* f/g is there */
		move("refs/heads/h", NULL, &tip),         /* is done already */
		move("refs/heads/h/i", NULL, &tip),       /* h is there */
		move("refs/heads/c", &tip, NULL),
	};
	static const char *const refused[] = {NULL, "heads/a\" is there", NULL,
		"\"refs/heads/d\" cannot be while \"refs/heads/d/e\" is there", NULL,
		"heads/f/g\" is there", NULL, "heads/h\" is there", NULL};
	enum { MOVES = sizeof moves / sizeof *moves };
	commands = (struct push_commands){.at = moves, .count = MOVES};
	assert_ok(c, push_commit(c, &push, &commands));
	for (int i = 0; i < MOVES; i++) {
		assert_int_equal(moves[i].refused != NULL, refused[i] != NULL);
		if (refused[i])
			assert_non_null(strstr(moves[i].refused, refused[i]));
	}
	push_close(&push);
	assert_string_equal(state_of(c, "r"), "v4 6 refs 1 packs 14 events refs/heads/f/g");
	assert_sound(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(a_push_is_refs_a_pack_a_log_and_events_at_once),
		HOUSE_TEST(what_was_done_already_is_done),
		HOUSE_TEST(only_the_old_value_that_is_there_can_be_replaced),
		HOUSE_TEST(only_history_that_is_left_behind_counts_as_forced),
		HOUSE_TEST(what_was_not_found_out_in_time_is_forced_to_a_rule),
		HOUSE_TEST(head_waits_for_a_branch_that_rules_keep),
		HOUSE_TEST(of_an_atomic_push_all_or_nothing_happens),
		HOUSE_TEST(a_new_name_becomes_a_repository_for_the_owner_alone),
		HOUSE_TEST(who_may_only_read_may_not_push),
		HOUSE_TEST(what_is_stored_but_not_named_yet_is_no_orphan_to_be_removed),
		HOUSE_TEST(nobody_asks_the_store_while_a_repository_is_locked),
		HOUSE_TEST(whoever_stores_in_vain_keeps_nothing),
		HOUSE_TEST(names_clash_with_what_is_there_in_the_end),
		HOUSE_TEST(whatever_call_fails_all_or_nothing_is_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
