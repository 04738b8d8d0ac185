/* core/history.c: what became of refs, who may see it, and refs that are set back. */
#include "core/history.h"

#include "core/compact.h"
#include "core/push.h"
#include "core_house.h"
#include "git/idx.h"
#include "meta/event.h"
#include "meta/pack.h"
#include "meta/repo.h"
#include "pack_make.h"

#define MAIN "refs/heads/main"

enum { STEP = 100 }; /* seconds between two changes */

/* Three commits: ids[1] follows ids[0], ids[2] stands alone. Each with its own file. */
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

/* One ref pushed, with a pack or (an empty one) without; the clock goes on before. */
static void push_to(struct ctx *c, const char *ref, const struct oid *old, const struct oid *new,
	struct str pack)
{
	struct push push;
	struct source_bytes from;
	struct oid zero = oid_zero(HASH_SHA1);
	struct push_command command = {
		.change = {str_of(ref), old ? *old : zero, new ? *new : zero, {{0}, 0}}};
	struct push_commands commands = {.at = &command, .count = 1};
	house_moved += STEP * 1000000LL;
	assert_ok(c, push_open(c, core_of(c), &house_of(c)->owner, STR("r"), &push));
	if (pack.len) {
		source_bytes_init(&from, pack.at, pack.len);
		assert_ok(c, push_pack(c, &push, &from.source, true));
	}
	assert_ok(c, push_commit(c, &push, &commands));
	assert_null(command.refused);
	assert_true(command.changed);
	push_close(&push);
}

/*
 * Version 2 creates main at ids[0], 3 moves it to ids[1], 4 forces it to ids[2]; 5 creates side at
 * ids[1], 6 deletes it.
 */
static void set_scene(struct ctx *c)
{
	struct pack_make m;
	core_of(c)->limits.object_max = core_of(c)->limits.pack_max = 1 << 20;
	core_of(c)->limits.pack_inline_max = 1 << 20;
	house_repo(c, "r", VISIBILITY_PRIVATE);
	pack_make_init(&m, c->arena, HASH_SHA1);
	ids[0] = commit_of(c, &m, "one", NULL);
	ids[1] = commit_of(c, &m, "two", &ids[0]);
	ids[2] = commit_of(c, &m, "three", NULL);
	push_to(c, MAIN, NULL, &ids[0], pack_make_end(&m));
	push_to(c, MAIN, &ids[0], &ids[1], STR(""));
	push_to(c, MAIN, &ids[1], &ids[2], STR(""));
	push_to(c, "refs/heads/side", NULL, &ids[1], STR(""));
	push_to(c, "refs/heads/side", &ids[1], NULL, STR(""));
}

static char digit(const struct oid *id)
{
	for (int i = 0; i < 3; i++)
		if (oid_eq(id, &ids[i]))
			return (char)('0' + i);
	return oid_is_zero(id) ? '-' : '?';
}

/* "6 side 1- owner, 5 …", page by page. */
static const char *history_of(struct ctx *c, const char *ref, size_t limit)
{
	struct buf out = {.arena = c->arena};
	struct history_query query = {.ref = str_of(ref), .limit = limit};
	struct history list = {.more = true};
	while (list.more) {
		assert_ok(c,
			history_list(c, core_of(c), &house_of(c)->owner, STR("r"), &query, &list));
		for (size_t i = 0; i < list.count; i++) {
			const struct ref_log *e = &list.at[i];
			buf_fmt(&out, "%lld %.*s %c%c%s ", (long long)e->version,
				STR_FMT(str_from_index(e->change.name, sizeof "refs/heads")),
				digit(&e->change.old), digit(&e->change.new), e->forced ? "!" : "");
			assert_str(e->username, "owner");
			query.after = (struct history_place){e->version, e->change.name};
		}
		assert_true(list.count <= limit);
	}
	return buf_text(&out);
}

static void changes_come_newest_first_page_by_page(void **state)
{
	struct ctx *c = *state;
	set_scene(c);
	for (size_t limit = 1; limit < 7; limit++) {
		assert_string_equal(history_of(c, "", limit),
			"6 side 1- 5 side -1 4 main 12! 3 main 01 2 main -0 ");
		assert_string_equal(history_of(c, MAIN, limit), "4 main 12! 3 main 01 2 main -0 ");
		assert_string_equal(history_of(c, "side", limit), "6 side 1- 5 side -1 ");
		assert_string_equal(history_of(c, "never", limit), "");
	}
	/* main is there; of side the last word is that it was deleted. */
	struct history_query query = {.gone = true};
	struct history list;
	assert_ok(c, history_list(c, core_of(c), &house_of(c)->owner, STR("r"), &query, &list));
	assert_int_equal(list.count, 1);
	assert_int_equal(list.at[0].version, 6);
	query = (struct history_query){.ref = STR("refs/nimbus/x")};
	assert_err(c, history_list(c, core_of(c), &house_of(c)->owner, STR("r"), &query, &list),
		ERR_INVALID);
	query.ref = STR("a..b");
	assert_err(c, history_list(c, core_of(c), &house_of(c)->owner, STR("r"), &query, &list),
		ERR_INVALID);
}

/* Many refs of one push are one version: pages part within it. The server's own refs are left out. */
static void a_page_may_end_within_a_version(void **state)
{
	struct ctx *c = *state;
	set_scene(c);
	DB_TX *tx = NULL;
	struct repo repo;
	static const char *const names[] = {
		"refs/heads/x", "refs/heads/z", "refs/nimbus/a", "refs/nimbus/b", "refs/tags/at"};
	assert_ok(c, db_begin(c, house_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, meta_repo_get_by_name(c, tx, STR("r"), &repo));
	for (size_t i = 0; i < 5; i++) {
		const struct ref_log log = {.version = 7,
			.change = {str_of(names[i]), oid_zero(HASH_SHA1), ids[0], {{0}, 0}},
			.username = STR("owner")};
		assert_ok(c, meta_ref_log_add(c, tx, repo.id, &log));
	}
	assert_ok(c, db_commit(c, &tx));
	for (size_t limit = 1; limit < 5; limit++)
		assert_string_equal(history_of(c, "", limit),
			"7 t -0 7 z -0 7 x -0 6 side 1- 5 side -1 4 main 12! 3 main 01 2 main -0 ");
}

/* What the ref is now, as in digit(); '-' where there is none. */
static char now(struct ctx *c, const char *ref)
{
	struct repo repo;
	struct ref found;
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, house_of(c)->db, DB_READ, &tx));
	assert_ok(c, meta_repo_get_by_name(c, tx, STR("r"), &repo));
	enum err err = meta_ref_get(c, tx, &repo, str_of(ref), &found);
	ctx_clear(c);
	return err ? '-' : digit(&found.id);
}

static enum err restore(struct ctx *c, const struct ref_restore *what)
{
	struct ref_restored done;
	struct ref_restore whole = *what;
	whole.repo = STR("r");
	return ref_restore(c, core_of(c), &house_of(c)->owner, &whole, &done);
}

static int64_t seconds_ago(struct ctx *c, int64_t seconds)
{
	return c->world->clock() / 1000000 - seconds;
}

static void a_forced_push_is_undone(void **state)
{
	struct ctx *c = *state;
	struct ref_restored done;
	set_scene(c);
	const struct ref_restore undo = {
		.repo = STR("r"), .ref = STR("main"), .to = RESTORE_UNDO, .version = 4};
	assert_ok(c, ref_restore(c, core_of(c), &house_of(c)->owner, &undo, &done));
	assert_str(done.change.name, MAIN);
	assert_int_equal(digit(&done.change.old), '2');
	assert_int_equal(digit(&done.change.new), '1');
	assert_true(done.changed);
	assert_true(done.forced);
	assert_int_equal(done.version, 7);
	assert_int_equal(now(c, MAIN), '1');
	assert_string_equal(history_of(c, MAIN, 2), "7 main 21! 4 main 12! 3 main 01 2 main -0 ");
	/* Once more: it is so already, and nothing is logged. */
	assert_ok(c, ref_restore(c, core_of(c), &house_of(c)->owner, &undo, &done));
	assert_false(done.changed);
	assert_string_equal(history_of(c, MAIN, 9), "7 main 21! 4 main 12! 3 main 01 2 main -0 ");
	/* And the undoing undone. */
	assert_ok(c, restore(c, &(struct ref_restore){
					.ref = STR(MAIN), .to = RESTORE_UNDO, .version = 7}));
	assert_int_equal(now(c, MAIN), '2');
}

static void it_is_a_push_to_whoever_listens(void **state)
{
	struct ctx *c = *state;
	struct event *events;
	size_t count = 100;
	struct repo repo;
	DB_TX *tx = NULL;
	set_scene(c);
	assert_ok(c, restore(c, &(struct ref_restore){
					.ref = STR("side"), .to = RESTORE_VERSION, .version = 5}));
	assert_ok(c, db_begin(c, house_of(c)->db, DB_READ, &tx));
	assert_ok(c, meta_repo_get_by_name(c, tx, STR("r"), &repo));
	assert_ok(c, meta_event_since(c, tx, repo.id, 0, &events, &count));
	assert_int_equal(events[count - 2].type, EVENT_PUSH);
	assert_int_equal(events[count - 1].type, EVENT_REF_CREATED);
	assert_int_equal(events[count - 1].version, 7);
	db_rollback(&tx);
	assert_str(house_audit(c).action, "push");
	assert_str(house_audit(c).username, "owner");
}

static void a_ref_becomes_what_it_was_at_a_time(void **state)
{
	struct ctx *c = *state;
	set_scene(c);
	/* The last change was just now, each other one STEP seconds before the next. */
	const struct {
		const char *ref;
		int64_t ago;
		char want;
	} moments[] = {
		{"main", 4 * STEP, '0'},
		{"main", 4 * STEP - 10, '0'},
		{"main", 3 * STEP, '1'},
		{"main", 2 * STEP, '2'},
		{"main", 0, '2'},
		{"refs/heads/side", STEP, '1'},
		{"refs/heads/side", 10, '1'},
	};
	int64_t begin = seconds_ago(c, 0);
	for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
		const struct ref_restore to = {.ref = str_of(moments[i].ref),
			.to = RESTORE_TIME,
			.time = begin - moments[i].ago};
		house_moved += 1000000;
		assert_ok(c, restore(c, &to));
		const char *full = moments[i].ref[0] == 'm' ? MAIN : moments[i].ref;
		assert_int_equal(now(c, full), moments[i].want);
	}
}

static void what_was_not_there_is_not_restored(void **state)
{
	struct ctx *c = *state;
	set_scene(c);
	const struct {
		struct ref_restore what;
		enum err kind;
	} bad[] = {
		{{.ref = STR("main"), .to = RESTORE_TIME, .time = seconds_ago(c, 5 * STEP)},
			ERR_NOT_FOUND},
		{{.ref = STR("side"), .to = RESTORE_TIME, .time = seconds_ago(c, 0)},
			ERR_NOT_FOUND},
		{{.ref = STR("main"), .to = RESTORE_TIME, .time = seconds_ago(c, -60)},
			ERR_INVALID},
		{{.ref = STR("main"), .to = RESTORE_UNDO, .version = 2}, ERR_NOT_FOUND},
		{{.ref = STR("side"), .to = RESTORE_VERSION, .version = 6}, ERR_NOT_FOUND},
		{{.ref = STR("side"), .to = RESTORE_VERSION, .version = 4}, ERR_NOT_FOUND},
		{{.ref = STR("never"), .to = RESTORE_TIME, .time = 1}, ERR_NOT_FOUND},
		{{.ref = STR("a..b"), .to = RESTORE_VERSION, .version = 4}, ERR_INVALID},
		{{.ref = STR("refs/nimbus/x"), .to = RESTORE_VERSION, .version = 4}, ERR_INVALID},
		{{.ref = STR("main"), .to = RESTORE_ID, .id = STR("abc")}, ERR_INVALID},
		{{.ref = STR("main"), .to = RESTORE_ID, .id = STR("xyzw")}, ERR_INVALID},
		{{.ref = STR("main"),
			 .to = RESTORE_ID,
			 .id = STR("ffffffffffffffffffffffffffffffffffffffff")},
			ERR_NOT_FOUND},
		{{.ref = STR("main")}, ERR_INVALID},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_err(c, restore(c, &bad[i].what), bad[i].kind);
		ctx_clear(c);
	}
	assert_string_equal(
		history_of(c, "", 9), "6 side 1- 5 side -1 4 main 12! 3 main 01 2 main -0 ");
}

static void an_id_may_be_short_and_a_branch_is_a_commit(void **state)
{
	struct ctx *c = *state;
	char hex[OID_HEX_MAX];
	struct object o = {OBJECT_BLOB, STR("one")};
	struct oid blob;
	set_scene(c);
	oid_hex(&ids[0], hex);
	struct ref_restore to = {.ref = STR("main"), .to = RESTORE_ID, .id = str_from(hex, 8)};
	assert_ok(c, restore(c, &to));
	assert_int_equal(now(c, MAIN), '0');
	object_hash(HASH_SHA1, &o, &blob);
	to.id = str_of(oid_hex(&blob, hex));
	assert_err(c, restore(c, &to), ERR_INVALID);
	ctx_clear(c);
	assert_int_equal(now(c, MAIN), '0');
	to.ref = STR("refs/tags/blob");
	assert_ok(c, restore(c, &to));
}

static void what_somebody_else_changed_meanwhile_stays(void **state)
{
	struct ctx *c = *state;
	char one[OID_HEX_MAX], two[OID_HEX_MAX], none[OID_HEX_MAX];
	struct oid zero = oid_zero(HASH_SHA1);
	set_scene(c);
	struct ref_restore to = {.ref = STR("main"), .to = RESTORE_VERSION, .version = 2};
	to.expected = str_of(oid_hex(&ids[1], one));
	assert_err(c, restore(c, &to), ERR_CONFLICT);
	to.expected = str_of(oid_hex(&zero, none));
	assert_err(c, restore(c, &to), ERR_CONFLICT);
	to.expected = STR("1234");
	assert_err(c, restore(c, &to), ERR_INVALID);
	assert_int_equal(now(c, MAIN), '2');
	to.expected = str_of(oid_hex(&ids[2], two));
	assert_ok(c, restore(c, &to));
	assert_int_equal(now(c, MAIN), '0');
	/* side cannot be while side/b is there. */
	push_to(c, "refs/heads/side/b", NULL, &ids[0], STR(""));
	assert_err(c,
		restore(c,
			&(struct ref_restore){
				.ref = STR("side"), .to = RESTORE_VERSION, .version = 5}),
		ERR_CONFLICT);
	assert_int_equal(now(c, "refs/heads/side"), '-');
}

static void who_reads_sees_the_history_and_who_administers_restores(void **state)
{
	struct ctx *c = *state;
	set_scene(c);
	struct actor anonymous = ACTOR_ANONYMOUS, token = house_of(c)->owner;
	static const char *const names[] = {"nobody", "reader", "writer", "admin"};
	struct actor people[6];
	for (int i = 0; i < 4; i++) {
		people[i] = house_person(c, names[i]);
		struct permission_on on = {STR("r"), str_of(names[i])};
		if (i)
			assert_ok(c, permission_put(c, core_of(c), &house_of(c)->owner, &on,
					     (enum permission)(PERMISSION_READ + i - 1), 0));
	}
	token.limit = PERMISSION_WRITE;
	people[4] = anonymous;
	people[5] = token;
	static const enum err sees[] = {
		ERR_NOT_FOUND,
		OK,
		OK,
		OK,
		ERR_UNAUTH,
		OK,
	};
	static const enum err restores[] = {
		ERR_NOT_FOUND,
		ERR_DENIED,
		ERR_DENIED,
		OK,
		ERR_UNAUTH,
		ERR_DENIED,
	};
	for (int i = 0; i < 6; i++) {
		struct history_query query = {0};
		struct history list;
		struct ref_restored done;
		const struct ref_restore to = {
			.repo = STR("r"), .ref = STR("main"), .to = RESTORE_UNDO, .version = 4};
		enum err err = history_list(c, core_of(c), &people[i], STR("r"), &query, &list);
		assert_int_equal(err, sees[i]);
		ctx_clear(c);
		assert_int_equal(now(c, MAIN), '2');
		err = ref_restore(c, core_of(c), &people[i], &to, &done);
		assert_int_equal(err, restores[i]);
		ctx_clear(c);
		if (!err)
			assert_ok(c, restore(c, &(struct ref_restore){.ref = STR("main"),
							.to = RESTORE_VERSION,
							.version = 4}));
	}
}

static void compact_fully(struct ctx *c, uint64_t *dropped)
{
	struct compact_run run = {.core = core_of(c), .full = true};
	struct repo repo;
	assert_ok(c, repo_get(c, core_of(c), &house_of(c)->owner, STR("r"), &repo, NULL));
	assert_ok(c, compact_repo(c, &run, &repo));
	*dropped = run.dropped;
}

static void what_was_swept_says_so(void **state)
{
	struct ctx *c = *state;
	uint64_t dropped;
	set_scene(c);
	const struct ref_restore side = {.ref = STR("side"), .to = RESTORE_VERSION, .version = 5};
	compact_fully(c, &dropped);
	compact_fully(c, &dropped);
	assert_int_equal(dropped, 0);
	assert_ok(c, restore(c, &side));
	push_to(c, "refs/heads/side", &ids[1], NULL, STR(""));
	house_moved += 15LL * 24 * 3600 * 1000000;
	compact_fully(c, &dropped);
	house_moved += 15LL * 24 * 3600 * 1000000;
	if (!dropped)
		compact_fully(c, &dropped);
	assert_int_equal(dropped, 6);
	assert_err(c, restore(c, &side), ERR_NOT_FOUND);
	assert_non_null(strstr(c->error.text, "kept for 14 days (NIMBUS_RETENTION)"));
	ctx_clear(c);
	assert_int_equal(now(c, "refs/heads/side"), '-');
	assert_ok(c, restore(c, &(struct ref_restore){
					.ref = STR("main"), .to = RESTORE_VERSION, .version = 4}));
}

static enum err to_buf(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	struct {
		struct sink sink;
		struct buf *to;
	} *to = (void *)self;
	(void)c;
	buf_bytes(to->to, bytes, len);
	return OK;
}

/* A commit whose tree is lost, in a pack of its own, behind everybody's back. */
static struct oid put_incomplete(struct ctx *c)
{
	struct pack_make m;
	struct oid tree = oid_zero(HASH_SHA1), commit;
	struct idx_entry entry;
	struct repo repo;
	struct buf idx = {.arena = c->arena};
	int64_t version;
	DB_TX *tx = NULL;
	tree.hash[3] = 9;
	pack_make_init(&m, c->arena, HASH_SHA1);
	entry.offset =
		pack_make_object(&m, OBJECT_COMMIT, commit_make(c->arena, &tree, NULL), &commit);
	entry.id = commit;
	pack_make_end(&m);
	size_t end = m.bytes.len - 20;
	entry.crc = zip_crc32(0, m.bytes.at + entry.offset, end - (size_t)entry.offset);
	struct oid pack = oid_from_bytes(HASH_SHA1, m.bytes.at + end);
	struct {
		struct sink sink;
		struct buf *to;
	} to = {{.write = to_buf}, &idx};
	assert_ok(c, idx_write(c, HASH_SHA1, &entry, 1, pack.hash, &to.sink));
	struct pack_row row = {pack, m.bytes.len, 1, PACK_PUSHED, PACK_LIVE, 1, true, 0, 0};
	struct pack_bytes bytes = {buf_view(&m.bytes), buf_view(&idx)};
	assert_ok(c, db_begin(c, house_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, meta_repo_get_by_name(c, tx, STR("r"), &repo));
	assert_ok(c, meta_pack_add(c, tx, repo.id, &row, &bytes));
	assert_ok(c, meta_repo_bump_version(c, tx, repo.id, &version));
	assert_ok(c, db_commit(c, &tx));
	return commit;
}

static void what_is_not_complete_is_not_restored(void **state)
{
	struct ctx *c = *state;
	char hex[OID_HEX_MAX];
	set_scene(c);
	struct oid commit = put_incomplete(c);
	const struct ref_restore to = {
		.ref = STR("main"), .to = RESTORE_ID, .id = str_of(oid_hex(&commit, hex))};
	assert_err(c, restore(c, &to), ERR_NOT_FOUND);
	assert_non_null(strstr(c->error.text, "not all of it"));
	ctx_clear(c);
	assert_int_equal(now(c, MAIN), '2');
}

/* A fault at every database operation in turn: each time, nothing has happened. */
static void a_restoring_that_fails_has_done_nothing(void **state)
{
	struct ctx *c = *state;
	set_scene(c);
	const struct ref_restore undo = {.ref = STR("main"), .to = RESTORE_UNDO, .version = 4};
	const char *before = history_of(c, "", 9);
	for (int64_t n = 1;; n++) {
		db_faulty_set(core_of(c)->db, n, ERR_UNAVAILABLE);
		enum err err = restore(c, &undo);
		db_faulty_set(core_of(c)->db, 0, OK);
		if (!err) {
			assert_true(n > 8);
			break;
		}
		assert_int_equal(err, ERR_UNAVAILABLE);
		ctx_clear(c);
		assert_string_equal(history_of(c, "", 9), before);
		assert_int_equal(now(c, MAIN), '2');
	}
	assert_int_equal(now(c, MAIN), '1');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(changes_come_newest_first_page_by_page),
		HOUSE_TEST(a_page_may_end_within_a_version),
		HOUSE_TEST(a_forced_push_is_undone),
		HOUSE_TEST(it_is_a_push_to_whoever_listens),
		HOUSE_TEST(a_ref_becomes_what_it_was_at_a_time),
		HOUSE_TEST(what_was_not_there_is_not_restored),
		HOUSE_TEST(an_id_may_be_short_and_a_branch_is_a_commit),
		HOUSE_TEST(what_somebody_else_changed_meanwhile_stays),
		HOUSE_TEST(who_reads_sees_the_history_and_who_administers_restores),
		HOUSE_TEST(what_was_swept_says_so),
		HOUSE_TEST(what_is_not_complete_is_not_restored),
		HOUSE_TEST(a_restoring_that_fails_has_done_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
